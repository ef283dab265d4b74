// SPDX-License-Identifier: Apache-2.0
/* What becomes of a packet: verdicts, lies, deadlines, the port's policy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/hook/rig.h"

static struct rig *rig_with(uint32_t inflight, bool fail_open)
{
	struct seki_hook_config config = rig_config();

	config.inflight = inflight;
	config.fail_open = fail_open;
	return rig_create(&config);
}

static int set_up_open(void **state)
{
	*state = rig_with(SEKI_RING_ENTRIES, true);
	return 0;
}

/* One packet in, the P4 VM's answer `c` but for slot and generation, one outcome back. */
static struct seki_outcome judge(struct rig *r, uint32_t in_port, struct rig_packet *p,
				 struct seki_completion c)
{
	struct seki_submission s;
	struct seki_outcome out;

	assert_int_equal(rig_submit(r, in_port, p), SEKI_FATE_HELD);
	assert_true(rig_take(r, &s));
	c.slot = s.slot;
	c.generation = s.generation;
	rig_answer(r, &c);
	assert_true(rig_poll(r, &out));
	assert_ptr_equal(out.packet, p);
	assert_int_equal(out.in_port, in_port);
	return out;
}

static void a_submission_says_what_the_packet_is(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s;

	seki_ring_p4vm_set_want(&r->vm, 54);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
	assert_true(rig_take(r, &s));
	assert_int_equal(s.len, 100);
	assert_int_equal(s.copied, 54);
	assert_int_equal(s.in_port, SEKI_PORT_VM);
	assert_int_equal(s.rss_hash, 0x1234);
	assert_memory_equal(seki_ring_p4vm_packet(&r->vm, &s), p->bytes, 54);
	assert_int_equal(seki_ring_p4vm_packet(&r->vm, &s)[54], 0);
}

static void pass_goes_on_untouched(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	const struct seki_completion pass = {.verdict = SEKI_VERDICT_PASS, .len = 100};
	struct seki_outcome out = judge(r, SEKI_PORT_VM, p, pass);

	assert_int_equal(out.fate, SEKI_FATE_PASS);
	assert_int_equal(out.out_port, SEKI_PORT_NET);
	assert_false(out.edited);
	out = judge(r, SEKI_PORT_NET, p, pass);
	assert_int_equal(out.out_port, SEKI_PORT_VM);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].passed, 1);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_NET].passed, 1);
	assert_int_equal(rig_stats(r).in_flight, 0);
}

static void drop_drops(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	const struct seki_completion c = {.verdict = SEKI_VERDICT_DROP, .site = 12};

	assert_int_equal(judge(r, SEKI_PORT_NET, p, c).fate, SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_NET].dropped[SEKI_REASON_VERDICT], 1);
}

static void redirects_go_where_they_are_granted(void **state)
{
	static const struct {
		uint8_t port;
		bool granted;
	} cases[] = {{SEKI_PORT_NET, true},	     {SEKI_PORT_VM, true},
		     {SEKI_PORT_GRANTED, true},	     {SEKI_PORT_GRANTED + 1, true},
		     {SEKI_PORT_GRANTED + 2, false}, {UINT8_MAX, false}};
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	char name[SEKI_HOOK_NAME];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct seki_completion c = {
			.verdict = SEKI_VERDICT_REDIRECT, .out_port = cases[i].port, .len = 100};
		struct seki_outcome out = judge(r, SEKI_PORT_VM, p, c);

		assert_int_equal(out.fate, cases[i].granted ? SEKI_FATE_PASS : SEKI_FATE_DROP);
		if (cases[i].granted)
			assert_int_equal(out.out_port, cases[i].port);
	}
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].dropped[SEKI_REASON_BAD_PORT], 2);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].passed, 1);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].redirected, 3);
	assert_true(seki_hook_grant(r->hook, SEKI_PORT_GRANTED + 1, name));
	assert_string_equal(name, "two");
	assert_false(seki_hook_grant(r->hook, SEKI_PORT_GRANTED + 2, name));
	assert_false(seki_hook_grant(r->hook, SEKI_PORT_VM, name));
	assert_false(seki_hook_grant(r->hook, UINT32_MAX, name));
}

static void copies_go_to_granted_ports(void **state)
{
	static const struct {
		uint8_t port;
		bool granted;
	} cases[] = {{SEKI_PORT_VM, false},
		     {SEKI_PORT_GRANTED, true},
		     {SEKI_PORT_GRANTED + 1, true},
		     {SEKI_PORT_GRANTED + 2, false},
		     {SEKI_CLONE_MAX, false}};
	static const uint8_t verdicts[] = {SEKI_VERDICT_DROP, SEKI_VERDICT_PASS,
					   SEKI_VERDICT_REDIRECT};
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_hook_counts n;

	for (size_t i = 0; i < 3 * sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t verdict = verdicts[i % 3], port = cases[i / 3].port;
		const bool granted = cases[i / 3].granted;
		const struct seki_completion c = {
			.verdict = (uint8_t)(verdict | port << SEKI_CLONE_SHIFT), .len = 100};
		struct seki_outcome out = judge(r, SEKI_PORT_VM, p, c);

		assert_int_equal(out.clone_port, granted ? port : 0);
		assert_int_equal(out.fate, granted && verdict != SEKI_VERDICT_DROP
						   ? SEKI_FATE_PASS
						   : SEKI_FATE_DROP);
		if (i / 3 == 1 && verdict == SEKI_VERDICT_PASS)
			seki_queue_lose_clone(r->q, &out);
	}
	n = rig_stats(r).from[SEKI_PORT_VM];
	assert_int_equal(n.cloned, 5);
	assert_int_equal(n.clones_lost, 1);
	assert_int_equal(n.passed, 4);
	assert_int_equal(n.dropped[SEKI_REASON_VERDICT], 2);
	assert_int_equal(n.dropped[SEKI_REASON_BAD_PORT], 9);
}

static void rewritten_packets_within_bounds(void **state)
{
	/* Of a packet of 3000 bytes, of which 1792 were copied, into one slot. */
	static const struct {
		uint16_t head_in, head_out, len;
		bool good;
	} cases[] = {
		{0, 0, 3000, true},
		{0, 0, 14, true},
		{0, 0, 13, false},
		{0, 0, 0, false},
		{0, 0, 3001, false},
		{0, 0, UINT16_MAX, false},
		{1792, 2048, 3256, true},
		{1792, 2048, 3257, false},
		{1793, 2048, 2999, false},
		{1792, 2049, 3000, false},
		{1792, 0, 1208, true},
		{1792, 0, 1209, false},
		{0, 2048, 5048, true},
		{0, 2048, 5049, false},
		{14, 18, 3004, true},
		{UINT16_MAX, 0, 100, false},
		{0, UINT16_MAX, 100, false},
		{UINT16_MAX, UINT16_MAX, 3000, false},
		{1792, UINT16_MAX, 14, false},
	};
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 3000);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct seki_completion c = {.verdict = SEKI_VERDICT_PASS,
						  .head_in = cases[i].head_in,
						  .head_out = cases[i].head_out,
						  .len = cases[i].len};
		struct seki_outcome out = judge(r, SEKI_PORT_VM, p, c);

		assert_int_equal(out.fate, cases[i].good ? SEKI_FATE_PASS : SEKI_FATE_DROP);
		assert_int_equal(out.edited, cases[i].good && i != 0);
		if (out.edited) {
			assert_int_equal(out.head_in, cases[i].head_in);
			assert_int_equal(out.head_out, cases[i].head_out);
			assert_int_equal(out.len, cases[i].len);
			assert_non_null(out.head);
		}
	}
}

static void packets_of_many_slots(void **state)
{
	const uint32_t fit = SEKI_RING_ENTRIES / seki_ring_run(SEKI_PACKET_MAX);
	struct rig *r = *state;
	struct rig_packet *longest = rig_packet(r, SEKI_PACKET_MAX);
	struct rig_packet *shortest = rig_packet(r, SEKI_PACKET_MIN);
	struct seki_submission s[32];
	struct seki_outcome out;

	seki_ring_p4vm_set_want(&r->vm, UINT32_MAX);
	for (uint32_t i = 0; i < fit; i++) {
		assert_int_equal(rig_submit(r, SEKI_PORT_VM, longest), SEKI_FATE_HELD);
		assert_int_equal(rig_submit(r, SEKI_PORT_VM, shortest), SEKI_FATE_HELD);
		assert_true(rig_take(r, &s[2 * i]) && rig_take(r, &s[2 * i + 1]));
		assert_int_equal(s[2 * i].copied, SEKI_PACKET_MAX);
		assert_memory_equal(seki_ring_p4vm_packet(&r->vm, &s[2 * i]), longest->bytes,
				    SEKI_PACKET_MAX);
	}
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, longest), SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].dropped[SEKI_REASON_FULL], 1);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, shortest), SEKI_FATE_HELD);
	for (uint32_t i = 0; i < 2 * fit; i++) {
		struct seki_completion c = rig_verdict(&s[i], SEKI_VERDICT_PASS);

		c.head_in = c.head_out = s[i].len;
		rig_answer(r, &c);
		assert_true(rig_poll(r, &out));
		assert_int_equal(out.fate, SEKI_FATE_PASS);
		assert_int_equal(out.head_out, s[i].len);
	}
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, longest), SEKI_FATE_HELD);
	assert_int_equal(rig_stats(r).in_flight, 2);
}

static void malformed_verdicts_drop(void **state)
{
	const struct seki_completion cases[] = {
		{.verdict = UINT8_MAX, .len = 100},
		{.verdict = SEKI_VERDICT_PASS, .len = 100, .out_port = 1},
		{.verdict = SEKI_VERDICT_MORE},
		{.verdict = SEKI_VERDICT_MORE | SEKI_PORT_GRANTED << SEKI_CLONE_SHIFT},
		{.verdict = SEKI_VERDICT_PASS | SEKI_PORT_GRANTED << SEKI_CLONE_SHIFT, .len = 1},
	};
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	const size_t n = sizeof(cases) / sizeof(cases[0]);

	for (size_t i = 0; i < n; i++)
		assert_int_equal(judge(r, SEKI_PORT_VM, p, cases[i]).fate, SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].dropped[SEKI_REASON_BAD_VERDICT], n);
}

static void more_is_granted_once(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 500);
	struct seki_submission s, again;
	struct seki_completion c;
	struct seki_outcome out;

	seki_ring_p4vm_set_want(&r->vm, 34);
	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
	assert_true(rig_take(r, &s));
	c = rig_verdict(&s, SEKI_VERDICT_MORE);
	rig_answer(r, &c);
	assert_false(rig_poll(r, &out));
	assert_false(rig_poll(r, &out));
	assert_true(rig_take(r, &again));
	assert_int_equal(again.copied, 500);
	assert_int_not_equal(again.generation, s.generation);
	assert_memory_equal(seki_ring_p4vm_packet(&r->vm, &again), p->bytes, 500);
	c = rig_verdict(&again, SEKI_VERDICT_MORE);
	rig_answer(r, &c);
	assert_true(rig_poll(r, &out));
	assert_int_equal(out.fate, SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).more, 1);
}

/* It keeps its place among the others, of which it may be the oldest, the newest, or neither. */
static void more_moves_to_a_longer_run(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p[3];
	struct seki_submission s[3], again;
	struct seki_completion c;
	struct seki_outcome out;
	uint64_t since_ns[3];

	seki_ring_p4vm_set_want(&r->vm, 34);
	for (int i = 0; i < 3; i++) {
		p[i] = rig_packet(r, 9000);
		since_ns[i] = r->now_ns;
		assert_int_equal(rig_submit(r, SEKI_PORT_NET, p[i]), SEKI_FATE_HELD);
		assert_true(rig_take(r, &s[i]));
		r->now_ns += 10 * MS;
	}
	for (int i = 2; i >= 0; i--) {
		c = rig_verdict(&s[i], SEKI_VERDICT_MORE);
		rig_answer(r, &c);
		assert_false(rig_poll(r, &out));
		assert_false(rig_poll(r, &out));
		assert_true(rig_take(r, &again));
		assert_int_equal(again.copied, 9000);
		assert_memory_equal(seki_ring_p4vm_packet(&r->vm, &again), p[i]->bytes, 9000);
		rig_answer(r, &c); /* its first place is nobody's now */
		assert_false(rig_poll(r, &out));
	}
	assert_int_equal(rig_stats(r).late, 3);
	for (int i = 0; i < 3; i++) {
		r->now_ns = since_ns[i] + 1000 * MS;
		assert_true(rig_poll(r, &out));
		assert_ptr_equal(out.packet, p[i]);
		assert_false(rig_poll(r, &out));
	}
	assert_int_equal(rig_stats(r).in_flight, 0);
}

/*
 * A packet that is to be submitted again may get the run of one that comes out of the same poll: the
 * P4 VM is not to have it before the caller has copied that one's head.
 */
static void more_leaves_heads_that_come_out_alone(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p[2] = {rig_packet(r, 100), rig_packet(r, 500)};
	struct seki_outcome out[SEKI_BATCH_MAX];
	struct seki_completion c[2];
	struct seki_submission s[2], again;

	seki_ring_p4vm_set_want(&r->vm, 34);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(rig_submit(r, SEKI_PORT_NET, p[i]), SEKI_FATE_HELD);
		assert_true(rig_take(r, &s[i]));
	}
	c[0] = rig_verdict(&s[0], SEKI_VERDICT_PASS);
	c[0].head_in = c[0].head_out = 34;
	c[1] = rig_verdict(&s[1], SEKI_VERDICT_MORE);
	seki_ring_p4vm_answer(&r->vm, c, 2);
	assert_int_equal(seki_queue_poll(r->q, r->now_ns, out, SEKI_BATCH_MAX), 1);
	assert_non_null(out[0].head);
	assert_false(rig_take(r, &again));
	assert_int_equal(seki_queue_poll(r->q, r->now_ns, out, SEKI_BATCH_MAX), 0);
	assert_true(rig_take(r, &again));
	assert_int_equal(again.copied, 500);
}

/* Its time may be over before that. */
static void more_is_not_for_packets_that_came_out(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 500);
	struct seki_submission s;
	struct seki_outcome out[SEKI_BATCH_MAX];
	struct seki_completion c;
	struct seki_sleep sleep;

	seki_ring_p4vm_set_want(&r->vm, 34);
	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
	assert_true(rig_take(r, &s));
	c = rig_verdict(&s, SEKI_VERDICT_MORE);
	rig_answer(r, &c);
	r->now_ns += 60000 * MS;
	/* Asked for more, and expired at once. */
	assert_int_equal(seki_queue_poll(r->q, r->now_ns, out, SEKI_BATCH_MAX), 1);
	seki_queue_sleep(r->q, r->now_ns, &sleep);
	assert_true(sleep.ready);
	assert_int_equal(seki_queue_poll(r->q, r->now_ns, out, SEKI_BATCH_MAX), 0);
	assert_false(rig_take(r, &s));
	assert_int_equal(rig_stats(r).more, 0);
	assert_int_equal(rig_stats(r).in_flight, 0);
}

static void more_follows_the_policy_where_memory_is_short(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 9000);
	const struct seki_completion c = {.verdict = SEKI_VERDICT_MORE};
	bool open = r->hook->fail_open;

	seki_ring_p4vm_set_want(&r->vm, UINT32_MAX);
	while (r->q->stats.from[SEKI_PORT_VM].dropped[SEKI_REASON_FULL] +
		       r->q->stats.from[SEKI_PORT_VM].bypassed[SEKI_REASON_FULL] ==
	       0) {
		rig_submit(r, SEKI_PORT_VM, p);
		rig_take(r, &(struct seki_submission){0});
	}
	seki_ring_p4vm_set_want(&r->vm, 34);
	assert_int_equal(judge(r, SEKI_PORT_NET, p, c).fate,
			 open ? SEKI_FATE_PASS : SEKI_FATE_DROP);
	if (open)
		assert_int_equal(rig_stats(r).from[SEKI_PORT_NET].bypassed[SEKI_REASON_FULL], 1);
	else
		assert_int_equal(rig_stats(r).from[SEKI_PORT_NET].dropped[SEKI_REASON_FULL], 1);
}

/* What the P4 VM says of its times is believed only where it can be so. */
static void times_are_within_what_was_seen(void **state)
{
	static const uint64_t said[][2] = {{0, 0}, {UINT64_MAX, 0}, {0, UINT64_MAX}, {5, 3}};
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s;
	struct seki_outcome out;
	struct seki_hook_times t;
	bool sampled;

	for (uint64_t i = 0; i < 4; i++) {
		r->now_ns += 10 * MS;
		assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
		assert_int_equal(seki_ring_p4vm_take(&r->vm, &s, 1, NULL, &sampled), 1);
		assert_true(sampled);
		seki_ring_p4vm_report(&r->vm, said[i][0], said[i][1]);
		assert_false(rig_poll(r, &out));
		t = rig_stats(r).times;
		assert_int_equal(t.samples, i + 1);
		assert_int_equal(t.packets, 16);
		assert_true(t.hand_off_ns + t.program_ns + t.return_ns < 100000 * MS);
	}
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD); /* too soon */
	assert_int_equal(seki_ring_p4vm_take(&r->vm, &s, 1, NULL, &sampled), 1);
	assert_false(sampled);
}

static void lengths_that_are_no_packet(void **state)
{
	static const uint32_t lengths[] = {0, 13, SEKI_PACKET_MAX + 1};
	struct rig *r = *state;

	for (size_t i = 0; i < 3; i++) {
		struct rig_packet *p = rig_packet(r, lengths[i]);

		assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_DROP);
	}
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].dropped[SEKI_REASON_LENGTH], 3);
}

static void late_and_made_up_completions_are_ignored(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s[4];
	struct seki_completion c;
	struct seki_outcome out;

	for (int i = 0; i < 4; i++) {
		assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
		assert_true(rig_take(r, &s[i]));
	}
	c = rig_verdict(&s[0], SEKI_VERDICT_PASS);
	rig_answer(r, &c);
	assert_true(rig_poll(r, &out));
	rig_answer(r, &c); /* a second time */
	assert_false(rig_poll(r, &out));
	c = rig_verdict(&s[1], SEKI_VERDICT_PASS);
	c.generation++;
	rig_answer(r, &c);
	c = rig_verdict(&s[1], SEKI_VERDICT_PASS);
	c.slot = SEKI_RING_ENTRIES;
	rig_answer(r, &c);
	assert_false(rig_poll(r, &out));
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_stats(r).late, 3);
	assert_int_equal(rig_stats(r).in_flight, 3);
}

static void deadline_follows_the_policy_and_then_nobody_waits(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	enum seki_fate expected = r->hook->fail_open ? SEKI_FATE_PASS : SEKI_FATE_DROP;
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;

	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
	r->now_ns += 999 * MS;
	assert_false(rig_poll(r, &out));
	r->now_ns += MS;
	assert_true(rig_poll(r, &out));
	assert_int_equal(out.fate, expected);
	assert_false(out.edited);
	assert_int_equal(out.out_port, SEKI_PORT_NET);
	assert_int_equal(rig_stats(r).state, SEKI_QUEUE_UNRESPONSIVE);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), expected);
	/* It goes on: its late answer is ignored, but heals the queue. */
	assert_true(rig_take(r, &s));
	c = rig_verdict(&s, SEKI_VERDICT_PASS);
	rig_answer(r, &c);
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_stats(r).state, SEKI_QUEUE_UP);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
}

static void answers_that_wait_are_not_late(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;

	for (int i = 0; i < 3; i++) {
		assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
		assert_true(rig_take(r, &s));
		c = rig_verdict(&s, SEKI_VERDICT_PASS);
		rig_answer(r, &c);
	}
	r->now_ns += 5000 * MS; /* the switch was busy elsewhere */
	for (int i = 0; i < 3; i++) {
		assert_true(rig_poll(r, &out));
		assert_int_equal(out.fate, SEKI_FATE_PASS);
	}
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].passed, 3);
}

static void a_p4vm_that_hangs_is_attached_anew(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_outcome out;

	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
	r->now_ns += 1000 * MS;
	assert_true(rig_poll(r, &out));
	r->now_ns += 5001 * MS;
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_stats(r).hangs, 1);
	assert_true(rig_collect(r));
	rig_attach(r);
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_stats(r).state, SEKI_QUEUE_UP);
	assert_int_equal(rig_stats(r).sessions, 2);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
}

static void a_lost_session_flushes_and_heals(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	enum seki_fate expected = r->hook->fail_open ? SEKI_FATE_PASS : SEKI_FATE_DROP;
	struct seki_outcome out;

	for (int i = 0; i < 5; i++)
		assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
	r->session->dead = 1;
	for (int i = 0; i < 5; i++) {
		assert_true(rig_poll(r, &out));
		assert_int_equal(out.fate, expected);
	}
	assert_true(rig_collect(r));
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), expected);
	assert_int_equal(rig_stats(r).state, SEKI_QUEUE_DOWN);
	rig_attach(r);
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
}

static void impossible_indices_end_the_session(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_p4vm_header *h = r->session->p4vm_region;
	struct seki_outcome out;

	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
	h->cpl_tail = 0x80000000;
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_stats(r).lies, 1);
	assert_true(rig_poll(r, &out));
	assert_int_equal(out.fate, SEKI_FATE_DROP);
	assert_true(rig_collect(r));
}

static void no_more_in_flight_than_allowed(void **state)
{
	struct rig *r = rig_with(3, false);
	struct rig_packet *p = rig_packet(r, 100);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_NET].dropped[SEKI_REASON_FULL], 1);
	assert_int_equal(rig_stats(r).in_flight, 3);
	seki_hook_destroy(r->hook);
	r->hook = NULL;
	assert_true(p->dropped); /* what is in flight at the end is freed */
	rig_destroy(r);
}

static void a_full_ring_refuses(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);

	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++)
		assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_HELD);
	assert_int_equal(rig_submit(r, SEKI_PORT_NET, p), SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_NET].dropped[SEKI_REASON_FULL], 1);
	seki_hook_destroy(r->hook);
	assert_int_equal(seki_hook_create(NULL, "", &(struct seki_hook_config){0}, NULL, &r->hook),
			 0);
}

/* A shorter deadline goes for what is in flight, too: nothing waits behind a longer one. */
static void deadline_is_shortened(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_hook_config config = rig_config();
	struct seki_outcome out;
	struct seki_sleep sleep;

	rig_submit(r, SEKI_PORT_VM, p);
	config.deadline_ms = 50;
	seki_hook_configure(r->hook, &config);
	rig_submit(r, SEKI_PORT_VM, p);
	seki_queue_sleep(r->q, r->now_ns, &sleep);
	assert_int_equal(sleep.until_ns, r->now_ns + 50 * MS);
	r->now_ns += 50 * MS;
	assert_true(rig_poll(r, &out));
	assert_true(rig_poll(r, &out));
	assert_int_equal(rig_stats(r).in_flight, 0);
}

static void switched_off_passes_new_and_finishes_old(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_hook_config config = rig_config();
	struct seki_submission s;
	struct seki_completion c;
	struct seki_outcome out;

	rig_submit(r, SEKI_PORT_VM, p);
	config.socket[0] = 0;
	seki_hook_configure(r->hook, &config);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_PASS);
	assert_false(seki_hook_drained(r->hook));
	assert_true(rig_take(r, &s));
	c = rig_verdict(&s, SEKI_VERDICT_DROP);
	rig_answer(r, &c);
	assert_true(rig_poll(r, &out));
	assert_int_equal(out.fate, SEKI_FATE_DROP);
	assert_true(seki_hook_drained(r->hook));
	config = rig_config();
	seki_hook_configure(r->hook, &config);
	assert_false(seki_hook_drained(r->hook));
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
}

/* Without its settings a port is not shielded; what is in flight keeps the policy it had. */
static void switched_off_keeps_the_policy(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	const struct seki_hook_config none = {.inflight = 1, .deadline_ms = 1};
	struct seki_outcome out;

	rig_submit(r, SEKI_PORT_VM, p);
	seki_hook_configure(r->hook, &none);
	r->now_ns += 1000 * MS;
	assert_true(rig_poll(r, &out));
	assert_int_equal(out.fate, SEKI_FATE_PASS);
	assert_true(seki_hook_drained(r->hook));
}

static void settings_change_in_flight(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_hook_config config = rig_config();

	config.inflight = 1;
	config.fail_open = true;
	config.grants = 0;
	seki_hook_configure(r->hook, &config);
	assert_false(r->q->link.reconnect);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_PASS);
	strcpy(config.socket, "/other");
	seki_hook_configure(r->hook, &config);
	assert_true(r->q->link.reconnect);
}

static void leaving_flushes_and_joining_returns(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	struct seki_outcome out;

	rig_submit(r, SEKI_PORT_VM, p);
	seki_queue_leave(r->q);
	assert_true(rig_collect(r));
	assert_true(rig_poll(r, &out));
	assert_int_equal(out.fate, SEKI_FATE_DROP);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].dropped[SEKI_REASON_REMOVED], 1);
	assert_int_equal(r->q->link.wanted, 0);
	rig_attach(r); /* was on its way */
	seki_queue_leave(r->q);
	assert_true(rig_collect(r));
	seki_queue_join(r->q);
	assert_int_equal(r->q->link.wanted, 1);
	rig_attach(r);
	assert_false(rig_poll(r, &out));
	assert_int_equal(rig_submit(r, SEKI_PORT_VM, p), SEKI_FATE_HELD);
}

static void given_up_packets_are_counted_as_dropped(void **state)
{
	struct rig *r = *state;
	struct rig_packet *p = rig_packet(r, 100);
	const struct seki_completion c = {
		.verdict = SEKI_VERDICT_REDIRECT, .out_port = SEKI_PORT_GRANTED, .len = 60};
	struct seki_outcome out = judge(r, SEKI_PORT_VM, p, c);

	seki_queue_give_up(r->q, &out, SEKI_REASON_BAD_PORT);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].redirected, 0);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].rewritten, 0);
	assert_int_equal(rig_stats(r).from[SEKI_PORT_VM].dropped[SEKI_REASON_BAD_PORT], 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, rig_set_up, rig_tear_down)
#define OPEN(function) cmocka_unit_test_setup_teardown(function, set_up_open, rig_tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_submission_says_what_the_packet_is),
		TEST(pass_goes_on_untouched),
		TEST(drop_drops),
		TEST(redirects_go_where_they_are_granted),
		TEST(copies_go_to_granted_ports),
		TEST(rewritten_packets_within_bounds),
		TEST(packets_of_many_slots),
		TEST(malformed_verdicts_drop),
		OPEN(malformed_verdicts_drop),
		TEST(more_is_granted_once),
		TEST(more_moves_to_a_longer_run),
		TEST(more_leaves_heads_that_come_out_alone),
		TEST(more_is_not_for_packets_that_came_out),
		TEST(more_follows_the_policy_where_memory_is_short),
		OPEN(more_follows_the_policy_where_memory_is_short),
		TEST(times_are_within_what_was_seen),
		TEST(lengths_that_are_no_packet),
		TEST(late_and_made_up_completions_are_ignored),
		TEST(deadline_follows_the_policy_and_then_nobody_waits),
		OPEN(deadline_follows_the_policy_and_then_nobody_waits),
		TEST(answers_that_wait_are_not_late),
		TEST(a_p4vm_that_hangs_is_attached_anew),
		TEST(a_lost_session_flushes_and_heals),
		OPEN(a_lost_session_flushes_and_heals),
		TEST(impossible_indices_end_the_session),
		cmocka_unit_test(no_more_in_flight_than_allowed),
		TEST(a_full_ring_refuses),
		TEST(deadline_is_shortened),
		TEST(switched_off_passes_new_and_finishes_old),
		OPEN(switched_off_keeps_the_policy),
		TEST(settings_change_in_flight),
		TEST(leaving_flushes_and_joining_returns),
		TEST(given_up_packets_are_counted_as_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
