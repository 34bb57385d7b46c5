/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_JOB_H
#define TPI_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <taskpool.h>

/* What a worker needs in order to run a job and to end it. */
struct tpi_call {
	taskpool_run_fn *run;
	taskpool_end_fn *end; /* may be NULL */
	void *arg;
	int64_t stamp;        /* tpi_now() at submission; see TPI_TIMED */
};

/*
 * Of a job in its strand the stamp's lowest bit says that the job is timed. Without it the stamp is when the job was
 * drained: good enough for the question how long a key has waited. A record that is not timed has no stamp: 0.
 */
#define TPI_TIMED 1

#define TPI_RECORD_KEY 20

enum tpi_record_flag {
	TPI_LOOSE = 1,    /* no key */
	TPI_LONG_KEY = 2, /* the key is a block of its own */
};

/* A job on its way from the submitting thread to its shard: one cache line. */
struct tpi_record {
	struct tpi_call call;
	uint64_t tag; /* the key's hash */
	uint16_t key_len;
	uint16_t flags; /* enum tpi_record_flag */
	unsigned char key[TPI_RECORD_KEY]; /* or, unaligned, a pointer to it */
};

_Static_assert(sizeof(struct tpi_record) <= 64, "a record is one cache line");

#define TPI_EPOCH_MASK ((UINT64_C(1) << 60) - 1)

/*
 * A job that waits in its strand: one cache line. Or a barrier, which keeps the place of jobs that somebody took out
 * of the strand until they have ended: see evict.h.
 */
struct tpi_job {
	struct tpi_job *next; /* a circle: the last one's next is the first */
	struct tpi_job *prev; /* not valid in the first one */
	struct tpi_call call;
	struct taskpool_job *handle; /* what few jobs have: see handle.h. NULL: nothing of that */
	uint64_t epoch : 60;         /* of its shard, when it was accepted; see waiter.h */
	uint64_t heap : 1;           /* not from the slab: accepted past the bound */
	uint64_t barrier : 1;
	uint64_t replaceable : 1;    /* TASKPOOL_REPLACE */
};

_Static_assert(sizeof(struct tpi_job) <= 64, "a job is one cache line");

const unsigned char *tpi_record_key(const struct tpi_record *record);

/* Puts a copy of the key into the record. False: no memory for a long one. */
bool tpi_record_set_key(struct tpi_record *record, const void *key, size_t len);

/* Frees the long key of a record that was not accepted, or whose strand has its own copy. */
void tpi_record_drop_key(struct tpi_record *record);

#endif
