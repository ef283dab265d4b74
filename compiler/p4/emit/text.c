/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of C, each with the place in the P4 program that it is of. */
#include "compiler/p4/emit/emit.h"

#include <string.h>

#include "compiler/front/strbuf.h"
#include "compiler/front/token.h"

/* Each line of C says which line of P4 it is of: a compiler counts on where none says so. */
static void put_lines(struct emit *em, const char *text)
{
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (end != text)
			seki_strbuf_printf(em->out, "%s\t%.*s\n", em->place, (int)(end - text),
					   text);
	}
}

void seki_emit_line(struct emit *em, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = seki_arena_vprintf(em->arena, fmt, ap);
	va_end(ap);
	put_lines(em, s);
}

char *seki_emit_text(struct emit *em, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = seki_arena_vprintf(em->arena, fmt, ap);
	va_end(ap);
	return s;
}

uint32_t seki_emit_line_number(const struct seki_token *tok)
{
	struct seki_span at = tok->at;

	while (at.src->included.src)
		at = at.src->included;
	return seki_source_place(at.src, at.off).line;
}

const char *seki_emit_string(struct emit *em, const char *s)
{
	struct seki_strbuf out = {.arena = em->arena};

	seki_strbuf_printf(&out, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\' || c < ' ')
			seki_strbuf_printf(&out, "\\%03o", c);
		else
			seki_strbuf_printf(&out, "%c", c);
	}
	seki_strbuf_printf(&out, "\"");
	return out.data;
}

void seki_emit_place(struct emit *em, const struct seki_token *tok)
{
	if (!tok || tok == em->tok || tok->at.src->name[0] == '<')
		return;
	em->tok = tok;
	em->place = seki_emit_text(em, "#line %u %s\n",
				   seki_source_place(tok->at.src, tok->at.off).line,
				   seki_emit_string(em, tok->at.src->name));
}

uint32_t seki_emit_id(struct emit *em)
{
	return ++em->n_ids;
}

const char *seki_emit_cname(struct emit *em, const char *text)
{
	size_t n = strlen(text);
	char *name = seki_arena_dup(em->arena, text, n);

	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
			    name[i]))
			name[i] = '_';
	return name;
}
