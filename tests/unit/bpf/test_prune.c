// SPDX-License-Identifier: Apache-2.0
/*
 * Which states are taken for covered by one that was walked: each field of the state, changed so
 * that the program could do more, must make a difference; changed so that it could do less, none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bpf/verify/pack.h"

#define AT	5 /* where the states are compared */
#define CALL	2 /* of the callee */
#define NODES	16
#define BYTES	(1 << 20)

#define BUCKETS 64
#define ROOT	16

enum { A = SEKI_SYM_NEW, B, C, SUM, MAYBE, BYTE, BIT }; /* symbols */

static struct seki_reg number(uint64_t min, uint64_t max, uint32_t id, int32_t off)
{
	struct seki_reg reg = seki_reg_number(seki_scalar_range(min, max));

	reg.id = id;
	reg.id_off = off;
	return reg;
}

static struct seki_reg pointer(enum seki_reg_type type, uint32_t id)
{
	struct seki_reg reg = seki_reg_pointer(type);

	reg.id = id;
	return reg;
}

static void make_caller(struct seki_frame *f)
{
	*f = (struct seki_frame){.n_spills = 0};
	f->regs[6] = number(0, 100, SEKI_SYM_NONE, 0);
	f->regs[7] = number(0, 100, B, 0);
	f->regs[8] = number(0, 1000, BYTE, 0);
	f->regs[9] = number(0, 8007, BIT, 0);
	f->regs[SEKI_BPF_FP] = seki_reg_pointer(SEKI_REG_STACK);
	seki_frame_spill(f, 8, 8, &f->regs[7]);
}

static void make_callee(struct seki_frame *f)
{
	struct seki_reg small = number(3, 9, SEKI_SYM_NONE, 0);

	*f = (struct seki_frame){.call = CALL};
	f->regs[0] = number(0, 1000, A, 0);
	f->regs[1] = number(4, 1004, A, 4);
	f->regs[2] = number(10, 20, SEKI_SYM_NONE, 0);
	f->regs[3] = number(64, 128, SEKI_SYM_LEN, 0);
	f->regs[4] = number(0, 100, SEKI_SYM_BEFORE, 0);
	f->regs[5] = pointer(SEKI_REG_PACKET, B);
	f->regs[6] = pointer(SEKI_REG_STACK, SEKI_SYM_NONE);
	f->regs[7] = pointer(SEKI_REG_VALUE, SEKI_SYM_NONE);
	f->regs[8] = pointer(SEKI_REG_MAYBE, MAYBE);
	f->regs[9] = number(0, 100, B, 0);
	f->regs[9].v = seki_scalar_range(0, 100ull << 32);
	f->regs[9].shifted = true;
	f->regs[SEKI_BPF_FP] = pointer(SEKI_REG_STACK, SEKI_SYM_NONE);
	f->regs[SEKI_BPF_FP].frame = 1;
	seki_frame_spill(f, 16, 8, &f->regs[8]);
	seki_frame_spill(f, 32, 8, &f->regs[0]);
	seki_frame_spill(f, 44, 4, &small);
	seki_frame_mark(f, 64, 16);
}

static void make(struct seki_state *s)
{
	s->work = 0;
	s->p = (struct seki_path_state){
		.pc = AT,
		.depth = 1,
		.branch = 3,
		.meta_is_len = true,
		.n_facts = 3,
		.n_terms = 2,
		.n_holes = 1,
		.holes = {{B, 7}},
		.facts = {{B, 14, 0}, {SUM, 10, 0}, {BYTE, 5, 0}},
		.terms = {{SUM, A, B, SEKI_TERM_SUM}, {BIT, BYTE, 3, SEKI_TERM_SHIFT}},
		.len_min = 64,
		.len_max = 128,
		.grown = 4,
		.moved_min = -14,
	};
	make_caller(&s->frames[0]);
	make_callee(&s->frames[1]);
}

static struct seki_reg *top(struct seki_state *s, int reg)
{
	return &seki_state_top(s)->regs[reg];
}

static struct seki_spill *spill(struct seki_state *s, uint16_t at)
{
	struct seki_frame *f = seki_state_top(s);

	for (uint32_t i = 0; i < f->n_spills; i++)
		if (f->spills[i].at == at)
			return &f->spills[i];
	fail();
	return NULL;
}

/* The place, which is counted in bytes and in bits, is so many bytes and bits further than its
 * symbols; and the length is so much more than the bytes'. */
static void move_place(struct seki_state *s, int32_t bytes, int32_t bits, int32_t length)
{
	s->frames[0].regs[8].id_off = bytes;
	s->frames[0].regs[9].id_off = bits;
	s->p.facts[2].off = length;
}

/* The place is known. */
static void set_place(struct seki_state *s, uint64_t bytes, uint64_t bits)
{
	s->frames[0].regs[8] = seki_reg_number(seki_scalar_const(bytes));
	s->frames[0].regs[9] = seki_reg_number(seki_scalar_const(bits));
	s->p.n_facts = 2;
	s->p.n_terms = 1;
}

#define CHANGES(CHANGE)                                                                            \
	CHANGE(nothing, true, (void)s)                                                             \
	CHANGE(path_branch, true, s->p.branch = 9)                                                 \
	CHANGE(path_pc, false, s->p.pc = AT + 1)                                                   \
	CHANGE(path_depth, false, s->p.depth = 0)                                                  \
	CHANGE(path_meta_is_len, false, s->p.meta_is_len = false)                                  \
	CHANGE(path_map_changed, false, s->p.map_changed = true)                                   \
	CHANGE(path_no_fact, false, s->p.n_facts = 0)                                              \
	CHANGE(path_fact_of_another, false, s->p.facts[0].id = A)                                  \
	CHANGE(path_fact_of_none, false, s->p.facts[0].id = SEKI_SYM_NONE)                         \
	CHANGE(path_fact_less, false, s->p.facts[0].off = 13)                                      \
	CHANGE(path_fact_more, true, s->p.facts[0].off = 15)                                       \
	CHANGE(path_no_term, false, s->p.n_terms = 0)                                              \
	CHANGE(path_fact_shift, false, s->p.facts[0].shift = 1)                                    \
	CHANGE(path_term_kind, false, s->p.terms[0].kind = SEKI_TERM_SHIFT)                        \
	CHANGE(path_term_of_others, false, s->p.terms[0].a = B)                                    \
	CHANGE(path_shift_now_quotient, false, s->p.terms[1].kind = SEKI_TERM_QUOTIENT)            \
	CHANGE(path_shift_by_more, false, s->p.terms[1].b = 4)                                     \
	CHANGE(path_sum_swapped, false, s->p.facts[1].id = A)                                      \
	CHANGE(path_hole_lost, false, s->p.n_holes = 0)                                            \
	CHANGE(path_hole_value, false, s->p.holes[0].value = 8)                                    \
	CHANGE(path_hole_of_another, false, s->p.holes[0].id = A)                                  \
	CHANGE(path_len_min_less, false, s->p.len_min = 63)                                        \
	CHANGE(path_len_min_more, true, s->p.len_min = 65)                                         \
	CHANGE(path_len_max_more, false, s->p.len_max = 129)                                       \
	CHANGE(path_len_max_less, true, s->p.len_max = 127)                                        \
	CHANGE(path_grown, false, s->p.grown = 5)                                                  \
	CHANGE(path_moved_further, false, s->p.moved_min = -15)                                    \
	CHANGE(path_moved_less, true, s->p.moved_min = -13)                                        \
	CHANGE(frame_call, false, s->frames[1].call = 3)                                           \
	CHANGE(frame_set_less, false, s->frames[1].set[1] &= ~1ull)                                \
	CHANGE(frame_set_more, true, s->frames[1].set[4] = 1)                                      \
	CHANGE(reg_gone, false, top(s, 2)->type = SEKI_REG_GONE)                                   \
	CHANGE(reg_number_now_pointer, false, *top(s, 2) = *top(s, 6))                             \
	CHANGE(reg_type, false, top(s, 6)->type = SEKI_REG_META)                                   \
	CHANGE(reg_frame, false, top(s, 6)->frame = 1)                                             \
	CHANGE(reg_map, false, top(s, 7)->map = 1)                                                 \
	CHANGE(reg_shifted, false, top(s, 9)->shifted = false)                                     \
	CHANGE(reg_now_rest, false, top(s, 1)->rest = true)                                        \
	CHANGE(reg_tie_lost, false, top(s, 1)->id = C)                                             \
	CHANGE(reg_tied_to_another, false, top(s, 1)->id = B)                                      \
	CHANGE(reg_tie_off, false, top(s, 1)->id_off = 3)                                          \
	CHANGE(reg_len_lost, false, top(s, 3)->id = SEKI_SYM_NONE)                                 \
	CHANGE(reg_len_off, false, top(s, 3)->id_off = 1)                                          \
	CHANGE(reg_len_now_before, false, top(s, 3)->id = SEKI_SYM_BEFORE)                         \
	CHANGE(reg_before_now_cut, false, top(s, 4)->id = SEKI_SYM_CUT)                            \
	CHANGE(reg_tied_where_none_was, true, top(s, 2)->id = A)                                   \
	CHANGE(reg_tied_first, true, top(s, 2)->id = s->frames[0].regs[6].id = C)                  \
	CHANGE(reg_maybe_of_another, false, top(s, 8)->id = C)                                     \
	CHANGE(reg_maybe_map, false, top(s, 8)->map = 1)                                           \
	CHANGE(reg_umin_less, false, top(s, 2)->v.n.umin--)                                        \
	CHANGE(reg_umin_more, true, top(s, 2)->v.n.umin++)                                         \
	CHANGE(reg_umax_more, false, top(s, 2)->v.n.umax++)                                        \
	CHANGE(reg_smin_less, false, top(s, 2)->v.n.smin--)                                        \
	CHANGE(reg_smax_more, false, top(s, 2)->v.n.smax++)                                        \
	CHANGE(reg_smax_less, true, top(s, 2)->v.n.smax--)                                         \
	CHANGE(reg_bits, false, top(s, 2)->v.n.t.mask |= 32)                                       \
	CHANGE(reg_umin32_less, false, top(s, 2)->v.umin32--)                                      \
	CHANGE(reg_umax32_more, false, top(s, 2)->v.umax32++)                                      \
	CHANGE(reg_smin32_less, false, top(s, 2)->v.smin32--)                                      \
	CHANGE(reg_smax32_more, false, top(s, 2)->v.smax32++)                                      \
	CHANGE(reg_offset, false, top(s, 6)->v = seki_scalar_const(8))                             \
	CHANGE(caller_reg, false, s->frames[0].regs[6].v = seki_scalar_range(0, 101))              \
	CHANGE(place_moved, true, move_place(s, 2, 16, 7))                                         \
	CHANGE(place_moved_back, true, move_place(s, -2, -16, 3))                                  \
	CHANGE(place_moved_and_length_more, true, move_place(s, 2, 16, 8))                         \
	CHANGE(place_moved_and_length_less, false, move_place(s, 2, 16, 6))                        \
	CHANGE(place_moved_in_bytes, false, move_place(s, 2, 0, 7))                                \
	CHANGE(place_moved_in_bits, false, move_place(s, 0, 8, 5))                                 \
	CHANGE(place_moved_unevenly, false, move_place(s, 2, 15, 7))                               \
	CHANGE(place_is_another, false, s->frames[0].regs[8].id = s->p.facts[2].id = C;            \
	       s->frames[0].regs[6].id = BYTE)                                                     \
	CHANGE(place_known, true, set_place(s, 3, 24))                                             \
	CHANGE(place_known_in_a_byte, true, set_place(s, 3, 31))                                   \
	CHANGE(place_known_in_the_next, false, set_place(s, 3, 32))                                \
	CHANGE(place_known_in_the_last, false, set_place(s, 3, 23))                                \
	CHANGE(place_known_at_the_end, true, set_place(s, 59, 472))                                \
	CHANGE(place_known_beyond, false, set_place(s, 60, 480))                                   \
	CHANGE(place_known_in_bytes, false,                                                        \
	       s->frames[0].regs[8] = seki_reg_number(seki_scalar_const(3)))                       \
	CHANGE(place_known_in_bits, false, move_place(s, 3, 0, 8); s->p.n_terms = 1;               \
	       s->frames[0].regs[9] = seki_reg_number(seki_scalar_const(24)))                      \
	CHANGE(place_known_but_bits, false, set_place(s, 3, 24); s->frames[0].regs[6].id = BIT;    \
	       s->frames[0].regs[9] = number(24, 24, BIT, 24))                                     \
	CHANGE(caller_spill, false, s->frames[0].spills[0].reg.v = seki_scalar_range(0, 101))      \
	CHANGE(spill_lost, false, seki_frame_forget(&s->frames[1], 44, 4))                         \
	CHANGE(spill_at, false, spill(s, 44)->at = 48)                                             \
	CHANGE(spill_bytes, false, spill(s, 44)->bytes = 2)                                        \
	CHANGE(spill_number, false, spill(s, 44)->reg.v = seki_scalar_range(2, 9))                 \
	CHANGE(spill_pointer_lost, false, seki_frame_forget(&s->frames[1], 16, 8))                 \
	CHANGE(spill_tie_lost, false, spill(s, 32)->reg.id = C)                                    \
	CHANGE(spill_pointer_for_bytes, false, seki_frame_spill(&s->frames[1], 64, 8, top(s, 6)))  \
	CHANGE(spill_pointer_elsewhere, true, seki_frame_spill(&s->frames[1], 96, 8, top(s, 6)))   \
	CHANGE(spill_number_for_bytes, true, seki_frame_spill(&s->frames[1], 64, 8, top(s, 2)))

#define DEFINE(what, is_covered, statement)                                                        \
	static void what(struct seki_state *s)                                                     \
	{                                                                                          \
		statement;                                                                         \
	}
CHANGES(DEFINE)

#define ENTRY(what, is_covered, statement) {#what, is_covered, what},
static const struct change {
	const char *name;
	bool covered;
	void (*apply)(struct seki_state *s);
} changes[] = {CHANGES(ENTRY)};

/* Walks from the first state to its end, all of the stack being read on the way, or none. */
static void walk_on(struct seki_walk *w, bool reads)
{
	for (uint32_t d = 0; reads && d <= w->state->p.depth; d++)
		seki_walk_read(w, d, 0, SEKI_BPF_FRAME_BYTES);
	seki_walk_end(w, 1, 0);
}

static bool prune(struct seki_walk *w, const struct change *change)
{
	make(w->state);
	if (change)
		change->apply(w->state);
	seki_walk_tidy(w);
	w->state->p.keeper = w->root;
	return seki_walk_prune(w) == WALK_END;
}

static struct seki_state now, with;
static struct seki_node nodes[NODES];
static uint32_t buckets[BUCKETS];
static uint8_t memory[BYTES] __attribute__((aligned(16)));

static struct seki_walk fresh(void)
{
	struct seki_walk w = {
		.nodes = nodes,
		.arena = {memory, ROOT + sizeof(struct seki_kept), BYTES, BYTES},
		.buckets = buckets,
		.n_buckets = BUCKETS,
		.root = ROOT,
		.state = &now,
		.next_id = MAYBE + 1,
	};

	for (uint32_t n = 0; n < NODES; n++)
		nodes[n] = (struct seki_node){
			.live_regs = 0x3ff, .value_regs = 0x3ff, .live_slots = UINT64_MAX};
	for (uint32_t n = 0; n < BUCKETS; n++)
		buckets[n] = 0;
	*seki_walk_kept(&w, ROOT) = (struct seki_kept){.open = 2};
	return w;
}

static void test_each_field(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct seki_walk w = fresh();

		assert_false(prune(&w, NULL));
		walk_on(&w, true);
		if (prune(&w, &changes[i]) == changes[i].covered)
			continue;
		print_error("%s: %s\n", changes[i].name,
			    changes[i].covered ? "not covered" : "covered");
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* What no path reads may be anything, and be tied to anything. */
static bool matters_unread(const struct change *change)
{
	return !change->covered && strncmp(change->name, "spill", 5) &&
	       strcmp(change->name, "caller_spill") && strcmp(change->name, "frame_set_less") &&
	       strcmp(change->name, "reg_maybe_of_another");
}

static void test_unread(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct seki_walk w = fresh();

		assert_false(prune(&w, NULL));
		walk_on(&w, false);
		if (prune(&w, &changes[i]) == matters_unread(&changes[i]))
			fail_msg("%s", changes[i].name);
	}
}

static void lose_first_spill(struct seki_state *s)
{
	seki_frame_forget(&s->frames[1], 16, 8);
}

static void lose_last_spill(struct seki_state *s)
{
	seki_frame_forget(&s->frames[1], 44, 4);
}

/* Bytes that are written before they are read do not matter. */
static void test_written_first(void **state)
{
	static const struct change first = {"", true, lose_first_spill};
	static const struct change last = {"", false, lose_last_spill};
	struct seki_reg zero = seki_reg_number(seki_scalar_const(0));
	struct seki_walk w = fresh();

	(void)state;
	assert_false(prune(&w, NULL));
	seki_frame_spill(seki_state_top(&now), 16, 8, &zero);
	seki_walk_read(&w, 1, 16, 8);
	seki_walk_read(&w, 1, 44, 4);
	seki_walk_end(&w, 1, 0);
	assert_false(prune(&w, &last));
	assert_true(prune(&w, &first));
}

static void change_umax(struct seki_state *s)
{
	top(s, 2)->v.n.umax++;
}

/* The state that is kept for a change of it, while it is open. */
static struct seki_kept *open_state(struct seki_walk *w, const struct change *change)
{
	assert_false(prune(w, change));
	return seki_walk_kept(w, now.p.keeper);
}

/* States that are found by their hash: another one of that hash, and one that was given up. */
static void test_hashes(void **state)
{
	static const struct change change = {"", false, change_umax};
	struct seki_walk w = fresh();
	uint32_t hash = open_state(&w, &change)->hash;
	struct seki_kept *kept;

	(void)state;
	w = fresh();
	kept = open_state(&w, NULL);
	kept->hash = hash;
	buckets[hash % BUCKETS] = now.p.keeper;
	assert_false(prune(&w, &change));
	w = fresh();
	open_state(&w, NULL)->open = SEKI_KEPT_DEAD;
	assert_false(prune(&w, NULL));
}

static void with_rest(struct seki_state *s)
{
	top(s, 1)->rest = SEKI_REST_OF_LEN;
	s->p.n_facts = s->p.n_terms = 0; /* they are of the symbol, too */
}

/* One more each: the same symbol for the number, and another one for the rest. */
static void with_other_rest(struct seki_state *s)
{
	with_rest(s);
	top(s, 0)->id_off++;
	top(s, 1)->id_off++;
}

static void with_less_rest(struct seki_state *s)
{
	with_rest(s);
	top(s, 1)->id_off--;
}

/* What is not a symbol and a constant is no other symbol and another constant. */
static void test_rests(void **state)
{
	static const struct change rest = {"", true, with_rest};
	static const struct change other = {"", false, with_other_rest};
	static const struct change less = {"", false, with_less_rest};
	struct seki_walk w = fresh();

	(void)state;
	assert_false(prune(&w, &rest));
	walk_on(&w, false);
	assert_true(prune(&w, &rest));
	assert_false(prune(&w, &other));
	assert_false(prune(&w, &less));
}

static void with_less(struct seki_state *s)
{
	s->p.less = B;
}

/* A packet that is shorter by a symbol is not one that is shorter by none. */
static void test_less(void **state)
{
	static const struct change less = {"", true, with_less};
	struct seki_walk w = fresh();

	(void)state;
	assert_false(prune(&w, &less));
	walk_on(&w, true);
	assert_true(prune(&w, &less));
	assert_false(prune(&w, NULL));
}

/* Two numbers that are equal, and may be large. */
static void set_equal(struct seki_state *s, uint64_t min, uint64_t max)
{
	s->frames[0].regs[8] = s->frames[0].regs[9] = number(min, max, BYTE, 0);
	s->p.n_facts = 2; /* without those of the place */
	s->p.n_terms = 1;
}

static void with_large(struct seki_state *s)
{
	set_equal(s, 0, 1ull << 40);
}

static void with_largest_known(struct seki_state *s)
{
	set_equal(s, UINT32_MAX, UINT32_MAX);
	s->frames[0].regs[8].id = s->frames[0].regs[9].id = SEKI_SYM_NONE;
}

static void with_too_large(struct seki_state *s)
{
	set_equal(s, 1ull << 32, 1ull << 32);
	s->frames[0].regs[8].id = s->frames[0].regs[9].id = SEKI_SYM_NONE;
}

static void with_unknown(struct seki_state *s)
{
	set_equal(s, 0, 1);
	s->frames[0].regs[8].id = s->frames[0].regs[9].id = SEKI_SYM_NONE;
}

/* A constant stands for a symbol up to 32 bits: what is calculated from it does not overflow.
 * What is no constant stands for none. */
static void test_large(void **state)
{
	static const struct change large = {"", true, with_large};
	static const struct change largest = {"", true, with_largest_known};
	static const struct change too_large = {"", false, with_too_large};
	static const struct change unknown = {"", false, with_unknown};
	struct seki_walk w = fresh();

	(void)state;
	assert_false(prune(&w, &large));
	walk_on(&w, true);
	assert_true(prune(&w, &largest));
	assert_false(prune(&w, &too_large));
	assert_false(prune(&w, &unknown));
}

static void with_shift(struct seki_state *s, uint32_t by, int32_t moved)
{
	move_place(s, moved, moved * (1 << by), 5);
	s->p.n_facts = 2; /* without those of the place */
	s->p.terms[1].b = by;
}

static void with_farthest(struct seki_state *s)
{
	with_shift(s, 16, 0);
}

static void with_farthest_moved(struct seki_state *s)
{
	with_shift(s, 16, 1);
}

static void with_too_far(struct seki_state *s)
{
	with_shift(s, 17, 0);
}

static void with_too_far_moved(struct seki_state *s)
{
	with_shift(s, 17, 1);
}

/* Nothing is calculated of symbols that are shifted further than by 16 bits. */
static void test_far_shifts(void **state)
{
	static const struct {
		struct change before, moved;
	} shifts[] = {
		{{"", true, with_farthest}, {"", true, with_farthest_moved}},
		{{"", true, with_too_far}, {"", false, with_too_far_moved}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		struct seki_walk w = fresh();

		assert_false(prune(&w, &shifts[i].before));
		walk_on(&w, true);
		assert_int_equal(prune(&w, &shifts[i].moved), shifts[i].moved.covered);
		assert_true(prune(&w, &shifts[i].before));
	}
}

static void with_place_ahead(struct seki_state *s)
{
	move_place(s, 1, 8, 5);
}

static void with_place_at_start(struct seki_state *s)
{
	set_place(s, 1, 8);
}

static void with_place_before_start(struct seki_state *s)
{
	set_place(s, 0, 7);
}

/* A symbol that is shifted stands for nothing below 0. */
static void test_shifted_is_positive(void **state)
{
	static const struct change ahead = {"", true, with_place_ahead};
	static const struct change start = {"", true, with_place_at_start};
	static const struct change before = {"", false, with_place_before_start};
	struct seki_walk w = fresh();

	(void)state;
	assert_false(prune(&w, &ahead));
	walk_on(&w, true);
	assert_true(prune(&w, &start));
	assert_false(prune(&w, &before));
}

static void with_quotient(struct seki_state *s)
{
	s->p.terms[1].kind = SEKI_TERM_QUOTIENT;
}

static void with_quotient_known(struct seki_state *s)
{
	set_place(s, 3, 24);
}

static void with_anchor(struct seki_state *s)
{
	s->p.rank = 1;
	s->p.anchor = A;
}

static void with_other_anchor(struct seki_state *s)
{
	s->p.rank = 1;
	s->p.anchor = B;
}

static void without_symbols(struct seki_state *s)
{
	s->p.n_facts = s->p.n_terms = s->p.n_holes = 0;
}

static void without_callee(struct seki_state *s)
{
	without_symbols(s);
	s->p.depth = 0;
}

/* Where the kept state differs from the one of the table. */
static void test_others(void **state)
{
	static const struct {
		struct change before, after;
	} others[] = {
		{{"quotient", true, with_quotient}, {"shift", false, nothing}},
		{{"quotient", true, with_quotient}, {"constants", false, with_quotient_known}},
		{{"anchor", true, with_anchor}, {"another", false, with_other_anchor}},
		{{"callee", true, without_symbols}, {"no callee", false, without_callee}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct seki_walk w = fresh();

		assert_false(prune(&w, &others[i].before));
		walk_on(&w, true);
		assert_true(prune(&w, &others[i].before));
		if (prune(&w, &others[i].after))
			fail_msg("%s covers %s", others[i].before.name, others[i].after.name);
	}
}

/* What no instruction from there on reads is not compared: of either frame. */
static void test_dead(void **state)
{
	static const struct {
		uint16_t callee, caller; /* registers */
		struct change change;
	} dead[] = {
		{1 << 2, 0, {"", true, reg_umax_more}},
		{1 << 6, 0, {"", true, reg_type}},
		{0, 1 << 6, {"", true, caller_reg}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(dead) / sizeof(dead[0]); i++) {
		struct seki_walk w = fresh();

		nodes[AT].live_regs &= ~dead[i].callee;
		nodes[CALL + 1].live_regs &= ~dead[i].caller;
		assert_false(prune(&w, NULL));
		walk_on(&w, true);
		assert_true(prune(&w, &dead[i].change));
	}
}

/* While no loop is walked as one round, nothing is its next, whatever the arena begins with. */
static void test_no_ranked_loop(void **state)
{
	struct seki_walk w = fresh();
	const struct seki_kept *kept = open_state(&w, NULL);

	(void)state;
	memmove(memory, kept, kept->bytes);
	make(&now);
	seki_walk_tidy(&w);
	now.p.keeper = ROOT;
	now.p.anchor = top(&now, 0)->id;
	w.rank.base = -1;
	assert_int_equal(seki_rank_end(&w), 0);
}

/* Is the present state, once walked, one that covers this one? */
static bool covers_after_walk(const struct seki_state *joined, const struct change *change)
{
	struct seki_walk w = fresh();

	now = *joined;
	seki_walk_tidy(&w);
	w.state->p.keeper = w.root;
	assert_int_equal(seki_walk_prune(&w), 0);
	walk_on(&w, true);
	return prune(&w, change);
}

/* Joined with a change of it, a state covers both, whichever was changed. */
static bool join_covers(const struct change *change, bool first, bool far)
{
	static struct seki_state joined;

	if (change->apply == reg_now_rest)
		return false; /* a rest is not taken for a number, though it is one */
	make(&joined);
	make(&with);
	change->apply(first ? &joined : &with);
	if (joined.p.pc != with.p.pc || !seki_walk_join(&joined, &with, far))
		return false;
	if (!covers_after_walk(&joined, NULL))
		fail_msg("%s: joined, does not cover what it was", change->name);
	if (!covers_after_walk(&joined, change))
		fail_msg("%s: joined, does not cover the change", change->name);
	return true;
}

static void test_join(void **state)
{
	unsigned int n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
		for (unsigned int way = 0; way < 4; way++)
			n += join_covers(&changes[i], way & 1, way & 2);
	print_message("%u states joined\n", n);
	assert_true(n >= 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_written_first),
		cmocka_unit_test(test_hashes),
		cmocka_unit_test(test_no_ranked_loop),
		cmocka_unit_test(test_rests),
		cmocka_unit_test(test_less),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_dead),
		cmocka_unit_test(test_far_shifts),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_shifted_is_positive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
