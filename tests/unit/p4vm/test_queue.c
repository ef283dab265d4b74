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
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/check.h"
#include "p4vm/queue.h"
#include "tests/unit/p4vm/fake_machine.h"

#define SECOND 1000000000ull
#define WAIT   (SECOND / 5)

struct fixture {
	uint8_t *switch_region;
	uint8_t *p4vm_region;
	struct seki_ring_switch sw;
	struct seki_queue queue;
	struct seki_engine engine;
	struct seki_bpf_prog prog;
	struct seki_completion got[SEKI_RING_ENTRIES];
	uint32_t n_got;
	uint32_t next; /* slot and generation of the next packet */
};

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

/* Packets whose 15th byte is 1 pass only if the VM sent a datagram. */
static int ask(struct seki_bpf_run *run, uint64_t *r0)
{
	const struct seki_udp_query query = {.family = 4};
	int sent = 1;

	if (run->buf[run->off + 14] == 1)
		sent = run->host->udp_sent(run->host->arg, &query, 1000, true);
	if (sent < 0)
		return sent;
	run->site = 9;
	*r0 = (uint64_t)sent;
	return 0;
}

/* The same, but it has changed a map before, so that it must not run twice. */
static int ask_late(struct seki_bpf_run *run, uint64_t *r0)
{
	int sent = run->host->udp_sent_any(run->host->arg, 1000, false);

	assert_true(sent >= 0);
	*r0 = (uint64_t)sent;
	return 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->switch_region = aligned_alloc(4096, SEKI_RING_REGION_BYTES);
	f->p4vm_region = aligned_alloc(4096, SEKI_RING_REGION_BYTES);
	memset(f->switch_region, 0, SEKI_RING_REGION_BYTES);
	memset(f->p4vm_region, 0, SEKI_RING_REGION_BYTES);
	seki_ring_switch_init(&f->sw, f->switch_region, f->p4vm_region);
	assert_int_equal(seki_ring_p4vm_init(&f->queue.ring, f->switch_region, f->p4vm_region), 0);
	f->queue.wake = eventfd(0, EFD_NONBLOCK);
	f->queue.wait_ns = WAIT;
	seki_engine_init(&f->engine, NULL, NULL);
	f->engine.boot_ns = SECOND;
	f->prog.info.packet_touch = 64;
	f->prog.info.source = "test.p4";
	memset(&fake_facts, 0, sizeof(fake_facts));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->queue.wake);
	free(f->switch_region);
	free(f->p4vm_region);
	free(f);
	return 0;
}

static void use(struct fixture *f, int (*run)(struct seki_bpf_run *, uint64_t *), bool written)
{
	f->prog.run = run;
	f->prog.info.packet_written = written;
	seki_engine_swap(&f->engine, &f->prog);
}

/* Submits a packet of `len` bytes counting up, with `mark` at 14, of which `copied` are there. */
static void submit_copied(struct fixture *f, uint32_t len, uint32_t copied, uint8_t mark)
{
	uint32_t slot = f->next % SEKI_RING_ENTRIES;
	struct seki_submission sub = {
		.slot = slot, .generation = f->next, .len = len, .copied = copied};
	uint8_t *bytes = seki_ring_switch_slot(&f->sw, slot);

	for (uint32_t i = 0; i < copied; i++)
		bytes[i] = (uint8_t)i;
	if (copied > 14)
		bytes[14] = mark;
	seki_ring_switch_submit(&f->sw, &sub, 1);
	f->next++;
}

static void submit(struct fixture *f, uint32_t len, uint8_t mark)
{
	submit_copied(f, len, (uint32_t)seki_min(len, SEKI_SLOT_BYTES), mark);
}

/* Steps once and takes what was answered. */
static void step(struct fixture *f)
{
	int n;

	assert_true(seki_queue_step(&f->queue, &f->engine) >= 0);
	n = seki_ring_switch_take(&f->sw, f->got, SEKI_RING_ENTRIES);
	assert_true(n >= 0);
	f->n_got = (uint32_t)n;
}

static void retry(struct fixture *f, bool changed)
{
	seki_queue_retry(&f->queue, &f->engine, changed);
	f->n_got = (uint32_t)seki_ring_switch_take(&f->sw, f->got, SEKI_RING_ENTRIES);
}

static const struct seki_completion *only(struct fixture *f)
{
	assert_int_equal(f->n_got, 1);
	return &f->got[0];
}

static void test_pass_untouched(void **state)
{
	struct fixture *f = *state;
	const struct seki_completion *c;

	use(f, pass, true);
	submit(f, 100, 0);
	step(f);
	c = only(f);
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
	struct fixture *f = *state;

	use(f, drop_at_7, false);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(only(f)->site, 7);
	assert_int_equal(f->engine.stats.n_sites, 1);
	assert_int_equal(f->engine.stats.sites[0].line, 7);
	assert_int_equal(f->engine.stats.sites[0].count, 1);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_PROGRAM], 1);
	assert_int_equal(f->queue.stats.dropped, 1);
}

static void test_sites_are_bounded(void **state)
{
	struct fixture *f = *state;

	use(f, drop_by_byte, false);
	for (uint32_t i = 0; i < 100; i++) {
		submit(f, 60, (uint8_t)(i + 1));
		step(f);
	}
	assert_int_equal(f->engine.stats.n_sites, SEKI_ENGINE_SITES);
	assert_int_equal(f->engine.stats.other_sites, 100 - SEKI_ENGINE_SITES);
	assert_int_equal(f->engine.stats.n_last, 100);
	use(f, drop_at_7, false); /* lines of another program */
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
	struct fixture *f = *state;
	const struct seki_dropped *d = &f->engine.stats.last[0];

	use(f, drop_at_7, false);
	submit(f, sizeof(frame), 0);
	memcpy(seki_ring_switch_slot(&f->sw, 0), frame, sizeof(frame));
	step(f);
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
	struct fixture *f = *state;
	const struct seki_dropped *last = f->engine.stats.last;

	for (uint32_t touch = 36; touch >= 35; touch--) {
		f->prog.info.packet_touch = touch;
		use(f, drop_at_7, false);
		submit_copied(f, sizeof(frame), touch, 0);
		memcpy(seki_ring_switch_slot(&f->sw, f->next - 1), frame, touch);
		step(f);
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
	struct fixture *f = *state;

	use(f, redirect, false);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_REDIRECT);
	assert_int_equal(only(f)->out_port, 3);
	assert_int_equal(f->queue.stats.redirected, 1);
}

static void test_return_value_decides(void **state)
{
	struct fixture *f = *state;

	use(f, say_drop_but_return_1, false);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_PASS);
}

static void test_rewritten_head(void **state)
{
	struct fixture *f = *state;
	const struct seki_completion *c;

	use(f, set_byte, true);
	submit(f, 1500, 0);
	step(f);
	c = only(f);
	assert_int_equal(c->verdict, SEKI_VERDICT_PASS);
	assert_int_equal(c->head_in, 64); /* what the program can touch */
	assert_int_equal(c->head_out, 64);
	assert_int_equal(c->len, 1500);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[0], 0);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[1], 0xee);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[63], 63);
	assert_int_equal(f->queue.stats.rewritten, 1);
}

static void test_grown_head(void **state)
{
	struct fixture *f = *state;
	const struct seki_completion *c;

	use(f, grow, true);
	submit(f, 100, 0);
	step(f);
	c = only(f);
	assert_int_equal(c->head_in, 64);
	assert_int_equal(c->head_out, 68);
	assert_int_equal(c->len, 104);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[3], 0xaa);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[4], 0);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[67], 63);
}

static void test_shrunk_head(void **state)
{
	struct fixture *f = *state;
	const struct seki_completion *c;

	use(f, shrink, true);
	submit(f, 100, 0);
	step(f);
	c = only(f);
	assert_int_equal(c->head_in, 64);
	assert_int_equal(c->head_out, 60);
	assert_int_equal(c->len, 96);
	assert_int_equal(seki_ring_switch_head(&f->sw, 0)[0], 4);
}

static void test_head_larger_than_a_slot(void **state)
{
	struct fixture *f = *state;

	f->prog.info.packet_touch = UINT32_MAX;
	use(f, grow, true);
	submit(f, SEKI_SLOT_BYTES, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_NO_ROOM], 1);
	submit(f, SEKI_SLOT_BYTES - 4, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_PASS);
	assert_int_equal(only(f)->head_out, SEKI_SLOT_BYTES);
}

static void test_truncated(void **state)
{
	struct fixture *f = *state;

	use(f, truncate_to_20, true);
	submit(f, 1000, 0);
	step(f);
	assert_int_equal(only(f)->len, 20);
	assert_int_equal(only(f)->head_out, 0);
	assert_int_equal(f->queue.stats.rewritten, 1);
	use(f, truncate_to_9, true);
	submit(f, 1000, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_BAD_LENGTH], 1);
}

static void test_refusals_drop(void **state)
{
	struct fixture *f = *state;
	struct seki_submission sub = {.slot = 9, .len = 60, .copied = 60, .in_port = 2};

	submit(f, 60, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_NO_PROGRAM], 1);
	use(f, no_room, false);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_NO_ROOM], 1);
	use(f, refuse, false);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_ERROR], 1);
	use(f, pass, false);
	seki_ring_switch_submit(&f->sw, &sub, 1);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_BAD_PORT], 1);
	assert_int_equal(f->queue.stats.packets, 4);
	assert_int_equal(f->queue.stats.dropped, 4);
}

static void test_more(void **state)
{
	struct fixture *f = *state;

	use(f, pass, false);
	submit_copied(f, 100, 14, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_MORE);
	assert_int_equal(f->queue.stats.packets, 0);
	submit_copied(f, 100, 64, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_PASS);
	submit_copied(f, 30, 30, 0); /* shorter than the program may look: all of it is there */
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_PASS);
	f->prog.info.packet_touch = 4000;
	use(f, pass, false);
	submit(f, 3000, 0);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->engine.stats.drops[SEKI_DROP_TOO_LONG], 1);
}

static void test_batches_and_bad_submissions(void **state)
{
	struct fixture *f = *state;
	struct seki_submission bad = {.slot = SEKI_RING_ENTRIES, .len = 60, .copied = 60};

	use(f, pass, false);
	for (int i = 0; i < 40; i++)
		submit(f, 60, 0);
	seki_ring_switch_submit(&f->sw, &bad, 1);
	step(f);
	assert_int_equal(f->n_got, SEKI_BATCH_MAX);
	step(f);
	assert_int_equal(f->n_got, 8);
	assert_int_equal(f->queue.stats.bad, 1);
	assert_int_equal(f->queue.stats.packets, 40);
}

static void test_answers_only_what_fits(void **state)
{
	struct fixture *f = *state;
	uint32_t steps = 0;

	use(f, pass, false);
	for (uint32_t i = 0; i < SEKI_RING_ENTRIES; i++)
		submit(f, 60, 0);
	while (seki_queue_step(&f->queue, &f->engine) > 0)
		steps++;
	for (uint32_t i = 0; i < 10; i++)
		submit(f, 60, 0); /* of a switch that took none of the completions */
	assert_int_equal(seki_queue_step(&f->queue, &f->engine), 0);
	assert_int_equal(steps, SEKI_RING_ENTRIES / SEKI_BATCH_MAX);
	assert_int_equal(seki_ring_switch_take(&f->sw, f->got, SEKI_RING_ENTRIES),
			 SEKI_RING_ENTRIES);
	step(f);
	assert_int_equal(f->n_got, 10);
}

static void use_facts(struct fixture *f, int (*run)(struct seki_bpf_run *, uint64_t *))
{
	f->engine.facts = (struct seki_vminfo *)f; /* never looked into */
	fake_facts.fresh = true;
	use(f, run, false);
}

static void test_waits_for_a_fact(void **state)
{
	struct fixture *f = *state;

	use_facts(f, ask);
	submit(f, 60, 1);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(only(f)->generation, 1); /* the one that did not ask is not delayed */
	assert_int_equal(f->queue.n_parked, 1);
	retry(f, false);
	assert_int_equal(f->n_got, 0);
	retry(f, true); /* facts came, but not this one */
	assert_int_equal(f->n_got, 0);
	fake_facts.sent = true;
	retry(f, true);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_PASS);
	assert_int_equal(only(f)->generation, 0);
	assert_int_equal(f->queue.n_parked, 0);
	assert_int_equal(f->queue.stats.waited, 1);
	assert_int_equal(f->queue.stats.packets, 2);
}

/* The switch gave the packet up at its deadline, and its slot to another. */
static void test_slot_used_anew_while_waiting(void **state)
{
	struct fixture *f = *state;

	use_facts(f, ask);
	submit(f, 60, 1);
	step(f);
	assert_int_equal(f->queue.n_parked, 1);
	f->next = SEKI_RING_ENTRIES; /* slot 0 again */
	submit(f, 60, 0);
	step(f);
	assert_int_equal(f->n_got, 2);
	assert_int_equal(f->got[0].generation, 0);
	assert_int_equal(f->got[0].verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->got[1].generation, SEKI_RING_ENTRIES);
	assert_int_equal(f->got[1].verdict, SEKI_VERDICT_PASS);
	assert_int_equal(f->queue.n_parked, 0);
}

static void test_waiting_ends(void **state)
{
	struct fixture *f = *state;

	use_facts(f, ask);
	submit(f, 60, 1);
	step(f);
	f->engine.boot_ns += WAIT - 1;
	retry(f, false);
	assert_int_equal(f->n_got, 0);
	f->engine.boot_ns += 1;
	retry(f, false);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(only(f)->site, 9);
}

static void test_does_not_wait(void **state)
{
	struct fixture *f = *state;

	use_facts(f, ask);
	f->queue.wait_ns = 0;
	submit(f, 60, 1);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	f->queue.wait_ns = WAIT;
	fake_facts.fresh = false; /* none will come */
	submit(f, 60, 1);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	fake_facts.fresh = true;
	use(f, ask_late, false); /* it cannot be run twice */
	submit(f, 60, 1);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	f->engine.facts = NULL;
	use(f, ask, false);
	submit(f, 60, 1);
	step(f);
	assert_int_equal(only(f)->verdict, SEKI_VERDICT_DROP);
	assert_int_equal(f->queue.stats.waited, 0);
}

static void test_parking_is_bounded(void **state)
{
	struct fixture *f = *state;

	use_facts(f, ask);
	for (uint32_t i = 0; i < SEKI_QUEUE_PARKED + 5; i++) {
		submit(f, 60, 1);
		step(f);
		assert_int_equal(f->n_got, i < SEKI_QUEUE_PARKED ? 0 : 1);
	}
	assert_int_equal(f->queue.n_parked, SEKI_QUEUE_PARKED);
	fake_facts.sent = true;
	retry(f, true);
	assert_int_equal(f->n_got, SEKI_QUEUE_PARKED);
}

/* A switch that takes back room must not make the P4 VM answer more than fits. */
static void test_parked_and_a_lying_switch(void **state)
{
	struct fixture *f = *state;
	struct seki_switch_header *h = (void *)f->switch_region;

	use_facts(f, ask);
	for (int i = 0; i < 3; i++)
		submit(f, 60, 1);
	step(f);
	h->cpl_head = f->queue.ring.cpl_tail - SEKI_RING_ENTRIES + 1;
	fake_facts.sent = true;
	assert_int_equal(seki_queue_retry(&f->queue, &f->engine, true), 1);
	assert_int_equal(f->queue.n_parked, 2);
	h->sub_tail += SEKI_RING_ENTRIES + 1;
	h->cpl_head = f->queue.ring.cpl_tail;
	assert_int_equal(seki_queue_step(&f->queue, &f->engine), -EPROTO);
}

static void test_wakes_an_armed_switch(void **state)
{
	struct fixture *f = *state;
	uint64_t count = 0;

	use(f, pass, false);
	submit(f, 60, 0);
	step(f);
	assert_int_equal(read(f->queue.wake, &count, sizeof(count)), -1);
	assert_true(seki_ring_switch_arm(&f->sw));
	submit(f, 60, 0);
	step(f);
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
		return ask(run, r0);
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
	struct fixture *f = *state;
	struct seki_switch_header *h = (void *)f->switch_region;
	uint32_t broken = 0;

	srandom(1);
	use_facts(f, do_anything);
	f->prog.info.packet_touch = UINT32_MAX;
	use(f, do_anything, true);
	for (uint32_t i = 0; i < 300000; i++) {
		uint32_t len = 14 + (uint32_t)random() % 3000, slot = (uint32_t)random() % 512;
		struct seki_submission sub = {.slot = slot,
					      .len = len,
					      .copied = (uint32_t)seki_min(len, SEKI_SLOT_BYTES)};
		uint32_t at = (f->queue.ring.sub_head + (uint32_t)random() % 40) %
			      SEKI_RING_ENTRIES;

		if (random() % 4 == 0)
			((uint32_t *)(void *)&sub)[random() % 6] = (uint32_t)random() >>
								   random() % 32;
		memcpy(f->switch_region + SEKI_RING_DESC_OFFSET + at * sizeof(sub), &sub,
		       sizeof(sub));
		seki_ring_switch_slot(&f->sw, slot)[14] = (uint8_t)random();
		h->sub_tail = f->queue.ring.sub_head + (uint32_t)random() % 40;
		if (random() % 4)
			h->cpl_head = f->queue.ring.cpl_tail - (uint32_t)random() % 600;
		if (random() % 1000 == 0)
			h->sub_tail = (uint32_t)random();
		fake_facts.sent = random() % 2;
		f->engine.boot_ns += WAIT / 8;
		broken += seki_queue_step(&f->queue, &f->engine) < 0;
		seki_queue_retry(&f->queue, &f->engine, random() % 2);
		assert_true(f->queue.n_parked <= SEKI_QUEUE_PARKED);
	}
	assert_true(broken > 0);
	assert_true(f->queue.stats.passed && f->queue.stats.waited && f->queue.stats.bad);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_pass_untouched),
		TEST(test_drop_names_its_line),
		TEST(test_sites_are_bounded),
		TEST(test_last_drop_is_described),
		TEST(test_last_drop_tells_what_was_looked_at),
		TEST(test_redirect),
		TEST(test_return_value_decides),
		TEST(test_rewritten_head),
		TEST(test_grown_head),
		TEST(test_shrunk_head),
		TEST(test_head_larger_than_a_slot),
		TEST(test_truncated),
		TEST(test_refusals_drop),
		TEST(test_more),
		TEST(test_batches_and_bad_submissions),
		TEST(test_answers_only_what_fits),
		TEST(test_waits_for_a_fact),
		TEST(test_slot_used_anew_while_waiting),
		TEST(test_waiting_ends),
		TEST(test_does_not_wait),
		TEST(test_parking_is_bounded),
		TEST(test_parked_and_a_lying_switch),
		TEST(test_wakes_an_armed_switch),
		TEST(test_random_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
