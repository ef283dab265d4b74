/* SPDX-License-Identifier: Apache-2.0 */
/* Source text with a map from offsets to lines and columns. */
#ifndef SEKI_FRONT_SOURCE_H
#define SEKI_FRONT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "compiler/front/arena.h"

#define SEKI_SOURCE_MAX ((size_t)16 << 20)

/* A range of bytes of a source. */
struct seki_span {
	const struct seki_source *src; /* NULL: there is no place */
	uint32_t off;
	uint32_t len;
};

/* What a #line says of the lines from `first` on. */
struct seki_line_mark {
	uint32_t first; /* as they are counted in the file */
	uint32_t line;
	const char *name;
};

struct seki_source {
	const char *name; /* as the person gave it, or as the #include said */
	const char *text; /* NUL-terminated */
	uint32_t len;
	uint32_t nlines;
	const uint32_t *lines;	   /* offset of the start of each line */
	struct seki_span included; /* the #include that brought it */
	struct seki_line_mark *marks;
	uint32_t n_marks, marks_room;
};

/* Lines and columns count from 1; a column is a byte. */
struct seki_place {
	uint32_t line;
	uint32_t col;
};

/* `text` must outlive the arena; name is copied. */
struct seki_source *seki_source_make(struct seki_arena *arena, const char *name, const char *text,
				     uint32_t len);

/* Reads a file. 0 or a negative errno: -EFBIG above SEKI_SOURCE_MAX. */
int seki_source_read(struct seki_arena *arena, const char *path, struct seki_source **out);

struct seki_place seki_source_place(const struct seki_source *src, uint32_t off);

/* From line `first` on, which no earlier mark is behind, lines are those of `name` from `line` on. */
void seki_source_mark(struct seki_arena *arena, struct seki_source *src, uint32_t first,
		      uint32_t line, const char *name);

/* The place, and in *name the file, that a person is told: what #line says. */
struct seki_place seki_source_told(const struct seki_source *src, uint32_t off, const char **name);

/*
 * Behind the ends of lines after a backslash at an offset: they join the lines, also within a token. As
 * in C compilers, white space may be between.
 */
uint32_t seki_source_skip_joins(const struct seki_source *src, uint32_t off);

/* A copy of the bytes of a span, without what joins lines. */
char *seki_source_spelled(struct seki_arena *arena, struct seki_span at);

/* The bytes of a line (1 ...), without its end. */
struct seki_span seki_source_line(const struct seki_source *src, uint32_t line);

#endif
