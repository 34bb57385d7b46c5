/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * libtaskpool: jobs of one key one at a time and in order, jobs of different keys in parallel.
 *
 * Conventions that hold for every call:
 *
 * - A call returns 0 (or a count), or a negative errno. Results leave through out-parameters, which are written on
 *   success only. After an error nothing was taken: neither `run` nor `end` of that job will ever be called.
 * - Times are nanoseconds on CLOCK_MONOTONIC. A timeout below 0 waits for ever, 0 never waits.
 * - "Inside a job" means on a thread that works for the pool: a worker, in run, in end or in a hook, and a thread that
 *   calls `end` of jobs which it cancels.
 * - Every call may be made from any thread at any time, unless it says otherwise. None is async-signal-safe.
 * - In a forked child every call on a pool made before the fork returns -EOWNERDEAD at once, unless it says otherwise.
 * - Callbacks run with no lock of the library held. They must return: neither longjmp, nor a C++ exception, nor
 *   pthread_exit may leave them.
 * - A NULL pool is -EINVAL where an error can be returned.
 * - All calls are there since 1.0 unless they say otherwise.
 */
#ifndef TASKPOOL_H
#define TASKPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taskpool-version.h>

#ifdef __cplusplus
extern "C" {
#endif

/* bindings: begin */
struct taskpool;
struct taskpool_job;
struct taskpool_context;

/* The work itself. `context` is valid until the function returns. */
typedef void taskpool_run_fn(struct taskpool_context *context, void *arg);

/*
 * Called exactly once for every accepted job, after run or instead of it; `outcome` is an enum taskpool_outcome.
 * Until it has returned the job has not ended and the next job of its key does not start. It runs on a worker, or on
 * the thread that cancels or replaces the job, or stops the pool, while the job is waiting.
 */
typedef void taskpool_end_fn(void *arg, int outcome);
/* bindings: end */

/* The longest key, in bytes. */
#define TASKPOOL_KEY_MAX 65535

/* bindings: begin */
#define TASKPOOL_FOREVER (-1)

enum taskpool_outcome {
	TASKPOOL_RAN = 1,      /* run was called, whether or not its context was canceled meanwhile */
	TASKPOOL_CANCELED = 2, /* run was not called */
	TASKPOOL_EXPIRED = 3,  /* its ttl was over before run could be called */
	TASKPOOL_REPLACED = 4  /* a newer TASKPOOL_REPLACE job of its key took its place */
};

enum taskpool_pool_flag {
	TASKPOOL_MANUAL = 1,    /* the pool has no threads: jobs run in taskpool_run */
	TASKPOOL_STRICT = 0x100 /* no timeout excuses a wait inside its jobs that could never end, see taskpool_key_wait */
};

enum taskpool_task_flag {
	TASKPOOL_REPLACE = 1 /* takes the place of the newest waiting job of its key, if that has this flag as well */
};

enum taskpool_placement {
	TASKPOOL_FLOATING = 0, /* a job runs on its home worker, or on any worker that would otherwise idle */
	TASKPOOL_PINNED = 1    /* every job of a key runs on its home worker's thread */
};

enum taskpool_hash {
	TASKPOOL_HASH_FNV1A = 0,  /* home worker = FNV-1a (32 bit) of the key's bytes, modulo workers */
	TASKPOOL_HASH_SIPHASH = 1 /* home worker unpredictable from outside; the same for a key while the pool lives */
};

/*
 * Growable structs begin with their size. A program built against an older, shorter struct keeps working; zero in a
 * field means its default. Below sizeof(size_t): -EINVAL. Non-zero bytes past what the library knows: -E2BIG.
 */
struct taskpool_options {
	size_t size;
	unsigned workers;        /* threads; 0: 8 */
	unsigned queue_capacity; /* jobs waiting per worker, at most 2^26; 0: 100 */
	unsigned key_capacity;   /* jobs waiting per key; 0: no bound of its own */
	unsigned key_turn;       /* jobs of one key before other ready keys of that worker get their turn; 0: 16 */
	unsigned placement;      /* enum taskpool_placement */
	unsigned hash;           /* enum taskpool_hash */
	unsigned flags;          /* enum taskpool_pool_flag */
	const char *name;        /* threads are NAME-0, NAME-1 ...; copied; NULL: "taskpool" */
	size_t stack_size;       /* bytes of a worker's stack, at least; 0: the system's default */
	int64_t key_interval;    /* least time between two starts of one key, ns; 0: none */
	unsigned key_burst;      /* starts allowed at once under key_interval; 0: 1 */
	uint64_t seed;           /* TASKPOOL_MANUAL: picks the order among keys; 0: they take turns */
	/* Called once each for every worker that was started, even if it ran no job. */
	void *(*worker_start)(void *user, unsigned worker);           /* on the worker, before its first job */
	void (*worker_stop)(void *user, unsigned worker, void *data); /* on the worker, after its last job */
	void *user;
	/*
	 * On the worker, each time it has found no job and is about to look around for longer, and to sleep; also while a
	 * job is being submitted that it then finds. What a worker keeps from job to job it can give back here. It must not
	 * block, nor call the library.
	 */
	void (*worker_idle)(void *user, unsigned worker, void *data);
	/*
	 * On the worker, each time it has slept and is about to look for jobs. Until this returns submits to a FLOATING
	 * pool wake no other worker; so if it takes here what jobs need one at a time, workers that would wait for that
	 * sleep on. It must not call the library.
	 */
	void (*worker_wake)(void *user, unsigned worker, void *data);
};

struct taskpool_task {
	size_t size;
	const void *key; /* copied; NULL with key_len 0: no key, no order, any worker */
	size_t key_len;
	taskpool_run_fn *run;
	taskpool_end_fn *end; /* may be NULL */
	void *arg;
	unsigned flags;  /* enum taskpool_task_flag */
	int64_t timeout; /* how long to wait for room, ns */
	int64_t delay;   /* ns; it takes its place in the key's order when they are over */
	int64_t ttl;     /* ns; not started this long after its submission it ends EXPIRED; 0: never */
};

/* Totals since the pool was made; `running` counts the jobs that have started to run or to end and have not ended. */
struct taskpool_report {
	size_t size;
	uint64_t ran, canceled, expired, replaced, running;
};

/* When nothing changes: submitted = ran + canceled + expired + replaced + queued + running. */
struct taskpool_stats {
	size_t size;
	uint64_t submitted, ran, canceled, expired, replaced, queued, running;
	uint64_t rejected;     /* submits refused for lack of room or because the pool stops */
	uint64_t stolen;       /* jobs that ran away from their home worker */
	uint64_t overflow;     /* jobs accepted past a bound, from inside a job */
	uint64_t blocked;      /* submits that had to wait for room */
	int64_t blocked_time;  /* nanoseconds they waited, all together */
	uint64_t peak_queued;  /* sum over the workers of the longest each queue has been */
	uint64_t keys_active;  /* keys that have a job waiting or running */
	uint64_t wait_time[64]; /* jobs that waited 2^i <= nanoseconds < 2^(i+1) from submit to start */
	uint64_t run_time[64];  /* jobs that ran that long */
};

struct taskpool_worker_stats {
	size_t size;
	uint64_t ran;    /* jobs this worker has run */
	uint64_t stolen; /* of these, jobs whose home was another worker */
	uint64_t queued; /* jobs waiting whose home is this worker */
};

struct taskpool_key_stats {
	size_t size;
	uint64_t queued;     /* jobs of the key that were accepted and have not started, delayed ones too */
	uint64_t running;    /* 1 while a job of the key runs or is being ended, else 0 */
	int64_t oldest_wait; /* nanoseconds since the submission of the oldest that is queued; 0: none is */
};

struct taskpool_hot_key {
	size_t size;
	uint64_t queued;
	size_t key_len;        /* of the whole key */
	unsigned char key[64]; /* its first bytes */
};
/* bindings: end */

#define TASKPOOL_OPTIONS_INIT \
	{ sizeof(struct taskpool_options), 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL }
#define TASKPOOL_TASK_INIT \
	{ sizeof(struct taskpool_task), NULL, 0, NULL, NULL, NULL, 0, TASKPOOL_FOREVER, 0, 0 }

/* bindings: begin */
/*
 * The initialisers as functions, for callers that cannot use macros. At most `size` bytes are written. A size below
 * sizeof(size_t) writes nothing.
 */
void taskpool_options_init(struct taskpool_options *options, size_t size);
void taskpool_task_init(struct taskpool_task *task, size_t size);

/* ---- The pool ---- */

/*
 * Makes a pool of `workers` threads with the default options; free it with taskpool_free. No thread is started yet,
 * but jobs may be submitted: they run once taskpool_start was called. Errors: -EINVAL (0 workers, or more than the
 * library can number: 16,384), -ENOMEM.
 */
int taskpool_new(struct taskpool **pool, unsigned workers);

/*
 * The same with options; NULL: all defaults. Errors also: -EINVAL and -E2BIG as the struct says.
 */
int taskpool_new_with(struct taskpool **pool, const struct taskpool_options *options);

/*
 * Starts all workers, or none: after -EAGAIN (no thread to be had) it may be called again. Workers block all signals
 * but the synchronous ones. Errors also: -EALREADY (started before; nothing changes), -ECANCELED (stopped).
 */
int taskpool_start(struct taskpool *pool);

/* The configured number of workers, at any time, in a forked child too; 0 for NULL. */
unsigned taskpool_workers(const struct taskpool *pool);

/*
 * Refuses new jobs, cancels the contexts of the running ones, ends the waiting ones CANCELED (on this thread), and
 * waits for all workers. No job starts once it was called. Called again, or from several threads: 0, after the same
 * wait. Inside one of the pool's own jobs, or of one that a job of the pool waits for: -EDEADLK, and nothing changes.
 */
int taskpool_stop(struct taskpool *pool);

/*
 * The same without the wait; legal inside a job, too. It returns when each waiting job has ended, but for those that
 * another thread is ending at the moment.
 */
int taskpool_request_stop(struct taskpool *pool);

/*
 * The stop ladder: new jobs are refused, also from inside jobs; those there are run for up to `drain` ns (a pool that
 * was never started does not drain); then as taskpool_stop, waiting up to `cancel` ns. Both are timeouts: below 0, for
 * ever. Errors: -ETIMEDOUT while jobs still run (call again to wait on), -EDEADLK inside a job of the pool, or where
 * that could never end (see taskpool_key_wait), -EINVAL (the report's size). The report (may be NULL) is written for 0
 * and for -ETIMEDOUT.
 */
int taskpool_shutdown(struct taskpool *pool, int64_t drain, int64_t cancel, struct taskpool_report *report);

/*
 * Waits until every job accepted before the call has ended; those accepted later do not matter. Errors: -ETIMEDOUT
 * (at once for a timeout of 0), -EDEADLK (see taskpool_key_wait), -ENOMEM.
 */
int taskpool_wait(struct taskpool *pool, int64_t timeout);

/*
 * Stops the pool if need be and frees it; NULL is allowed. No other thread may use the pool any more. Inside one of
 * its own jobs it requests the stop, and the last worker frees. In a forked child it only releases memory.
 */
void taskpool_free(struct taskpool *pool);

/*
 * The process's own pool of 8 workers, made and started on first use, from any thread. NULL with errno set if that
 * fails. After a stop it stays stopped; taskpool_free on it only stops it. A forked child gets a new one.
 */
struct taskpool *taskpool_default(void);

/* ---- Submitting ---- */

/*
 * Submits one job under a NUL-terminated key, which is copied; NULL: no key. Waits while the key's home worker has
 * queue_capacity jobs waiting, or the key key_capacity, or, without a key, while all workers' queues are full; before
 * the start too. Inside one of the pool's own jobs it never waits: the job is accepted past the bound.
 * Jobs of one key run in the order of submission: if one submit returned before another was called, its job runs
 * first. What this thread did before is visible to the job.
 * Errors: -EINVAL (no pool, no run), -ENAMETOOLONG, -ENOMEM, -ECANCELED (stopping or stopped, also while waiting),
 * -EDEADLK (a full TASKPOOL_MANUAL pool, and no other thread in the process that could run its jobs).
 */
int taskpool_submit(struct taskpool *pool, const char *key, taskpool_run_fn *run, void *arg);

/*
 * Submits one job, everything said. `job` may be NULL; else it becomes a handle, to be released with
 * taskpool_job_unref. A job that TASKPOOL_REPLACE replaces ends on this thread, before the call returns.
 * Errors also: -EAGAIN (full, timeout 0), -ETIMEDOUT (full until the timeout passed), -E2BIG, -EINVAL (unknown flags, a
 * key of NULL with a length or with TASKPOOL_REPLACE, negative delay or ttl).
 */
int taskpool_submit_task(struct taskpool *pool, const struct taskpool_task *task, struct taskpool_job **job);

/*
 * Submits `count` tasks in order; stops at the first that is not accepted and returns its error. `*accepted` is always
 * written (unless it is NULL). The stride of the array is the first element's size; at the first element whose size
 * differs it stops with -EINVAL. A count of 0 is 0.
 */
int taskpool_submit_batch(struct taskpool *pool, const struct taskpool_task *tasks, size_t count, size_t *accepted);

/* ---- A job: its handle. It outlives the pool. NULL gives -EINVAL, NULL or nothing ---- */

/*
 * Waits until the job has ended. Errors: -ETIMEDOUT (at once for a timeout of 0), -EDEADLK ("Waits that could never
 * end", below), -EOWNERDEAD (in a forked child, of a job that had not ended), -ENOMEM.
 */
int taskpool_job_wait(struct taskpool_job *job, int64_t timeout);

/*
 * 0: it will not run. A job that was waiting, or delayed, has ended CANCELED when the call returns; its `end` was
 * called on this thread. -EBUSY: it runs; its context was canceled. -EALREADY: it has ended, or somebody else ended it
 * before it could run: then the call waits for that end, or returns -EBUSY if that in turn waits for this thread.
 * Errors also: -EOWNERDEAD.
 */
int taskpool_job_cancel(struct taskpool_job *job);

/* An enum taskpool_outcome; 0 while it has not ended; -EOWNERDEAD. */
int taskpool_job_outcome(struct taskpool_job *job);

/* One more reference, to be released as well; returns `job`. */
struct taskpool_job *taskpool_job_ref(struct taskpool_job *job);

/* Releases a reference; the job itself goes on. NULL is allowed. */
void taskpool_job_unref(struct taskpool_job *job);

/*
 * ---- Keys. Of a key that the pool does not know, wait, cancel and stats find nothing and return 0. A key of NULL is
 * -EINVAL, a longer one than TASKPOOL_KEY_MAX -ENAMETOOLONG ----
 */

/*
 * Waits until every job of the key that was accepted before the call has ended. Errors: -ETIMEDOUT (at once for a
 * timeout of 0), -EDEADLK ("Waits that could never end", below), -ENOMEM.
 *
 * Waits that could never end are refused with -EDEADLK. Whatever the timeout: those of a job for its own key, for its
 * own pool, or for itself. Without a timeout: the one that would close a circle of jobs that wait for each other's
 * keys, handles or pools, the one that would leave no worker to run what it waits for, and the one for jobs of a
 * TASKPOOL_MANUAL pool in a process without another thread to run them. A paused key is no deadlock.
 * Inside jobs of a TASKPOOL_STRICT pool these waits are refused, at once, with a timeout above 0 as well, and so is any
 * that could end only because the timeout of another such wait passes: to wait in slices hides no deadlock. Waits
 * elsewhere count on all timeouts.
 */
int taskpool_key_wait(struct taskpool *pool, const void *key, size_t len, int64_t timeout);

/*
 * Ends the jobs of the key that wait, delayed ones too, CANCELED (on this thread), and cancels the context of the one
 * that runs. Returns how many it ended.
 */
int taskpool_key_cancel(struct taskpool *pool, const void *key, size_t len);

/*
 * No job of the key starts until it was resumed as often as it was paused; the one that runs goes on. A paused key
 * holds no worker. Errors: -ENOMEM, and for resume -EINVAL (it is not paused).
 */
int taskpool_key_pause(struct taskpool *pool, const void *key, size_t len);
int taskpool_key_resume(struct taskpool *pool, const void *key, size_t len);

/*
 * From now on the key's jobs start at least `interval` ns apart, but for `burst` (0: 1) that may start at once after a
 * rest. It stands in for the pool's key_interval; an interval of 0 goes back to that. A new limit starts with a full
 * burst. Errors: -EINVAL (interval below 0), -ENOMEM.
 */
int taskpool_key_limit(struct taskpool *pool, const void *key, size_t len, int64_t interval, unsigned burst);

/*
 * Fills the struct up to stats->size, which the caller sets. Where jobs follow each other in less than a microsecond
 * oldest_wait may lack the time before a worker first saw the job. Errors: -EINVAL.
 */
int taskpool_key_stats(struct taskpool *pool, const void *key, size_t len, struct taskpool_key_stats *stats);

/*
 * The keys with the most jobs waiting, the longest queue first; returns how many there are, up to `count`. The stride
 * of the array is the first element's size, which all must have. Visits every key that has work. Errors: -EINVAL,
 * -ENOMEM.
 */
int taskpool_hot_keys(struct taskpool *pool, struct taskpool_hot_key *keys, size_t count);

/* ---- Manual pools: for event loops, for runtimes that own one thread, and for tests that repeat a schedule ---- */

/*
 * Runs jobs of a started TASKPOOL_MANUAL pool on this thread: up to `max_jobs`, or all that are ready for 0. Waits for
 * the first one up to `timeout`; returns how many ran, 0 when the time is over or the pool stops. Several threads may
 * run one pool at once, as many as it has workers; others wait for a place, up to `timeout`. Errors: -EINVAL (the pool
 * has threads), -EDEADLK inside one of its jobs.
 */
int taskpool_run(struct taskpool *pool, size_t max_jobs, int64_t timeout);

/*
 * A descriptor that is readable while a job of a TASKPOOL_MANUAL pool is ready, also when a delay, a limit or a ttl has
 * elapsed; to be polled, not read; closed by taskpool_free. Errors: -EINVAL (the pool has threads), -EMFILE, -ENFILE,
 * -ENOMEM, -ENOTSUP (this system has no timerfd).
 */
int taskpool_fd(struct taskpool *pool);

/*
 * ---- In a job: the context. Valid until run returns, not in a forked child. NULL gives false, 0, NULL, -EINVAL ----
 */

/* Whether the job was told to stop. Costs one load. */
bool taskpool_context_canceled(const struct taskpool_context *context);

/* Sleeps for `duration` ns. 0, or -ECANCELED as soon as the job is told to stop; -EINVAL below 0. */
int taskpool_context_sleep(struct taskpool_context *context, int64_t duration);

/*
 * A file descriptor that becomes readable once the job is told to stop, to be polled, not read. Made on first use,
 * closed by the library when run returns. Errors: -EMFILE, -ENFILE, -ENOMEM.
 */
int taskpool_context_fd(struct taskpool_context *context);

/* The job's key and its length (`len` may be NULL); NULL and 0 for a job without a key. Valid until run returns. */
const void *taskpool_context_key(const struct taskpool_context *context, size_t *len);

struct taskpool *taskpool_context_pool(const struct taskpool_context *context);

/* The number of the worker that runs the job, from 0. */
unsigned taskpool_context_worker(const struct taskpool_context *context);

/* What worker_start returned on this worker; NULL without one. */
void *taskpool_context_worker_data(const struct taskpool_context *context);

/* The context of the job that runs on this thread; NULL off the pools' threads and in `end`. */
struct taskpool_context *taskpool_current(void);

/* ---- Looking in ---- */

/*
 * Fills the struct up to stats->size, which the caller sets. The counts of one worker's queue are taken at one
 * instant. Where jobs follow each other in less than a microsecond, the histograms time one job of 64 and count it for
 * the others. Errors: -EINVAL.
 */
int taskpool_stats(struct taskpool *pool, struct taskpool_stats *stats);

/* The same for one worker. Errors: -EINVAL (no such worker). */
int taskpool_worker_stats(struct taskpool *pool, unsigned worker, struct taskpool_worker_stats *stats);

/*
 * Writes the pool's statistics as OpenMetrics text, NUL-terminated, as snprintf does: at most `size` bytes; returns the
 * length that the whole text has. `buffer` may be NULL if `size` is 0. Errors: -EINVAL.
 */
int taskpool_metrics(struct taskpool *pool, char *buffer, size_t size);

/*
 * Writes what all pools of the process do from now on into a file, in the JSON form that Perfetto and chrome://tracing
 * open: a lane for each worker, a slice for each job with its key and the time it waited. Stop completes the file. The
 * environment variable TASKPOOL_TRACE=PATH does the same from the first pool until exit, which completes what nobody
 * stopped; it is ignored in programs with more rights than their caller. Tracing is off in a forked child. Errors:
 * start: -EINVAL (NULL), -EALREADY (a trace is being written), or what open(2) says; stop: -EINVAL (there is none), or
 * why not all could be written.
 */
int taskpool_trace_start(const char *path);
int taskpool_trace_stop(void);

/* One sentence for a code that a call returned, 0 and unknown ones too. Static; never NULL. */
const char *taskpool_strerror(int error);

/* The version of the library that runs, for instance "1.0.0"; TASKPOOL_VERSION is the header's. Static. */
const char *taskpool_version(void);
/* bindings: end */

#ifdef __cplusplus
}
#endif

#endif
