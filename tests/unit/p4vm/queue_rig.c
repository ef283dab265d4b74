/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/p4vm/queue_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/p4vm/fake_machine.h"

int rig_setup(void **state)
{
	struct queue_rig *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->switch_region = aligned_alloc(4096, SEKI_RING_REGION_BYTES);
	f->p4vm_region = aligned_alloc(4096, SEKI_RING_REGION_BYTES);
	memset(f->switch_region, 0, SEKI_RING_REGION_BYTES);
	memset(f->p4vm_region, 0, SEKI_RING_REGION_BYTES);
	seki_ring_switch_init(&f->sw, f->switch_region, f->p4vm_region);
	assert_int_equal(seki_ring_p4vm_init(&f->queue.ring, f->switch_region, f->p4vm_region), 0);
	f->queue.wake = eventfd(0, EFD_NONBLOCK);
	f->queue.wait_ns = RIG_WAIT;
	seki_engine_init(&f->engine, NULL, NULL);
	f->engine.boot_ns = RIG_SECOND;
	f->prog.info.packet_touch = 64;
	f->prog.info.source = "test.p4";
	memset(&fake_facts, 0, sizeof(fake_facts));
	*state = f;
	return 0;
}

int rig_teardown(void **state)
{
	struct queue_rig *f = *state;

	close(f->queue.wake);
	free(f->switch_region);
	free(f->p4vm_region);
	free(f);
	return 0;
}

void rig_use(struct queue_rig *f, int (*run)(struct seki_bpf_run *, uint64_t *), bool written)
{
	f->prog.run = run;
	f->prog.info.packet_written = written;
	seki_engine_swap(&f->engine, &f->prog);
}

void rig_submit_copied(struct queue_rig *f, uint32_t len, uint32_t copied, uint8_t mark)
{
	uint16_t slot = f->next % SEKI_RING_ENTRIES;
	struct seki_submission sub = {.slot = slot,
				      .generation = f->next,
				      .len = (uint16_t)len,
				      .copied = (uint16_t)copied};
	uint8_t *bytes = seki_ring_switch_slot(&f->sw, slot, copied);

	for (uint32_t i = 0; i < copied; i++)
		bytes[i] = (uint8_t)i;
	if (copied > 14) {
		memcpy(bytes + 6, f->flow ? &f->flow : &f->next, 4);
		bytes[14] = mark;
	}
	seki_ring_switch_submit(&f->sw, &sub, 1);
	f->next++;
}

void rig_submit(struct queue_rig *f, uint32_t len, uint8_t mark)
{
	rig_submit_copied(f, len, len, mark);
}

void rig_step(struct queue_rig *f)
{
	int n;

	assert_true(seki_queue_step(&f->queue, &f->engine) >= 0);
	n = seki_ring_switch_take(&f->sw, f->got, SEKI_RING_ENTRIES);
	assert_true(n >= 0);
	f->n_got = (uint32_t)n;
}

void rig_retry(struct queue_rig *f, bool changed)
{
	seki_queue_retry(&f->queue, &f->engine, changed);
	f->n_got = (uint32_t)seki_ring_switch_take(&f->sw, f->got, SEKI_RING_ENTRIES);
}

const struct seki_completion *rig_only(struct queue_rig *f)
{
	assert_int_equal(f->n_got, 1);
	return &f->got[0];
}

void rig_use_facts(struct queue_rig *f, int (*run)(struct seki_bpf_run *, uint64_t *))
{
	f->engine.facts = (struct seki_vminfo *)f; /* never looked into */
	fake_facts.fresh = true;
	rig_use(f, run, false);
}

int rig_ask(struct seki_bpf_run *run, uint64_t *r0)
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
