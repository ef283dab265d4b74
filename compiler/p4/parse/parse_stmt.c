/* SPDX-License-Identifier: Apache-2.0 */
/* Statements and transitions (P4_16 specification, sections 12 and 13). */
#include "compiler/p4/parse/parser.h"

static struct p4_stmt *new_stmt(struct p4_parser *p, enum p4_stmt_kind kind)
{
	struct p4_stmt *stmt = seki_arena_new(p->arena, struct p4_stmt);

	stmt->kind = kind;
	stmt->tok = p->tok;
	stmt->last = p->tok;
	return stmt;
}

static const struct {
	const char *text;
	enum p4_op op;
} assign_ops[] = {
	{"=", P4_OP_NONE}, {"+=", P4_OP_ADD},  {"-=", P4_OP_SUB},	{"*=", P4_OP_MUL},
	{"/=", P4_OP_DIV}, {"%=", P4_OP_MOD},  {"&=", P4_OP_AND},	{"|=", P4_OP_OR},
	{"^=", P4_OP_XOR}, {"<<=", P4_OP_SHL}, {"|+|=", P4_OP_SAT_ADD}, {"|-|=", P4_OP_SAT_SUB},
};

/* Takes an assignment operator; false where there is none. */
static bool accept_assign(struct p4_parser *p, enum p4_op *op)
{
	for (size_t i = 0; i < sizeof(assign_ops) / sizeof(assign_ops[0]); i++) {
		if (seki_parse_accept(p, assign_ops[i].text)) {
			*op = assign_ops[i].op;
			return true;
		}
	}
	if (seki_parse_at(p, ">") && seki_token_is(p->tok->next, ">=")) {
		seki_parse_take(p);
		seki_parse_take(p);
		*op = P4_OP_SHR;
		return true;
	}
	return false;
}

/* What a name alone may have been meant to be. */
static const char *nothing_but(struct p4_parser *p, const struct p4_expr *expr)
{
	if (expr->kind == P4_E_NAME)
		return seki_arena_printf(
			p->arena, ": '%s()' would call an action, '%s.apply()' apply a table",
			expr->name, expr->name);
	if (expr->a->kind == P4_E_CALL)
		return "";
	return seki_arena_printf(p->arena, ": '%s()' would call a method", expr->name);
}

/* After an expression that is neither called nor assigned to. */
static void tell_no_statement(struct p4_parser *p, const struct p4_expr *expr)
{
	bool is_state = expr->kind == P4_E_NAME &&
			(seki_token_is(expr->tok, "accept") || seki_token_is(expr->tok, "reject"));
	bool alone = seki_parse_at(p, ";") &&
		     (expr->kind == P4_E_NAME || expr->kind == P4_E_MEMBER) && !p->stop;

	if (alone && is_state)
		seki_diag_error(p->diags, expr->tok->at, "'%s' is a state: write 'transition %s;'",
				expr->name, expr->name);
	else if (alone)
		seki_diag_error(p->diags, seki_expr_span(expr), "this does nothing%s",
				nothing_but(p, expr));
	else if (seki_parse_at(p, "=="))
		seki_parse_error(p, "'=', which assigns ('==' compares)");
	else if (seki_parse_at(p, "++") ||
		 (seki_parse_at(p, "-") && seki_token_is(p->tok->next, "-")))
		seki_parse_error(p, "'+= 1' or '-= 1' (there is no '++' or '--')");
	else
		seki_parse_error(p, "an assignment or a call");
	p->panic = true;
}

/* lvalue op expression | call, without the ';' */
static struct p4_stmt *parse_simple(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_CALL);

	stmt->a = seki_parse_postfix(p);
	if (accept_assign(p, &stmt->op)) {
		stmt->kind = P4_S_ASSIGN;
		stmt->b = seki_parse_expr(p);
	} else if (stmt->a->kind != P4_E_CALL && !p->panic) {
		tell_no_statement(p, stmt->a);
	}
	stmt->last = p->prev;
	return stmt;
}

/* The statement that an if or for has: a declaration would be of no use to anything. */
static struct p4_stmt *parse_body(struct p4_parser *p)
{
	if (seki_parse_at_declaration(p) && !p->panic)
		seki_diag_error(p->diags, p->tok->at,
				"a declaration has to be in a block: '{ ... }'");
	return seki_parse_stmt(p);
}

/* if ( expression ) statement */
static struct p4_stmt *parse_one_if(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_IF);

	seki_parse_take(p);
	seki_parse_expect(p, "(", "after 'if'");
	stmt->a = seki_parse_expr(p);
	seki_parse_tell_operator(p, stmt->a);
	seki_parse_expect(p, ")", "after the condition");
	stmt->body = parse_body(p);
	return stmt;
}

/* if ( expression ) statement { else if ( expression ) statement } [ else statement ] */
static struct p4_stmt *parse_if(struct p4_parser *p)
{
	struct p4_stmt *first = parse_one_if(p), *last = first;
	uint32_t n = 1;

	while (!p->stop && seki_parse_at(p, "else") && seki_token_is(p->tok->next, "if")) {
		seki_parse_take(p);
		if (n++ == SEKI_P4_MAX_DEPTH) {
			seki_diag_error(p->diags, p->tok->at, "more than %u 'else if' in a row",
					SEKI_P4_MAX_DEPTH);
			p->stop = true;
			p->panic = true;
			return first;
		}
		last->other = parse_one_if(p);
		last = last->other;
		if (p->panic)
			return first;
	}
	if (seki_parse_accept(p, "else"))
		last->other = parse_body(p);
	return first;
}

/* case: label ':' [ block ] */
static struct p4_stmt *parse_case(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_CASE);

	if (seki_parse_at(p, "case") && !seki_token_is(p->tok->next, ":")) {
		seki_diag_error(p->diags, p->tok->at, "a label has no 'case' before it");
		seki_parse_take(p);
	}
	stmt->a = seki_parse_expr(p);
	seki_parse_expect(p, ":", "after the label");
	if (seki_parse_at(p, "{") || seki_parse_at(p, "@"))
		stmt->body = seki_parse_block(p);
	return stmt;
}

/* switch ( expression ) '{' { case } '}' */
static struct p4_stmt *parse_switch(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_SWITCH);
	struct p4_stmt **end = &stmt->cases;

	seki_parse_take(p);
	seki_parse_expect(p, "(", "after 'switch'");
	stmt->a = seki_parse_expr(p);
	seki_parse_expect(p, ")", "after the value");
	seki_parse_expect(p, "{", "before the cases");
	while (!seki_parse_at(p, "}") && !p->panic) {
		*end = parse_case(p);
		end = &(*end)->next;
	}
	seki_parse_expect(p, "}", "after the cases");
	return stmt;
}

/* constant | variable | instance */
static struct p4_stmt *parse_declaration(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_DECL);

	if (seki_parse_at(p, "const"))
		stmt->decl = seki_parse_const(p);
	else
		stmt->decl = seki_parse_var_or_instance(p);
	stmt->decl->is_local = true;
	return stmt;
}

/* type name [ '=' expression ], without the ';' */
static struct p4_stmt *parse_for_declaration(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_DECL);

	stmt->decl = seki_parse_new_decl(p, P4_D_VAR);
	stmt->decl->tref = seki_parse_type(p);
	seki_parse_decl_name(p, stmt->decl, "the name of a variable");
	if (seki_parse_accept(p, "="))
		stmt->decl->init = seki_parse_expr(p);
	stmt->decl->is_local = true;
	return stmt;
}

/* { ( declaration | statement ) ',' } of a for loop, up to `close` */
static struct p4_stmt *parse_for_list(struct p4_parser *p, const char *close)
{
	struct p4_stmt *first = NULL;
	struct p4_stmt **end = &first;

	while (!seki_parse_at(p, close) && !p->panic) {
		seki_parse_annotations(p);
		*end = seki_parse_at_declaration(p) ? parse_for_declaration(p) : parse_simple(p);
		end = &(*end)->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	return first;
}

/* for ( type name in list ) statement, after the '(' */
static void parse_for_in(struct p4_parser *p, struct p4_stmt *stmt)
{
	stmt->kind = P4_S_FOR_IN;
	stmt->decl = seki_parse_new_decl(p, P4_D_VAR);
	stmt->decl->is_local = true;
	stmt->decl->tref = seki_parse_type(p);
	stmt->decl->tok = p->tok;
	stmt->decl->name = seki_parse_name(p, "a variable");
	seki_parse_expect(p, "in", "after the variable");
	stmt->a = seki_parse_keyset(p);
}

/* for ( init ; condition ; update ) statement */
static struct p4_stmt *parse_for(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_FOR);
	const struct seki_token *after;

	seki_parse_take(p);
	seki_parse_expect(p, "(", "after 'for'");
	seki_parse_annotations(p);
	after = seki_parse_skip_type(p->tok, 0);
	if (after && after->next && seki_token_is(after->next, "in")) {
		parse_for_in(p, stmt);
	} else {
		stmt->init = parse_for_list(p, ";");
		seki_parse_expect(p, ";", "after the start of the loop");
		stmt->a = seki_parse_expr(p);
		seki_parse_expect(p, ";", "after the condition");
		stmt->update = parse_for_list(p, ")");
	}
	seki_parse_expect(p, ")", "before the body of the loop");
	stmt->body = parse_body(p);
	return stmt;
}

/* return [ expression ] ';' | exit ';' | break ';' | continue ';' */
static struct p4_stmt *parse_jump(struct p4_parser *p, enum p4_stmt_kind kind)
{
	struct p4_stmt *stmt = new_stmt(p, kind);

	seki_parse_take(p);
	if (kind == P4_S_RETURN && !seki_parse_at(p, ";"))
		stmt->a = seki_parse_expr(p);
	seki_parse_expect(p, ";", "at the end of the statement");
	return stmt;
}

/* jump ';' | block | if | switch | for | declaration | ';' | simple ';' */
static struct p4_stmt *parse_one(struct p4_parser *p)
{
	static const struct {
		const char *text;
		enum p4_stmt_kind kind;
	} jumps[] = {{"return", P4_S_RETURN},
		     {"exit", P4_S_EXIT},
		     {"break", P4_S_BREAK},
		     {"continue", P4_S_CONTINUE}};
	struct p4_stmt *stmt;

	for (size_t i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++)
		if (seki_parse_at(p, jumps[i].text))
			return parse_jump(p, jumps[i].kind);
	if (seki_parse_at(p, "{"))
		return seki_parse_block(p);
	if (seki_parse_at(p, "if"))
		return parse_if(p);
	if (seki_parse_at(p, "switch"))
		return parse_switch(p);
	if (seki_parse_at(p, "for"))
		return parse_for(p);
	if (seki_parse_at_declaration(p))
		return parse_declaration(p);
	if (seki_parse_at(p, "else"))
		seki_parse_error(p,
				 "a statement ('else' comes right after the statement of an 'if')");
	if (seki_parse_at(p, "transition") && p->tok->next->kind != SEKI_TOKEN_PUNCT)
		seki_parse_error(p,
				 "a statement ('transition' is the last of a state, in no other)");
	stmt = new_stmt(p, P4_S_EMPTY);
	if (seki_parse_accept(p, ";") || seki_parse_tell_statement(p))
		return stmt;
	stmt = parse_simple(p);
	seki_parse_expect(p, ";", "at the end of the statement");
	return stmt;
}

/* statement: block | if | switch | for | jump | declaration | assignment | call */
struct p4_stmt *seki_parse_stmt(struct p4_parser *p)
{
	struct p4_notes notes;
	struct p4_stmt *stmt;

	if (!seki_parse_enter(p))
		return new_stmt(p, P4_S_EMPTY);
	notes = seki_parse_annotations(p);
	stmt = parse_one(p);
	stmt->is_atomic |= notes.atomic;
	seki_parse_noted(p, &notes);
	seki_parse_leave(p);
	if (p->panic)
		seki_parse_sync(p);
	return stmt;
}

/* '{' { statement } '}' */
struct p4_stmt *seki_parse_block(struct p4_parser *p)
{
	struct p4_stmt *block = new_stmt(p, P4_S_BLOCK);
	struct p4_stmt **end = &block->body;
	const struct seki_token *open;
	struct p4_notes notes;

	if (!seki_parse_enter(p))
		return block;
	notes = seki_parse_annotations(p);
	block->is_atomic = notes.atomic;
	open = p->tok;
	seki_parse_expect(p, "{", "before the statements");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic && !p->stop &&
	       !seki_parse_at_outer(p)) {
		*end = seki_parse_stmt(p);
		end = &(*end)->next;
	}
	block->last = p->tok;
	seki_parse_close(p, open, "after the statements");
	seki_parse_noted(p, &notes);
	seki_parse_leave(p);
	return block;
}

/* selectCase: keyset ':' name ';' */
static struct p4_stmt *parse_select_case(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_SELECT_CASE);

	stmt->a = seki_parse_keyset(p);
	seki_parse_expect(p, ":", "after the keyset");
	stmt->tok = p->tok;
	stmt->name = seki_parse_name(p, "a state");
	seki_parse_expect(p, ";", "after the state");
	if (p->panic)
		seki_parse_sync(p);
	return stmt;
}

/* transition name ';' | transition select ( expressions ) '{' { selectCase } '}' */
struct p4_stmt *seki_parse_transition(struct p4_parser *p)
{
	struct p4_stmt *stmt = new_stmt(p, P4_S_TRANSITION);
	struct p4_stmt **end = &stmt->cases;

	seki_parse_take(p);
	if (!seki_parse_at(p, "select")) {
		stmt->tok = p->tok;
		stmt->name = seki_parse_name(p, "a state or 'select'");
		stmt->last = p->prev;
		seki_parse_expect(p, ";", "after the transition");
		return stmt;
	}
	stmt->kind = P4_S_SELECT;
	stmt->tok = p->tok;
	seki_parse_take(p);
	seki_parse_expect(p, "(", "after 'select'");
	stmt->exprs = seki_parse_args(p, ")");
	seki_parse_expect(p, "{", "before the cases");
	while (!seki_parse_at(p, "}") && p->tok->kind != SEKI_TOKEN_END && !p->panic) {
		*end = parse_select_case(p);
		end = &(*end)->next;
	}
	seki_parse_expect(p, "}", "after the cases");
	seki_parse_accept(p, ";");
	return stmt;
}
