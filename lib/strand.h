/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_STRAND_H
#define TPI_STRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "job.h"
#include "slab.h"

#define TPI_STRAND_KEY 24

enum tpi_strand_state {
	TPI_STRAND_IDLE,    /* no job waits, none runs: only between two steps under the lock */
	TPI_STRAND_HELD,    /* paused, limited, or behind a barrier, or all its jobs are delayed */
	TPI_STRAND_READY,   /* in the ready list */
	TPI_STRAND_RUNNING, /* a worker has it; its jobs wait */
};

enum tpi_strand_flag {
	TPI_STRAND_HEAP = 1,     /* not from the slab */
	TPI_STRAND_LONG_KEY = 2, /* the key is a block of its own */
	TPI_STRAND_LOOSE = 4,    /* of jobs without a key: any number of workers may take from it at once */
};

struct tpi_turn;

/*
 * A key that has work, and its jobs, the oldest first. One cache line. It is there while a job of the key waits or
 * runs; the shard's lock guards everything in it, but the key and the flags, which do not change while it is there.
 */
struct tpi_strand {
	uint64_t tag;
	struct tpi_strand *chain;      /* the next one in its bucket */
	union {
		struct tpi_strand *next_ready; /* READY: a circle, as jobs */
		struct tpi_turn *runner;       /* RUNNING */
	};
	struct tpi_job *last;          /* of the queue; NULL: it is empty */
	uint32_t waiting;              /* jobs in the queue, without barriers, and delayed ones */
	uint16_t key_len;
	uint8_t state : 4;             /* enum tpi_strand_state */
	uint8_t ruled : 1;             /* there is more to know of the key: see rule.h */
	uint8_t barred : 1;            /* there has been a barrier in the queue */
	uint8_t flags;                 /* enum tpi_strand_flag */
	union {
		unsigned char bytes[TPI_STRAND_KEY];
		unsigned char *block;
	} key;
};

/* The strands of a shard by their exact keys. Under the shard's lock. */
struct tpi_table {
	struct tpi_strand **buckets;
	uint64_t mask;
	uint64_t count;
	struct tpi_slab strands;
};

/* Room for `count` strands from the slab. 0 or -ENOMEM. */
int tpi_table_init(struct tpi_table *table, uint32_t count);

/* Forgets all strands, whatever their state. */
void tpi_table_clear(struct tpi_table *table);
void tpi_table_destroy(struct tpi_table *table);

static inline const unsigned char *tpi_strand_key(const struct tpi_strand *strand)
{
	return strand->flags & TPI_STRAND_LONG_KEY ? strand->key.block : strand->key.bytes;
}

struct tpi_strand *tpi_table_find(const struct tpi_table *table, uint64_t tag, const void *key, size_t len);

/* Puts `fresh` into the table as the strand of the record's key, whose block it takes over. */
void tpi_table_add(struct tpi_table *table, struct tpi_strand *fresh, struct tpi_record *record);

/* Takes an idle strand out and gives its memory back. */
void tpi_table_remove(struct tpi_table *table, struct tpi_strand *strand);

/* ---- The queue: jobs and barriers. `waiting` is counted by the caller ---- */

static inline struct tpi_job *tpi_strand_first(const struct tpi_strand *strand)
{
	return strand->last != NULL ? strand->last->next : NULL;
}

/* Whether the queue begins with a job that may start, as far as the queue is concerned. */
static inline bool tpi_strand_open(const struct tpi_strand *strand)
{
	return strand->last != NULL && !strand->last->next->barrier;
}

static inline void tpi_strand_append(struct tpi_strand *strand, struct tpi_job *job)
{
	if (strand->last == NULL) {
		job->next = job;
	} else {
		job->next = strand->last->next;
		strand->last->next = job;
	}
	job->prev = strand->last;
	strand->last = job;
}

/* The queue is not empty. */
static inline struct tpi_job *tpi_strand_pop(struct tpi_strand *strand)
{
	struct tpi_job *first = strand->last->next;

	if (first == strand->last)
		strand->last = NULL;
	else
		strand->last->next = first->next;
	return first;
}

/* Takes one out, wherever it is. */
void tpi_strand_remove(struct tpi_strand *strand, struct tpi_job *job);

/* Puts `fresh` where `job` is. */
void tpi_strand_swap(struct tpi_strand *strand, struct tpi_job *job, struct tpi_job *fresh);

#endif
