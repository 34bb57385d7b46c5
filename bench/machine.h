/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The machine that was measured on, and how to say so.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdbool.h>

struct machine {
	char cpu[96], kernel[160], compiler[96], load[48];
	unsigned cores; /* that this process may use */
	bool busy;      /* others want so much of them that waiting times say little */
};

void bench_machine(struct machine *machine);
unsigned bench_cores(void);

#endif
