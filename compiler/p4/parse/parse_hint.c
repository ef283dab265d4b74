/* SPDX-License-Identifier: Apache-2.0 */
/* What people write who come from other languages: errors that say what P4 has instead. */
#include "compiler/p4/parse/parser.h"

#include <string.h>

/* Words that start a statement elsewhere. */
static const struct {
	const char *word, *instead;
} statements[] = {
	{"elif", "'else if'"},
	{"elseif", "'else if'"},
	{"elsif", "'else if'"},
	{"while", "'for (; condition; )'"},
	{"foreach", "'for (TYPE x in list)'"},
	{"do", "'for (; condition; )'"},
};

bool seki_parse_tell_statement(struct p4_parser *p)
{
	if (p->tok->kind != SEKI_TOKEN_NAME || seki_parse_is_name(p->tok->next) ||
	    seki_token_is(p->tok->next, "=") || seki_token_is(p->tok->next, "."))
		return false;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (!seki_parse_at(p, statements[i].word))
			continue;
		if (!p->panic && !p->stop)
			seki_diag_error(p->diags, p->tok->at, "there is no '%s': write %s",
					statements[i].word, statements[i].instead);
		p->panic = true;
		return true;
	}
	return false;
}

void seki_parse_tell_operator(struct p4_parser *p, const struct p4_expr *condition)
{
	bool negated = condition->kind == P4_E_NAME && condition->name &&
		       strcmp(condition->name, "not") == 0 && !seki_parse_at(p, ")");

	if (seki_parse_at(p, "="))
		seki_parse_error(p, "')' after the condition ('==' compares)");
	else if (seki_parse_at(p, "and") || seki_parse_at(p, "or"))
		seki_parse_error(p, seki_parse_at(p, "and") ? "'&&'" : "'||'");
	else if (negated && !p->panic) {
		seki_diag_error(p->diags, condition->tok->at, "there is no 'not': write '!'");
		p->panic = true;
	}
}

/* Behind the first number of 10.0.0.1 or 1.5. */
void seki_parse_tell_dotted(struct p4_parser *p, const struct p4_expr *first)
{
	const struct seki_token *tok = p->tok;
	uint64_t address = seki_num_to_u64(&first->num);
	uint32_t n = 1;

	for (; seki_token_is(tok, ".") && tok->next->kind == SEKI_TOKEN_NUMBER; n++) {
		struct p4_literal literal;

		if (n == 4 || seki_num_parse(p->arena, tok->next->text, &literal))
			break;
		address = address << 8 | (seki_num_to_u64(&literal.num) & 0xff);
		tok = tok->next->next;
	}
	if (!p->panic && !p->stop && n == 4)
		seki_diag_error(p->diags, seki_expr_span(first),
				"an IPv4 address is a number: 0x%08x", (uint32_t)address);
	else if (!p->panic && !p->stop)
		seki_diag_error(p->diags, seki_expr_span(first), "numbers have no fractions");
	p->panic = true;
}

/* A statement where a parser or control has its declarations. */
bool seki_parse_tell_place(struct p4_parser *p, bool in_control)
{
	static const char *const starts[] = {"if", "for", "switch", "return", "exit", "transition"};
	const struct seki_token *next = p->tok->next;
	bool statement = p->tok->kind == SEKI_TOKEN_NAME &&
			 (seki_token_is(next, "=") || seki_token_is(next, ".") ||
			  seki_token_is(next, "[") ||
			  (seki_token_is(next, "(") && !seki_parse_is_type(p, p->tok->text))) &&
			 !seki_parse_at_declaration(p);

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		statement |= seki_parse_at(p, starts[i]);
	if (!statement)
		return false;
	if (!p->panic && !p->stop)
		seki_diag_error(p->diags, p->tok->at, "a statement belongs in %s",
				in_control ? "the 'apply { }' of a control, or in an action"
					   : "a state");
	p->panic = true;
	return true;
}
