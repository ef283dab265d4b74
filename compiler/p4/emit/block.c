/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: a label, the instructions, the jump at the end. */
#include "compiler/p4/emit/emit.h"
#include "compiler/p4/pass/loops.h"

#include <string.h>

static bool is_array(const struct ir_var *var)
{
	return seki_emit_is_wide(var->width) || var->kind == IR_VAR_VARBIT;
}

/* ---- instructions ---- */

static void set_wide(struct emit *em, const struct ir_insn *insn)
{
	const char *value = seki_emit_wide(em, insn->a);

	if (insn->guard)
		seki_emit_line(em, "if (%s) {", seki_emit_var(em, insn->guard));
	seki_emit_wide_copy(em, seki_emit_var(em, insn->var), value, insn->var->width);
	if (insn->guard)
		seki_emit_line(em, "}");
}

/* Where much comes together: what is known of the length is forgotten as well. */
static void forget_length(struct emit *em)
{
	if (em->profile >= EMIT_OPAQUE)
		seki_emit_line(em, "forget_length();");
}

static void count_round(struct emit *em, const struct ir_var *var)
{
	const char *name = seki_emit_own_name(em, var);

	seki_emit_line(em, "%s %s= 1;", name, seki_emit_counts_down(em, var) ? "-" : "+");
	if (em->profile >= EMIT_OPAQUE)
		seki_emit_line(em, "hide(%s);", name);
}

/* Where paths meet the verifier compares what it knows: no branch for so little. */
static void set_by_mask(struct emit *em, const struct ir_insn *insn)
{
	const char *mask = seki_emit_mask(em, seki_emit_var(em, insn->guard));
	const char *name = seki_emit_var(em, insn->var);

	seki_emit_line(em, "%s = (%s & ~%s) | (%s & %s);", name, name, mask,
		       seki_emit_value(em, insn->a), mask);
}

/* A mark to drop is a place where packets are dropped. */
static void set(struct emit *em, const struct ir_insn *insn)
{
	if (is_array(insn->var))
		set_wide(em, insn);
	else if (insn->var->kind == IR_VAR_COUNT)
		count_round(em, insn->var);
	else if (insn->guard && em->profile >= EMIT_OPAQUE)
		set_by_mask(em, insn);
	else if (insn->guard)
		seki_emit_line(em, "if (%s)\n\t%s = %s;", seki_emit_var(em, insn->guard),
			       seki_emit_var(em, insn->var), seki_emit_value(em, insn->a));
	else
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, insn->var),
			       seki_emit_value(em, insn->a));
	if (insn->var->kind == IR_VAR_BYTES && em->profile < EMIT_OPAQUE)
		seki_emit_line(em, "asm(\"\" : \"+r\"(%s));", seki_emit_var(em, insn->var));
	if (insn->var
		    ->counts) /* else clang ends loops by !=, and the verifier does not know when */
		seki_emit_line(em, "hide(%s);", seki_emit_var(em, insn->var));
	if (insn->var == em->ir->pass && seki_ir_is_const(insn->a, 0))
		seki_emit_line(em, "%s = %u;", em->site, seki_emit_line_number(insn->tok));
}

/* Of different sizes: the specification allows none but equal ones, so what is beyond is zero. */
static void set_varbit(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_var *to = insn->var, *from = insn->from;
	uint32_t n = from ? seki_emit_limbs(from->width) : 0;

	if (insn->guard)
		seki_emit_line(em, "if (%s) {", seki_emit_var(em, insn->guard));
	seki_emit_line(em, "%s = %s;", seki_emit_var(em, to->size),
		       from ? seki_emit_var(em, from->size) : "0");
	for (uint32_t i = 0; i < seki_emit_limbs(to->width); i++)
		if (i < n)
			seki_emit_line(em, "%s[%u] = %s[%u];", seki_emit_var(em, to), i,
				       seki_emit_var(em, from), i);
		else
			seki_emit_line(em, "%s[%u] = 0;", seki_emit_var(em, to), i);
	if (insn->guard)
		seki_emit_line(em, "}");
}

static void peek(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_need_again(em, &insn->at, insn->var->width);
	seki_emit_load_to(em, insn->var, seki_emit_base(em, insn->at.base), insn->at.bits);
}

/*
 * A copy for the block, short-lived and opaque: what is compared with the packet's length and what is
 * added to its start are then one register, which the verifier takes for one number.
 */
static void copy_base(struct emit *em, const struct ir_var *base)
{
	const char *copy = seki_emit_text(em, "here%u", seki_emit_id(em));

	em->base = em->vars[base->id];
	seki_emit_line(em, "u64 %s = %s;\nasm(\"\" : \"+r\"(%s));", copy, em->base, copy);
	seki_emit_bound_place(em, copy, "reject");
	em->vars[base->id] = copy;
}

static void mark(struct emit *em, const struct ir_insn *insn)
{
	const char *more = insn->a ? seki_emit_text(em, " + %s", seki_emit_value(em, insn->a)) : "";
	const char *place = seki_emit_place_text(em, &insn->at);
	const char *name;

	if (em->base)
		em->vars[insn->var->id] = em->base;
	name = seki_emit_var(em, insn->var);
	if (em->profile >= EMIT_OPAQUE) { /* what is in memory is not what was checked */
		name = seki_emit_text(em, "next%u", seki_emit_id(em));
		seki_emit_line(em, "u64 %s;", name);
	}
	seki_emit_line(em, "%s = %s%s;\nforget(%s);\nif (%s > %u)\n\tgoto reject;", name, place,
		       more, name, name, insn->lo);
	if (em->profile >= EMIT_OPAQUE)
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, insn->var), name);
	copy_base(em, insn->var);
}

static void forget(struct emit *em, const struct ir_insn *insn)
{
	const char *name = seki_emit_var(em, insn->var);

	if (!seki_emit_in_scratch(em, insn->var))
		seki_emit_line(em, "%s(%s);", insn->lo ? "forget_all" : "forget", name);
	else if (em->profile < EMIT_OPAQUE)
		seki_emit_line(em, "asm volatile(\"\" : : : \"memory\");");
}

static void emit_flag(struct emit *em, const struct ir_insn *insn)
{
	if (insn->var && insn->var != insn->header->valid)
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, insn->var),
			       seki_emit_var(em, insn->header->valid));
}

/* For traces. */
static void note(struct emit *em, const struct ir_insn *insn)
{
	if (insn->note != IR_NOTE_TABLE) /* the lookup tells more */
		seki_emit_trace(em, insn->note == IR_NOTE_STATE ? 'S' : 'A', insn->tok, insn->name);
}

static void insn(struct emit *em, const struct ir_insn *insn)
{
	static void (*const writers[])(struct emit *, const struct ir_insn *) = {
		[IR_SET] = set,
		[IR_SET_VARBIT] = set_varbit,
		[IR_LOOKUP] = seki_emit_lookup,
		[IR_DATA] = seki_emit_data,
		[IR_CALL] = seki_emit_call,
		[IR_NOTE] = note,
		[IR_NEED] = seki_emit_need,
		[IR_EXTRACT] = seki_emit_extract,
		[IR_PEEK] = peek,
		[IR_MARK] = mark,
		[IR_FORGET] = forget,
		[IR_EMIT] = emit_flag,
	};

	em->n_temps = 0;
	seki_emit_place(em, insn->tok);
	writers[insn->op](em, insn);
}

/* ---- ends ---- */

static void go_to(struct emit *em, const struct ir_block *block, const struct ir_block *to)
{
	if (to != block->next)
		seki_emit_line(em, "goto b%u;", to->id);
}

/* C can switch on numbers of up to 64 bits; wider ones are compared with one after the other. */
static void end_switch(struct emit *em, const struct ir_block *block)
{
	const char *value;

	if (seki_emit_is_wide(block->value->width)) {
		value = seki_emit_wide(em, block->value);
		for (const struct ir_case *c = block->cases; c; c = c->next) {
			struct seki_strbuf text = {.arena = em->arena};

			for (uint32_t i = 0; i < seki_emit_limbs(block->value->width); i++)
				seki_strbuf_printf(&text, "%s%s[%u] == 0x%llxull", i ? " && " : "",
						   value, i,
						   (unsigned long long)seki_num_word(&c->value, i));
			seki_emit_line(em, "if (%s)\n\tgoto b%u;", text.data, c->to->id);
		}
		go_to(em, block, block->other);
		return;
	}
	seki_emit_line(em, "switch (%s) {", seki_emit_value(em, block->value));
	for (const struct ir_case *c = block->cases; c; c = c->next)
		seki_emit_line(em, "case 0x%llxull:\n\tgoto b%u;",
			       (unsigned long long)seki_num_word(&c->value, 0), c->to->id);
	seki_emit_line(em, "default:\n\tgoto b%u;\n}", block->other->id);
}

/* Does a loop of states begin behind it? */
static bool enters_loop(const struct emit *em, struct ir_block *block)
{
	struct flow_edges edges = seki_flow_edges(block);
	struct ir_block **to;

	while (!seki_loops_is_count(block) && (to = seki_flow_next(&edges)))
		if (em->is_head[(*to)->id])
			return true;
	return false;
}

static void end(struct emit *em, struct ir_block *block)
{
	em->n_temps = 0;
	seki_emit_place(em, block->tok);
	if (enters_loop(em, block))
		forget_length(em);
	switch (block->last) {
	case IR_ACCEPTED:
		if (em->ir->plan->head)
			seki_emit_line(em, "%s = %s;", seki_emit_var(em, em->ir->plan->head),
				       seki_emit_place_text(em, &block->at));
		forget_length(em);
		go_to(em, block, block->to);
		break;
	case IR_GOTO:
		go_to(em, block, block->to);
		break;
	case IR_BRANCH:
		seki_emit_line(em, "if (%s)\n\tgoto b%u;", seki_emit_value(em, block->value),
			       block->to->id);
		go_to(em, block, block->other);
		break;
	case IR_SWITCH:
		end_switch(em, block);
		break;
	case IR_REJECT:
		if (block->tok)
			seki_emit_line(em, "%s = %u;", em->site, seki_emit_line_number(block->tok));
		seki_emit_line(em, "goto reject;");
		break;
	case IR_DROP:
		seki_emit_line(em, "goto drop;");
		break;
	case IR_PASS:
		seki_emit_line(em, "goto deparse;");
		break;
	}
}

static void block_code(struct emit *em, struct ir_block *block)
{
	const struct ir_var *base = NULL;

	for (const struct ir_insn *i = block->first; i && !base; i = i->next)
		base = i->op == IR_MARK ? i->var : i->at.base;
	em->base = NULL;
	seki_emit_line(em, "b%u: __attribute__((unused));\n{", block->id);
	if (base)
		copy_base(em, base);
	for (const struct ir_insn *i = block->first; i; i = i->next)
		insn(em, i);
	end(em, block);
	seki_emit_line(em, "}");
	if (base)
		em->vars[base->id] = em->base;
}

/* The verifier goes on where a branch is not taken first; to a jump alone clang would branch. */
static void walk_first(struct emit *em, const struct ir_block *block)
{
	seki_emit_line(em,
		       "if (__builtin_expect(scratch->never, 1)) {\n"
		       "\tscratch->never = 0;\n\tgoto b%u;\n}",
		       block->id);
}

/*
 * Where much comes together, what can be reached from there is walked before what leads there, from
 * the back to the front: each way there then ends at what was walked, and a loop is found to end with
 * all behind it known. (Else each round sets out to the program's end.)
 */
static void walk_from_the_back(struct emit *em)
{
	const struct ir_block **heads = seki_arena_alloc(em->arena,
							 (em->ir->n_blocks + 1) * sizeof(*heads));
	const struct ir_block *accepted = NULL;
	uint32_t n = 0;

	em->is_head = seki_arena_alloc(em->arena, em->ir->n_blocks + 1);
	for (const struct ir_block *block = em->ir->blocks; block; block = block->next)
		if (block->last == IR_ACCEPTED)
			accepted = block->to;
		else if (seki_loops_is_count(block))
			em->is_head[block->to->id] = true;
	if (em->profile < EMIT_OPAQUE)
		return;
	for (const struct ir_block *block = em->ir->blocks; block; block = block->next)
		if (em->is_head[block->id])
			heads[n++] = block;
	if (accepted)
		walk_first(em, accepted);
	while (n)
		walk_first(em, heads[--n]);
}

void seki_emit_blocks(struct emit *em)
{
	walk_from_the_back(em);
	if (em->ir->entry != em->ir->blocks)
		seki_emit_line(em, "goto b%u;", em->ir->entry->id);
	for (struct ir_block *block = em->ir->blocks; block; block = block->next)
		block_code(em, block);
}
