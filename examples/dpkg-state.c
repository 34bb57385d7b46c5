/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include "dpkg-state.h"

const char *const dpkg_status_names[DPKG_STATUSES] = {
	"unknown", "not-installed", "config-files", "half-installed", "unpacked", "half-configured",
	"triggers-awaited", "triggers-pending", "installed"
};

const char *const dpkg_action_names[DPKG_ACTIONS] = {
	"none", "install", "upgrade", "configure", "trigproc", "remove", "purge", "disappear"
};

#define S(status) (1u << DPKG_##status)
#define A(action) (1u << DPKG_##action)
#define TRIGGERED (S(TRIGGERS_AWAITED) | S(TRIGGERS_PENDING))
#define CONFIGURED (TRIGGERED | S(INSTALLED))
#define PRESENT (S(HALF_INSTALLED) | S(UNPACKED) | S(HALF_CONFIGURED) | CONFIGURED)
#define ANY_ACTION (~0u)

/* Where an action may begin, and which status lines may follow it first. */
static const struct {
	unsigned from, next;
} actions[DPKG_ACTIONS] = {
	/* An upgrade that changed a package's architecture leaves the old name half-installed for ever. */
	[DPKG_INSTALL] = { S(NOT_INSTALLED) | S(CONFIG_FILES) | S(HALF_INSTALLED), S(HALF_INSTALLED) },
	[DPKG_UPGRADE] = { PRESENT, S(HALF_CONFIGURED) | S(HALF_INSTALLED) | TRIGGERED },
	[DPKG_CONFIGURE] = { S(UNPACKED) | S(HALF_CONFIGURED), S(UNPACKED) | S(HALF_CONFIGURED) },
	[DPKG_TRIGPROC] = { TRIGGERED, S(HALF_CONFIGURED) },
	[DPKG_REMOVE] = { PRESENT, S(HALF_CONFIGURED) | S(HALF_INSTALLED) | TRIGGERED },
	[DPKG_PURGE] = { S(CONFIG_FILES), S(CONFIG_FILES) | S(NOT_INSTALLED) },
	[DPKG_DISAPPEAR] = { PRESENT, S(NOT_INSTALLED) },
};

/*
 * The steps from status to status, and the actions during which dpkg makes them. Packages that give way to a conflict
 * are deconfigured and removed without an action of their own: hence the many steps that need none.
 */
static const struct {
	unsigned from, to, during;
} steps[] = {
	{ S(NOT_INSTALLED) | S(CONFIG_FILES), S(HALF_INSTALLED), A(INSTALL) },
	{ S(NOT_INSTALLED), S(UNPACKED), ANY_ACTION }, /* an upgrade changed the architecture, hence the name */
	{ S(CONFIG_FILES), S(NOT_INSTALLED), ANY_ACTION },
	{ S(HALF_INSTALLED), S(UNPACKED), A(INSTALL) | A(UPGRADE) },
	{ S(HALF_INSTALLED), S(CONFIG_FILES), ANY_ACTION },
	{ S(HALF_INSTALLED), S(NOT_INSTALLED), A(INSTALL) }, /* given up */
	{ S(UNPACKED), S(HALF_INSTALLED), ~(A(CONFIGURE) | A(TRIGPROC)) },
	{ S(UNPACKED), S(HALF_CONFIGURED), A(CONFIGURE) },
	{ S(UNPACKED), CONFIGURED, A(UPGRADE) }, /* given up */
	{ S(HALF_CONFIGURED), S(UNPACKED), A(UPGRADE) },
	{ S(HALF_CONFIGURED), S(HALF_INSTALLED), ANY_ACTION },
	{ S(HALF_CONFIGURED), CONFIGURED, ~(A(INSTALL) | A(PURGE)) },
	{ CONFIGURED, S(HALF_CONFIGURED), ANY_ACTION },
	{ S(INSTALLED), TRIGGERED, ANY_ACTION },
	{ S(TRIGGERS_AWAITED), S(TRIGGERS_PENDING) | S(INSTALLED), ANY_ACTION },
	{ S(TRIGGERS_PENDING), S(TRIGGERS_AWAITED), ANY_ACTION },
	{ PRESENT, S(NOT_INSTALLED), A(DISAPPEAR) },
};

static void complain(struct dpkg_state *state, unsigned long line, const char *what)
{
	if (!state->complaint) {
		state->complaint = what;
		state->complaint_line = line;
	}
}

/* An action that was announced and came to nothing (dpkg --no-act, a power cut) may be followed by any other. */
static bool may_begin(const struct dpkg_state *state, enum dpkg_action action)
{
	return state->status == DPKG_UNKNOWN || state->announced || (actions[action].from >> state->status & 1);
}

static bool may_become(const struct dpkg_state *state, enum dpkg_status status)
{
	unsigned from = 1u << state->status, to = 1u << status, during = 1u << state->action;

	if (state->announced && !(actions[state->action].next & to))
		return false;
	/* Each new dpkg process logs the status once more when it first writes it. */
	if (state->status == DPKG_UNKNOWN || from == to)
		return true;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if ((steps[i].from & from) && (steps[i].to & to))
			return state->action == DPKG_NO_ACTION || (steps[i].during & during);
	}
	return false;
}

void dpkg_state_enter(struct dpkg_state *state, unsigned long line, unsigned long holes)
{
	if (state->busy) {
		state->overlapped++;
		complain(state, line, "began before the line before it had ended");
	}
	state->busy = true;
	if (line != state->seen + 1) {
		state->overtaken++;
		complain(state, line, "is not the package's next line");
	}
	state->seen++;
	if (state->holes != holes) {
		state->status = DPKG_UNKNOWN;
		state->action = DPKG_NO_ACTION;
		state->announced = false;
	}
	state->holes = holes;
}

/* The state follows the log even where a step is illegal: one mistake is counted once. */
void dpkg_state_leave(struct dpkg_state *state, unsigned long line, struct dpkg_event event)
{
	bool legal;

	if (event.action != DPKG_NO_ACTION) {
		legal = may_begin(state, event.action);
		state->action = event.action;
		state->announced = true;
	} else {
		legal = may_become(state, event.status);
		state->status = event.status;
		state->announced = false;
	}
	if (!legal) {
		state->illegal++;
		complain(state, line, "is a step that dpkg does not make there");
	}
	state->busy = false;
}
