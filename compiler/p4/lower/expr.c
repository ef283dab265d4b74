/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions (P4_16 specification, section 8): their values, in the order of evaluation. */
#include "compiler/p4/lower/lower.h"

#include <string.h>

static struct value *none(struct lower *lw, const struct p4_expr *expr)
{
	return seki_lower_value(lw, VALUE_NONE, expr->type);
}

static struct value *scalar(struct lower *lw, const struct p4_expr *expr,
			    const struct ir_expr *value)
{
	return seki_lower_constant(lw, value, seki_lower_type(lw, expr->type));
}

static const struct ir_expr *zero(struct lower *lw, uint32_t width)
{
	return seki_ir_const(lw->ir, width, 0);
}

static bool is_signed(const struct value *v)
{
	return seki_type_base(v->type)->kind == P4_T_SIGNED;
}

bool seki_lower_acts(const struct p4_expr *e)
{
	if (!e || e->known)
		return false;
	if (e->kind == P4_E_CALL && e->call != P4_CALL_BUILTIN)
		return true;
	if (seki_lower_is_end(e)) /* it may reject */
		return true;
	for (const struct p4_expr *arg = e->args; arg; arg = arg->next)
		if (seki_lower_acts(arg))
			return true;
	return seki_lower_acts(e->a) || seki_lower_acts(e->b) || seki_lower_acts(e->c);
}

static bool any_acts(const struct p4_expr *list)
{
	for (; list; list = list->next)
		if (seki_lower_acts(list))
			return true;
	return false;
}

/* ---- numbers that are known when instances are made ---- */

static struct value *int_value(struct lower *lw, const struct p4_expr *expr,
			       const struct p4_num *num)
{
	struct value *v = seki_lower_value(lw, VALUE_SCALAR, expr->type);
	struct p4_num *copy = seki_arena_new(lw->arena, struct p4_num);

	*copy = *num;
	v->num = copy;
	return v;
}

bool seki_lower_number_of(struct lower *lw, const struct value *v, struct p4_num *out)
{
	if (v->kind != VALUE_SCALAR)
		return false;
	if (!v->value) {
		*out = v->num ? *v->num : seki_num_u64(0);
		return true;
	}
	if (v->value->op != IR_CONST)
		return false;
	*out = v->value->num;
	if (is_signed(v))
		*out = seki_num_wrap(lw->arena, out, v->value->width, true);
	return true;
}

bool seki_lower_number(struct lower *lw, const struct p4_expr *expr, struct p4_num *out)
{
	if (expr->known) {
		*out = expr->num;
		return true;
	}
	if (seki_lower_number_of(lw, seki_lower_expr(lw, expr), out))
		return true;
	seki_diag_error(lw->diags, seki_expr_span(expr),
			"this must be known when the program is compiled");
	*out = seki_num_u64(0);
	return false;
}

static bool fold_int(struct lower *lw, enum p4_op op, const struct p4_num *a,
		     const struct p4_num *b, struct p4_num *out)
{
	struct p4_num rest;

	switch (op) {
	case P4_OP_ADD:
		return seki_num_add(lw->arena, a, b, out);
	case P4_OP_SUB:
		return seki_num_sub(lw->arena, a, b, out);
	case P4_OP_MUL:
		return seki_num_mul(lw->arena, a, b, out);
	case P4_OP_SHL:
		return !b->neg && seki_num_shl(lw->arena, a, seki_num_to_u64(b), out);
	case P4_OP_SHR:
		*out = seki_num_shr(lw->arena, a, seki_num_to_u64(b));
		return !b->neg;
	case P4_OP_DIV:
	case P4_OP_MOD:
		if (a->neg || b->neg || seki_num_is_zero(b))
			return false;
		seki_num_div(lw->arena, a, b, out, &rest);
		if (op == P4_OP_MOD)
			*out = rest;
		return true;
	case P4_OP_AND:
		*out = seki_num_and(lw->arena, a, b);
		return true;
	case P4_OP_OR:
		*out = seki_num_or(lw->arena, a, b);
		return true;
	case P4_OP_XOR:
		*out = seki_num_xor(lw->arena, a, b);
		return true;
	default:
		return false;
	}
}

static struct value *int_binary(struct lower *lw, const struct p4_expr *expr)
{
	struct p4_num a, b, num = seki_num_u64(0);

	if (seki_lower_number(lw, expr->a, &a) && seki_lower_number(lw, expr->b, &b) &&
	    !fold_int(lw, expr->op, &a, &b, &num))
		seki_diag_error(lw->diags, seki_expr_span(expr),
				"'%s' has no result here, or one that is too large",
				seki_op_text(expr->op));
	return int_value(lw, expr, &num);
}

/* ---- names and parts ---- */

static struct value *lower_name(struct lower *lw, const struct p4_expr *expr)
{
	struct value *v = expr->decl ? seki_lower_find(lw, expr->decl) : NULL;

	return v ? v : none(lw, expr);
}

/* i == 0 ? parts[0] : i == 1 ? parts[1] ... : 0, leaf by leaf. */
static struct value *pick(struct lower *lw, struct value *const *parts, uint32_t n,
			  const struct ir_expr *index);

static struct value *pick_varbit(struct lower *lw, struct value *const *parts, uint32_t n,
				 const struct ir_expr *index)
{
	struct value *to = seki_lower_storage(lw, parts[0]->type, "$element", lw->tok);
	struct ir_block *next = seki_lower_block(lw, NULL);

	seki_lower_clear(lw, to);
	for (uint32_t i = 0; i < n && lw->block; i++) {
		struct ir_block *this = seki_lower_block(lw, NULL);
		struct ir_block *other = seki_lower_block(lw, NULL);

		seki_lower_branch(lw,
				  seki_ir_binary(lw->ir, IR_EQ, 1, index,
						 seki_ir_const(lw->ir, index->width, i)),
				  this, other);
		lw->block = this;
		seki_lower_assign(lw, to, parts[i]);
		seki_lower_goto(lw, next);
		lw->block = other;
	}
	seki_lower_goto(lw, next);
	lw->block = next;
	return to;
}

#define CHAIN 8u

/* A chain of a few; of more, a tree: its depth is a limit of what can be compiled. */
static const struct ir_expr *pick_scalar(struct lower *lw, struct value *const *parts,
					 uint32_t first, uint32_t end, const struct ir_expr *index,
					 bool valid)
{
	uint32_t middle = first + (end - first) / 2;

	const struct ir_expr *all = zero(lw, valid ? 1 : seki_lower_width(parts[0]->type));

	if (end - first > CHAIN)
		return seki_ir_cond(lw->ir,
				    seki_ir_binary(lw->ir, IR_LT, 1, index,
						   seki_ir_const(lw->ir, index->width, middle)),
				    pick_scalar(lw, parts, first, middle, index, valid),
				    pick_scalar(lw, parts, middle, end, index, valid));
	for (uint32_t i = end; i-- > first;) {
		const struct ir_expr *this = seki_ir_binary(lw->ir, IR_EQ, 1, index,
							    seki_ir_const(lw->ir, index->width, i));

		all = seki_ir_cond(lw->ir, this, valid ? parts[i]->valid : parts[i]->value, all);
	}
	return all;
}

static struct value *pick(struct lower *lw, struct value *const *parts, uint32_t n,
			  const struct ir_expr *index)
{
	struct value **column, *v = seki_lower_value(lw, parts[0]->kind, parts[0]->type);

	if (v->kind == VALUE_VARBIT)
		return pick_varbit(lw, parts, n, index);
	if (v->kind == VALUE_SCALAR)
		v->value = pick_scalar(lw, parts, 0, n, index, false);
	if (v->kind == VALUE_HEADER)
		v->valid = pick_scalar(lw, parts, 0, n, index, true);
	v->n_parts = parts[0]->n_parts;
	v->parts = seki_arena_alloc(lw->arena, (v->n_parts + 1) * sizeof(*v->parts));
	column = seki_arena_alloc(lw->arena, n * sizeof(*column));
	for (uint32_t k = 0; k < v->n_parts; k++) {
		for (uint32_t i = 0; i < n; i++)
			column[i] = parts[i]->parts[k];
		v->parts[k] = pick(lw, column, n, index);
	}
	return v;
}

static struct value *part_at(struct lower *lw, const struct p4_expr *expr,
			     const struct value *whole, const struct p4_expr *key)
{
	const struct ir_expr *index = seki_lower_index(lw, whole, key);

	if (!whole->n_parts)
		return seki_lower_zero(lw, expr->type);
	if (index->op != IR_CONST)
		return pick(lw, whole->parts, seki_lower_reachable(whole->n_parts, index->width),
			    index);
	if (seki_num_to_u64(&index->num) >= whole->n_parts)
		return seki_lower_zero(lw, expr->type);
	return whole->parts[seki_num_to_u64(&index->num)];
}

static struct value *stack_member(struct lower *lw, const struct value *stack,
				  const struct p4_expr *expr)
{
	if (seki_lower_is_end(expr))
		return part_at(lw, expr, stack, expr);
	return scalar(lw, expr, seki_lower_stack_index(lw, stack, expr));
}

static struct value *lower_member(struct lower *lw, const struct p4_expr *expr)
{
	const struct p4_type *type = expr->a->type;
	struct value *whole;

	if (type->kind == P4_T_APPLIED) {
		struct ir_var *hit = seki_ir_var(lw->ir, IR_VAR_PLAIN, 1, "$hit");
		const struct ir_expr *value = seki_ir_read(lw->ir, hit);

		seki_lower_apply(lw, expr->a->callee, hit, NULL);
		return scalar(lw, expr,
			      expr->name[0] == 'm' ? seki_ir_unary(lw->ir, IR_LNOT, 1, value)
						   : value);
	}
	whole = seki_lower_expr(lw, expr->a);
	if (whole->kind == VALUE_STACK)
		return stack_member(lw, whole, expr);
	if (!expr->decl || expr->decl->index >= whole->n_parts)
		return none(lw, expr);
	return whole->parts[expr->decl->index];
}

static struct value *lower_index(struct lower *lw, const struct p4_expr *expr)
{
	struct value *whole = seki_lower_expr(lw, expr->a);

	if (seki_lower_acts(expr->b) && !seki_lower_is_placed(lw, expr->b))
		whole = seki_lower_keep(lw, whole);
	return part_at(lw, expr, whole, expr->b);
}

/* What the bounds are was needed for the type already. */
bool seki_lower_slice(struct lower *lw, const struct p4_expr *expr, uint32_t width, uint32_t *high,
		      uint32_t *low)
{
	const struct p4_num *b = &expr->b->num, *c = &expr->c->num;

	if (!expr->b->known || !expr->c->known || seki_num_to_u64(b) >= width ||
	    seki_num_cmp(c, b) > 0) {
		seki_diag_error(lw->diags, seki_expr_span(expr),
				"the bounds of a slice must be numbers that are known here, not "
				"parameters of a constructor");
		return false;
	}
	*high = (uint32_t)seki_num_to_u64(b);
	*low = (uint32_t)seki_num_to_u64(c);
	return true;
}

/* A number without a width, as one with the bits that a slice of it can want. */
static const struct ir_expr *sliced(struct lower *lw, const struct value *v)
{
	struct p4_num num;

	if (v->value)
		return v->value;
	(void)seki_lower_number_of(lw, v, &num);
	return seki_ir_num(lw->ir, P4_IR_MAX_WIDTH, &num);
}

static struct value *lower_slice(struct lower *lw, const struct p4_expr *expr)
{
	struct value *whole = seki_lower_expr(lw, expr->a);
	const struct ir_expr *value;
	uint32_t high, low, width;

	if (whole->kind != VALUE_SCALAR)
		return seki_lower_zero(lw, expr->type);
	if (seki_lower_acts(expr->b) && !seki_lower_is_placed(lw, expr->b))
		whole = seki_lower_keep(lw, whole);
	value = sliced(lw, whole);
	if (expr->op != P4_OP_ADD) {
		if (!seki_lower_slice(lw, expr, value->width, &high, &low))
			return seki_lower_zero(lw, expr->type);
		return scalar(lw, expr, seki_ir_slice(lw->ir, value, high, low));
	}
	width = seki_lower_width(expr->type);
	value = seki_ir_binary(lw->ir, IR_SHR, value->width, value,
			       seki_lower_index(lw, whole, expr->b));
	return scalar(lw, expr, seki_ir_unary(lw->ir, IR_ZEXT, width, value));
}

/* ---- operators ---- */

static struct value *lower_unary(struct lower *lw, const struct p4_expr *expr)
{
	struct value *a = seki_lower_expr(lw, expr->a);
	struct p4_num num;

	if (a->kind != VALUE_SCALAR)
		return a;
	if (!a->value) {
		(void)seki_lower_number_of(lw, a, &num);
		if (expr->op == P4_OP_NEG)
			num = seki_num_neg(&num);
		return int_value(lw, expr, &num);
	}
	switch (expr->op) {
	case P4_OP_NOT:
		return scalar(lw, expr, seki_ir_unary(lw->ir, IR_LNOT, 1, a->value));
	case P4_OP_COMP:
		return scalar(lw, expr, seki_ir_unary(lw->ir, IR_NOT, a->value->width, a->value));
	case P4_OP_NEG:
		return scalar(lw, expr, seki_ir_unary(lw->ir, IR_NEG, a->value->width, a->value));
	default:
		return a;
	}
}

/* The operand that is evaluated first keeps its value where the second does something. */
static struct value *first_operand(struct lower *lw, const struct p4_expr *a,
				   const struct p4_expr *b)
{
	struct value *v = seki_lower_expr(lw, a);

	return seki_lower_acts(b) ? seki_lower_keep(lw, v) : v;
}

/* a && b and a || b where b does something: only if it is evaluated. */
static struct value *lower_shortcut(struct lower *lw, const struct p4_expr *expr)
{
	struct ir_var *var = seki_ir_var(lw->ir, IR_VAR_PLAIN, 1, "$condition");
	struct ir_block *more = seki_lower_block(lw, NULL), *next = seki_lower_block(lw, NULL);
	const struct ir_expr *a = seki_lower_scalar(lw, expr->a);
	bool both = expr->op == P4_OP_LAND;

	seki_lower_set(lw, var, NULL, a);
	seki_lower_branch(lw, seki_ir_read(lw->ir, var), both ? more : next, both ? next : more);
	lw->block = more;
	seki_lower_set(lw, var, NULL, seki_lower_scalar(lw, expr->b));
	seki_lower_goto(lw, next);
	lw->block = next;
	return scalar(lw, expr, seki_ir_read(lw->ir, var));
}

static struct value *lower_logic(struct lower *lw, const struct p4_expr *expr)
{
	enum ir_op op = expr->op == P4_OP_LAND ? IR_LAND : IR_LOR;
	const struct ir_expr *a;

	if (seki_lower_acts(expr->b))
		return lower_shortcut(lw, expr);
	a = seki_lower_scalar(lw, expr->a);
	return scalar(lw, expr, seki_ir_binary(lw->ir, op, 1, a, seki_lower_scalar(lw, expr->b)));
}

static struct value *lower_comparison(struct lower *lw, const struct p4_expr *expr)
{
	struct value *a = first_operand(lw, expr->a, expr->b), *b = seki_lower_expr(lw, expr->b);
	enum ir_op op = is_signed(a) ? IR_LT_S : IR_LT;
	const struct ir_expr *equal;
	struct p4_num x, y;
	bool or_equal = expr->op == P4_OP_LE || expr->op == P4_OP_GE, swap;

	if (expr->op == P4_OP_EQ || expr->op == P4_OP_NE) {
		if (a->kind == VALUE_SCALAR && !a->value && seki_lower_number_of(lw, a, &x) &&
		    seki_lower_number_of(lw, b, &y))
			equal = seki_ir_const(lw->ir, 1, seki_num_cmp(&x, &y) == 0);
		else
			equal = seki_lower_equal(lw, a, b);
		return scalar(lw, expr,
			      expr->op == P4_OP_EQ ? equal
						   : seki_ir_unary(lw->ir, IR_LNOT, 1, equal));
	}
	swap = expr->op == P4_OP_GT || expr->op == P4_OP_GE;
	if (!a->value || !b->value) {
		if (!seki_lower_number_of(lw, swap ? b : a, &x) ||
		    !seki_lower_number_of(lw, swap ? a : b, &y))
			return seki_lower_zero(lw, expr->type);
		return scalar(lw, expr,
			      seki_ir_const(lw->ir, 1, seki_num_cmp(&x, &y) < (or_equal ? 1 : 0)));
	}
	if (or_equal)
		op = is_signed(a) ? IR_LE_S : IR_LE;
	return scalar(lw, expr,
		      seki_ir_binary(lw->ir, op, 1, swap ? b->value : a->value,
				     swap ? a->value : b->value));
}

static enum ir_op arithmetic(enum p4_op op, bool is_signed)
{
	switch (op) {
	case P4_OP_ADD:
		return IR_ADD;
	case P4_OP_SUB:
		return IR_SUB;
	case P4_OP_MUL:
		return IR_MUL;
	case P4_OP_DIV:
		return IR_DIV;
	case P4_OP_MOD:
		return IR_MOD;
	case P4_OP_SAT_ADD:
		return is_signed ? IR_SAT_ADD_S : IR_SAT_ADD;
	case P4_OP_SAT_SUB:
		return is_signed ? IR_SAT_SUB_S : IR_SAT_SUB;
	case P4_OP_AND:
		return IR_AND;
	case P4_OP_OR:
		return IR_OR;
	case P4_OP_XOR:
		return IR_XOR;
	case P4_OP_SHL:
		return IR_SHL;
	case P4_OP_SHR:
		return is_signed ? IR_SHR_S : IR_SHR;
	default:
		return IR_CONCAT;
	}
}

/* An amount without a width gets one that holds whatever makes a difference. */
static const struct ir_expr *amount(struct lower *lw, const struct value *v)
{
	struct p4_num num;

	if (v->value)
		return v->value;
	(void)seki_lower_number_of(lw, v, &num);
	return seki_ir_const(lw->ir, 32,
			     seki_num_to_u64(&num) > UINT32_MAX ? UINT32_MAX
								: seki_num_to_u64(&num));
}

static struct value *lower_concat(struct lower *lw, const struct p4_expr *expr,
				  const struct value *a, const struct value *b)
{
	uint32_t width;

	if (a->kind != VALUE_SCALAR || b->kind != VALUE_SCALAR) /* a string, or of no bits */
		return a->kind == VALUE_SCALAR	 ? scalar(lw, expr, a->value)
		       : b->kind == VALUE_SCALAR ? scalar(lw, expr, b->value)
						 : none(lw, expr);
	width = a->value->width + b->value->width;
	return scalar(lw, expr, seki_ir_binary(lw->ir, IR_CONCAT, width, a->value, b->value));
}

static struct value *lower_binary(struct lower *lw, const struct p4_expr *expr)
{
	struct value *a, *b;

	switch (expr->op) {
	case P4_OP_LAND:
	case P4_OP_LOR:
		return lower_logic(lw, expr);
	case P4_OP_EQ:
	case P4_OP_NE:
	case P4_OP_LT:
	case P4_OP_LE:
	case P4_OP_GT:
	case P4_OP_GE:
		return lower_comparison(lw, expr);
	default:
		break;
	}
	if (expr->type->kind == P4_T_INT)
		return int_binary(lw, expr);
	a = first_operand(lw, expr->a, expr->b);
	b = seki_lower_expr(lw, expr->b);
	if (expr->op == P4_OP_CONCAT)
		return lower_concat(lw, expr, a, b);
	if (a->kind != VALUE_SCALAR || b->kind != VALUE_SCALAR || !a->value)
		return seki_lower_zero(lw, expr->type);
	return scalar(lw, expr,
		      seki_ir_binary(lw->ir, arithmetic(expr->op, is_signed(a)), a->value->width,
				     a->value, amount(lw, b)));
}

/* Leaf by leaf, where neither b nor c does something. */
static struct value *choose(struct lower *lw, const struct ir_expr *cond, struct value *b,
			    struct value *c)
{
	struct value *v = seki_lower_value(lw, b->kind, b->type);

	if (b->kind == VALUE_SCALAR && b->value && c->value)
		v->value = seki_ir_cond(lw->ir, cond, b->value, c->value);
	if (b->kind == VALUE_HEADER)
		v->valid = seki_ir_cond(lw->ir, cond, b->valid, c->valid);
	v->n_parts = b->n_parts;
	v->parts = seki_arena_alloc(lw->arena, (v->n_parts + 1) * sizeof(*v->parts));
	for (uint32_t i = 0; i < v->n_parts; i++)
		v->parts[i] = choose(lw, cond, b->parts[i], c->parts[i]);
	return v;
}

static bool has_varbit(const struct value *v)
{
	for (uint32_t i = 0; i < v->n_parts; i++)
		if (has_varbit(v->parts[i]))
			return true;
	return v->kind == VALUE_VARBIT;
}

/* In a branch for each side, of which one is evaluated. */
static struct value *lower_branches(struct lower *lw, const struct p4_expr *expr,
				    const struct ir_expr *cond)
{
	struct ir_block *then = seki_lower_block(lw, NULL), *other = seki_lower_block(lw, NULL);
	struct ir_block *next = seki_lower_block(lw, NULL);
	struct value *to = seki_lower_storage(lw, expr->type, "$chosen", expr->tok);

	seki_lower_branch(lw, cond, then, other);
	lw->block = then;
	seki_lower_assign(lw, to, seki_lower_expr(lw, expr->b));
	seki_lower_goto(lw, next);
	lw->block = other;
	seki_lower_assign(lw, to, seki_lower_expr(lw, expr->c));
	seki_lower_goto(lw, next);
	lw->block = next;
	return to;
}

static struct value *lower_cond(struct lower *lw, const struct p4_expr *expr)
{
	const struct ir_expr *cond = seki_lower_scalar(lw, expr->a);
	struct value *b, *c;

	if (cond->op == IR_CONST)
		return seki_lower_expr(lw, seki_ir_is_const(cond, 0) ? expr->c : expr->b);
	if (seki_lower_acts(expr->b) || seki_lower_acts(expr->c))
		return lower_branches(lw, expr, cond);
	b = seki_lower_expr(lw, expr->b);
	c = seki_lower_expr(lw, expr->c);
	if (has_varbit(b))
		return lower_branches(lw, expr, cond);
	return choose(lw, cond, b, c);
}

static struct value *lower_cast(struct lower *lw, const struct p4_expr *expr)
{
	struct value *a = seki_lower_expr(lw, expr->a), *v;
	const struct p4_type *type = seki_lower_type(lw, expr->type);
	uint32_t width = seki_lower_width(type);
	struct p4_num num;

	if (type->kind == P4_T_INT && seki_lower_number_of(lw, a, &num))
		return int_value(lw, expr, &num);
	if (a->kind == VALUE_SCALAR && !a->value && width) {
		(void)seki_lower_number_of(lw, a, &num);
		return seki_lower_constant(lw, seki_ir_num(lw->ir, width, &num), type);
	}
	if (a->kind == VALUE_SCALAR && width)
		return seki_lower_constant(
			lw,
			seki_ir_unary(lw->ir, is_signed(a) ? IR_SEXT : IR_ZEXT, width, a->value),
			type);
	if (a->kind == VALUE_FIELDS && width) /* bit<0> */
		return seki_lower_zero(lw, type);
	v = seki_arena_new(lw->arena, struct value);
	*v = *a;
	v->type = type;
	return v;
}

/* ---- lists ---- */

static uint32_t position(const struct p4_type *type, const struct p4_expr *e, uint32_t i)
{
	const struct p4_decl *f = NULL;

	if (e->arg_name && seki_type_is_struct_like(type))
		f = seki_decl_find(type->decl->members, e->arg_name);
	return f ? f->index : i;
}

static struct value *whole_of(struct lower *lw, const struct p4_expr *expr,
			      const struct p4_type *type)
{
	struct value *v = seki_lower_zero(lw, type);
	uint32_t n = seki_expr_count(expr->args);

	if (type->kind == P4_T_LIST) {
		v->n_parts = n;
		v->parts = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*v->parts));
	}
	if (v->kind == VALUE_HEADER)
		v->valid = seki_ir_const(lw->ir, 1, 1);
	return v;
}

/* What is not given (...) is 0. */
static struct value *lower_list(struct lower *lw, const struct p4_expr *expr)
{
	struct value *v = whole_of(lw, expr, seki_lower_type(lw, expr->type));
	uint32_t i = 0;

	for (const struct p4_expr *e = expr->args; e; e = e->next, i++) {
		uint32_t at = position(v->type, e, i);
		struct value *part;

		if (e->kind == P4_E_DOTS && !e->arg_name && !e->next)
			break;
		part = seki_lower_expr(lw, e);
		if (any_acts(e->next))
			part = seki_lower_keep(lw, part);
		if (at < v->n_parts)
			v->parts[at] = part;
	}
	return v;
}

/* ---- all of them ---- */

static struct value *known_value(struct lower *lw, const struct p4_expr *expr)
{
	const struct p4_type *type = seki_lower_type(lw, expr->type);
	uint32_t width = seki_lower_width(type);

	if (type->kind == P4_T_INT)
		return int_value(lw, expr, &expr->num);
	return width ? seki_lower_constant(lw, seki_ir_num(lw->ir, width, &expr->num), type)
		     : seki_lower_zero(lw, type);
}

static struct value *lower_kind(struct lower *lw, const struct p4_expr *expr)
{
	switch (expr->kind) {
	case P4_E_NAME:
		return lower_name(lw, expr);
	case P4_E_MEMBER:
		return lower_member(lw, expr);
	case P4_E_INDEX:
		return lower_index(lw, expr);
	case P4_E_SLICE:
		return lower_slice(lw, expr);
	case P4_E_CALL: {
		struct value *v = seki_lower_call(lw, expr);

		return v ? v : none(lw, expr);
	}
	case P4_E_CAST:
		return lower_cast(lw, expr);
	case P4_E_UNARY:
		return lower_unary(lw, expr);
	case P4_E_BINARY:
		return lower_binary(lw, expr);
	case P4_E_COND:
		return lower_cond(lw, expr);
	case P4_E_LIST:
	case P4_E_RECORD:
		return lower_list(lw, expr);
	case P4_E_DOTS:
	case P4_E_INVALID:
		return seki_lower_zero(lw, expr->type);
	default:
		return none(lw, expr);
	}
}

struct value *seki_lower_expr(struct lower *lw, const struct p4_expr *expr)
{
	const struct seki_token *outer = lw->tok;
	struct value *v;

	if (expr->known)
		return known_value(lw, expr);
	if (expr->tok)
		lw->tok = expr->tok;
	v = lower_kind(lw, expr);
	lw->tok = outer;
	return v;
}

const struct ir_expr *seki_lower_scalar(struct lower *lw, const struct p4_expr *expr)
{
	const struct value *v = seki_lower_expr(lw, expr);
	struct p4_num num;

	if (v->kind == VALUE_SCALAR && v->value)
		return v->value;
	if (v->kind == VALUE_SCALAR && seki_lower_number_of(lw, v, &num))
		return seki_ir_num(lw->ir, 64, &num);
	if (!lw->stop)
		seki_diag_unsupported(lw->diags, seki_expr_span(expr), "values of type %s here are",
				      seki_type_name(lw->arena, expr->type));
	return zero(lw, seki_lower_width(seki_lower_type(lw, expr->type))
				? seki_lower_width(seki_lower_type(lw, expr->type))
				: 1);
}
