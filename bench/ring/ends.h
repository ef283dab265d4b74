/* SPDX-License-Identifier: Apache-2.0 */
/* The P4 VM's end of a queue, apart: it and the hook each have a struct seki_queue. */
#ifndef SEKI_BENCH_RING_ENDS_H
#define SEKI_BENCH_RING_ENDS_H

#include <stddef.h>
#include <stdint.h>

/* What stands for a program: what it costs, and whether it changes the packet. */
struct program {
	const char *name;
	uint32_t touch; /* bytes of a packet that it can touch */
	uint32_t loops; /* of a multiplication that waits for the one before */
	int written;
};

struct p4vm_end;
struct seki_bpf_prog;

struct p4vm_end *p4vm_end_create(const struct program *program, void *switch_region,
				 void *p4vm_region);
void p4vm_end_destroy(struct p4vm_end *end);

/* A turn of the worker, as it makes it: time and facts, a batch. Returns how many packets came. */
uint32_t p4vm_end_turn(struct p4vm_end *end);

/* The program on packets where they are, without rings: the engine alone, in the switch's thread. */
void p4vm_end_inline(struct p4vm_end *end, const uint8_t *const *packets, uint32_t len, uint32_t n);

/* What runs; the end's. */
struct seki_bpf_prog *p4vm_end_prog(struct p4vm_end *end);

/* Memory of the queue that is not shared; the shared regions come to it. */
size_t p4vm_end_bytes(void);

#endif
