// SPDX-License-Identifier: Apache-2.0
/* Executable memory: see the header. */
#include "lib/bpf/code.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE	 4096u
#define TRAP	 0xcc /* x86: int3 */
#define DISTANCE (64ull << 20)

/* Near this program's own code, so that calls are short; where that is taken, anywhere. It is below
 * it, as the heap grows above. */
static uint8_t *reserve(size_t bytes)
{
	uintptr_t here = (uintptr_t)&seki_bpf_code_make & ~(uintptr_t)(PAGE - 1);
	void *hint = here > DISTANCE ? (void *)(here - DISTANCE) : NULL;
	void *map = mmap(hint, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

static int write_code(struct seki_jit_input *in, const struct seki_jit_target *target,
		      void *scratch, struct seki_bpf_code *code)
{
	size_t room = code->map_bytes - 2 * PAGE;
	int err;

	if (mprotect(code->start, room, PROT_READ | PROT_WRITE))
		return -ENOMEM;
	in->address = (uint64_t)(uintptr_t)code->start;
	err = target->compile(in, scratch, code->start, room, &code->size);
	if (err)
		return err;
	memset(code->start + code->size, TRAP, room - code->size);
	return mprotect(code->start, room, PROT_READ | PROT_EXEC) ? -ENOTSUP : 0;
}

int seki_bpf_code_make(struct seki_jit_input *in, uint32_t without, struct seki_bpf_code *code)
{
	const struct seki_jit_target *target = seki_jit_target();
	void *scratch, *start;
	size_t size = 0;
	int err;

	if (!target)
		return -ENOTSUP;
	scratch = malloc(seki_jit_scratch(in->n));
	if (!scratch)
		return -ENOMEM;
	in->features = target->features() & ~without;
	in->address = 0;
	target->compile(in, scratch, NULL, 0, &size);
	*code = (struct seki_bpf_code){.map_bytes = (size + PAGE - 1) / PAGE * PAGE + 2 * PAGE};
	code->map = reserve(code->map_bytes);
	code->start = code->map ? code->map + PAGE : NULL;
	err = code->map ? write_code(in, target, scratch, code) : -ENOMEM;
	free(scratch);
	if (err) {
		seki_bpf_code_free(code);
		return err;
	}
	start = code->start;
	memcpy(&code->run, &start, sizeof(code->run));
	return 0;
}

void seki_bpf_code_free(struct seki_bpf_code *code)
{
	if (code->map)
		munmap(code->map, code->map_bytes);
	*code = (struct seki_bpf_code){.map = NULL};
}
