/* SPDX-License-Identifier: Apache-2.0 */
/* Scopes: hash tables of names, one in another (P4_16 specification, section 6.8). */
#include <string.h>

#include "compiler/p4/check/check.h"

void seki_scope_push(struct p4_check *cx)
{
	struct p4_scope *scope = seki_arena_new(cx->arena, struct p4_scope);

	scope->parent = cx->scope;
	cx->scope = scope;
}

void seki_scope_pop(struct p4_check *cx)
{
	cx->scope = cx->scope->parent;
}

static bool is_callable(const struct p4_decl *decl)
{
	return decl->kind == P4_D_FUNCTION || decl->kind == P4_D_METHOD;
}

/* May both be there: do they differ in how many parameters they have, or in their names? */
static bool may_overload(const struct p4_decl *a, const struct p4_decl *b)
{
	const struct p4_decl *p = a->params, *q = b->params;

	if (a->kind != b->kind || !is_callable(a))
		return false;
	for (; p && q; p = p->next, q = q->next)
		if (strcmp(p->name, q->name) != 0)
			return true;
	return p || q;
}

void seki_scope_add(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_decl *other;
	struct seki_diag *diag;
	uint32_t n = 0;

	if (decl->name[0] == '?')
		return;
	other = seki_names_add(&cx->scope->names, cx->arena, decl->name, decl);
	if (!other)
		return;
	for (struct p4_decl *o = other; o; o = o->overload) {
		if (++n > SEKI_P4_MAX_OVERLOADS) {
			seki_diag_error(cx->diags, decl->tok->at, "more than %u functions '%s'",
					SEKI_P4_MAX_OVERLOADS, decl->name);
			return;
		}
		if (may_overload(o, decl))
			continue;
		diag = seki_diag_error(cx->diags, decl->tok->at, "'%s' is declared twice",
				       decl->name);
		seki_diag_note(cx->diags, diag, o->tok->at, "the other declaration is here");
		return;
	}
	decl->overload = other->overload;
	other->overload = decl;
}

struct p4_decl *seki_scope_find(struct p4_check *cx, const char *name, bool global)
{
	for (const struct p4_scope *s = global ? cx->global : cx->scope; s; s = s->parent) {
		struct p4_decl *decl = seki_names_find(&s->names, name);

		if (decl)
			return decl;
	}
	return NULL;
}

struct p4_decl *seki_scope_find_here(struct p4_check *cx, const char *name)
{
	return seki_names_find(&cx->scope->names, name);
}

/* ---- members ---- */

void seki_members_index(struct p4_check *cx, struct p4_decl *decl)
{
	decl->by_name = seki_arena_new(cx->arena, struct p4_names);
	for (struct p4_decl *m = decl->members; m; m = m->next)
		seki_names_add(decl->by_name, cx->arena, m->name, m);
}

struct p4_decl *seki_member_find(const struct p4_decl *decl, const char *name)
{
	return decl->by_name ? seki_names_find(decl->by_name, name)
			     : seki_decl_find(decl->members, name);
}

/* ---- what was meant ---- */

#define MAX_CANDIDATES 512u

struct candidates {
	const char *names[MAX_CANDIDATES];
	uint32_t n;
};

static bool is_type_decl(const struct p4_decl *decl)
{
	switch (decl->kind) {
	case P4_D_TYPE_PARAM:
	case P4_D_STRUCT:
	case P4_D_HEADER:
	case P4_D_UNION:
	case P4_D_ENUM:
	case P4_D_TYPEDEF:
	case P4_D_NEWTYPE:
	case P4_D_EXTERN:
	case P4_D_PARSER:
	case P4_D_CONTROL:
	case P4_D_PACKAGE:
		return true;
	default:
		return false;
	}
}

/* Could a declaration be what stands for a `what`: a "type", an "action", or any "name"? */
static bool is_a(const struct p4_decl *decl, const char *what)
{
	if (what[0] == 't')
		return is_type_decl(decl);
	return what[0] != 'a' || decl->kind == P4_D_ACTION;
}

static const char *suggest(struct p4_check *cx, const char *name, const char *what)
{
	struct candidates c = {.n = 0};

	for (const struct p4_scope *s = cx->scope; s; s = s->parent)
		for (uint32_t i = 0; i < s->names.size; i++)
			if (s->names.slots[i].name && c.n < MAX_CANDIDATES &&
			    is_a(s->names.slots[i].value, what))
				c.names[c.n++] = s->names.slots[i].name;
	return seki_diag_suggest(name, c.names, c.n);
}

/* Types of C, which many write first. */
static const char *type_of_c(const char *name)
{
	static const struct {
		const char *c, *p4;
	} types[] = {
		{"uint8_t", "bit<8>"},	 {"uint16_t", "bit<16>"}, {"uint32_t", "bit<32>"},
		{"uint64_t", "bit<64>"}, {"int8_t", "int<8>"},	  {"int16_t", "int<16>"},
		{"int32_t", "int<32>"},	 {"int64_t", "int<64>"},  {"u8", "bit<8>"},
		{"u16", "bit<16>"},	 {"u32", "bit<32>"},	  {"u64", "bit<64>"},
		{"char", "bit<8>"},	 {"unsigned", "bit<32>"}, {"boolean", "bool"},
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i].c, name) == 0)
			return types[i].p4;
	return NULL;
}

/* E.name or error.name, where there is such a member. */
static const char *as_member(struct p4_check *cx, const char *name)
{
	if (seki_names_find(&cx->error_names, name))
		return seki_arena_printf(cx->arena, "error.%s", name);
	for (uint32_t i = 0; i < cx->global->names.size; i++) {
		const struct p4_decl *decl = cx->global->names.slots[i].value;

		if (decl && decl->kind == P4_D_ENUM && seki_member_find(decl, name))
			return seki_arena_printf(cx->arena, "%s.%s", decl->name, name);
	}
	return NULL;
}

/* A declaration of the name that comes later. */
static const struct p4_decl *find_later(struct p4_check *cx, const char *name)
{
	const struct p4_decl *found = NULL;

	if (cx->block)
		found = seki_decl_find(cx->block->members, name);
	return found ? found : seki_decl_find(cx->program->decls, name);
}

static void tell_unknown(struct p4_check *cx, const struct seki_token *tok, const char *name,
			 const char *what)
{
	const struct p4_decl *later = find_later(cx, name);
	const char *near = NULL, *origin;
	struct seki_diag *diag;

	if (later && is_a(later, what)) {
		bool inside = later->tok->at.src == tok->at.src && later->tok->at.off < tok->at.off;

		diag = seki_diag_error(cx->diags, tok->at, "'%s' is used %s its declaration", name,
				       inside ? "inside" : "before");
		seki_diag_note(cx->diags, diag, later->tok->at, "'%s' is declared here", name);
		return;
	}
	if (what[0] == 't')
		near = type_of_c(name);
	else if (what[0] == 'n')
		near = as_member(cx, name);
	near = near || what[0] != 'n' ? near : seki_hint_field(cx, name);
	origin = near ? NULL : seki_hint_origin(cx, name);
	near = near || origin ? near : suggest(cx, name, what);
	near = near || origin ? near : seki_hint_spelling(cx, name, what[0] == 't');
	if (origin)
		seki_diag_error(cx->diags, tok->at, "no %s '%s' here%s", what, name, origin);
	else if (near)
		seki_diag_error(cx->diags, tok->at, "no %s '%s' here; did you mean '%s'?", what,
				name, near);
	else
		seki_diag_error(cx->diags, tok->at, "no %s '%s' here", what, name);
}

struct p4_decl *seki_scope_need(struct p4_check *cx, const struct seki_token *tok, const char *name,
				bool global, const char *what)
{
	struct p4_decl *decl = seki_scope_find(cx, name, global);

	if (decl)
		seki_check_use(cx, tok, decl);
	if (decl || name[0] == '?')
		return decl;
	/* What is looked for takes time, and what is told is not kept any more. */
	if (cx->diags->errors < SEKI_DIAG_MAX_ERRORS)
		tell_unknown(cx, tok, name, what);
	else
		seki_diag_error(cx->diags, tok->at, "no %s '%s' here", what, name);
	return NULL;
}

void seki_check_use(struct p4_check *cx, const struct seki_token *tok, const struct p4_decl *decl)
{
	struct seki_diag *diag;

	if (!decl->deprecated || tok->at.src->name[0] == '<')
		return;
	diag = seki_diag_warning(cx->diags, SEKI_WARN_DEPRECATED, tok->at, "'%s' is deprecated: %s",
				 decl->name, decl->deprecated);
	seki_diag_note(cx->diags, diag, decl->tok->at, "'%s' is declared here", decl->name);
}
