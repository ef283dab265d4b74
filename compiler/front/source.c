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

struct seki_span seki_source_line(const struct seki_source *src, uint32_t line)
{
	uint32_t start = src->lines[line - 1];
	uint32_t end = line < src->nlines ? src->lines[line] - 1 : src->len;

	if (end > start && src->text[end - 1] == '\r')
		end--;
	return (struct seki_span){.src = src, .off = start, .len = end - start};
}
