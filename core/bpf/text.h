/* SPDX-License-Identifier: Apache-2.0 */
/* Text into the caller's buffer, without libc. It is always NUL-terminated and cut where full. */
#ifndef SEKI_CORE_BPF_TEXT_H
#define SEKI_CORE_BPF_TEXT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

struct seki_text {
	char *buf;
	size_t size; /* at least 1 */
	size_t len;
};

static inline struct seki_text seki_text_on(char *buf, size_t size)
{
	buf[0] = '\0';
	return (struct seki_text){buf, size, 0};
}

/*
 * Appends: %s string, %d int64_t, %u uint64_t, %x uint64_t as 0x..., %+ int64_t with its sign
 * always, %% one percent sign. No widths. Callers cast the arguments to these very types.
 */
void seki_text_add(struct seki_text *text, const char *format, ...);
void seki_text_add_args(struct seki_text *text, const char *format, va_list args);

#endif
