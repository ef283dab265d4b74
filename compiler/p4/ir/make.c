/* SPDX-License-Identifier: Apache-2.0 */
/* Makes the parts of the graph of ir.h, and folds what is known of values. */
#include "compiler/p4/ir/ir.h"

struct ir_var *seki_ir_var(struct ir_program *ir, enum ir_var_kind kind, uint32_t width,
			   const char *name)
{
	struct ir_var *var = seki_arena_new(ir->arena, struct ir_var);

	var->kind = kind;
	var->width = width;
	var->name = name;
	var->id = ir->n_vars++;
	*ir->vars_end = var;
	ir->vars_end = &var->next;
	return var;
}

struct ir_block *seki_ir_block(struct ir_program *ir, const char *name)
{
	struct ir_block *block = seki_arena_new(ir->arena, struct ir_block);

	block->name = name;
	block->id = ir->n_blocks++;
	block->end = &block->first;
	*ir->blocks_end = block;
	ir->blocks_end = &block->next;
	return block;
}

struct ir_insn *seki_ir_insn(struct ir_program *ir, struct ir_block *block, enum ir_insn_op op,
			     const struct seki_token *tok)
{
	struct ir_insn *insn = seki_arena_new(ir->arena, struct ir_insn);

	insn->op = op;
	insn->tok = tok;
	*block->end = insn;
	block->end = &insn->next;
	return insn;
}

/* ---- values ---- */

static struct ir_expr *make(struct ir_program *ir, enum ir_op op, uint32_t width)
{
	struct ir_expr *e = seki_arena_new(ir->arena, struct ir_expr);

	e->op = op;
	e->width = width;
	return e;
}

const struct ir_expr *seki_ir_num(struct ir_program *ir, uint32_t width, const struct p4_num *num)
{
	struct ir_expr *e = make(ir, IR_CONST, width);

	e->num = seki_num_wrap(ir->arena, num, width, false);
	return e;
}

const struct ir_expr *seki_ir_const(struct ir_program *ir, uint32_t width, uint64_t value)
{
	struct p4_num num = seki_num_u64(value);

	return seki_ir_num(ir, width, &num);
}

const struct ir_expr *seki_ir_read(struct ir_program *ir, struct ir_var *var)
{
	struct ir_expr *e = make(ir, IR_READ, var->width);

	e->var = var;
	return e;
}

bool seki_ir_is_const(const struct ir_expr *expr, uint64_t value)
{
	return expr->op == IR_CONST && seki_num_is_u64(&expr->num) &&
	       seki_num_to_u64(&expr->num) == value;
}

static const struct ir_expr *bit(struct ir_program *ir, bool value)
{
	return seki_ir_const(ir, 1, value);
}

static bool all_ones(const struct ir_expr *e)
{
	struct p4_num num;

	if (e->op != IR_CONST || seki_num_size(&e->num) != e->width)
		return false;
	num = e->num;
	for (uint32_t i = 0; i < e->width / 64; i++)
		if (~seki_num_word(&num, i))
			return false;
	return e->width % 64 == 0 ||
	       seki_num_word(&num, e->width / 64) == ((uint64_t)1 << e->width % 64) - 1;
}

/* ---- one operand ---- */

static const struct ir_expr *fold_unary(struct ir_program *ir, enum ir_op op, uint32_t width,
					const struct ir_expr *a)
{
	struct p4_num zero = seki_num_u64(0), one = seki_num_u64(1), num = a->num;

	switch (op) {
	case IR_NEG:
		num = seki_num_neg(&num);
		break;
	case IR_NOT: /* -x - 1; of at most 2048 bits it is in range */
		num = seki_num_neg(&num);
		(void)seki_num_sub(ir->arena, &num, &one, &num);
		break;
	case IR_LNOT:
		num = seki_num_cmp(&num, &zero) == 0 ? one : zero;
		break;
	case IR_SEXT:
		num = seki_num_wrap(ir->arena, &num, a->width, true);
		break;
	default:
		break;
	}
	return seki_ir_num(ir, width, &num);
}

/* !(a < b) and such as the comparison that it is. */
static const struct ir_expr *opposite(struct ir_program *ir, const struct ir_expr *a)
{
	switch (a->op) {
	case IR_LNOT:
		return a->a;
	case IR_EQ:
		return seki_ir_binary(ir, IR_NE, 1, a->a, a->b);
	case IR_NE:
		return seki_ir_binary(ir, IR_EQ, 1, a->a, a->b);
	case IR_LT:
		return seki_ir_binary(ir, IR_LE, 1, a->b, a->a);
	case IR_LE:
		return seki_ir_binary(ir, IR_LT, 1, a->b, a->a);
	case IR_LT_S:
		return seki_ir_binary(ir, IR_LE_S, 1, a->b, a->a);
	case IR_LE_S:
		return seki_ir_binary(ir, IR_LT_S, 1, a->b, a->a);
	default:
		return NULL;
	}
}

const struct ir_expr *seki_ir_unary(struct ir_program *ir, enum ir_op op, uint32_t width,
				    const struct ir_expr *a)
{
	const struct ir_expr *other;
	struct ir_expr *e;

	if ((op == IR_ZEXT || op == IR_SEXT) && width <= a->width)
		return seki_ir_slice(ir, a, width - 1, 0);
	if (a->op == IR_CONST)
		return fold_unary(ir, op, width, a);
	other = op == IR_LNOT ? opposite(ir, a) : NULL;
	if (other)
		return other;
	if (op == IR_ZEXT && a->op == IR_ZEXT)
		a = a->a;
	e = make(ir, op, width);
	e->a = a;
	return e;
}

/* ---- two operands ---- */

static struct p4_num as_signed(struct ir_program *ir, const struct ir_expr *e)
{
	return seki_num_wrap(ir->arena, &e->num, e->width, true);
}

static const struct ir_expr *fold_compare(struct ir_program *ir, enum ir_op op,
					  const struct ir_expr *a, const struct ir_expr *b)
{
	bool is_signed = op == IR_LT_S || op == IR_LE_S;
	struct p4_num x = is_signed ? as_signed(ir, a) : a->num;
	struct p4_num y = is_signed ? as_signed(ir, b) : b->num;
	int order = seki_num_cmp(&x, &y);

	switch (op) {
	case IR_EQ:
		return bit(ir, order == 0);
	case IR_NE:
		return bit(ir, order != 0);
	case IR_LT:
	case IR_LT_S:
		return bit(ir, order < 0);
	default:
		return bit(ir, order <= 0);
	}
}

static struct p4_num fold_shift(struct ir_program *ir, enum ir_op op, const struct ir_expr *a,
				const struct ir_expr *b)
{
	uint64_t n = seki_num_to_u64(&b->num);
	struct p4_num num = op == IR_SHR_S ? as_signed(ir, a) : a->num;

	if (op != IR_SHL)
		return seki_num_shr(ir->arena, &num, n);
	if (n >= a->width || !seki_num_shl(ir->arena, &num, n, &num))
		return seki_num_u64(0);
	return num;
}

static struct p4_num fold_saturating(struct ir_program *ir, enum ir_op op, const struct ir_expr *a,
				     const struct ir_expr *b)
{
	bool is_signed = op == IR_SAT_ADD_S || op == IR_SAT_SUB_S;
	struct p4_num x = is_signed ? as_signed(ir, a) : a->num;
	struct p4_num y = is_signed ? as_signed(ir, b) : b->num;

	if (op == IR_SAT_ADD || op == IR_SAT_ADD_S)
		(void)seki_num_add(ir->arena, &x, &y, &x);
	else
		(void)seki_num_sub(ir->arena, &x, &y, &x);
	return seki_num_saturate(ir->arena, &x, a->width, is_signed);
}

static struct p4_num fold_division(struct ir_program *ir, enum ir_op op, const struct ir_expr *a,
				   const struct ir_expr *b)
{
	struct p4_num quotient, rest;

	if (seki_num_is_zero(&b->num))
		return op == IR_DIV ? seki_num_u64(0) : a->num;
	seki_num_div(ir->arena, &a->num, &b->num, &quotient, &rest);
	return op == IR_DIV ? quotient : rest;
}

/* Operands have at most 2048 bits: no result is beyond what a number can hold. */
static struct p4_num fold_number(struct ir_program *ir, enum ir_op op, const struct ir_expr *a,
				 const struct ir_expr *b)
{
	struct p4_num num = seki_num_u64(0);

	switch (op) {
	case IR_ADD:
		(void)seki_num_add(ir->arena, &a->num, &b->num, &num);
		return num;
	case IR_SUB:
		(void)seki_num_sub(ir->arena, &a->num, &b->num, &num);
		return num;
	case IR_MUL:
		(void)seki_num_mul(ir->arena, &a->num, &b->num, &num);
		return num;
	case IR_AND:
		return seki_num_and(ir->arena, &a->num, &b->num);
	case IR_XOR:
		return seki_num_xor(ir->arena, &a->num, &b->num);
	case IR_CONCAT:
		(void)seki_num_shl(ir->arena, &a->num, b->width, &num);
		return seki_num_or(ir->arena, &num, &b->num);
	case IR_LAND:
		return seki_num_and(ir->arena, &a->num, &b->num);
	default: /* IR_OR, IR_LOR */
		return seki_num_or(ir->arena, &a->num, &b->num);
	}
}

static const struct ir_expr *fold_binary(struct ir_program *ir, enum ir_op op, uint32_t width,
					 const struct ir_expr *a, const struct ir_expr *b)
{
	struct p4_num num;

	switch (op) {
	case IR_EQ:
	case IR_NE:
	case IR_LT:
	case IR_LE:
	case IR_LT_S:
	case IR_LE_S:
		return fold_compare(ir, op, a, b);
	case IR_SHL:
	case IR_SHR:
	case IR_SHR_S:
		num = fold_shift(ir, op, a, b);
		break;
	case IR_SAT_ADD:
	case IR_SAT_SUB:
	case IR_SAT_ADD_S:
	case IR_SAT_SUB_S:
		num = fold_saturating(ir, op, a, b);
		break;
	case IR_DIV:
	case IR_MOD:
		num = fold_division(ir, op, a, b);
		break;
	default:
		num = fold_number(ir, op, a, b);
		break;
	}
	return seki_ir_num(ir, width, &num);
}

/* What is left where the constant `k` is one side: an operand, a constant, or NULL. */
static const struct ir_expr *with_const(struct ir_program *ir, enum ir_op op,
					const struct ir_expr *a, const struct ir_expr *b)
{
	bool left = a->op == IR_CONST;
	const struct ir_expr *k = left ? a : b, *x = left ? b : a;
	bool zero = seki_ir_is_const(k, 0);

	switch (op) {
	case IR_ADD:
	case IR_XOR:
		return zero ? x : NULL;
	case IR_OR:
	case IR_LOR:
		return zero ? x : all_ones(k) ? k : NULL;
	case IR_AND:
	case IR_LAND:
		return zero ? k : all_ones(k) ? x : NULL;
	case IR_SUB:
	case IR_SAT_ADD:
	case IR_SAT_SUB:
	case IR_SAT_ADD_S:
	case IR_SAT_SUB_S:
		return zero && !left ? x : NULL;
	case IR_SHL:
	case IR_SHR:
	case IR_SHR_S:
		return zero ? a : NULL;
	case IR_MUL:
		return zero ? k : seki_ir_is_const(k, 1) ? x : NULL;
	case IR_EQ:
	case IR_NE:
		if (x->width != 1)
			return NULL;
		return zero == (op == IR_EQ) ? seki_ir_unary(ir, IR_LNOT, 1, x) : x;
	default:
		return NULL;
	}
}

const struct ir_expr *seki_ir_binary(struct ir_program *ir, enum ir_op op, uint32_t width,
				     const struct ir_expr *a, const struct ir_expr *b)
{
	const struct ir_expr *folded = NULL;
	struct ir_expr *e;

	if (a->op == IR_CONST && b->op == IR_CONST && op != IR_VARBIT_EQ)
		return fold_binary(ir, op, width, a, b);
	if (a->op == IR_CONST || b->op == IR_CONST)
		folded = with_const(ir, op, a, b);
	if (folded)
		return folded;
	e = make(ir, op, width);
	e->a = a;
	e->b = b;
	return e;
}

const struct ir_expr *seki_ir_slice(struct ir_program *ir, const struct ir_expr *a, uint32_t hi,
				    uint32_t lo)
{
	uint32_t width = hi - lo + 1;
	struct ir_expr *e;

	if (width == a->width)
		return a;
	if (a->op == IR_CONST) {
		struct p4_num num = seki_num_shr(ir->arena, &a->num, lo);

		return seki_ir_num(ir, width, &num);
	}
	if (a->op == IR_SLICE)
		return seki_ir_slice(ir, a->a, a->lo + hi, a->lo + lo);
	if (a->op == IR_ZEXT && hi < a->a->width)
		return seki_ir_slice(ir, a->a, hi, lo);
	if (a->op == IR_CONCAT && hi < a->b->width)
		return seki_ir_slice(ir, a->b, hi, lo);
	if (a->op == IR_CONCAT && lo >= a->b->width)
		return seki_ir_slice(ir, a->a, hi - a->b->width, lo - a->b->width);
	e = make(ir, IR_SLICE, width);
	e->a = a;
	e->lo = lo;
	return e;
}

const struct ir_expr *seki_ir_cond(struct ir_program *ir, const struct ir_expr *a,
				   const struct ir_expr *b, const struct ir_expr *c)
{
	struct ir_expr *e;

	if (a->op == IR_CONST)
		return seki_ir_is_const(a, 0) ? c : b;
	if (b == c ||
	    (b->op == IR_CONST && c->op == IR_CONST && seki_num_cmp(&b->num, &c->num) == 0))
		return b;
	if (b->width == 1 && b->op == IR_CONST && c->op == IR_CONST)
		return seki_ir_is_const(b, 1) ? a : seki_ir_unary(ir, IR_LNOT, 1, a);
	e = make(ir, IR_COND, b->width);
	e->a = a;
	e->b = b;
	e->c = c;
	return e;
}
