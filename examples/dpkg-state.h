/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * The life of one package, as dpkg logs it, and the check that its lines arrive one at a time and in order.
 */
#ifndef DPKG_STATE_H
#define DPKG_STATE_H

#include <stdbool.h>
#include <stddef.h>

enum dpkg_status {
	DPKG_UNKNOWN, /* the log begins in the middle of the package's life */
	DPKG_NOT_INSTALLED,
	DPKG_CONFIG_FILES,
	DPKG_HALF_INSTALLED,
	DPKG_UNPACKED,
	DPKG_HALF_CONFIGURED,
	DPKG_TRIGGERS_AWAITED,
	DPKG_TRIGGERS_PENDING,
	DPKG_INSTALLED,
	DPKG_STATUSES
};

enum dpkg_action {
	DPKG_NO_ACTION,
	DPKG_INSTALL,
	DPKG_UPGRADE,
	DPKG_CONFIGURE,
	DPKG_TRIGPROC,
	DPKG_REMOVE,
	DPKG_PURGE,
	DPKG_DISAPPEAR,
	DPKG_ACTIONS
};

/* What a line says: dpkg begins an action (then `action` is set), or the package has reached a status. */
struct dpkg_event {
	enum dpkg_action action;
	enum dpkg_status status;
};

/*
 * Plain fields, no lock and no atomic: whoever calls enter and leave must see to it that the calls for one package
 * come one after the other. That is the promise which is tested here.
 */
struct dpkg_state {
	enum dpkg_status status;
	enum dpkg_action action; /* the last that was logged */
	bool announced;          /* ... and no status was logged since */
	bool busy;               /* between enter and leave */
	unsigned long seen;      /* lines so far */
	unsigned long holes;     /* in the log, before the last line */
	unsigned long overtaken; /* lines that were not the next one */
	unsigned long overlapped; /* lines that began before the one before had ended */
	unsigned long illegal;   /* steps that dpkg does not make */
	unsigned long complaint_line;
	const char *complaint;   /* about the first line that was wrong; NULL: none was */
};

/* The names in the log, by number; [0] is for people. */
extern const char *const dpkg_status_names[DPKG_STATUSES];
extern const char *const dpkg_action_names[DPKG_ACTIONS];

/*
 * Begins with the package's `line`th line, from 1. `holes`: the places so far where the log lacks lines. After a new
 * one the package may be anywhere, so its next step is not judged.
 */
void dpkg_state_enter(struct dpkg_state *state, unsigned long line, unsigned long holes);

/* Ends with it: takes the step, and counts it as illegal where dpkg would not have made it there. */
void dpkg_state_leave(struct dpkg_state *state, unsigned long line, struct dpkg_event event);

#endif
