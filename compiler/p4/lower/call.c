/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls, put in place (P4_16 specification, sections 6.8 and 6.7): arguments are evaluated from left
 * to right, in and inout ones copied in; after the body, also where it ends by return or exit, out
 * and inout ones are copied out.
 *
 * A copy that nobody can tell from the argument itself is not made: of what is a whole (a write to a
 * field of an invalid header is dropped, one to a copy of the field is not) and overlaps no other
 * argument, in a function, control or parser, which reach only what they are given. Actions reach
 * the variables of their control too: their bodies must not name what the argument overlaps.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

/* kept: the value of an inout argument was copied, as what is behind it in the call may change it. */
struct arg {
	const struct p4_decl *param;
	const struct p4_expr *expr; /* or NULL */
	struct value *value;	    /* of what goes in; storage where it is `direct` */
	bool direct, out, kept;
	struct value *bound; /* what the parameter is */
};

struct job {
	const struct p4_decl *callee;
	struct instance *instance;
	struct frame *outer;	     /* of a method of an instance */
	const struct p4_expr *given; /* the arguments of the call, in its order */
	struct arg *args;
	uint32_t n_args;
	const struct p4_decl *type_params;
	struct p4_type **type_args;
	seki_lower_body body;
};

/* ---- which arguments are storage that only the callee reaches ---- */

/* Are all scalars of it variables, and none of them part of a header or union that is not? */
static bool is_whole(const struct value *v, bool inside)
{
	switch (v->kind) {
	case VALUE_SCALAR:
	case VALUE_VARBIT:
		return v->var && (inside || !v->guard);
	case VALUE_HEADER:
		if (!v->header || (v->header->in_union && !inside))
			return false;
		inside = true;
		break;
	case VALUE_UNION:
		inside = true;
		break;
	case VALUE_NONE:
		return false;
	default:
		break;
	}
	for (uint32_t i = 0; i < v->n_parts; i++)
		if (!is_whole(v->parts[i], inside))
			return false;
	return true;
}

/* Looking for what a body names; it ends when there was too much to look at. */
struct search {
	const struct value *storage;
	uint32_t steps;
	bool found;
};

#define MAX_SEARCH 4096u

static void search_stmts(struct lower *lw, const struct p4_stmt *list, struct search *search);

/* A name, with the members that follow it. */
static bool is_path(const struct p4_expr *e)
{
	while (e->kind == P4_E_MEMBER && e->decl && e->a->type->kind != P4_T_STACK)
		e = e->a;
	return e->kind == P4_E_NAME && e->decl &&
	       (e->decl->kind == P4_D_VAR || e->decl->kind == P4_D_PARAM);
}

static void search_expr(struct lower *lw, const struct p4_expr *e, struct search *search)
{
	if (!e || search->found)
		return;
	if (++search->steps > MAX_SEARCH) {
		search->found = true;
		return;
	}
	if (is_path(e)) {
		search->found = seki_lower_overlap(lw, search->storage, seki_lower_expr(lw, e));
		return;
	}
	if (e->kind == P4_E_CALL && e->call == P4_CALL_ACTION && e->callee->body)
		search_stmts(lw, e->callee->body, search);
	search_expr(lw, e->a, search);
	search_expr(lw, e->b, search);
	search_expr(lw, e->c, search);
	for (const struct p4_expr *arg = e->args; arg; arg = arg->next)
		search_expr(lw, arg, search);
}

static void search_stmts(struct lower *lw, const struct p4_stmt *list, struct search *search)
{
	for (const struct p4_stmt *s = list; s && !search->found; s = s->next) {
		search_expr(lw, s->a, search);
		search_expr(lw, s->b, search);
		search_expr(lw, s->decl ? s->decl->init : NULL, search);
		search_stmts(lw, s->init, search);
		search_stmts(lw, s->update, search);
		search_stmts(lw, s->body, search);
		search_stmts(lw, s->other, search);
		search_stmts(lw, s->cases, search);
	}
}

/* Names of the callee's own have no meaning yet, and overlap nothing. */
static bool body_names(struct lower *lw, const struct p4_decl *callee, const struct value *storage)
{
	struct search search = {.storage = storage};
	struct ir_block *block = lw->block;

	lw->block = NULL;
	search_stmts(lw, callee->body, &search);
	lw->block = block;
	return search.found;
}

static bool is_direct(struct lower *lw, const struct job *job, const struct arg *arg)
{
	if (!arg->value || arg->kept || !is_whole(arg->value, false))
		return false;
	for (uint32_t i = 0; i < job->n_args; i++)
		if (&job->args[i] != arg && job->args[i].out && job->args[i].value &&
		    seki_lower_overlap(lw, arg->value, job->args[i].value))
			return false;
	if (job->callee->kind != P4_D_ACTION)
		return true;
	return arg->value->n_parts && !body_names(lw, job->callee, arg->value);
}

/* ---- arguments ---- */

static bool is_out(const struct p4_decl *param)
{
	return param->dir == P4_DIR_OUT || param->dir == P4_DIR_INOUT;
}

/* Do arguments do something that are behind this one in the call? */
static bool later_acts(const struct p4_expr *expr)
{
	for (expr = expr->next; expr; expr = expr->next)
		if (seki_lower_acts(expr))
			return true;
	return false;
}

static void evaluate(struct lower *lw, struct arg *arg)
{
	bool out = is_out(arg->param);

	if (arg->value || !arg->expr)
		return;
	arg->out = out && arg->expr->kind != P4_E_DONTCARE;
	if (arg->out) {
		seki_lower_places(lw, arg->expr);
		if (arg->expr->kind != P4_E_SLICE || arg->param->dir == P4_DIR_INOUT)
			arg->value = seki_lower_lvalue(lw, arg->expr);
		arg->kept = arg->param->dir == P4_DIR_INOUT && later_acts(arg->expr);
		if (arg->kept)
			arg->value = seki_lower_keep(lw, arg->value);
	} else if (!out) {
		arg->value = seki_lower_expr(lw, arg->expr);
		if (later_acts(arg->expr))
			arg->value = seki_lower_keep(lw, arg->value);
	}
}

static bool may_change(struct lower *lw, const struct job *job, const struct arg *arg)
{
	if (job->callee->kind == P4_D_ACTION)
		return true;
	for (uint32_t i = 0; i < job->n_args; i++)
		if (job->args[i].direct && seki_lower_overlap(lw, job->args[i].value, arg->value))
			return true;
	return false;
}

static void bind_in(struct lower *lw, const struct job *job, struct arg *arg)
{
	if (!arg->value)
		return;
	arg->bound = arg->value;
	if (arg->expr && (!seki_lower_is_simple(arg->value) || may_change(lw, job, arg)))
		arg->bound = seki_lower_keep(lw, arg->value);
}

static void bind_out(struct lower *lw, struct frame *frame, struct arg *arg)
{
	struct frame *caller = lw->frame;

	if (arg->direct) {
		arg->bound = arg->value;
	} else {
		lw->frame = frame;
		arg->bound = seki_lower_storage(lw, arg->param->type, arg->param->name,
						arg->param->tok);
		lw->frame = caller;
	}
	if (arg->param->dir == P4_DIR_OUT)
		seki_lower_clear(lw, arg->bound);
	else if (!arg->direct && arg->value)
		seki_lower_assign(lw, arg->bound, arg->value);
}

static void bind_default(struct lower *lw, struct frame *frame, struct arg *arg)
{
	struct frame *caller = lw->frame;

	lw->frame = frame;
	arg->bound = arg->param->init ? seki_lower_expr(lw, arg->param->init)
				      : seki_lower_zero(lw, arg->param->type);
	lw->frame = caller;
}

/* In the order of the call: arguments with names may be in another than the parameters. */
static void evaluate_all(struct lower *lw, const struct job *job)
{
	for (const struct p4_expr *e = job->given; e; e = e->next)
		for (uint32_t i = 0; i < job->n_args; i++)
			if (job->args[i].expr == e)
				evaluate(lw, &job->args[i]);
}

static void bind_args(struct lower *lw, const struct job *job, struct frame *frame)
{
	evaluate_all(lw, job);
	for (uint32_t i = 0; i < job->n_args; i++)
		if (job->args[i].out)
			job->args[i].direct = is_direct(lw, job, &job->args[i]);
	/* An out parameter is cleared: what goes in, perhaps of the same storage, comes first. */
	for (uint32_t i = 0; i < job->n_args; i++)
		if (!is_out(job->args[i].param) || !job->args[i].expr)
			bind_in(lw, job, &job->args[i]);
	for (uint32_t i = 0; i < job->n_args; i++) {
		struct arg *arg = &job->args[i];

		if (is_out(arg->param) && arg->expr)
			bind_out(lw, frame, arg);
		if (!arg->bound)
			bind_default(lw, frame, arg);
		seki_lower_bind_in(lw, frame, arg->param, arg->bound);
	}
}

static void copy_out(struct lower *lw, const struct job *job)
{
	for (uint32_t i = 0; i < job->n_args; i++)
		if (job->args[i].out && !job->args[i].direct)
			seki_lower_store(lw, job->args[i].expr, job->args[i].bound);
}

/* ---- in place ---- */

/* What surrounds the declaration of the callee. */
static struct frame *outer_of(const struct lower *lw, const struct job *job)
{
	if (job->outer)
		return job->outer;
	if (job->instance)
		return job->instance->frame;
	for (struct frame *f = lw->frame; f && job->callee->owner; f = f->outer)
		if (f->decl == job->callee->owner)
			return f;
	return lw->global;
}

/* On the way out of an exit: behind the copying out it goes on outwards. */
static void leave(struct lower *lw, const struct frame *frame)
{
	struct frame *caller = frame->caller;
	struct ir_block *next;

	if (!frame->exits || !caller || !caller->after || !lw->block)
		return;
	caller->left = caller->exits = true;
	next = seki_lower_block(lw, NULL);
	seki_lower_branch(lw, seki_ir_read(lw->ir, lw->exiting), caller->after, next);
	lw->block = next;
}

static struct value *run(struct lower *lw, const struct job *job)
{
	struct frame *frame = seki_lower_frame(lw, job->callee, outer_of(lw, job));
	struct place *places = lw->places;
	const struct seki_token *tok = lw->tok;
	struct p4_type *result = job->callee->kind == P4_D_FUNCTION ? job->callee->type : NULL;

	if (lw->stop)
		return NULL;
	frame->caller = lw->frame;
	frame->type_params = job->type_params;
	frame->type_args = job->type_args;
	bind_args(lw, job, frame);
	lw->frame = frame;
	if (result && result->kind != P4_T_VOID)
		frame->result = seki_lower_storage(lw, result, job->callee->name, job->callee->tok);
	frame->after = seki_lower_block(lw, NULL);
	job->body(lw, job->callee);
	if (frame->left) {
		seki_lower_goto(lw, frame->after);
		lw->block = frame->after;
	}
	lw->frame = frame->caller;
	lw->tok = tok;
	copy_out(lw, job);
	leave(lw, frame);
	lw->places = places;
	return frame->result;
}

static void make_args(struct lower *lw, struct job *job, struct p4_expr *const *bound,
		      struct value **data)
{
	uint32_t i = 0;

	job->n_args = seki_decl_count(job->callee->params);
	job->args = seki_arena_alloc(lw->arena, (job->n_args + 1) * sizeof(*job->args));
	for (const struct p4_decl *p = job->callee->params; p; p = p->next, i++) {
		job->args[i].param = p;
		job->args[i].expr = bound ? bound[i] : NULL;
		job->args[i].value = data ? data[i] : NULL;
	}
}

/* The types that type parameters stand for, without any of the caller's own. */
static struct p4_type **closed(struct lower *lw, struct p4_type **args, uint32_t n)
{
	struct p4_type **out = seki_arena_alloc(lw->arena, (n + 1) * sizeof(struct p4_type *));

	for (uint32_t i = 0; i < n && args; i++)
		if (args[i])
			out[i] = (struct p4_type *)(uintptr_t)seki_lower_type(lw, args[i]);
	return out;
}

struct value *seki_lower_inline(struct lower *lw, const struct p4_expr *call,
				const struct p4_decl *callee, struct instance *instance,
				seki_lower_body body)
{
	struct job job = {
		.callee = callee, .instance = instance, .given = call->args, .body = body};

	if (callee->type_params && callee == call->callee && call->type_args &&
	    !(instance && instance->frame->type_args)) {
		job.type_params = callee->type_params;
		job.type_args = closed(lw, call->type_args, seki_decl_count(callee->type_params));
	}
	if (instance && !instance->declared) {
		instance->frame->type_params = job.type_params;
		instance->frame->type_args = job.type_args;
		seki_lower_declare(lw, instance);
	}
	make_args(lw, &job, call->bound, NULL);
	return run(lw, &job);
}

static void run_body(struct lower *lw, const struct p4_decl *callee)
{
	if (callee->body)
		seki_lower_stmt(lw, callee->body);
}

void seki_lower_control(struct lower *lw, const struct p4_decl *control)
{
	for (const struct p4_decl *d = control->members; d; d = d->next)
		if (d->kind == P4_D_VAR)
			seki_lower_decl(lw, d);
	run_body(lw, control);
}

static void note_action(struct lower *lw, const struct p4_decl *action)
{
	struct ir_insn *insn = seki_lower_insn(lw, IR_NOTE);

	if (!insn)
		return;
	insn->note = IR_NOTE_ACTION;
	insn->tok = action->tok;
	insn->name = action->name;
}

static void run_action(struct lower *lw, const struct p4_decl *action)
{
	note_action(lw, action);
	run_body(lw, action);
}

void seki_lower_action(struct lower *lw, const struct p4_decl *action, struct p4_expr **bound,
		       struct value **data)
{
	struct job job = {.callee = action, .given = bound[0], .body = run_action};

	make_args(lw, &job, bound, data);
	run(lw, &job);
}

void seki_lower_block_of(struct lower *lw, struct instance *instance, struct value **data,
			 seki_lower_body body)
{
	struct job job = {.callee = instance->decl, .instance = instance, .body = body};

	make_args(lw, &job, NULL, data);
	run(lw, &job);
}

/* ---- all kinds of calls ---- */

static void lower_apply(struct lower *lw, const struct p4_expr *call)
{
	struct instance *instance = seki_lower_applied(lw, call);

	if (!instance || lw->stop)
		return;
	seki_lower_inline(lw, call, instance->decl, instance,
			  instance->decl->kind == P4_D_PARSER ? seki_lower_states
							      : seki_lower_control);
}

/* The instance's own, where it has one. */
static const struct p4_decl *given_method(const struct value *instance,
					  const struct p4_decl *callee)
{
	for (const struct p4_decl *m = instance->methods; m; m = m->next)
		if (m->kind == P4_D_FUNCTION && strcmp(m->name, callee->name) == 0)
			return m;
	return NULL;
}

static bool is_running(const struct lower *lw, const struct p4_decl *method)
{
	for (const struct frame *f = lw->frame; f; f = f->caller)
		if (f->decl == method)
			return true;
	return false;
}

/* A method of an extern that has abstract ones: those that the instance gives are known. */
static struct value *lower_given(struct lower *lw, const struct p4_expr *call,
				 const struct value *instance)
{
	const struct p4_decl *method = given_method(instance, call->callee);
	struct job job = {.callee = method, .given = call->args, .body = run_body};

	if (!method || is_running(lw, method)) {
		seki_diag_error(
			lw->diags, seki_expr_span(call),
			method ? "method '%s' calls itself"
			       : "only methods that the instance gives can be called, and it "
				 "gives no '%s'",
			call->callee->name);
		return seki_lower_zero(lw, call->type);
	}
	job.outer = instance->outer;
	make_args(lw, &job, call->bound, NULL);
	return run(lw, &job);
}

static struct value *lower_extern_method(struct lower *lw, const struct p4_expr *call)
{
	const char *type = call->a->a->type->decl->name;
	const struct value *instance;

	if (strcmp(type, "packet_in") == 0 || strcmp(type, "packet_out") == 0)
		return seki_lower_packet(lw, call);
	instance = seki_lower_expr(lw, call->a->a);
	if (instance->outer)
		return lower_given(lw, call, instance);
	return seki_lower_extern(lw, call);
}

struct value *seki_lower_call(struct lower *lw, const struct p4_expr *call)
{
	switch (call->call) {
	case P4_CALL_ACTION:
		seki_lower_inline(lw, call, call->callee, NULL, run_action);
		return NULL;
	case P4_CALL_FUNCTION:
		return seki_lower_inline(lw, call, call->callee, NULL, run_body);
	case P4_CALL_EXTERN:
		return seki_lower_extern(lw, call);
	case P4_CALL_METHOD:
		return lower_extern_method(lw, call);
	case P4_CALL_APPLY:
		lower_apply(lw, call);
		return NULL;
	case P4_CALL_TABLE:
		seki_lower_apply(lw, call->callee, NULL, NULL);
		return NULL;
	case P4_CALL_BUILTIN:
		return seki_lower_method(lw, call);
	case P4_CALL_CONSTRUCTOR:
		return seki_lower_construct(lw, call, call->type, NULL);
	default:
		return NULL;
	}
}
