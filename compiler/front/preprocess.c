/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The preprocessor: #include, the conditionals, #error; macro.c has #define and #undef. Works on
 * tokens.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/front/macro.h"

#define MAX_INCLUDES 64u
#define MAX_FILES    1000u
#define MAX_IFS	     64u
#define MAX_NESTING  64u

struct branch {
	struct seki_span at;
	bool taken; /* some branch of this #if was */
	bool live;  /* the present one is */
	bool had_else;
};

struct pp {
	struct seki_diags *diags;
	const struct seki_preprocess_opts *opts;
	struct seki_macros macros;
	struct seki_source *src; /* that is read now */
	struct branch ifs[MAX_IFS];
	uint32_t n_ifs;
	uint32_t depth; /* of #include */
	uint32_t n_includes;
};

/* The rest of a directive's line, and the first token after it. */
struct line {
	struct seki_token *first; /* ended by a SEKI_TOKEN_END */
	struct seki_token *after;
};

static void preprocess_source(struct pp *pp, struct seki_source *src);

static bool is_live(const struct pp *pp)
{
	return pp->n_ifs == 0 || pp->ifs[pp->n_ifs - 1].live;
}

static struct line take_line(struct pp *pp, struct seki_lexer *lexer)
{
	struct line line = {.first = NULL};
	struct seki_token **end = &line.first;
	struct seki_span at = {.src = lexer->src, .off = lexer->pos, .len = 1};
	struct seki_token *token = seki_lex_next(lexer);

	while (token->kind != SEKI_TOKEN_END && !token->line_start) {
		at.off = lexer->pos;
		*end = token;
		end = &token->next;
		token = seki_lex_next(lexer);
	}
	*end = seki_macro_end_of_line(&pp->macros, at);
	line.after = token;
	return line;
}

static bool is_word(const struct seki_token *token)
{
	return token->kind == SEKI_TOKEN_NAME || token->kind == SEKI_TOKEN_KEYWORD;
}

/* ---- conditions ---- */

struct cond {
	struct seki_token *token;
	uint32_t depth;
	uint32_t unused; /* greater than 0: what is read now has no effect */
	bool bad;
	const struct seki_token *at; /* where it became so, and why */
	const char *why;
};

static void cond_fail(struct cond *c, const struct seki_token *at, const char *why)
{
	if (!c->bad) {
		c->at = at;
		c->why = why;
	}
	c->bad = true;
}

static long long cond_conditional(struct cond *c);

static long long cond_number(struct cond *c, const struct seki_token *token)
{
	bool binary = token->text[0] == '0' && (token->text[1] | 32) == 'b';
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(token->text + (binary ? 2 : 0), &end, binary ? 2 : 0);
	if (errno || (binary && !token->text[2]))
		cond_fail(c, token, errno ? "a number of more than 64 bits" : "malformed number");
	end += strspn(end, "uUlL");
	if (*end)
		cond_fail(c, token, "malformed number");
	return (long long)value;
}

/* 'c' or '\\n'. The text ends with the quote. */
static long long cond_character(struct cond *c, const struct seki_token *token)
{
	static const char names[] = "abfnrtv0\\'\"?", values[] = "\a\b\f\n\r\t\v\0\\'\"?";
	const char *text = token->text + 1;
	const char *at;

	if (text[0] && text[0] != '\\' && text[1] == '\'' && !text[2])
		return text[0];
	at = text[0] == '\\' && text[1] ? strchr(names, text[1]) : NULL;
	if (at && text[2] == '\'' && !text[3])
		return values[at - names];
	cond_fail(c, token, "expected one character between the quotes");
	return 0;
}

static long long cond_primary(struct cond *c)
{
	struct seki_token *token = c->token;
	long long value;

	if (token->kind == SEKI_TOKEN_END || c->depth > MAX_NESTING) {
		cond_fail(c, token,
			  c->depth > MAX_NESTING ? "nested too deeply" : "expected a value");
		return 0;
	}
	c->token = token->next;
	c->depth++;
	if (seki_token_is(token, "!")) {
		value = !cond_primary(c);
	} else if (seki_token_is(token, "-")) {
		value = (long long)-(unsigned long long)cond_primary(c);
	} else if (seki_token_is(token, "+")) {
		value = cond_primary(c);
	} else if (seki_token_is(token, "~")) {
		value = ~cond_primary(c);
	} else if (seki_token_is(token, "(")) {
		value = cond_conditional(c);
		if (seki_token_is(c->token, ")"))
			c->token = c->token->next;
		else
			cond_fail(c, c->token, "expected ')'");
	} else if (token->kind == SEKI_TOKEN_NUMBER) {
		value = cond_number(c, token);
	} else if (token->kind == SEKI_TOKEN_BAD && token->text[0] == '\'') {
		value = cond_character(c, token);
	} else if (is_word(token)) {
		value = 0; /* a macro would have been expanded */
	} else {
		cond_fail(c, token, "expected a value");
		value = 0;
	}
	c->depth--;
	return value;
}

static const struct {
	const char *text;
	int level;
} cond_ops[] = {
	{"||", 1}, {"&&", 2}, {"|", 3}, {"^", 4},  {"&", 5},  {"==", 6},
	{"!=", 6}, {"<", 7},  {">", 7}, {"<=", 7}, {">=", 7}, {"<<", 8},
	{">>", 8}, {"+", 9},  {"-", 9}, {"*", 10}, {"/", 10}, {"%", 10},
};

/* The operator at c->token, or -1. '>' '>' is one of two tokens. */
static int cond_op(struct cond *c)
{
	const struct seki_token *token = c->token;
	const char *text = token->text;

	if (token->kind != SEKI_TOKEN_PUNCT)
		return -1;
	if (seki_token_is(token, ">") && seki_token_is(token->next, ">"))
		text = ">>";
	for (int i = 0; i < (int)(sizeof(cond_ops) / sizeof(cond_ops[0])); i++)
		if (strcmp(text, cond_ops[i].text) == 0)
			return i;
	return -1;
}

/* dispatch: one line for each operator. What overflows wraps around. */
static long long cond_apply(struct cond *c, const char *op, long long a, long long b)
{
	unsigned long long ua = (unsigned long long)a, ub = (unsigned long long)b;

	switch (op[0]) {
	case '|':
		return op[1] ? a || b : a | b;
	case '&':
		return op[1] ? a && b : a & b;
	case '^':
		return a ^ b;
	case '=':
		return a == b;
	case '!':
		return a != b;
	case '<':
		return op[1] == '<' ? (long long)(ub < 64 ? ua << ub : 0) : op[1] ? a <= b : a < b;
	case '>':
		return op[1] == '>' ? (long long)(ub < 64 ? ua >> ub : 0) : op[1] ? a >= b : a > b;
	case '+':
		return (long long)(ua + ub);
	case '-':
		return (long long)(ua - ub);
	case '*':
		return (long long)(ua * ub);
	default:
		if (b == 0 || b == -1) {
			if (b == 0 && !c->unused)
				cond_fail(c, c->token, "division by zero");
			return op[0] == '/' ? (long long)(0 - ua) : 0;
		}
		return op[0] == '/' ? a / b : a % b;
	}
}

static long long cond_binary(struct cond *c, int min_level)
{
	long long value = cond_primary(c);

	for (;;) {
		int op = cond_op(c);
		bool decided;
		long long right;

		if (op < 0 || cond_ops[op].level <= min_level || c->bad)
			return value;
		c->token = c->token->next;
		if (strcmp(cond_ops[op].text, ">>") == 0)
			c->token = c->token->next;
		decided = strcmp(cond_ops[op].text, value ? "||" : "&&") == 0;
		c->unused += decided;
		right = cond_binary(c, cond_ops[op].level);
		c->unused -= decided;
		value = cond_apply(c, cond_ops[op].text, value, right);
	}
}

/* binary [ '?' conditional ':' conditional ] */
static long long cond_conditional(struct cond *c)
{
	long long value = cond_binary(c, 0), yes, no;

	if (!seki_token_is(c->token, "?") || c->depth > MAX_NESTING)
		return value;
	c->depth++;
	c->token = c->token->next;
	c->unused += !value;
	yes = cond_conditional(c);
	c->unused -= !value;
	if (!seki_token_is(c->token, ":"))
		cond_fail(c, c->token, "expected ':'");
	c->token = c->bad ? c->token : c->token->next;
	c->unused += value != 0;
	no = c->bad ? 0 : cond_conditional(c);
	c->unused -= value != 0;
	c->depth--;
	return value ? yes : no;
}

/* `defined X` and `defined(X)` become 1 or 0 before macros are expanded. */
static struct seki_token *replace_defined(struct pp *pp, struct seki_token *list, struct cond *c)
{
	struct seki_token *first = NULL;
	struct seki_token **end = &first;

	for (struct seki_token *t = list;; t = t->next) {
		struct seki_token *copy = seki_arena_new(pp->diags->arena, struct seki_token);

		*copy = *t;
		copy->next = NULL;
		*end = copy;
		end = &copy->next;
		if (t->kind == SEKI_TOKEN_END)
			return first;
		if (seki_token_is(t, "defined")) {
			bool paren = seki_token_is(t->next, "(");

			t = paren ? t->next->next : t->next;
			copy->kind = SEKI_TOKEN_NUMBER;
			copy->text = seki_macro_find(&pp->macros, t->text) ? "1" : "0";
			if (!is_word(t) || (paren && !seki_token_is(t->next, ")"))) {
				cond_fail(c, t, "'defined' needs the name of a macro");
				return seki_macro_end_of_line(&pp->macros, t->at);
			}
			t = paren ? t->next : t;
		}
	}
}

/* What the tokens of a line, up to its SEKI_TOKEN_END, expand into. */
static struct seki_token *expand_line(struct pp *pp, struct seki_token *line)
{
	struct seki_token **end = pp->macros.end;
	const struct seki_token *last = line;
	struct seki_token *first = NULL;

	while (last->kind != SEKI_TOKEN_END)
		last = last->next;
	pp->macros.end = &first;
	pp->macros.in_line = true;
	seki_macro_expand(&pp->macros, line);
	*pp->macros.end = seki_macro_end_of_line(&pp->macros, last->at);
	pp->macros.in_line = false;
	pp->macros.end = end;
	return first;
}

static bool condition(struct pp *pp, const struct seki_token *name)
{
	struct cond c = {.token = NULL};
	long long value;

	c.token = expand_line(pp, replace_defined(pp, name->next, &c));
	value = cond_conditional(&c);
	if (!c.bad && c.token->kind != SEKI_TOKEN_END)
		cond_fail(&c, c.token, "expected an operator");
	if (c.bad)
		seki_diag_error(pp->diags, c.at->at, "%s in the condition of #%s", c.why,
				name->text);
	return value != 0 && !c.bad;
}

static void open_if(struct pp *pp, const struct seki_token *name, bool live)
{
	bool outer = is_live(pp);

	if (pp->n_ifs == MAX_IFS) {
		seki_diag_error(pp->diags, name->at, "more than %u nested conditions", MAX_IFS);
		return;
	}
	pp->ifs[pp->n_ifs++] = (struct branch){
		.at = name->at,
		.live = outer && live,
		.taken = !outer || live,
	};
}

static void next_branch(struct pp *pp, const struct seki_token *name, bool is_else)
{
	struct branch *b = &pp->ifs[pp->n_ifs - 1];

	if (b->had_else)
		seki_diag_error(pp->diags, name->at, "#%s after #else", name->text);
	b->live = !b->taken && (is_else || condition(pp, name));
	b->taken |= b->live;
	b->had_else |= is_else;
}

/* Returns whether the directive was one of the conditionals. */
static bool conditional(struct pp *pp, const struct seki_token *name)
{
	bool is_else = seki_token_is(name, "else");
	bool is_endif = seki_token_is(name, "endif");

	if (seki_token_is(name, "if")) {
		open_if(pp, name, is_live(pp) && condition(pp, name));
	} else if (seki_token_is(name, "ifdef") || seki_token_is(name, "ifndef")) {
		bool defined = is_word(name->next) &&
			       seki_macro_find(&pp->macros, name->next->text);

		if (!is_word(name->next))
			seki_diag_error(pp->diags, name->at, "expected the name of a macro");
		open_if(pp, name, defined == seki_token_is(name, "ifdef"));
	} else if (is_else || is_endif || seki_token_is(name, "elif")) {
		if (pp->n_ifs == 0)
			seki_diag_error(pp->diags, name->at, "#%s without #if", name->text);
		else if (is_endif)
			pp->n_ifs--;
		else
			next_branch(pp, name, is_else);
	} else {
		return false;
	}
	return true;
}

/* ---- include ---- */

/* The name between quotes or angle brackets after #include, or NULL. */
static const char *include_name(struct pp *pp, const struct seki_token *name, bool *quoted)
{
	struct seki_strbuf text = {.arena = pp->diags->arena};
	const struct seki_token *t = name->next;

	if (is_word(t))
		t = expand_line(pp, name->next);
	*quoted = t->kind == SEKI_TOKEN_STRING;
	if (*quoted)
		return t->text;
	if (!seki_token_is(t, "<"))
		return NULL;
	for (t = t->next; t->kind != SEKI_TOKEN_END && !seki_token_is(t, ">"); t = t->next)
		seki_strbuf_printf(&text, "%s%s", text.len && t->spaced ? " " : "", t->text);
	return t->kind == SEKI_TOKEN_END ? NULL : text.data;
}

static struct seki_source *try_dir(struct pp *pp, const char *dir, int dir_len, const char *name)
{
	struct seki_source *src = NULL;
	char *path = dir_len ? seki_arena_printf(pp->diags->arena, "%.*s/%s", dir_len, dir, name)
			     : seki_arena_printf(pp->diags->arena, "%s", name);

	return seki_source_read(pp->diags->arena, path, &src) == 0 ? src : NULL;
}

static struct seki_source *find_include(struct pp *pp, const struct seki_source *from,
					const char *name, bool quoted)
{
	const char *slash = strrchr(from->name, '/');
	struct seki_source *src = NULL;
	const char *text;

	if (quoted && from->name[0] != '<')
		src = try_dir(pp, from->name, slash ? (int)(slash - from->name) : 0, name);
	for (uint32_t i = 0; !src && i < pp->opts->n_include_dirs; i++)
		src = try_dir(pp, pp->opts->include_dirs[i], (int)strlen(pp->opts->include_dirs[i]),
			      name);
	if (src)
		return src;
	text = pp->opts->builtin ? pp->opts->builtin(name) : NULL;
	if (!text)
		return NULL;
	return seki_source_make(pp->diags->arena, seki_arena_printf(pp->diags->arena, "<%s>", name),
				text, (uint32_t)strlen(text));
}

/* Architectures that programs are often written for. */
static bool is_other_target(const char *file)
{
	static const char *const files[] = {"v1model.p4",   "psa.p4",	   "pna.p4",
					    "tna.p4",	    "t2na.p4",	   "ebpf_model.p4",
					    "xdp_model.p4", "dpdk/psa.p4", "dpdk/pna.p4"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(file, files[i]) == 0)
			return true;
	return false;
}

static void tell_no_file(struct pp *pp, const struct seki_token *name, const char *file)
{
	static const char *const ours[] = {"core.p4", "ubpf_model.p4", "sekisho.p4"};
	struct seki_span at = name->next->at;
	const struct seki_token *last = name;
	const char *near = seki_diag_suggest(file, ours, 3);

	while (last->next->kind != SEKI_TOKEN_END)
		last = last->next;
	at.len = last->at.off + last->at.len - at.off;
	if (is_other_target(file))
		seki_diag_error(pp->diags, at,
				"cannot find '%s': it is another target's; programs for this one "
				"include <ubpf_model.p4> or <sekisho.p4>",
				file);
	else if (near)
		seki_diag_error(pp->diags, at, "cannot find '%s'; did you mean '%s'?", file, near);
	else
		seki_diag_error(pp->diags, at,
				"cannot find '%s': -I FOLDER says where else to look", file);
}

static void include(struct pp *pp, const struct seki_token *name)
{
	struct seki_source *src;
	const char *file;
	bool quoted;

	file = include_name(pp, name, &quoted);
	if (!file) {
		seki_diag_error(pp->diags, name->next->at, "expected <file> or \"file\"");
		return;
	}
	if (pp->depth >= MAX_INCLUDES) {
		seki_diag_error(pp->diags, name->at, "more than %u files include one another",
				MAX_INCLUDES);
		return;
	}
	if (pp->n_includes++ >= MAX_FILES) {
		if (pp->n_includes == MAX_FILES + 1)
			seki_diag_error(pp->diags, name->at, "more than %u files are included",
					MAX_FILES);
		return;
	}
	src = find_include(pp, name->at.src, file, quoted);
	if (!src) {
		tell_no_file(pp, name, file);
		return;
	}
	src->included = name->at;
	pp->depth++;
	preprocess_source(pp, src);
	pp->depth--;
}

/* #error or #warning with the rest of its line, as it is written. */
static void tell_user(struct pp *pp, const struct seki_token *name, bool is_error)
{
	const struct seki_token *last = name;
	struct seki_span at = name->at;

	while (last->next->kind != SEKI_TOKEN_END)
		last = last->next;
	at.len = last->at.off + last->at.len - at.off;
	if (is_error)
		seki_diag_error(pp->diags, at, "#%s", seki_source_spelled(pp->diags->arena, at));
	else
		seki_diag_warning(pp->diags, SEKI_WARN_CPP, at, "#%s",
				  seki_source_spelled(pp->diags->arena, at));
}

#define MAX_LINE 2147483647ull

/* The line, as it is counted in the file, that a directive ends on. */
static uint32_t last_line(const struct seki_token *name)
{
	while (name->next->kind != SEKI_TOKEN_END)
		name = name->next;
	return seki_source_place(name->at.src, name->at.off + name->at.len).line;
}

/* '#' [ 'line' ] number [ string { flag } ]: what the line behind it is to be told as. */
static void set_line(struct pp *pp, const struct seki_token *hash, struct seki_token *number)
{
	struct seki_token *t = expand_line(pp, number);
	struct seki_source *src = pp->src;
	const char *name = src->n_marks ? src->marks[src->n_marks - 1].name : src->name;
	unsigned long long line;
	char *end;

	errno = 0;
	line = strtoull(t->text, &end, 10);
	if (t->kind != SEKI_TOKEN_NUMBER || *end || errno || line > MAX_LINE) {
		seki_diag_error(pp->diags, t->at, "expected a line number of at most %llu",
				MAX_LINE);
		return;
	}
	t = t->next;
	if (t->kind != SEKI_TOKEN_STRING && t->kind != SEKI_TOKEN_END) {
		seki_diag_error(pp->diags, t->at, "expected \"file\" after the line number");
		return;
	}
	if (t->kind == SEKI_TOKEN_STRING)
		name = t->text;
	seki_source_mark(pp->diags->arena, src, last_line(hash) + 1, (uint32_t)line, name);
}

static void tell_unknown(struct pp *pp, const struct seki_token *name)
{
	static const char *const names[] = {"include", "define", "undef", "if",	   "ifdef",
					    "ifndef",  "elif",	 "else",  "endif", "error",
					    "warning", "pragma", "line"};
	const char *near = seki_diag_suggest(name->text, names, sizeof(names) / sizeof(names[0]));

	if (near)
		seki_diag_error(pp->diags, name->at, "unknown directive '#%s'; did you mean '#%s'?",
				name->text, near);
	else
		seki_diag_error(pp->diags, name->at, "unknown directive '#%s'", name->text);
}

static void directive(struct pp *pp, struct seki_token *name)
{
	if (name->kind == SEKI_TOKEN_END || conditional(pp, name) || !is_live(pp))
		return;
	if (seki_token_is(name, "include"))
		include(pp, name);
	else if (seki_token_is(name, "define"))
		seki_macro_define(&pp->macros, name->next);
	else if (seki_token_is(name, "undef"))
		seki_macro_undefine(&pp->macros, name->next->text);
	else if (seki_token_is(name, "error") || seki_token_is(name, "warning"))
		tell_user(pp, name, name->text[0] == 'e');
	else if (seki_token_is(name, "line") || name->kind == SEKI_TOKEN_NUMBER)
		set_line(pp, name, name->kind == SEKI_TOKEN_NUMBER ? name : name->next);
	else if (!seki_token_is(name, "pragma") && !seki_token_is(name, "ident"))
		tell_unknown(pp, name);
}

/*
 * A macro that takes arguments, with the tokens up to its ')', which may be lines away, is expanded.
 * Returns the token to go on with.
 */
static struct seki_token *expand_call(struct pp *pp, struct seki_lexer *lexer,
				      struct seki_token *token)
{
	struct seki_token *first = token;
	struct seki_token *next = seki_lex_next(lexer);
	uint32_t parens = 0;

	if (!seki_token_is(next, "(")) {
		seki_macro_emit(&pp->macros, token);
		return next;
	}
	for (;;) {
		token->next = next;
		token = next;
		if (token->kind == SEKI_TOKEN_END || token->kind == SEKI_TOKEN_HASH) {
			seki_diag_error(pp->diags, first->at,
					"the arguments of macro '%s' are not closed", first->text);
			return token;
		}
		next = seki_lex_next(lexer);
		parens += seki_token_is(token, "(");
		if (seki_token_is(token, ")") && --parens == 0)
			break;
	}
	token->next = seki_macro_end_of_line(&pp->macros, token->at);
	seki_macro_expand(&pp->macros, first);
	return next;
}

static void expand(struct pp *pp, struct seki_token *token)
{
	if (token->kind != SEKI_TOKEN_NAME || !seki_macro_find(&pp->macros, token->text)) {
		seki_macro_emit(&pp->macros, token);
		return;
	}
	token->next = seki_macro_end_of_line(&pp->macros, token->at);
	seki_macro_expand(&pp->macros, token);
}

static void preprocess_source(struct pp *pp, struct seki_source *src)
{
	struct seki_lexer lexer = {.diags = pp->diags, .src = src, .line_start = true};
	struct seki_source *outer = pp->src;
	uint32_t ifs = pp->n_ifs;
	struct seki_token *token = seki_lex_next(&lexer);

	pp->src = src;
	while (token->kind != SEKI_TOKEN_END) {
		if (token->kind == SEKI_TOKEN_HASH) {
			struct line line = take_line(pp, &lexer);

			directive(pp, line.first);
			token = line.after;
			continue;
		}
		if (is_live(pp) && seki_macro_takes_args(&pp->macros, token)) {
			token = expand_call(pp, &lexer, token);
			continue;
		}
		if (is_live(pp))
			expand(pp, token);
		if (pp->macros.n_tokens > SEKI_MACRO_MAX_TOKENS)
			return;
		token = seki_lex_next(&lexer);
	}
	if (pp->n_ifs > ifs && !lexer.cut_off)
		seki_diag_error(pp->diags, pp->ifs[pp->n_ifs - 1].at, "this #if has no #endif");
	pp->n_ifs = pp->n_ifs < ifs ? pp->n_ifs : ifs;
	pp->src = outer;
}

struct seki_token *seki_preprocess(struct seki_diags *diags, struct seki_source *main_src,
				   const struct seki_preprocess_opts *opts)
{
	struct pp pp = {.diags = diags, .opts = opts};
	struct seki_token *first = NULL;
	struct seki_token *end;

	pp.macros.diags = diags;
	pp.macros.end = &first;
	if (opts->prologue)
		preprocess_source(&pp,
				  seki_source_make(diags->arena, "<command line>", opts->prologue,
						   (uint32_t)strlen(opts->prologue)));
	preprocess_source(&pp, main_src);
	end = seki_macro_end_of_line(
		&pp.macros, (struct seki_span){.src = main_src, .off = main_src->len, .len = 0});
	end->text = "end of file";
	end->line_start = true;
	*pp.macros.end = end;
	return first;
}
