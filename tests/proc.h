/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The kernel's view of this process. Without /proc the counts are 0 and never change.
 */
#ifndef TESTS_PROC_H
#define TESTS_PROC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

unsigned count_threads(void);
unsigned count_fds(void);
/* The same once the helper thread is there that some sanitizers start along with the program's first thread. */
unsigned settled_threads(void);
pid_t thread_id(void);
void await_threads(unsigned count);
void await_asleep(pid_t thread);
bool is_asleep(pid_t thread);
/* Reads the number after "NAME:" in /proc/self/task/THREAD/status; false if it is not there. */
bool thread_status(pid_t thread, const char *name, int base, uint64_t *value);
/* The threads whose name begins with `prefix`; returns how many. */
unsigned threads_named(const char *prefix, pid_t *threads, unsigned capacity);

#endif
