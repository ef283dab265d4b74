// SPDX-License-Identifier: Apache-2.0
/*
 * States in as few bytes as they need: those set aside to be walked later, a stack at the arena's
 * high end, and those that are kept, at its low end.
 *
 * Packed form: per frame struct seki_packed_frame, its registers that hold something in order, its
 * spills. All parts are multiples of 8 bytes; equal states have equal bytes.
 */
#include "core/bpf/verify/pack.h"

#include <string.h>

#include "core/base/check.h"

#define VISITS_MAX 4 /* paths that set out at an instruction before states are compared there */

struct pending {
	uint32_t bytes;
	bool guess; /* it is set aside by guess_begin() */
	/* Of those: how things stood. */
	uint32_t pending, older_guess;
	uint64_t steps;
	struct seki_path_state p;
};

_Static_assert(sizeof(struct pending) % 8 == 0 && sizeof(struct seki_kept) % 8 == 0 &&
		       sizeof(struct seki_packed_frame) % 8 == 0 &&
		       sizeof(struct seki_packed_reg) % 8 == 0 &&
		       sizeof(struct seki_scalar) % 8 == 0,
	       "parts of a packed state stay aligned");

static bool is_unknown(const struct seki_scalar *v)
{
	return v->n.t.mask == UINT64_MAX && !v->n.umin && v->n.umax == UINT64_MAX &&
	       v->n.smin == INT64_MIN && v->n.smax == INT64_MAX && !v->umin32 &&
	       v->umax32 == UINT32_MAX && v->smin32 == INT32_MIN && v->smax32 == INT32_MAX;
}

static uint8_t form_of(const struct seki_scalar *v)
{
	if (seki_scalar_is_const(v))
		return SEKI_FORM_CONST;
	return is_unknown(v) ? SEKI_FORM_UNKNOWN : SEKI_FORM_RANGE;
}

static size_t reg_size(const struct seki_reg *reg)
{
	return sizeof(struct seki_packed_reg) + seki_form_size(form_of(&reg->v));
}

static size_t frame_size(const struct seki_frame *f)
{
	size_t size = sizeof(struct seki_packed_frame);

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		if (seki_reg_holds_something(&f->regs[i]))
			size += reg_size(&f->regs[i]);
	for (uint32_t i = 0; i < f->n_spills; i++)
		size += reg_size(&f->spills[i].reg);
	return size;
}

size_t seki_walk_packed_size(const struct seki_state *s)
{
	size_t size = 0;

	for (uint32_t d = 0; d <= s->p.depth; d++)
		size += frame_size(&s->frames[d]);
	return size;
}

static uint8_t *pack_reg(uint8_t *at, const struct seki_reg *reg, uint16_t where, uint16_t bytes)
{
	struct seki_packed_reg *head = (struct seki_packed_reg *)(void *)at;

	*head = (struct seki_packed_reg){
		.type = reg->type,
		.frame = reg->frame,
		.map = reg->map,
		.shifted = reg->shifted,
		.form = form_of(&reg->v),
		.id = reg->id,
		.id_off = reg->id_off,
		.at = where,
		.bytes = (uint8_t)bytes,
	};
	at += sizeof(*head);
	if (head->form == SEKI_FORM_CONST)
		__builtin_memcpy(at, &reg->v.n.umin, sizeof(reg->v.n.umin));
	else if (head->form == SEKI_FORM_RANGE)
		__builtin_memcpy(at, &reg->v, sizeof(reg->v));
	return at + seki_form_size(head->form);
}

static uint8_t *pack_frame(uint8_t *at, const struct seki_frame *f)
{
	struct seki_packed_frame *head = (struct seki_packed_frame *)(void *)at;

	__builtin_memcpy(head->set, f->set, sizeof(head->set));
	head->call = f->call;
	head->regs = 0;
	head->n_spills = (uint16_t)f->n_spills;
	at += sizeof(*head);
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (!seki_reg_holds_something(&f->regs[i]))
			continue;
		head->regs |= (uint16_t)(1u << i);
		at = pack_reg(at, &f->regs[i], 0, 0);
	}
	for (uint32_t i = 0; i < f->n_spills; i++)
		at = pack_reg(at, &f->spills[i].reg, f->spills[i].at, f->spills[i].bytes);
	return at;
}

void seki_walk_pack(struct seki_walk *w, uint8_t *at, const struct seki_state *s)
{
	const uint8_t *start = at;

	for (uint32_t d = 0; d <= s->p.depth; d++)
		at = pack_frame(at, &s->frames[d]);
	w->work += (uint64_t)(at - start) / SEKI_COPY_BYTES;
}

static const uint8_t *unpack_reg(const uint8_t *at, struct seki_reg *reg)
{
	const struct seki_packed_reg *head = (const struct seki_packed_reg *)(const void *)at;

	at += sizeof(*head);
	*reg = (struct seki_reg){
		.type = head->type,
		.frame = head->frame,
		.map = head->map,
		.shifted = head->shifted,
		.id = head->id,
		.id_off = head->id_off,
	};
	if (head->form == SEKI_FORM_CONST)
		reg->v = seki_scalar_const(*(const uint64_t *)(const void *)at);
	else if (head->form == SEKI_FORM_RANGE)
		__builtin_memcpy(&reg->v, at, sizeof(reg->v));
	else
		reg->v = seki_scalar_unknown();
	return at + seki_form_size(head->form);
}

static const uint8_t *unpack_frame(const uint8_t *at, struct seki_frame *f)
{
	const struct seki_packed_frame *head = (const struct seki_packed_frame *)(const void *)at;

	__builtin_memcpy(f->set, head->set, sizeof(head->set));
	f->call = head->call;
	f->n_spills = head->n_spills;
	at += sizeof(*head);
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (head->regs >> i & 1)
			at = unpack_reg(at, &f->regs[i]);
		else
			f->regs[i].type = SEKI_REG_NONE;
	}
	for (uint32_t i = 0; i < f->n_spills; i++) {
		const struct seki_packed_reg *spill =
			(const struct seki_packed_reg *)(const void *)at;

		f->spills[i] = (struct seki_spill){.at = spill->at, .bytes = spill->bytes};
		at = unpack_reg(at, &f->spills[i].reg);
	}
	return at;
}

/* Where paths set out again and again, as from a loop, they are compared from then on. */
static void set_out(struct seki_walk *w, struct seki_path_state *p)
{
	struct seki_node *node = &w->nodes[p->pc];

	p->forked = true;
	if (node->visits < VISITS_MAX)
		node->visits++;
	else
		node->busy = true;
}

/* The other side of the branch before the present instruction. */
static void note_round(struct seki_walk *w, struct seki_path_state *p)
{
	uint32_t branch = w->state->p.pc - 1;

	if (p->pc > branch)
		return;
	p->back = branch + 1;
	w->nodes[branch].rounds++;
}

static struct pending *top(const struct seki_walk *w)
{
	return (struct pending *)(void *)(w->arena.base + w->arena.high);
}

/* Returns its head, or NULL: no room. */
static struct pending *set_aside(struct seki_walk *w, const struct seki_state *s)
{
	size_t content = seki_walk_packed_size(s), frames = s->p.depth + 1;
	size_t size = sizeof(struct pending) + content + frames * sizeof(s->frames[0].written);
	uint8_t *written;

	if (w->arena.high - w->arena.low < size)
		return NULL;
	w->arena.high -= size;
	w->pending++;
	*top(w) = (struct pending){.bytes = (uint32_t)size, .p = s->p};
	seki_walk_pack(w, (uint8_t *)(top(w) + 1), s);
	written = (uint8_t *)(top(w) + 1) + content;
	for (uint32_t d = 0; d <= s->p.depth; d++, written += sizeof(s->frames[d].written))
		__builtin_memcpy(written, s->frames[d].written, sizeof(s->frames[d].written));
	return top(w);
}

int seki_walk_push(struct seki_walk *w, struct seki_state *s)
{
	note_round(w, &s->p);
	set_out(w, &s->p);
	set_out(w, &w->state->p);
	seki_walk_kept(w, s->p.keeper)->open++;
	if (!set_aside(w, s))
		return seki_walk_too_complex(w, "too many paths are open at once");
	return 0;
}

/* Returns what follows. */
static const uint8_t *unpack(struct seki_walk *w, const void *at, uint32_t depth,
			     struct seki_state *s)
{
	const uint8_t *end = at;

	for (uint32_t d = 0; d <= depth; d++)
		end = unpack_frame(end, &s->frames[d]);
	w->work += (uint64_t)(end - (const uint8_t *)at) / SEKI_COPY_BYTES;
	return end;
}

void seki_walk_unpack(struct seki_walk *w, const struct seki_kept *kept, struct seki_state *s)
{
	s->p = kept->p;
	unpack(w, kept + 1, kept->p.depth, s);
}

static void take_back(struct seki_walk *w)
{
	const struct pending *head = top(w);
	struct seki_state *s = w->state;
	const uint8_t *written;

	w->pending--;
	w->arena.high += head->bytes;
	s->p = head->p;
	written = unpack(w, head + 1, head->p.depth, s);
	for (uint32_t d = 0; d <= s->p.depth; d++, written += sizeof(s->frames[d].written))
		__builtin_memcpy(s->frames[d].written, written, sizeof(s->frames[d].written));
}

int seki_walk_pop(struct seki_walk *w)
{
	/* All that came of the guess was fine. */
	while (w->pending && top(w)->guess)
		seki_walk_guess_drop(w);
	if (!w->pending)
		return WALK_END;
	take_back(w);
	return 0;
}

bool seki_walk_guess_begin(struct seki_walk *w)
{
	struct pending *head = set_aside(w, w->state);

	if (!head)
		return false;
	head->guess = true;
	head->pending = w->pending;
	head->steps = w->proof.steps;
	head->older_guess = w->guess;
	w->guess = (uint32_t)w->arena.high;
	if (!head->older_guess)
		w->first_guess = w->guess;
	return true;
}

void seki_walk_guess_origin(struct seki_walk *w, struct seki_state *s)
{
	s->p = top(w)->p;
	unpack(w, top(w) + 1, s->p.depth, s);
}

void seki_walk_guess_drop(struct seki_walk *w)
{
	const struct pending *head = top(w);

	w->guess = head->older_guess;
	w->pending--;
	w->arena.high += head->bytes;
}

/* Kept states on the way from the guess to here are not finished, and never will be. Those that
 * are finished are as good as any. */
void seki_walk_guess_wrong(struct seki_walk *w)
{
	uint32_t keeper, at = w->state->p.keeper;
	struct pending *head;

	bool ranked = w->rank.head && w->guess == w->rank.guess;
	uint64_t *wasted = ranked ? &w->rank.wasted : &w->wasted;

	/* No state of a ranked loop that is taken back will cover another. */
	if (ranked)
		w->proof.packet_touch = w->rank.touch;
	w->arena.high = w->guess;
	head = top(w);
	w->pending = head->pending;
	*wasted += w->proof.steps - seki_max(head->steps, w->wrong_at);
	w->wrong_at = w->proof.steps;
	w->guess = head->older_guess;
	take_back(w);
	if (w->nodes[w->state->p.pc].wrong < UINT8_MAX)
		w->nodes[w->state->p.pc].wrong++;
	w->no_guess = true;
	for (keeper = w->state->p.keeper; at != keeper;) {
		struct seki_kept *kept = seki_walk_kept(w, at);

		if (at == w->rank.head)
			w->rank.head = 0;
		kept->open = SEKI_KEPT_DEAD;
		at = kept->p.keeper;
	}
}
