/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kinds of errors, by codes that stay: P4001 and so on, for editors, for searches, and for
 * `sekisho p4 check --explain`. Warnings have the names of -W instead.
 */
#ifndef SEKI_FRONT_CODE_H
#define SEKI_FRONT_CODE_H

#include <stdbool.h>

/* Of an error, by the format of its message; NULL where there is none. */
const char *seki_code_find(const char *fmt, bool unsupported);

/* What the code is about, or NULL. */
const char *seki_code_explain(const char *code);

#endif
