// SPDX-License-Identifier: Apache-2.0
/* Registers, stack frames and the packet's length on one path: see the header. */
#include "core/bpf/verify/state.h"

#include <string.h>

#include "core/base/check.h"

struct seki_reg seki_reg_number(struct seki_scalar v)
{
	return (struct seki_reg){.type = SEKI_REG_NUMBER, .v = v};
}

struct seki_reg seki_reg_pointer(enum seki_reg_type type)
{
	return (struct seki_reg){.type = (uint8_t)type, .v = seki_scalar_const(0)};
}

void seki_state_copy(struct seki_state *to, const struct seki_state *from)
{
	to->p = from->p;
	for (uint32_t d = 0; d <= from->p.depth; d++) {
		memcpy(&to->frames[d], &from->frames[d],
		       offsetof(struct seki_frame, spills) +
			       from->frames[d].n_spills * sizeof(struct seki_spill));
		to->work += SEKI_BPF_REGS + from->frames[d].n_spills;
	}
}

void seki_state_each(struct seki_state *s, void (*fn)(struct seki_reg *reg, void *arg), void *arg)
{
	for (uint32_t d = 0; d <= s->p.depth; d++) {
		struct seki_frame *f = &s->frames[d];

		s->work += SEKI_BPF_REGS + f->n_spills;
		for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
			fn(&f->regs[i], arg);
		for (uint32_t i = 0; i < f->n_spills; i++)
			fn(&f->spills[i].reg, arg);
	}
}

int64_t seki_state_len_min(const struct seki_state *s)
{
	if (!s->p.less)
		return s->p.len_min + s->p.grown;
	for (uint32_t i = 0; i < s->p.n_facts; i++) {
		const struct seki_fact *fact = &s->p.facts[i];

		if (fact->id == s->p.less && !fact->shift && fact->off + s->p.grown > 0)
			return fact->off + s->p.grown;
	}
	return 0;
}

struct clamp {
	int64_t min, max;
	uint64_t work;
};

static void clamp_len(struct seki_reg *reg, void *arg)
{
	struct clamp *c = arg;

	if (reg->type != SEKI_REG_NUMBER || reg->id != SEKI_SYM_LEN || reg->shifted)
		return;
	seki_scalar_clamp(&reg->v, c->min + reg->id_off, c->max + reg->id_off);
	c->work += SEKI_NARROW_WORK;
}

bool seki_state_narrow_len(struct seki_state *s, int64_t min, int64_t max)
{
	struct clamp c = {min, max, 0};

	if (c.min < s->p.len_min)
		c.min = s->p.len_min;
	if (c.max > s->p.len_max)
		c.max = s->p.len_max;
	if (c.min > c.max)
		return false;
	seki_state_each(s, clamp_len, &c);
	s->work += c.work;
	s->p.len_min = c.min;
	s->p.len_max = c.max;
	return true;
}

bool seki_frame_is_set(const struct seki_frame *f, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = at; i < at + bytes; i++)
		if (!(f->set[i / 64] >> (i % 64) & 1))
			return false;
	return true;
}

static void set_bits(uint64_t *bits, uint32_t at, uint32_t n)
{
	for (uint32_t i = at; i < at + n; i++)
		bits[i / 64] |= 1ull << (i % 64);
}

void seki_frame_mark(struct seki_frame *f, uint32_t at, uint32_t bytes)
{
	set_bits(f->set, at, bytes);
}

static bool overlaps(const struct seki_spill *spill, uint32_t at, uint32_t bytes)
{
	return spill->at < at + bytes && at < (uint32_t)spill->at + spill->bytes;
}

bool seki_frame_has_pointer(const struct seki_frame *f, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (overlaps(&f->spills[i], at, bytes) && seki_reg_is_pointer(&f->spills[i].reg))
			return true;
	return false;
}

void seki_frame_unmark(struct seki_frame *f, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = at; i < at + bytes; i++)
		f->set[i / 64] &= ~(1ull << (i % 64));
}

void seki_frame_forget(struct seki_frame *f, uint32_t at, uint32_t bytes)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->n_spills; i++) {
		const struct seki_spill *spill = &f->spills[i];

		if (!overlaps(spill, at, bytes)) {
			f->spills[kept++] = *spill;
			continue;
		}
		if (seki_reg_is_pointer(&spill->reg))
			seki_frame_unmark(f, spill->at, spill->bytes);
	}
	f->n_spills = kept;
}

/* Pointers take an aligned 8 bytes each, so there is room for all of them; a number that finds no
 * room is just not remembered. */
static bool make_room(struct seki_frame *f, bool pointer)
{
	if (f->n_spills < SEKI_SPILLS)
		return true;
	for (uint32_t i = 0; pointer && i < f->n_spills; i++) {
		if (seki_reg_is_pointer(&f->spills[i].reg))
			continue;
		f->spills[i] = f->spills[--f->n_spills];
		return true;
	}
	return false;
}

void seki_frame_spill(struct seki_frame *f, uint32_t at, uint32_t bytes, const struct seki_reg *reg)
{
	seki_frame_forget(f, at, bytes);
	seki_frame_mark(f, at, bytes);
	set_bits(f->written, at, bytes);
	if (!make_room(f, seki_reg_is_pointer(reg)))
		return;
	f->spills[f->n_spills++] =
		(struct seki_spill){.at = (uint16_t)at, .bytes = (uint16_t)bytes, .reg = *reg};
}

const struct seki_reg *seki_frame_fill(const struct seki_frame *f, uint32_t at, uint32_t bytes)
{
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (f->spills[i].at == at && f->spills[i].bytes == bytes)
			return &f->spills[i].reg;
	return NULL;
}
