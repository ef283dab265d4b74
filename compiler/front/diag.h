/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: what is wrong, where, and what else is involved. The phases collect them; whoever
 * called the compiler renders them, as text with the source line and a caret range, or as JSON.
 */
#ifndef SEKI_FRONT_DIAG_H
#define SEKI_FRONT_DIAG_H

#include "compiler/front/source.h"
#include "compiler/front/strbuf.h"
#include "compiler/front/warning.h"

#define SEKI_DIAG_MAX_ERRORS 50u

enum seki_severity { SEKI_NOTE, SEKI_WARNING, SEKI_ERROR };

struct seki_diag {
	struct seki_diag *next;
	struct seki_diag *notes;
	enum seki_severity severity;
	enum seki_warning warning; /* SEKI_WARNING only */
	const char *code;	   /* errors: see code.h */
	bool unsupported; /* the program may be right, but this compiler cannot do it yet */
	struct seki_span at;
	const char *message;
};

/* A stretch of a source in which some warnings are not told. */
struct seki_hush {
	struct seki_span at;
	uint32_t warnings; /* a set */
};

#define SEKI_DIAG_MAX_HUSHES 4096u

struct seki_diags {
	struct seki_arena *arena;
	struct seki_diag *first;
	struct seki_diag **end;
	uint32_t errors;
	uint32_t warnings;
	uint32_t unsupported;	  /* of the errors */
	uint32_t off;		  /* set of the warnings that are not told */
	struct seki_hush *hushes; /* room for SEKI_DIAG_MAX_HUSHES, or NULL */
	uint32_t n_hushes;
};

void seki_diags_init(struct seki_diags *diags, struct seki_arena *arena);

/*
 * Each returns the diagnostic, for notes to be added to. A second error that starts at the same
 * byte as an earlier one, and errors after the first SEKI_DIAG_MAX_ERRORS, are counted, not kept.
 */
__attribute__((format(printf, 3, 4))) struct seki_diag *seki_diag_error(struct seki_diags *diags,
									struct seki_span at,
									const char *fmt, ...);
__attribute__((format(printf, 3, 4))) struct seki_diag *seki_diag_unsupported(
	struct seki_diags *diags, struct seki_span at, const char *fmt, ...);
/* The same; one that is off is returned, but neither counted nor kept. */
__attribute__((format(printf, 4, 5))) struct seki_diag *seki_diag_warning(struct seki_diags *diags,
									  enum seki_warning warning,
									  struct seki_span at,
									  const char *fmt, ...);
/* No such warnings there from now on. False: there are too many such places. */
bool seki_diag_hush(struct seki_diags *diags, struct seki_span at, uint32_t warnings);

__attribute__((format(printf, 4, 5))) void seki_diag_note(struct seki_diags *diags,
							  struct seki_diag *diag,
							  struct seki_span at, const char *fmt,
							  ...);

void seki_diags_render(const struct seki_diags *diags, bool colour, struct seki_strbuf *out);

/*
 * An array of {severity, message, file, line, column, endLine, endColumn, notes}, with code (of
 * code.h, or a warning's name), suggestion where there is a name to put in its place. sekisho-p4(1) has an example.
 */
void seki_diags_json(const struct seki_diags *diags, struct seki_strbuf *out);

/* The name of names[0 .. n) that `wrong` was probably meant to be, or NULL. */
const char *seki_diag_suggest(const char *wrong, const char *const *names, uint32_t n);

#endif
