/* SPDX-License-Identifier: Apache-2.0 */
/* Values: making, copying, comparing them, and their bits in a packet. */
#include "tests/p4ref/ref.h"

#include <string.h>

/* GMP gives its allocation functions no context. */
static struct seki_arena *memory;

static void *gmp_new(size_t size)
{
	return seki_arena_alloc(memory, size);
}

static void *gmp_grow(void *p, size_t old, size_t size)
{
	void *q = seki_arena_alloc(memory, size);

	memcpy(q, p, old < size ? old : size);
	return q;
}

static void gmp_free(void *p, size_t size)
{
	(void)p;
	(void)size;
}

void ref_memory(struct ref *r, struct seki_arena *arena)
{
	mp_set_memory_functions(gmp_new, gmp_grow, gmp_free);
	memory = arena;
	r->arena = arena;
}

/* ---- types ---- */

static bool is_fields(const struct p4_type *type)
{
	return seki_type_is_struct_like(type);
}

static uint32_t n_parts(const struct p4_type *type)
{
	if (is_fields(type))
		return seki_decl_count(type->decl->members);
	if (type->kind == P4_T_STACK)
		return type->width;
	if (type->kind == P4_T_TUPLE || type->kind == P4_T_RECORD)
		return type->n_args;
	return 0;
}

static const struct p4_type *part_type(struct ref *r, const struct p4_type *type, uint32_t i)
{
	const struct p4_decl *f;

	if (type->kind == P4_T_STACK)
		return type->elem;
	if (!is_fields(type))
		return type->args[i];
	for (f = type->decl->members; i; i--)
		f = f->next;
	return seki_type_field(r->arena, type, f);
}

uint32_t ref_width(const struct p4_type *type)
{
	type = seki_type_base(type);
	switch (type->kind) {
	case P4_T_BOOL:
		return 1;
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
		return type->width;
	default:
		return 32; /* enum, error */
	}
}

/* ---- making and copying ---- */

static void init(struct ref *r, struct ref_val *v, const struct p4_type *type)
{
	v->type = type;
	mpz_init(v->num);
	v->n = n_parts(type);
	v->part = seki_arena_alloc(r->arena, (v->n + 1) * sizeof(*v->part));
	for (uint32_t i = 0; i < v->n; i++)
		init(r, &v->part[i], part_type(r, type, i));
}

struct ref_val *ref_make(struct ref *r, const struct p4_type *type)
{
	struct ref_val *v = seki_arena_new(r->arena, struct ref_val);

	init(r, v, type);
	return v;
}

struct ref_val *ref_number(struct ref *r, const struct p4_type *type, uint64_t num)
{
	struct ref_val *v = ref_make(r, type);

	mpz_set_ui(v->num, num);
	return v;
}

void ref_copy(struct ref_val *to, const struct ref_val *from)
{
	mpz_set(to->num, from->num);
	to->bits = from->bits;
	to->next = from->next;
	to->valid = from->valid;
	for (uint32_t i = 0; i < to->n && i < from->n; i++)
		ref_copy(&to->part[i], &from->part[i]);
}

static void copy_new(struct ref *r, struct ref_val *to, const struct ref_val *from)
{
	*to = *from;
	mpz_init_set(to->num, from->num);
	to->part = seki_arena_alloc(r->arena, (to->n + 1) * sizeof(*to->part));
	for (uint32_t i = 0; i < to->n; i++)
		copy_new(r, &to->part[i], &from->part[i]);
}

struct ref_val *ref_clone(struct ref *r, const struct ref_val *v)
{
	struct ref_val *copy = seki_arena_new(r->arena, struct ref_val);

	copy_new(r, copy, v);
	return copy;
}

void ref_clear(struct ref_val *v)
{
	mpz_set_ui(v->num, 0);
	v->bits = 0;
	v->next = 0;
	v->valid = false;
	for (uint32_t i = 0; i < v->n; i++)
		ref_clear(&v->part[i]);
}

bool ref_is_valid(const struct ref_val *v)
{
	if (v->type->kind == P4_T_HEADER)
		return v->valid;
	for (uint32_t i = 0; i < v->n; i++)
		if (v->part[i].valid)
			return true;
	return false;
}

bool ref_equal(const struct ref_val *a, const struct ref_val *b)
{
	if (a->valid != b->valid || a->bits != b->bits || mpz_cmp(a->num, b->num) != 0 ||
	    a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!ref_equal(&a->part[i], &b->part[i]))
			return false;
	return true;
}

/* ---- numbers ---- */

void ref_from_num(mpz_t out, const struct p4_num *num)
{
	mpz_set_ui(out, 0);
	for (uint32_t i = 0; i < seki_num_size(num); i++) {
		const uint64_t *limbs = num->n > 1 ? num->limbs : &num->limb;

		if (limbs[i / 64] >> i % 64 & 1)
			mpz_setbit(out, i);
	}
	if (num->neg)
		mpz_neg(out, out);
}

void ref_wrap(mpz_t num, const struct p4_type *type)
{
	type = seki_type_base(type);
	if (type->kind == P4_T_BOOL)
		mpz_set_ui(num, mpz_sgn(num) != 0);
	if (!seki_type_is_fixed(type))
		return;
	mpz_fdiv_r_2exp(num, num, type->width);
	if (type->kind == P4_T_SIGNED && type->width && mpz_tstbit(num, type->width - 1)) {
		mpz_t top;

		mpz_init(top);
		mpz_setbit(top, type->width);
		mpz_sub(num, num, top);
	}
}

void ref_unsigned(mpz_t out, const struct ref_val *v)
{
	mpz_fdiv_r_2exp(out, v->num, v->type->kind == P4_T_VARBIT ? v->bits : ref_width(v->type));
}

/* ---- bits ---- */

void ref_put_bits(struct ref *r, struct ref_bits *bits, const mpz_t num, uint32_t n)
{
	size_t need = (bits->len + n + 7) / 8;

	if (need > bits->max) {
		uint8_t *data = seki_arena_alloc(r->arena, need * 2);

		if (bits->len)
			memcpy(data, bits->data, (bits->len + 7) / 8);
		bits->data = data;
		bits->max = need * 2;
	}
	while (n--) {
		uint8_t mask = (uint8_t)(0x80 >> bits->len % 8);

		if (mpz_tstbit(num, n))
			bits->data[bits->len / 8] |= mask;
		else
			bits->data[bits->len / 8] &= (uint8_t)~mask;
		bits->len++;
	}
}

void ref_get_bits(const struct ref_bits *bits, size_t at, uint32_t n, mpz_t out)
{
	mpz_set_ui(out, 0);
	while (n--) {
		if (bits->data[at / 8] & 0x80 >> at % 8)
			mpz_setbit(out, n);
		at++;
	}
}

static bool is_aggregate(const struct p4_type *type)
{
	return is_fields(type) || type->kind == P4_T_STACK || type->kind == P4_T_TUPLE ||
	       type->kind == P4_T_RECORD || type->kind == P4_T_LIST;
}

void ref_pack(struct ref *r, struct ref_bits *bits, const struct ref_val *v, bool only_valid)
{
	if (only_valid && v->type->kind == P4_T_HEADER && !v->valid)
		return;
	for (uint32_t i = 0; i < v->n; i++)
		ref_pack(r, bits, &v->part[i], only_valid);
	if (!is_aggregate(v->type))
		ref_put_bits(r, bits, v->num,
			     v->type->kind == P4_T_VARBIT ? v->bits : ref_width(v->type));
}

size_t ref_unpack(const struct ref_bits *bits, size_t at, struct ref_val *v, uint32_t varbits)
{
	size_t start = at;
	uint32_t width;

	if (v->type->kind == P4_T_HEADER)
		v->valid = true;
	for (uint32_t i = 0; i < v->n; i++)
		at += ref_unpack(bits, at, &v->part[i], varbits);
	if (is_aggregate(v->type))
		return at - start;
	width = v->type->kind == P4_T_VARBIT ? varbits : ref_width(v->type);
	if (v->type->kind == P4_T_VARBIT)
		v->bits = varbits;
	ref_get_bits(bits, at, width, v->num);
	ref_wrap(v->num, v->type);
	return width;
}
