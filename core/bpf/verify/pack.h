/* SPDX-License-Identifier: Apache-2.0 */
/* The packed form of a state (pack.c), as prune.c compares it with a state. */
#ifndef SEKI_CORE_BPF_PACK_H
#define SEKI_CORE_BPF_PACK_H

#include "core/bpf/verify/walk.h"

#define SEKI_COPY_BYTES 32 /* packed, hashed or unpacked while a register is looked at, about */

/* What follows of the number: all of it, one word, nothing. */
enum { SEKI_FORM_RANGE, SEKI_FORM_CONST, SEKI_FORM_UNKNOWN };

/* A register, or, with its place in the stack, a spill. */
struct seki_packed_reg {
	uint8_t type, frame, map;
	uint8_t shifted;
	uint32_t id;
	int32_t id_off;
	uint16_t at;
	uint8_t bytes;
	uint8_t form;
};

struct seki_packed_frame {
	uint64_t set[SEKI_FRAME_WORDS];
	uint32_t call;
	uint16_t regs; /* bit i: ri is there */
	uint16_t n_spills;
};

/* Behind a kept state, of each of its frames: the bytes written since its parent, and those that
 * matter to it (reads.c). */
struct seki_marks {
	uint64_t written[SEKI_FRAME_WORDS];
	uint64_t read[SEKI_FRAME_WORDS];
};

/* NULL: it has no such frame, or is the root. */
static inline struct seki_marks *seki_kept_marks(const struct seki_walk *w, uint32_t at,
						 uint32_t frame)
{
	struct seki_kept *kept = seki_walk_kept(w, at);

	if (at == w->root || frame > kept->p.depth)
		return NULL;
	return (struct seki_marks *)(void *)((uint8_t *)kept + kept->bytes) + frame;
}

/* reads.c: the present state, which the kept one covers, matters as that does; the parent of a
 * finished state as the state; a state has just been kept. */
void seki_walk_read_as(struct seki_walk *w, uint32_t covering);
void seki_walk_read_by(struct seki_walk *w, uint32_t child);
void seki_walk_read_begin(struct seki_walk *w, uint32_t kept);

/* prune.c: does the kept state cover the other? `marks`: of its frames, where it is finished; NULL:
 * all may be read. */
bool seki_kept_covers(struct seki_walk *w, const struct seki_kept *old,
		      const struct seki_marks *marks, const struct seki_state *s);

/* prune.c: the present state, packed behind the kept ones (NULL: no more room); the very same one,
 * kept before; keeps what was packed. */
struct seki_kept *seki_kept_pack(struct seki_walk *w);
struct seki_kept *seki_kept_same(struct seki_walk *w, const struct seki_kept *now);
void seki_kept_keep(struct seki_walk *w, struct seki_kept *now);

/* rank.c: is this the next round of the ranked loop, what grows having grown (WALK_END)? */
int seki_rank_end(struct seki_walk *w);

/* rank.c: 0: from here on one round is walked for all. -ENOENT: no loop that it can be done for. */
int seki_rank_guess(struct seki_walk *w);

static inline size_t seki_form_size(uint8_t form)
{
	return form == SEKI_FORM_RANGE	 ? sizeof(struct seki_scalar)
	       : form == SEKI_FORM_CONST ? sizeof(uint64_t)
					 : 0;
}

/* Packed parts follow one another. */
static inline const struct seki_packed_reg *seki_packed_next(const struct seki_packed_reg *reg)
{
	return (const struct seki_packed_reg *)(const void *)((const uint8_t *)(reg + 1) +
							      seki_form_size(reg->form));
}

#endif
