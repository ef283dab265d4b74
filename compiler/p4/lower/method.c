/* SPDX-License-Identifier: Apache-2.0 */
/* Methods of headers, header unions and stacks (P4_16 specification, sections 8.17 to 8.20). */
#include "compiler/p4/lower/lower.h"

#include <string.h>

static const struct ir_expr *is_valid(struct lower *lw, const struct value *v)
{
	const struct ir_expr **terms;

	if (v->kind == VALUE_HEADER)
		return v->valid;
	terms = seki_arena_alloc(lw->arena, ((size_t)v->n_parts + 1) * sizeof(*terms));
	for (uint32_t i = 0; i < v->n_parts; i++)
		terms[i] = is_valid(lw, v->parts[i]);
	return seki_lower_all(lw, IR_LOR, terms, v->n_parts);
}

/* What was invalid has 0 in its fields already. The other members of a union go, here and below. */
static void set_valid(struct lower *lw, const struct value *at, void *data)
{
	(void)data;
	if (!at->header)
		return;
	seki_lower_clear_others(lw, at->header);
	seki_lower_set(lw, at->header->valid, NULL, seki_ir_const(lw->ir, 1, 1));
}

static void set_invalid(struct lower *lw, const struct value *at, void *data)
{
	(void)data;
	if (!at->header)
		return;
	seki_lower_clear_others(lw, at->header);
	seki_lower_clear(lw, at);
}

/* ---- stacks ---- */

/* Outside of parsers nobody asks for the next element. */
static void move_next(struct lower *lw, const struct value *stack, enum ir_insn_op op, uint32_t n)
{
	struct ir_insn *insn = NULL;

	if (stack->stack && seki_lower_in_parser(lw))
		insn = seki_lower_insn(lw, op);
	if (!insn)
		return;
	insn->stack = stack->stack;
	insn->lo = n;
}

static void push_front(struct lower *lw, const struct value *at, void *data)
{
	uint32_t n = *(const uint32_t *)data, size = at->n_parts;

	for (uint32_t i = size; i-- > 0;) {
		if (i >= n)
			seki_lower_assign(lw, at->parts[i], at->parts[i - n]);
		else
			seki_lower_clear(lw, at->parts[i]);
	}
	move_next(lw, at, IR_PUSH, n);
}

static void pop_front(struct lower *lw, const struct value *at, void *data)
{
	uint32_t n = *(const uint32_t *)data, size = at->n_parts;

	for (uint32_t i = 0; i < size; i++) {
		if (n < size - i)
			seki_lower_assign(lw, at->parts[i], at->parts[i + n]);
		else
			seki_lower_clear(lw, at->parts[i]);
	}
	move_next(lw, at, IR_POP, n);
}

static void lower_shift(struct lower *lw, const struct p4_expr *call)
{
	struct p4_num num;
	uint32_t n;

	if (!seki_lower_number(lw, call->args, &num))
		return;
	n = seki_num_to_u64(&num) > UINT32_MAX ? UINT32_MAX : (uint32_t)seki_num_to_u64(&num);
	seki_lower_at(lw, call->a->a, call->a->name[1] == 'u' ? push_front : pop_front, &n);
}

/* ---- all of them ---- */

/* Sizes of types that only an instance or a call of what is generic has. */
static struct value *size_of(struct lower *lw, const struct p4_expr *call)
{
	const struct p4_type *type = call->a->a->type;
	const char *name = call->a->name;
	struct p4_num *num = seki_arena_new(lw->arena, struct p4_num);
	struct value *v = seki_lower_value(lw, VALUE_SCALAR, call->type);
	int64_t bits;

	type = seki_lower_type(lw, type->kind == P4_T_TYPE ? type->elem : type);
	bits = seki_type_limit(type, name[1] == 'a' ? P4_MOST : P4_LEAST);
	if (bits < 0)
		seki_diag_error(lw->diags, seki_expr_span(call), "%s has no fixed size",
				seki_type_name(lw->arena, type));
	bits = bits < 0 ? 0 : bits;
	*num = seki_num_u64((uint64_t)(strstr(name, "Bytes") ? (bits + 7) / 8 : bits));
	v->num = num;
	return v;
}

struct value *seki_lower_method(struct lower *lw, const struct p4_expr *call)
{
	const char *name = call->a->name;

	if (strcmp(name, "isValid") == 0)
		return seki_lower_constant(lw, is_valid(lw, seki_lower_expr(lw, call->a->a)),
					   call->type);
	if (strcmp(name, "setValid") == 0)
		seki_lower_at(lw, call->a->a, set_valid, NULL);
	else if (strcmp(name, "setInvalid") == 0)
		seki_lower_at(lw, call->a->a, set_invalid, NULL);
	else if (strcmp(name, "push_front") == 0 || strcmp(name, "pop_front") == 0)
		lower_shift(lw, call);
	else
		return size_of(lw, call);
	return NULL;
}
