/* SPDX-License-Identifier: Apache-2.0 */
/* The graph of ir.h as text, for people and tests: a line for each instruction. */
#include "compiler/front/strbuf.h"
#include "compiler/p4/ir/ir.h"

static const char *const op_names[] = {
	[IR_NOT] = "~",	       [IR_NEG] = "-",		[IR_LNOT] = "!",
	[IR_ADD] = "+",	       [IR_SUB] = "-",		[IR_MUL] = "*",
	[IR_DIV] = "/",	       [IR_MOD] = "%",		[IR_SAT_ADD] = "|+|",
	[IR_SAT_SUB] = "|-|",  [IR_SAT_ADD_S] = "|+|s", [IR_SAT_SUB_S] = "|-|s",
	[IR_AND] = "&",	       [IR_OR] = "|",		[IR_XOR] = "^",
	[IR_SHL] = "<<",       [IR_SHR] = ">>",		[IR_SHR_S] = ">>s",
	[IR_CONCAT] = "++",    [IR_EQ] = "==",		[IR_NE] = "!=",
	[IR_LT] = "<",	       [IR_LE] = "<=",		[IR_LT_S] = "<s",
	[IR_LE_S] = "<=s",     [IR_LAND] = "&&",	[IR_LOR] = "||",
	[IR_VARBIT_EQ] = "==",
};

static void put_var(struct seki_strbuf *out, const struct ir_var *var)
{
	seki_strbuf_printf(out, "%s", var->name ? var->name : "?");
	if (var->name && var->name[0] == '$')
		seki_strbuf_printf(out, "%u", var->id);
}

static void put_expr(struct seki_strbuf *out, const struct ir_expr *e);

static void put_number(struct seki_strbuf *out, const struct ir_expr *e)
{
	uint32_t words = (seki_num_size(&e->num) + 63) / 64;

	if (seki_num_is_u64(&e->num)) {
		seki_strbuf_printf(out, "%uw%llu", e->width,
				   (unsigned long long)seki_num_to_u64(&e->num));
		return;
	}
	seki_strbuf_printf(out, "%uw0x%llx", e->width,
			   (unsigned long long)seki_num_word(&e->num, words - 1));
	while (--words > 0)
		seki_strbuf_printf(out, "%016llx",
				   (unsigned long long)seki_num_word(&e->num, words - 1));
}

static void put_operand(struct seki_strbuf *out, const struct ir_expr *e)
{
	bool simple = e->op == IR_CONST || e->op == IR_READ;

	seki_strbuf_printf(out, simple ? "" : "(");
	put_expr(out, e);
	seki_strbuf_printf(out, simple ? "" : ")");
}

static void put_cast(struct seki_strbuf *out, const struct ir_expr *e)
{
	if (e->op == IR_SLICE) {
		put_operand(out, e->a);
		seki_strbuf_printf(out, "[%u:%u]", e->lo + e->width - 1, e->lo);
		return;
	}
	seki_strbuf_printf(out, "(%s%u)", e->op == IR_SEXT ? "s" : "u", e->width);
	put_operand(out, e->a);
}

static void put_expr(struct seki_strbuf *out, const struct ir_expr *e)
{
	switch (e->op) {
	case IR_CONST:
		put_number(out, e);
		break;
	case IR_READ:
		put_var(out, e->var);
		break;
	case IR_ZEXT:
	case IR_SEXT:
	case IR_SLICE:
		put_cast(out, e);
		break;
	case IR_NOT:
	case IR_NEG:
	case IR_LNOT:
		seki_strbuf_printf(out, "%s", op_names[e->op]);
		put_operand(out, e->a);
		break;
	case IR_COND:
		put_operand(out, e->a);
		seki_strbuf_printf(out, " ? ");
		put_operand(out, e->b);
		seki_strbuf_printf(out, " : ");
		put_operand(out, e->c);
		break;
	default:
		put_operand(out, e->a);
		seki_strbuf_printf(out, " %s ", op_names[e->op] ? op_names[e->op] : "?");
		put_operand(out, e->b);
		break;
	}
}

/* ---- instructions ---- */

static void put_at(struct seki_strbuf *out, const struct ir_at *at)
{
	seki_strbuf_printf(out, " at ");
	if (at->base) {
		put_var(out, at->base);
		seki_strbuf_printf(out, "+");
	}
	seki_strbuf_printf(out, "%u", at->bits);
}

static void put_set(struct seki_strbuf *out, const struct ir_insn *insn)
{
	put_var(out, insn->var);
	seki_strbuf_printf(out, " = ");
	if (insn->op == IR_SET)
		put_expr(out, insn->a);
	else if (insn->from)
		put_var(out, insn->from);
	else
		seki_strbuf_printf(out, "{}");
	if (!insn->guard)
		return;
	seki_strbuf_printf(out, " if ");
	put_var(out, insn->guard);
}

static void put_args(struct seki_strbuf *out, const struct ir_insn *insn)
{
	seki_strbuf_printf(out, "(");
	for (uint32_t i = 0; i < insn->n_args; i++) {
		const struct ir_arg *arg = &insn->args[i];

		seki_strbuf_printf(out, i ? ", " : "");
		if (arg->value)
			put_expr(out, arg->value);
		if (arg->result) {
			seki_strbuf_printf(out, arg->value ? " -> " : "-> ");
			put_var(out, arg->result);
		}
	}
	seki_strbuf_printf(out, ")");
}

static void put_lookup(struct seki_strbuf *out, const struct ir_insn *insn)
{
	if (insn->hit) {
		put_var(out, insn->hit);
		seki_strbuf_printf(out, ", ");
	}
	if (insn->action)
		put_var(out, insn->action);
	seki_strbuf_printf(out, " = lookup %s", insn->table->name);
	put_args(out, insn);
}

static void put_call(struct seki_strbuf *out, const struct ir_insn *insn)
{
	if (insn->result) {
		put_var(out, insn->result);
		seki_strbuf_printf(out, " = ");
	}
	seki_strbuf_printf(out, "call %s%s%s", insn->ext ? insn->ext->name : "",
			   insn->ext ? "." : "", insn->name);
	put_args(out, insn);
}

static void put_extract(struct seki_strbuf *out, const struct ir_insn *insn)
{
	if (insn->header)
		seki_strbuf_printf(out, "extract %s", insn->header->path);
	else
		seki_strbuf_printf(out, "extract %s.next", insn->stack->path);
	if (insn->a) {
		seki_strbuf_printf(out, ", varbit ");
		put_expr(out, insn->a);
	}
	put_at(out, &insn->at);
}

static void put_amount(struct seki_strbuf *out, const struct ir_insn *insn, const char *what)
{
	seki_strbuf_printf(out, "%s %u", what, insn->lo);
	if (!insn->a)
		return;
	seki_strbuf_printf(out, " + 8 * ");
	put_expr(out, insn->a);
}

static void put_insn(struct seki_strbuf *out, const struct ir_insn *insn)
{
	switch (insn->op) {
	case IR_SET:
	case IR_SET_VARBIT:
		put_set(out, insn);
		break;
	case IR_LOOKUP:
		put_lookup(out, insn);
		break;
	case IR_DATA:
		put_var(out, insn->var);
		seki_strbuf_printf(out, " = data %u of action %u", insn->lo, insn->number);
		break;
	case IR_CALL:
		put_call(out, insn);
		break;
	case IR_NOTE:
		seki_strbuf_printf(out, "# %s", insn->name);
		break;
	case IR_NEED:
		put_amount(out, insn, "need");
		put_at(out, &insn->at);
		break;
	case IR_EXTRACT:
		put_extract(out, insn);
		break;
	case IR_ADVANCE:
		put_amount(out, insn, "advance");
		break;
	case IR_PEEK:
		put_var(out, insn->var);
		seki_strbuf_printf(out, " = peek");
		put_at(out, &insn->at);
		break;
	case IR_PUSH:
	case IR_POP:
		seki_strbuf_printf(out, "%s %s by %u", insn->op == IR_PUSH ? "push" : "pop",
				   insn->stack->path, insn->lo);
		break;
	case IR_MARK:
		put_var(out, insn->var);
		seki_strbuf_printf(out, " = place");
		put_at(out, &insn->at);
		if (insn->a) {
			seki_strbuf_printf(out, " + 8 * ");
			put_expr(out, insn->a);
		}
		seki_strbuf_printf(out, ", at most %u", insn->lo);
		break;
	case IR_FORGET:
		seki_strbuf_printf(out, "forget ");
		put_var(out, insn->var);
		break;
	case IR_EMIT:
		seki_strbuf_printf(out, "emit %s", insn->header->path);
		break;
	}
}

/* ---- blocks ---- */

static void put_switch(struct seki_strbuf *out, const struct ir_block *block)
{
	seki_strbuf_printf(out, "switch ");
	put_expr(out, block->value);
	seki_strbuf_printf(out, " {");
	for (const struct ir_case *c = block->cases; c; c = c->next) {
		const struct ir_expr value = {
			.op = IR_CONST, .width = block->value->width, .num = c->value};

		seki_strbuf_printf(out, " ");
		put_number(out, &value);
		seki_strbuf_printf(out, ": b%u;", c->to->id);
	}
	seki_strbuf_printf(out, " else b%u }", block->other->id);
}

static void put_end(struct seki_strbuf *out, const struct ir_block *block)
{
	switch (block->last) {
	case IR_GOTO:
		if (block->to)
			seki_strbuf_printf(out, "goto b%u", block->to->id);
		else
			seki_strbuf_printf(out, "nowhere");
		break;
	case IR_BRANCH:
		seki_strbuf_printf(out, "if ");
		put_expr(out, block->value);
		seki_strbuf_printf(out, " goto b%u else b%u", block->to->id, block->other->id);
		break;
	case IR_SWITCH:
		put_switch(out, block);
		break;
	case IR_ACCEPTED:
		seki_strbuf_printf(out, "accepted");
		put_at(out, &block->at);
		seki_strbuf_printf(out, ": b%u", block->to->id);
		break;
	case IR_REJECT:
		seki_strbuf_printf(out, "reject %s", block->error ? block->error : "");
		break;
	case IR_DROP:
		seki_strbuf_printf(out, "drop");
		break;
	case IR_PASS:
		seki_strbuf_printf(out, "pass");
		break;
	}
}

void seki_ir_print(const struct ir_program *ir, struct seki_strbuf *out)
{
	for (const struct ir_block *b = ir->blocks; b; b = b->next) {
		seki_strbuf_printf(out, "b%u:%s%s\n", b->id, b->name ? " # " : "",
				   b->name ? b->name : "");
		for (const struct ir_insn *insn = b->first; insn; insn = insn->next) {
			seki_strbuf_printf(out, "\t");
			put_insn(out, insn);
			seki_strbuf_printf(out, "\n");
		}
		seki_strbuf_printf(out, "\t");
		put_end(out, b);
		seki_strbuf_printf(out, "\n");
	}
}
