/* SPDX-License-Identifier: Apache-2.0 */
/* Packets that wait for a fact: how long, how many, and what becomes of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/p4vm/fake_machine.h"
#include "tests/unit/p4vm/queue_rig.h"

/* The same, but it has changed a map before, so that it must not run twice. */
static int ask_late(struct seki_bpf_run *run, uint64_t *r0)
{
	int sent = run->host->udp_sent_any(run->host->arg, 1000, false);

	assert_true(sent >= 0);
	*r0 = (uint64_t)sent;
	return 0;
}

static void test_waits_for_a_fact(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	rig_submit(f, 60, 1);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->generation, 1); /* the one that did not ask is not delayed */
	assert_int_equal(f->queue.n_parked, 1);
	rig_retry(f, false);
	assert_int_equal(f->n_got, 0);
	rig_retry(f, true); /* facts came, but not this one */
	assert_int_equal(f->n_got, 0);
	fake_facts.sent = true;
	rig_retry(f, true);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_PASS);
	assert_int_equal(rig_only(f)->generation, 0);
	assert_int_equal(f->queue.n_parked, 0);
	assert_int_equal(f->queue.stats.waited, 1);
	assert_int_equal(f->queue.stats.packets, 2);
}

/* The switch gave the packet up at its deadline, and its slot to another. */
static void test_slot_used_anew_while_waiting(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	rig_submit(f, 60, 1);
	rig_step(f);
	assert_int_equal(f->queue.n_parked, 1);
	f->next = SEKI_RING_ENTRIES; /* slot 0 again */
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->n_got, 2);
	assert_int_equal(f->got[0].generation, 0);
	assert_int_equal(f->got[0].verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->got[1].generation, SEKI_RING_ENTRIES);
	assert_int_equal(f->got[1].verdict, SEKI_VERDICT_PASS);
	assert_int_equal(f->queue.n_parked, 0);
}

static void test_waiting_ends(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	rig_submit(f, 60, 1);
	rig_step(f);
	f->engine.boot_ns += RIG_WAIT - 1;
	rig_retry(f, false);
	assert_int_equal(f->n_got, 0);
	f->engine.boot_ns += 1;
	rig_retry(f, false);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(rig_only(f)->site, 9);
}

static void test_does_not_wait(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	f->queue.wait_ns = 0;
	rig_submit(f, 60, 1);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	f->queue.wait_ns = RIG_WAIT;
	fake_facts.fresh = false; /* none will come */
	rig_submit(f, 60, 1);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	fake_facts.fresh = true;
	rig_use(f, ask_late, false); /* it cannot be run twice */
	rig_submit(f, 60, 1);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	f->engine.facts = NULL;
	rig_use(f, rig_ask, false);
	rig_submit(f, 60, 1);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->queue.stats.waited, 0);
}

static void test_parking_is_bounded(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	for (uint32_t i = 0; i < SEKI_QUEUE_PARKED + 5; i++) {
		rig_submit(f, 60, 1);
		rig_step(f);
		assert_int_equal(f->n_got, i < SEKI_QUEUE_PARKED ? 0 : 1);
	}
	assert_int_equal(f->queue.n_parked, SEKI_QUEUE_PARKED);
	fake_facts.sent = true;
	rig_retry(f, true);
	assert_int_equal(f->n_got, SEKI_QUEUE_PARKED);
}

/* A switch that takes back room must not make the P4 VM answer more than fits. */
static void test_parked_and_a_lying_switch(void **state)
{
	struct queue_rig *f = *state;
	struct seki_switch_header *h = (void *)f->switch_region;

	rig_use_facts(f, rig_ask);
	for (int i = 0; i < 3; i++)
		rig_submit(f, 60, 1);
	rig_step(f);
	h->cpl_head = f->queue.ring.cpl_tail - SEKI_RING_ENTRIES + 1;
	assert_int_equal(seki_ring_p4vm_room(&f->queue.ring, SEKI_RING_ENTRIES + 1), 1);
	fake_facts.sent = true;
	assert_int_equal(seki_queue_retry(&f->queue, &f->engine, true), 1);
	assert_int_equal(f->queue.n_parked, 2);
	h->sub_tail += SEKI_RING_ENTRIES + 1;
	h->cpl_head = f->queue.ring.cpl_tail;
	assert_int_equal(seki_queue_step(&f->queue, &f->engine), -EPROTO);
}

static void expect_order(struct queue_rig *f, uint32_t from, uint32_t n)
{
	assert_int_equal(f->n_got, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(f->got[i].generation, from + i);
}

static void test_a_flow_stays_in_order(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	f->flow = 5;
	rig_submit(f, 60, 1);
	rig_submit(f, 60, 0);
	rig_submit(f, 60, 1);
	rig_submit(f, 60, 0);
	f->flow = 6;
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->generation, 4); /* of another flow */
	f->flow = 5;
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->n_got, 0);
	assert_int_equal(f->queue.n_parked, 5);
	fake_facts.sent = true;
	rig_retry(f, true);
	assert_int_equal(f->n_got, 5);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(f->got[i].generation, i);
	assert_int_equal(f->got[4].generation, 5);
	assert_int_equal(f->queue.n_parked, 0);
}

/* What waited behind one whose time is over goes on at once, until it asks for itself. */
static void test_those_behind_go_on_when_the_first_does(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	f->flow = 5;
	rig_submit(f, 60, 1);
	rig_step(f);
	f->engine.boot_ns += RIG_WAIT / 2;
	rig_submit(f, 60, 0);
	rig_submit(f, 60, 1);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->n_got, 0);
	f->engine.boot_ns += RIG_WAIT / 2;
	rig_retry(f, false);
	expect_order(f, 0, 2);
	assert_int_equal(f->got[0].verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->got[1].verdict, SEKI_VERDICT_PASS);
	rig_retry(f, false);
	assert_int_equal(f->n_got, 0);
	f->engine.boot_ns += RIG_WAIT / 2;
	rig_retry(f, false);
	expect_order(f, 2, 2);
}

/* The two directions are two flows: one may wait for what the other brings. */
static void test_directions_do_not_wait_for_each_other(void **state)
{
	struct queue_rig *f = *state;
	struct seki_submission sub = {
		.slot = 9, .generation = 77, .len = 60, .copied = 60, .in_port = SEKI_PORT_VM};

	rig_use_facts(f, rig_ask);
	f->flow = 5;
	rig_submit(f, 60, 1);
	rig_step(f);
	memcpy(seki_ring_switch_slot(&f->sw, 9, 60), seki_ring_switch_slot(&f->sw, 0, 60), 60);
	seki_ring_switch_slot(&f->sw, 9, 60)[14] = 0;
	seki_ring_switch_submit(&f->sw, &sub, 1);
	rig_step(f);
	assert_int_equal(rig_only(f)->generation, 77);
}

/* Where no more can wait, those of the flow that do wait no longer: order comes first. */
static void test_a_flow_stays_in_order_when_parking_is_full(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	for (uint32_t i = 0; i < SEKI_QUEUE_PARKED; i++) {
		f->flow = 5 + i % 2;
		rig_submit(f, 60, 1);
		rig_step(f);
		assert_int_equal(f->n_got, 0);
	}
	f->flow = 6;
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->n_got, SEKI_QUEUE_PARKED / 2 + 1);
	for (uint32_t i = 0; i < SEKI_QUEUE_PARKED / 2; i++)
		assert_int_equal(f->got[i].generation, 2 * i + 1);
	assert_int_equal(f->got[SEKI_QUEUE_PARKED / 2].generation, SEKI_QUEUE_PARKED);
	assert_int_equal(f->queue.n_parked, SEKI_QUEUE_PARKED / 2);
}

/* The one in front was given up by the switch: those behind it do not wait for ever. */
static void test_an_outdated_packet_holds_up_nobody(void **state)
{
	struct queue_rig *f = *state;

	rig_use_facts(f, rig_ask);
	f->flow = 5;
	rig_submit(f, 60, 1);
	rig_submit(f, 60, 0);
	rig_step(f);
	f->next = SEKI_RING_ENTRIES; /* slot 0 again */
	f->flow = 6;
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->n_got, 2);
	rig_retry(f, false);
	assert_int_equal(rig_only(f)->generation, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_waits_for_a_fact),
		TEST(test_slot_used_anew_while_waiting),
		TEST(test_waiting_ends),
		TEST(test_does_not_wait),
		TEST(test_parking_is_bounded),
		TEST(test_parked_and_a_lying_switch),
		TEST(test_a_flow_stays_in_order),
		TEST(test_those_behind_go_on_when_the_first_does),
		TEST(test_directions_do_not_wait_for_each_other),
		TEST(test_a_flow_stays_in_order_when_parking_is_full),
		TEST(test_an_outdated_packet_holds_up_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
