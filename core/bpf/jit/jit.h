/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine code from decoded instructions. A target is one struct seki_jit_target; the caller owns
 * all memory and makes it executable. The code is as safe as the program is proved to be, and ends
 * whatever the proof is worth: local calls and backward jumps use up vm->fuel, but for loops that are
 * seen to end soon (a counter, a constant limit, one way through). It has no indirect jump, and no
 * indirect call to an address that is not a constant in it.
 */
#ifndef SEKI_CORE_BPF_JIT_H
#define SEKI_CORE_BPF_JIT_H

#include <stddef.h>

#include "core/bpf/interp.h"
#include "core/bpf/map/map.h"

#define SEKI_JIT_HELPERS_MAX 64

struct seki_jit_input {
	const struct seki_bpf_op
		*ops; /* decoded without fault, and verified or run at one's peril */
	uint32_t n;
	uint32_t entry;
	const uint8_t *data;  /* vm->data of every run */
	const uint64_t *maps; /* as vm->maps of every run */
	const seki_bpf_find
		*finds; /* not NULL: the handles are addresses of struct seki_bpf_map, and
				       these find in each */
	uint32_t n_maps;
	const seki_bpf_helper *helpers; /* as in struct seki_bpf_vm */
	uint32_t n_helpers;		/* SEKI_JIT_HELPERS_MAX at most */
	uint64_t stoppers; /* a bit for each helper that may set vm->stop or reads vm->may_wait */
	int32_t packet_at; /* where r1 of helper packet_data points: offset of the struct
			       seki_bpf_packet in there; negative: call the helper */
	uint64_t address;  /* where the code will lie; 0: anywhere, and calls are longer */
	uint32_t features; /* what the processor can, by target */
	bool plain;	   /* each instruction as it stands: for tests */
};

/* Runs the program: as seki_bpf_interp(), but for r0 being returned and the error in vm->stop, which
 * the caller sets to 0 before. Of vm it needs stack, arg, queue, fuel and what the helpers need. */
typedef uint64_t (*seki_jit_code)(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2);

struct seki_jit_target {
	const char *name;
	uint32_t (*features)(void); /* of this processor */
	/*
	 * Writes at most `size` bytes of code, whose first is the entry, and *used, which is not
	 * more than with the same input and address 0. -ENOSPC where `size` is too little (0 serves
	 * to ask; *used is set), -EINVAL where there are too many helpers. `scratch` has
	 * seki_jit_scratch(n) bytes, aligned to 16.
	 */
	int (*compile)(const struct seki_jit_input *in, void *scratch, uint8_t *code, size_t size,
		       size_t *used);
};

size_t seki_jit_scratch(uint32_t n);

/* Of the processor that this was compiled for; NULL: there is none. */
const struct seki_jit_target *seki_jit_target(void);

enum { SEKI_X86_BMI2 = 1, SEKI_X86_MOVBE = 2 };

extern const struct seki_jit_target seki_jit_x86;

#endif
