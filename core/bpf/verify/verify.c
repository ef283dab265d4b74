// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier's main loop. Every path is walked from the entry with all that is known of registers,
 * stack and packet; loops round by round, calls into the function. Depth first: of a branch, one side
 * is walked to all its ends, then the other.
 *
 * Where paths meet, the state is kept. A kept state is open while a path from it is still to be
 * walked, then finished. States that a finished one covers are not walked again.
 *
 * Why that is right, in loops too. Claim: from all that a finished state stands for, a run touches
 * only what it may, and ends within `cost` instructions. By induction over the order in which states
 * finish: each path from it led to an exit, to a comparison that cannot come true, or to a state that
 * was covered by one that had finished before, for which the claim holds. An open state covers
 * nothing: a loop that comes back to what it was is on its own path, and there is no end to it. So
 * every loop that is accepted was followed to its last round, and the cost of the root is no estimate
 * of the graph but the longest of the paths that were walked, those that were not walked counted by
 * the state that covers them. It is at most the number of steps, as no instruction of the walk is on
 * such a path twice; or that times the rounds of one loop, where that ends as said below.
 *
 * Where many states meet, one that covers several is guessed and walked in their place (prune.c).
 * That is a state like any other, so the claim holds for it; a rejection that comes of it is none:
 * the walk goes back, and goes on with what is known.
 *
 * A loop that ends because a number r grows is walked once (rank.c). Its head H is a guess too, in
 * which r is any of a range from 0 to 2^28 - 1; in what is walked from H, r was A + base then, A a
 * symbol, the anchor. A path that comes to the head again ends there if
 *   (1) H covers it, each byte of the stack taken for one that is read,
 *   (2) r is A + base + k there, k >= 1.
 * States on the way have another claim: a run from there touches only what it may, and ends within
 * `cost` instructions, or after `again` at most is at the head, with (1) and (2) for its A, or was
 * stopped by a helper on the way there. It holds
 * by the induction above where they cover only what has the same A: a state's `rank` is a number that
 * no other head gets, also not one that takes the place of this when it was guessed wrong; states of
 * different ranks cover nothing of each other; where the rank is equal, the anchors stand for the
 * same. So no state in there leans on what lies outside, nor the other way round, but on H itself,
 * whose rank is none.
 * Then the claim for H, by induction over how far r may still grow. Let `step` be the least k of all
 * such ends, `most` the greatest that r can be at one. Both are of integers: a tie is exact, and (1)
 * says that r is at most 2^28 - 1. A run from H ends within `cost`, or is again at the head, where H
 * stands for it by (1), with r greater by `step` at least, and no more than `most`. r was no less
 * than 0 at first, so that is so most / step times at most, and the cost of H is again * (most / step)
 * and once more the greater of both. What is at r in all rounds of a run is what (1) compares: a register, or a slot.
 * One head is open at a time, so no rounds are multiplied with others.
 *
 * The walk ends: steps and work are bounded by STEPS_MAX and WORK_MAX, memory by what the caller
 * gives.
 */
#include "core/bpf/verify/verify.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/packet.h"
#include "core/bpf/text.h"
#include "core/bpf/verify/walk.h"

#define STEPS_MAX   1000000
#define WORK_MAX    160000000	 /* less than a second */
#define INSNS_MAX   (1ull << 30) /* a run of some seconds: ranked loops may come there */

#define BUCKETS_MIN 1024
#define KEEP_INSNS  32 /* so far apart states are kept in any case */

static int load_address(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg *dst = seki_walk_reg(w, op->dst);

	if (row->kind == SEKI_KIND_CONST) {
		*dst = seki_reg_number(seki_scalar_const((uint64_t)op->imm));
	} else if (row->kind == SEKI_KIND_MAP) {
		if (op->imm < 0 || op->imm >= w->image->n_maps)
			return seki_walk_reject(w, -1, "there is no map %d", op->imm);
		*dst = seki_reg_pointer(SEKI_REG_MAP);
		dst->map = (uint8_t)op->imm;
	} else {
		/* Without any the address would be NULL, which a pointer to data never is. */
		if (!w->image->data || op->imm < 0 || op->imm > w->image->data_size)
			return seki_walk_reject(w, -1, "there is no byte %d of read-only data",
						op->imm);
		*dst = seki_reg_pointer(SEKI_REG_DATA);
		dst->v = seki_scalar_const((uint64_t)op->imm);
	}
	w->state->p.pc += 2;
	return 0;
}

static int step(struct seki_walk *w)
{
	const struct seki_bpf_op *op = seki_walk_op(w);

	switch (seki_bpf_row(op)->kind) {
	case SEKI_KIND_ALU:
		return seki_walk_alu(w, op);
	case SEKI_KIND_LOAD:
		return seki_walk_load(w, op);
	case SEKI_KIND_STORE:
		return seki_walk_store(w, op);
	case SEKI_KIND_ATOMIC:
		return seki_walk_atomic(w, op);
	case SEKI_KIND_JUMP:
		return seki_walk_jump(w, op);
	case SEKI_KIND_GOTO:
		w->state->p.pc = (uint32_t)op->off;
		return 0;
	case SEKI_KIND_CONST:
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		return load_address(w, op);
	case SEKI_KIND_HELPER:
		return seki_walk_helper(w, op, op->imm);
	case SEKI_KIND_CALLX:
		return seki_walk_callx(w, op);
	case SEKI_KIND_LOCAL:
		return seki_walk_local(w, op);
	case SEKI_KIND_EXIT:
		return seki_walk_exit(w);
	default:
		return seki_walk_reject(w, -1, "invalid instruction");
	}
}

static bool is_exhausted(const struct seki_walk *w)
{
	return w->proof.steps > w->max_steps ||
	       w->work + w->state->work + w->other->work > WORK_MAX;
}

/* Where nothing was tried since the last kept state, another path is unlikely to come by. */
static bool is_meeting(const struct seki_walk *w)
{
	const struct seki_path_state *p = &w->state->p;
	const struct seki_node *node = &w->nodes[p->pc];

	return (node->join || node->busy) && (p->forked || p->since >= KEEP_INSNS);
}

static void note_round(struct seki_walk *w, uint32_t pc)
{
	uint8_t kind = seki_bpf_row(&w->image->ops[pc])->kind;

	if (w->state->p.pc > pc || (kind != SEKI_KIND_GOTO && kind != SEKI_KIND_JUMP))
		return;
	w->state->p.back = pc + 1;
	w->nodes[pc].rounds++;
}

/* What is only guessed must not keep a call from waiting: that would show. */
static int check_wait(struct seki_walk *w, struct seki_node *node, bool changed_before)
{
	if (!w->guess || changed_before || !node->wait_changed)
		return 0;
	node->wait_changed = false;
	return -EACCES;
}

static int walk_insn(struct seki_walk *w)
{
	uint32_t pc = w->state->p.pc;
	struct seki_node *node = &w->nodes[pc];
	bool wait_changed = node->wait_changed;
	int err;

	if (w->image->walk_all < SEKI_WALK_ALL_KEEP && is_meeting(w)) {
		seki_walk_tidy(w);
		err = w->image->walk_all ? 0 : seki_walk_prune(w);
		if (err)
			return err;
	}
	w->state->p.since++;
	err = step(w);
	if (err == WALK_END)
		seki_walk_end(w, w->state->p.since, 0);
	else if (!err)
		note_round(w, pc);
	if (err < 0)
		return err;
	return check_wait(w, node, wait_changed) ? -EACCES : err;
}

static int walk(struct seki_walk *w)
{
	for (;;) {
		bool too_long = w->guess && w->proof.steps >= w->guess_until;
		int err;

		w->proof.steps++;
		if (is_exhausted(w))
			return seki_walk_too_complex(w, "too many steps to judge it");
		if (too_long)
			w->guess = w->first_guess;
		err = too_long ? -E2BIG : walk_insn(w);
		if (err == WALK_END && seki_walk_pop(w) == WALK_END)
			break;
		if (err < 0 && !w->guess)
			return err;
		if (err < 0)
			seki_walk_guess_wrong(w);
	}
	w->proof.worst_insns = seki_walk_kept(w, w->root)->cost;
	if (w->proof.worst_insns > INSNS_MAX)
		return seki_walk_too_complex(w, "a run may take more than 2^30 instructions");
	return 0;
}

static void start(struct seki_walk *w)
{
	struct seki_state *s = w->state;
	struct seki_frame *f = &s->frames[0];

	w->state->work = w->other->work = 0;
	*seki_walk_kept(w, w->root) = (struct seki_kept){.open = 1};
	memset(&s->p, 0, sizeof(s->p));
	s->p.keeper = w->root;
	s->p.pc = w->image->entry;
	s->p.meta_is_len = true;
	s->p.len_max = w->max_packet;
	*f = (struct seki_frame){.n_spills = 0};
	f->regs[1] = seki_reg_pointer(SEKI_REG_CTX);
	f->regs[2] = seki_reg_pointer(SEKI_REG_META);
	f->regs[SEKI_BPF_FP] = seki_reg_pointer(SEKI_REG_STACK);
}

static void flag_calls(struct seki_walk *w)
{
	for (uint32_t i = 0; i < w->image->n; i++) {
		struct seki_bpf_op *op = &w->image->ops[i];
		const struct seki_node *node = &w->nodes[i];

		if (op->id == SEKI_OP_CALL)
			op->off = node->wait_seen && !node->wait_changed ? SEKI_CALL_MAY_WAIT : 0;
	}
}

static void *carve(struct seki_arena *arena, size_t size)
{
	void *at = arena->base + arena->low;

	size = (size + 15) & ~(size_t)15;
	if (size > arena->high - arena->low)
		return NULL;
	arena->low += size;
	return at;
}

static bool lay_out(struct seki_walk *w)
{
	w->state = carve(&w->arena, sizeof(*w->state));
	w->other = carve(&w->arena, sizeof(*w->other));
	w->nodes = carve(&w->arena, w->image->n * sizeof(*w->nodes));
	w->max_history = (uint32_t)((w->arena.high - w->arena.low) / 8 / sizeof(*w->history));
	w->history = carve(&w->arena, w->max_history * sizeof(*w->history));
	for (w->n_buckets = BUCKETS_MIN; w->n_buckets / 4 < w->image->n;)
		w->n_buckets *= 2;
	w->buckets = carve(&w->arena, w->n_buckets * sizeof(*w->buckets));
	w->root = (uint32_t)w->arena.low;
	if (!w->state || !w->other || !w->nodes || !w->history || !w->buckets ||
	    !carve(&w->arena, sizeof(struct seki_kept)))
		return false;
	w->arena.keep_end = w->arena.low + (w->arena.high - w->arena.low) / 4 * 3;
	memset(w->buckets, 0, w->n_buckets * sizeof(*w->buckets));
	memset(w->nodes, 0, w->image->n * sizeof(*w->nodes));
	return true;
}

int seki_bpf_verify(struct seki_bpf_image *image, void *memory, size_t size,
		    struct seki_bpf_proof *proof, struct seki_bpf_rejection *why)
{
	struct seki_walk w = {
		.image = image,
		.arena = {.base = memory, .low = 0, .high = size & ~(size_t)15},
		.max_steps = STEPS_MAX,
		.max_packet = SEKI_BPF_PACKET_MAX,
		.rank_after = SEKI_RANK_AFTER,
		.next_id = SEKI_SYM_NEW,
		.why = why,
	};
	int err;

	*why = (struct seki_bpf_rejection){.insn = 0};
	if (image->max_packet)
		w.max_packet = seki_min(SEKI_BPF_PACKET_MAX, image->max_packet);
	if (image->rank_after)
		w.rank_after = seki_min(SEKI_RANK_AFTER, image->rank_after);
	if (image->max_steps)
		w.max_steps = seki_min(STEPS_MAX, image->max_steps);
	if (!lay_out(&w)) {
		struct seki_text text = seki_text_on(why->reason, sizeof(why->reason));

		seki_text_add(&text, "too complex: not enough memory to judge it");
		return -E2BIG;
	}
	start(&w);
	err = seki_walk_cfg(&w);
	if (!err)
		err = walk(&w);
	if (err)
		return err;
	flag_calls(&w);
	*proof = w.proof;
	return 0;
}
