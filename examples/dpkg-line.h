/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 *
 * One line of dpkg's log:
 *
 *	YYYY-MM-DD HH:MM:SS status STATUS PACKAGE VERSION
 *	YYYY-MM-DD HH:MM:SS ACTION PACKAGE INSTALLED-VERSION AVAILABLE-VERSION
 *	YYYY-MM-DD HH:MM:SS startup TYPE COMMAND
 *	YYYY-MM-DD HH:MM:SS conffile FILENAME DECISION
 */
#ifndef DPKG_LINE_H
#define DPKG_LINE_H

#include "dpkg-state.h"

#define DPKG_STAMP 19 /* characters of the date and time */

/*
 * Parses a line (without its newline). NULL, or why it is malformed. `package` points into the line, "name:arch";
 * it is NULL for the lines that are about none: startup and conffile.
 */
const char *dpkg_line_parse(const char *line, size_t len, struct dpkg_event *event, const char **package,
	size_t *package_len);

#endif
