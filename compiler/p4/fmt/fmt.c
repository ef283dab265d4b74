/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/fmt/fmt.h"

#include <errno.h>
#include <string.h>

#include "compiler/p4/fmt/layout.h"

#define MEMORY_LIMIT ((size_t)1 << 30)

int seki_p4_fmt(const char *name, const char *text, size_t len, char **out)
{
	struct seki_arena arena;
	struct seki_diags diags;
	struct seki_strbuf buf = {.arena = &arena};
	struct items items = {.arena = &arena};
	bool good;

	*out = NULL;
	if (len > SEKI_SOURCE_MAX)
		return -EFBIG;
	if (memchr(text, 0, len))
		return -EILSEQ;
	seki_arena_init(&arena, MEMORY_LIMIT);
	if (setjmp(arena.full)) {
		seki_arena_exit(&arena);
		return -ENOMEM;
	}
	seki_diags_init(&diags, &arena);
	seki_fmt_items(
		&diags,
		seki_source_make(&arena, name, seki_arena_dup(&arena, text, len), (uint32_t)len),
		&items);
	good = diags.errors == 0;
	if (good)
		seki_fmt_layout(&items, &buf);
	else
		seki_diags_render(&diags, false, &buf);
	*out = strndup(buf.len ? buf.data : "", buf.len);
	seki_arena_exit(&arena);
	if (!*out)
		return -ENOMEM;
	return good ? 0 : -EINVAL;
}
