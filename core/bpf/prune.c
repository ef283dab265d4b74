// SPDX-License-Identifier: Apache-2.0
/*
 * States set aside and states kept. Where paths meet, a state that is covered by one already walked
 * from there need not be walked: whatever the program can do from it, it could from the other. To
 * make that likely, what no later instruction can see is forgotten first.
 *
 * Packed form of a state: struct packed, then per frame struct packed_frame, its registers that
 * hold something in order, its spills. All parts are multiples of 8 bytes.
 */
#include "core/bpf/walk.h"

#include <string.h>

#include "core/base/check.h"

#define KEPT_MAX 64 /* states compared with at one instruction: the newest */
#define IDS_MAX	 64

struct packed {
	uint32_t older; /* kept states: the one kept before it at this instruction */
	uint32_t bytes;
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

static bool holds_something(const struct seki_reg *reg)
{
	return reg->type != SEKI_REG_NONE && reg->type != SEKI_REG_GONE;
}

static uint16_t regs_mask(const struct seki_frame *f)
{
	uint16_t mask = 0;

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		if (holds_something(&f->regs[i]))
			mask |= (uint16_t)(1u << i);
	return mask;
}

static size_t frame_size(const struct seki_frame *f)
{
	size_t size = sizeof(struct packed_frame) + f->n_spills * sizeof(struct seki_spill);

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		if (holds_something(&f->regs[i]))
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

static void pack(uint8_t *at, const struct seki_state *s, size_t size, uint32_t older)
{
	struct packed *head = (struct packed *)(void *)at;

	*head = (struct packed){.older = older, .bytes = (uint32_t)size, .p = s->p};
	at += sizeof(*head);
	for (uint32_t d = 0; d <= s->p.depth; d++)
		at = pack_frame(at, &s->frames[d]);
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
	pack(w->arena.base + w->arena.high, s, size, 0);
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
	w->state->p = head->p;
	at += sizeof(*head);
	for (uint32_t d = 0; d <= head->p.depth; d++)
		at = unpack_frame(at, &w->state->frames[d]);
	return 0;
}

/* Which symbols the state uses, and how often. */
struct ids {
	uint32_t id[IDS_MAX];
	uint32_t uses[IDS_MAX];
	uint32_t n;
};

static void count_id(struct seki_reg *reg, void *arg)
{
	struct ids *ids = arg;

	if (!holds_something(reg) || reg->id < SEKI_SYM_FRESH)
		return;
	for (uint32_t i = 0; i < ids->n; i++)
		if (ids->id[i] == reg->id) {
			ids->uses[i]++;
			return;
		}
	if (ids->n < IDS_MAX) {
		ids->id[ids->n] = reg->id;
		ids->uses[ids->n++] = 1;
	}
}

static uint32_t uses_of(const struct ids *ids, uint32_t id)
{
	for (uint32_t i = 0; i < ids->n; i++)
		if (ids->id[i] == id)
			return ids->uses[i];
	return ids->n < IDS_MAX ? 0 : 2;
}

/* A symbol of one register only says nothing. */
static void drop_lonely(struct seki_reg *reg, void *arg)
{
	if (reg->type == SEKI_REG_NUMBER && reg->id >= SEKI_SYM_FRESH && uses_of(arg, reg->id) < 2)
		reg->id = SEKI_SYM_NONE;
}

static void tidy_ids(struct seki_state *s)
{
	struct ids ids = {.n = 0};
	uint32_t kept = 0;

	seki_state_each(s, count_id, &ids);
	for (uint32_t i = 0; i < s->p.n_facts; i++)
		if (uses_of(&ids, s->p.facts[i].id))
			s->p.facts[kept++] = s->p.facts[i];
	s->p.n_facts = kept;
	for (uint32_t i = 0; i < ids.n; i++) {
		if (ids.id[i] == s->p.step_id)
			ids.uses[i] = 2;
		for (uint32_t k = 0; k < s->p.n_facts; k++)
			if (ids.id[i] == s->p.facts[k].id)
				ids.uses[i] = 2;
	}
	seki_state_each(s, drop_lonely, &ids);
}

static bool slot_is_live(const struct seki_spill *spill, uint64_t live)
{
	return live >> (spill->at / 8) & 1 || live >> ((spill->at + spill->bytes - 1) / 8) & 1;
}

/* Numbers in dead slots become "some number"; pointers stay, as they could still be reached through
 * a pointer into the stack. */
static void tidy_frame(struct seki_frame *f, uint16_t live_regs, uint64_t live_slots)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < SEKI_BPF_FP; i++)
		if (!(live_regs >> i & 1))
			f->regs[i].type = SEKI_REG_NONE;
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (seki_reg_is_pointer(&f->spills[i].reg) ||
		    slot_is_live(&f->spills[i], live_slots))
			f->spills[kept++] = f->spills[i];
	f->n_spills = kept;
}

static void tidy(struct seki_walk *w)
{
	struct seki_state *s = w->state;
	const struct seki_node *node = &w->nodes[s->p.pc];

	for (uint32_t d = s->p.depth + 1; d-- > 0;) {
		uint16_t regs = node->live_regs;

		if (d < s->p.depth)
			regs &= 0x3c0; /* the call has destroyed the others */
		tidy_frame(&s->frames[d], regs, node->live_slots);
		node = &w->nodes[s->frames[d].call + 1];
	}
	tidy_ids(s);
}

/* Symbols of the kept state -> those of the present one. */
struct pairs {
	uint32_t old[IDS_MAX], new[IDS_MAX];
	uint32_t n;
};

/* The kept state may have been walked relying on two registers being tied: they must be now. */
static bool pair(struct pairs *pairs, uint32_t old, uint32_t new)
{
	if (old < SEKI_SYM_FRESH || new < SEKI_SYM_FRESH)
		return old == new;
	for (uint32_t i = 0; i < pairs->n; i++)
		if (pairs->old[i] == old)
			return pairs->new[i] == new;
	if (pairs->n == IDS_MAX)
		return false;
	pairs->old[pairs->n] = old;
	pairs->new[pairs->n++] = new;
	return true;
}

static bool reg_covers(const struct seki_reg *old, const struct seki_reg *new, struct pairs *pairs)
{
	if (!holds_something(old))
		return true;
	if (old->type != new->type || old->frame != new->frame || old->map != new->map ||
	    !seki_scalar_covers(&old->v, &new->v))
		return false;
	if (!old->id)
		return true;
	return old->id_off == new->id_off &&
	       old->shifted == new->shifted &&pair(pairs, old->id, new->id);
}

static bool spill_covers(const struct seki_spill *old, const struct seki_frame *f,
			 struct pairs *pairs)
{
	const struct seki_reg *now = seki_frame_fill(f, old->at, old->bytes);

	return now && reg_covers(&old->reg, now, pairs);
}

/* Bytes that were plain in the kept state must not be part of a pointer now: every pointer now has
 * its like there. */
static bool pointers_covered(const struct packed_frame *head, const struct seki_spill *old,
			     const struct seki_frame *f)
{
	for (uint32_t i = 0; i < f->n_spills; i++) {
		const struct seki_spill *now = &f->spills[i];
		bool found = false;

		if (!seki_reg_is_pointer(&now->reg))
			continue;
		for (uint32_t k = 0; k < head->n_spills && !found; k++)
			found = old[k].at == now->at && seki_reg_is_pointer(&old[k].reg);
		/* Bytes that the kept path could not read do not matter. */
		if (!found && (head->set[now->at / 64] >> (now->at % 64) & 0xff))
			return false;
	}
	return true;
}

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
	for (uint32_t i = 0; i < head->n_spills; i++)
		if (!spill_covers(&spills[i], f, pairs))
			return NULL;
	if (!pointers_covered(head, spills, f))
		return NULL;
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

static bool path_covers(const struct seki_path_state *old, const struct seki_path_state *new,
			struct pairs *pairs)
{
	if (old->depth != new->depth || old->grown != new->grown || old->len_min > new->len_min ||
	    old->len_max < new->len_max || old->moved_min > new->moved_min ||
	    (old->meta_is_len && !new->meta_is_len) || (new->map_changed && !old->map_changed))
		return false;
	for (uint32_t i = 0; i < old->n_facts; i++)
		if (!fact_holds(&old->facts[i], new, pairs))
			return false;
	return !old->step_id ||
	       (old->step_sub == new->step_sub &&pair(pairs, old->step_id, new->step_id));
}

static bool covers(const struct packed *old, const struct seki_state *s)
{
	const uint8_t *at = (const uint8_t *)(old + 1);
	struct pairs pairs;

	pairs.n = 0;
	if (old->p.depth != s->p.depth)
		return false;
	for (uint32_t d = 0; at && d <= s->p.depth; d++)
		at = frame_covers(at, &s->frames[d], &pairs);
	return at && path_covers(&old->p, &s->p, &pairs);
}

static void keep(struct seki_walk *w)
{
	struct seki_node *node = &w->nodes[w->state->p.pc];
	size_t size = packed_size(w->state);

	/* Leave half of what is left to the pending states; not keeping one costs time only. */
	if ((w->arena.high - w->arena.low) / 2 < size)
		return;
	pack(w->arena.base + w->arena.low, w->state, size, node->seen);
	node->seen = (uint32_t)w->arena.low;
	w->arena.low += size;
}

bool seki_walk_prune(struct seki_walk *w)
{
	uint32_t at = w->nodes[w->state->p.pc].seen;

	tidy(w);
	for (uint32_t n = 0; at && n < KEPT_MAX; n++) {
		const struct packed *old = (const struct packed *)(void *)(w->arena.base + at);

		if (covers(old, w->state))
			return true;
		at = old->older;
	}
	keep(w);
	return false;
}
