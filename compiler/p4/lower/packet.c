/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The methods of packet_in and packet_out (P4_16 specification, sections 13.8 and 16), and next, last
 * and lastIndex of stacks. Each read of the packet becomes a check of its length and then the read;
 * pass/unroll.c finds out where in the packet that is.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

static struct value *nothing(struct lower *lw)
{
	struct value *value = seki_arena_new(lw->arena, struct value);

	value->kind = VALUE_NONE;
	return value;
}

/* A variable of 32 bits that keeps what the expression is now. */
static const struct ir_expr *keep(struct lower *lw, const struct ir_expr *value, const char *name)
{
	struct ir_var *var;

	if (value->op == IR_CONST)
		return value;
	var = seki_ir_var(lw->ir, IR_VAR_PLAIN, value->width, name);
	seki_lower_set(lw, var, NULL, value);
	return seki_ir_read(lw->ir, var);
}

static const struct ir_expr *number(struct lower *lw, uint64_t value)
{
	return seki_ir_const(lw->ir, 32, value);
}

/* Adds an instruction that is about so many bits; NULL where nothing can come here. */
static struct ir_insn *add(struct lower *lw, enum ir_insn_op op, const struct ir_expr *bits)
{
	struct ir_insn *insn;

	if (!lw->block)
		return NULL;
	insn = seki_lower_insn(lw, op);
	insn->a = bits;
	return insn;
}

/* So many bits must be there, and behind them so many bytes (NULL: none). */
static void need(struct lower *lw, uint32_t bits, const struct ir_expr *bytes)
{
	struct ir_insn *insn = add(lw, IR_NEED, bytes);

	if (insn)
		insn->lo = bits;
}

/* A number of bits in bytes: where it is not known by how many the parser goes, it goes by bytes. */
static const struct ir_expr *to_bytes(struct lower *lw, const struct ir_expr *bits)
{
	struct ir_var *bytes;

	seki_lower_require(lw,
			   seki_ir_binary(lw->ir, IR_EQ, 1,
					  seki_ir_binary(lw->ir, IR_AND, 32, bits, number(lw, 7)),
					  number(lw, 0)),
			   "ParserInvalidArgument");
	bits = seki_ir_binary(lw->ir, IR_SHR, 32, bits, number(lw, 3));
	if (bits->op == IR_CONST)
		return bits;
	bytes = seki_ir_var(lw->ir, IR_VAR_BYTES, 32, "bytes");
	seki_lower_set(lw, bytes, NULL, bits);
	return seki_ir_read(lw->ir, bytes);
}

/* ---- extract ---- */

/* What extract() fills: a header, or a member of the next element of a stack. */
struct goal {
	const struct ir_header *shape;
	struct ir_header *header;
	struct ir_stack *stack;
	uint32_t member;
};

static bool is_next(const struct p4_expr *expr)
{
	return expr->kind == P4_E_MEMBER && expr->a->type->kind == P4_T_STACK &&
	       strcmp(expr->name, "next") == 0;
}

/* The stack whose next element the argument is, or is a member of. */
static bool find_next(struct lower *lw, const struct p4_expr *arg, struct goal *goal)
{
	const struct p4_expr *next = arg;
	struct value *stack;

	if (arg->kind == P4_E_MEMBER && is_next(arg->a)) {
		next = arg->a;
		goal->member = arg->decl->index;
	} else if (!is_next(arg)) {
		return false;
	}
	stack = seki_lower_lvalue(lw, next->a);
	if (!stack || !stack->stack || !stack->stack->size)
		return false;
	goal->stack = stack->stack;
	goal->shape = goal->stack->elems[goal->member];
	return true;
}

/* The bytes of a header's varbit field, NULL where it has none. */
static const struct ir_expr *varbit_bytes(struct lower *lw, const struct p4_expr *arg,
					  const struct ir_header *shape)
{
	const struct ir_expr *bytes;

	if (!arg || !shape->varbit)
		return NULL;
	bytes = to_bytes(lw, keep(lw, seki_lower_scalar(lw, arg), "size"));
	seki_lower_require(
		lw, seki_ir_binary(lw->ir, IR_LE, 1, bytes, number(lw, shape->varbit->width / 8)),
		"HeaderTooShort");
	return bytes;
}

static void extract_to(struct lower *lw, const struct goal *goal, const struct p4_expr *size_arg)
{
	const struct ir_expr *bytes = varbit_bytes(lw, size_arg, goal->shape);
	struct ir_insn *insn;

	need(lw, goal->shape->bits, bytes);
	insn = add(lw, IR_EXTRACT, bytes);
	if (!insn)
		return;
	insn->header = goal->header;
	insn->stack = goal->stack;
	insn->lo = goal->member;
}

/* An element at an index that is known only at run time, or `_`: by way of a header of its own. */
static void extract_through(struct lower *lw, const struct p4_expr *call,
			    const struct p4_expr *size)
{
	const struct p4_expr *arg = call->bound[0];
	const struct p4_type *type = arg->kind == P4_E_DONTCARE ? call->type_args[0] : arg->type;
	struct value *own = seki_lower_storage(lw, seki_lower_type(lw, type), "extracted", lw->tok);
	struct goal goal = {.shape = own->header, .header = own->header};

	if (!own->header)
		return; /* an error was told */
	extract_to(lw, &goal, size);
	if (arg->kind != P4_E_DONTCARE)
		seki_lower_store(lw, arg, own);
}

static void lower_extract(struct lower *lw, const struct p4_expr *call)
{
	const struct p4_expr *arg = call->bound[0];
	const struct p4_expr *size = call->callee->params->next ? call->bound[1] : NULL;
	struct goal goal = {0};
	struct value *to = NULL;

	if (find_next(lw, arg, &goal)) {
		extract_to(lw, &goal, size);
		return;
	}
	if (arg->kind != P4_E_DONTCARE)
		to = seki_lower_lvalue(lw, arg);
	if (!to || !to->header) {
		extract_through(lw, call, size);
		return;
	}
	goal.shape = goal.header = to->header;
	extract_to(lw, &goal, size);
}

/* ---- lookahead, advance, length ---- */

/* Bits at the cursor, as a value of any type of fixed size. */
static void peek(struct lower *lw, const struct value *to, uint32_t *bits)
{
	struct ir_insn *insn;

	if (to->kind == VALUE_SCALAR) {
		insn = add(lw, IR_PEEK, NULL);
		insn->var = to->var;
		insn->at.bits = *bits;
		*bits += to->var->width;
	}
	for (uint32_t i = 0; i < to->n_parts; i++)
		peek(lw, to->parts[i], bits);
	if (to->kind == VALUE_HEADER && to->header)
		seki_lower_set(lw, to->header->valid, NULL, seki_ir_const(lw->ir, 1, 1));
}

static struct value *lower_lookahead(struct lower *lw, const struct p4_expr *call)
{
	const struct p4_type *type = seki_lower_type(lw, call->type);
	struct value *value = seki_lower_storage(lw, type, "lookahead", call->tok);
	int64_t size = seki_type_bits(type);
	uint32_t bits = 0;

	if (size < 0) {
		seki_diag_error(lw->diags, seki_expr_span(call),
				"lookahead() reads a type of fixed size, not %s",
				seki_type_name(lw->arena, type));
		return value;
	}
	need(lw, (uint32_t)size, NULL);
	if (lw->block)
		peek(lw, value, &bits);
	return value;
}

static void lower_advance(struct lower *lw, const struct p4_expr *call)
{
	const struct ir_expr *bits = keep(lw, seki_lower_scalar(lw, call->bound[0]), "advance");
	const struct ir_expr *bytes = bits->op == IR_CONST ? NULL : to_bytes(lw, bits);
	uint32_t known = bytes ? 0 : (uint32_t)seki_num_to_u64(&bits->num);
	struct ir_insn *insn;

	need(lw, known, bytes);
	insn = add(lw, IR_ADVANCE, bytes);
	if (insn)
		insn->lo = known;
}

static struct value *lower_length(struct lower *lw, const struct p4_expr *call)
{
	struct value *value = seki_lower_storage(lw, call->type, "length", call->tok);
	struct ir_insn *insn = add(lw, IR_CALL, NULL);

	if (insn) {
		insn->callee = call->callee;
		insn->name = call->callee->name;
		insn->result = value->var;
	}
	return value;
}

/* ---- emit ---- */

static void emit_header(struct lower *lw, struct ir_header *header)
{
	struct ir_program *ir = lw->ir;
	struct ir_insn *insn = add(lw, IR_EMIT, NULL);

	if (header->bits % 8)
		seki_diag_error(lw->diags, header->tok->at,
				"header '%s' has %u bits, which are not whole bytes: it cannot be "
				"emitted",
				header->path, header->bits);
	if (!insn)
		return;
	insn->header = header;
	insn->number = ir->n_emits;
	if ((ir->n_emits & (ir->n_emits - 1)) == 0) {
		struct ir_emit *more = seki_arena_alloc(lw->arena,
							(ir->n_emits * 2 + 1) * sizeof(*more));

		if (ir->n_emits)
			memcpy(more, ir->emits, ir->n_emits * sizeof(*more));
		ir->emits = more;
	}
	ir->emits[ir->n_emits++] = (struct ir_emit){.header = header, .tok = lw->tok};
}

static void emit_value(struct lower *lw, const struct value *value, struct seki_span at)
{
	if (value->kind == VALUE_HEADER && !value->header)
		value = seki_lower_copy(lw, value, "emitted");
	if (value->kind == VALUE_HEADER && value->header) {
		emit_header(lw, value->header);
		return;
	}
	if (value->kind != VALUE_FIELDS && value->kind != VALUE_STACK && value->kind != VALUE_UNION)
		seki_diag_error(lw->diags, at, "emit() takes headers, not %s",
				seki_type_name(lw->arena, value->type));
	else
		for (uint32_t i = 0; i < value->n_parts; i++)
			emit_value(lw, value->parts[i], at);
}

struct value *seki_lower_packet(struct lower *lw, const struct p4_expr *call)
{
	const char *method = call->callee->name;

	if (strcmp(method, "lookahead") == 0)
		return lower_lookahead(lw, call);
	if (strcmp(method, "length") == 0)
		return lower_length(lw, call);
	if (strcmp(method, "extract") == 0)
		lower_extract(lw, call);
	else if (strcmp(method, "advance") == 0)
		lower_advance(lw, call);
	else
		emit_value(lw, seki_lower_expr(lw, call->bound[0]), seki_expr_span(call->bound[0]));
	return nothing(lw);
}

/* ---- stacks ---- */

const struct ir_expr *seki_lower_stack_index(struct lower *lw, const struct value *stack,
					     const struct p4_expr *member)
{
	const struct ir_expr *next;

	if (!stack->stack) {
		seki_diag_unsupported(lw->diags, seki_expr_span(member),
				      "'%s' of a stack that is not a variable is", member->name);
		return number(lw, 0);
	}
	next = seki_ir_read(lw->ir, stack->stack->next_index);
	if (strcmp(member->name, "next") == 0) {
		seki_lower_require(
			lw, seki_ir_binary(lw->ir, IR_LT, 1, next, number(lw, stack->stack->size)),
			"StackOutOfBounds");
		return next;
	}
	if (strcmp(member->name, "last") == 0)
		seki_lower_require(lw, seki_ir_binary(lw->ir, IR_NE, 1, next, number(lw, 0)),
				   "StackOutOfBounds");
	return seki_ir_binary(lw->ir, IR_SUB, 32, next, number(lw, 1));
}
