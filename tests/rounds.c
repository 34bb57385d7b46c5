/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rounds.h"

uint64_t round_seed;
_Atomic unsigned long defects;

static char story[16384];
static size_t story_length;
static char repeat[96];

void tell_story(const char *format, ...)
{
	size_t room = sizeof(story) - story_length;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(story + story_length, room, format, args);
	va_end(args);
	if (length > 0 && (size_t)length < room)
		story_length += (size_t)length;
	story[story_length] = '\0';
}

void report_defect(const char *file, int line, const char *what)
{
	if (defects++ < 10)
		fprintf(stderr, "%s:%d: %s does not hold; %s", file, line, what, repeat);
}

/* Without stdio, for a signal handler. */
static void put(const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, text, length);

		if (written <= 0)
			break;
		text += written;
		length -= (size_t)written;
	}
}

void give_up(const char *file, int line, const char *what)
{
	report_defect(file, line, what);
	put(story, story_length);
	abort();
}

static void report_hang(int number)
{
	(void)number;
	put("hangs; ", 7);
	put(repeat, strlen(repeat));
	put(story, story_length);
	abort();
}

static unsigned long long number_after(int argc, char **argv, const char *option, unsigned long long otherwise)
{
	for (int i = 1; i + 1 < argc; i++)
		if (strcmp(argv[i], option) == 0)
			return strtoull(argv[i + 1], NULL, 0);
	return otherwise;
}

int play_rounds(int argc, char **argv, unsigned seconds, unsigned limit, void (*play_round)(void))
{
	unsigned long long rounds = number_after(argc, argv, "--rounds", 0);
	int64_t until = now() + (int64_t)number_after(argc, argv, "--seconds", seconds) * SECOND;
	uint64_t seed = number_after(argc, argv, "--seed", 0);
	unsigned long passed = 0, failed = 0;

	if (seed == 0)
		seed = test_seed();
	signal(SIGALRM, report_hang);
	for (uint64_t i = 0; rounds ? i < rounds : now() < until; i++) {
		round_seed = seed + i;
		snprintf(repeat, sizeof(repeat), "repeat with --rounds 1 --seed %llu\n",
			 (unsigned long long)round_seed);
		story_length = 0;
		defects = 0;
		alarm(limit);
		play_round();
		alarm(0);
		if (defects)
			failed++;
		else
			passed++;
	}
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
