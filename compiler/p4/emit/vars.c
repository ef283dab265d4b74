/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Variables in C: locals of `entry`; where the stack does not hold them, members of a struct that is
 * the one value of a map (scratch memory, which exists once for each queue).
 */
#include "compiler/p4/emit/emit.h"
#include "compiler/p4/pass/loops.h"

#include <string.h>

uint32_t seki_emit_cwidth(uint32_t width)
{
	return width <= 8 ? 8 : width <= 16 ? 16 : width <= 32 ? 32 : 64;
}

bool seki_emit_in_scratch(const struct emit *em, const struct ir_var *var)
{
	if (var->counts || var->kind == IR_VAR_COUNT || var->kind == IR_VAR_STD)
		return false;
	if (var->kind == IR_VAR_VALID)
		return em->profile >= EMIT_FLAGS_IN_SCRATCH;
	if (var->kind == IR_VAR_BASE || var->kind == IR_VAR_BYTES)
		return em->profile >= EMIT_OPAQUE;
	return em->profile >= EMIT_IN_SCRATCH;
}

/* What the machine sets and looks at only before the program: a copy, where the program writes it. */
static bool is_copied(const struct emit *em, const struct ir_var *var)
{
	if (var->kind != IR_VAR_STD ||
	    (strcmp(var->field, "input_port") != 0 && strcmp(var->field, "packet_length") != 0))
		return false;
	for (const struct ir_block *b = em->ir->blocks; b; b = b->next)
		for (const struct ir_insn *insn = b->first; insn; insn = insn->next)
			if (insn->var == var || insn->result == var)
				return true;
	return false;
}

const char *seki_emit_own_name(struct emit *em, const struct ir_var *var)
{
	const char *name = seki_emit_cname(em, var->name ? var->name : "t");

	return seki_emit_text(em, "%s$%u", name, var->id);
}

bool seki_emit_counts_down(const struct emit *em, const struct ir_var *var)
{
	return em->profile == EMIT_OPAQUE_DOWN && var->kind == IR_VAR_COUNT;
}

static const char *make_name(struct emit *em, const struct ir_var *var)
{
	if (seki_emit_counts_down(em, var))
		return seki_emit_text(em, "(%uu - %s)", LOOPS_ROUNDS + 1,
				      seki_emit_own_name(em, var));
	if (var->kind == IR_VAR_STD && !is_copied(em, var))
		return seki_emit_text(em, "std->%s", var->field);
	return seki_emit_in_scratch(em, var)
		       ? seki_emit_text(em, "scratch->%s", seki_emit_own_name(em, var))
		       : seki_emit_own_name(em, var);
}

const char *seki_emit_count(struct emit *em, const struct ir_var *var)
{
	return seki_emit_text(em, "bytes$%u", var->id);
}

/* Its bound is what the verifier needs to know, whatever became of the size. */
void seki_emit_recall_count(struct emit *em, const struct ir_header *h)
{
	const char *count;

	if (!h->varbit)
		return;
	count = seki_emit_count(em, h->varbit);
	seki_emit_line(em, "u64 %s = %s >> 3;\nhide(%s);\nif (%s > %u)\n\tgoto drop;", count,
		       seki_emit_var(em, h->varbit->size), count, count, h->varbit->width / 8);
}

/* The variable that a value begins or ends with, or NULL where that is none. */
static const struct ir_var *edge(const struct ir_expr *expr, bool last)
{
	while (expr->op == IR_CONCAT)
		expr = last ? expr->b : expr->a;
	return expr->op == IR_READ ? expr->var : NULL;
}

/* Fields that stand next to each other in a header and are put together are loaded together. */
static void find_joined(struct emit *em, const struct ir_expr *concat)
{
	const struct ir_var *a = edge(concat->a, true), *b = edge(concat->b, false);

	if (!a || !b || a->kind != IR_VAR_FIELD || b->kind != IR_VAR_FIELD ||
	    a->header != b->header)
		return;
	for (uint32_t i = 1; i < a->header->n_fields; i++)
		if (a->header->fields[i - 1].var == a && a->header->fields[i].var == b)
			em->joined[b->id] = true;
}

/* Whose bits somebody looks at: a varbit field that only stays where it is needs none. */
static void find_needed(struct emit *em, const struct ir_expr *expr)
{
	if (!expr)
		return;
	if (expr->op == IR_READ)
		em->needed[expr->var->id] = true;
	if (expr->op == IR_CONCAT)
		find_joined(em, expr);
	find_needed(em, expr->a);
	find_needed(em, expr->b);
	find_needed(em, expr->c);
}

static void find_needed_in(struct emit *em, const struct ir_insn *insn)
{
	if (insn->from)
		em->needed[insn->from->id] = true;
	find_needed(em, insn->a);
	for (uint32_t i = 0; i < insn->n_args; i++)
		find_needed(em, insn->args[i].value);
}

void seki_emit_name_vars(struct emit *em)
{
	em->vars = seki_arena_alloc(em->arena, (em->ir->n_vars + 1) * sizeof(*em->vars));
	em->needed = seki_arena_alloc(em->arena, (em->ir->n_vars + 1) * sizeof(*em->needed));
	em->joined = seki_arena_alloc(em->arena, (em->ir->n_vars + 1) * sizeof(*em->joined));
	for (const struct ir_var *var = em->ir->vars; var; var = var->next)
		em->vars[var->id] = make_name(em, var);
	for (const struct ir_block *b = em->ir->blocks; b; b = b->next) {
		for (const struct ir_insn *insn = b->first; insn; insn = insn->next)
			find_needed_in(em, insn);
		find_needed(em, b->value);
	}
	for (const struct ir_header *h = em->ir->headers; h; h = h->next)
		if (h->varbit && seki_emit_moves(em, h))
			em->needed[h->varbit->id] = true;
}

static bool is_array(const struct ir_var *var)
{
	return seki_emit_is_wide(var->width) || var->kind == IR_VAR_VARBIT;
}

static const char *ctype(struct emit *em, const struct ir_var *var)
{
	if ((var->kind == IR_VAR_BASE || var->kind == IR_VAR_BYTES) &&
	    !seki_emit_in_scratch(em, var)) /* what is read there is less than 2^32 */
		return "u64";
	return seki_emit_text(em, "u%u", seki_emit_cwidth(var->width));
}

static const char *declarator(struct emit *em, const struct ir_var *var)
{
	const char *name = seki_emit_own_name(em, var);

	if (!is_array(var))
		return name;
	return seki_emit_text(em, "%s[%u]", name, seki_emit_limbs(var->width));
}

static void declare(struct emit *em, const struct ir_var *var)
{
	if (var->kind == IR_VAR_STD)
		seki_emit_line(em, "u32 %s = std->%s;", seki_emit_var(em, var), var->field);
	else if (var == em->ir->pass)
		seki_emit_line(em, "u8 %s = 1;", seki_emit_var(em, var));
	else if (is_array(var))
		seki_emit_line(em, "u64 %s = {0};", declarator(em, var));
	else
		seki_emit_line(em, "%s %s = %u;", ctype(em, var), declarator(em, var),
			       seki_emit_counts_down(em, var) ? LOOPS_ROUNDS + 1 : 0);
	if (var->kind == IR_VAR_COUNT && em->profile >= EMIT_OPAQUE)
		seki_emit_line(em, "hide(%s);", seki_emit_own_name(em, var));
}

/* A zero that clang does not know: of known ones it would make one call of memset. */
static void clear_scratch(struct emit *em)
{
	seki_emit_line(em, "u32 scratch_at = 0;\n"
			   "struct scratch *scratch = ubpf_map_lookup(&scratch$map, &scratch_at);\n"
			   "if (!scratch)\n\treturn 0;\n"
			   "u64 zero = 0;\nasm volatile(\"\" : \"+r\"(zero));\n"
			   "scratch->site = scratch->never = zero;");
	for (const struct ir_var *var = em->ir->vars; var; var = var->next) {
		if (!seki_emit_in_scratch(em, var))
			continue;
		for (uint32_t i = 0; is_array(var) && i < seki_emit_limbs(var->width); i++)
			seki_emit_line(em, "%s[%u] = zero;", seki_emit_var(em, var), i);
		if (!is_array(var))
			seki_emit_line(em, "%s = %s;", seki_emit_var(em, var),
				       var == em->ir->pass ? "1" : "zero");
	}
}

void seki_emit_declare_vars(struct emit *em)
{
	if (em->profile != EMIT_ON_STACK)
		clear_scratch(em);
	for (const struct ir_var *var = em->ir->vars; var; var = var->next) {
		if (!seki_emit_in_scratch(em, var) &&
		    strncmp(seki_emit_var(em, var), "std->", 5) != 0)
			declare(em, var);
	}
}

void seki_emit_scratch_map(struct emit *em)
{
	const char *kept = em->profile >= EMIT_OPAQUE ? "volatile " : "";

	if (em->profile == EMIT_ON_STACK)
		return;
	seki_emit_line(em, "struct scratch {");
	for (const struct ir_var *var = em->ir->vars; var; var = var->next)
		if (seki_emit_in_scratch(em, var))
			seki_emit_line(em, "\t%s%s %s;", kept, ctype(em, var), declarator(em, var));
	for (uint32_t i = 0; i < EMIT_TEMPS && em->temps[i]; i++)
		seki_emit_line(em, "\t%su64 temp%u[%u];", kept, i, em->temps[i]);
	seki_emit_line(
		em,
		"\tvolatile u64 forgotten;\n\tvolatile u32 site, never;\n} __attribute__((aligned(8)));\nstruct map_def scratch$map asm(\"" SEKI_OBJ_SCRATCH
		"\") = "
		"{7, 4, sizeof(struct scratch), 1, 0};");
}
