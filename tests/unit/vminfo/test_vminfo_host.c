/* SPDX-License-Identifier: Apache-2.0 */
/* The facts region in the hands of a host that alters, moves, replays and withholds. */
#include "tests/unit/vminfo/world.h"

#include "lib/vminfo/record.h"

/* Re-reads everything as after a heartbeat; the heartbeat itself is the agent's. */
static void reread(struct world *w)
{
	world_pass(w, 10);
	world_header(w)->changes += SEKI_VMINFO_LOG + 1;
	world_poll(w);
}

static void every_flipped_bit_of_a_record_makes_it_absent(void **state)
{
	struct world *w = world_open();
	uint32_t slot = world_send(w, 1, 1);
	struct seki_vminfo_slot good = *world_slot(w, slot);

	(void)state;
	for (size_t bit = 64; bit < 8 * sizeof(good); bit++) {
		((uint8_t *)world_slot(w, slot))[bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_start_reader(w);
		world_poll(w);
		assert_true(seki_vminfo_fresh(w->facts, w->boot));
		assert_false(world_sent(w, 1, 1000));
		/* Version 1 with its low bit flipped is 0: never written, so withheld. */
		assert_int_equal(world_stats(w).bad_seal, bit == 64 ? 0 : 1);
		assert_int_equal(world_stats(w).flows, 0);
		*world_slot(w, slot) = good;
	}
	world_start_reader(w);
	world_poll(w);
	assert_true(world_sent(w, 1, 1000));
	world_close(w);
}

static void every_flipped_bit_of_the_session_makes_all_absent(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	for (size_t bit = 0; bit < 8 * SEKI_VMINFO_SESSION; bit++) {
		world_header(w)->session[bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_start_reader(w);
		world_poll(w);
		assert_false(seki_vminfo_udp_sent_any(w->facts, 1000, w->boot));
		assert_int_equal(world_stats(w).sessions, 0);
		assert_int_equal(world_stats(w).bad_seal, 1);
		world_header(w)->session[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	world_close(w);
}

static void every_flipped_bit_of_the_heartbeat_withholds_it(void **state)
{
	struct world *w = world_open();
	struct seki_vminfo_slot good = *world_slot(w, 0);

	(void)state;
	for (size_t bit = 64; bit < 8 * sizeof(good); bit++) {
		((uint8_t *)world_slot(w, 0))[bit / 8] ^= (uint8_t)(1 << bit % 8);
		world_start_reader(w);
		world_poll(w);
		assert_false(seki_vminfo_fresh(w->facts, w->boot));
		*world_slot(w, 0) = good;
	}
	world_close(w);
}

static void a_slot_that_seems_written_for_ever_hangs_nobody(void **state)
{
	struct world *w = world_open();
	uint32_t slot = world_send(w, 1, 1);

	(void)state;
	world_slot(w, slot)->seq |= 1;
	for (int i = 0; i < 10; i++)
		reread(w);
	assert_false(world_sent(w, 1, 1000));
	assert_true(world_stats(w).torn > 0);
	world_send(w, 2, 1);
	reread(w);
	assert_true(world_sent(w, 2, 1000));
	world_close(w);
}

static void a_moved_record_is_refused(void **state)
{
	struct world *w = world_open();
	uint32_t a = world_send(w, 1, 1), b = world_send(w, 2, 1);

	(void)state;
	world_poll(w);
	world_send(w, 1, 2);
	*world_slot(w, b) = *world_slot(w, a); /* a higher version than b had */
	reread(w);
	assert_true(world_sent(w, 1, 1000));
	assert_false(world_sent(w, 2, 1000));
	assert_int_equal(world_stats(w).bad_seal, 1);
	world_close(w);
}

static void a_rolled_back_record_is_absent_until_written_anew(void **state)
{
	struct world *w = world_open();
	uint32_t slot = world_send(w, 1, 1);
	struct seki_vminfo_slot old = *world_slot(w, slot), newer;

	(void)state;
	world_poll(w);
	world_send(w, 1, 2);
	newer = *world_slot(w, slot);
	world_poll(w);
	*world_slot(w, slot) = old;
	for (int i = 0; i < 5; i++)
		reread(w);
	assert_false(world_sent(w, 1, 1000));
	assert_int_equal(world_stats(w).rolled_back, 1);
	*world_slot(w, slot) = newer;
	reread(w);
	assert_false(world_sent(w, 1, 1000));
	memset(world_slot(w, slot), 0, sizeof(old));
	for (int i = 0; i < 5; i++)
		reread(w);
	assert_int_equal(world_stats(w).rolled_back, 2);
	world_send(w, 1, 3);
	reread(w);
	assert_true(world_sent(w, 1, 1000));
	assert_int_equal(w->lines, 2); /* the session, and the roll-back once */
	world_close(w);
}

static void a_rolled_back_session_is_refused(void **state)
{
	struct world *w = world_open();
	uint8_t *old = malloc(SEKI_VMINFO_REGION_BYTES);

	(void)state;
	world_send(w, 1, 1);
	memcpy(old, w->region, SEKI_VMINFO_REGION_BYTES);
	world_pass(w, 500);
	world_start_agent(w);
	world_send(w, 2, 1);
	world_poll(w);
	assert_true(world_sent(w, 2, 1000));
	memcpy(w->region, old, SEKI_VMINFO_REGION_BYTES);
	for (int i = 0; i < 5; i++)
		reread(w);
	assert_false(world_sent(w, 1, 1000));
	assert_int_equal(world_stats(w).sessions, 2);
	assert_int_equal(world_stats(w).rolled_back, 1);
	world_pass(w, SEKI_VMINFO_STALE_MS);
	world_poll(w);
	assert_false(world_sent(w, 2, 100000));
	free(old);
	world_close(w);
}

static void a_recorded_session_is_too_old_for_a_new_reader(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	world_pass(w, SEKI_VMINFO_SKEW_MS + 1);
	world_start_reader(w);
	world_poll(w);
	assert_int_equal(world_stats(w).sessions, 0);
	assert_false(world_sent(w, 1, 1000000));
	world_close(w);
}

static void a_heartbeat_shown_again_refreshes_nothing(void **state)
{
	struct world *w = world_open();
	struct seki_vminfo_slot beat;

	(void)state;
	world_send(w, 1, 1);
	world_pass(w, 100);
	world_beat(w);
	beat = *world_slot(w, 0);
	world_poll(w);
	for (int i = 0; i < 30; i++) {
		world_pass(w, 90);
		beat.seq += 2;
		*world_slot(w, 0) = beat;
		reread(w);
	}
	assert_false(seki_vminfo_fresh(w->facts, w->boot));
	assert_false(world_sent(w, 1, 1000000));
	assert_int_equal(world_stats(w).stale, 1);
	world_close(w);
}

static void a_stream_delayed_too_long_counts_as_absent(void **state)
{
	struct world *w = world_open();

	struct seki_vminfo_slot first = *world_slot(w, 0), later;

	(void)state;
	world_pass(w, 100);
	world_beat(w);
	later = *world_slot(w, 0);
	*world_slot(w, 0) = first;
	for (unsigned int ms = 0; ms <= SEKI_VMINFO_SKEW_MS; ms += 100) {
		world_pass(w, 100);
		world_poll(w);
	}
	*world_slot(w, 0) = later;
	world_pass(w, 10);
	world_poll(w);
	assert_false(seki_vminfo_fresh(w->facts, w->boot));
	world_beat(w);
	world_poll(w);
	assert_true(seki_vminfo_fresh(w->facts, w->boot));
	world_close(w);
}

static void withheld_updates_are_noticed(void **state)
{
	struct world *w = world_open();
	uint32_t slot = world_send(w, 1, 1);
	struct seki_vminfo_slot old = *world_slot(w, slot);

	(void)state;
	world_poll(w);
	world_beat(w);
	reread(w);
	assert_int_equal(world_stats(w).withheld, 0);
	world_send(w, 1, 2);
	*world_slot(w, slot) = old;
	world_pass(w, 100);
	world_beat(w);
	world_poll(w);
	assert_int_equal(world_stats(w).withheld, 1);
	world_close(w);
}

static void a_wrong_key_is_said_once(void **state)
{
	struct world *w = world_open();
	unsigned int before = w->lines;

	(void)state;
	w->key[0] ^= 1;
	world_start_reader(w);
	for (int i = 0; i < 20; i++) {
		world_pass(w, 100);
		world_beat(w);
		world_poll(w);
	}
	assert_false(seki_vminfo_fresh(w->facts, w->boot));
	assert_int_equal(world_stats(w).sessions, 0);
	assert_int_equal(w->lines, before + 1);
	w->key[0] ^= 1;
	world_close(w);
}

static void lies_in_the_log_and_the_counter_do_no_harm(void **state)
{
	static const uint64_t lies[] = {0, 1, 255, 256, 257, UINT64_MAX, UINT64_MAX / 2};
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		for (size_t n = 0; n < SEKI_VMINFO_LOG; n++)
			world_header(w)->log[n] = (uint32_t)(lies[i] * (n + 1));
		world_header(w)->changes = lies[i];
		world_pass(w, 10);
		world_poll(w);
	}
	assert_true(world_sent(w, 1, 1000));
	assert_int_equal(world_stats(w).bad_seal + world_stats(w).rolled_back, 0);
	world_close(w);
}

/* Sealed with the right key but not what the slot is for: the agent's own fault, not believed. */
static void a_record_of_another_kind_is_no_fact(void **state)
{
	struct world *w = world_open();
	struct seki_vminfo_session session = {.seal = NULL};
	union seki_vminfo_record record = {.udp = {.kind = SEKI_VMINFO_UDP, .family = 9}};

	(void)state;
	assert_int_equal(seki_vminfo_session_open(&session, w->key, world_header(w)->session), 0);
	assert_int_equal(seki_vminfo_record_seal(&session, 5, 1, &record, world_slot(w, 5)), 0);
	record.kind = SEKI_VMINFO_HEARTBEAT;
	record.udp.family = 4;
	assert_int_equal(seki_vminfo_record_seal(&session, 6, 1, &record, world_slot(w, 6)), 0);
	record.kind = SEKI_VMINFO_UDP;
	assert_int_equal(seki_vminfo_record_seal(&session, 0, 2, &record, world_slot(w, 0)), 0);
	reread(w);
	assert_int_equal(world_stats(w).opened, 4);
	assert_int_equal(world_stats(w).flows, 0);
	seki_vminfo_session_close(&session);
	world_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_of_a_record_makes_it_absent),
		cmocka_unit_test(every_flipped_bit_of_the_session_makes_all_absent),
		cmocka_unit_test(every_flipped_bit_of_the_heartbeat_withholds_it),
		cmocka_unit_test(a_slot_that_seems_written_for_ever_hangs_nobody),
		cmocka_unit_test(a_moved_record_is_refused),
		cmocka_unit_test(a_rolled_back_record_is_absent_until_written_anew),
		cmocka_unit_test(a_rolled_back_session_is_refused),
		cmocka_unit_test(a_recorded_session_is_too_old_for_a_new_reader),
		cmocka_unit_test(a_heartbeat_shown_again_refreshes_nothing),
		cmocka_unit_test(a_stream_delayed_too_long_counts_as_absent),
		cmocka_unit_test(withheld_updates_are_noticed),
		cmocka_unit_test(a_wrong_key_is_said_once),
		cmocka_unit_test(lies_in_the_log_and_the_counter_do_no_harm),
		cmocka_unit_test(a_record_of_another_kind_is_no_fact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
