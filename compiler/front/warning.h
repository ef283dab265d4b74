/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of warnings, by the names that -W takes. */
#ifndef SEKI_FRONT_WARNING_H
#define SEKI_FRONT_WARNING_H

#include <stdint.h>

enum seki_warning {
	SEKI_WARN_CPP,	    /* #warning */
	SEKI_WARN_OVERFLOW, /* a number that does not fit its type */
	SEKI_WARN_UNUSED,
	SEKI_WARN_UNREACHABLE,
	SEKI_WARN_SHADOW,
	SEKI_WARN_INVALID_HEADER,
	SEKI_WARN_UNINITIALIZED,
	SEKI_WARN_NOT_APPLIED, /* a table */
	SEKI_WARN_NO_EFFECT,
	SEKI_WARN_CONSTANT_CONDITION,
	SEKI_WARN_SHIFT,
	SEKI_WARN_PREFIX, /* written as a division */
	SEKI_WARN_MISSING_EMIT,
	SEKI_WARN_NEVER_VALID, /* what is emitted */
	SEKI_WARN_ANNOTATION,
	SEKI_WARN_DEPRECATED,
	SEKI_WARN_ATOMIC,
	SEKI_WARN_DUPLICATE_PRIORITIES,
	SEKI_WARN_ENTRIES_OUT_OF_PRIORITY_ORDER,
	SEKI_WARNINGS,
};

const char *seki_warning_name(enum seki_warning warning);

/* SEKI_WARNINGS where there is none of that name. */
enum seki_warning seki_warning_find(const char *name);

/* A set of them. */
#define SEKI_WARNING_BIT(w) (UINT32_C(1) << (w))

#endif
