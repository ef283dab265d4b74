/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations (P4_16 specification, sections 7, 9 to 14 and 16). */
#include <string.h>

#include "compiler/p4/check/check.h"

/* ---- constants and variables ---- */

static void check_const(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_type *type = seki_check_decl_type(cx, decl);

	if (type->kind == P4_T_EXTERN) {
		seki_diag_error(cx->diags, decl->tref->tok->at, "a constant cannot be of type %s",
				seki_type_name(cx->arena, type));
		type = cx->bad;
	}
	seki_check_value(cx, decl->init, type);
	decl->known = decl->init->known;
	decl->value = decl->init->num;
	if (!seki_is_constant(decl->init))
		seki_diag_error(cx->diags, seki_expr_span(decl->init),
				"the value of a constant must be known at compile time");
	seki_scope_add(cx, decl);
}

static bool can_construct(const struct p4_type *type)
{
	return seki_is_object(type) && (type->kind == P4_T_EXTERN || type->decl->has_body);
}

static void check_var(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_type *type = seki_check_decl_type(cx, decl);

	decl->is_local = true;
	if (!seki_type_is_value(type) && type->kind != P4_T_INT) {
		seki_diag_error(cx->diags, decl->tref->tok->at, "a variable cannot be of type %s%s",
				seki_type_name(cx->arena, type),
				can_construct(type)
					? seki_arena_printf(cx->arena,
							    ": '%s() %s;' makes an instance",
							    type->decl->name, decl->name)
					: "");
		decl->type = cx->bad;
	} else if (type->kind == P4_T_INT) {
		seki_diag_error(cx->diags, decl->tref->tok->at,
				"a variable needs a width: bit<W> or int<W>");
		decl->type = cx->bad;
	} else if (!cx->scope->parent) {
		seki_diag_error(cx->diags, decl->tok->at,
				"there are no variables at the top level; is it a 'const'?");
	}
	if (decl->init)
		seki_check_value(cx, decl->init, decl->type);
	seki_scope_add(cx, decl);
}

/* ---- types ---- */

void seki_check_type_params(struct p4_check *cx, struct p4_decl *decl)
{
	uint32_t index = 0;

	for (struct p4_decl *t = decl->type_params; t; t = t->next) {
		t->type = seki_type_decl(cx->arena, P4_T_VAR, t);
		t->owner = decl;
		t->index = index++;
		seki_scope_add(cx, t);
	}
}

static void no_duplicates(struct p4_check *cx, struct p4_decl *list)
{
	seki_scope_push(cx);
	for (; list; list = list->next)
		seki_scope_add(cx, list);
	seki_scope_pop(cx);
}

/* @match(kind) */
static void check_match(struct p4_check *cx, const struct seki_token *tok)
{
	const struct p4_decl *kind = cx->match_kinds;

	while (kind && strcmp(kind->name, tok->text) != 0)
		kind = kind->overload;
	if (!kind || !seki_token_is(tok->next, ")"))
		seki_diag_error(cx->diags, tok->at, "'@match' needs the name of a match kind");
}

static void check_field(struct p4_check *cx, const struct p4_decl *owner, struct p4_decl *field)
{
	struct p4_type *type = seki_check_decl_type(cx, field);

	if (field->match)
		check_match(cx, field->match);
	if (seki_type_can_be_field(owner, type))
		return;
	seki_diag_error(cx->diags, field->tref->tok->at, "a field of a %s cannot be of type %s",
			owner->kind == P4_D_HEADER  ? "header"
			: owner->kind == P4_D_UNION ? "header union"
						    : "struct",
			seki_type_name(cx->arena, type));
	field->type = cx->bad;
}

static void check_struct(struct p4_check *cx, struct p4_decl *decl)
{
	uint32_t index = 0;

	seki_scope_push(cx);
	seki_check_type_params(cx, decl);
	for (struct p4_decl *f = decl->members; f; f = f->next) {
		check_field(cx, decl, f);
		f->owner = decl;
		f->index = index++;
	}
	seki_scope_pop(cx);
	no_duplicates(cx, decl->members);
	seki_members_index(cx, decl);
	seki_scope_add(cx, decl);
}

static void check_enum_value(struct p4_check *cx, struct p4_decl *m, struct p4_type *base)
{
	seki_check_value(cx, m->init, NULL);
	if (m->init->type->kind == P4_T_INT && m->init->known && seki_type_is_fixed(base) &&
	    !seki_num_fits(&m->init->num, base->width, base->kind == P4_T_SIGNED))
		seki_diag_error(cx->diags, seki_expr_span(m->init),
				"%s does not fit into %s, the type of '%s'",
				seki_num_text(cx->arena, &m->init->num),
				seki_type_name(cx->arena, base), m->owner->name);
	else
		seki_convert(cx, m->init, base);
}

static void check_enum(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_type *base = decl->tref ? seki_check_type(cx, decl->tref) : NULL;
	uint32_t index = 0;

	if (base && !seki_type_is_fixed(base) && base->kind != P4_T_BAD) {
		seki_diag_error(cx->diags, decl->tref->tok->at, "an enum cannot be of type %s",
				seki_type_name(cx->arena, base));
		base = cx->bad;
	}
	decl->type = seki_type_decl(cx->arena, P4_T_ENUM, decl);
	decl->type->elem = base;
	seki_scope_push(cx);
	for (struct p4_decl *m = decl->members; m; m = m->next) {
		m->type = decl->type;
		m->owner = decl;
		m->index = index++;
		m->known = true;
		m->value = seki_num_u64(m->index);
		if (base && !m->init) {
			seki_diag_error(cx->diags, m->tok->at, "'%s' needs a value", m->name);
		} else if (!base && m->init) {
			seki_diag_error(cx->diags, m->tok->at,
					"only members of an enum with a type have values");
		} else if (base) {
			check_enum_value(cx, m, base);
			m->known = m->init->known;
			m->value = m->init->num;
			if (!seki_is_constant(m->init))
				seki_diag_error(cx->diags, seki_expr_span(m->init),
						"this must be known at compile time");
		}
		seki_scope_add(cx, m);
	}
	seki_scope_pop(cx);
	seki_members_index(cx, decl);
	seki_scope_add(cx, decl);
}

static void check_alias(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_type *type = seki_check_decl_type(cx, decl);

	if (decl->kind == P4_D_NEWTYPE && type->kind != P4_T_BAD) {
		if (!seki_type_is_fixed(seki_type_base(type)) && type->kind != P4_T_BOOL) {
			seki_diag_error(
				cx->diags, decl->tref->tok->at,
				"'type' makes new types of bit<>, int<> and bool, not of %s",
				seki_type_name(cx->arena, type));
			type = cx->bad;
		}
		decl->type = seki_type_decl(cx->arena, P4_T_NEW, decl);
		decl->type->elem = type;
	} else if (type->kind == P4_T_VOID || type->kind == P4_T_STRING ||
		   type->kind == P4_T_MATCH_KIND) {
		seki_diag_error(cx->diags, decl->tref->tok->at, "%s has no other names",
				seki_type_name(cx->arena, type));
		decl->type = cx->bad;
	}
	seki_scope_add(cx, decl);
}

static void check_group(struct p4_check *cx, struct p4_decl *decl)
{
	bool errors = decl->members && decl->members->kind == P4_D_ERROR_MEMBER;
	struct p4_names *names = errors ? &cx->error_names : &cx->match_kind_names;
	struct p4_decl **list = errors ? &cx->errors : &cx->match_kinds;

	for (struct p4_decl *m = decl->members; m; m = m->next) {
		const struct p4_decl *other = seki_names_add(names, cx->arena, m->name, m);

		if (other) {
			struct seki_diag *diag = seki_diag_error(cx->diags, m->tok->at,
								 "'%s' is declared twice", m->name);

			seki_diag_note(cx->diags, diag, other->tok->at,
				       "the other declaration is here");
		}
		m->type = cx->error;
		m->index = *list ? (*list)->index + 1 : 0;
		m->known = true;
		m->value = seki_num_u64(m->index);
		m->overload = *list;
		*list = m;
	}
}

/* ---- parameters ---- */

/* Of a type that the parameters of a package's type may be in: its instance tells what they are. */
static bool can_be_default(struct p4_check *cx, const struct p4_decl *p,
			   const struct p4_decl *type_params)
{
	struct p4_type **bind = seki_arena_alloc(cx->arena, (seki_decl_count(type_params) + 1) *
								    sizeof(struct p4_type *));

	return seki_unify(cx, p->type, p->init->type, type_params, bind);
}

static void check_param(struct p4_check *cx, struct p4_decl *p, const struct p4_decl *type_params)
{
	struct p4_type *type = seki_check_decl_type(cx, p);
	bool object = type->kind == P4_T_EXTERN || type->kind == P4_T_PARSER ||
		      type->kind == P4_T_CONTROL || type->kind == P4_T_PACKAGE;

	if (p->dir != P4_DIR_NONE &&
	    (object || type->kind == P4_T_INT || type->kind == P4_T_STRING)) {
		seki_diag_error(cx->diags, p->tref->tok->at,
				"a parameter of type %s cannot have a direction",
				seki_type_name(cx->arena, type));
	} else if (type->kind == P4_T_VOID || type->kind == P4_T_MATCH_KIND) {
		seki_diag_error(cx->diags, p->tref->tok->at, "a parameter cannot be of type %s",
				seki_type_name(cx->arena, type));
	}
	if (p->is_ctor && p->dir != P4_DIR_NONE)
		seki_diag_error(cx->diags, p->tok->at,
				"a parameter of a constructor has no direction");
	if (!p->init)
		return;
	if (p->is_optional)
		seki_diag_error(cx->diags, p->tok->at,
				"a parameter is '@optional' or has a default value, not both");
	if (p->dir == P4_DIR_OUT || p->dir == P4_DIR_INOUT)
		seki_diag_error(cx->diags, p->tok->at,
				"only 'in' parameters and those without direction have defaults");
	seki_check_value(cx, p->init, seki_is_object(type) ? NULL : type);
	if (seki_is_object(type) && !can_be_default(cx, p, type_params))
		seki_diag_error(cx->diags, seki_expr_span(p->init),
				"parameter '%s' is of type %s, this is of type %s", p->name,
				seki_type_name(cx->arena, type),
				seki_type_name(cx->arena, p->init->type));
	if (!seki_is_constant(p->init))
		seki_diag_error(cx->diags, seki_expr_span(p->init),
				"a default value must be known at compile time");
}

static void check_param_list(struct p4_check *cx, struct p4_decl *list,
			     const struct p4_decl *type_params)
{
	uint32_t index = 0;

	for (struct p4_decl *p = list; p; p = p->next) {
		check_param(cx, p, type_params);
		p->index = index++;
		seki_scope_add(cx, p);
	}
}

void seki_check_params(struct p4_check *cx, struct p4_decl *list)
{
	check_param_list(cx, list, NULL);
}

/* Which objects the constructors of an object take. */
static bool takes_object(enum p4_decl_kind kind, const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_PARSER:
		return kind == P4_D_PARSER || kind == P4_D_PACKAGE;
	case P4_T_CONTROL:
		return kind == P4_D_CONTROL || kind == P4_D_PACKAGE;
	case P4_T_PACKAGE:
		return kind == P4_D_PACKAGE;
	default:
		return true;
	}
}

void seki_check_ctor_params(struct p4_check *cx, const struct p4_decl *owner, struct p4_decl *list)
{
	static const char *const of[] = {[P4_D_PARSER] = "a parser",
					 [P4_D_CONTROL] = "a control",
					 [P4_D_EXTERN] = "an extern"};
	bool package = owner->kind == P4_D_PACKAGE;

	for (struct p4_decl *p = list; p; p = p->next)
		p->is_ctor = true;
	check_param_list(cx, list, package ? owner->type_params : NULL);
	for (const struct p4_decl *p = list; p && !package; p = p->next)
		if (!takes_object(owner->kind, p->type))
			seki_diag_error(cx->diags, p->tref->tok->at,
					"the constructor of %s cannot be given %s", of[owner->kind],
					seki_type_name(cx->arena, p->type));
}

/* ---- functions, actions ---- */

static bool always_returns(const struct p4_stmt *stmt);

static bool any_returns(const struct p4_stmt *list)
{
	for (; list; list = list->next)
		if (always_returns(list))
			return true;
	return false;
}

/* Every case, and there is one for any value. A case without a body does what the next one does. */
static bool all_cases_return(const struct p4_stmt *c)
{
	bool complete = false;

	for (; c; c = c->next) {
		if (c->body ? !always_returns(c->body) : !c->next)
			return false;
		complete |= c->a->kind == P4_E_DEFAULT;
	}
	return complete;
}

static bool always_returns(const struct p4_stmt *stmt)
{
	switch (stmt->kind) {
	case P4_S_RETURN:
	case P4_S_EXIT:
		return true;
	case P4_S_BLOCK:
		return any_returns(stmt->body);
	case P4_S_IF:
		return stmt->other && always_returns(stmt->body) && always_returns(stmt->other);
	case P4_S_SWITCH:
		return all_cases_return(stmt->cases);
	default:
		return false;
	}
}

/* Only objects are made of parsers, controls and packages: what runs is not given them. */
void seki_check_runtime_params(struct p4_check *cx, const struct p4_decl *decl)
{
	static const char *const of[] = {[P4_D_ACTION] = "an action",
					 [P4_D_FUNCTION] = "a function",
					 [P4_D_PARSER] = "a parser with states",
					 [P4_D_CONTROL] = "a control with a body"};
	bool optional = decl->kind != P4_D_ACTION && !decl->has_body;

	for (const struct p4_decl *p = decl->params; p; p = p->next) {
		if (p->type->kind == P4_T_PARSER || p->type->kind == P4_T_CONTROL ||
		    p->type->kind == P4_T_PACKAGE)
			seki_diag_error(cx->diags, p->tref->tok->at,
					"only a constructor has parameters of type %s",
					seki_type_name(cx->arena, p->type));
		if (p->is_optional && !optional)
			seki_diag_error(cx->diags, p->tok->at,
					"a parameter of %s cannot be '@optional'", of[decl->kind]);
	}
}

static void check_function(struct p4_check *cx, struct p4_decl *decl)
{
	struct p4_decl *outer = cx->function;
	struct p4_type *result = cx->result;
	bool in_apply = cx->in_apply;

	seki_scope_push(cx);
	seki_check_type_params(cx, decl);
	seki_check_decl_type(cx, decl);
	if (decl->body && decl->kind == P4_D_FUNCTION &&
	    (decl->type->kind == P4_T_INT || decl->type->kind == P4_T_STRING))
		seki_diag_error(cx->diags, decl->tref->tok->at, "a function cannot return %s",
				seki_type_name(cx->arena, decl->type));
	seki_check_params(cx, decl->params);
	seki_check_runtime_params(cx, decl);
	if (decl->body) {
		cx->function = decl;
		cx->result = decl->kind == P4_D_ACTION ? NULL : decl->type;
		cx->in_apply = false;
		seki_check_block(cx, decl->body);
		if (cx->result && cx->result->kind != P4_T_VOID && cx->result->kind != P4_T_BAD &&
		    !always_returns(decl->body))
			seki_diag_error(cx->diags, decl->tok->at,
					"'%s' does not return a value on every way through it",
					decl->name);
		cx->function = outer;
		cx->result = result;
		cx->in_apply = in_apply;
	}
	seki_scope_pop(cx);
	decl->owner = cx->block;
	seki_scope_add(cx, decl);
}

/* Directed parameters come before those that the control plane gives. */
static void check_action(struct p4_check *cx, struct p4_decl *decl)
{
	bool undirected = false;

	check_function(cx, decl);
	for (const struct p4_decl *p = decl->params; p; p = p->next) {
		if (p->type->kind == P4_T_EXTERN || p->type->kind == P4_T_INT)
			seki_diag_error(cx->diags, p->tref->tok->at,
					"an action has no parameters of type %s",
					seki_type_name(cx->arena, p->type));
		if (p->dir == P4_DIR_NONE)
			undirected = true;
		else if (undirected)
			seki_diag_error(cx->diags, p->tok->at,
					"a parameter with a direction must come before those "
					"without");
	}
}

/* ---- parsers and controls ---- */

static struct p4_type *select_type(struct p4_check *cx, struct p4_stmt *stmt)
{
	struct p4_type *type = seki_type_make(cx->arena, P4_T_TUPLE);

	type->args = seki_arena_alloc(cx->arena,
				      (seki_expr_count(stmt->exprs) + 1) * sizeof(*type->args));
	for (struct p4_expr *e = stmt->exprs; e; e = e->next) {
		seki_check_value(cx, e, NULL);
		type->args[type->n_args++] = e->type;
		if (e->type->kind == P4_T_INT)
			seki_diag_error(cx->diags, seki_expr_span(e),
					"this needs a width to be selected on");
		else if (!seki_type_in_select(e->type))
			seki_diag_error(cx->diags, seki_expr_span(e), "cannot select on %s",
					seki_type_name(cx->arena, e->type));
	}
	return type;
}

static void tell_no_state(struct p4_check *cx, const struct p4_stmt *stmt)
{
	const char *names[128] = {"accept", "reject"};
	const char *near;
	uint32_t n = 2;

	for (const struct p4_decl *s = cx->block->members; s && n < 128; s = s->next)
		if (s->kind == P4_D_STATE)
			names[n++] = s->name;
	near = seki_diag_suggest(stmt->name, names, n);
	seki_diag_error(cx->diags, stmt->tok->at, "no state '%s' here%s%s%s", stmt->name,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void check_target(struct p4_check *cx, struct p4_stmt *stmt)
{
	if (strcmp(stmt->name, "accept") == 0 || strcmp(stmt->name, "reject") == 0 ||
	    stmt->name[0] == '?')
		return;
	stmt->state = seki_names_find(&cx->states, stmt->name);
	if (stmt->state)
		stmt->state->used = true;
	else
		tell_no_state(cx, stmt);
}

static void check_transition(struct p4_check *cx, struct p4_stmt *stmt)
{
	struct p4_type *key;

	if (stmt->kind == P4_S_TRANSITION) {
		check_target(cx, stmt);
		return;
	}
	key = select_type(cx, stmt);
	for (struct p4_stmt *c = stmt->cases; c; c = c->next) {
		seki_check_keyset(cx, c->a, key);
		check_target(cx, c);
	}
}

static void check_state(struct p4_check *cx, struct p4_decl *state)
{
	cx->function = state;
	seki_scope_push(cx);
	for (struct p4_stmt *s = state->body; s; s = s->next) {
		struct p4_stmt *next = s->next;

		if (s->kind == P4_S_TRANSITION || s->kind == P4_S_SELECT) {
			check_transition(cx, s);
			continue;
		}
		s->next = NULL;
		seki_check_stmts(cx, s);
		s->next = next;
	}
	seki_scope_pop(cx);
	cx->function = NULL;
}

static void tell_no_start(struct p4_check *cx, const struct p4_decl *decl)
{
	static const char *const wanted = "start";
	struct seki_diag *diag = seki_diag_error(cx->diags, decl->tok->at,
						 "parser '%s' has no state 'start'", decl->name);

	for (const struct p4_decl *s = decl->members; s; s = s->next)
		if (s->kind == P4_D_STATE && seki_diag_suggest(s->name, &wanted, 1)) {
			seki_diag_note(cx->diags, diag, s->tok->at, "is it meant to be this one?");
			return;
		}
}

static void check_states(struct p4_check *cx, struct p4_decl *decl)
{
	bool start = false;

	cx->states = (struct p4_names){0};
	for (struct p4_decl *s = decl->members; s; s = s->next) {
		if (s->kind != P4_D_STATE)
			continue;
		seki_names_add(&cx->states, cx->arena, s->name, s);
		start |= strcmp(s->name, "start") == 0;
		if (strcmp(s->name, "accept") == 0 || strcmp(s->name, "reject") == 0)
			seki_diag_error(cx->diags, s->tok->at, "state '%s' is there already",
					s->name);
		s->owner = decl;
		seki_scope_add(cx, s);
	}
	if (!start)
		tell_no_start(cx, decl);
	for (struct p4_decl *s = decl->members; s; s = s->next)
		if (s->kind == P4_D_STATE)
			check_state(cx, s);
}

static void check_body(struct p4_check *cx, struct p4_decl *decl)
{
	for (struct p4_decl *m = decl->members; m; m = m->next)
		if (m->kind != P4_D_STATE)
			seki_check_decl(cx, m);
	if (decl->kind == P4_D_PARSER) {
		check_states(cx, decl);
		return;
	}
	cx->in_apply = true;
	if (decl->body)
		seki_check_block(cx, decl->body);
	cx->in_apply = false;
}

/* The control plane knows each action and each table of a block by a name of its own. */
static void check_plane_names(struct p4_check *cx, struct p4_decl *block, enum p4_decl_kind kind)
{
	seki_scope_push(cx);
	for (int renamed = 0; renamed < 2; renamed++) {
		for (struct p4_decl *m = block->members; m; m = m->next) {
			struct p4_decl *copy;

			if (m->kind != kind || !m->rename != !renamed)
				continue;
			copy = seki_arena_new(cx->arena, struct p4_decl);
			*copy = *m;
			copy->overload = NULL;
			copy->name = renamed ? m->rename : m->name;
			if (seki_scope_find_here(cx, copy->name))
				seki_diag_error(cx->diags, m->tok->at,
						"the control plane would know two %s as '%s'",
						kind == P4_D_TABLE ? "tables" : "actions",
						copy->name);
			else
				seki_scope_add(cx, copy);
		}
	}
	seki_scope_pop(cx);
}

static void check_block_decl(struct p4_check *cx, struct p4_decl *decl)
{
	uint32_t errors = cx->diags->errors;

	seki_scope_push(cx);
	seki_check_type_params(cx, decl);
	seki_check_params(cx, decl->params);
	seki_check_runtime_params(cx, decl);
	seki_check_ctor_params(cx, decl, decl->ctor_params);
	if (decl->has_body) {
		cx->block = decl;
		seki_scope_push(cx);
		check_body(cx, decl);
		seki_scope_pop(cx);
		if (cx->diags->errors == errors) {
			check_plane_names(cx, decl, P4_D_ACTION);
			check_plane_names(cx, decl, P4_D_TABLE);
		}
		cx->block = NULL;
	}
	seki_scope_pop(cx);
	seki_scope_add(cx, decl);
}

static void check_package(struct p4_check *cx, struct p4_decl *decl)
{
	seki_scope_push(cx);
	seki_check_type_params(cx, decl);
	seki_check_ctor_params(cx, decl, decl->params);
	seki_scope_pop(cx);
	seki_scope_add(cx, decl);
}

static void check_value_set(struct p4_check *cx, struct p4_decl *decl)
{
	uint32_t size;

	seki_check_late_constant(cx, decl->init, "the size", UINT32_MAX, &size);
	decl->type = seki_type_elem(cx->arena, P4_T_SET, seki_check_type(cx, decl->tref));
	if (!seki_type_in_value_set(decl->type->elem)) {
		seki_diag_error(cx->diags, decl->tref->tok->at, "there are no value sets of %s",
				seki_type_name(cx->arena, decl->type->elem));
		decl->type = cx->bad;
	}
	seki_scope_add(cx, decl);
}

/* What is in @a[...]: values that are known at compile time. */
static void check_annotations(struct p4_check *cx, struct p4_expr *list)
{
	struct p4_names seen = {0};

	for (struct p4_expr *e = list; e; e = e->next) {
		if (e->arg_name && seki_names_add(&seen, cx->arena, e->arg_name, e))
			seki_diag_error(cx->diags, seki_expr_span(e), "a second value '%s'",
					e->arg_name);
		seki_check_value(cx, e, NULL);
		if (e->type->kind == P4_T_BAD || e->type->kind == P4_T_STRING)
			continue;
		if (!seki_is_constant(e) ||
		    (!seki_type_is_number(seki_type_base(e->type)) && e->type->kind != P4_T_BOOL))
			seki_diag_error(cx->diags, seki_expr_span(e),
					"an annotation has strings, numbers and truth values that "
					"are known at compile time");
	}
}

void seki_check_decl(struct p4_check *cx, struct p4_decl *decl)
{
	check_annotations(cx, decl->annotations);
	switch (decl->kind) {
	case P4_D_CONST:
		check_const(cx, decl);
		break;
	case P4_D_VAR:
		check_var(cx, decl);
		break;
	case P4_D_STRUCT:
	case P4_D_HEADER:
	case P4_D_UNION:
		check_struct(cx, decl);
		break;
	case P4_D_ENUM:
		check_enum(cx, decl);
		break;
	case P4_D_TYPEDEF:
	case P4_D_NEWTYPE:
		check_alias(cx, decl);
		break;
	case P4_D_EXTERN:
		seki_check_extern(cx, decl);
		break;
	case P4_D_FUNCTION:
		check_function(cx, decl);
		break;
	case P4_D_ACTION:
		check_action(cx, decl);
		break;
	case P4_D_TABLE:
		seki_check_table(cx, decl);
		break;
	case P4_D_PARSER:
	case P4_D_CONTROL:
		check_block_decl(cx, decl);
		break;
	case P4_D_PACKAGE:
		check_package(cx, decl);
		break;
	case P4_D_INSTANCE:
		seki_check_instance(cx, decl);
		break;
	case P4_D_VALUE_SET:
		check_value_set(cx, decl);
		break;
	case P4_D_GROUP:
		check_group(cx, decl);
		break;
	default:
		break;
	}
}

void seki_p4_check(struct seki_diags *diags, struct p4_program *program)
{
	struct p4_check *cx = seki_arena_new(diags->arena, struct p4_check);

	cx->program = program;
	cx->diags = diags;
	cx->arena = diags->arena;
	cx->bad = seki_type_make(cx->arena, P4_T_BAD);
	cx->boolean = seki_type_make(cx->arena, P4_T_BOOL);
	cx->integer = seki_type_make(cx->arena, P4_T_INT);
	cx->nothing = seki_type_make(cx->arena, P4_T_VOID);
	cx->string = seki_type_make(cx->arena, P4_T_STRING);
	cx->error = seki_type_make(cx->arena, P4_T_ERROR);
	cx->dontcare = seki_type_make(cx->arena, P4_T_DONTCARE);
	cx->callee = seki_type_make(cx->arena, P4_T_CALLEE);
	seki_scope_push(cx);
	cx->global = cx->scope;
	for (struct p4_decl *d = program->decls; d; d = d->next)
		seki_check_decl(cx, d);
}
