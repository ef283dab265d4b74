// SPDX-License-Identifier: Apache-2.0
/*
 * States kept where paths meet. A state that is covered by one from which every path was walked to
 * its end need not be walked: whatever the program can do from it, it could from the other, and
 * that was safe and ended. verify.c says why that holds in loops as well.
 */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/verify/pack.h"

#define KEPT_MAX    16	/* states compared with at one instruction: the newest */
#define LISTED_MAX  128 /* looked at, those of other ranked loops as well */
#define PAIRS_MAX   64
#define CHAIN_WORK  8 /* a cache line that was not asked for */

#define ALIKE_MAX   64
#define LOSS_CONST  256
#define LOSS_TYPE   16
#define LOSS_MAX    4096
#define GUESS_AFTER 8	   /* states that were walked from an instruction */
#define LOOP_AFTER  64	   /* before what may be a loop's counter is guessed at */
#define FAR_AFTER   16	   /* guesses of guesses */
#define WRONG_MAX   8	   /* guesses at one instruction */
#define GUESS_STEPS 40000  /* and as much again as the program is long, eight times */
#define WASTE_MAX   300000 /* steps on wrong guesses in all */

#define SHIFT_MAX   16 /* of symbols that stand for others and a constant: no sum overflows */

/*
 * What the symbols of the kept state stand for in the present one. Both say "there are integers for
 * the symbols, such that ..."; the kept state covers if, whatever those of the present one are, there
 * are some of the kept one: each is chosen once, here, and all that is said of it is looked at next
 * to that choice. A symbol that is chosen nowhere may be anything.
 */
struct pairs {
	uint32_t old[PAIRS_MAX], new[PAIRS_MAX];
	int64_t by[PAIRS_MAX]; /* old = new + by; just `by`, where new is none. Less than 2^33 */
	uint32_t n;
	uint32_t work;
};

/* The kept state may have been walked relying on two registers being tied: they must be now. */
static bool pair_by(struct pairs *pairs, uint32_t old, uint32_t new, int64_t by)
{
	if (old < SEKI_SYM_FRESH || (new != SEKI_SYM_NONE &&new < SEKI_SYM_FRESH))
		return old == new && !by;
	pairs->work += pairs->n / 8;
	for (uint32_t i = 0; i < pairs->n; i++)
		if (pairs->old[i] == old)
			return pairs->new[i] == new && pairs->by[i] == by;
	if (pairs->n == PAIRS_MAX)
		return false;
	pairs->old[pairs->n] = old;
	pairs->by[pairs->n] = by;
	pairs->new[pairs->n++] = new;
	return true;
}

static bool pair(struct pairs *pairs, uint32_t old, uint32_t new)
{
	if (new == SEKI_SYM_NONE)
		return old == SEKI_SYM_NONE;
	return pair_by(pairs, old, new, 0);
}

/* How much the symbol of the kept state is more than what stands for it now; 0: nothing does yet. */
static int64_t paired_by(const struct pairs *pairs, uint32_t old)
{
	for (uint32_t i = 0; i < pairs->n; i++)
		if (pairs->old[i] == old)
			return pairs->by[i];
	return 0;
}

static bool is_paired_const(const struct pairs *pairs, uint32_t old)
{
	for (uint32_t i = 0; i < pairs->n; i++)
		if (pairs->old[i] == old)
			return pairs->new[i] == SEKI_SYM_NONE;
	return false;
}

static bool scalar_covers(const struct seki_packed_reg *old, const struct seki_scalar *now)
{
	const void *v = old + 1;

	switch (old->form) {
	case SEKI_FORM_UNKNOWN:
		return true;
	case SEKI_FORM_CONST:
		return seki_scalar_is_const(now) && now->n.umin == *(const uint64_t *)v;
	default:
		return seki_scalar_covers(v, now);
	}
}

/*
 * Every field of a register takes part. One that the kept path could not read is not kept; it
 * covers all, and so does a symbol that the kept path did not know; else
 * - type, frame, map: what it points to is the same;
 * - v: each number, or offset, now was one of those then;
 * - id: the symbol stands where the kept path had one, so all that was equal is so now;
 * - id_off, shifted: by the same sum, of what is not the symbol + id_off. (`low` says nothing in
 *   kept states.)
 */
static bool tie_holds(const struct seki_packed_reg *old, const struct seki_reg *new,
		      struct pairs *pairs)
{
	bool exact = old->type == SEKI_REG_NUMBER && !old->frame && !old->shifted;

	if (old->shifted != new->shifted)
		return false;
	/* The number is old + its id_off, and new + its own. */
	if (exact && new->id)
		return pair_by(pairs, old->id, new->id, (int64_t) new->id_off - old->id_off);
	if (exact)
		return old->id >= SEKI_SYM_FRESH && seki_scalar_is_const(&new->v) &&
		       new->v.n.umax <= UINT32_MAX &&pair_by(pairs, old->id, SEKI_SYM_NONE,
							     (int64_t) new->v.n.umin - old->id_off);
	return old->id_off == new->id_off &&pair(pairs, old->id, new->id);
}

static bool reg_covers(const struct seki_packed_reg *old, const struct seki_reg *new,
		       struct pairs *pairs)
{
	pairs->work++;
	if (old->type != new->type || old->frame != new->frame || old->map != new->map ||
	    !scalar_covers(old, &new->v))
		return false;
	return !old->id || tie_holds(old, new, pairs);
}

static bool matters(const uint64_t *read, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = at; i < at + bytes; i++)
		if (read[i / 64] >> (i % 64) & 1)
			return true;
	return false;
}

/* Both in the order of the stack. Returns what follows the last one, or NULL. */
static const struct seki_packed_reg *spills_cover(const struct seki_packed_reg *old, uint32_t n,
						  const struct seki_frame *f, const uint64_t *read,
						  struct pairs *pairs)
{
	const struct seki_spill *now = f->spills, *end = now + f->n_spills;

	for (uint32_t i = 0; i < n; i++, old = seki_packed_next(old)) {
		if (!matters(read, old->at, old->bytes))
			continue;
		while (now < end && now->at < old->at)
			now++;
		if (now == end || now->at != old->at || now->bytes != old->bytes ||
		    !reg_covers(old, &now->reg, pairs))
			return NULL;
	}
	return old;
}

/* Bytes that were plain in the kept state must not be part of a pointer now: every pointer now has
 * its like there. */
static bool pointers_covered(const struct seki_packed_frame *head,
			     const struct seki_packed_reg *old, const struct seki_frame *f,
			     const uint64_t *read)
{
	uint32_t left = head->n_spills;

	for (uint32_t i = 0; i < f->n_spills; i++) {
		const struct seki_spill *now = &f->spills[i];

		if (!seki_reg_is_pointer(&now->reg))
			continue;
		for (; left && old->at < now->at; left--)
			old = seki_packed_next(old);
		if (left && old->at == now->at && old->type > SEKI_REG_NUMBER)
			continue;
		/* Bytes that no kept path read do not matter. */
		if ((head->set[now->at / 64] & read[now->at / 64]) >> (now->at % 64) & 0xff)
			return false;
	}
	return true;
}

/*
 * - call: the frame returns to the same place;
 * - set: bytes that a kept path read, it can read now;
 * - regs, spills: each of the kept path, if it was read, covers the present one; what was a number
 *   that nobody remembered is any number, but no pointer.
 */
static const void *frame_covers(const void *at, const struct seki_frame *f, const uint64_t *read,
				struct pairs *pairs)
{
	const struct seki_packed_frame *head = at;
	const struct seki_packed_reg *reg = (const struct seki_packed_reg *)(head + 1), *end;

	if (head->call != f->call)
		return NULL;
	for (size_t i = 0; i < SEKI_COUNT(head->set); i++)
		if (head->set[i] & read[i] & ~f->set[i])
			return NULL;
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (!(head->regs >> i & 1))
			continue;
		if (!reg_covers(reg, &f->regs[i], pairs))
			return NULL;
		reg = seki_packed_next(reg);
	}
	end = spills_cover(reg, head->n_spills, f, read, pairs);
	if (!end || !pointers_covered(head, reg, f, read))
		return NULL;
	pairs->work += f->n_spills;
	return end;
}

static bool fact_holds(const struct seki_fact *fact, const struct seki_path_state *p,
		       struct pairs *pairs)
{
	int64_t by = paired_by(pairs, fact->id), off = fact->off;

	if (by && fact->shift > SHIFT_MAX)
		return false;
	if (by)
		off += by * (1ll << fact->shift);
	if (is_paired_const(pairs, fact->id) && off <= p->len_min)
		return true;
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].off >= off && p->facts[i].shift == fact->shift &&
		    pair_by(pairs, fact->id, p->facts[i].id, by))
			return true;
	return false;
}

static bool hole_holds(const struct seki_hole *hole, const struct seki_path_state *p,
		       struct pairs *pairs)
{
	for (uint32_t i = 0; i < p->n_holes; i++)
		if (p->holes[i].value == hole->value && pair(pairs, hole->id, p->holes[i].id))
			return true;
	return false;
}

/* a = id >> b, so a + by = (id + (by << b)) >> b. */
static bool shift_holds(const struct seki_term *term, const struct seki_term *now,
			struct pairs *pairs)
{
	int64_t by = paired_by(pairs, term->a);

	if (now->kind != SEKI_TERM_SHIFT || term->b != now->b || term->b > SHIFT_MAX)
		return false;
	return pair_by(pairs, term->a, now->a, by) &&
	       pair_by(pairs, term->id, now->id, by * (1ll << term->b));
}

static bool const_shift_holds(const struct seki_term *term, const struct pairs *pairs)
{
	int64_t id = paired_by(pairs, term->id);

	return is_paired_const(pairs, term->a) && is_paired_const(pairs, term->id) && id >= 0 &&
	       id >> term->b == paired_by(pairs, term->a);
}

static bool term_holds(const struct seki_term *term, const struct seki_path_state *p,
		       struct pairs *pairs)
{
	bool shift = term->kind == SEKI_TERM_SHIFT;

	if (shift && const_shift_holds(term, pairs))
		return true;
	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term *now = &p->terms[i];

		if (shift && shift_holds(term, now, pairs))
			return true;
		if (now->kind == term->kind && pair(pairs, term->a, now->a) &&
		    (term->kind == SEKI_TERM_SUM ? pair(pairs, term->b, now->b)
						 : term->b == now->b) &&
		    pair(pairs, term->id, now->id))
			return true;
	}
	return false;
}

/*
 * Every field of the path takes part but how it came here, and pc, since states are kept per
 * instruction:
 * - depth: the same frames (seki_kept_covers() has seen to it);
 * - grown, less: the length's symbol means the same;
 * - len_min, len_max: each length now was one of those then;
 * - moved_min: the head was as far on then, and as much of the packet was touched;
 * - meta_is_len: what was believed of the field is true now; where it was not, a load of it told
 *   nothing that is wrong now;
 * - map_changed: a call that must not wait now must not have then;
 * - terms, facts, holes: each that the kept path relied on holds.
 */
static bool path_covers(const struct seki_path_state *old, const struct seki_path_state *new,
			struct pairs *pairs)
{
	if (old->grown != new->grown || !pair(pairs, old->less, new->less) ||
	    old->len_min > new->len_min || old->len_max < new->len_max ||
	    (old->rank && !pair(pairs, old->anchor, new->anchor)) ||
	    old->moved_min > new->moved_min || (old->meta_is_len && !new->meta_is_len) ||
	    (new->map_changed && !old->map_changed))
		return false;
	for (uint32_t i = 0; i < old->n_terms; i++)
		if (!term_holds(&old->terms[i], new, pairs))
			return false;
	for (uint32_t i = 0; i < old->n_holes; i++)
		if (!hole_holds(&old->holes[i], new, pairs))
			return false;
	for (uint32_t i = 0; i < old->n_facts; i++)
		if (!fact_holds(&old->facts[i], new, pairs))
			return false;
	return true;
}

/* `marks`: of the kept state's frames, where it is finished; NULL: all may be read. */
bool seki_kept_covers(struct seki_walk *w, const struct seki_kept *old,
		      const struct seki_marks *marks, const struct seki_state *s)
{
	static const uint64_t all[SEKI_FRAME_WORDS] = {
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
	};
	const void *at = old + 1;
	struct pairs pairs;

	pairs.n = 0;
	pairs.work = 1;
	if (old->p.depth != s->p.depth)
		return false;
	for (uint32_t d = 0; at && d <= s->p.depth; d++)
		at = frame_covers(at, &s->frames[d], marks ? marks[d].read : all, &pairs);
	w->work += pairs.work;
	return at && path_covers(&old->p, &s->p, &pairs);
}

/* What makes the state: all from p.pc on. */
#define CONTENT (offsetof(struct seki_kept, p) + offsetof(struct seki_path_state, pc))

_Static_assert(CONTENT % 4 == 0, "read by words");

static uint64_t stir(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdu;
	return hash >> 29 | hash << 35;
}

static uint64_t word_at(const uint8_t *at)
{
	uint64_t word;

	__builtin_memcpy(&word, at, sizeof(word));
	return word;
}

/* Two sums side by side: one multiplication need not wait for the other. The words at the end may
 * be taken twice. */
static uint32_t hash_state(const struct seki_kept *head)
{
	const uint8_t *at = (const uint8_t *)head + CONTENT, *end = (const uint8_t *)head;
	uint64_t odd = 0x9e3779b97f4a7c15u, even = head->bytes;

	for (end += head->bytes; end - at >= 16; at += 16) {
		odd = stir(odd, word_at(at));
		even = stir(even, word_at(at + 8));
	}
	odd = stir(odd, word_at(end - 16));
	even = stir(even, word_at(end - 8));
	return (uint32_t)((odd ^ even >> 7) * 0x9e3779b97f4a7c15u >> 32);
}

/* The very same state, which most are where paths meet again. */
struct seki_kept *seki_kept_same(struct seki_walk *w, const struct seki_kept *now)
{
	uint32_t at = w->buckets[now->hash & (w->n_buckets - 1)];

	while (at) {
		struct seki_kept *old = seki_walk_kept(w, at);

		if (old->hash == now->hash && old->bytes == now->bytes &&
		    old->open != SEKI_KEPT_DEAD &&
		    !memcmp((const uint8_t *)old + CONTENT, (const uint8_t *)now + CONTENT,
			    now->bytes - CONTENT))
			return old;
		w->work += CHAIN_WORK;
		at = old->chained;
	}
	return NULL;
}

/* One that covered is likely to do so again: it goes to the front. States of ranked loops and those
 * outside lie on one list, and cover nothing of each other (verify.c). */
static struct seki_kept *find_covering(struct seki_walk *w)
{
	uint32_t *head = &w->nodes[w->state->p.pc].seen, *from = head, n = 0;

	for (uint32_t i = 0; *from && n < KEPT_MAX && i < LISTED_MAX; i++) {
		uint32_t at = *from;
		struct seki_kept *old = seki_walk_kept(w, at);

		if (old->p.rank != w->state->p.rank) {
			w->work += CHAIN_WORK;
		} else if (seki_kept_covers(w, old, seki_kept_marks(w, at, 0), w->state)) {
			*from = old->older;
			old->older = *head;
			*head = at;
			return old;
		} else {
			n++;
		}
		from = &old->older;
	}
	return NULL;
}

void seki_kept_keep(struct seki_walk *w, struct seki_kept *now)
{
	uint32_t *bucket = &w->buckets[now->hash & (w->n_buckets - 1)];
	struct seki_path_state *p = &w->state->p;

	if (w->nodes[p->pc].kept < SEKI_RANK_AFTER)
		w->nodes[p->pc].kept++;
	now->chained = *bucket;
	*bucket = p->keeper = (uint32_t)w->arena.low;
	seki_walk_read_begin(w, p->keeper);
	p->since = 0;
	/* Where they meet next is of interest still, and where a loop may begin that does not here. */
	p->forked &= !w->nodes[p->pc].join || w->nodes[p->pc].ranked >= SEKI_RANKS_MAX;
	w->arena.low += now->bytes + (p->depth + 1) * sizeof(struct seki_marks);
}

static uint64_t after(uint64_t insns, uint64_t cost)
{
	return cost ? insns + cost : 0;
}

static int end_covered(struct seki_walk *w, const struct seki_kept *by)
{
	uint64_t since = w->state->p.since;

	seki_walk_read_as(w, (uint32_t)((const uint8_t *)by - w->arena.base));
	seki_walk_end(w, after(since, by->cost), after(since, by->again));
	return WALK_END;
}

/* The present state, packed behind the kept ones. NULL: no more room. */
struct seki_kept *seki_kept_pack(struct seki_walk *w)
{
	const struct seki_state *s = w->state;
	size_t size = sizeof(struct seki_kept) + seki_walk_packed_size(s);
	size_t end = w->arena.low + size + (s->p.depth + 1) * sizeof(struct seki_marks);
	struct seki_kept *now = seki_walk_kept(w, (uint32_t)w->arena.low);

	if (end > w->arena.keep_end || end > w->arena.high)
		return NULL;
	*now = (struct seki_kept){.bytes = (uint32_t)size, .open = 1};
	__builtin_memcpy(&now->p, &s->p, sizeof(now->p));
	seki_walk_pack(w, (uint8_t *)(now + 1), s);
	now->hash = hash_state(now);
	return now;
}

/*
 * Many states were walked from here, and none covers the present one: most often they differ in
 * what does not matter. One that covers the present state and the last of those is tried instead,
 * and covers what comes later. Should it be rejected, or take long, it was a wrong guess, and the
 * walk goes back to where it was made.
 */
/* How much is lost by widening a number to what another was as well. Constants are counters as often
 * as flags: they are not given up while there is something else. */
static uint32_t loss(const struct seki_packed_reg *old, const struct seki_reg *now, bool strict)
{
	if (old->type != now->type)
		return LOSS_TYPE;
	if (scalar_covers(old, &now->v) && (!strict || old->form == SEKI_FORM_CONST))
		return 0;
	return seki_scalar_is_const(&now->v) ? LOSS_CONST : 1;
}

static const void *frame_loss(const void *at, const struct seki_frame *f, bool strict,
			      uint32_t *sum)
{
	const struct seki_packed_frame *head = at;
	const struct seki_packed_reg *reg = (const struct seki_packed_reg *)(head + 1);
	const struct seki_spill *now = f->spills, *end = now + f->n_spills;

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (!(head->regs >> i & 1))
			continue;
		*sum += loss(reg, &f->regs[i], strict);
		reg = seki_packed_next(reg);
	}
	for (uint32_t i = 0; i < head->n_spills; i++, reg = seki_packed_next(reg)) {
		while (now < end && now->at < reg->at)
			now++;
		*sum += now < end && now->at == reg->at ? loss(reg, &now->reg, strict) : 1;
	}
	return reg;
}

/* Of the states that were walked from here, the one that is most like the present one. In loops, and
 * once a guess was wrong, constants stay: a loop counts with them. */
static const struct seki_kept *most_alike(struct seki_walk *w)
{
	const struct seki_kept *best = NULL;
	const struct seki_state *s = w->state;
	const struct seki_node *node = &w->nodes[s->p.pc];
	bool strict = node->wrong || (node->nest > 0 && node->finished < LOOP_AFTER);
	uint32_t at = node->seen, least = strict ? LOSS_CONST : LOSS_MAX;

	for (uint32_t n = 0; at && n < ALIKE_MAX; n++) {
		const struct seki_kept *kept = seki_walk_kept(w, at);
		const void *frame = kept + 1;
		uint32_t sum = 0;

		at = kept->older;
		w->work += CHAIN_WORK + kept->bytes / SEKI_COPY_BYTES;
		if (kept->p.depth != s->p.depth || kept->p.rank != s->p.rank)
			continue;
		for (uint32_t d = 0; d <= s->p.depth; d++)
			frame = frame_loss(frame, &s->frames[d], strict, &sum);
		if (sum >= least)
			continue;
		least = sum;
		best = kept;
	}
	return best;
}

/* 0: a guess was made, and is kept. WALK_END: it is one that was made and was right. -ENOENT: there
 * is none to make. */
static int widen(struct seki_walk *w, uint32_t guessed)
{
	uint64_t until = w->proof.steps + GUESS_STEPS + 8ull * w->image->n;
	struct seki_kept *now, *same;

	if (!seki_walk_join(w->state, w->other, guessed >= FAR_AFTER))
		return -ENOENT;
	seki_walk_tidy(w);
	now = seki_kept_pack(w);
	if (!now)
		return -ENOENT;
	seki_walk_guess_origin(w, w->other);
	if (!seki_kept_covers(w, now, NULL, w->other))
		return -ENOENT;
	same = seki_kept_same(w, now);
	if (same && same->open)
		return -ENOENT;
	if (same) {
		seki_walk_guess_drop(w);
		return end_covered(w, same);
	}
	now->guessed = guessed + 1;
	seki_kept_keep(w, now);
	if (w->guess == w->first_guess)
		w->guess_until = until;
	return 0;
}

static int guess(struct seki_walk *w)
{
	struct seki_node *node = &w->nodes[w->state->p.pc];
	const struct seki_kept *like;
	int err;

	if (w->no_guess || node->finished < GUESS_AFTER || node->wrong >= WRONG_MAX ||
	    w->wasted > WASTE_MAX)
		return -ENOENT;
	like = most_alike(w);
	if (!like)
		return -ENOENT;
	seki_walk_unpack(w, like, w->other);
	if (!seki_walk_guess_begin(w))
		return -ENOENT;
	err = widen(w, like->guessed);
	if (err < 0) {
		seki_walk_guess_wrong(w);
		node->wrong--; /* it was not even made */
	}
	return err;
}

/* Where there is no more room, states are not kept: that costs time only. */
int seki_walk_prune(struct seki_walk *w)
{
	struct seki_kept *now, *old;
	int err;

	err = seki_rank_end(w);
	if (err)
		return err;
	now = seki_kept_pack(w);
	if (!now) {
		old = find_covering(w);
		return old ? end_covered(w, old) : 0;
	}
	old = seki_kept_same(w, now);
	if (old && old->open)
		return seki_walk_endless(w);
	if (!old)
		old = find_covering(w);
	if (old)
		return end_covered(w, old);
	err = seki_rank_guess(w);
	if (err < 0 && !w->no_guess)
		err = guess(w);
	if (err >= 0)
		return err;
	if (w->no_guess) /* made in its place */
		now = seki_kept_pack(w);
	w->no_guess = false;
	if (now)
		seki_kept_keep(w, now);
	return 0;
}

static void finish(struct seki_walk *w, struct seki_kept *kept, uint32_t at)
{
	struct seki_node *node = &w->nodes[kept->p.pc];

	kept->older = node->seen;
	node->seen = at;
	if (node->finished < LOOP_AFTER)
		node->finished++;
}

/*
 * What grows is not less than 0 when the first round begins, `step` more at least with each that
 * follows, and never more than `most`: that is so most / step times at most, and then it ends; or a
 * helper stops it, somewhere in a round.
 */
static void finish_rank(struct seki_walk *w, struct seki_kept *kept)
{
	if (w->rank.step != UINT64_MAX) {
		w->nodes[kept->p.pc].ranked = 0;
		kept->cost = seki_max(kept->cost, kept->again) +
			     kept->again * (w->rank.most / w->rank.step);
	}
	kept->again = 0;
	w->rank.head = 0;
}

/* No sum wraps: a cost is the length of a path over instructions that were walked, none twice, or
 * that times the rounds of one loop, which are fewer than 2^28. */
void seki_walk_end(struct seki_walk *w, uint64_t cost, uint64_t again)
{
	uint32_t at = w->state->p.keeper;

	for (;; at = seki_walk_kept(w, at)->p.keeper) {
		struct seki_kept *kept = seki_walk_kept(w, at);

		kept->cost = seki_max(kept->cost, cost);
		kept->again = seki_max(kept->again, again);
		if (--kept->open || at == w->root)
			return;
		if (at == w->rank.head)
			finish_rank(w, kept);
		finish(w, kept, at);
		seki_walk_read_by(w, at);
		cost = after(kept->p.since, kept->cost);
		again = after(kept->p.since, kept->again);
	}
}
