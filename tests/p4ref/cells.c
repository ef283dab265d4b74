/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sekisho.p4's counters, meters and digests keep from packet to packet, for control planes to see, and
 * action profiles and selectors (docs/p4.md says what they do; RFC 2698, section 4, what meters do).
 */
#include "tests/p4ref/ref.h"

#include <string.h>

#define NANO	     1000000000u
#define BURST_MAX    ((uint64_t)1 << 34)
#define PACKETS_ONLY 0u /* PSA_CounterType_t and PSA_MeterType_t */
#define BYTES_ONLY   1u

enum { RED, GREEN, YELLOW }; /* PSA_MeterColor_t */

struct ref_cell {
	struct ref_cell *next;
	const struct ref_obj *of; /* of an entry's: which direct counter or meter */
	uint64_t index;
	uint64_t packets, bytes;
	bool is_set;		   /* a meter's rates */
	uint64_t rate[2], size[2]; /* committed, peak */
	uint64_t tokens[2], time;  /* tokens in 10^-9 */
};

struct ref_record {
	struct ref_record *next;
	struct ref_bits bits;
};

struct ref_group {
	struct ref_group *next;
	uint32_t number, n;
	uint32_t members[SEKI_GROUP_MEMBERS];
};

/* ---- cells ---- */

static struct ref_cell *get_cell(struct ref *r, struct ref_cell **list, const struct ref_obj *of,
				 uint64_t index)
{
	struct ref_cell *c = *list;

	while (c && (c->of != of || c->index != index))
		c = c->next;
	if (c)
		return c;
	c = seki_arena_new(&r->keep, struct ref_cell);
	c->of = of;
	c->index = index;
	c->next = *list;
	*list = c;
	return c;
}

/* NULL: the index is out of range. */
static struct ref_cell *cell_of(struct ref *r, struct ref_obj *obj, const struct p4_expr *call)
{
	struct ref_val *index;

	if (strncmp(obj->type->decl->name, "Direct", strlen("Direct")) == 0) {
		if (!r->entry)
			ref_unable(call->tok, "a direct counter or meter outside of its table");
		return get_cell(r, &r->entry->cells, obj, 0);
	}
	index = ref_eval(r, call->bound[0]);
	if (mpz_sgn(index->num) < 0 || mpz_cmp_ui(index->num, obj->max) >= 0)
		return NULL;
	return get_cell(r, &obj->cells, NULL, mpz_get_ui(index->num));
}

struct ref_val *ref_count(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = ref_object(r, call->a->a);
	struct ref_cell *cell = cell_of(r, obj, call);

	if (cell && obj->unit != BYTES_ONLY)
		cell->packets++;
	if (cell && obj->unit != PACKETS_ONLY)
		cell->bytes += r->packet.len / 8;
	return ref_make(r, call->type);
}

/* ---- meters ---- */

static void refill(struct ref_cell *cell, uint64_t elapsed, int bucket)
{
	uint64_t full = cell->size[bucket] * NANO;
	unsigned __int128 sum = (unsigned __int128)cell->rate[bucket] * elapsed +
				cell->tokens[bucket];

	cell->tokens[bucket] = sum > full ? full : (uint64_t)sum;
}

/* Section 4.1: the bucket P decides on red, C on yellow. */
static uint32_t police(struct ref_cell *cell, uint64_t now, uint64_t amount, uint32_t color)
{
	uint64_t elapsed = now > cell->time ? now - cell->time : 0;

	for (int i = 0; i < 2; i++)
		refill(cell, elapsed, i);
	cell->time = now;
	if (cell->tokens[1] < amount * NANO)
		return RED;
	cell->tokens[1] -= amount * NANO;
	if (color == YELLOW || cell->tokens[0] < amount * NANO)
		return YELLOW;
	cell->tokens[0] -= amount * NANO;
	return GREEN;
}

struct ref_val *ref_meter(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = ref_object(r, call->a->a);
	bool is_direct = strcmp(obj->type->decl->name, "DirectMeter") == 0;
	const struct p4_expr *given = call->bound[0];
	struct ref_cell *cell = cell_of(r, obj, call);
	uint32_t color = GREEN;

	if (!is_direct && given)
		given = call->callee->params->next ? call->bound[1] : NULL;
	if (is_direct && !call->callee->params)
		given = NULL;
	if (given)
		color = (uint32_t)mpz_get_ui(ref_eval(r, given)->num);
	if (cell && cell->is_set && color != RED)
		color = police(cell, r->time, obj->unit == BYTES_ONLY ? r->packet.len / 8 : 1,
			       color);
	return ref_number(r, ref_type(r, call->type), color);
}

/* ---- digests ---- */

/* Bytes of its type in C: the smallest that holds it, or an array of uint64_t. */
static uint32_t c_size(uint32_t width)
{
	uint32_t n = 1;

	if (width > 64)
		return (width + 63) / 64 * 8;
	while (8 * n < width)
		n *= 2;
	return n;
}

static void put_byte(struct ref *r, struct ref_bits *bits, uint64_t byte)
{
	mpz_t x;

	mpz_init_set_ui(x, byte & 0xff);
	ref_put_bits(r, bits, x, 8);
}

/* As a member of a struct of C. */
static void put_number(struct ref *r, struct ref_bits *bits, const mpz_t num, uint32_t width,
		       uint32_t *align)
{
	uint32_t size = c_size(width), own = size < 8 ? size : 8;
	mpz_t x;

	while (bits->len / 8 % own)
		put_byte(r, bits, 0);
	*align = own > *align ? own : *align;
	mpz_init_set(x, num);
	for (uint32_t i = 0; i < size; i++, mpz_fdiv_q_2exp(x, x, 8))
		put_byte(r, bits, mpz_get_ui(x));
}

static void put_members(struct ref *r, struct ref_bits *bits, const struct ref_val *v,
			uint32_t *align)
{
	const struct p4_type *base = seki_type_base(v->type);
	mpz_t x;

	for (uint32_t i = 0; i < v->n; i++)
		put_members(r, bits, &v->part[i], align);
	mpz_init(x);
	if (base->kind == P4_T_HEADER) {
		mpz_set_ui(x, v->valid);
		put_number(r, bits, x, 1, align);
	} else if (!v->n && (base->kind == P4_T_BOOL || seki_type_is_fixed(base))) {
		ref_unsigned(x, v);
		put_number(r, bits, x, ref_width(v->type), align);
	} else if (!v->n) {
		put_number(r, bits, v->num, 32, align);
	}
}

struct ref_val *ref_digest(struct ref *r, const struct p4_expr *call)
{
	struct ref_obj *obj = ref_object(r, call->a->a);
	struct ref_val *data = ref_make(r, ref_type(r, obj->type->args[0]));
	struct ref_record *record, **end = &obj->records;
	uint32_t n = 0, align = 8;

	ref_copy(data, ref_eval(r, call->bound[0]));
	for (; *end; end = &(*end)->next)
		n++;
	if (n == obj->max)
		return ref_make(r, call->type);
	ref_memory(r, &r->keep);
	record = seki_arena_new(r->arena, struct ref_record);
	obj->packed++;
	for (uint32_t i = 0; i < 8; i++)
		put_byte(r, &record->bits, obj->packed >> 8 * i);
	put_members(r, &record->bits, data, &align);
	while (record->bits.len / 8 % align)
		put_byte(r, &record->bits, 0);
	*end = record;
	ref_memory(r, &r->scratch);
	return ref_make(r, call->type);
}

/* ---- action profiles ---- */

static struct ref_entry *find_member(const struct ref_obj *profile, uint32_t number)
{
	struct ref_entry *e = profile->entries;

	while (e && e->priority != number)
		e = e->next;
	return e;
}

static const struct ref_group *find_group(const struct ref_obj *selector, uint32_t number)
{
	const struct ref_group *g = selector->groups;

	while (g && g->number != number)
		g = g->next;
	return g;
}

struct ref_entry *ref_chosen(struct ref *r, const struct ref_obj *table,
			     const struct ref_entry *entry, struct ref_val *const *keys)
{
	const struct ref_obj *profile = table->other;
	const struct ref_group *group;
	struct ref_bits bits = {0};
	uint64_t hash;
	uint32_t i = 0;

	if (!entry->group)
		return find_member(profile, entry->member);
	group = find_group(profile, entry->group);
	if (!group)
		return NULL;
	for (const struct p4_key *k = table->decl->table->keys; k; k = k->next, i++)
		if (strcmp(k->match, "selector") == 0)
			ref_pack(r, &bits, keys[i], false);
	hash = ref_hash_of(&bits, profile->algorithm);
	if (profile->width < 64)
		hash &= ((uint64_t)1 << profile->width) - 1;
	return find_member(profile, group->members[hash % group->n]);
}

/* ---- the control plane ---- */

static bool is_of(const struct ref_obj *obj, const char *a, const char *b)
{
	return obj->type->kind == P4_T_EXTERN &&
	       (strcmp(obj->type->decl->name, a) == 0 || strcmp(obj->type->decl->name, b) == 0);
}

static struct ref_obj *find_object(struct ref *r, const char *name, const char *a, const char *b)
{
	struct ref_obj *obj = r->objects;

	while (obj &&
	       (!obj->decl || !obj->type || strcmp(obj->name, name) != 0 || !is_of(obj, a, b)))
		obj = obj->next;
	return obj;
}

struct ref_obj *ref_profile(struct ref *r, const char *name)
{
	return find_object(r, name, "ActionProfile", "ActionSelector");
}

bool ref_set_group(struct ref *r, const char *name, uint32_t number, const uint32_t *members,
		   uint32_t n)
{
	struct ref_obj *obj = ref_profile(r, name);
	struct ref_group *g;

	if (!obj || !n || n > SEKI_GROUP_MEMBERS)
		return false;
	g = seki_arena_new(&r->keep, struct ref_group);
	g->number = number;
	g->n = n;
	memcpy(g->members, members, n * sizeof(*members));
	g->next = obj->groups;
	obj->groups = g;
	return true;
}

bool ref_set_meter(struct ref *r, const char *name, uint64_t index, const uint64_t rates[4])
{
	struct ref_obj *obj = find_object(r, name, "Meter", "Meter");
	struct ref_cell *cell;

	if (!obj || index >= obj->max)
		return false;
	cell = get_cell(r, &obj->cells, NULL, index);
	for (int i = 0; i < 2; i++) {
		uint64_t size = rates[2 * i + 1];

		cell->rate[i] = rates[2 * i];
		cell->size[i] = size > BURST_MAX ? BURST_MAX : size;
		cell->tokens[i] = cell->size[i] * NANO;
	}
	cell->time = 0;
	cell->is_set = true;
	return true;
}

bool ref_counter(struct ref *r, const char *name, uint64_t index, uint64_t out[2])
{
	struct ref_obj *obj = find_object(r, name, "Counter", "Counter");
	struct ref_cell *cell;

	if (!obj || index >= obj->max)
		return false;
	cell = get_cell(r, &obj->cells, NULL, index);
	out[0] = cell->packets;
	out[1] = cell->bytes;
	return true;
}

bool ref_next_record(struct ref *r, const char *name, const struct ref_bits **out)
{
	struct ref_obj *obj = find_object(r, name, "Digest", "Digest");

	if (!obj)
		return false;
	*out = obj->records ? &obj->records->bits : NULL;
	if (obj->records)
		obj->records = obj->records->next;
	return true;
}
