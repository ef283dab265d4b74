/* SPDX-License-Identifier: Apache-2.0 */
/* A map from names to what they stand for, by hash: of scopes, fields, arguments ... */
#ifndef SEKI_P4_NAMES_H
#define SEKI_P4_NAMES_H

#include "compiler/front/arena.h"

#include <stdint.h>

struct p4_entry {
	const char *name; /* NULL: a free place */
	void *value;
	uint32_t hash;
};

/* Empty when zeroed. */
struct p4_names {
	struct p4_entry *slots;
	uint32_t size; /* a power of two, or 0 */
	uint32_t n;
};

void *seki_names_find(const struct p4_names *names, const char *name);

/* NULL, and the name has the value now; or the value that it has already. */
void *seki_names_add(struct p4_names *names, struct seki_arena *arena, const char *name,
		     void *value);

#endif
