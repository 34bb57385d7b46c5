/* SPDX-License-Identifier: MIT
 * Copyright (c) 2026 the libtaskpool authors
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

void tpi_text_add(struct tpi_text *text, const char *format, ...)
{
	size_t room = text->length < text->size ? text->size - text->length : 0;
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(room > 0 ? text->buffer + text->length : NULL, room, format, args);
	va_end(args);
	if (length > 0)
		text->length += (size_t)length;
}

void tpi_text_put(struct tpi_text *text, const void *bytes, size_t length)
{
	if (text->length < text->size) {
		size_t room = text->size - text->length - 1, fits = length < room ? length : room;

		memcpy(text->buffer + text->length, bytes, fits);
		text->buffer[text->length + fits] = '\0';
	}
	text->length += length;
}

/* The least code point that a character of so many bytes may have: a shorter form must be used for those below. */
static const unsigned long least[5] = {0, 0, 0x80, 0x800, 0x10000};

static size_t length_by_first(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0)
		return 0;
	if (first < 0xe0)
		return 2;
	if (first < 0xf0)
		return 3;
	return first < 0xf8 ? 4 : 0;
}

size_t tpi_text_utf8(const unsigned char *bytes, size_t length)
{
	size_t needed = length > 0 ? length_by_first(bytes[0]) : 0;
	unsigned long point;

	if (needed < 2 || needed > length)
		return needed <= length ? needed : 0;
	point = bytes[0] & (0x7fu >> needed);
	for (size_t i = 1; i < needed; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	if (point < least[needed] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	return needed;
}
