// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "tests/fuzz/bpf/native.h"

#include <stddef.h>

#include "lib/bpf/code.h"
#include "lib/bpf/helpers.h"

static struct seki_bpf_code code;

int native_compile(const struct attempt *a, const struct seki_bpf_vm *vm, uint32_t variant)
{
	static const uint32_t without[] = {0, 0, SEKI_X86_BMI2, SEKI_X86_MOVBE,
					   SEKI_X86_BMI2 | SEKI_X86_MOVBE};
	static seki_bpf_find finds[N_MAPS];
	struct seki_jit_input in = {
		.ops = a->ops,
		.n = a->n,
		.data = vm->data,
		.maps = vm->maps,
		.finds = variant % 7 > 1 ? finds : NULL,
		.n_maps = vm->n_maps,
		.helpers = vm->helpers,
		.n_helpers = vm->n_helpers,
		.stoppers = SEKI_BPF_STOPPERS,
		.packet_at = variant % 3 ? (int32_t)offsetof(struct seki_bpf_running, packet) : -1,
	};

	for (uint32_t i = 0; i < vm->n_maps; i++)
		finds[i] = seki_bpf_map_finder(&fuzz_map_defs[i]);
	seki_bpf_code_free(&code);
	return seki_bpf_code_make(&in, without[variant % 5], &code);
}

int native_run(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2, uint64_t *r0)
{
	uint64_t result;

	vm->stop = 0;
	result = code.run(vm, r1, r2);
	if (!vm->stop)
		*r0 = result;
	return vm->stop;
}
