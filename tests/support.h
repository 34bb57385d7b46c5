/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * What every black-box test needs: threads that meet, jobs that block, and questions to the kernel.
 */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taskpool.h>

#include "proc.h"

#if defined(__SANITIZE_THREAD__)
#define SANITIZED_THREAD
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED_ADDRESS
#endif
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define SANITIZED_THREAD
#endif
#if __has_feature(address_sanitizer)
#define SANITIZED_ADDRESS
#endif
#endif

/* ThreadSanitizer cannot follow threads that a forked child starts where its parent had some ("dup thread"). */
#ifdef SANITIZED_THREAD
#define CHILD_HAS_THREADS false
#else
#define CHILD_HAS_THREADS true
#endif

/* AddressSanitizer's malloc stays locked in a child that was forked while another thread was in it. */
#ifdef SANITIZED_ADDRESS
#define CHILD_HAS_MALLOC false
#else
#define CHILD_HAS_MALLOC true
#endif

#define MILLISECOND INT64_C(1000000)
#define SECOND INT64_C(1000000000)
/* Nothing here takes that long on the slowest machine: who waits longer hangs, and the test has failed. */
#define DEADLINE (60 * SECOND)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* Prints and aborts; may be called from any thread, in a forked child too. */
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* For threads and loops, where Check's own assertions would write a message each time. */
#define expect(condition) ((condition) ? (void)0 : die("%s:%d: %s does not hold", __FILE__, __LINE__, #condition))

int64_t now(void);

/* A count that threads wait for. */
struct tally {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned count;
};

void tally_init(struct tally *tally);
void tally_add(struct tally *tally);
unsigned tally_read(struct tally *tally);
void tally_wait(struct tally *tally, unsigned count);

/* Jobs that have entered stay in until the gate is opened. */
struct gate {
	struct tally entered, opened;
};

void gate_init(struct gate *gate);
void gate_open(struct gate *gate);
taskpool_run_fn gate_job; /* arg: the gate */

/* Jobs with little to do. */
taskpool_run_fn nothing_job;
taskpool_run_fn tally_job;      /* adds to the tally that is arg */
taskpool_run_fn sleeper_job;    /* adds to the tally that is arg, then sleeps until canceled */
taskpool_run_fn forbidden_job;  /* fails the test */

/* How jobs ended. */
struct endings {
	struct tally ran, canceled, other;
};

void endings_init(struct endings *endings);
taskpool_end_fn endings_end; /* arg: the endings */

/* The order in which things happened. */
struct journal {
	pthread_mutex_t lock;
	unsigned count;
	unsigned entries[4096];
};

struct note {
	struct journal *journal;
	unsigned value;
};

void journal_init(struct journal *journal);
void journal_write(struct journal *journal, unsigned value);
taskpool_run_fn note_job; /* arg: a note, which is written into its journal */

struct taskpool *make_pool(unsigned workers, unsigned capacity, unsigned placement);
struct taskpool *start_pool(unsigned workers, unsigned capacity, unsigned placement);
struct taskpool *start_strict_pool(unsigned workers, unsigned placement); /* TASKPOOL_STRICT */
struct taskpool_task make_task(const char *key, taskpool_run_fn *run, void *arg);
int submit_timed(struct taskpool *pool, const char *key, taskpool_run_fn *run, void *arg, int64_t timeout);
int submit_with_end(struct taskpool *pool, const char *key, taskpool_run_fn *run, taskpool_end_fn *end, void *arg);

/* Writes the next key after "PREFIX<*number>" whose home is `home`. */
void key_at_home(char key[32], const char *prefix, unsigned *number, unsigned workers, unsigned home);
uint32_t fnv1a(const void *bytes, size_t length);

pthread_t spawn(void *(*body)(void *), void *arg);

/* Chance: TASKPOOL_SEED, or the time; the first call prints it. */
uint64_t test_seed(void);
uint64_t random_next(uint64_t *state);
unsigned random_below(uint64_t *state, unsigned bound);

void pause_shortly(void); /* between two looks at something that cannot be waited for */

#endif
