/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser's graph, each state once for every offset that it is reached at. A step of variable
 * size (advance, extract of a varbit) ends a step and goes on at as many offsets as it has sizes.
 */
#include <errno.h>
#include <string.h>

#include "compiler/p4/lower.h"

#define MAX_PACKET_BITS (65536u * 8)

const char *seki_old_packet_call(const struct p4_expr *call)
{
	if (call->kind != P4_E_CALL || call->call != P4_CALL_METHOD ||
	    call->a->kind != P4_E_MEMBER || strcmp(call->callee->owner->name, "packet_in") != 0)
		return NULL;
	return call->callee->name;
}

static bool is_packet_stmt(const struct p4_stmt *stmt, const char *name)
{
	const char *found;

	if (stmt->kind != P4_S_CALL)
		return false;
	found = seki_old_packet_call(stmt->a);
	return found && strcmp(found, name) == 0;
}

bool seki_old_fixed_advance(const struct p4_stmt *stmt, uint32_t *bits)
{
	const struct p4_expr *arg;

	if (!is_packet_stmt(stmt, "advance"))
		return false;
	arg = stmt->a->args;
	if (!arg->known || seki_num_to_u64(&arg->num) > MAX_PACKET_BITS)
		return false;
	*bits = (uint32_t)seki_num_to_u64(&arg->num);
	return true;
}

bool seki_old_is_extract(const struct p4_stmt *stmt)
{
	return is_packet_stmt(stmt, "extract");
}

bool seki_old_is_variable(const struct p4_stmt *stmt)
{
	uint32_t bits;

	if (is_packet_stmt(stmt, "extract"))
		return seki_expr_count(stmt->a->args) == 2;
	return is_packet_stmt(stmt, "advance") && !seki_old_fixed_advance(stmt, &bits);
}

/* ---- the sizes that an expression can have ---- */

static uint64_t top_of(const struct p4_type *type)
{
	if (type->kind != P4_T_BIT || type->width > 63)
		return UINT64_MAX;
	return ((uint64_t)1 << type->width) - 1;
}

/* The value is a multiple of 1 << zeros, at most max. */
struct bounds {
	uint32_t zeros;
	uint64_t max;
};

static struct bounds bounds_of(const struct p4_expr *e);

static uint32_t trailing_zeros(uint64_t v)
{
	return v ? (uint32_t)__builtin_ctzll(v) : 63;
}

static struct bounds binary_bounds(const struct p4_expr *e)
{
	struct bounds a = bounds_of(e->a), b = bounds_of(e->b), r = {0, top_of(e->type)};
	uint64_t max;

	switch (e->op) {
	case P4_OP_ADD:
		r.zeros = a.zeros < b.zeros ? a.zeros : b.zeros;
		if (!__builtin_add_overflow(a.max, b.max, &max) && max < r.max)
			r.max = max;
		break;
	case P4_OP_SUB:
		r.zeros = a.zeros < b.zeros ? a.zeros : b.zeros;
		break;
	case P4_OP_MUL:
		r.zeros = a.zeros + b.zeros < 63 ? a.zeros + b.zeros : 63;
		if (!__builtin_mul_overflow(a.max, b.max, &max) && max < r.max)
			r.max = max;
		break;
	case P4_OP_SHL:
		if (e->b->known && seki_num_to_u64(&e->b->num) < 32) {
			uint32_t n = (uint32_t)seki_num_to_u64(&e->b->num);

			r.zeros = a.zeros + n < 63 ? a.zeros + n : 63;
			if (a.max < (uint64_t)1 << 31 && a.max << n < r.max)
				r.max = a.max << n;
		}
		break;
	case P4_OP_AND:
		r.zeros = a.zeros > b.zeros ? a.zeros : b.zeros;
		r.max = a.max < b.max ? a.max : b.max;
		break;
	default:
		break;
	}
	return r;
}

static struct bounds bounds_of(const struct p4_expr *e)
{
	struct bounds r = {0, top_of(e->type)};

	if (e->known && seki_num_is_u64(&e->num)) {
		r.max = seki_num_to_u64(&e->num);
		r.zeros = trailing_zeros(r.max);
	} else if (e->kind == P4_E_CAST && e->type->kind == P4_T_BIT) {
		struct bounds a = bounds_of(e->a);

		r.zeros = a.zeros < e->type->width ? a.zeros : e->type->width;
		if (a.max < r.max)
			r.max = a.max;
	} else if (e->kind == P4_E_BINARY) {
		r = binary_bounds(e);
	}
	return r;
}

bool seki_old_sizes(const struct p4_expr *size, uint32_t cap, struct p4_sizes *out)
{
	struct bounds b = bounds_of(size);

	if (b.zeros > 16)
		b.zeros = 16;
	if (b.zeros < 3)
		b.zeros = 3; /* the parser goes by whole bytes; other amounts are rejected */
	if (b.max > cap)
		b.max = cap;
	out->unit = 1u << b.zeros;
	out->max = (uint32_t)b.max / out->unit * out->unit;
	return out->max / out->unit < SEKI_P4_MAX_VARIANTS;
}

/* ---- steps ---- */

struct p4_step *seki_old_step(const struct p4_lower *lower, const struct p4_decl *state,
			      const struct p4_stmt *start, uint32_t off)
{
	for (struct p4_step *s = lower->steps; s; s = s->next)
		if (s->state == state && s->start == start && s->off == off)
			return s;
	return NULL;
}

static void visit(struct p4_lower *lower, const struct p4_decl *state, const struct p4_stmt *start,
		  uint32_t off, struct seki_span from);

static void note_offset(struct p4_lower *lower, struct p4_header *h, uint32_t off,
			struct seki_span at)
{
	h->extracted = true;
	for (uint32_t i = 0; i < h->n_offsets; i++)
		if (h->offsets[i] == off)
			return;
	if (h->n_offsets == SEKI_P4_MAX_VARIANTS)
		seki_diag_unsupported(lower->diags, at,
				      "extracting '%s' at more than %u offsets is", h->path,
				      SEKI_P4_MAX_VARIANTS);
	else
		h->offsets[h->n_offsets++] = off;
}

static void follow(struct p4_lower *lower, const struct p4_stmt *to, uint32_t off)
{
	if (to->state)
		visit(lower, to->state, to->state->body, off, to->tok->at);
	else if (strcmp(to->name, "accept") == 0 && off % 8)
		seki_diag_unsupported(lower->diags, to->tok->at, "accepting inside a byte is");
}

/* Bits that a statement moves the parser on by; 0 for most. */
static uint32_t advance_by(struct p4_lower *lower, const struct p4_stmt *s, uint32_t off)
{
	struct p4_header *h;
	uint32_t bits = 0;

	if (seki_old_fixed_advance(s, &bits)) {
		lower->has_advance = true;
		return bits;
	}
	if (!is_packet_stmt(s, "extract") || s->a->args->type->kind != P4_T_HEADER)
		return 0;
	h = seki_old_header(lower, s->a->args);
	if (h) {
		note_offset(lower, h, off / 8, s->tok->at);
		return h->bits;
	}
	return (uint32_t)seki_type_bits(s->a->args->type);
}

static uint32_t varbit_max(const struct p4_type *type)
{
	for (const struct p4_decl *f = type->decl->members; f; f = f->next)
		if (f->type->kind == P4_T_VARBIT)
			return f->type->width;
	return 0;
}

/* All the offsets at which the parser can go on after a step of variable size. */
static void branch(struct p4_lower *lower, struct p4_step *step, const struct p4_stmt *s)
{
	bool extract = is_packet_stmt(s, "extract");
	const struct p4_expr *size = extract ? s->a->args->next : s->a->args;
	struct p4_header *h = extract ? seki_old_header(lower, s->a->args) : NULL;
	struct p4_sizes sizes;
	uint32_t off = step->end_off;

	if (extract && !h) {
		seki_diag_unsupported(lower->diags, seki_expr_span(s->a->args),
				      "extracting this is");
		return;
	}
	if (!seki_old_sizes(size, h ? varbit_max(h->type) : MAX_PACKET_BITS, &sizes)) {
		seki_diag_unsupported(lower->diags, seki_expr_span(size),
				      "a step of more than %u possible sizes is",
				      SEKI_P4_MAX_VARIANTS);
		return;
	}
	if (h) {
		note_offset(lower, h, off / 8, s->tok->at);
		off += h->bits;
	} else {
		lower->has_advance = true;
	}
	step->variable = s;
	step->sizes = sizes;
	step->variable_off = off;
	for (uint32_t n = 0; n <= sizes.max; n += sizes.unit)
		visit(lower, step->state, s->next, off + n, s->tok->at);
}

static void walk(struct p4_lower *lower, struct p4_step *step)
{
	step->end_off = step->off;
	for (const struct p4_stmt *s = step->start; s; s = s->next) {
		if (seki_old_is_variable(s)) {
			branch(lower, step, s);
			return;
		}
		if (s->kind == P4_S_TRANSITION) {
			follow(lower, s, step->end_off);
		} else if (s->kind == P4_S_SELECT) {
			for (const struct p4_stmt *c = s->cases; c; c = c->next)
				follow(lower, c, step->end_off);
		} else {
			step->end_off += advance_by(lower, s, step->end_off);
		}
		if (step->end_off > MAX_PACKET_BITS) {
			seki_diag_error(lower->diags, s->tok->at, "this is beyond any packet");
			return;
		}
	}
}

static void visit(struct p4_lower *lower, const struct p4_decl *state, const struct p4_stmt *start,
		  uint32_t off, struct seki_span from)
{
	struct p4_step *step = seki_old_step(lower, state, start, off);

	for (const struct p4_step *s = lower->steps; s; s = s->next) {
		if (!s->visiting || s->state != state || s->start != start)
			continue;
		seki_diag_unsupported(lower->diags, from,
				      "a parser that comes back to a state it was in is");
		return;
	}
	if (step || lower->diags->errors > SEKI_DIAG_MAX_ERRORS)
		return;
	if (lower->n_steps == SEKI_P4_MAX_STEPS) {
		seki_diag_unsupported(lower->diags, from,
				      "a parser of more than %u states and offsets is",
				      SEKI_P4_MAX_STEPS);
		return;
	}
	step = seki_arena_new(lower->arena, struct p4_step);
	step->state = state;
	step->start = start;
	step->off = off;
	step->id = lower->n_steps++;
	step->rank = -1;
	step->visiting = true;
	*lower->steps_end = step;
	lower->steps_end = &step->next;
	walk(lower, step);
	step->visiting = false;
	step->follower = lower->order;
	lower->order = step;
}

int seki_old_graph(struct p4_lower *lower)
{
	struct p4_decl *start = seki_decl_find(lower->parser->members, "start");

	lower->steps_end = &lower->steps;
	visit(lower, start, start->body, 0, start->tok->at);
	return lower->diags->errors ? -EINVAL : 0;
}
