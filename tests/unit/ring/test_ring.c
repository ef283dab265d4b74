// SPDX-License-Identifier: Apache-2.0
/* Both ends of a packet queue against each other: order, full and empty, wrap, wake-ups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "core/ring/ring.h"

struct pair {
	struct seki_ring_switch sw;
	struct seki_ring_p4vm vm;
	struct seki_switch_header *sw_header;
	struct seki_p4vm_header *vm_header;
};

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	p->sw_header = calloc(1, SEKI_RING_REGION_BYTES);
	p->vm_header = calloc(1, SEKI_RING_REGION_BYTES);
	seki_ring_switch_init(&p->sw, p->sw_header, p->vm_header);
	assert_int_equal(seki_ring_p4vm_init(&p->vm, p->sw_header, p->vm_header), 0);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	free(p->sw_header);
	free(p->vm_header);
	free(p);
	return 0;
}

/* Both ends as after 2^32 - back submissions and completions. */
static void wind(struct pair *p, uint32_t back)
{
	uint32_t at = 0u - back;

	p->sw.sub_tail = p->sw.cpl_head = p->vm.sub_head = p->vm.cpl_tail = at;
	p->sw_header->sub_tail = p->sw_header->cpl_head = at;
	p->vm_header->sub_head = p->vm_header->cpl_tail = at;
	p->vm.cpl_head = at;
}

static struct seki_submission submission(uint16_t slot)
{
	return (struct seki_submission){
		.slot = slot, .generation = slot + 1000, .len = 100, .copied = 60};
}

static void submit_one(struct pair *p, uint16_t slot)
{
	struct seki_submission s = submission(slot);

	seki_ring_switch_submit(&p->sw, &s, 1);
}

static void answer_one(struct pair *p, uint16_t slot)
{
	struct seki_completion c = {.slot = slot, .generation = slot + 1000};

	seki_ring_p4vm_answer(&p->vm, &c, 1);
}

/* Fills the ring and empties it, each submission answered, in order. */
static void round_trip(struct pair *p)
{
	struct seki_submission got[SEKI_RING_ENTRIES];
	struct seki_completion done[SEKI_RING_ENTRIES];

	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++) {
		assert_int_equal(seki_ring_switch_room(&p->sw), SEKI_RING_ENTRIES - i);
		submit_one(p, i);
	}
	assert_int_equal(seki_ring_switch_room(&p->sw), 0);
	assert_int_equal(seki_ring_p4vm_room(&p->vm, SEKI_RING_ENTRIES), SEKI_RING_ENTRIES);
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, SEKI_RING_ENTRIES, NULL, NULL),
			 SEKI_RING_ENTRIES);
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, 1, NULL, NULL), 0);
	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++) {
		assert_int_equal(got[i].slot, i);
		assert_int_equal(got[i].generation, i + 1000);
		answer_one(p, i);
	}
	assert_int_equal(seki_ring_p4vm_room(&p->vm, SEKI_RING_ENTRIES), 0);
	assert_int_equal(seki_ring_switch_room(&p->sw), 0);
	assert_int_equal(seki_ring_switch_take(&p->sw, done, SEKI_RING_ENTRIES), SEKI_RING_ENTRIES);
	assert_int_equal(seki_ring_switch_take(&p->sw, done, 1), 0);
	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++)
		assert_int_equal(done[i].slot, i);
	assert_int_equal(seki_ring_p4vm_room(&p->vm, SEKI_RING_ENTRIES), SEKI_RING_ENTRIES);
}

static void full_and_empty(void **state)
{
	struct pair *p = *state;

	for (int i = 0; i < 3; i++)
		round_trip(p);
}

static void indices_wrap(void **state)
{
	struct pair *p = *state;

	for (uint32_t back = 0; back <= SEKI_RING_ENTRIES + 1; back += 57) {
		wind(p, back);
		round_trip(p);
	}
}

/* Short and long, none over another: each keeps a number that no other has. */
static void packets_and_heads_are_where_the_slot_is(void **state)
{
	static const uint32_t lengths[] = {SEKI_SHORT_BYTES, SEKI_SLOT_BYTES};
	struct pair *p = *state;

	for (uint32_t i = 0; i < 2 * SEKI_RING_ENTRIES; i++) {
		memset(seki_ring_switch_slot(&p->sw, i / 2, lengths[i % 2]), (int)i % 251,
		       lengths[i % 2]);
		memset(seki_ring_p4vm_head(&p->vm, i / 2, lengths[i % 2]), (int)i % 241,
		       lengths[i % 2]);
	}
	for (uint32_t i = 0; i < 2 * SEKI_RING_ENTRIES; i++) {
		uint16_t len = (uint16_t)lengths[i % 2];
		const struct seki_submission s = {
			.slot = (uint16_t)(i / 2), .len = len, .copied = len};

		assert_int_equal(seki_ring_p4vm_packet(&p->vm, &s)[0], i % 251);
		assert_int_equal(seki_ring_p4vm_packet(&p->vm, &s)[len - 1], i % 251);
		assert_int_equal(seki_ring_switch_head(&p->sw, i / 2, len)[0], i % 241);
		assert_int_equal(seki_ring_switch_head(&p->sw, i / 2, len)[len - 1], i % 241);
	}
}

static void batches_are_cut_to_what_was_asked(void **state)
{
	struct pair *p = *state;
	struct seki_submission got[4];
	struct seki_completion done[4];

	for (uint32_t i = 0; i < 6; i++)
		submit_one(p, i);
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, 4, NULL, NULL), 4);
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, 4, NULL, NULL), 2);
	assert_int_equal(got[1].slot, 5);
	for (uint32_t i = 0; i < 6; i++)
		answer_one(p, 5 - i);
	assert_int_equal(seki_ring_switch_take(&p->sw, done, 4), 4);
	assert_int_equal(done[0].slot, 5);
	assert_int_equal(seki_ring_switch_take(&p->sw, done, 4), 2);
}

static void unsound_submissions_are_skipped(void **state)
{
	struct pair *p = *state;
	const struct seki_submission bad[] = {
		{.slot = SEKI_RING_ENTRIES, .len = 60, .copied = 60},
		{.slot = UINT16_MAX, .len = 60, .copied = 60},
		{.slot = 1, .len = 60, .copied = 61},
		{.slot = 1, .len = SEKI_PACKET_MIN - 1, .copied = 0},
		{.slot = 1, .len = 0, .copied = 0},
		{.slot = SEKI_RING_ENTRIES - 1, .len = 1793, .copied = 1793}, /* two slots */
		{.slot = SEKI_RING_ENTRIES - 32, .len = SEKI_PACKET_MAX, .copied = SEKI_PACKET_MAX},
	};
	const uint32_t n = sizeof(bad) / sizeof(bad[0]);
	struct seki_submission got[16];
	uint64_t counted = 0;

	submit_one(p, 7);
	seki_ring_switch_submit(&p->sw, bad, n);
	submit_one(p, 8);
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, 16, &counted, NULL), 2);
	assert_int_equal(got[0].slot, 7);
	assert_int_equal(got[1].slot, 8);
	assert_int_equal(counted, n);
}

static void impossible_indices_are_refused(void **state)
{
	struct pair *p = *state;
	struct seki_submission got[1];
	struct seki_completion done[1];

	submit_one(p, 0);
	p->vm_header->cpl_tail = 2; /* only one was ever outstanding */
	assert_int_equal(seki_ring_switch_take(&p->sw, done, 1), -EPROTO);
	p->vm_header->cpl_tail = UINT32_MAX;
	assert_int_equal(seki_ring_switch_take(&p->sw, done, 1), -EPROTO);
	p->sw_header->sub_tail = SEKI_RING_ENTRIES + 1;
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, 1, NULL, NULL), -EPROTO);
	p->sw_header->cpl_head = 1; /* more taken than answered */
	assert_int_equal(seki_ring_p4vm_room(&p->vm, UINT32_MAX), 0);
	p->sw_header->cpl_head = 0; /* what was seen is no reason not to look again */
	assert_int_equal(seki_ring_p4vm_room(&p->vm, 1), SEKI_RING_ENTRIES);
}

static void another_geometry_is_refused(void **state)
{
	struct pair *p = *state;
	struct seki_ring_p4vm vm;

	for (size_t i = 0; i < 4; i++) {
		uint32_t *word = (uint32_t *)p->sw_header + i;

		*word ^= 1;
		assert_int_equal(seki_ring_p4vm_init(&vm, p->sw_header, p->vm_header), -EPROTO);
		*word ^= 1;
	}
	assert_int_equal(seki_ring_p4vm_init(&vm, p->sw_header, p->vm_header), 0);
}

static void want_is_cut_and_echoed(void **state)
{
	struct pair *p = *state;

	seki_ring_p4vm_set_want(&p->vm, 54);
	assert_int_equal(seki_ring_p4vm_want_seen(&p->vm), 0);
	assert_int_equal(seki_ring_switch_want(&p->sw), 54);
	assert_int_equal(seki_ring_p4vm_want_seen(&p->vm), 54);
	seki_ring_p4vm_set_want(&p->vm, UINT32_MAX);
	assert_int_equal(seki_ring_switch_want(&p->sw), SEKI_PACKET_MAX);
	assert_int_equal(seki_ring_p4vm_want_seen(&p->vm), UINT32_MAX);
}

static void runs_hold_the_packet_and_room_to_grow(void **state)
{
	(void)state;
	for (uint32_t copied = 0; copied <= SEKI_PACKET_MAX; copied++) {
		uint32_t run = seki_ring_run(copied);

		assert_true(run >= 1 && run * SEKI_SLOT_BYTES >= copied + SEKI_RING_GROW);
		assert_true((run - 1) * SEKI_SLOT_BYTES < copied + SEKI_RING_GROW);
	}
}

/* Takes what there is; was a sample in it? Answers nothing. */
static bool take_sampled(struct pair *p, uint32_t max)
{
	struct seki_submission got[4];
	bool sampled = false;

	assert_true(seki_ring_p4vm_take(&p->vm, got, max, NULL, &sampled) >= 0);
	return sampled;
}

static void a_sample_goes_round(void **state)
{
	struct pair *p = *state;
	struct seki_ring_sample s;

	assert_false(seki_ring_switch_sampled(&p->sw, &s));
	submit_one(p, 0);
	seki_ring_switch_sample(&p->sw, 1000);
	assert_false(take_sampled(p, 4)); /* it is of the next */
	submit_one(p, 1);
	submit_one(p, 2);
	assert_false(seki_ring_switch_sampled(&p->sw, &s));
	assert_true(take_sampled(p, 4));
	seki_ring_p4vm_report(&p->vm, 70, 90);
	assert_true(seki_ring_switch_sampled(&p->sw, &s));
	assert_int_equal(s.submitted_ns, 1000);
	assert_int_equal(s.taken_ns, 70);
	assert_int_equal(s.done_ns, 90);
	assert_false(seki_ring_switch_sampled(&p->sw, &s));
	submit_one(p, 3);
	assert_false(take_sampled(p, 4));
}

/* One that is overtaken by the next is forgotten, wherever it was. */
static void a_sample_is_replaced(void **state)
{
	struct pair *p = *state;
	struct seki_ring_sample s;

	seki_ring_switch_sample(&p->sw, 1);
	submit_one(p, 0);
	submit_one(p, 1);
	seki_ring_switch_sample(&p->sw, 2);
	submit_one(p, 2);
	assert_false(take_sampled(p, 2));
	assert_true(take_sampled(p, 2));
	seki_ring_p4vm_report(&p->vm, 3, 4);
	assert_true(seki_ring_switch_sampled(&p->sw, &s));
	assert_int_equal(s.submitted_ns, 2);
	p->sw_header->sample = 77;
	p->sw_header->sample_at = 0; /* long gone */
	submit_one(p, 3);
	assert_false(take_sampled(p, 4));
	p->sw_header->sample_at = 4;
	submit_one(p, 4);
	assert_false(take_sampled(p, 4)); /* this one was given up */
}

static void one_wake_up_for_each_arming(void **state)
{
	struct pair *p = *state;

	assert_false(seki_ring_switch_wake_needed(&p->sw));
	for (int i = 0; i < 3; i++) {
		assert_true(seki_ring_p4vm_arm(&p->vm));
		assert_true(seki_ring_switch_wake_needed(&p->sw));
		assert_false(seki_ring_switch_wake_needed(&p->sw));
	}
	seki_ring_p4vm_disarm(&p->vm);
	assert_false(seki_ring_switch_wake_needed(&p->sw));
	assert_true(seki_ring_switch_arm(&p->sw));
	assert_true(seki_ring_p4vm_wake_needed(&p->vm));
	assert_false(seki_ring_p4vm_wake_needed(&p->vm));
	seki_ring_switch_disarm(&p->sw);
	assert_false(seki_ring_p4vm_wake_needed(&p->vm));
	p->vm.arms = UINT32_MAX; /* never 0 */
	assert_true(seki_ring_p4vm_arm(&p->vm));
	assert_true(seki_ring_switch_wake_needed(&p->sw));
}

static void arming_sees_what_came_before(void **state)
{
	struct pair *p = *state;
	struct seki_submission got[1];

	submit_one(p, 0);
	assert_false(seki_ring_p4vm_arm(&p->vm));
	assert_int_equal(seki_ring_p4vm_take(&p->vm, got, 1, NULL, NULL), 1);
	assert_true(seki_ring_p4vm_arm(&p->vm));
	assert_true(seki_ring_switch_arm(&p->sw));
	answer_one(p, 0);
	assert_false(seki_ring_switch_arm(&p->sw));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(full_and_empty),
		TEST(indices_wrap),
		TEST(packets_and_heads_are_where_the_slot_is),
		TEST(batches_are_cut_to_what_was_asked),
		TEST(unsound_submissions_are_skipped),
		TEST(impossible_indices_are_refused),
		TEST(another_geometry_is_refused),
		TEST(want_is_cut_and_echoed),
		TEST(runs_hold_the_packet_and_room_to_grow),
		TEST(a_sample_goes_round),
		TEST(a_sample_is_replaced),
		TEST(one_wake_up_for_each_arming),
		TEST(arming_sees_what_came_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
