/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extern functions that the program brings along: prototypes of C as p4c's --emit-externs makes them,
 * for functions of a file that is compiled along. Values go by value, out and inout ones by pointer;
 * a struct or header is a struct of C of its name and fields, a header with `u8 ebpf_valid` at last.
 */
#include "compiler/p4/emit/emit.h"

#include <string.h>

struct emit_known {
	struct emit_known *next;
	const struct p4_decl *decl;
};

/* True the first time. */
static bool is_new(struct emit *em, const struct p4_decl *decl)
{
	struct emit_known *known = em->known;

	for (; known; known = known->next)
		if (known->decl == decl)
			return false;
	known = seki_arena_new(em->arena, struct emit_known);
	known->decl = decl;
	known->next = em->known;
	em->known = known;
	return true;
}

static bool is_record(const struct p4_type *type)
{
	type = seki_type_base(type);
	return (type->kind == P4_T_STRUCT || type->kind == P4_T_HEADER) && type->n_args == 0;
}

/* NULL where C has none for it. */
static const char *ctype(struct emit *em, const struct p4_type *type)
{
	const struct p4_type *base = seki_type_base(type);

	if (base->kind == P4_T_VOID)
		return "void";
	if (is_record(base))
		return seki_emit_text(em, "struct %s", base->decl->name);
	if (base->kind == P4_T_BOOL)
		return "u8";
	if (base->kind == P4_T_ENUM || base->kind == P4_T_ERROR)
		return "u32";
	if (!seki_type_is_fixed(base) || seki_emit_is_wide(base->width))
		return NULL;
	return seki_emit_text(em, "u%u", seki_emit_cwidth(base->width));
}

/* False, and a diagnostic, where C has no type for a part of it. */
static bool declare_type(struct emit *em, const struct p4_type *type, const struct seki_token *tok)
{
	const struct p4_decl *decl = seki_type_base(type)->decl;
	struct seki_strbuf text = {.arena = em->arena};

	if (!ctype(em, type)) {
		seki_diag_unsupported(em->diags, tok->at,
				      "values of type %s for functions of C are",
				      seki_type_name(em->arena, type));
		return false;
	}
	if (!is_record(type) || !is_new(em, decl))
		return true;
	for (const struct p4_decl *f = decl->members; f; f = f->next) {
		if (!declare_type(em, f->type, tok))
			return false;
		seki_strbuf_printf(&text, "\t%s %s;\n", ctype(em, f->type), f->name);
	}
	seki_emit_line(em, "struct %s {\n%s%s};", decl->name, text.data ? text.data : "",
		       decl->kind == P4_D_HEADER ? "\tu8 ebpf_valid;\n" : "");
	return true;
}

static bool is_out(const struct p4_decl *param)
{
	return param->dir == P4_DIR_OUT || param->dir == P4_DIR_INOUT;
}

void seki_emit_custom_prototype(struct emit *em, const struct ir_insn *insn)
{
	struct seki_strbuf text = {.arena = em->arena};
	const struct p4_decl *callee = insn->callee;

	if (!is_new(em, callee) || !declare_type(em, callee->type, insn->tok))
		return;
	for (const struct p4_decl *p = callee->params; p; p = p->next) {
		if (!declare_type(em, p->type, insn->tok))
			return;
		seki_strbuf_printf(&text, "%s%s%s", text.len ? ", " : "", ctype(em, p->type),
				   is_out(p) ? " *" : "");
	}
	seki_emit_line(em, "%s %s(%s);", ctype(em, callee->type), callee->name,
		       text.len ? text.data : "void");
}

/* The part of a variable of C that an argument is: "$valid" ends the path of a header's validity. */
static const char *part(struct emit *em, const char *name, const char *path)
{
	size_t len = strlen(path);
	bool valid = len >= 6 && strcmp(path + len - 6, "$valid") == 0;

	if (!*path)
		return name;
	return seki_emit_text(em, "%s.%.*s%s", name, (int)(valid ? len - 6 : len), path,
			      valid ? "ebpf_valid" : "");
}

static const char *local(struct emit *em, const struct p4_decl *param)
{
	return seki_emit_text(em, "arg$%u", param ? param->index : 0);
}

static void copy_out(struct emit *em, const struct ir_var *var, const char *from)
{
	seki_emit_line(em, "%s = %s;", seki_emit_var(em, var), seki_emit_cut(em, from, var->width));
}

void seki_emit_custom_call(struct emit *em, const struct ir_insn *insn)
{
	struct seki_strbuf text = {.arena = em->arena};
	bool is_void = seki_type_base(insn->callee->type)->kind == P4_T_VOID;

	seki_emit_line(em, "{");
	for (const struct p4_decl *p = insn->callee->params; p; p = p->next) {
		seki_emit_line(em, "%s %s = %s;", ctype(em, p->type) ? ctype(em, p->type) : "u8",
			       local(em, p), is_record(p->type) ? "{0}" : "0");
		seki_strbuf_printf(&text, "%s%s%s", text.len ? ", " : "", is_out(p) ? "&" : "",
				   local(em, p));
	}
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (insn->args[i].value && !seki_emit_is_wide(insn->args[i].value->width))
			seki_emit_line(em, "%s = %s;",
				       part(em, local(em, insn->args[i].param), insn->args[i].path),
				       seki_emit_value(em, insn->args[i].value));
	seki_emit_line(em, "%s%s%s(%s);", is_void ? "" : ctype(em, insn->callee->type),
		       is_void ? "" : " result = ", insn->name, text.len ? text.data : "");
	for (uint32_t i = 0; i < insn->n_args; i++) {
		const struct ir_arg *a = &insn->args[i];

		if (a->result)
			copy_out(em, a->result,
				 part(em, a->param ? local(em, a->param) : "result", a->path));
	}
	if (insn->result)
		copy_out(em, insn->result, "result");
	seki_emit_line(em, "}");
}
