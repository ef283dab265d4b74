// SPDX-License-Identifier: Apache-2.0
/*
 * Which bytes of the stack matter to a kept state: those that a path from it read before writing
 * them. When it is finished all such paths have been walked, so that is known for good, through
 * whatever pointer they were read. Any other byte may hold anything, or nothing, and no path would
 * tell the difference.
 */
#include "core/bpf/verify/pack.h"

#include "core/base/check.h"

/* The bits of bytes [at, at + bytes) that are in this word of a mask. */
static uint64_t in_word(uint32_t word, uint32_t at, uint32_t bytes)
{
	uint64_t from = seki_max(at, word * 64), to = seki_min(at + bytes, word * 64 + 64);

	if (from >= to)
		return 0;
	return UINT64_MAX >> (64 - (to - from)) << (from - word * 64);
}

void seki_walk_read(struct seki_walk *w, uint32_t frame, uint32_t at, uint32_t bytes)
{
	const struct seki_frame *f = &w->state->frames[frame];
	struct seki_marks *marks = seki_kept_marks(w, w->state->p.keeper, frame);

	for (uint32_t i = 0; marks && i < SEKI_FRAME_WORDS; i++)
		marks->read[i] |= in_word(i, at, bytes) & ~f->written[i];
}

static void add(struct seki_marks *to, const struct seki_marks *from, const uint64_t *written)
{
	for (uint32_t i = 0; i < SEKI_FRAME_WORDS; i++)
		to->read[i] |= from->read[i] & ~written[i];
}

void seki_walk_read_as(struct seki_walk *w, uint32_t covering)
{
	for (uint32_t d = 0; d <= w->state->p.depth; d++) {
		struct seki_marks *to = seki_kept_marks(w, w->state->p.keeper, d);
		const struct seki_marks *from = seki_kept_marks(w, covering, d);

		if (to && from)
			add(to, from, w->state->frames[d].written);
	}
}

void seki_walk_read_by(struct seki_walk *w, uint32_t child)
{
	const struct seki_kept *kept = seki_walk_kept(w, child);

	for (uint32_t d = 0; d <= kept->p.depth; d++) {
		struct seki_marks *to = seki_kept_marks(w, kept->p.keeper, d);
		const struct seki_marks *from = seki_kept_marks(w, child, d);

		if (to)
			add(to, from, from->written);
	}
}

/* From here on what is written counts for the state that is kept here. */
void seki_walk_read_begin(struct seki_walk *w, uint32_t kept)
{
	for (uint32_t d = 0; d <= w->state->p.depth; d++) {
		struct seki_marks *marks = seki_kept_marks(w, kept, d);
		uint64_t *written = w->state->frames[d].written;

		for (uint32_t i = 0; i < SEKI_FRAME_WORDS; i++) {
			marks->written[i] = written[i];
			marks->read[i] = written[i] = 0;
		}
	}
}
