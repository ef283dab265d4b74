/* SPDX-License-Identifier: Apache-2.0 */
/* The facts region from the agent's writer to the P4 VM's reader, with an honest host between. */
#include "tests/unit/vminfo/world.h"

#include <pthread.h>

#include "core/base/shared.h"

static void an_untouched_region_holds_nothing(void **state)
{
	struct world *w = world_open();

	(void)state;
	memset(w->region, 0, SEKI_VMINFO_REGION_BYTES);
	world_start_reader(w);
	assert_false(world_poll(w));
	assert_false(seki_vminfo_fresh(w->facts, w->boot));
	assert_false(seki_vminfo_udp_sent_any(w->facts, 1000000, w->boot));
	assert_true(world_stats(w).heartbeat_age_ms == UINT64_MAX);
	assert_int_equal(w->lines, 1); /* the session of world_open() */
	world_close(w);
}

static void a_sent_flow_is_known_at_the_next_poll(void **state)
{
	struct world *w = world_open();

	(void)state;
	assert_true(seki_vminfo_fresh(w->facts, w->boot));
	assert_false(world_sent(w, 1, 1000));
	world_pass(w, 1);
	world_send(w, 1, 1);
	assert_false(world_sent(w, 1, 1000));
	assert_true(world_poll(w));
	assert_true(world_sent(w, 1, 1000));
	assert_false(world_sent(w, 2, 1000));
	assert_true(seki_vminfo_udp_sent_any(w->facts, 1000, w->boot));
	assert_int_equal(world_stats(w).flows, 1);
	assert_false(world_poll(w));
	world_close(w);
}

static void a_fact_is_as_old_as_its_datagram(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	world_poll(w);
	for (int i = 0; i < 9; i++) {
		world_pass(w, 100);
		world_beat(w);
		world_poll(w);
	}
	world_pass(w, 50); /* 950 ms old: our own time since the heartbeat counts */
	assert_true(world_sent(w, 1, 951));
	assert_true(world_sent(w, 1, UINT64_MAX));
	assert_false(world_sent(w, 1, 950));
	assert_false(world_sent(w, 1, 0));
	assert_false(seki_vminfo_udp_sent_any(w->facts, 950, w->boot));
	world_close(w);
}

static void the_heartbeat_alone_tells_of_any_flow(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_pass(w, 100);
	seki_publish_heartbeat(w->agent, w->boot + VM_AHEAD, w->real, w->boot + VM_AHEAD - 30 * MS,
			       0);
	assert_true(world_poll(w));
	assert_true(seki_vminfo_udp_sent_any(w->facts, 31, w->boot));
	assert_false(seki_vminfo_udp_sent_any(w->facts, 30, w->boot));
	world_close(w);
}

static void bytes_that_mean_nothing_do_not_hide_a_fact(void **state)
{
	struct world *w = world_open();
	struct seki_udp_query q = world_flow(1);

	(void)state;
	world_send(w, 1, 1);
	world_poll(w);
	memset(q.pad, 0xff, sizeof(q.pad));
	memset(q.saddr + 4, 0xff, 12);
	memset(q.daddr + 4, 0xff, 12);
	assert_true(seki_vminfo_udp_sent(w->facts, &q, 1000, w->boot));
	q.family = 5;
	assert_false(seki_vminfo_udp_sent(w->facts, &q, 1000, w->boot));
	world_close(w);
}

static void no_heartbeat_makes_all_facts_absent_until_the_next(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	world_poll(w);
	world_pass(w, SEKI_VMINFO_STALE_MS);
	world_poll(w);
	assert_true(world_sent(w, 1, 10000));
	world_pass(w, 10);
	world_poll(w);
	assert_false(world_sent(w, 1, 10000));
	assert_false(seki_vminfo_udp_sent_any(w->facts, 10000, w->boot));
	assert_false(seki_vminfo_fresh(w->facts, w->boot));
	assert_int_equal(world_stats(w).stale, 1);
	world_beat(w);
	world_poll(w);
	assert_true(world_sent(w, 1, 10000));
	assert_false(world_sent(w, 1, 2000));
	world_close(w);
}

static void what_a_first_look_finds_may_be_old(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	seki_vminfo_destroy(w->facts);
	assert_int_equal(seki_vminfo_create(w->region, w->key, world_log, w, &w->facts), 0);
	world_poll(w);
	assert_int_equal(world_stats(w).flows, 1);
	assert_false(seki_vminfo_fresh(w->facts, w->boot));
	assert_false(world_sent(w, 1, 100000));
	assert_true(world_stats(w).heartbeat_age_ms == UINT64_MAX);
	world_pass(w, 100);
	world_beat(w);
	world_poll(w);
	assert_true(world_sent(w, 1, 100000));
	world_close(w);
}

/* The agent beat 5 s ago for the last time, and nobody looked since: not taken as of now. */
static void what_is_found_after_a_gap_may_be_as_old_as_the_gap(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_pass(w, 100);
	world_send(w, 1, 1);
	world_beat(w);
	world_pass(w, 5000);
	world_poll(w);
	assert_false(world_sent(w, 1, 100000));
	world_pass(w, 100);
	world_beat(w);
	world_poll(w);
	assert_true(world_sent(w, 1, 5101));
	assert_false(world_sent(w, 1, 5100));
	world_close(w);
}

static void a_new_session_begins_with_no_facts(void **state)
{
	struct world *w = world_open();

	(void)state;
	world_send(w, 1, 1);
	world_send(w, 3, 1);
	world_poll(w);
	world_pass(w, 300);
	world_start_agent(w);
	world_send(w, 2, 1);
	assert_true(world_poll(w));
	assert_false(world_sent(w, 1, 10000));
	assert_false(world_sent(w, 3, 10000));
	assert_true(world_sent(w, 2, 10000));
	assert_int_equal(world_stats(w).sessions, 2);
	assert_int_equal(world_stats(w).rolled_back + world_stats(w).bad_seal, 0);
	world_close(w);
}

static void a_reader_takes_over_what_is_there(void **state)
{
	struct world *w = world_open();

	(void)state;
	for (uint32_t n = 0; n < 1000; n++)
		world_send(w, n, 1);
	world_start_reader(w);
	assert_true(world_poll(w));
	assert_int_equal(world_stats(w).flows, 1000);
	world_close(w);
}

static void slots_are_reused_by_the_newest_flows(void **state)
{
	const uint32_t all = 10000, kept = SEKI_VMINFO_SLOTS - 1;
	struct world *w = world_open();

	(void)state;
	for (uint32_t n = 0; n < all; n++) {
		world_send(w, n, 1);
		if (n % 777 == 0) {
			world_pass(w, 10);
			world_poll(w);
		}
		if (n + 1 == kept)
			world_send(w, 0, 2); /* used again: not the oldest any more */
	}
	world_pass(w, 10);
	world_beat(w);
	world_poll(w);
	assert_int_equal(world_stats(w).flows, kept);
	assert_int_equal(world_stats(w).withheld, 0);
	assert_false(world_sent(w, all - kept - 2, 100000));
	for (uint32_t n = all - kept + 1; n < all; n++)
		assert_true(world_sent(w, n, 100000));
	world_close(w);
}

static void a_flow_in_use_keeps_its_slot(void **state)
{
	struct world *w = world_open();
	uint32_t slot = world_send(w, 0, 1);

	(void)state;
	for (uint32_t n = 1; n < 3 * SEKI_VMINFO_SLOTS; n++) {
		world_send(w, n, 1);
		if (n % 1000 == 0)
			assert_int_equal(world_send(w, 0, n), slot);
	}
	world_close(w);
}

/* The kernel's map may forget a flow, whose count then starts anew; the record goes on. */
static void datagrams_are_counted_across_a_forgetful_kernel(void **state)
{
	struct world *w = world_open();
	struct seki_udp_query q = world_flow(1);
	uint64_t kernel;
	uint32_t slot;

	(void)state;
	world_send(w, 1, 5);
	world_send(w, 1, 9);
	slot = world_send(w, 1, 2);
	assert_memory_equal(seki_publish_flow(w->agent, slot, &kernel), &q, sizeof(q));
	assert_int_equal(kernel, 2);
	assert_int_equal(seki_publish_updates(w->agent), 3);
	world_close(w);
}

/* A writer at full speed in another thread: torn reads are tried again, nothing is ever believed
 * broken. */
struct writer {
	struct world *world;
	uint32_t stop;
};

static void *write_all_the_time(void *arg)
{
	struct writer *writer = arg;
	struct world *w = writer->world;

	for (uint64_t i = 1; !seki_load_acquire(&writer->stop); i++) {
		struct seki_udp_query q = world_flow((uint32_t)i % 2);
		struct seki_vminfo_flow flow = {.packets = i, .last_ns = i};

		if (seki_publish_udp(w->agent, &q, &flow, NULL))
			abort();
	}
	return NULL;
}

static void a_record_is_never_seen_half_written(void **state)
{
	struct world *w = world_open();
	struct writer writer = {.world = w};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, write_all_the_time, &writer), 0);
	for (uint32_t i = 0; i < 200000 || world_stats(w).opened < 100; i++) {
		w->boot += 1000; /* the heartbeat stays fresh: 0.2 s in all */
		world_poll(w);
	}
	seki_store_release(&writer.stop, 1);
	pthread_join(thread, NULL);
	world_pass(w, 10);
	world_beat(w);
	world_poll(w);
	assert_int_equal(world_stats(w).bad_seal, 0);
	assert_int_equal(world_stats(w).rolled_back, 0);
	assert_int_equal(world_stats(w).withheld, 0);
	assert_int_equal(world_stats(w).flows, 2);
	world_close(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_untouched_region_holds_nothing),
		cmocka_unit_test(a_sent_flow_is_known_at_the_next_poll),
		cmocka_unit_test(a_fact_is_as_old_as_its_datagram),
		cmocka_unit_test(the_heartbeat_alone_tells_of_any_flow),
		cmocka_unit_test(bytes_that_mean_nothing_do_not_hide_a_fact),
		cmocka_unit_test(no_heartbeat_makes_all_facts_absent_until_the_next),
		cmocka_unit_test(what_a_first_look_finds_may_be_old),
		cmocka_unit_test(what_is_found_after_a_gap_may_be_as_old_as_the_gap),
		cmocka_unit_test(a_new_session_begins_with_no_facts),
		cmocka_unit_test(a_reader_takes_over_what_is_there),
		cmocka_unit_test(slots_are_reused_by_the_newest_flows),
		cmocka_unit_test(a_flow_in_use_keeps_its_slot),
		cmocka_unit_test(datagrams_are_counted_across_a_forgetful_kernel),
		cmocka_unit_test(a_record_is_never_seen_half_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
