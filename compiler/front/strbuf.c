/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows at its end: see strbuf.h. */
#include "compiler/front/strbuf.h"

#include <stdio.h>
#include <string.h>

static void reserve(struct seki_strbuf *text, size_t more)
{
	size_t room = text->room ? text->room : 256;
	char *data;

	if (more < text->room - text->len)
		return;
	while (room - text->len <= more)
		room *= 2;
	data = seki_arena_alloc(text->arena, room);
	if (text->len)
		memcpy(data, text->data, text->len);
	text->data = data;
	text->room = room;
}

void seki_strbuf_add(struct seki_strbuf *text, const char *s, size_t len)
{
	reserve(text, len);
	memcpy(text->data + text->len, s, len);
	text->len += len;
	text->data[text->len] = '\0';
}

void seki_strbuf_printf(struct seki_strbuf *text, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n > 0) {
		reserve(text, (size_t)n);
		vsnprintf(text->data + text->len, (size_t)n + 1, fmt, ap);
		text->len += (size_t)n;
	}
	va_end(ap);
}
