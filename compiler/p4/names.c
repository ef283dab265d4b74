/* SPDX-License-Identifier: Apache-2.0 */
/* Maps from names: see names.h. Open addressing; at most three quarters are in use. */
#include "compiler/p4/names.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static uint32_t hash_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h ^ h >> 15;
}

/* The place of a name, or the free one where it would be. */
static struct p4_entry *slot_of(const struct p4_names *names, const char *name, uint32_t hash)
{
	uint32_t i = hash & (names->size - 1);

	while (names->slots[i].name &&
	       (names->slots[i].hash != hash || strcmp(names->slots[i].name, name) != 0))
		i = (i + 1) & (names->size - 1);
	return &names->slots[i];
}

static void grow(struct p4_names *names, struct seki_arena *arena)
{
	struct p4_names old = *names;

	names->size = old.size ? old.size * 2 : 8;
	names->slots = seki_arena_alloc(arena, names->size * sizeof(*names->slots));
	for (uint32_t i = 0; i < old.size; i++)
		if (old.slots[i].name)
			*slot_of(names, old.slots[i].name, old.slots[i].hash) = old.slots[i];
}

void *seki_names_find(const struct p4_names *names, const char *name)
{
	return names->size ? slot_of(names, name, hash_of(name))->value : NULL;
}

void *seki_names_add(struct p4_names *names, struct seki_arena *arena, const char *name,
		     void *value)
{
	uint32_t hash = hash_of(name);
	struct p4_entry *slot;

	if (4 * (names->n + 1) > 3 * names->size)
		grow(names, arena);
	slot = slot_of(names, name, hash);
	if (slot->name)
		return slot->value;
	*slot = (struct p4_entry){name, value, hash};
	names->n++;
	return NULL;
}
