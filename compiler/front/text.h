/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows at its end, in an arena: generated code, rendered diagnostics. */
#ifndef SEKI_FRONT_TEXT_H
#define SEKI_FRONT_TEXT_H

#include "compiler/front/arena.h"

struct seki_text {
	struct seki_arena *arena;
	char *data; /* NUL-terminated; NULL while len is 0 */
	size_t len;
	size_t room;
};

void seki_text_add(struct seki_text *text, const char *s, size_t len);
__attribute__((format(printf, 2, 3))) void seki_text_printf(struct seki_text *text, const char *fmt,
							    ...);

#endif
