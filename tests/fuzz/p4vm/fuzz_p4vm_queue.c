/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A queue of the P4 VM against a switch that writes the input into its region: each step is eight
 * bytes, where to write what, then a turn of the worker. The program does what the packet says.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "p4vm/queue.h"
#include "tests/unit/p4vm/fake_machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(4096) uint8_t switch_region[SEKI_RING_REGION_BYTES];
static _Alignas(4096) uint8_t p4vm_region[SEKI_RING_REGION_BYTES];

static int obey(struct seki_bpf_run *run, uint64_t *r0)
{
	uint8_t op = run->copied > 14 ? run->buf[run->off + 14] : 0;
	uint32_t by = op >> 3;

	*r0 = op & 4;
	run->site = op;
	switch (op & 3) {
	case 0: /* grow */
		run->off -= by;
		run->copied += by;
		run->len += by;
		memset(run->buf + run->off, op, by);
		return 0;
	case 1: /* shrink */
		if (by > run->copied)
			return -ENOBUFS;
		run->off += by;
		run->copied -= by;
		run->len -= by;
		return 0;
	case 2: /* cut */
		run->len = (uint32_t)seki_min(run->len, by);
		run->copied = (uint32_t)seki_min(run->copied, by);
		return 0;
	default:
		*r0 = 1;
		return run->host->udp_sent_any(run->host->arg, by, true) < 0 ? -EAGAIN : 0;
	}
}

static struct seki_bpf_prog program = {.info = {.packet_touch = 2048, .packet_written = true},
				       .run = obey};

static void start(struct seki_queue *queue, struct seki_engine *engine)
{
	struct seki_ring_switch ring;

	memset(switch_region, 0, SEKI_RING_SLOT_OFFSET);
	memset(p4vm_region, 0, SEKI_RING_SLOT_OFFSET);
	memset(queue, 0, sizeof(*queue));
	seki_ring_switch_init(&ring, switch_region, p4vm_region);
	if (seki_ring_p4vm_init(&queue->ring, switch_region, p4vm_region))
		abort();
	queue->wake = -1;
	queue->wait_ns = 1000;
	seki_engine_init(engine, (struct seki_vminfo *)(void *)switch_region, NULL);
	seki_engine_swap(engine, &program);
	fake_facts.fresh = true;
}

/* Where the first two bytes say: the words of the header, the descriptors, or a packet's start. */
static void scribble(const uint8_t *step)
{
	uint16_t where = (uint16_t)(step[0] | step[1] << 8);
	uint32_t at = where & 1	  ? (where >> 1) % 128 * 4u
		      : where & 2 ? (uint32_t)seki_ring_offset((where >> 3) % 16u,
							       where & 4 ? SEKI_SLOT_BYTES : 1) +
					    12
				  : SEKI_RING_DESC_OFFSET + (uint32_t)(where >> 2) % 1024 * 4u;

	memcpy(switch_region + at, step + 4, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct seki_queue queue;
	static struct seki_engine engine;

	start(&queue, &engine);
	for (; size >= 8; data += 8, size -= 8) {
		scribble(data);
		if (!(data[2] & 1))
			continue;
		fake_facts.sent = data[2] & 2;
		engine.boot_ns += data[3];
		if (seki_queue_step(&queue, &engine) < 0)
			return 0;
		seki_queue_retry(&queue, &engine, data[2] & 4);
		if (queue.n_parked > SEKI_QUEUE_PARKED)
			abort();
	}
	return 0;
}
