/* SPDX-License-Identifier: Apache-2.0 */
/* One queue of a P4 VM, with the switch's end of its ring in the same process. */
#ifndef SEKI_TESTS_UNIT_P4VM_QUEUE_RIG_H
#define SEKI_TESTS_UNIT_P4VM_QUEUE_RIG_H

#include "p4vm/queue.h"
#include "sekisho/bpf.h"
#include "tests/unit/p4vm/fake_machine.h"

#define RIG_SECOND 1000000000ull
#define RIG_WAIT   (RIG_SECOND / 5) /* how long a packet may wait for a fact */

struct queue_rig {
	uint8_t *switch_region;
	uint8_t *p4vm_region;
	struct seki_ring_switch sw;
	struct seki_queue queue;
	struct seki_engine engine;
	struct seki_bpf_prog prog;
	struct seki_completion got[SEKI_RING_ENTRIES];
	uint32_t n_got;
	uint32_t next; /* slot and generation of the next packet */
	uint32_t flow; /* all packets are of it; 0: each is of its own */
};

int rig_setup(void **state);
int rig_teardown(void **state);
/* Programs run on packets of which they can touch 64 bytes. */
void rig_use(struct queue_rig *f, int (*run)(struct seki_bpf_run *, uint64_t *), bool written);
/* Submits a packet of `len` bytes counting up, with `mark` at 14, of which `copied` are there. */
void rig_submit_copied(struct queue_rig *f, uint32_t len, uint32_t copied, uint8_t mark);
/* The same, with all of it there. */
void rig_submit(struct queue_rig *f, uint32_t len, uint8_t mark);
/* Steps once and takes what was answered. */
void rig_step(struct queue_rig *f);
/* The same for the packets that wait. */
void rig_retry(struct queue_rig *f, bool changed);
/* The only answer that was taken. */
const struct seki_completion *rig_only(struct queue_rig *f);
/* A program that may ask for facts. */
void rig_use_facts(struct queue_rig *f, int (*run)(struct seki_bpf_run *, uint64_t *));
/* Packets whose 15th byte is 1 pass only if the VM sent a datagram. */
int rig_ask(struct seki_bpf_run *run, uint64_t *r0);

#endif
