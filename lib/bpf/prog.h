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

/* Who may be in a run: of a program, or of all that share maps. The last of them frees it. */
struct seki_bpf_crowd {
	struct seki_bpf_readers readers;
	uint32_t users; /* programs */
};

/* A map with what it was made from. The last of the programs that share it frees it. */
struct seki_bpf_share {
	struct seki_bpf_map map;
	uint32_t users; /* programs */
	char *name;
	void *memory;  /* of the map */
	uint8_t *init; /* entries that it started with */
	uint64_t init_size;
	uint32_t n_fields; /* of a classifier */
	struct seki_map_field fields[SEKI_CLASSIFIER_FIELDS_MAX];
};

struct seki_bpf_prog {
	struct seki_bpf_info info;
	struct seki_bpf_op *ops;
	uint32_t entry;
	uint8_t *data;
	uint32_t data_size;
	struct seki_bpf_share *maps[SEKI_BPF_MAX_MAPS];
	const char *names[SEKI_BPF_MAX_MAPS]; /* the maps' own */
	bool kept[SEKI_BPF_MAX_MAPS];	      /* carried over from another program */
	uint64_t handles[SEKI_BPF_MAX_MAPS];
	char *source;
	uint32_t n_queues;
	struct seki_bpf_readers readers; /* those of the crowd: a run finds them here */
	struct seki_bpf_crowd *crowd;
	struct seki_bpf_queue *queues;
	uint8_t *stacks;	   /* one a queue, with pages around it that nothing may touch */
	struct seki_bpf_code code; /* empty where the interpreter runs it */
};

/* As seki_bpf_prog_run(), in the interpreter; `guard` NULL or exact checks of every access that is
 * not to the stack. */
int seki_bpf_prog_run_guarded(struct seki_bpf_prog *prog, struct seki_bpf_run *run,
			      const struct seki_bpf_guard *guard, uint64_t *r0);

#endif
