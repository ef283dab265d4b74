/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions and types (P4_16 specification, sections 7 and 8, grammar of appendix G). */
#include "compiler/p4/parse/parser.h"

#include <string.h>

static struct p4_expr *parse_binary(struct p4_parser *p, int min_level);

static const struct {
	const char *text;
	enum p4_op op;
	int level;
} binary_ops[] = {
	{"||", P4_OP_LOR, 2},	  {"&&", P4_OP_LAND, 3},      {"==", P4_OP_EQ, 4},
	{"!=", P4_OP_NE, 4},	  {"<", P4_OP_LT, 5},	      {">", P4_OP_GT, 5},
	{"<=", P4_OP_LE, 5},	  {">=", P4_OP_GE, 5},	      {"|", P4_OP_OR, 6},
	{"^", P4_OP_XOR, 7},	  {"&", P4_OP_AND, 8},	      {"<<", P4_OP_SHL, 9},
	{">>", P4_OP_SHR, 9},	  {"+", P4_OP_ADD, 10},	      {"-", P4_OP_SUB, 10},
	{"++", P4_OP_CONCAT, 10}, {"|+|", P4_OP_SAT_ADD, 10}, {"|-|", P4_OP_SAT_SUB, 10},
	{"*", P4_OP_MUL, 11},	  {"/", P4_OP_DIV, 11},	      {"%", P4_OP_MOD, 11},
};

#define LEVEL_ABOVE_COMPARISON 5

const char *seki_op_text(enum p4_op op)
{
	for (size_t i = 0; i < sizeof(binary_ops) / sizeof(binary_ops[0]); i++)
		if (binary_ops[i].op == op)
			return binary_ops[i].text;
	return op == P4_OP_NOT ? "!" : op == P4_OP_COMP ? "~" : op == P4_OP_NEG ? "-" : "+";
}

struct seki_span seki_expr_span(const struct p4_expr *expr)
{
	struct seki_span at = expr->first->at;
	struct seki_span end = expr->last->at;

	if (at.src == end.src && end.off + end.len > at.off)
		at.len = end.off + end.len - at.off;
	return at;
}

uint32_t seki_expr_count(const struct p4_expr *list)
{
	uint32_t n = 0;

	for (; list; list = list->next)
		n++;
	return n;
}

struct p4_expr *seki_parse_new_expr(struct p4_parser *p, enum p4_expr_kind kind)
{
	struct p4_expr *expr = seki_arena_new(p->arena, struct p4_expr);

	expr->kind = kind;
	expr->tok = p->tok;
	expr->first = p->tok;
	expr->last = p->tok;
	expr->depth = 1;
	return expr;
}

static void deepen(struct p4_parser *p, struct p4_expr *expr, const struct p4_expr *child)
{
	if (!child || child->depth < expr->depth)
		return;
	expr->depth = child->depth + 1;
	if (expr->depth > SEKI_P4_MAX_DEPTH && !p->stop) {
		seki_diag_error(p->diags, expr->tok->at, "this expression is nested too deeply");
		p->stop = true;
	}
}

/* An expression whose first operand has been read. */
static struct p4_expr *around(struct p4_parser *p, enum p4_expr_kind kind, struct p4_expr *a)
{
	struct p4_expr *expr = seki_parse_new_expr(p, kind);

	expr->first = a->first;
	expr->a = a;
	deepen(p, expr, a);
	return expr;
}

static struct p4_expr *finish(struct p4_parser *p, struct p4_expr *expr)
{
	expr->last = p->prev;
	deepen(p, expr, expr->a);
	deepen(p, expr, expr->b);
	deepen(p, expr, expr->c);
	for (const struct p4_expr *arg = expr->args; arg; arg = arg->next)
		deepen(p, expr, arg);
	return expr;
}

/* ---- types ---- */

static const struct {
	const char *text;
	enum p4_tref_kind kind;
	enum p4_type_kind type;
} base_types[] = {
	{"bool", P4_R_BASE, P4_T_BOOL},	    {"error", P4_R_BASE, P4_T_ERROR},
	{"string", P4_R_BASE, P4_T_STRING}, {"match_kind", P4_R_BASE, P4_T_MATCH_KIND},
	{"void", P4_R_BASE, P4_T_VOID},	    {"bit", P4_R_SIZED, P4_T_BIT},
	{"int", P4_R_SIZED, P4_T_SIGNED},   {"varbit", P4_R_SIZED, P4_T_VARBIT},
	{"tuple", P4_R_TUPLE, P4_T_TUPLE},  {"list", P4_R_LIST, P4_T_LIST},
};

static int base_type(const struct seki_token *tok)
{
	for (int i = 0; i < (int)(sizeof(base_types) / sizeof(base_types[0])); i++)
		if (tok->kind == SEKI_TOKEN_KEYWORD && strcmp(tok->text, base_types[i].text) == 0)
			return i;
	return -1;
}

/* The token after a balanced pair that starts at tok, or NULL. */
static const struct seki_token *skip_pair(const struct seki_token *tok, const char *open,
					  const char *close)
{
	uint32_t depth = 0;

	for (; tok->kind != SEKI_TOKEN_END; tok = tok->next) {
		if (seki_token_is(tok, ";"))
			return NULL;
		if (seki_token_is(tok, open))
			depth++;
		else if (seki_token_is(tok, close) && --depth == 0)
			return tok->next;
	}
	return NULL;
}

/* From '<' to behind its '>', where all between are types and widths; else NULL. */
static const struct seki_token *skip_type_args(const struct seki_token *tok, uint32_t depth)
{
	if (depth > 16)
		return NULL;
	tok = tok->next;
	if (seki_token_is(tok, ">"))
		return tok->next;
	for (;;) {
		if (tok->kind == SEKI_TOKEN_NUMBER)
			tok = tok->next;
		else if (seki_token_is(tok, "("))
			tok = skip_pair(tok, "(", ")");
		else
			tok = seki_parse_skip_type(tok, depth);
		if (!tok)
			return NULL;
		if (seki_token_is(tok, ">"))
			return tok->next;
		if (!seki_token_is(tok, ","))
			return NULL;
		tok = tok->next;
	}
}

const struct seki_token *seki_parse_skip_type(const struct seki_token *tok, uint32_t depth)
{
	if (base_type(tok) >= 0) {
		tok = tok->next;
	} else {
		if (seki_token_is(tok, "."))
			tok = tok->next;
		if (tok->kind != SEKI_TOKEN_NAME)
			return NULL;
		tok = tok->next;
	}
	if (seki_token_is(tok, "<"))
		tok = skip_type_args(tok, depth + 1);
	while (tok && seki_token_is(tok, "["))
		tok = skip_pair(tok, "[", "]");
	return tok;
}

static struct p4_tref *new_tref(struct p4_parser *p, enum p4_tref_kind kind)
{
	struct p4_tref *tref = seki_arena_new(p->arena, struct p4_tref);

	tref->kind = kind;
	tref->tok = p->tok;
	return tref;
}

/* An expression inside <...>, where '>' ends it. */
static struct p4_expr *parse_width(struct p4_parser *p)
{
	bool saved = p->no_gt;
	struct p4_expr *expr;

	p->no_gt = true;
	expr = parse_binary(p, LEVEL_ABOVE_COMPARISON);
	p->no_gt = saved;
	return expr;
}

/* typeArgs: '<' [ type { ',' type } ] '>' */
struct p4_tref *seki_parse_type_args(struct p4_parser *p)
{
	struct p4_tref *first = NULL;
	struct p4_tref **end = &first;

	seki_parse_expect(p, "<", "before the type arguments");
	while (!seki_parse_at(p, ">") && !p->panic) {
		*end = seki_parse_type(p);
		end = &(*end)->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, ">", "after the type arguments");
	return first;
}

/* '<' type '>' */
struct p4_tref *seki_parse_type_arg(struct p4_parser *p)
{
	struct p4_tref *type;

	seki_parse_expect(p, "<", "before the type");
	type = seki_parse_type(p);
	seki_parse_expect(p, ">", "after the type");
	return type;
}

/* width: number | '(' expression ')' */
static void check_width_form(struct p4_parser *p, const char *type)
{
	if (seki_parse_at(p, ">"))
		seki_parse_error(p, "a width");
	else if (p->tok->kind != SEKI_TOKEN_NUMBER && !seki_parse_at(p, "(") && !p->panic)
		seki_diag_error(p->diags, p->tok->at,
				"a width that is not a number is in parentheses: %s<(...)>", type);
}

/* baseType: bool | error | bit [ '<' width '>' ] | tuple '<' types '>' ... */
static struct p4_tref *parse_base_type(struct p4_parser *p, int base)
{
	struct p4_tref *tref = new_tref(p, base_types[base].kind);

	tref->sized = base_types[base].type;
	seki_parse_take(p);
	if (tref->kind == P4_R_TUPLE) {
		tref->args = seki_parse_type_args(p);
	} else if (tref->kind == P4_R_LIST) {
		tref->elem = seki_parse_type_arg(p);
	} else if (tref->kind == P4_R_SIZED) {
		if (seki_parse_accept(p, "<")) {
			check_width_form(p, base_types[base].text);
			tref->width = parse_width(p);
			seki_parse_expect(p, ">", "after the width");
		} else if (seki_parse_at(p, "(") && p->tok->next->kind == SEKI_TOKEN_NUMBER) {
			seki_parse_error(p, seki_arena_printf(p->arena, "'<': %s<%s>",
							      base_types[base].text,
							      p->tok->next->text));
		} else if (tref->sized == P4_T_SIGNED) {
			tref->kind = P4_R_BASE;
			tref->sized = P4_T_INT;
		}
	}
	return tref;
}

/* name<8>: only three types have a width. */
static void tell_width(struct p4_parser *p, const struct p4_tref *tref)
{
	static const char *const sized[] = {"bit", "int", "varbit"};
	const char *near = seki_diag_suggest(tref->name, sized, 3);

	if (p->panic || p->stop)
		return;
	seki_diag_error(p->diags, tref->tok->at, "'%s' has no width%s%s%s", tref->name,
			near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	p->panic = true;
}

#define MAX_STACKS 8u

/* typeRef: baseType | [ '.' ] name [ typeArgs ], each with { '[' size ']' } behind it */
struct p4_tref *seki_parse_type(struct p4_parser *p)
{
	int base = base_type(p->tok);
	struct p4_tref *tref;

	if (!seki_parse_enter(p))
		return new_tref(p, P4_R_DONTCARE);
	if (base >= 0) {
		tref = parse_base_type(p, base);
	} else if (seki_parse_at(p, "_")) {
		tref = new_tref(p, P4_R_DONTCARE);
		seki_parse_take(p);
	} else {
		tref = new_tref(p, P4_R_NAME);
		tref->global = seki_parse_accept(p, ".");
		tref->tok = p->tok;
		tref->name = seki_parse_name(p, "a type");
		if (seki_parse_at(p, "<") && p->tok->next->kind == SEKI_TOKEN_NUMBER)
			tell_width(p, tref);
		if (seki_parse_at(p, "<"))
			tref->args = seki_parse_type_args(p);
	}
	for (uint32_t n = 0; seki_parse_at(p, "[") && !p->panic; n++) {
		struct p4_tref *stack = new_tref(p, P4_R_STACK);

		stack->tok = tref->tok;
		if (n == MAX_STACKS)
			seki_parse_error(p, "fewer dimensions");
		seki_parse_take(p);
		stack->elem = tref;
		stack->width = seki_parse_expr(p);
		seki_parse_expect(p, "]", "after the size of a stack");
		tref = stack;
	}
	seki_parse_leave(p);
	return tref;
}

/* ---- expressions ---- */

/* argument: [ name '=' ] ( expression | '_' | '...' ) */
static struct p4_expr *parse_arg(struct p4_parser *p)
{
	const char *name = NULL;
	struct p4_expr *arg;

	if (seki_parse_at_name(p) && p->tok->next && seki_token_is(p->tok->next, "=")) {
		name = p->tok->text;
		seki_parse_take(p);
		seki_parse_take(p);
	}
	if (seki_parse_at(p, "in") || seki_parse_at(p, "out") || seki_parse_at(p, "inout"))
		seki_parse_error(p, "a value ('void' or another type is before a function's name)");
	arg = seki_parse_expr(p);
	arg->arg_name = name;
	return arg;
}

/* { argument ',' } up to `close`, which is taken */
struct p4_expr *seki_parse_args(struct p4_parser *p, const char *close)
{
	bool saved = p->no_gt;
	struct p4_expr *first = NULL;
	struct p4_expr **end = &first;

	p->no_gt = false;
	while (!seki_parse_at(p, close) && !p->panic) {
		*end = parse_arg(p);
		end = &(*end)->next;
		if (!seki_parse_accept(p, ","))
			break;
		if (seki_parse_at(p, ")"))
			seki_parse_error(p, "another value after ','");
	}
	p->no_gt = saved;
	seki_parse_expect(p, close, "or ',' after the value");
	return first;
}

/* '{' expressions '}' | '{' name '=' value ... '}' */
static struct p4_expr *parse_braces(struct p4_parser *p)
{
	struct p4_expr *list = seki_parse_new_expr(p, P4_E_LIST);

	seki_parse_take(p);
	list->args = seki_parse_args(p, "}");
	if (list->args && list->args->arg_name)
		list->kind = P4_E_RECORD;
	return finish(p, list);
}

static bool starts_operand(const struct p4_parser *p, const struct seki_token *tok)
{
	static const char *const starts[] = {"(", "{",	 "!",	"~",	"-",	 "+",
					     ".", "...", "{#}", "true", "false", "this"};

	(void)p;
	if (tok->kind == SEKI_TOKEN_NAME || tok->kind == SEKI_TOKEN_NUMBER ||
	    tok->kind == SEKI_TOKEN_STRING || base_type(tok) >= 0)
		return true;
	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (seki_token_is(tok, starts[i]))
			return true;
	return false;
}

/* Is '(' here the start of a cast? */
static bool at_cast(const struct p4_parser *p)
{
	const struct seki_token *type = p->tok->next;
	const struct seki_token *after = seki_parse_skip_type(type, 0);

	if (!after || !seki_token_is(after, ")") || !starts_operand(p, after->next))
		return false;
	if (seki_token_is(type, "."))
		type = type->next;
	return base_type(type) >= 0 || seki_parse_is_type(p, type->text);
}

/* '(' expression ')' | '(' type ')' operand */
static struct p4_expr *parse_paren(struct p4_parser *p)
{
	struct p4_expr *expr;
	bool saved = p->no_gt;

	if (at_cast(p)) {
		expr = seki_parse_new_expr(p, P4_E_CAST);
		seki_parse_take(p);
		expr->tref = seki_parse_type(p);
		seki_parse_expect(p, ")", "after the type of a cast");
		expr->a = parse_binary(p, 11);
		return finish(p, expr);
	}
	p->no_gt = false;
	seki_parse_take(p);
	expr = seki_parse_expr(p);
	seki_parse_expect(p, ")", "to close the parenthesis");
	p->no_gt = saved;
	return expr;
}

/* number: digits, with a width and a base in front or not */
static struct p4_expr *parse_number(struct p4_parser *p)
{
	struct p4_expr *expr = seki_parse_new_expr(p, P4_E_INT);
	struct p4_literal literal;
	const char *wrong = seki_num_parse(p->arena, p->tok->text, &literal);

	if (wrong)
		seki_diag_error(p->diags, p->tok->at, "this number %s", wrong);
	if (literal.has_width)
		expr->type = seki_type_width(p->arena, literal.is_signed ? P4_T_SIGNED : P4_T_BIT,
					     literal.width);
	else
		expr->type = seki_type_make(p->arena, P4_T_INT);
	expr->num = literal.num;
	expr->known = true;
	seki_parse_take(p);
	return expr;
}

/* word: true | false | default | '_' | baseType | this | [ '.' ] name */
static struct p4_expr *parse_word(struct p4_parser *p)
{
	struct p4_expr *expr = seki_parse_new_expr(p, P4_E_NAME);

	if (seki_parse_at(p, "true") || seki_parse_at(p, "false")) {
		expr->kind = P4_E_BOOL;
		expr->num = seki_num_u64(seki_parse_at(p, "true"));
		expr->known = true;
		seki_parse_take(p);
	} else if (seki_parse_at(p, "default")) {
		expr->kind = P4_E_DEFAULT;
		seki_parse_take(p);
	} else if (base_type(p->tok) >= 0) {
		expr->kind = P4_E_TYPE;
		expr->tref = seki_parse_type(p);
		expr->last = p->prev;
	} else if (seki_parse_at(p, "_")) {
		expr->kind = P4_E_DONTCARE;
		seki_parse_take(p);
	} else {
		expr->global = seki_parse_accept(p, ".");
		expr->tok = p->tok;
		if (seki_parse_at(p, "this")) {
			expr->name = "this";
			seki_parse_take(p);
		} else {
			expr->name = seki_parse_name(p, "an expression");
		}
		expr->last = p->prev;
	}
	return expr;
}

/* string: '"' text '"' */
static struct p4_expr *parse_string(struct p4_parser *p)
{
	struct p4_expr *expr = seki_parse_new_expr(p, P4_E_STRING);

	expr->name = p->tok->text;
	seki_parse_take(p);
	return expr;
}

/* primary: number | string | name | '(' ... | '{' ... | '...' | '{#}' */
static struct p4_expr *parse_primary(struct p4_parser *p)
{
	struct p4_expr *expr;

	if (p->tok->kind == SEKI_TOKEN_NUMBER)
		return parse_number(p);
	if (p->tok->kind == SEKI_TOKEN_STRING)
		return parse_string(p);
	if (seki_parse_at(p, "("))
		return parse_paren(p);
	if (seki_parse_at(p, "{"))
		return parse_braces(p);
	if (seki_parse_at(p, "...") || seki_parse_at(p, "{#}")) {
		expr = seki_parse_new_expr(p, seki_parse_at(p, "...") ? P4_E_DOTS : P4_E_INVALID);
		seki_parse_take(p);
		return expr;
	}
	return parse_word(p);
}

static bool at_plus_colon(const struct p4_parser *p)
{
	return seki_parse_at(p, "+") && seki_token_is(p->tok->next, ":") && !p->tok->next->spaced;
}

/* '[' index ']' | '[' high ':' low ']' | '[' low '+:' width ']' */
static struct p4_expr *parse_index(struct p4_parser *p, struct p4_expr *a)
{
	struct p4_expr *expr = around(p, P4_E_INDEX, a);
	bool saved = p->no_gt;

	p->no_gt = false;
	seki_parse_take(p);
	expr->b = seki_parse_expr(p);
	if (at_plus_colon(p)) {
		seki_parse_take(p);
		expr->op = P4_OP_ADD;
	}
	if (seki_parse_accept(p, ":")) {
		expr->kind = P4_E_SLICE;
		expr->c = seki_parse_expr(p);
	}
	p->no_gt = saved;
	seki_parse_expect(p, "]", "after the index");
	return finish(p, expr);
}

/* call: postfix [ typeArgs ] '(' args ')', from the '(' on */
static struct p4_expr *parse_call(struct p4_parser *p, struct p4_expr *a, struct p4_tref *targs)
{
	struct p4_expr *expr = around(p, P4_E_CALL, a);

	expr->tok = a->tok;
	expr->targs = targs;
	seki_parse_take(p);
	expr->args = seki_parse_args(p, ")");
	return finish(p, expr);
}

/* Are there type arguments here, and a call behind them? */
static bool at_type_args(const struct p4_parser *p)
{
	const struct seki_token *after;

	if (!seki_parse_at(p, "<"))
		return false;
	after = skip_type_args(p->tok, 0);
	return after && (seki_token_is(after, "(") || seki_token_is(after, "."));
}

/* postfix: primary { '.' name | '[' ... ']' | [ typeArgs ] '(' args ')' } */
struct p4_expr *seki_parse_postfix(struct p4_parser *p)
{
	struct p4_expr *expr = parse_primary(p);

	while (!p->panic && !p->stop) {
		if (seki_parse_at(p, ".") && expr->kind == P4_E_INT &&
		    p->tok->next->kind == SEKI_TOKEN_NUMBER) {
			seki_parse_tell_dotted(p, expr);
		} else if (seki_parse_at(p, ".")) {
			expr = around(p, P4_E_MEMBER, expr);
			seki_parse_take(p);
			expr->tok = p->tok;
			expr->name = seki_parse_name(p, "the name of a member");
			finish(p, expr);
		} else if (seki_parse_at(p, "[")) {
			expr = parse_index(p, expr);
		} else if (seki_parse_at(p, "(")) {
			expr = parse_call(p, expr, NULL);
		} else if (at_type_args(p)) {
			struct p4_tref *targs = seki_parse_type_args(p);

			if (seki_parse_at(p, "(")) {
				expr = parse_call(p, expr, targs);
			} else {
				expr->targs = targs;
			}
		} else {
			break;
		}
	}
	return expr;
}

/* unary: { '!' | '~' | '-' | '+' } postfix */
static struct p4_expr *parse_unary(struct p4_parser *p)
{
	static const struct {
		const char *text;
		enum p4_op op;
	} ops[] = {{"!", P4_OP_NOT}, {"~", P4_OP_COMP}, {"-", P4_OP_NEG}, {"+", P4_OP_PLUS}};
	struct p4_expr *expr;

	if (!seki_parse_enter(p))
		return seki_parse_new_expr(p, P4_E_DOTS);
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (p->tok->kind != SEKI_TOKEN_PUNCT || !seki_parse_at(p, ops[i].text))
			continue;
		expr = seki_parse_new_expr(p, P4_E_UNARY);
		expr->op = ops[i].op;
		seki_parse_take(p);
		expr->a = parse_unary(p);
		seki_parse_leave(p);
		return finish(p, expr);
	}
	expr = seki_parse_postfix(p);
	seki_parse_leave(p);
	return expr;
}

/* The binary operator here, or -1; *n is how many tokens it has ('>' '>' has two). */
static int at_binary(const struct p4_parser *p, int *n)
{
	const struct seki_token *tok = p->tok;
	const char *text = tok->text;

	*n = 1;
	if (tok->kind != SEKI_TOKEN_PUNCT || at_plus_colon(p))
		return -1;
	if (seki_token_is(tok, ">")) {
		if (p->no_gt)
			return -1;
		if (seki_token_is(tok->next, ">=") && !tok->next->spaced)
			return -1;
		if (seki_token_is(tok->next, ">") && !tok->next->spaced) {
			text = ">>";
			*n = 2;
		}
	}
	for (int i = 0; i < (int)(sizeof(binary_ops) / sizeof(binary_ops[0])); i++)
		if (strcmp(binary_ops[i].text, text) == 0)
			return i;
	return -1;
}

/* binary: unary { operator binary }, of levels above min_level: by precedence climbing */
static struct p4_expr *parse_binary(struct p4_parser *p, int min_level)
{
	struct p4_expr *expr = parse_unary(p);

	while (!p->panic && !p->stop) {
		struct p4_expr *both;
		int n;
		int i = at_binary(p, &n);

		if (i < 0 || binary_ops[i].level <= min_level)
			break;
		both = around(p, P4_E_BINARY, expr);
		both->op = binary_ops[i].op;
		while (n--)
			seki_parse_take(p);
		both->b = parse_binary(p, binary_ops[i].level);
		expr = finish(p, both);
	}
	return expr;
}

/* expression: binary [ '?' expression ':' expression ] */
struct p4_expr *seki_parse_expr(struct p4_parser *p)
{
	struct p4_expr *expr;

	if (!seki_parse_enter(p))
		return seki_parse_new_expr(p, P4_E_DOTS);
	expr = parse_binary(p, 0);
	if (seki_parse_at(p, "?")) {
		expr = around(p, P4_E_COND, expr);
		seki_parse_take(p);
		expr->b = seki_parse_expr(p);
		seki_parse_expect(p, ":", "in a conditional expression");
		expr->c = seki_parse_expr(p);
		finish(p, expr);
	}
	seki_parse_leave(p);
	return expr;
}

/* simpleKeyset: expression [ ( '&&&' | '..' ) expression ] | '_' | 'default' */
static struct p4_expr *parse_simple_keyset(struct p4_parser *p)
{
	struct p4_expr *expr = seki_parse_expr(p);
	bool mask = seki_parse_at(p, "&&&");

	if (!mask && !seki_parse_at(p, ".."))
		return expr;
	expr = around(p, mask ? P4_E_MASK : P4_E_RANGE, expr);
	seki_parse_take(p);
	expr->b = seki_parse_expr(p);
	return finish(p, expr);
}

/* Is '(' here a tuple of keysets, up to the ':' of its case? */
static bool at_keyset_tuple(const struct p4_parser *p)
{
	const struct seki_token *after;

	if (!seki_parse_at(p, "("))
		return false;
	after = skip_pair(p->tok, "(", ")");
	return after && seki_token_is(after, ":");
}

/* keyset: simpleKeyset | '(' simpleKeyset { ',' simpleKeyset } ')' */
struct p4_expr *seki_parse_keyset(struct p4_parser *p)
{
	struct p4_expr *tuple;
	struct p4_expr **end;

	if (!at_keyset_tuple(p))
		return parse_simple_keyset(p);
	tuple = seki_parse_new_expr(p, P4_E_LIST);
	end = &tuple->args;
	seki_parse_take(p);
	while (!seki_parse_at(p, ")") && !p->panic) {
		*end = parse_simple_keyset(p);
		end = &(*end)->next;
		if (!seki_parse_accept(p, ","))
			break;
	}
	seki_parse_expect(p, ")", "after the keysets");
	finish(p, tuple);
	if (seki_expr_count(tuple->args) == 1)
		return tuple->args;
	return tuple;
}
