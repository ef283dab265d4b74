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

#define KEPT_MAX    16 /* states compared with at one instruction: the newest */
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

/* Symbols of the kept state -> those of the present one. */
struct pairs {
	uint32_t old[PAIRS_MAX], new[PAIRS_MAX];
	uint32_t n;
	uint32_t work;
};

/* The kept state may have been walked relying on two registers being tied: they must be now. */
static bool pair(struct pairs *pairs, uint32_t old, uint32_t new)
{
	if (old < SEKI_SYM_FRESH || new < SEKI_SYM_FRESH)
		return old == new;
	pairs->work += pairs->n / 8;
	for (uint32_t i = 0; i < pairs->n; i++)
		if (pairs->old[i] == old)
			return pairs->new[i] == new;
	if (pairs->n == PAIRS_MAX)
		return false;
	pairs->old[pairs->n] = old;
	pairs->new[pairs->n++] = new;
	return true;
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
 * - id_off, shifted: by the same sum. (`low` says nothing in kept states.)
 */
static bool reg_covers(const struct seki_packed_reg *old, const struct seki_reg *new,
		       struct pairs *pairs)
{
	pairs->work++;
	if (old->type != new->type || old->frame != new->frame || old->map != new->map ||
	    !scalar_covers(old, &new->v))
		return false;
	if (!old->id)
		return true;
	if (old->id_off != new->id_off || old->shifted != new->shifted)
		return false;
	return pair(pairs, old->id, new->id);
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
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].off >= fact->off && p->facts[i].shift == fact->shift &&
		    pair(pairs, fact->id, p->facts[i].id))
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

static bool term_holds(const struct seki_term *term, const struct seki_path_state *p,
		       struct pairs *pairs)
{
	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term *now = &p->terms[i];

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
 * - depth: the same frames (covers() has seen to it);
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
static bool covers(struct seki_walk *w, const struct seki_kept *old, const struct seki_marks *marks,
		   const struct seki_state *s)
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
static struct seki_kept *find_same(struct seki_walk *w, const struct seki_kept *now)
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

/* One that covered is likely to do so again: it goes to the front. */
static struct seki_kept *find_covering(struct seki_walk *w)
{
	uint32_t *head = &w->nodes[w->state->p.pc].seen, *from = head;

	for (uint32_t n = 0; *from && n < KEPT_MAX; n++) {
		uint32_t at = *from;
		struct seki_kept *old = seki_walk_kept(w, at);

		if (covers(w, old, seki_kept_marks(w, at, 0), w->state)) {
			*from = old->older;
			old->older = *head;
			*head = at;
			return old;
		}
		from = &old->older;
	}
	return NULL;
}

static void keep(struct seki_walk *w, struct seki_kept *now)
{
	uint32_t *bucket = &w->buckets[now->hash & (w->n_buckets - 1)];
	struct seki_path_state *p = &w->state->p;

	now->chained = *bucket;
	*bucket = p->keeper = (uint32_t)w->arena.low;
	seki_walk_read_begin(w, p->keeper);
	p->since = 0;
	p->forked &= !w->nodes[p->pc].join; /* where they meet next is of interest still */
	w->arena.low += now->bytes + (p->depth + 1) * sizeof(struct seki_marks);
}

static int end_covered(struct seki_walk *w, const struct seki_kept *by)
{
	seki_walk_read_as(w, (uint32_t)((const uint8_t *)by - w->arena.base));
	seki_walk_end(w, by->cost);
	return WALK_END;
}

/* The present state, packed behind the kept ones. NULL: no more room. */
static struct seki_kept *pack_here(struct seki_walk *w)
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
		if (kept->p.depth != s->p.depth)
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
	now = pack_here(w);
	if (!now)
		return -ENOENT;
	seki_walk_guess_origin(w, w->other);
	if (!covers(w, now, NULL, w->other))
		return -ENOENT;
	same = find_same(w, now);
	if (same && same->open)
		return -ENOENT;
	if (same) {
		seki_walk_guess_drop(w);
		return end_covered(w, same);
	}
	now->guessed = guessed + 1;
	keep(w, now);
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
	struct seki_kept *now = pack_here(w), *old;
	int err;

	if (!now) {
		old = find_covering(w);
		return old ? end_covered(w, old) : 0;
	}
	old = find_same(w, now);
	if (old && old->open)
		return seki_walk_endless(w);
	if (!old)
		old = find_covering(w);
	if (old)
		return end_covered(w, old);
	err = guess(w);
	if (err >= 0)
		return err;
	if (w->no_guess) /* made in its place */
		now = pack_here(w);
	w->no_guess = false;
	if (now)
		keep(w, now);
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

/* No sum wraps: a cost is the length of a path over instructions that were walked, none twice. */
void seki_walk_end(struct seki_walk *w, uint32_t cost)
{
	uint32_t at = w->state->p.keeper;

	for (cost += w->state->p.since;; at = seki_walk_kept(w, at)->p.keeper) {
		struct seki_kept *kept = seki_walk_kept(w, at);

		kept->cost = seki_max(kept->cost, cost);
		if (--kept->open || at == w->root)
			return;
		finish(w, kept, at);
		seki_walk_read_by(w, at);
		cost = kept->cost + kept->p.since;
	}
}
