/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics as text for a person and as JSON for an editor. */
#include "compiler/front/diag.h"

#include <string.h>

static const char *const severity_names[] = {"note", "warning", "error"};
static const char *const severity_colours[] = {"\033[36m", "\033[35m", "\033[31m"};

/* Bytes of the span on its first line. */
static uint32_t on_line(struct seki_span at, struct seki_span line)
{
	uint32_t skip = at.off - line.off;
	uint32_t rest = line.len > skip ? line.len - skip : 0;

	if (at.len < rest)
		rest = at.len;
	return rest ? rest : 1;
}

/* Of a longer line, only what is around the place is shown. */
#define MAX_SHOWN 400u
#define MAX_AHEAD 100u

static void render_source(struct seki_span at, struct seki_place place, bool colour,
			  struct seki_strbuf *out)
{
	struct seki_span line = seki_source_line(at.src, seki_source_place(at.src, at.off).line);
	uint32_t n = on_line(at, line), from = 0, to = line.len;

	if (line.len > MAX_SHOWN) {
		from = place.col - 1 > MAX_AHEAD ? place.col - 1 - MAX_AHEAD : 0;
		to = line.len - from > MAX_SHOWN ? from + MAX_SHOWN : line.len;
	}
	if (n > to - from)
		n = to - from;
	seki_strbuf_printf(out, "%5u | %s", place.line, from ? "..." : "");
	for (uint32_t i = from; i < to; i++) {
		unsigned char c = (unsigned char)at.src->text[line.off + i];

		seki_strbuf_printf(out, "%c", c == '\t' || c >= ' ' ? c : ' ');
	}
	seki_strbuf_printf(out, "%s\n      | %s", to < line.len ? "..." : "", from ? "   " : "");
	for (uint32_t i = from; i + 1 < place.col; i++)
		seki_strbuf_printf(out, "%c",
				   i < line.len && at.src->text[line.off + i] == '\t' ? '\t' : ' ');
	seki_strbuf_printf(out, "%s^", colour ? "\033[32m" : "");
	for (uint32_t i = 1; i < n; i++)
		seki_strbuf_printf(out, "~");
	seki_strbuf_printf(out, "%s\n", colour ? "\033[0m" : "");
}

static void render_one(const struct seki_diag *diag, bool colour, struct seki_strbuf *out)
{
	struct seki_place place = {0, 0};
	const char *name;

	if (diag->at.src) {
		place = seki_source_told(diag->at.src, diag->at.off, &name);
		seki_strbuf_printf(out, "%s:%u:%u: ", name, place.line, place.col);
	}
	seki_strbuf_printf(out, "%s%s:%s %s", colour ? severity_colours[diag->severity] : "",
			   severity_names[diag->severity], colour ? "\033[0m" : "", diag->message);
	if (diag->severity == SEKI_WARNING)
		seki_strbuf_printf(out, " [-W%s]", seki_warning_name(diag->warning));
	else if (diag->code)
		seki_strbuf_printf(out, " [%s]", diag->code);
	seki_strbuf_printf(out, "\n");
	if (diag->at.src)
		render_source(diag->at, place, colour, out);
}

void seki_diags_render(const struct seki_diags *diags, bool colour, struct seki_strbuf *out)
{
	for (const struct seki_diag *d = diags->first; d; d = d->next) {
		render_one(d, colour, out);
		for (const struct seki_diag *note = d->notes; note; note = note->next)
			render_one(note, colour, out);
	}
	if (diags->errors > SEKI_DIAG_MAX_ERRORS)
		seki_strbuf_printf(out, "too many errors: only the first %u are shown\n",
				   SEKI_DIAG_MAX_ERRORS);
}

static void json_string(const char *s, struct seki_strbuf *out)
{
	seki_strbuf_printf(out, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			seki_strbuf_printf(out, "\\%c", c);
		else if (c < ' ' || c >= 0x7f)
			seki_strbuf_printf(out, "\\u%04x", c);
		else
			seki_strbuf_printf(out, "%c", c);
	}
	seki_strbuf_printf(out, "\"");
}

/* The place behind the last byte; a span without bytes is shown as one. */
static struct seki_place end_of(struct seki_span at)
{
	const char *name;
	struct seki_place end = seki_source_told(at.src, at.off + (at.len ? at.len - 1 : 0), &name);

	end.col++;
	return end;
}

/* What stands in "did you mean 'x'?". */
static void json_suggestion(const char *message, struct seki_strbuf *out)
{
	static const char mark[] = "did you mean '";
	const char *at = strstr(message, mark), *end;

	if (!at)
		return;
	at += sizeof(mark) - 1;
	end = strchr(at, '\'');
	if (!end)
		return;
	seki_strbuf_printf(out, ",\"suggestion\":");
	json_string(seki_arena_dup(out->arena, at, (size_t)(end - at)), out);
}

static void json_body(const struct seki_diag *diag, struct seki_strbuf *out)
{
	seki_strbuf_printf(out,
			   "{\"severity\":\"%s\",\"message\":", severity_names[diag->severity]);
	json_string(diag->message, out);
	if (diag->severity == SEKI_WARNING)
		seki_strbuf_printf(out, ",\"code\":\"%s\"", seki_warning_name(diag->warning));
	else if (diag->code)
		seki_strbuf_printf(out, ",\"code\":\"%s\"", diag->code);
	if (diag->unsupported)
		seki_strbuf_printf(out, ",\"unsupported\":true");
	json_suggestion(diag->message, out);
	if (diag->at.src) {
		const char *name;
		struct seki_place place = seki_source_told(diag->at.src, diag->at.off, &name);
		struct seki_place end = end_of(diag->at);

		seki_strbuf_printf(out, ",\"file\":");
		json_string(name, out);
		seki_strbuf_printf(out,
				   ",\"line\":%u,\"column\":%u,\"endLine\":%u,\"endColumn\":%u",
				   place.line, place.col, end.line, end.col);
	}
}

void seki_diags_json(const struct seki_diags *diags, struct seki_strbuf *out)
{
	seki_strbuf_printf(out, "[");
	for (const struct seki_diag *d = diags->first; d; d = d->next) {
		json_body(d, out);
		seki_strbuf_printf(out, ",\"notes\":[");
		for (const struct seki_diag *note = d->notes; note; note = note->next) {
			json_body(note, out);
			seki_strbuf_printf(out, "}%s", note->next ? "," : "");
		}
		seki_strbuf_printf(out, "]}%s", d->next ? "," : "");
	}
	seki_strbuf_printf(out, "]\n");
}
