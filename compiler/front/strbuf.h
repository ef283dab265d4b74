/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows at its end, in an arena: generated code, rendered diagnostics. */
#ifndef SEKI_FRONT_STRBUF_H
#define SEKI_FRONT_STRBUF_H

#include "compiler/front/arena.h"

struct seki_strbuf {
	struct seki_arena *arena;
	char *data; /* NUL-terminated; NULL while len is 0 */
	size_t len;
	size_t room;
};

void seki_strbuf_add(struct seki_strbuf *text, const char *s, size_t len);
__attribute__((format(printf, 2, 3), nonnull(2))) void seki_strbuf_printf(struct seki_strbuf *text,
									  const char *fmt, ...);

#endif
