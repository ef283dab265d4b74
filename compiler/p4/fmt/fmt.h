/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical layout of P4 source. It works on the tokens as they are written, before the
 * preprocessor, so that files with macros and #if can be laid out; comments and directives stay
 * where they are between the tokens. The files: items.c cuts a text into tokens, comments and
 * directives, space.c says what is between two tokens of a line, layout.c makes the lines.
 */
#ifndef SEKI_P4_FMT_H
#define SEKI_P4_FMT_H

#include <stddef.h>

/*
 * 0 and the text laid out in *out, which is the caller's to free; -EINVAL and in *out what is wrong
 * with it: it has no tokens that could be laid out; -ENOMEM, -EFBIG, -EILSEQ (a byte of 0) and *out is NULL.
 */
int seki_p4_fmt(const char *name, const char *text, size_t len, char **out);

#endif
