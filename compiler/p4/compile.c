/* SPDX-License-Identifier: Apache-2.0 */
/* The phases, one after the other: see compile.h. */
#include "compiler/p4/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compiler/p4/builtin.h"
#include "compiler/p4/check/check.h"
#include "compiler/p4/emit/emit.h"
#include "compiler/p4/graph/graph.h"
#include "compiler/p4/info/info.h"
#include "compiler/p4/lint/lint.h"
#include "compiler/p4/lower/lower.h"

#define MEMORY_LIMIT ((size_t)512 << 20)

struct seki_p4_result {
	struct seki_arena arena;
	struct seki_diags diags;
	const char *code;
	const char *name; /* of the program's file */
	const char *extern_code;
	bool trace;
	const struct p4_program *program; /* checked, without errors */
	const struct ir_program *ir;
	enum emit_profile profile; /* of code */
	const struct p4_decl *control;
	const char *no_memory; /* for when there is none to render diagnostics */
};

static const char *emit(struct seki_p4_result *r, enum emit_profile profile)
{
	struct seki_strbuf code = {.arena = &r->arena};
	struct emit_opts opts = {
		.profile = profile, .extern_code = r->extern_code, .trace = r->trace};

	return seki_emit_program(r->ir, r->name, &opts, &code) == 0 ? code.data : NULL;
}

static uint32_t limbs_in(const struct ir_expr *e)
{
	if (!e)
		return 0;
	return limbs_in(e->a) + limbs_in(e->b) + limbs_in(e->c) +
	       (seki_emit_is_wide(e->width) ? seki_emit_limbs(e->width) : 0);
}

/* Limbs that are twice what a stack holds are not even tried there: clang takes seconds to fail, or
 * more with much to do on those of one variable. */
static enum emit_profile first_profile(const struct ir_program *ir)
{
	uint32_t limbs = 0;

	for (const struct ir_block *b = ir->blocks; b; b = b->next)
		for (const struct ir_insn *insn = b->first; insn; insn = insn->next)
			limbs += limbs_in(insn->a) / 8;

	for (const struct ir_var *var = ir->vars; var; var = var->next)
		if (var->kind != IR_VAR_VARBIT && var->read && seki_emit_is_wide(var->width))
			limbs += seki_emit_limbs(var->width);
	return limbs >= 128 ? EMIT_OPAQUE : EMIT_ON_STACK;
}

static void run_back_end(struct seki_p4_result *r, const struct p4_program *program,
			 const struct seki_source *src, const struct seki_p4_opts *opts)
{
	struct ir_program *ir = seki_p4_lower_ir(&r->diags, program, src, opts->compat);

	if (!ir || r->diags.errors || seki_p4_unroll(ir) || seki_p4_plan(ir))
		return;
	seki_p4_prune(ir);
	r->ir = ir;
	r->control = ir->pipeline;
	r->profile = first_profile(ir);
	r->code = emit(r, r->profile);
}

static void run_phases(struct seki_p4_result *r, struct seki_source *src,
		       const struct seki_p4_opts *opts)
{
	struct seki_preprocess_opts pp = {.include_dirs = opts->include_dirs,
					  .n_include_dirs = opts->n_include_dirs,
					  .builtin = seki_p4_builtin};
	struct seki_token *tokens;
	struct p4_program *program;

	r->name = src->name;
	r->diags.off = opts->warnings_off;
	r->trace = opts->trace;
	if (opts->prologue)
		pp.prologue = seki_arena_printf(&r->arena, "%s", opts->prologue);
	if (opts->extern_code)
		r->extern_code = seki_arena_printf(&r->arena, "%s", opts->extern_code);
	r->no_memory = seki_arena_printf(&r->arena, "%s: error: out of memory\n", src->name);
	tokens = seki_preprocess(&r->diags, src, &pp);
	if (r->diags.errors)
		return; /* what is missing would make errors of its own */
	program = seki_p4_parse(&r->diags, tokens);
	if (r->diags.errors)
		return;
	seki_p4_check(&r->diags, program);
	if (r->diags.errors)
		return;
	r->program = program;
	seki_p4_lint(&r->diags, program, src);
	if (opts->check_only)
		return;
	run_back_end(r, program, src, opts);
}

static struct seki_p4_result *make_result(void)
{
	struct seki_p4_result *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	seki_arena_init(&r->arena, MEMORY_LIMIT);
	seki_diags_init(&r->diags, &r->arena);
	return r;
}

int seki_p4_compile(const char *path, const struct seki_p4_opts *opts, struct seki_p4_result **out)
{
	struct seki_p4_result *r = make_result();
	struct seki_source *src;
	int err;

	if (!r)
		return -ENOMEM;
	if (setjmp(r->arena.full)) {
		seki_p4_result_destroy(r);
		return -ENOMEM;
	}
	err = seki_source_read(&r->arena, path, &src);
	if (err) {
		seki_p4_result_destroy(r);
		return err;
	}
	run_phases(r, src, opts);
	*out = r;
	return 0;
}

int seki_p4_compile_text(const char *name, const char *text, uint32_t len,
			 const struct seki_p4_opts *opts, struct seki_p4_result **out)
{
	struct seki_p4_result *r = make_result();

	if (!r)
		return -ENOMEM;
	if (setjmp(r->arena.full)) {
		seki_p4_result_destroy(r);
		return -ENOMEM;
	}
	run_phases(r, seki_source_make(&r->arena, name, text, len), opts);
	*out = r;
	return 0;
}

void seki_p4_result_destroy(struct seki_p4_result *r)
{
	if (!r)
		return;
	seki_arena_exit(&r->arena);
	free(r);
}

uint32_t seki_p4_result_errors(const struct seki_p4_result *r)
{
	return r->diags.errors;
}

uint32_t seki_p4_result_warnings(const struct seki_p4_result *r)
{
	return r->diags.warnings;
}

uint32_t seki_p4_result_unsupported(const struct seki_p4_result *r)
{
	return r->diags.unsupported;
}

const char *seki_p4_result_code(const struct seki_p4_result *r)
{
	return r->code;
}

const char *seki_p4_result_graph(struct seki_p4_result *r)
{
	struct seki_strbuf text = {.arena = &r->arena};

	if (!r->ir || setjmp(r->arena.full))
		return NULL;
	seki_ir_print(r->ir, &text);
	return text.data;
}

const char *seki_p4_result_info_text(struct seki_p4_result *r)
{
	struct seki_strbuf text = {.arena = &r->arena};

	if (!r->ir || setjmp(r->arena.full))
		return NULL;
	seki_p4_info_text(r->ir, &text);
	return text.data ? text.data : "";
}

const void *seki_p4_result_info(struct seki_p4_result *r, size_t *len)
{
	uint8_t *data;

	if (!r->ir || setjmp(r->arena.full))
		return NULL;
	seki_p4_info(r->ir, &data, len);
	return data;
}

bool seki_p4_result_attempt(struct seki_p4_result *r, uint32_t attempt, struct seki_p4_code *code)
{
	static const char *const names[EMIT_PROFILES] = {
		[EMIT_ON_STACK] = "all variables on the stack",
		[EMIT_IN_SCRATCH] = "variables in scratch memory",
		[EMIT_FLAGS_IN_SCRATCH] = "headers' validity in scratch memory, too",
		[EMIT_OPAQUE] = "everything in scratch memory and checked anew",
		[EMIT_OPAQUE_DOWN] = "that, and rounds counted down",
	};
	uint32_t profile = (uint32_t)r->profile + attempt;

	if (!r->code || profile >= EMIT_PROFILES || setjmp(r->arena.full))
		return false;
	*code = (struct seki_p4_code){.text = attempt ? emit(r, profile) : r->code,
				      .how = names[profile],
				      .in_order = profile >= EMIT_OPAQUE};
	return code->text != NULL;
}

const char *seki_p4_result_text(struct seki_p4_result *r, bool colour)
{
	struct seki_strbuf text = {.arena = &r->arena};

	if (setjmp(r->arena.full))
		return r->no_memory;
	seki_diags_render(&r->diags, colour, &text);
	return text.data ? text.data : "";
}

const char *seki_p4_result_dot(struct seki_p4_result *r, const char *parser, const char *control,
			       const char **wrong)
{
	struct seki_strbuf text = {.arena = &r->arena};

	*wrong = "out of memory";
	if (!r->program || setjmp(r->arena.full))
		return NULL;
	switch (seki_p4_graph(r->program, parser, control, &text)) {
	case SEKI_P4_GRAPH_OK:
		return text.data;
	case SEKI_P4_GRAPH_LARGE:
		*wrong = "too large for a picture: choose one with --parser or --control";
		return NULL;
	default:
		*wrong = "there is no such parser or control";
		return NULL;
	}
}

const char *seki_p4_result_json(struct seki_p4_result *r)
{
	struct seki_strbuf text = {.arena = &r->arena};

	if (setjmp(r->arena.full))
		return "[{\"severity\":\"error\",\"message\":\"out of memory\",\"notes\":[]}]\n";
	seki_diags_json(&r->diags, &text);
	return text.data;
}

const char *seki_p4_result_limit(struct seki_p4_result *r, const char *clang_log, bool colour)
{
	struct seki_strbuf text = {.arena = &r->arena};
	struct seki_diags diags;

	if (!r->control || !strstr(clang_log, "BPF stack limit"))
		return NULL;
	if (setjmp(r->arena.full))
		return NULL;
	seki_diags_init(&diags, &r->arena);
	seki_diag_error(
		&diags, r->control->tok->at,
		"'%s' needs more than the 512 bytes of stack of a BPF program: extract fewer "
		"headers (what follows them goes out unchanged), or use fewer of their "
		"fields and fewer variables at the same time",
		r->control->name);
	seki_diags_render(&diags, colour, &text);
	return text.data;
}

/* ---- refusals ---- */

/* "  in FILE:LINE: TEXT" of the log: the line, where FILE is `name`; else 0. */
static uint32_t line_in_log(const char *log, const char *name)
{
	const char *in = strstr(log, "\n  in "), *at;
	size_t len = strlen(name);

	if (!in)
		return 0;
	in += strlen("\n  in ");
	for (at = strstr(in, name); at && at < strchrnul(in, '\n'); at = strstr(at + 1, name))
		if (at[len] == ':' && (at == in || at[-1] == '/'))
			return (uint32_t)strtoul(at + len + 1, NULL, 10);
	return 0;
}

static bool is_on(const struct seki_token *tok, const char *log, uint32_t *best)
{
	uint32_t line;

	if (!tok || tok->at.src->name[0] == '<')
		return false;
	line = line_in_log(log, tok->at.src->name);
	if (!line || seki_source_place(tok->at.src, tok->at.off).line != line ||
	    *best <= tok->at.off)
		return false;
	*best = tok->at.off;
	return true;
}

/* The first construct of the line that code is of. */
static const struct seki_token *refused_at(const struct ir_program *ir, const char *log)
{
	const struct seki_token *found = NULL;
	uint32_t best = UINT32_MAX;

	for (const struct ir_block *b = ir->blocks; b; b = b->next) {
		for (const struct ir_insn *i = b->first; i; i = i->next)
			if (is_on(i->tok, log, &best))
				found = i->tok;
		if (is_on(b->tok, log, &best))
			found = b->tok;
	}
	for (uint32_t i = 0; i < ir->n_emits; i++)
		if (is_on(ir->emits[i].tok, log, &best))
			found = ir->emits[i].tok;
	if (!found && is_on(ir->deparser->tok, log, &best))
		found = ir->deparser->tok;
	return found;
}

static bool has_large_maps(const char *log)
{
	return strstr(log, "maps take more than");
}

bool seki_p4_is_final(const char *log)
{
	return has_large_maps(log);
}

/* What has the most entries or cells; NULL where nothing has any. */
static const struct p4_decl *find_largest(const struct ir_program *ir)
{
	const struct p4_decl *found = NULL;
	uint64_t most = 0;

	for (const struct ir_table *t = ir->tables; t; t = t->next)
		if (t->size > most) {
			most = t->size;
			found = t->decl;
		}
	for (const struct ir_extern *e = ir->externs; e; e = e->next)
		for (uint32_t i = 0; i < e->n_args; i++)
			if (seki_num_to_u64(&e->args[i]) > most) {
				most = seki_num_to_u64(&e->args[i]);
				found = e->decl;
			}
	return found;
}

/* Found at the instance. */
static void tell_large_maps(const struct seki_p4_result *r, struct seki_diags *diags,
			    const char *log)
{
	const struct p4_decl *decl = find_largest(r->ir);

	seki_diag_error(diags, decl ? decl->tok->at : r->control->tok->at,
			"tables and externs take more memory than there is: '%s' has the most "
			"entries, give it fewer (%.*s)",
			decl ? decl->name : r->control->name, (int)(strchrnul(log, '\n') - log),
			log);
}

static bool is_too_large(const char *log)
{
	return strstr(log, "instructions; the most is") || strstr(log, "outside the section");
}

static const char *remedy(const char *reason)
{
	if (is_too_large(reason))
		return "what this becomes is too large: most is for operations on wide numbers, each "
		       "of which is written out, and for headers that can leave in many ways";
	if (strstr(reason, "too complex") || strstr(reason, "loop"))
		return "the machine cannot prove that this ends within its limits: bound the loop by a "
		       "constant, or make it shorter";
	return "the machine cannot prove this safe";
}

const char *seki_p4_result_refusal(struct seki_p4_result *r, const char *log, bool colour)
{
	struct seki_strbuf text = {.arena = &r->arena};
	const struct seki_token *tok;
	struct seki_diags diags;

	if (!r->ir || setjmp(r->arena.full))
		return NULL;
	tok = is_too_large(log) ? r->control->tok : refused_at(r->ir, log);
	if (!tok && !has_large_maps(log))
		return NULL;
	seki_diags_init(&diags, &r->arena);
	if (has_large_maps(log))
		tell_large_maps(r, &diags, log);
	else
		seki_diag_error(&diags, tok->at, "%s (%.*s)", remedy(log),
				(int)(strchrnul(log, '\n') - log), log);
	seki_diags_render(&diags, colour, &text);
	return text.data;
}
