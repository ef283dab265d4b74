/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a compilation: see arena.h. */
#include "compiler/front/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)64 << 10)
#define ALIGN	    ((size_t)16)

struct seki_arena_block {
	struct seki_arena_block *next;
	size_t size;
	size_t used;
	_Alignas(16) char data[];
};

void seki_arena_init(struct seki_arena *arena, size_t limit)
{
	arena->head = NULL;
	arena->total = 0;
	arena->limit = limit;
}

void seki_arena_exit(struct seki_arena *arena)
{
	struct seki_arena_block *block = arena->head;

	while (block) {
		struct seki_arena_block *next = block->next;

		free(block);
		block = next;
	}
	arena->head = NULL;
}

static struct seki_arena_block *add_block(struct seki_arena *arena, size_t size)
{
	struct seki_arena_block *block;

	if (size < BLOCK_BYTES)
		size = BLOCK_BYTES;
	if (size > arena->limit - arena->total)
		longjmp(arena->full, 1);
	block = calloc(1, sizeof(*block) + size);
	if (!block)
		longjmp(arena->full, 1);
	block->next = arena->head;
	block->size = size;
	arena->head = block;
	arena->total += size;
	return block;
}

void *seki_arena_alloc(struct seki_arena *arena, size_t size)
{
	struct seki_arena_block *block = arena->head;
	void *mem;

	if (size > SIZE_MAX / 2)
		longjmp(arena->full, 1);
	size = (size + ALIGN - 1) & ~(ALIGN - 1);
	if (!block || size > block->size - block->used)
		block = add_block(arena, size);
	mem = block->data + block->used;
	block->used += size;
	return mem;
}

char *seki_arena_dup(struct seki_arena *arena, const char *s, size_t len)
{
	char *copy = seki_arena_alloc(arena, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *seki_arena_vprintf(struct seki_arena *arena, const char *fmt, va_list ap)
{
	va_list again;
	char *s;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		n = 0;
	s = seki_arena_alloc(arena, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	return s;
}

char *seki_arena_printf(struct seki_arena *arena, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = seki_arena_vprintf(arena, fmt, ap);
	va_end(ap);
	return s;
}
