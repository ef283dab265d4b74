/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for machine code: writable while it is written, then executable, never both; pages before
 * and after it that nothing may touch; what the code leaves free holds traps.
 */
#ifndef SEKI_LIB_BPF_CODE_H
#define SEKI_LIB_BPF_CODE_H

#include "core/bpf/jit/jit.h"

struct seki_bpf_code {
	uint8_t *map; /* with the pages around it; NULL: there is no code */
	size_t map_bytes;
	uint8_t *start;
	size_t size;
	seki_jit_code run;
};

/* Compiles for this processor. -ENOTSUP where there is no target for it, or where the system refuses
 * executable memory; -ENOMEM. in->address and in->features are set here, but for the features that
 * `without` takes away (tests). */
int seki_bpf_code_make(struct seki_jit_input *in, uint32_t without, struct seki_bpf_code *code);

/* Takes what make has not filled, if it is zeroed. */
void seki_bpf_code_free(struct seki_bpf_code *code);

#endif
