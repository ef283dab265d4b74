/* SPDX-License-Identifier: Apache-2.0 */
/* Collecting diagnostics: see diag.h. */
#include "compiler/front/diag.h"

#include <string.h>

#include "compiler/front/code.h"

void seki_diags_init(struct seki_diags *diags, struct seki_arena *arena)
{
	*diags = (struct seki_diags){.arena = arena};
	diags->end = &diags->first;
}

static bool is_repeat(const struct seki_diags *diags, struct seki_span at)
{
	for (const struct seki_diag *d = diags->first; d; d = d->next)
		if (d->severity == SEKI_ERROR && d->at.src == at.src && d->at.off == at.off)
			return true;
	return false;
}

static struct seki_diag *make(struct seki_diags *diags, enum seki_severity severity,
			      struct seki_span at, const char *fmt, va_list ap)
{
	struct seki_diag *diag = seki_arena_new(diags->arena, struct seki_diag);

	diag->severity = severity;
	diag->at = at;
	diag->message = seki_arena_vprintf(diags->arena, fmt, ap);
	return diag;
}

static void keep(struct seki_diags *diags, struct seki_diag *diag)
{
	*diags->end = diag;
	diags->end = &diag->next;
}

static void keep_error(struct seki_diags *diags, struct seki_diag *diag)
{
	bool room = diags->errors < SEKI_DIAG_MAX_ERRORS;

	diags->errors++;
	diags->unsupported += diag->unsupported;
	if (room && !is_repeat(diags, diag->at))
		keep(diags, diag);
}

struct seki_diag *seki_diag_error(struct seki_diags *diags, struct seki_span at, const char *fmt,
				  ...)
{
	struct seki_diag *diag;
	va_list ap;

	va_start(ap, fmt);
	diag = make(diags, SEKI_ERROR, at, fmt, ap);
	va_end(ap);
	diag->code = seki_code_find(fmt, false);
	keep_error(diags, diag);
	return diag;
}

struct seki_diag *seki_diag_unsupported(struct seki_diags *diags, struct seki_span at,
					const char *fmt, ...)
{
	struct seki_diag *diag;
	va_list ap;

	va_start(ap, fmt);
	diag = make(diags, SEKI_ERROR, at, fmt, ap);
	va_end(ap);
	diag->message = seki_arena_printf(diags->arena, "%s not supported yet", diag->message);
	diag->unsupported = true;
	diag->code = seki_code_find(fmt, true);
	keep_error(diags, diag);
	return diag;
}

bool seki_diag_hush(struct seki_diags *diags, struct seki_span at, uint32_t warnings)
{
	if (diags->n_hushes == SEKI_DIAG_MAX_HUSHES)
		return false;
	if (!diags->hushes)
		diags->hushes = seki_arena_alloc(diags->arena,
						 SEKI_DIAG_MAX_HUSHES * sizeof(*diags->hushes));
	diags->hushes[diags->n_hushes++] = (struct seki_hush){.at = at, .warnings = warnings};
	return true;
}

static bool is_hushed(const struct seki_diags *diags, enum seki_warning warning,
		      struct seki_span at)
{
	for (uint32_t i = 0; i < diags->n_hushes; i++) {
		const struct seki_hush *h = &diags->hushes[i];

		if (h->warnings & SEKI_WARNING_BIT(warning) && h->at.src == at.src &&
		    at.off >= h->at.off && at.off - h->at.off < h->at.len)
			return true;
	}
	return false;
}

struct seki_diag *seki_diag_warning(struct seki_diags *diags, enum seki_warning warning,
				    struct seki_span at, const char *fmt, ...)
{
	struct seki_diag *diag;
	va_list ap;

	va_start(ap, fmt);
	diag = make(diags, SEKI_WARNING, at, fmt, ap);
	va_end(ap);
	diag->warning = warning;
	if (diags->off & SEKI_WARNING_BIT(warning) || is_hushed(diags, warning, at))
		return diag;
	if (diags->warnings++ < SEKI_DIAG_MAX_ERRORS)
		keep(diags, diag);
	return diag;
}

void seki_diag_note(struct seki_diags *diags, struct seki_diag *diag, struct seki_span at,
		    const char *fmt, ...)
{
	struct seki_diag **end = &diag->notes;
	va_list ap;

	while (*end)
		end = &(*end)->next;
	va_start(ap, fmt);
	*end = make(diags, SEKI_NOTE, at, fmt, ap);
	va_end(ap);
}

#define MAX_NAME 32

/* Insertions, deletions, changes and swaps of neighbours, of names cut at MAX_NAME bytes. */
static uint32_t distance(const char *a, const char *b)
{
	uint32_t d[MAX_NAME + 1][MAX_NAME + 1];
	size_t la = strnlen(a, MAX_NAME), lb = strnlen(b, MAX_NAME);

	for (uint32_t i = 0; i <= la; i++) {
		for (uint32_t j = 0; j <= lb; j++) {
			uint32_t best = i + j;

			if (i && j && d[i - 1][j - 1] + (a[i - 1] != b[j - 1]) < best)
				best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (i && d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (j && d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	}
	return d[la][lb];
}

const char *seki_diag_suggest(const char *wrong, const char *const *names, uint32_t n)
{
	uint32_t limit = strlen(wrong) < 4 ? 1 : 2;
	uint32_t best = limit + 1;
	const char *found = NULL;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t d = distance(wrong, names[i]);

		if (d < best && d < strlen(names[i])) {
			best = d;
			found = names[i];
		}
	}
	return found;
}
