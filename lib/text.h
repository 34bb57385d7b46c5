/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#ifndef TPI_TEXT_H
#define TPI_TEXT_H

#include <stddef.h>

/*
 * Text that is built in a buffer by snprintf's rules: `length` counts what there would be if there were room, and what
 * is in the buffer ends with a NUL, unless its size is 0. Begin with {buffer, size, 0}.
 */
struct tpi_text {
	char *buffer;
	size_t size;
	size_t length;
};

void tpi_text_add(struct tpi_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The bytes as they are. */
void tpi_text_put(struct tpi_text *text, const void *bytes, size_t length);

/* How many bytes the UTF-8 character takes that the bytes begin with; 0: they begin with none. */
size_t tpi_text_utf8(const unsigned char *bytes, size_t length);

#endif
