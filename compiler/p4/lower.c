/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture: main, its parser, control and deparser, the headers, the order of emits. */
#include "compiler/p4/lower.h"

#include <errno.h>
#include <string.h>

static struct seki_span decl_span(const struct p4_decl *decl)
{
	return decl->tok->at;
}

/* ---- main ---- */

static struct p4_decl *find_main(struct p4_lower *lower)
{
	struct p4_decl *d;
	struct seki_span at = {.src = lower->source, .len = 1};

	for (d = lower->program->decls; d; d = d->next)
		if (d->kind == P4_D_INSTANCE && strcmp(d->name, "main") == 0)
			break;
	if (!d) {
		seki_diag_error(lower->diags, at, "the program has no 'main'");
		return NULL;
	}
	if (d->type->kind != P4_T_PACKAGE || strcmp(d->type->decl->name, "ubpf") != 0) {
		seki_diag_unsupported(lower->diags, decl_span(d), "architectures but ubpf are");
		return NULL;
	}
	return d;
}

static struct p4_decl *block_of(struct p4_lower *lower, const struct p4_decl *main_decl, uint32_t i)
{
	const struct p4_expr *arg = main_decl->init->bound[i];

	if (arg->type->kind == P4_T_PARSER || arg->type->kind == P4_T_CONTROL)
		return arg->type->decl;
	seki_diag_error(lower->diags, seki_expr_span(arg), "expected a parser or control");
	return NULL;
}

static struct p4_decl *nth(struct p4_decl *list, uint32_t n)
{
	while (list && n--)
		list = list->next;
	return list;
}

static void name_param(struct p4_lower *lower, struct p4_decl *param, const char *cname)
{
	if (param)
		lower->cnames[param->id] = cname;
}

static void name_params(struct p4_lower *lower)
{
	const struct p4_decl *blocks[] = {lower->parser, lower->pipeline, lower->deparser};

	for (uint32_t i = 0; i < 3; i++) {
		uint32_t first = i == 1 ? 0 : 1;

		lower->hdr_param[i] = nth(blocks[i]->params, first);
		if (i < 2) {
			lower->meta_param[i] = nth(blocks[i]->params, first + 1);
			lower->std_param[i] = nth(blocks[i]->params, first + 2);
		}
		name_param(lower, lower->hdr_param[i], "hdr");
		name_param(lower, lower->meta_param[i], "meta");
		name_param(lower, lower->std_param[i], "(*std)");
	}
}

/* ---- headers ---- */

static void add_header(struct p4_lower *lower, struct p4_decl *field, struct p4_type *type,
		       const char *path, const char *cname)
{
	struct p4_header *h = seki_arena_new(lower->arena, struct p4_header);
	struct p4_header **end = &lower->headers;

	while (*end)
		end = &(*end)->next;
	*end = h;
	h->path = path;
	h->cname = cname;
	h->field = field;
	h->type = type;
	h->rank = -1;
	h->id = lower->n_headers++;
	for (const struct p4_decl *f = type->decl->members; f; f = f->next) {
		if (h->has_varbit)
			seki_diag_unsupported(lower->diags, f->tok->at,
					      "a field behind a varbit field is");
		else if (f->type->kind == P4_T_VARBIT)
			h->has_varbit = true;
		else
			h->bits += (uint32_t)seki_type_bits(f->type);
	}
	if (h->bits % 8)
		seki_diag_error(lower->diags, type->decl->tok->at,
				"header '%s' has %u bits, which are not whole bytes",
				type->decl->name, h->bits);
}

static void add_headers(struct p4_lower *lower, const struct p4_type *type, const char *path,
			const char *cname)
{
	for (struct p4_decl *f = type->decl->members; f; f = f->next) {
		char *fpath = seki_arena_printf(lower->arena, "%s%s%s", path, *path ? "." : "",
						f->name);
		char *fcname = seki_arena_printf(lower->arena, "%s.f_%s", cname, f->name);

		if (f->type->kind == P4_T_HEADER)
			add_header(lower, f, f->type, fpath, fcname);
		else if (f->type->kind == P4_T_STRUCT)
			add_headers(lower, f->type, fpath, fcname);
		else if (f->type->kind == P4_T_STACK)
			seki_diag_unsupported(lower->diags, f->tok->at, "header stacks are");
		else if (f->type->kind == P4_T_UNION)
			seki_diag_unsupported(lower->diags, f->tok->at, "header unions are");
	}
}

static bool is_hdr_param(const struct p4_lower *lower, const struct p4_decl *decl)
{
	const char *cname = decl ? lower->cnames[decl->id] : NULL;

	return cname && strcmp(cname, "hdr") == 0;
}

void seki_old_bind(const struct p4_lower *lower, const struct p4_expr *call)
{
	uint32_t i = 0;

	for (const struct p4_decl *p = call->callee->params; p; p = p->next, i++) {
		const struct p4_expr *arg = call->bound[i];
		const char *cname = arg && arg->kind == P4_E_NAME ? lower->cnames[arg->decl->id]
								  : NULL;

		for (const struct p4_expr *o = call->args; o && cname; o = o->next)
			if (o != arg && o->kind == P4_E_NAME && o->decl == arg->decl)
				cname = NULL;
		lower->cnames[p->id] = cname;
	}
}

/* The members from the struct of headers on, or NULL where the expression is not in it. */
static const char *path_of(const struct p4_lower *lower, const struct p4_expr *expr)
{
	const char *path;

	if (expr->kind == P4_E_NAME)
		return is_hdr_param(lower, expr->decl) ? "" : NULL;
	if (expr->kind != P4_E_MEMBER)
		return NULL;
	path = path_of(lower, expr->a);
	if (!path)
		return NULL;
	return seki_arena_printf(lower->arena, "%s%s%s", path, *path ? "." : "", expr->name);
}

struct p4_header *seki_old_header(const struct p4_lower *lower, const struct p4_expr *expr)
{
	const char *path = path_of(lower, expr);

	for (struct p4_header *h = lower->headers; path && h; h = h->next)
		if (strcmp(h->path, path) == 0)
			return h;
	return NULL;
}

/* ---- deparser ---- */

static void add_emit(struct p4_lower *lower, struct p4_header *h)
{
	if (h->rank >= 0)
		h->emitted_twice = true;
	else
		h->rank = (int)lower->n_emits;
	lower->emits[lower->n_emits++] = h;
}

static bool add_emits(struct p4_lower *lower, const struct p4_expr *arg)
{
	const char *path = path_of(lower, arg);
	size_t len;
	bool any = false;

	if (!path)
		return false;
	len = strlen(path);
	for (struct p4_header *h = lower->headers; h; h = h->next) {
		bool inside = strncmp(h->path, path, len) == 0 &&
			      (len == 0 || h->path[len] == '\0' || h->path[len] == '.');

		if (inside && lower->n_emits < SEKI_P4_MAX_VARIANTS)
			add_emit(lower, h);
		any |= inside;
	}
	return any || arg->type->kind == P4_T_STRUCT;
}

static void find_emits(struct p4_lower *lower, const struct p4_stmt *list)
{
	for (const struct p4_stmt *s = list; s; s = s->next) {
		if (s->kind == P4_S_BLOCK) {
			find_emits(lower, s->body);
		} else if (s->kind == P4_S_CALL && s->a->call == P4_CALL_METHOD &&
			   strcmp(s->a->callee->name, "emit") == 0) {
			if (!add_emits(lower, s->a->args))
				seki_diag_unsupported(lower->diags, seki_expr_span(s->a->args),
						      "emitting this is");
		} else if (s->kind != P4_S_EMPTY) {
			seki_diag_unsupported(lower->diags, s->tok->at,
					      "anything but emit() in a deparser is");
		}
	}
}

/* ---- all of it ---- */

/* Do all headers that came leave again, in the same order, with none between them? */
static bool decide_order(const struct p4_lower *lower)
{
	for (const struct p4_header *h = lower->headers; h; h = h->next)
		if (h->emitted_twice || (h->extracted && h->rank < 0))
			return false;
	return lower->in_order;
}

static bool any_moved(const struct p4_lower *lower)
{
	for (const struct p4_header *h = lower->headers; h; h = h->next)
		if (h->moved)
			return true;
	return false;
}

int seki_p4_lower(struct p4_lower *lower)
{
	struct p4_decl *main_decl = find_main(lower);

	lower->cnames = seki_arena_alloc(lower->arena,
					 (lower->program->n_ids + 1) * sizeof(*lower->cnames));
	lower->emits = seki_arena_alloc(lower->arena,
					SEKI_P4_MAX_VARIANTS * sizeof(struct p4_header *));
	if (!main_decl)
		return -EINVAL;
	lower->parser = block_of(lower, main_decl, 0);
	lower->pipeline = block_of(lower, main_decl, 1);
	lower->deparser = block_of(lower, main_decl, 2);
	if (!lower->parser || !lower->pipeline || !lower->deparser)
		return -EINVAL;
	name_params(lower);
	if (lower->hdr_param[0]->type->kind != P4_T_STRUCT) {
		seki_diag_unsupported(lower->diags, lower->hdr_param[0]->tok->at,
				      "headers that are not a struct are");
		return -EINVAL;
	}
	add_headers(lower, lower->hdr_param[0]->type, "", "hdr");
	if (lower->n_headers > SEKI_P4_MAX_HEADERS)
		seki_diag_unsupported(lower->diags, lower->hdr_param[0]->tok->at,
				      "more than %u headers are", SEKI_P4_MAX_HEADERS);
	if (lower->deparser->body)
		find_emits(lower, lower->deparser->body->body);
	if (lower->diags->errors || seki_old_graph(lower) || seki_old_order(lower) ||
	    seki_old_maps(lower))
		return -EINVAL;
	seki_old_effects(lower);
	lower->in_order = decide_order(lower);
	lower->preserved = lower->in_order && !any_moved(lower);
	for (uint32_t i = 0; i < lower->n_emits && !lower->preserved; i++)
		if (lower->emits[i]->has_varbit && lower->emits[i]->extracted)
			seki_diag_unsupported(
				lower->diags, lower->emits[i]->field->tok->at,
				"emitting a header with a varbit field where headers come, go or move is");
	return lower->diags->errors ? -EINVAL : 0;
}
