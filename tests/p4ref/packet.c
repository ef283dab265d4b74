/* SPDX-License-Identifier: Apache-2.0 */
/* A packet's way (P4_16 specification, sections 13 and 15): packet_in, packet_out, the three blocks. */
#include "tests/p4ref/ref.h"

#include <string.h>

#define ACTION_FIELD 2u /* in standard_metadata */
#define PORT_FIELD   3u

uint32_t ref_line(const struct seki_token *tok)
{
	struct seki_span at = tok->at;

	while (at.src->included.src)
		at = at.src->included;
	return seki_source_place(at.src, at.off).line;
}

void ref_reject(struct ref *r, const struct seki_token *tok)
{
	r->site = ref_line(tok);
	longjmp(r->reject, 1);
}

/* ---- packet_in ---- */

static void need(struct ref *r, const struct p4_expr *call, size_t bits)
{
	if (bits > r->packet.len - r->at)
		ref_reject(r, call->tok);
}

/*
 * The specification lets a target reject sizes that are not whole bytes (ParserInvalidArgument): Sekisho
 * does where they are not known before the packet is there.
 */
static void whole_bytes(struct ref *r, const struct p4_expr *call, const struct p4_expr *arg,
			const struct ref_val *bits)
{
	if (!arg->known && mpz_get_ui(bits->num) % 8)
		ref_reject(r, call->tok);
}

static uint32_t varbit_width(const struct ref_val *header)
{
	for (uint32_t i = 0; i < header->n; i++)
		if (header->part[i].type->kind == P4_T_VARBIT)
			return header->part[i].type->width;
	return 0;
}

static void extract(struct ref *r, const struct p4_expr *call)
{
	const struct p4_expr *target = call->bound[0];
	bool sized = call->callee->params->next != NULL;
	struct ref_place place = {0};
	struct ref_val *v, *size;
	uint32_t bits = 0;

	if (target->kind == P4_E_DONTCARE)
		place.v = ref_make(r, ref_type(r, call->type_args[0]));
	else
		place = ref_locate(r, target);
	v = ref_make(r, place.v->type);
	if (sized) {
		size = ref_eval(r, call->bound[1]);
		whole_bytes(r, call, call->bound[1], size);
		if (mpz_cmp_ui(size->num, varbit_width(v)) > 0)
			ref_reject(r, call->tok);
		bits = (uint32_t)mpz_get_ui(size->num);
	}
	need(r, call, (size_t)seki_type_limit(v->type, P4_LEAST) + bits);
	r->at += ref_unpack(&r->packet, r->at, v, bits);
	ref_write(r, &place, v);
	if (place.stack)
		place.stack->next++;
}

static struct ref_val *lookahead(struct ref *r, const struct p4_expr *call)
{
	struct ref_val *v = ref_make(r, ref_type(r, call->type));

	need(r, call, (size_t)seki_type_limit(v->type, P4_LEAST));
	ref_unpack(&r->packet, r->at, v, 0);
	return v;
}

static void advance(struct ref *r, const struct p4_expr *call)
{
	struct ref_val *by = ref_eval(r, call->bound[0]);

	whole_bytes(r, call, call->bound[0], by);
	if (mpz_cmp_ui(by->num, r->packet.len - r->at) > 0)
		ref_reject(r, call->tok);
	r->at += mpz_get_ui(by->num);
}

struct ref_val *ref_packet_in(struct ref *r, const struct p4_expr *call)
{
	const char *name = call->callee->name;

	if (strcmp(name, "lookahead") == 0)
		return lookahead(r, call);
	if (strcmp(name, "length") == 0)
		return ref_number(r, call->type, r->packet.len / 8);
	if (strcmp(name, "extract") == 0)
		extract(r, call);
	else
		advance(r, call);
	return ref_make(r, call->type);
}

/* ---- packet_out ---- */

static void emit(struct ref *r, const struct ref_val *v)
{
	if (v->type->kind == P4_T_HEADER) {
		ref_pack(r, &r->out, v, true);
		if (r->truncated && r->kept == r->emitted &&
		    mpz_cmp_ui(r->cut, r->out.len / 8) >= 0)
			r->kept = r->out.len;
		r->emitted = r->out.len;
		return;
	}
	for (uint32_t i = 0; i < v->n; i++)
		emit(r, &v->part[i]);
}

struct ref_val *ref_packet_out(struct ref *r, const struct p4_expr *call)
{
	emit(r, ref_eval(r, call->bound[0]));
	return ref_make(r, call->type);
}

/* ---- the three blocks ---- */

static struct p4_decl *param(const struct ref_obj *block, uint32_t i)
{
	struct p4_decl *p = block->type->decl->params;

	while (p && i--)
		p = p->next;
	return p;
}

/* With exit, or to its end. */
static void run_to_end(struct ref *r, struct ref_obj *block, struct ref_frame *frame)
{
	r->frame = frame;
	if (setjmp(frame->exit) == 0)
		ref_body(r, block->type->decl, block);
	r->frame = r->global;
}

/* Runs a block on values that are its parameters themselves: nothing else can reach them meanwhile. */
static void run_block(struct ref *r, struct ref_obj *block, uint32_t first, struct ref_val **vals)
{
	struct ref_frame *frame = ref_frame(r, block->frame);

	frame->self = block;
	if (first) /* an instance that is only passed on: there is one packet */
		ref_bind(r, frame, param(block, 0), NULL, block);
	for (uint32_t i = 0; i < 3 && param(block, first + i) && vals[i]; i++)
		ref_bind(r, frame, param(block, first + i), vals[i], NULL);
	run_to_end(r, block, frame);
}

static void append_payload(struct ref *r)
{
	mpz_t byte;

	mpz_init(byte);
	for (size_t at = r->at; at < r->packet.len; at += 8) {
		ref_get_bits(&r->packet, at, 8, byte);
		ref_put_bits(r, &r->out, byte, 8);
	}
}

/*
 * As p4c's uBPF back end: a header that reaches beyond the cut is not stored, nor are those behind it; what
 * was in the packet, moved by the difference of the headers' sizes, stays.
 */
static void keep_old_bytes(struct ref *r)
{
	ptrdiff_t moved = (ptrdiff_t)(r->emitted / 8) - (ptrdiff_t)(r->at / 8);

	for (size_t i = r->kept / 8; i < r->emitted / 8; i++) {
		ptrdiff_t from = (ptrdiff_t)i - moved;

		r->out.data[i] = from >= 0 ? r->packet.data[from] : 0;
	}
}

static void deparse(struct ref *r, struct ref_val *headers)
{
	struct ref_val *vals[3] = {headers};

	r->out = (struct ref_bits){0};
	r->kept = r->emitted = 0;
	run_block(r, r->deparser, 1, vals);
	if (r->out.len % 8 || r->at % 8)
		ref_unable(r->deparser->type->decl->tok, "headers that are not whole bytes");
	append_payload(r);
	if (!r->truncated)
		return;
	if (r->compat && mpz_cmp_ui(r->cut, r->emitted / 8) < 0)
		keep_old_bytes(r);
	if (mpz_cmp_ui(r->cut, r->out.len / 8) < 0)
		r->out.len = mpz_get_ui(r->cut) * 8;
}

static void start(struct ref *r, const struct ref_bits *packet)
{
	seki_arena_exit(&r->scratch);
	seki_arena_init(&r->scratch, (size_t)1 << 30);
	memcpy(&r->scratch.full, &r->keep.full, sizeof(r->keep.full));
	ref_memory(r, &r->scratch);
	r->packet = *packet;
	r->frame = r->global;
	r->at = 0;
	r->pass = true;
	r->truncated = false;
	r->site = r->steps = r->n_visits = 0;
	for (struct ref_obj *obj = r->objects; obj; obj = obj->next)
		obj->sum = 0;
}

/* False where the parser rejects the packet. */
static bool run_all(struct ref *r, struct ref_val **vals)
{
	if (setjmp(r->reject))
		return false;
	run_block(r, r->parser, 1, vals);
	run_block(r, r->pipeline, 0, vals);
	deparse(r, vals[0]);
	return true;
}

struct ref_result ref_process(struct ref *r, uint32_t port, const struct ref_bits *packet)
{
	struct ref_val *vals[3] = {0};
	struct ref_result res = {0};

	start(r, packet);
	vals[0] = ref_make(r, param(r->pipeline, 0)->type);
	vals[1] = ref_make(r, param(r->pipeline, 1)->type);
	if (param(r->pipeline, 2)) {
		vals[2] = ref_make(r, param(r->pipeline, 2)->type);
		mpz_set_ui(vals[2]->part[0].num, port);
		mpz_set_ui(vals[2]->part[1].num, packet->len / 8);
	}
	if (!run_all(r, vals)) {
		r->pass = r->compat;
		r->out = *packet;
	}
	res.pass = r->pass;
	res.site = r->pass ? 0 : r->site;
	res.out = r->out;
	if (vals[2]) {
		res.action = (uint32_t)mpz_get_ui(vals[2]->part[ACTION_FIELD].num);
		res.port = (uint32_t)mpz_get_ui(vals[2]->part[PORT_FIELD].num);
	}
	return res;
}
