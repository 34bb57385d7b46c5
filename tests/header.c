/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The header alone, as strict C99. Compiled, never run.
 */
#include <taskpool.h>

const struct taskpool_options header_options = TASKPOOL_OPTIONS_INIT;
const struct taskpool_task header_task = TASKPOOL_TASK_INIT;
const char *const header_version = TASKPOOL_VERSION;
const long header_numbers[] = {
	TASKPOOL_VERSION_MAJOR, TASKPOOL_VERSION_MINOR, TASKPOOL_VERSION_PATCH, TASKPOOL_KEY_MAX,
	TASKPOOL_FOREVER, TASKPOOL_RAN, TASKPOOL_CANCELED, TASKPOOL_EXPIRED,
	TASKPOOL_REPLACED, TASKPOOL_FLOATING, TASKPOOL_PINNED, TASKPOOL_HASH_FNV1A,
	TASKPOOL_HASH_SIPHASH,
};
