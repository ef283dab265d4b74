/* SPDX-License-Identifier: Apache-2.0 */
/* Source text and its line map: see source.h. */
#include "compiler/front/source.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void map_lines(struct seki_arena *arena, struct seki_source *src)
{
	uint32_t n = 1, at = 0;
	uint32_t *lines;

	for (uint32_t i = 0; i < src->len; i++)
		n += src->text[i] == '\n';
	lines = seki_arena_alloc(arena, n * sizeof(*lines));
	for (uint32_t i = 0; i < src->len; i++)
		if (src->text[i] == '\n')
			lines[++at] = i + 1;
	src->lines = lines;
	src->nlines = n;
}

struct seki_source *seki_source_make(struct seki_arena *arena, const char *name, const char *text,
				     uint32_t len)
{
	struct seki_source *src = seki_arena_new(arena, struct seki_source);

	src->name = seki_arena_dup(arena, name, strlen(name));
	src->text = text;
	src->len = len;
	map_lines(arena, src);
	return src;
}

static int read_all(FILE *file, struct seki_arena *arena, char **text, size_t *len)
{
	size_t room = (size_t)64 << 10;
	size_t used = 0, n;
	char *data = seki_arena_alloc(arena, room + 1);

	while ((n = fread(data + used, 1, room - used, file)) > 0) {
		used += n;
		if (used > SEKI_SOURCE_MAX)
			return -EFBIG;
		if (used == room) {
			char *more = seki_arena_alloc(arena, room * 2 + 1);

			memcpy(more, data, used);
			data = more;
			room *= 2;
		}
	}
	if (ferror(file))
		return -EIO;
	data[used] = '\0';
	*text = data;
	*len = used;
	return 0;
}

int seki_source_read(struct seki_arena *arena, const char *path, struct seki_source **out)
{
	FILE *file = fopen(path, "re");
	size_t len;
	char *text;
	int err;

	if (!file)
		return -errno;
	err = read_all(file, arena, &text, &len);
	fclose(file);
	if (err)
		return err;
	*out = seki_source_make(arena, path, text, (uint32_t)len);
	return 0;
}

struct seki_place seki_source_place(const struct seki_source *src, uint32_t off)
{
	uint32_t lo = 0, hi = src->nlines;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (src->lines[mid] <= off)
			lo = mid;
		else
			hi = mid;
	}
	return (struct seki_place){.line = lo + 1, .col = off - src->lines[lo] + 1};
}

void seki_source_mark(struct seki_arena *arena, struct seki_source *src, uint32_t first,
		      uint32_t line, const char *name)
{
	if (src->n_marks == src->marks_room) {
		struct seki_line_mark *old = src->marks;

		src->marks_room = old ? 2 * src->marks_room : 16;
		src->marks = seki_arena_alloc(arena, src->marks_room * sizeof(*src->marks));
		if (old)
			memcpy(src->marks, old, src->n_marks * sizeof(*old));
	}
	src->marks[src->n_marks++] =
		(struct seki_line_mark){.first = first, .line = line, .name = name};
}

struct seki_place seki_source_told(const struct seki_source *src, uint32_t off, const char **name)
{
	struct seki_place place = seki_source_place(src, off);
	uint32_t lo = 0, hi = src->n_marks;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (src->marks[mid].first <= place.line)
			lo = mid + 1;
		else
			hi = mid;
	}
	*name = src->name;
	if (lo) {
		place.line = src->marks[lo - 1].line + (place.line - src->marks[lo - 1].first);
		*name = src->marks[lo - 1].name;
	}
	return place;
}

uint32_t seki_source_skip_joins(const struct seki_source *src, uint32_t off)
{
	while (src->text[off] == '\\') {
		uint32_t at = off + 1;

		while (src->text[at] == ' ' || src->text[at] == '\t' || src->text[at] == '\r')
			at++;
		if (src->text[at] != '\n')
			break;
		off = at + 1;
	}
	return off;
}

char *seki_source_spelled(struct seki_arena *arena, struct seki_span at)
{
	char *text = seki_arena_alloc(arena, (size_t)at.len + 1);
	uint32_t end = at.off + at.len, n = 0;

	for (uint32_t i = seki_source_skip_joins(at.src, at.off); i < end;
	     i = seki_source_skip_joins(at.src, i + 1))
		text[n++] = at.src->text[i];
	return text;
}

struct seki_span seki_source_line(const struct seki_source *src, uint32_t line)
{
	uint32_t start = src->lines[line - 1];
	uint32_t end = line < src->nlines ? src->lines[line] - 1 : src->len;

	if (end > start && src->text[end - 1] == '\r')
		end--;
	return (struct seki_span){.src = src, .off = start, .len = end - start};
}
