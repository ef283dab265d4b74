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

/* Bytes of code that are enough for nearly all programs, so that sizes need not be found first. */
#define ROOM_MIN  1024u
#define ROOM_EACH 16u

static size_t whole_pages(size_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* Near this program's own code, so that calls are short; where that is taken, anywhere. It is below
 * it, as the heap grows above. */
static uint8_t *reserve(size_t bytes)
{
	uintptr_t here = (uintptr_t)&seki_bpf_code_make & ~(uintptr_t)(PAGE - 1);
	void *hint = here > DISTANCE ? (void *)(here - DISTANCE) : NULL;
	void *map = mmap(hint, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return map == MAP_FAILED ? NULL : map;
}

/* At most `room` bytes of code, whole pages. */
static int write_code(struct seki_jit_input *in, const struct seki_jit_target *target,
		      void *scratch, size_t room, struct seki_bpf_code *code)
{
	int err;

	code->map_bytes = room + 2 * PAGE;
	code->map = reserve(code->map_bytes);
	if (!code->map)
		return -ENOMEM;
	code->start = code->map + PAGE;
	if (mprotect(code->start, room, PROT_READ | PROT_WRITE))
		return -ENOMEM;
	in->address = (uint64_t)(uintptr_t)code->start;
	err = target->compile(in, scratch, code->start, room, &code->size);
	if (err)
		seki_bpf_code_free(code);
	return err;
}

/* Gives back what the code has not used, but for the page behind it. */
static int seal(struct seki_bpf_code *code)
{
	size_t used = whole_pages(code->size);
	size_t kept = used + 2 * PAGE;

	memset(code->start + code->size, TRAP, used - code->size);
	if (kept < code->map_bytes) {
		if (mprotect(code->start + used, PAGE, PROT_NONE) ||
		    munmap(code->map + kept, code->map_bytes - kept))
			return -ENOMEM;
		code->map_bytes = kept;
	}
	return mprotect(code->start, used, PROT_READ | PROT_EXEC) ? -ENOTSUP : 0;
}

/* First with as much room as programs take; where that is not enough, with what this one takes. */
static int write_and_seal(struct seki_jit_input *in, const struct seki_jit_target *target,
			  void *scratch, struct seki_bpf_code *code)
{
	size_t size = ROOM_MIN + (size_t)in->n * ROOM_EACH;
	int err;

	*code = (struct seki_bpf_code){.map = NULL};
	err = write_code(in, target, scratch, whole_pages(size), code);
	if (err == -ENOSPC) {
		in->address = 0;
		target->compile(in, scratch, NULL, 0, &size);
		err = write_code(in, target, scratch, whole_pages(size), code);
	}
	return err ? err : seal(code);
}

int seki_bpf_code_make(struct seki_jit_input *in, uint32_t without, struct seki_bpf_code *code)
{
	const struct seki_jit_target *target = seki_jit_target();
	void *scratch, *start;
	int err;

	if (!target)
		return -ENOTSUP;
	scratch = malloc(seki_jit_scratch(in->n));
	if (!scratch)
		return -ENOMEM;
	in->features = target->features() & ~without;
	err = write_and_seal(in, target, scratch, code);
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
