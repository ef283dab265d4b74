/* SPDX-License-Identifier: Apache-2.0 */
/* A loaded program from the inside; tests reach in here to run it under a guard. */
#ifndef SEKI_LIB_BPF_PROG_H
#define SEKI_LIB_BPF_PROG_H

#include "lib/bpf/code.h"
#include "lib/bpf/helpers.h"
#include "sekisho/bpf.h"

/* What each thread that runs the program has to itself. All that is the same in every run is set
 * when the program is loaded. */
struct seki_bpf_queue {
	struct seki_bpf_vm vm;
	struct seki_bpf_running running;
} __attribute__((aligned(64)));

struct seki_bpf_prog {
	struct seki_bpf_info info;
	struct seki_bpf_op *ops;
	uint32_t entry;
	uint8_t *data;
	uint32_t data_size;
	struct seki_bpf_map maps[SEKI_BPF_MAX_MAPS];
	char *names[SEKI_BPF_MAX_MAPS];
	void *memory[SEKI_BPF_MAX_MAPS]; /* of the maps */
	uint64_t handles[SEKI_BPF_MAX_MAPS];
	char *source;
	uint32_t n_queues;
	struct seki_bpf_readers readers; /* of the maps: the queues */
	struct seki_bpf_queue *queues;
	uint8_t *stacks;	   /* one a queue, with pages around it that nothing may touch */
	struct seki_bpf_code code; /* empty where the interpreter runs it */
};

/* As seki_bpf_prog_run(), in the interpreter; `guard` NULL or exact checks of every access that is
 * not to the stack. */
int seki_bpf_prog_run_guarded(struct seki_bpf_prog *prog, struct seki_bpf_run *run,
			      const struct seki_bpf_guard *guard, uint64_t *r0);

#endif
