/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations (P4_16 specification, sections 7 and 10 to 14). */
#include "compiler/p4/parse/parser.h"

#include <string.h>

/* ---- parts of declarations ---- */

static void set_notes(struct p4_decl *decl, const struct p4_notes *notes)
{
	decl->rename = notes->name;
	decl->annotations = notes->exprs;
	decl->is_pure = notes->pure;
	decl->is_atomic = notes->atomic;
	decl->deprecated = notes->deprecated;
}

/* [ '<' name { ',' name } '>' ] */
static struct p4_decl *parse_type_params(struct p4_parser *p)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	if (!seki_parse_accept(p, "<"))
		return NULL;
	while (!seki_parse_at(p, ">") && !p->panic) {
		struct p4_decl *param = seki_parse_new_decl(p, P4_D_TYPE_PARAM);

		seki_parse_decl_name(p, param, "a type parameter");
		seki_parse_add_type(p, param->name);
		*end = param;
		end = &param->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, ">", "after the type parameters");
	return first;
}

/* parameter: [ in | out | inout ] type name [ '=' expression ] */
static struct p4_decl *parse_param(struct p4_parser *p)
{
	struct p4_decl *param = seki_parse_new_decl(p, P4_D_PARAM);

	struct p4_notes notes = seki_parse_annotations(p);

	param->is_optional = notes.optional;
	if (seki_parse_accept(p, "in"))
		param->dir = P4_DIR_IN;
	else if (seki_parse_accept(p, "out"))
		param->dir = P4_DIR_OUT;
	else if (seki_parse_accept(p, "inout"))
		param->dir = P4_DIR_INOUT;
	param->tref = seki_parse_type(p);
	seki_parse_decl_name(p, param, "the name of a parameter");
	if (seki_parse_accept(p, "="))
		param->init = seki_parse_expr(p);
	seki_parse_noted(p, &notes);
	return param;
}

/* '(' [ parameter { ',' parameter } ] ')' */
struct p4_decl *seki_parse_params(struct p4_parser *p)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	seki_parse_expect(p, "(", "before the parameters");
	while (!seki_parse_at(p, ")") && !p->panic) {
		*end = parse_param(p);
		end = &(*end)->next;
		if (!seki_parse_accept(p, ","))
			break;
		if (seki_parse_at(p, ")"))
			seki_parse_error(p, "a parameter");
	}
	seki_parse_expect(p, ")", "or ',' after the parameter");
	return first;
}

/* const type name '=' expression ';' */
struct p4_decl *seki_parse_const(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_CONST);

	seki_parse_take(p);
	decl->tref = seki_parse_type(p);
	seki_parse_decl_name(p, decl, "the name of a constant");
	seki_parse_expect(p, "=", "before the value of a constant");
	decl->init = seki_parse_expr(p);
	seki_parse_expect(p, ";", "after the constant");
	return decl;
}

/* The token after "type (", args, ")" where a name follows, as an instance has it. */
static bool at_instance(const struct seki_token *tok)
{
	uint32_t depth = 0;

	if (!seki_token_is(tok, "("))
		return false;
	for (; tok->kind != SEKI_TOKEN_END; tok = tok->next) {
		if (seki_token_is(tok, ";"))
			return false;
		if (seki_token_is(tok, "("))
			depth++;
		else if (seki_token_is(tok, ")") && --depth == 0)
			return seki_parse_is_name(tok->next) || seki_token_is(tok->next, "@");
	}
	return false;
}

bool seki_parse_at_declaration(const struct p4_parser *p)
{
	const struct seki_token *after;

	if (seki_parse_at(p, "const"))
		return true;
	after = seki_parse_skip_type(p->tok, 0);
	if (!after)
		return false;
	/* "bit<8> in": a declaration whose name cannot be one. */
	if (after->kind == SEKI_TOKEN_KEYWORD && p->tok->kind == SEKI_TOKEN_KEYWORD)
		return true;
	return seki_parse_is_name(after) || at_instance(after);
}

/* '{' { function | instance } '}': the abstract methods of an instance */
static struct p4_decl *parse_instance_body(struct p4_parser *p)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	seki_parse_expect(p, "{", "before the methods");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic) {
		const struct seki_token *after;

		seki_parse_annotations(p);
		after = seki_parse_skip_type(p->tok, 0);
		if (after && at_instance(after)) {
			*end = seki_parse_var_or_instance(p);
		} else {
			struct p4_tref *result = seki_parse_type(p);

			*end = seki_parse_function(p, result);
		}
		end = &(*end)->next;
	}
	seki_parse_expect(p, "}", "after the methods");
	return first;
}

/* type name [ '=' expression ] ';' | type '(' args ')' name [ '[' n ']' ] [ '=' '{' ... '}' ] ';' */
struct p4_decl *seki_parse_var_or_instance(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_VAR);

	decl->tref = seki_parse_type(p);
	if (seki_parse_accept(p, "(")) {
		decl->kind = P4_D_INSTANCE;
		decl->args = seki_parse_args(p, ")");
	}
	seki_parse_annotations(p);
	seki_parse_decl_name(p, decl, "the name of a variable");
	if (decl->kind == P4_D_INSTANCE && seki_parse_accept(p, "[")) {
		decl->array = seki_parse_expr(p);
		seki_parse_expect(p, "]", "after the number of instances");
	}
	if (seki_parse_accept(p, "=")) {
		if (decl->kind == P4_D_INSTANCE) {
			decl->has_body = true;
			decl->members = parse_instance_body(p);
		} else {
			decl->init = seki_parse_expr(p);
		}
	}
	seki_parse_expect(p, ";", "after the declaration");
	return decl;
}

/* type name [ typeParams ] '(' params ')' block */
struct p4_decl *seki_parse_function(struct p4_parser *p, struct p4_tref *result)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_FUNCTION);

	decl->tref = result;
	seki_parse_decl_name(p, decl, "the name of a function");
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	decl->body = seki_parse_block(p);
	decl->has_body = true;
	return decl;
}

/* action name '(' params ')' block */
static struct p4_decl *parse_action(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_ACTION);

	seki_parse_take(p);
	seki_parse_decl_name(p, decl, "the name of an action");
	decl->params = seki_parse_params(p);
	decl->body = seki_parse_block(p);
	decl->has_body = true;
	return decl;
}

/* ---- parsers and controls ---- */

/* value_set '<' type '>' '(' size ')' name ';' */
static struct p4_decl *parse_value_set(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_VALUE_SET);

	seki_parse_take(p);
	decl->tref = seki_parse_type_arg(p);
	seki_parse_expect(p, "(", "before the size");
	decl->init = seki_parse_expr(p);
	seki_parse_expect(p, ")", "after the size");
	seki_parse_decl_name(p, decl, "the name of a value set");
	seki_parse_expect(p, ";", "after the value set");
	return decl;
}

/* What follows a transition in its state. */
static void skip_rest(struct p4_parser *p)
{
	bool told = false;

	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic && !p->stop &&
	       !seki_parse_at_outer(p) && !seki_parse_at_state(p)) {
		if (!told)
			seki_diag_error(p->diags, p->tok->at,
					"a transition is the last statement of a state");
		told = true;
		if (seki_parse_at(p, "transition"))
			seki_parse_transition(p);
		else
			seki_parse_stmt(p);
	}
}

/* state name '{' { statement } [ transition ] '}' */
static struct p4_decl *parse_state(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_STATE);
	struct p4_stmt **end = &decl->body;
	const struct seki_token *open;

	seki_parse_take(p);
	seki_parse_decl_name(p, decl, "the name of a state");
	open = p->tok;
	seki_parse_expect(p, "{", "before the statements");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic && !p->stop &&
	       !seki_parse_at_outer(p)) {
		if (seki_parse_at(p, "transition")) {
			*end = seki_parse_transition(p);
			skip_rest(p);
			break;
		}
		*end = seki_parse_stmt(p);
		end = &(*end)->next;
	}
	seki_parse_close(p, open, "after the state");
	return decl;
}

/* What a parser or control declares that the other cannot have. */
static void check_place(struct p4_parser *p, const struct p4_decl *decl, bool in_control)
{
	bool ok = in_control ? decl->kind != P4_D_STATE && decl->kind != P4_D_VALUE_SET
			     : decl->kind != P4_D_ACTION && decl->kind != P4_D_TABLE;

	if (!ok && !p->panic)
		seki_diag_error(p->diags, decl->tok->at, "a %s has no %s",
				in_control ? "control" : "parser",
				decl->kind == P4_D_STATE       ? "states"
				: decl->kind == P4_D_VALUE_SET ? "value sets"
				: decl->kind == P4_D_ACTION    ? "actions"
							       : "tables");
}

/* action | table | value_set | const | state | variable | instance */
static struct p4_decl *parse_local(struct p4_parser *p, bool in_control)
{
	struct p4_notes notes = seki_parse_annotations(p);
	struct p4_decl *decl;

	if (seki_parse_at(p, "action"))
		decl = parse_action(p);
	else if (seki_parse_at(p, "table"))
		decl = seki_parse_table(p);
	else if (seki_parse_at(p, "value_set"))
		decl = parse_value_set(p);
	else if (seki_parse_at(p, "const"))
		decl = seki_parse_const(p);
	else if (seki_parse_at_state(p))
		decl = parse_state(p);
	else if (seki_parse_tell_place(p, in_control))
		decl = seki_parse_new_decl(p, P4_D_VAR);
	else
		decl = seki_parse_var_or_instance(p);
	seki_parse_noted(p, &notes);
	set_notes(decl, &notes);
	return decl;
}

/* What is in a parser or control, up to its '}', or to 'apply' in a control. */
static struct p4_decl *parse_locals(struct p4_parser *p, bool in_control)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		if (in_control && seki_parse_at(p, "apply") &&
		    (seki_token_is(p->tok->next, "{") || seki_token_is(p->tok->next, "@")))
			break;
		if (seki_parse_at_outer(p) && !seki_parse_at(p, "action") &&
		    !seki_parse_at(p, "table") && !seki_parse_at_state(p))
			break;
		*end = parse_local(p, in_control);
		check_place(p, *end, in_control);
		end = &(*end)->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	return first;
}

/* Is there what belongs before the apply block of a control? */
static bool at_local(const struct p4_parser *p)
{
	return seki_parse_at(p, "action") || seki_parse_at(p, "table") ||
	       seki_parse_at(p, "apply") || seki_parse_at(p, "const");
}

static void check_end(struct p4_parser *p)
{
	while (at_local(p) && !p->panic && !p->stop) {
		seki_diag_error(p->diags, p->tok->at,
				"the apply block is the last of a control: '%s' comes before it",
				p->tok->text);
		seki_parse_sync(p);
	}
}

/*
 * parser name [ typeParams ] '(' params ')' ( ';' | [ '(' params ')' ] '{' ... '}' )
 * control name ... '{' { declaration } apply block '}'
 */
static struct p4_decl *parse_block_decl(struct p4_parser *p, bool control)
{
	struct p4_decl *decl = seki_parse_new_decl(p, control ? P4_D_CONTROL : P4_D_PARSER);
	const struct seki_token *open;
	uint32_t errors;

	seki_parse_take(p);
	seki_parse_decl_name(p, decl, control ? "the name of a control" : "the name of a parser");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	if (seki_parse_accept(p, ";"))
		return decl;
	if (seki_parse_at(p, "("))
		decl->ctor_params = seki_parse_params(p);
	decl->has_body = true;
	open = p->tok;
	seki_parse_expect(p, "{", "before the body");
	if (p->panic)
		return decl;
	errors = p->diags->errors;
	decl->members = parse_locals(p, control);
	if (control) {
		/* What is wrong with a control's statements has been told. */
		if (p->diags->errors == errors || seki_parse_at(p, "apply"))
			seki_parse_expect(p, "apply", "in a control");
		if (p->diags->errors == errors || seki_parse_at(p, "{"))
			decl->body = seki_parse_block(p);
		check_end(p);
	}
	seki_parse_close(p, open, control ? "after the control" : "after the parser");
	return decl;
}

/* package name [ typeParams ] '(' params ')' ';' */
static struct p4_decl *parse_package(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_PACKAGE);

	seki_parse_take(p);
	seki_parse_decl_name(p, decl, "the name of a package");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	decl->ctor_params = decl->params;
	seki_parse_expect(p, ";", "after the package");
	return decl;
}

/* ---- types ---- */

/* struct | header | header_union name [ typeParams ] '{' { type name ';' } '}' */
static struct p4_decl *parse_struct(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_parse_new_decl(p, kind);
	struct p4_decl **end = &decl->members;
	const struct seki_token *open;

	seki_parse_take(p);
	seki_parse_decl_name(p, decl, "the name of a type");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	open = p->tok;
	seki_parse_expect(p, "{", "before the fields");
	if (p->panic)
		return decl;
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop &&
	       !seki_parse_at_outer(p)) {
		struct p4_decl *field = seki_parse_new_decl(p, P4_D_FIELD);
		struct p4_notes notes;

		notes = seki_parse_annotations(p);
		set_notes(field, &notes);
		field->match = notes.match;
		field->tref = seki_parse_type(p);
		seki_parse_decl_name(p, field, "the name of a field");
		seki_parse_expect(p, ";", "after the field");
		seki_parse_noted(p, &notes);
		*end = field;
		end = &field->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_close(p, open, "after the fields");
	return decl;
}

/* '{' name [ '=' expression ] { ',' ... } '}' */
static struct p4_decl *parse_members(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *first = NULL;
	struct p4_decl **end = &first;

	seki_parse_expect(p, "{", "before the members");
	if (seki_parse_at(p, "}"))
		seki_parse_error(p, "the name of a member");
	while (!seki_parse_at(p, "}") && !p->panic) {
		struct p4_decl *member = seki_parse_new_decl(p, kind);
		struct p4_notes notes = seki_parse_annotations(p);

		set_notes(member, &notes);
		seki_parse_decl_name(p, member, "the name of a member");
		if (kind == P4_D_ENUM_MEMBER && seki_parse_accept(p, "="))
			member->init = seki_parse_expr(p);
		*end = member;
		end = &member->next;
		if (seki_parse_at(p, ";"))
			seki_parse_error(p, "',' between the members");
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, "}", "after the members");
	return first;
}

/* enum [ type ] name '{' members '}' */
static struct p4_decl *parse_enum(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_ENUM);

	seki_parse_take(p);
	if (!seki_parse_is_name(p->tok) || !seki_token_is(p->tok->next, "{"))
		decl->tref = seki_parse_type(p);
	seki_parse_decl_name(p, decl, "the name of an enum");
	seki_parse_add_type(p, decl->name);
	decl->members = parse_members(p, P4_D_ENUM_MEMBER);
	return decl;
}

/* struct | header | header_union | enum, or NULL */
static struct p4_decl *parse_derived_type(struct p4_parser *p)
{
	if (seki_parse_at(p, "struct"))
		return parse_struct(p, P4_D_STRUCT);
	if (seki_parse_at(p, "header"))
		return parse_struct(p, P4_D_HEADER);
	if (seki_parse_at(p, "header_union"))
		return parse_struct(p, P4_D_UNION);
	if (seki_parse_at(p, "enum"))
		return parse_enum(p);
	return NULL;
}

/* typedef ( type | derivedType ) name ';' | type type name ';': of a derived type, two declarations */
static struct p4_decl *parse_typedef(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_parse_new_decl(p, kind);
	struct p4_decl *derived;

	seki_parse_take(p);
	seki_parse_annotations(p);
	derived = kind == P4_D_TYPEDEF ? parse_derived_type(p) : NULL;
	if (derived) {
		decl->tref = seki_arena_new(p->arena, struct p4_tref);
		decl->tref->kind = P4_R_NAME;
		decl->tref->tok = derived->tok;
		decl->tref->name = derived->name;
		derived->next = decl;
	} else {
		decl->tref = seki_parse_type(p);
	}
	seki_parse_decl_name(p, decl, "the name of a type");
	seki_parse_add_type(p, decl->name);
	seki_parse_expect(p, ";", "after the type");
	return derived ? derived : decl;
}

/* error '{' names '}' | match_kind '{' names '}' */
static struct p4_decl *parse_group(struct p4_parser *p, enum p4_decl_kind kind)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_GROUP);

	seki_parse_take(p);
	decl->members = parse_members(p, kind);
	return decl;
}

/* ---- externs and functions ---- */

/* [ abstract ] [ type ] name [ typeParams ] '(' params ')' ';' */
static struct p4_decl *parse_method(struct p4_parser *p, const char *extern_name)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_METHOD);
	struct p4_notes notes = seki_parse_annotations(p);
	const struct seki_token *after;

	set_notes(decl, &notes);
	decl->is_abstract = seki_parse_accept(p, "abstract");
	decl->is_optional = notes.optional | seki_parse_annotations(p).optional;
	after = seki_parse_skip_type(p->tok, 0);
	if (strcmp(p->tok->text, extern_name) == 0 && after && seki_token_is(after, "("))
		decl->is_constructor = true;
	else
		decl->tref = seki_parse_type(p);
	seki_parse_decl_name(p, decl, "the name of a method");
	decl->type_params = parse_type_params(p);
	decl->params = seki_parse_params(p);
	seki_parse_expect(p, ";", "after the method");
	seki_parse_noted(p, &notes);
	return decl;
}

/* extern name [ typeParams ] '{' { method } '}' | extern type name ... '(' params ')' ';' */
static struct p4_decl *parse_extern(struct p4_parser *p)
{
	struct p4_decl *decl = seki_parse_new_decl(p, P4_D_EXTERN);
	struct p4_decl **end = &decl->members;

	seki_parse_take(p);
	seki_parse_annotations(p);
	if (!seki_parse_is_name(p->tok) ||
	    (!seki_token_is(p->tok->next, "{") && !seki_token_is(p->tok->next, "<")) ||
	    seki_parse_is_type(p, p->tok->text)) {
		decl->kind = P4_D_FUNCTION;
		decl->is_extern = true;
		decl->tref = seki_parse_type(p);
		seki_parse_decl_name(p, decl, "the name of a function");
		decl->type_params = parse_type_params(p);
		decl->params = seki_parse_params(p);
		seki_parse_expect(p, ";", "after the extern function");
		return decl;
	}
	seki_parse_decl_name(p, decl, "the name of an extern");
	seki_parse_add_type(p, decl->name);
	decl->type_params = parse_type_params(p);
	seki_parse_expect(p, "{", "before the methods");
	if (p->panic)
		return decl;
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		*end = parse_method(p, decl->name);
		end = &(*end)->next;
		if (p->panic)
			seki_parse_sync(p);
	}
	seki_parse_expect(p, "}", "after the methods");
	return decl;
}

/* function | instance | variable, which is told later: there are none at the top level */
static struct p4_decl *parse_other(struct p4_parser *p)
{
	const struct seki_token *after = seki_parse_skip_type(p->tok, 0);

	if (seki_parse_at(p, "void"))
		after = p->tok->next;
	if (!after) {
		seki_parse_error(p, "a declaration");
		return seki_parse_new_decl(p, P4_D_GROUP);
	}
	if (seki_parse_is_name(after) &&
	    (seki_token_is(after->next, "(") || seki_token_is(after->next, "<"))) {
		struct p4_tref *result = seki_parse_type(p);

		return seki_parse_function(p, result);
	}
	return seki_parse_var_or_instance(p);
}

/* A name that is no type and nearly a keyword, where a declaration starts: told. */
static bool is_misspelt(struct p4_parser *p)
{
	static const char *const starts[] = {"const",	"extern",  "action",	  "parser",
					     "control", "package", "struct",	  "header",
					     "enum",	"typedef", "header_union"};
	const char *near;

	if (p->tok->kind != SEKI_TOKEN_NAME || seki_parse_is_type(p, p->tok->text) ||
	    !seki_parse_is_name(p->tok->next))
		return false;
	near = seki_diag_suggest(p->tok->text, starts, sizeof(starts) / sizeof(starts[0]));
	if (!near)
		return false;
	seki_diag_error(p->diags, p->tok->at, "no declaration starts with '%s'; did you mean '%s'?",
			p->tok->text, near);
	p->panic = true;
	return true;
}

/*
 * const | extern | action | parser | control | package | derivedType | typedef | type | error
 * | match_kind | other
 */
static struct p4_decl *parse_decl(struct p4_parser *p)
{
	struct p4_decl *derived;

	if (seki_parse_at(p, "const"))
		return seki_parse_const(p);
	if (seki_parse_at(p, "extern"))
		return parse_extern(p);
	if (seki_parse_at(p, "action"))
		return parse_action(p);
	if (seki_parse_at(p, "parser"))
		return parse_block_decl(p, false);
	if (seki_parse_at(p, "control"))
		return parse_block_decl(p, true);
	if (seki_parse_at(p, "package"))
		return parse_package(p);
	derived = parse_derived_type(p);
	if (derived)
		return derived;
	if (is_misspelt(p))
		return seki_parse_new_decl(p, P4_D_GROUP);
	if (seki_parse_at(p, "typedef"))
		return parse_typedef(p, P4_D_TYPEDEF);
	if (seki_parse_at(p, "type") && !seki_token_is(p->tok->next, "("))
		return parse_typedef(p, P4_D_NEWTYPE);
	if (seki_parse_at(p, "error") && seki_token_is(p->tok->next, "{"))
		return parse_group(p, P4_D_ERROR_MEMBER);
	if (seki_parse_at(p, "match_kind") && seki_token_is(p->tok->next, "{"))
		return parse_group(p, P4_D_MATCH_KIND);
	return parse_other(p);
}

/* At the top level, the next declaration starts at a keyword at the start of a line. */
static void sync_top(struct p4_parser *p)
{
	static const char *const starts[] = {"const",	"extern",  "action", "parser",
					     "control", "package", "struct", "header",
					     "enum",	"typedef", "error",  "header_union"};

	p->panic = false;
	seki_parse_take(p);
	while (p->tok->kind != SEKI_TOKEN_END) {
		for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
			if (p->tok->line_start && seki_parse_at(p, starts[i]) &&
			    seki_source_place(p->tok->at.src, p->tok->at.off).col == 1)
				return;
		seki_parse_take(p);
	}
}

/* program: { declaration | ';' } */
struct p4_program *seki_p4_parse(struct seki_diags *diags, struct seki_token *tokens)
{
	struct p4_parser *p = seki_arena_new(diags->arena, struct p4_parser);
	struct p4_program *program = seki_arena_new(diags->arena, struct p4_program);
	struct p4_decl **end = &program->decls;

	p->diags = diags;
	p->arena = diags->arena;
	p->tok = tokens;
	p->prev = tokens;
	while (p->tok->kind != SEKI_TOKEN_END && !p->stop) {
		struct p4_notes notes;

		if (seki_parse_accept(p, ";"))
			continue;
		/* What an error before it left over. */
		if (p->diags->errors && seki_parse_accept(p, "}"))
			continue;
		notes = seki_parse_annotations(p);
		*end = parse_decl(p);
		seki_parse_noted(p, &notes);
		set_notes(*end, &notes);
		while (*end)
			end = &(*end)->next;
		if (p->panic)
			sync_top(p);
	}
	program->n_ids = p->n_ids;
	return program;
}
