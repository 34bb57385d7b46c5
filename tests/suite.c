/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

int run_suite(const char *name, const TTest *const *tests, const TTest *const *placed)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	for (; tests && *tests; tests++)
		tcase_add_test(tcase, *tests);
	for (; placed && *placed; placed++)
		tcase_add_loop_test(tcase, *placed, TASKPOOL_FLOATING, TASKPOOL_PINNED + 1);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int in_child(int (*body)(void *arg), void *arg)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		alarm(60); /* a child that hangs is killed, and the parent sees it */
		_exit(body(arg));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
