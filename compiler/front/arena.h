/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one memory of a compilation: blocks that are filled from the front and all freed at the end.
 * Allocation does not fail: where the limit is reached, it jumps to `full`, which whoever owns the
 * arena sets with setjmp() right after seki_arena_init().
 */
#ifndef SEKI_FRONT_ARENA_H
#define SEKI_FRONT_ARENA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

struct seki_arena_block;

struct seki_arena {
	struct seki_arena_block *head;
	size_t total; /* bytes taken from malloc() */
	size_t limit;
	jmp_buf full;
};

void seki_arena_init(struct seki_arena *arena, size_t limit);
void seki_arena_exit(struct seki_arena *arena);

/* Zeroed, aligned for any type, valid until seki_arena_exit(). */
void *seki_arena_alloc(struct seki_arena *arena, size_t size);

/* A NUL-terminated copy of s[0 .. len). */
char *seki_arena_dup(struct seki_arena *arena, const char *s, size_t len);

__attribute__((format(printf, 2, 3))) char *seki_arena_printf(struct seki_arena *arena,
							      const char *fmt, ...);
__attribute__((format(printf, 2, 0), nonnull)) char *seki_arena_vprintf(struct seki_arena *arena,
									const char *fmt,
									va_list ap);

#define seki_arena_new(arena, type) ((type *)seki_arena_alloc((arena), sizeof(type)))

#endif
