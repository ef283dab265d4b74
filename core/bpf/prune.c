// SPDX-License-Identifier: Apache-2.0
/*
 * States set aside and states kept. Where paths meet, a state that is covered by one already walked
 * from there need not be walked: whatever the program can do from it, it could from the other.
 *
 * Packed form of a state: struct packed, then per frame struct packed_frame, its registers that
 * hold something in order, its spills. All parts are multiples of 8 bytes.
 */
#include "core/bpf/walk.h"

#include <string.h>

#include "core/base/check.h"

#define KEPT_MAX   16 /* states compared with at one instruction: the newest */
#define PAIRS_MAX  64
#define CHAIN_WORK 8  /* a cache line that was not asked for */
#define COPY_BYTES 32 /* packed, hashed or unpacked while a register is looked at, about */

struct packed {
	uint32_t older;	  /* kept states: the one kept before it at this instruction */
	uint32_t chained; /* kept states: the next one in its bucket */
	uint32_t bytes;
	uint32_t hash;
	struct seki_path_state p;
};

struct packed_frame {
	uint64_t set[SEKI_BPF_FRAME_BYTES / 64];
	uint32_t call;
	uint16_t regs; /* bit i: ri is there */
	uint16_t n_spills;
};

_Static_assert(sizeof(struct packed) % 8 == 0 && sizeof(struct packed_frame) % 8 == 0 &&
		       sizeof(struct seki_reg) % 8 == 0 && sizeof(struct seki_spill) % 8 == 0,
	       "parts of a packed state stay aligned");

static uint16_t regs_mask(const struct seki_frame *f)
{
	uint16_t mask = 0;

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		if (seki_reg_holds_something(&f->regs[i]))
			mask |= (uint16_t)(1u << i);
	return mask;
}

static size_t frame_size(const struct seki_frame *f)
{
	size_t size = sizeof(struct packed_frame) + f->n_spills * sizeof(struct seki_spill);

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		if (seki_reg_holds_something(&f->regs[i]))
			size += sizeof(struct seki_reg);
	return size;
}

static size_t packed_size(const struct seki_state *s)
{
	size_t size = sizeof(struct packed);

	for (uint32_t d = 0; d <= s->p.depth; d++)
		size += frame_size(&s->frames[d]);
	return size;
}

static uint8_t *pack_frame(uint8_t *at, const struct seki_frame *f)
{
	struct packed_frame *head = (struct packed_frame *)(void *)at;

	memcpy(head->set, f->set, sizeof(head->set));
	head->call = f->call;
	head->regs = regs_mask(f);
	head->n_spills = (uint16_t)f->n_spills;
	at += sizeof(*head);
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (!(head->regs >> i & 1))
			continue;
		memcpy(at, &f->regs[i], sizeof(f->regs[i]));
		at += sizeof(f->regs[i]);
	}
	memcpy(at, f->spills, f->n_spills * sizeof(f->spills[0]));
	return at + f->n_spills * sizeof(f->spills[0]);
}

static struct packed *pack(struct seki_walk *w, size_t where, const struct seki_state *s,
			   size_t size)
{
	uint8_t *at = w->arena.base + where;
	struct packed *head = (struct packed *)(void *)at;

	memset(head, 0, sizeof(*head));
	head->bytes = (uint32_t)size;
	memcpy(&head->p, &s->p, sizeof(head->p));
	at += sizeof(*head);
	for (uint32_t d = 0; d <= s->p.depth; d++)
		at = pack_frame(at, &s->frames[d]);
	w->work += size / COPY_BYTES;
	return head;
}

static const uint8_t *unpack_frame(const uint8_t *at, struct seki_frame *f)
{
	const struct packed_frame *head = (const struct packed_frame *)(const void *)at;

	memcpy(f->set, head->set, sizeof(head->set));
	f->call = head->call;
	f->n_spills = head->n_spills;
	at += sizeof(*head);
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (!(head->regs >> i & 1)) {
			f->regs[i].type = SEKI_REG_NONE;
			continue;
		}
		memcpy(&f->regs[i], at, sizeof(f->regs[i]));
		at += sizeof(f->regs[i]);
	}
	memcpy(f->spills, at, f->n_spills * sizeof(f->spills[0]));
	return at + f->n_spills * sizeof(f->spills[0]);
}

int seki_walk_push(struct seki_walk *w, const struct seki_state *s)
{
	size_t size = packed_size(s);

	if (w->arena.high - w->arena.low < size)
		return seki_walk_too_complex(w, "too many paths are open at once");
	w->arena.high -= size;
	pack(w, w->arena.high, s, size);
	w->pending++;
	return 0;
}

int seki_walk_pop(struct seki_walk *w)
{
	const uint8_t *at = w->arena.base + w->arena.high;
	const struct packed *head = (const struct packed *)(const void *)at;

	if (!w->pending)
		return WALK_END;
	w->pending--;
	w->arena.high += head->bytes;
	w->work += head->bytes / COPY_BYTES;
	w->state->p = head->p;
	at += sizeof(*head);
	for (uint32_t d = 0; d <= head->p.depth; d++)
		at = unpack_frame(at, &w->state->frames[d]);
	return 0;
}

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

/*
 * Every field of a register takes part. One that the kept path could not read, or that it knew no
 * symbol of, covers all; else
 * - type, frame, map: what it points to is the same;
 * - v: each number, or offset, now was one of those then;
 * - id: the symbol stands where the kept path had one, so all that was equal is so now;
 * - id_off, shifted: by the same sum. (`unused` is always 0.)
 */
static bool reg_covers(const struct seki_reg *old, const struct seki_reg *new, struct pairs *pairs)
{
	pairs->work++;
	if (!seki_reg_holds_something(old))
		return true;
	if (old->type != new->type || old->frame != new->frame || old->map != new->map ||
	    !seki_scalar_covers(&old->v, &new->v))
		return false;
	if (!old->id)
		return true;
	if (old->id_off != new->id_off || old->shifted != new->shifted)
		return false;
	return pair(pairs, old->id, new->id);
}

/* Both in the order of the stack. */
static bool spills_cover(const struct seki_spill *old, uint32_t n, const struct seki_frame *f,
			 struct pairs *pairs)
{
	const struct seki_spill *now = f->spills, *end = now + f->n_spills;

	for (uint32_t i = 0; i < n; i++) {
		while (now < end && now->at < old[i].at)
			now++;
		if (now == end || now->at != old[i].at || now->bytes != old[i].bytes ||
		    !reg_covers(&old[i].reg, &now->reg, pairs))
			return false;
	}
	return true;
}

/* Bytes that were plain in the kept state must not be part of a pointer now: every pointer now has
 * its like there. */
static bool pointers_covered(const struct packed_frame *head, const struct seki_spill *old,
			     const struct seki_frame *f)
{
	const struct seki_spill *end = old + head->n_spills;

	for (uint32_t i = 0; i < f->n_spills; i++) {
		const struct seki_spill *now = &f->spills[i];

		if (!seki_reg_is_pointer(&now->reg))
			continue;
		while (old < end && old->at < now->at)
			old++;
		if (old < end && old->at == now->at && seki_reg_is_pointer(&old->reg))
			continue;
		/* Bytes that the kept path could not read do not matter. */
		if (head->set[now->at / 64] >> (now->at % 64) & 0xff)
			return false;
	}
	return true;
}

/*
 * - call: the frame returns to the same place;
 * - set: bytes that the kept path could read, it can read now;
 * - regs, spills: each of the kept path covers the present one; what was a number that nobody
 *   remembered is any number, but no pointer.
 */
static const uint8_t *frame_covers(const uint8_t *at, const struct seki_frame *f,
				   struct pairs *pairs)
{
	const struct packed_frame *head = (const struct packed_frame *)(const void *)at;
	const struct seki_spill *spills;

	if (head->call != f->call)
		return NULL;
	for (size_t i = 0; i < SEKI_COUNT(head->set); i++)
		if (head->set[i] & ~f->set[i])
			return NULL;
	at += sizeof(*head);
	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++) {
		if (!(head->regs >> i & 1))
			continue;
		if (!reg_covers((const struct seki_reg *)(const void *)at, &f->regs[i], pairs))
			return NULL;
		at += sizeof(struct seki_reg);
	}
	spills = (const struct seki_spill *)(const void *)at;
	if (!spills_cover(spills, head->n_spills, f, pairs) || !pointers_covered(head, spills, f))
		return NULL;
	pairs->work += f->n_spills;
	return at + head->n_spills * sizeof(*spills);
}

static bool fact_holds(const struct seki_fact *fact, const struct seki_path_state *p,
		       struct pairs *pairs)
{
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].off >= fact->off && pair(pairs, fact->id, p->facts[i].id))
			return true;
	return false;
}

/*
 * Every field of the path takes part but pc, since states are kept per instruction, and branch,
 * which is for messages:
 * - depth: the same frames (covers() has seen to it);
 * - grown: the length's symbol means the same;
 * - len_min, len_max: each length now was one of those then;
 * - moved_min: the head was as far on then, and as much of the packet was touched;
 * - meta_is_len: what was believed of the field is true now; where it was not, a load of it told
 *   nothing that is wrong now;
 * - map_changed: a call that must not wait now must not have then;
 * - facts: each that the kept path relied on holds.
 */
static bool path_covers(const struct seki_path_state *old, const struct seki_path_state *new,
			struct pairs *pairs)
{
	if (old->grown != new->grown || old->len_min > new->len_min ||
	    old->len_max < new->len_max || old->moved_min > new->moved_min ||
	    (old->meta_is_len && !new->meta_is_len) || (new->map_changed && !old->map_changed))
		return false;
	for (uint32_t i = 0; i < old->n_facts; i++)
		if (!fact_holds(&old->facts[i], new, pairs))
			return false;
	return true;
}

static bool covers(struct seki_walk *w, const struct packed *old)
{
	const uint8_t *at = (const uint8_t *)(old + 1);
	const struct seki_state *s = w->state;
	struct pairs pairs;

	pairs.n = 0;
	pairs.work = 1;
	if (old->p.depth != s->p.depth)
		return false;
	for (uint32_t d = 0; at && d <= s->p.depth; d++)
		at = frame_covers(at, &s->frames[d], &pairs);
	w->work += pairs.work;
	return at && path_covers(&old->p, &s->p, &pairs);
}

/* Over the state itself, from the path on. */
static uint32_t hash_state(const struct packed *head)
{
	const uint8_t *at = (const uint8_t *)&head->p;
	uint64_t hash = 0x9e3779b97f4a7c15u;

	for (size_t left = head->bytes - offsetof(struct packed, p); left; left -= 8, at += 8) {
		uint64_t word;

		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * 0xff51afd7ed558ccdu;
		hash ^= hash >> 32;
	}
	return (uint32_t)hash;
}

/* The very same state, which most are where paths meet again. */
static bool kept_already(struct seki_walk *w, const struct packed *now)
{
	uint32_t at = w->buckets[now->hash % SEKI_WALK_BUCKETS];

	while (at) {
		const struct packed *old = (const struct packed *)(void *)(w->arena.base + at);

		if (old->hash == now->hash && old->bytes == now->bytes &&
		    !memcmp(&old->p, &now->p, now->bytes - offsetof(struct packed, p)))
			return true;
		w->work += CHAIN_WORK;
		at = old->chained;
	}
	return false;
}

static bool covered(struct seki_walk *w)
{
	uint32_t at = w->nodes[w->state->p.pc].seen;

	for (uint32_t n = 0; at && n < KEPT_MAX; n++) {
		const struct packed *old = (const struct packed *)(void *)(w->arena.base + at);

		if (covers(w, old))
			return true;
		at = old->older;
	}
	return false;
}

/* Where there is no more room, states are not kept: that costs time only. */
bool seki_walk_prune(struct seki_walk *w)
{
	struct seki_node *node = &w->nodes[w->state->p.pc];
	size_t size = packed_size(w->state);
	struct packed *now;
	uint32_t *bucket;

	if (w->arena.low + size > w->arena.keep_end || w->arena.low + size > w->arena.high)
		return covered(w);
	now = pack(w, w->arena.low, w->state, size);
	now->p.branch = 0; /* how it came here does not matter */
	now->hash = hash_state(now);
	if (kept_already(w, now) || covered(w))
		return true;
	bucket = &w->buckets[now->hash % SEKI_WALK_BUCKETS];
	now->chained = *bucket;
	now->older = node->seen;
	*bucket = node->seen = (uint32_t)w->arena.low;
	w->arena.low += size;
	return false;
}
