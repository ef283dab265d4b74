/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of paths: see flow.h. */
#include <string.h>

#include "compiler/p4/lint/flow.h"

static bool has(const uint64_t *set, uint32_t slot)
{
	return set[slot / 64] >> (slot % 64) & 1;
}

static void put(uint64_t *set, uint32_t slot, bool on)
{
	uint64_t bit = UINT64_C(1) << (slot % 64);

	set[slot / 64] = on ? set[slot / 64] | bit : set[slot / 64] & ~bit;
}

struct paths *seki_paths_none(struct flow *f)
{
	struct paths *p;

	if (!f->budget) {
		f->spare->n = 0;
		return f->spare;
	}
	p = seki_arena_new(f->lint->arena, struct paths);
	p->of = seki_arena_alloc(f->lint->arena, FLOW_PATHS * sizeof(*p->of));
	f->budget--;
	return p;
}

struct paths *seki_paths_one(struct flow *f)
{
	struct paths *p = seki_paths_none(f);

	p->n = 1;
	return p;
}

struct paths *seki_paths_copy(struct flow *f, const struct paths *from)
{
	struct paths *p = seki_paths_none(f);

	p->n = from->n;
	memmove(p->of, from->of, from->n * sizeof(*p->of));
	return p;
}

/* Too many: what is the same on all of them is still known. */
static void merge(struct paths *p, const struct path *more)
{
	for (uint32_t w = 0; w < FLOW_WORDS; w++) {
		uint64_t yes = more->yes[w], no = more->no[w];

		for (uint32_t i = 0; i < p->n; i++) {
			yes &= p->of[i].yes[w];
			no &= p->of[i].no[w];
		}
		p->of[0].yes[w] = yes;
		p->of[0].no[w] = no;
	}
	p->n = 1;
}

static bool add(struct paths *p, const struct path *path)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (memcmp(&p->of[i], path, sizeof(*path)) == 0)
			return false;
	if (p->n == FLOW_PATHS)
		merge(p, path);
	else
		p->of[p->n++] = *path;
	return true;
}

bool seki_paths_join(struct flow *f, struct paths *to, const struct paths *from)
{
	bool changed = false;

	(void)f;
	for (uint32_t i = 0; i < from->n; i++)
		changed |= add(to, &from->of[i]);
	return changed;
}

void seki_paths_set(struct paths *p, uint32_t slot, enum known known)
{
	if (slot == NO_SLOT)
		return;
	for (uint32_t i = 0; i < p->n; i++) {
		put(p->of[i].yes, slot, known == KNOWN_YES);
		put(p->of[i].no, slot, known == KNOWN_NO);
	}
}

void seki_paths_set_place(struct paths *p, const struct place *place, enum known headers,
			  enum known scalars)
{
	seki_paths_set(p, place->slot, place->header ? headers : scalars);
	for (const struct place *part = place->parts; part; part = part->next)
		seki_paths_set_place(p, part, headers, scalars);
}

void seki_paths_copy_place(struct paths *p, const struct place *to, const struct place *from)
{
	const struct place *a = to->parts, *b = from->parts;

	if (to->slot != NO_SLOT && from->slot != NO_SLOT) {
		for (uint32_t i = 0; i < p->n; i++) {
			put(p->of[i].yes, to->slot, has(p->of[i].yes, from->slot));
			put(p->of[i].no, to->slot, has(p->of[i].no, from->slot));
		}
	} else {
		seki_paths_set(p, to->slot, KNOWN_NOT);
	}
	for (; a && b; a = a->next, b = b->next)
		seki_paths_copy_place(p, a, b);
}

void seki_paths_assume(struct paths *p, uint32_t slot, enum known known)
{
	uint32_t n = 0;

	if (slot == NO_SLOT)
		return;
	for (uint32_t i = 0; i < p->n; i++)
		if (!has(known == KNOWN_YES ? p->of[i].no : p->of[i].yes, slot))
			p->of[n++] = p->of[i];
	p->n = n;
	seki_paths_set(p, slot, known);
}

void seki_paths_set_header(struct paths *p, const struct place *header, enum known known)
{
	const struct place *other = header->around ? header->around->parts : NULL;

	for (; other; other = other->next)
		seki_paths_set(p, other->slot, known == KNOWN_NOT ? KNOWN_NOT : KNOWN_NO);
	seki_paths_set(p, header->slot, known);
}

/* None of the union's headers is valid on the path. */
static bool is_empty(const struct path *path, const struct place *of)
{
	for (const struct place *m = of->parts; m; m = m->next)
		if (m->slot == NO_SLOT || !has(path->no, m->slot))
			return false;
	return true;
}

void seki_paths_assume_valid(struct paths *p, const struct place *place, bool valid)
{
	const struct place *m = place->header && place->around ? place->around->parts
							       : place->parts;
	uint32_t n = 0;

	for (; m && (place->header ? valid : !valid); m = m->next)
		if (m != place)
			seki_paths_assume(p, m->slot, KNOWN_NO);
	if (place->header) {
		seki_paths_assume(p, place->slot, valid ? KNOWN_YES : KNOWN_NO);
		return;
	}
	for (uint32_t i = 0; i < p->n && valid; i++)
		if (!is_empty(&p->of[i], place))
			p->of[n++] = p->of[i];
	p->n = valid ? n : p->n;
}

uint32_t seki_paths_count_no(const struct paths *p, uint32_t slot)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n && slot != NO_SLOT; i++)
		n += has(p->of[i].no, slot);
	return n;
}

void seki_paths_soften(struct paths *p)
{
	for (uint32_t w = 0; w < FLOW_WORDS; w++) {
		uint64_t all = ~UINT64_C(0);

		for (uint32_t i = 0; i < p->n; i++)
			all &= p->of[i].no[w];
		for (uint32_t i = 0; i < p->n; i++)
			p->of[i].no[w] &= all;
	}
}
