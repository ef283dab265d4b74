/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: proves that a program, whatever the packet and its maps hold, touches only memory
 * that is its own, leaks no address, calls helpers as they want to be called, and ends.
 */
#ifndef SEKI_CORE_BPF_VERIFY_H
#define SEKI_CORE_BPF_VERIFY_H

#include <stddef.h>

#include "abi/p4obj.h"
#include "core/bpf/isa.h"

/* Enough for programs of any size to be judged; less is "too complex" sooner. */
#define SEKI_VERIFY_MEMORY (32u << 20)

enum seki_walk_all {
	SEKI_WALK_SOME,	    /* states cover others */
	SEKI_WALK_ALL,	    /* each path is walked to its end */
	SEKI_WALK_ALL_KEEP, /* and nothing is forgotten where paths meet */
};

/* A program and all it may refer to. All memory is the caller's. */
struct seki_bpf_image {
	struct seki_bpf_op *ops; /* decoded without fault; the verifier sets flags in it */
	uint32_t n;
	uint32_t entry;
	const struct seki_map_def *maps;
	const char *const *map_names;
	uint32_t n_maps;
	const uint8_t *data; /* read-only data */
	uint32_t data_size;
	uint64_t max_steps;  /* give up after as many: 0 or more than usual: as usual */
	uint32_t max_packet; /* no run begins with a longer packet: 0 or more than
				SEKI_BPF_PACKET_MAX: that */
	/* For tests of the verifier, which compare its verdicts: */
	uint8_t walk_all;   /* enum seki_walk_all */
	uint8_t rank_after; /* loops are thought to end by growth so early: 0: as usual */
};

struct seki_bpf_proof {
	uint64_t worst_insns;  /* no run executes more */
	uint32_t packet_touch; /* one past the last byte of the packet, counted from where its head
				  was at first, that any run may look at, write or cut off */
	bool packet_written;   /* some path writes, moves or truncates the packet */
	uint64_t steps;	       /* instructions that the verifier looked at */
};

#define SEKI_PATH_MAX 64

struct seki_bpf_branch {
	uint32_t insn;
	bool taken;
};

struct seki_bpf_rejection {
	uint32_t insn;
	char reason[512]; /* in plain words */
	char values[256]; /* what is known of the registers that matter; may be "" */
	uint32_t n_path;  /* the last branches on the way there, first to last */
	struct seki_bpf_branch path[SEKI_PATH_MAX];
};

/*
 * `memory` (aligned to 16) of `size` bytes is scratch space. 0 and the proof; -EACCES and the
 * rejection; -E2BIG and a rejection that says what to do: too complex to judge.
 */
int seki_bpf_verify(struct seki_bpf_image *image, void *memory, size_t size,
		    struct seki_bpf_proof *proof, struct seki_bpf_rejection *why);

#endif
