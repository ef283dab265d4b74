// SPDX-License-Identifier: Apache-2.0
/*
 * Lanes of a datapath thread: flows are spread and keep their order, whatever comes and goes. The P4
 * VM's end of each lane is in the test's hands and answers when chance says so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/hook/rig.h"

#define FLOWS	40u
#define PACKET	60u
#define PACKETS 20000u

struct packet {
	uint32_t flow;
	uint32_t number; /* in its flow */
	uint8_t bytes[PACKET];
};

struct stage {
	struct seki_hook *hook;
	struct seki_lanes *lanes;
	struct rig ends[SEKI_HOOK_LANES]; /* of each lane that was made */
	uint64_t now_ns;
	uint32_t sent[FLOWS]; /* held by the hook */
	uint32_t next[FLOWS]; /* number of the flow's packet that is to come out */
	uint32_t out, unjudged, disorder;
	bool losing; /* packets may come out unjudged, and others of their flow are gone */
};

static void drop_packet(void *packet)
{
	free(packet);
}

static void configure(struct stage *s, uint32_t workers)
{
	struct seki_hook_config config = rig_config();

	config.workers = workers;
	if (s->hook)
		seki_hook_configure(s->hook, &config);
	else
		assert_int_equal(seki_hook_create(NULL, "port", &config, drop_packet, &s->hook), 0);
}

/* A P4 VM attaches to each lane that has none. */
static void attach(struct stage *s)
{
	for (uint32_t i = 0; i < s->lanes->n; i++) {
		struct rig *end = &s->ends[i];

		rig_collect(end);
		if (end->session || !SEKI_GET(s->lanes->queues[i]->link.wanted))
			continue;
		end->q = s->lanes->queues[i];
		if (!end->switch_region) {
			end->switch_region = calloc(1, SEKI_RING_REGION_BYTES);
			end->p4vm_region = calloc(1, SEKI_RING_REGION_BYTES);
		}
		rig_attach(end);
	}
}

static void take_out(struct stage *s, uint32_t max)
{
	struct seki_outcome out[SEKI_BATCH_MAX];
	uint32_t n = seki_lanes_poll(s->lanes, s->now_ns, out, max);

	assert_true(n <= max);
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = out[i].packet;

		s->out++;
		s->unjudged += out[i].fate == SEKI_FATE_DROP;
		s->disorder += s->losing ? p->number < s->next[p->flow]
					 : p->number != s->next[p->flow];
		s->next[p->flow] = p->number + 1;
		free(p);
	}
	attach(s);
}

static struct packet *make(struct stage *s, uint32_t flow)
{
	struct packet *p = calloc(1, sizeof(*p));

	p->flow = flow;
	p->number = s->sent[flow];
	p->bytes[12] = 8;
	p->bytes[14] = 0x45;
	p->bytes[23] = 17;
	p->bytes[34] = (uint8_t)flow;
	p->bytes[35] = 7;
	p->bytes[37] = 9;
	return p;
}

static uint32_t submit(struct stage *s, uint32_t n)
{
	struct seki_hook_packet packets[SEKI_BATCH_MAX];
	enum seki_fate fates[SEKI_BATCH_MAX];
	uint32_t held = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = make(s, (uint32_t)rand() % FLOWS);

		s->sent[p->flow]++;
		packets[i] = (struct seki_hook_packet){p, p->bytes, PACKET, 0, 0};
	}
	seki_lanes_submit(s->lanes, SEKI_PORT_VM, s->now_ns, packets, n, fates);
	for (uint32_t i = 0; i < n; i++) {
		struct packet *p = packets[i].packet;

		held += fates[i] == SEKI_FATE_HELD;
		if (fates[i] == SEKI_FATE_HELD)
			continue;
		/* Refused: the flow goes on with the next. */
		assert_true(s->losing);
		free(p);
	}
	return held;
}

/* One lane answers some of what it has, in order. */
static void answer(struct stage *s, uint32_t lane, uint32_t max)
{
	struct seki_submission sub;
	struct seki_completion c;

	while (max-- && s->ends[lane].session && rig_take(&s->ends[lane], &sub)) {
		c = rig_verdict(&sub, SEKI_VERDICT_PASS);
		rig_answer(&s->ends[lane], &c);
	}
}

static void drain(struct stage *s)
{
	for (int i = 0; i < 200; i++) {
		for (uint32_t lane = 0; lane < s->lanes->n; lane++)
			answer(s, lane, SEKI_RING_ENTRIES);
		take_out(s, SEKI_BATCH_MAX);
	}
}

static int setup(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	srand(7);
	s->now_ns = 1000000000;
	configure(s, 1);
	s->lanes = seki_hook_lanes(s->hook, 7);
	assert_ptr_equal(seki_hook_lanes(s->hook, 7), s->lanes);
	take_out(s, SEKI_BATCH_MAX);
	take_out(s, SEKI_BATCH_MAX);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	struct stage *s = *state;
	uint32_t n = s->lanes->n;

	seki_hook_destroy(s->hook);
	for (uint32_t i = 0; i < n; i++) {
		if (s->ends[i].session) {
			s->ends[i].session->released = 1;
			rig_collect(&s->ends[i]);
		}
		free(s->ends[i].switch_region);
		free(s->ends[i].p4vm_region);
	}
	free(s);
	return 0;
}

/* Traffic of all flows while at each step something may be changed. */
static void traffic(struct stage *s, void (*change)(struct stage *s, uint32_t step))
{
	const uint32_t before = s->out;
	uint32_t held = 0;

	for (uint32_t step = 0; held < PACKETS; step++) {
		uint32_t lane = (uint32_t)rand() % s->lanes->n;

		if (change)
			change(s, step);
		s->now_ns += 1000;
		if (held + before - s->out < 200)
			held += submit(s, 1 + (uint32_t)rand() % SEKI_BATCH_MAX);
		answer(s, lane, (uint32_t)rand() % 64);
		take_out(s, 1 + (uint32_t)rand() % SEKI_BATCH_MAX);
	}
	drain(s);
	assert_int_equal(s->out - before, held);
	assert_int_equal(s->disorder, 0);
	assert_int_equal(s->lanes->untagged, 0);
	for (uint32_t i = 0; i < SEKI_HOOK_BUCKETS; i++)
		assert_int_equal(s->lanes->in_flight[i], 0);
}

static uint64_t handed_over(const struct stage *s, uint32_t lane)
{
	return s->lanes->queues[lane]->stats.from[SEKI_PORT_VM].packets;
}

static void one_lane_is_what_it_was(void **state)
{
	struct stage *s = *state;

	traffic(s, NULL);
	assert_int_equal(s->lanes->n, 1);
	assert_int_equal(s->unjudged, 0);
}

static void flows_keep_their_order_over_four_lanes(void **state)
{
	struct stage *s = *state;

	configure(s, 4);
	take_out(s, 1);
	take_out(s, 1);
	traffic(s, NULL);
	assert_int_equal(s->lanes->n, 4);
	assert_int_equal(s->unjudged, 0);
	for (uint32_t i = 0; i < 4; i++)
		assert_true(handed_over(s, i) > PACKETS / 16);
}

static void change_workers(struct stage *s, uint32_t step)
{
	static const uint32_t workers[] = {4, 2, 8, 1, 3};

	if (step % 97 == 5)
		configure(s, workers[step / 97 % 5]);
}

static void their_number_changes_under_traffic(void **state)
{
	struct stage *s = *state;

	traffic(s, change_workers);
	assert_int_equal(s->unjudged, 0);
	assert_int_equal(s->lanes->n, 8);
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(s->lanes->queues[i]->stats.lane, i);
	assert_true(handed_over(s, 1) && handed_over(s, 3));
	configure(s, 1);
	drain(s);
	traffic(s, NULL);
	/* Lanes that are not wanted any more have no session. */
	for (uint32_t i = 1; i < 8; i++)
		assert_null(s->lanes->queues[i]->session);
}

static void kill_lanes(struct stage *s, uint32_t step)
{
	struct rig *end = &s->ends[step % 3];

	if (step % 31 == 7 && end->session)
		SEKI_PUT(end->session->dead, 1);
}

/* What was in flight there comes out unjudged; the flows go on over the others. */
static void lanes_die_and_come_back(void **state)
{
	struct stage *s = *state;

	s->losing = true;
	configure(s, 3);
	take_out(s, 1);
	take_out(s, 1);
	traffic(s, kill_lanes);
	assert_true(s->unjudged);
	assert_true(s->unjudged < PACKETS / 2);
}

static void a_dead_lane_costs_only_what_was_in_flight(void **state)
{
	struct stage *s = *state;
	uint32_t held;

	configure(s, 2);
	take_out(s, 1);
	take_out(s, 1);
	held = submit(s, SEKI_BATCH_MAX);
	s->losing = true;
	SEKI_PUT(s->ends[1].session->dead, 1);
	while (s->lanes->queues[1]->session)
		take_out(s, SEKI_BATCH_MAX);
	take_out(s, SEKI_BATCH_MAX);
	s->lanes->queues[1]->offered = NULL;
	for (int i = 0; i < 10; i++) {
		held += submit(s, SEKI_BATCH_MAX);
		answer(s, 0, SEKI_RING_ENTRIES);
	}
	assert_int_equal(held, 11 * SEKI_BATCH_MAX);
	assert_int_equal(s->ends[1].q->stats.from[SEKI_PORT_VM].dropped[SEKI_REASON_DOWN],
			 s->unjudged);
}

/* One lane always has more to give than is taken: the other one's come out all the same. */
static void a_flood_on_one_lane_starves_no_other(void **state)
{
	struct stage *s = *state;
	uint64_t before;
	uint32_t slow;

	configure(s, 2);
	take_out(s, 1);
	take_out(s, 1);
	for (int i = 0; i < 12; i++)
		submit(s, SEKI_BATCH_MAX);
	slow = handed_over(s, 0) < handed_over(s, 1) ? 0 : 1;
	answer(s, !slow, SEKI_RING_ENTRIES);
	answer(s, slow, 4);
	before = s->lanes->queues[slow]->in_flight;
	take_out(s, 4);
	take_out(s, 4);
	assert_int_equal(s->out, 8);
	assert_int_equal(s->lanes->queues[slow]->in_flight, before - 4);
	drain(s);
}

static void inflight_is_shared_by_lanes(void **state)
{
	struct stage *s = *state;
	struct seki_hook_config config = rig_config();
	uint32_t held = 0;

	config.workers = 4;
	config.inflight = 40;
	seki_hook_configure(s->hook, &config);
	take_out(s, 1);
	take_out(s, 1);
	s->losing = true;
	for (int i = 0; i < 10; i++)
		held += submit(s, SEKI_BATCH_MAX);
	assert_int_equal(held, 40);
	drain(s);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(one_lane_is_what_it_was),
		TEST(flows_keep_their_order_over_four_lanes),
		TEST(their_number_changes_under_traffic),
		TEST(lanes_die_and_come_back),
		TEST(a_dead_lane_costs_only_what_was_in_flight),
		TEST(a_flood_on_one_lane_starves_no_other),
		TEST(inflight_is_shared_by_lanes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
