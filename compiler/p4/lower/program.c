/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture: main's parser, control and deparser, one behind the other, on the headers,
 * metadata and standard metadata that they share.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

#define N_BLOCKS 3

static struct p4_decl *find_main(struct lower *lw, const struct seki_source *source)
{
	struct seki_span at = {.src = source, .len = 1};
	struct p4_decl *d;

	for (d = lw->program->decls; d; d = d->next)
		if (d->kind == P4_D_INSTANCE && strcmp(d->name, "main") == 0)
			break;
	if (!d) {
		seki_diag_error(lw->diags, at, "the program has no 'main'");
		return NULL;
	}
	if (d->type->kind != P4_T_PACKAGE || strcmp(d->type->decl->name, "ubpf") != 0) {
		seki_diag_unsupported(lw->diags, d->tok->at, "architectures but ubpf are");
		return NULL;
	}
	return d;
}

static void start(struct lower *lw)
{
	struct ir_program *ir = lw->ir;

	ir->vars_end = &ir->vars;
	ir->headers_end = &ir->headers;
	ir->stacks_end = &ir->stacks;
	ir->tables_end = &ir->tables;
	ir->externs_end = &ir->externs;
	ir->blocks_end = &ir->blocks;
	ir->pass = seki_ir_var(ir, IR_VAR_PLAIN, 1, "$pass");
	lw->exiting = seki_ir_var(ir, IR_VAR_PLAIN, 1, "$exiting");
	lw->global = seki_lower_frame(lw, NULL, NULL);
	lw->frame = lw->global;
}

/* Objects at the top level, but main. */
static void declare_globals(struct lower *lw, const struct p4_decl *main_decl)
{
	for (const struct p4_decl *d = lw->program->decls; d; d = d->next)
		if (d->kind == P4_D_INSTANCE && d != main_decl && d->init &&
		    d->type->kind != P4_T_PACKAGE)
			seki_lower_bind(lw, d, seki_lower_construct(lw, d->init, d->type, d));
}

static bool make_blocks(struct lower *lw, const struct p4_decl *main_decl,
			struct instance *blocks[N_BLOCKS])
{
	for (uint32_t i = 0; i < N_BLOCKS; i++) {
		const struct p4_expr *arg = main_decl->init->bound[i];

		blocks[i] = arg ? seki_lower_expr(lw, arg)->instance : NULL;
		if (blocks[i])
			continue;
		seki_diag_error(lw->diags, arg ? seki_expr_span(arg) : main_decl->tok->at,
				"expected a parser or control");
		return false;
	}
	return true;
}

/* ---- what the three share ---- */

struct shared {
	struct value *hdr, *meta, *std;
};

static struct value *std_storage(struct lower *lw, const struct p4_decl *param)
{
	struct value *v = seki_lower_storage(lw, param->type, param->name, param->tok);
	const struct p4_decl *f = v->type->decl->members;

	for (uint32_t i = 0; i < v->n_parts && f && !lw->stop; i++, f = f->next) {
		v->parts[i]->var->kind = IR_VAR_STD;
		v->parts[i]->var->field = f->name;
	}
	return v;
}

static const struct p4_decl *nth(const struct p4_decl *list, uint32_t n)
{
	while (list && n--)
		list = list->next;
	return list;
}

/* packet_in, headers, metadata, standard metadata: of the parser. */
static void make_shared(struct lower *lw, const struct instance *parser, struct shared *shared)
{
	const struct p4_decl *hdr = nth(parser->decl->params, 1), *meta = nth(hdr, 1);
	const struct p4_decl *std = nth(hdr, 2);

	lw->frame = parser->frame;
	shared->hdr = seki_lower_storage(lw, hdr->type, hdr->name, hdr->tok);
	shared->meta = seki_lower_storage(lw, meta->type, meta->name, meta->tok);
	lw->frame = lw->global;
	lw->ir->old_model = !std;
	if (std)
		shared->std = std_storage(lw, std);
}

/* The parameters of the i-th block in order; what it does not have stays behind them. */
static struct value **args_of(struct lower *lw, uint32_t i, const struct shared *shared)
{
	struct value **args = seki_arena_alloc(lw->arena, 5 * sizeof(*args));
	uint32_t n = 0;

	if (i != 1)
		args[n++] = seki_lower_value(lw, VALUE_NONE, NULL); /* the packet */
	args[n++] = shared->hdr;
	if (i != 2) {
		args[n++] = shared->meta;
		args[n++] = shared->std;
	}
	return args;
}

static void lower_blocks(struct lower *lw, struct instance *blocks[N_BLOCKS],
			 const struct shared *shared)
{
	struct ir_program *ir = lw->ir;
	struct ir_block *drop;

	ir->entry = lw->block = seki_lower_block(lw, NULL);
	ir->pipeline_entry = seki_lower_block(lw, NULL);
	ir->deparser_entry = seki_lower_block(lw, NULL);
	drop = seki_lower_block(lw, NULL);
	drop->last = IR_DROP;
	drop->tok = ir->pipeline->tok;

	lw->tok = ir->parser->tok;
	seki_lower_set(lw, ir->pass, NULL, seki_ir_const(ir, 1, 1));
	seki_lower_block_of(lw, blocks[0], args_of(lw, 0, shared), seki_lower_states);
	if (lw->block) {
		lw->block->last = IR_ACCEPTED;
		lw->block->tok = lw->tok;
		lw->block->to = ir->pipeline_entry;
	}

	lw->block = ir->pipeline_entry;
	lw->tok = ir->pipeline->tok;
	seki_lower_block_of(lw, blocks[1], args_of(lw, 1, shared), seki_lower_control);
	/* Here an exit ends. */
	seki_lower_set(lw, lw->exiting, NULL, seki_ir_const(ir, 1, 0));
	seki_lower_branch(lw, seki_ir_read(ir, ir->pass), ir->deparser_entry, drop);

	lw->block = ir->deparser_entry;
	lw->tok = ir->deparser->tok;
	seki_lower_block_of(lw, blocks[2], args_of(lw, 2, shared), seki_lower_control);
	if (lw->block) {
		lw->block->last = IR_PASS;
		lw->block->tok = lw->tok;
	}
}

/* ---- names of maps ---- */

/* The names of maps are what a control plane knows: they cannot be changed to keep them apart. */
static void tell_clash(struct lower *lw, const char *name, const struct p4_decl *a,
		       const struct p4_decl *b)
{
	struct seki_diag *diag = seki_diag_error(
		lw->diags, b->tok->at, "the map '%s' of this has the name of another map", name);

	seki_diag_note(lw->diags, diag, a->tok->at, "the map '%s' is this's", name);
}

/* The two maps of a table: with its entries, and with its default action. */
static const char *map_of(struct lower *lw, const char *name, bool of_default)
{
	return of_default ? seki_arena_printf(lw->arena, "%s_defaultAction", name) : name;
}

struct map {
	const char *name;
	const struct p4_decl *decl;
};

/* The maps of an instance, by what is behind its name: up to three. */
static const char *const *suffixes_of(const struct ir_extern *ext)
{
	static const char *const one[] = {"", NULL}, *const selector[] = {"", "_groups", NULL},
				 *const digest[] = {"", "_state", "_taken", NULL};

	return strcmp(ext->type, "Digest") == 0		  ? digest
	       : strcmp(ext->type, "ActionSelector") == 0 ? selector
							  : one;
}

static void check_names(struct lower *lw)
{
	uint32_t n = lw->ir->n_tables * 2 + lw->ir->n_externs * 3, size = 16, hash;
	struct map *slots;
	struct map *all = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*all));

	n = 0;
	for (const struct ir_table *t = lw->ir->tables; t; t = t->next)
		for (int i = 0; i < 2 - (int)(t->const_default && !t->n_direct); i++)
			all[n++] = (struct map){map_of(lw, t->map_name, i == 1), t->decl};
	for (const struct ir_extern *e = lw->ir->externs; e; e = e->next)
		for (const char *const *suffix = suffixes_of(e); *suffix; suffix++)
			all[n++] = (struct map){
				seki_arena_printf(lw->arena, "%s%s", e->map_name, *suffix),
				e->decl};
	while (size < 2 * n)
		size *= 2;
	slots = seki_arena_alloc(lw->arena, size * sizeof(*slots));
	for (uint32_t i = 0; i < n; i++) {
		hash = 5381;
		for (const char *c = all[i].name; *c; c++)
			hash = hash * 33 + (unsigned char)*c;
		hash &= size - 1;
		while (slots[hash].name && strcmp(slots[hash].name, all[i].name) != 0)
			hash = (hash + 1) & (size - 1);
		if (slots[hash].name)
			tell_clash(lw, all[i].name, slots[hash].decl, all[i].decl);
		slots[hash] = all[i];
	}
}

struct ir_program *seki_p4_lower_ir(struct seki_diags *diags, const struct p4_program *program,
				    const struct seki_source *source, bool compat)
{
	struct ir_program *ir = seki_arena_new(diags->arena, struct ir_program);
	struct lower lw = {.ir = ir, .diags = diags, .arena = diags->arena, .program = program};
	struct instance *blocks[N_BLOCKS];
	const struct p4_decl *main_decl = find_main(&lw, source);
	struct shared shared = {0};

	ir->diags = diags;
	ir->arena = diags->arena;
	ir->source = source;
	ir->compat = compat;
	if (!main_decl)
		return NULL;
	lw.tok = main_decl->tok;
	start(&lw);
	declare_globals(&lw, main_decl);
	if (!make_blocks(&lw, main_decl, blocks))
		return NULL;
	ir->parser = blocks[0]->decl;
	ir->pipeline = blocks[1]->decl;
	ir->deparser = blocks[2]->decl;
	make_shared(&lw, blocks[0], &shared);
	if (!diags->errors)
		lower_blocks(&lw, blocks, &shared);
	check_names(&lw);
	return diags->errors ? NULL : ir;
}
