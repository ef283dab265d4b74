/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extern functions that the program brings along: a prototype of C as p4c's --emit-externs makes it
 * (values by value, out and inout by pointer), which the file given to the compiler defines.
 */
#include "compiler/p4/emit/emit.h"

#include <string.h>

static bool is_known(const struct emit *em, const struct ir_insn *insn)
{
	for (const struct ir_block *b = em->ir->blocks; b; b = b->next)
		for (const struct ir_insn *other = b->first; other; other = other->next) {
			if (other == insn)
				return false;
			if (other->op == IR_CALL && other->callee == insn->callee)
				return true;
		}
	return false;
}

/* Wide and structured values have no C type that both sides know. */
static bool is_plain(struct emit *em, const struct ir_insn *insn)
{
	bool plain = !insn->result || !seki_emit_is_wide(insn->result->width);

	for (uint32_t i = 0; i < insn->n_args; i++) {
		const struct ir_arg *a = &insn->args[i];

		plain = plain && a->param && !*a->path &&
			!seki_emit_is_wide(a->value ? a->value->width : a->result->width);
	}
	if (!plain)
		seki_diag_unsupported(em->diags, insn->tok->at,
				      "structs and values above 64 bits in a call of '%s' are",
				      insn->name);
	return plain;
}

static uint32_t arg_width(const struct ir_arg *a)
{
	return seki_emit_cwidth(a->value ? a->value->width : a->result->width);
}

void seki_emit_custom_prototype(struct emit *em, const struct ir_insn *insn)
{
	struct seki_strbuf text = {.arena = em->arena};

	if (is_known(em, insn) || !is_plain(em, insn))
		return;
	if (insn->result)
		seki_strbuf_printf(&text, "u%u", seki_emit_cwidth(insn->result->width));
	else
		seki_strbuf_printf(&text, "void");
	seki_strbuf_printf(&text, " %s(", insn->name);
	for (uint32_t i = 0; i < insn->n_args; i++)
		seki_strbuf_printf(&text, "%su%u%s", i ? ", " : "", arg_width(&insn->args[i]),
				   insn->args[i].result ? " *" : "");
	seki_emit_line(em, "%s%s);", text.data, insn->n_args ? "" : "void");
}

void seki_emit_custom_call(struct emit *em, const struct ir_insn *insn)
{
	const char **out = seki_arena_alloc(em->arena, (insn->n_args + 1) * sizeof(*out));
	struct seki_strbuf text = {.arena = em->arena};

	seki_strbuf_printf(&text, "%s(", insn->name);
	for (uint32_t i = 0; i < insn->n_args; i++) {
		const struct ir_arg *a = &insn->args[i];
		const char *value = a->value ? seki_emit_value(em, a->value) : "0";

		if (a->result)
			out[i] = seki_emit_keep(em, arg_width(a), value);
		seki_strbuf_printf(&text, "%s%s%s", i ? ", " : "", a->result ? "&" : "",
				   a->result ? out[i] : value);
	}
	seki_strbuf_printf(&text, ")");
	if (insn->result)
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, insn->result),
			       seki_emit_cut(em, text.data, insn->result->width));
	else
		seki_emit_line(em, "%s;", text.data);
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (out[i])
			seki_emit_line(em, "%s = %s;", seki_emit_var(em, insn->args[i].result),
				       seki_emit_cut(em, out[i], insn->args[i].result->width));
}
