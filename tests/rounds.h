/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * Programs that play random rounds: [--rounds N] [--seed S] [--seconds S]. Round n uses seed S + n: a failure names the
 * seed that repeats it.
 */
#ifndef TESTS_ROUNDS_H
#define TESTS_ROUNDS_H

#include <stdatomic.h>
#include <stdint.h>

#include "support.h"

/* The seed of the round, and what went wrong in it. */
extern uint64_t round_seed;
extern _Atomic unsigned long defects;

/* What happened in the round so far, for who reads that it went wrong. */
__attribute__((format(printf, 1, 2))) void tell_story(const char *format, ...);

void report_defect(const char *file, int line, const char *what);
#define check(condition) ((condition) ? (void)0 : report_defect(__FILE__, __LINE__, #condition))

/* For defects after which the round cannot go on. */
#define must(condition) ((condition) ? (void)0 : give_up(__FILE__, __LINE__, #condition))
void give_up(const char *file, int line, const char *what) __attribute__((noreturn));

/*
 * Plays for as long as the arguments say, else for `seconds`. A round that takes longer than `limit` seconds hangs: it
 * aborts the program. Returns what main returns.
 */
int play_rounds(int argc, char **argv, unsigned seconds, unsigned limit, void (*play_round)(void));

#endif
