/* SPDX-License-Identifier: Apache-2.0 */
/* The life of packets in a P4 VM, with the switch's end of the ring in the same process. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "tests/unit/p4vm/fake_machine.h"
#include "tests/unit/p4vm/queue_rig.h"

/* Programs. */

static int pass(struct seki_bpf_run *run, uint64_t *r0)
{
	(void)run;
	*r0 = 1;
	return 0;
}

static int drop_at_7(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = 7;
	*r0 = 0;
	return 0;
}

/* Drops everything at a line that the packet's 15th byte names. */
static int drop_by_byte(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = run->buf[run->off + 14];
	*r0 = 0;
	return 0;
}

static int redirect(struct seki_bpf_run *run, uint64_t *r0)
{
	run->meta.output_action = SEKI_ACTION_REDIRECT;
	run->meta.output_port = 3;
	*r0 = 1;
	return 0;
}

static uint32_t clone_port;

static int clone_and_drop(struct seki_bpf_run *run, uint64_t *r0)
{
	run->meta.clone = 1;
	run->meta.clone_port = clone_port;
	*r0 = 0;
	return 0;
}

static int say_drop_but_return_1(struct seki_bpf_run *run, uint64_t *r0)
{
	run->meta.output_action = SEKI_ACTION_DROP;
	*r0 = 1;
	return 0;
}

static int set_byte(struct seki_bpf_run *run, uint64_t *r0)
{
	run->buf[run->off + 1] = 0xee;
	*r0 = 1;
	return 0;
}

static int grow(struct seki_bpf_run *run, uint64_t *r0)
{
	run->off -= 4;
	run->copied += 4;
	run->len += 4;
	memset(run->buf + run->off, 0xaa, 4);
	*r0 = 1;
	return 0;
}

static int grow_by_256(struct seki_bpf_run *run, uint64_t *r0)
{
	run->off -= 256;
	run->copied += 256;
	run->len += 256;
	memset(run->buf + run->off, 0xaa, 256);
	*r0 = 1;
	return 0;
}

static int shrink(struct seki_bpf_run *run, uint64_t *r0)
{
	run->off += 4;
	run->copied -= 4;
	run->len -= 4;
	*r0 = 1;
	return 0;
}

static int truncate_to_20(struct seki_bpf_run *run, uint64_t *r0)
{
	run->len = 20;
	run->copied = run->copied < 20 ? run->copied : 20;
	*r0 = 1;
	return 0;
}

static int truncate_to_9(struct seki_bpf_run *run, uint64_t *r0)
{
	run->len = run->copied = 9;
	*r0 = 1;
	return 0;
}

static int no_room(struct seki_bpf_run *run, uint64_t *r0)
{
	(void)run;
	(void)r0;
	return -ENOBUFS;
}

static int refuse(struct seki_bpf_run *run, uint64_t *r0)
{
	(void)run;
	(void)r0;
	return -EINVAL;
}

static void test_pass_untouched(void **state)
{
	struct queue_rig *f = *state;
	const struct seki_completion *c;

	rig_use(f, pass, true);
	rig_submit(f, 100, 0);
	rig_step(f);
	c = rig_only(f);
	assert_int_equal(c->verdict, SEKI_VERDICT_PASS);
	assert_int_equal(c->slot, 0);
	assert_int_equal(c->head_in, 0);
	assert_int_equal(c->head_out, 0);
	assert_int_equal(c->len, 100);
	assert_int_equal(f->queue.stats.passed, 1);
	assert_int_equal(f->queue.stats.rewritten, 0);
}

static void test_drop_names_its_line(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, drop_at_7, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(rig_only(f)->site, 7);
	assert_int_equal(f->engine.stats.n_sites, 1);
	assert_int_equal(f->engine.stats.sites[0].line, 7);
	assert_int_equal(f->engine.stats.sites[0].count, 1);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_PROGRAM], 1);
	assert_int_equal(f->queue.stats.dropped, 1);
}

static void test_sites_are_bounded(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, drop_by_byte, false);
	for (uint32_t i = 0; i < 100; i++) {
		rig_submit(f, 60, (uint8_t)(i + 1));
		rig_step(f);
	}
	assert_int_equal(f->engine.stats.n_sites, SEKI_ENGINE_SITES);
	assert_int_equal(f->engine.stats.other_sites, 100 - SEKI_ENGINE_SITES);
	assert_int_equal(f->engine.stats.n_last, 100);
	rig_use(f, drop_at_7, false); /* lines of another program */
	assert_int_equal(f->engine.stats.n_sites, 0);
	assert_int_equal(f->engine.stats.other_sites, 0);
}

static void test_last_drop_is_described(void **state)
{
	static const uint8_t frame[] = {2,    0,    0,	  0,	0,    1,    2,	  0, 0,	 0,  0,
					2,    0x81, 0x00, 0x00, 0x05, 0x08, 0x00, /* VLAN */
					0x45, 0,    0,	  28,	0,    0,    0,	  0, 64, 17, 0,
					0,    10,   0,	  0,	1,    10,   0,	  0, 2, /* IPv4 */
					0x30, 0x39, 0x00, 0x35, 0,    8,    0,	  0};	/* UDP */
	struct queue_rig *f = *state;
	const struct seki_dropped *d = &f->engine.stats.last[0];

	rig_use(f, drop_at_7, false);
	rig_submit(f, sizeof(frame), 0);
	memcpy(seki_ring_switch_slot(&f->sw, 0, sizeof(frame)), frame, sizeof(frame));
	rig_step(f);
	assert_int_equal(d->ether, 0x0800);
	assert_int_equal(d->ip, 4);
	assert_int_equal(d->proto, 17);
	assert_int_equal(d->sport, 12345);
	assert_int_equal(d->dport, 53);
	assert_memory_equal(d->saddr, "\x0a\x00\x00\x01", 4);
	assert_memory_equal(d->daddr, "\x0a\x00\x00\x02", 4);
	assert_int_equal(d->line, 7);
	assert_true(d->ports);
}

/* A program that looks no farther than type and code of ICMP: that much is told, and nothing else.
 */
static void test_last_drop_tells_what_was_looked_at(void **state)
{
	static const uint8_t frame[60] = {[12] = 0x08, [14] = 0x45, [23] = 1, [34] = 3, [35] = 3};
	struct queue_rig *f = *state;
	const struct seki_dropped *last = f->engine.stats.last;

	for (uint32_t touch = 36; touch >= 35; touch--) {
		f->prog.info.packet_touch = touch;
		rig_use(f, drop_at_7, false);
		rig_submit_copied(f, sizeof(frame), touch, 0);
		memcpy(seki_ring_switch_slot(&f->sw, f->next - 1, touch), frame, touch);
		rig_step(f);
	}
	assert_int_equal(last[0].proto, 1);
	assert_true(last[0].ports);
	assert_int_equal(last[0].sport, 3);
	assert_int_equal(last[0].dport, 3);
	assert_int_equal(last[1].proto, 1);
	assert_false(last[1].ports);
}

static void test_redirect(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, redirect, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_REDIRECT);
	assert_int_equal(rig_only(f)->out_port, 3);
	assert_int_equal(f->queue.stats.redirected, 1);
}

static void test_clone_beside_a_verdict(void **state)
{
	static const struct {
		uint32_t port, bits;
	} cases[] = {{2, 2}, {62, 62}, {63, 63}, {64, 63}, {258, 63}, {UINT32_MAX, 63}, {0, 63}};
	struct queue_rig *f = *state;

	rig_use(f, clone_and_drop, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		clone_port = cases[i].port;
		rig_submit(f, 60, 0);
		rig_step(f);
		assert_int_equal(rig_only(f)->verdict,
				 SEKI_VERDICT_DROP | cases[i].bits << SEKI_CLONE_SHIFT);
	}
	assert_int_equal(f->queue.stats.dropped, sizeof(cases) / sizeof(cases[0]));
}

static void test_return_value_decides(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, say_drop_but_return_1, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_PASS);
}

static void test_rewritten_head(void **state)
{
	struct queue_rig *f = *state;
	const struct seki_completion *c;

	rig_use(f, set_byte, true);
	rig_submit(f, 1500, 0);
	rig_step(f);
	c = rig_only(f);
	assert_int_equal(c->verdict, SEKI_VERDICT_PASS);
	assert_int_equal(c->head_in, 64); /* what the program can touch */
	assert_int_equal(c->head_out, 64);
	assert_int_equal(c->len, 1500);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[0], 0);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[1], 0xee);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[63], 63);
	assert_int_equal(f->queue.stats.rewritten, 1);
}

static void test_grown_head(void **state)
{
	struct queue_rig *f = *state;
	const struct seki_completion *c;

	rig_use(f, grow, true);
	rig_submit(f, 100, 0);
	rig_step(f);
	c = rig_only(f);
	assert_int_equal(c->head_in, 64);
	assert_int_equal(c->head_out, 68);
	assert_int_equal(c->len, 104);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[3], 0xaa);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[4], 0);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[67], 63);
}

static void test_shrunk_head(void **state)
{
	struct queue_rig *f = *state;
	const struct seki_completion *c;

	rig_use(f, shrink, true);
	rig_submit(f, 100, 0);
	rig_step(f);
	c = rig_only(f);
	assert_int_equal(c->head_in, 64);
	assert_int_equal(c->head_out, 60);
	assert_int_equal(c->len, 96);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0, c->head_out)[0], 4);
}

/* Whatever the length, the head has room to grow by all that the engine allows. */
static void test_heads_of_any_length(void **state)
{
	static const uint16_t lengths[] = {14,	 1788,	1792,  1793,  2048, 3000,
					   9000, 65531, 65532, 65535, 3840, 3841};
	struct queue_rig *f = *state;

	f->prog.info.packet_touch = UINT32_MAX;
	rig_use(f, grow_by_256, true);
	for (size_t i = 0; i < SEKI_COUNT(lengths); i++) {
		uint32_t slot = f->next % SEKI_RING_ENTRIES;
		const uint8_t *head;

		rig_submit(f, lengths[i], 0);
		rig_step(f);
		if (lengths[i] + 256u > SEKI_PACKET_MAX) {
			assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
			continue;
		}
		assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_PASS);
		assert_int_equal(rig_only(f)->head_in, lengths[i]);
		assert_int_equal(rig_only(f)->head_out, lengths[i] + 256);
		head = seki_ring_switch_head(&f->sw, slot, rig_only(f)->head_out);
		assert_int_equal(head[255], 0xaa);
		assert_int_equal(head[256], 0);
		assert_int_equal(head[lengths[i] + 255], (lengths[i] - 1) & 0xff);
	}
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_BAD_LENGTH], 3);
}

/* What does not fit into a completion is told as the largest that does. */
static int drop_at_line_70000(struct seki_bpf_run *run, uint64_t *r0)
{
	run->site = 70000;
	*r0 = 0;
	return 0;
}

static int redirect_to_258(struct seki_bpf_run *run, uint64_t *r0)
{
	run->meta.output_action = SEKI_ACTION_REDIRECT;
	run->meta.output_port = 258;
	*r0 = 1;
	return 0;
}

static void test_large_numbers(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, drop_at_line_70000, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->site, UINT16_MAX);
	assert_int_equal(f->engine.stats.sites[0].line, 70000);
	rig_use(f, redirect_to_258, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->out_port, UINT8_MAX);
}

static void test_truncated(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, truncate_to_20, true);
	rig_submit(f, 1000, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->len, 20);
	assert_int_equal(rig_only(f)->head_out, 0);
	assert_int_equal(f->queue.stats.rewritten, 1);
	rig_use(f, truncate_to_9, true);
	rig_submit(f, 1000, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_BAD_LENGTH], 1);
}

static void test_refusals_drop(void **state)
{
	struct queue_rig *f = *state;
	struct seki_submission sub = {.slot = 9, .len = 60, .copied = 60, .in_port = 2};

	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_NO_PROGRAM], 1);
	rig_use(f, no_room, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_NO_ROOM], 1);
	rig_use(f, refuse, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_ERROR], 1);
	rig_use(f, pass, false);
	seki_ring_switch_submit(&f->sw, &sub, 1);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_BAD_PORT], 1);
	assert_int_equal(f->queue.stats.packets, 4);
	assert_int_equal(f->queue.stats.dropped, 4);
}

static void test_more(void **state)
{
	struct queue_rig *f = *state;

	rig_use(f, pass, false);
	rig_submit_copied(f, 100, 14, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_MORE);
	assert_int_equal(f->queue.stats.packets, 0);
	rig_submit_copied(f, 100, 64, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_PASS);
	rig_submit_copied(f, 30, 30, 0); /* shorter than the program may look: all of it is there */
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_PASS);
	f->prog.info.packet_touch = 4000;
	rig_use(f, pass, false);
	rig_submit_copied(f, 5000, 3999, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_MORE);
	rig_submit_copied(f, 5000, 4000, 0);
	rig_step(f);
	assert_int_equal(rig_only(f)->verdict, SEKI_VERDICT_PASS);
}

static void test_batches_and_bad_submissions(void **state)
{
	struct queue_rig *f = *state;
	struct seki_submission bad = {.slot = SEKI_RING_ENTRIES, .len = 60, .copied = 60};

	rig_use(f, pass, false);
	for (int i = 0; i < 40; i++)
		rig_submit(f, 60, 0);
	seki_ring_switch_submit(&f->sw, &bad, 1);
	rig_step(f);
	assert_int_equal(f->n_got, SEKI_BATCH_MAX);
	rig_step(f);
	assert_int_equal(f->n_got, 8);
	assert_int_equal(f->queue.stats.bad, 1);
	assert_int_equal(f->queue.stats.packets, 40);
}

static void test_answers_only_what_fits(void **state)
{
	struct queue_rig *f = *state;
	uint32_t steps = 0;

	rig_use(f, pass, false);
	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++)
		rig_submit(f, 60, 0);
	while (seki_queue_step(&f->queue, &f->engine) > 0)
		steps++;
	for (uint32_t i = 0; i < 10; i++)
		rig_submit(f, 60, 0); /* of a switch that took none of the completions */
	assert_int_equal(seki_queue_step(&f->queue, &f->engine), 0);
	assert_int_equal(steps, SEKI_RING_ENTRIES / SEKI_BATCH_MAX);
	assert_int_equal(seki_ring_switch_take(&f->sw, f->got, SEKI_RING_ENTRIES),
			 SEKI_RING_ENTRIES);
	rig_step(f);
	assert_int_equal(f->n_got, 10);
}

static void test_wakes_an_armed_switch(void **state)
{
	struct queue_rig *f = *state;
	uint64_t count = 0;

	rig_use(f, pass, false);
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(read(f->queue.wake, &count, sizeof(count)), -1);
	assert_true(seki_ring_switch_arm(&f->sw));
	rig_submit(f, 60, 0);
	rig_step(f);
	assert_int_equal(read(f->queue.wake, &count, sizeof(count)), sizeof(count));
}

/* Packets grow, shrink, ask and end as the packet's own bytes say. */
static int do_anything(struct seki_bpf_run *run, uint64_t *r0)
{
	uint8_t op = run->copied > 14 ? run->buf[run->off + 14] : 0;

	switch (op % 6) {
	case 0:
		return grow(run, r0);
	case 1:
		return run->copied > 4 ? shrink(run, r0) : no_room(run, r0);
	case 2:
		return truncate_to_20(run, r0);
	case 3:
		run->buf[run->off + 14] = 1;
		return rig_ask(run, r0);
	case 4:
		return drop_by_byte(run, r0);
	default:
		return set_byte(run, r0);
	}
}

/* A switch that writes anything anywhere in its region: nothing may be touched but the two regions.
 */
static void test_random_switch(void **state)
{
	struct queue_rig *f = *state;
	struct seki_switch_header *h = (void *)f->switch_region;
	uint32_t broken = 0;

	srandom(1);
	rig_use_facts(f, do_anything);
	f->prog.info.packet_touch = UINT32_MAX;
	rig_use(f, do_anything, true);
	for (uint32_t i = 0; i < 300000; i++) {
		uint16_t len = (uint16_t)(14 + random() % 3000), slot = (uint16_t)(random() % 512);
		struct seki_submission sub = {.slot = slot, .len = len, .copied = len};
		uint32_t at = (f->queue.ring.sub_head + (uint32_t)random() % 40) %
			      SEKI_RING_ENTRIES;

		if (random() % 4 == 0)
			((uint16_t *)(void *)&sub)[random() % 8] = (uint16_t)(random() >>
									      random() % 32);
		memcpy(f->switch_region + SEKI_RING_DESC_OFFSET + at * sizeof(sub), &sub,
		       sizeof(sub));
		seki_ring_switch_slot(&f->sw, slot, len)[14] = (uint8_t)random();
		h->sub_tail = f->queue.ring.sub_head + (uint32_t)random() % 40;
		if (random() % 4)
			h->cpl_head = f->queue.ring.cpl_tail - (uint32_t)random() % 600;
		if (random() % 1000 == 0)
			h->sub_tail = (uint32_t)random();
		fake_facts.sent = random() % 2;
		f->engine.boot_ns += RIG_WAIT / 8;
		broken += seki_queue_step(&f->queue, &f->engine) < 0;
		seki_queue_retry(&f->queue, &f->engine, random() % 2);
		assert_true(f->queue.n_parked <= SEKI_QUEUE_PARKED);
	}
	assert_true(broken > 0);
	assert_true(f->queue.stats.passed && f->queue.stats.waited && f->queue.stats.bad);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pass_untouched),
		TEST(test_drop_names_its_line),
		TEST(test_sites_are_bounded),
		TEST(test_last_drop_is_described),
		TEST(test_last_drop_tells_what_was_looked_at),
		TEST(test_redirect),
		TEST(test_clone_beside_a_verdict),
		TEST(test_return_value_decides),
		TEST(test_rewritten_head),
		TEST(test_grown_head),
		TEST(test_shrunk_head),
		TEST(test_heads_of_any_length),
		TEST(test_large_numbers),
		TEST(test_truncated),
		TEST(test_refusals_drop),
		TEST(test_more),
		TEST(test_batches_and_bad_submissions),
		TEST(test_answers_only_what_fits),
		TEST(test_wakes_an_armed_switch),
		TEST(test_random_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
