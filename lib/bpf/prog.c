// SPDX-License-Identifier: Apache-2.0
/* Loading: an object is taken apart, decoded, proved, given its maps. Nothing runs before that. */
#include "lib/bpf/prog.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/base/check.h"
#include "core/bpf/disasm.h"
#include "core/bpf/verify/verify.h"
#include "lib/bpf/maps.h"

#define MAP_BYTES_DEFAULT (64ull << 20)

struct loader {
	struct seki_bpf_load_opts opts;
	struct seki_obj obj;
	struct seki_bpf_prog *prog;
	struct seki_text log;
	struct seki_map_def defs[SEKI_BPF_MAX_MAPS];
};

/* The line that an instruction comes from, where the object says so. */
static void log_line(struct loader *l, uint32_t insn)
{
	struct seki_obj_line line;

	if (!seki_obj_line(&l->obj, insn, &line) || !line.line)
		return;
	while (*line.text == ' ' || *line.text == '\t')
		line.text++;
	seki_text_add(&l->log, "  in %s:%u: %s\n", line.file, (uint64_t)line.line, line.text);
}

static void log_place(struct loader *l, uint32_t insn)
{
	seki_text_add(&l->log, "  at insn %u: ", (uint64_t)insn);
	seki_bpf_disasm(&l->prog->ops[insn], &l->log);
	seki_text_add(&l->log, "\n");
	log_line(l, insn);
}

static void log_path(struct loader *l, const struct seki_bpf_rejection *why)
{
	for (uint32_t i = 0; i < why->n_path; i++) {
		seki_text_add(&l->log, "  path: %s",
			      why->path[i].taken ? "taken     " : "not taken ");
		log_place(l, why->path[i].insn);
	}
}

static int verify(struct loader *l)
{
	struct seki_bpf_prog *prog = l->prog;
	struct seki_bpf_image image = {
		.ops = prog->ops,
		.n = prog->info.insns,
		.entry = prog->entry,
		.maps = l->defs,
		.map_names = prog->names,
		.n_maps = prog->info.maps,
		.data = prog->data,
		.data_size = prog->data_size,
		.max_packet = prog->info.max_packet,
	};
	struct seki_bpf_rejection why;
	struct seki_bpf_proof proof;
	void *memory = mmap(NULL, SEKI_VERIFY_MEMORY, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int err;

	if (memory == MAP_FAILED)
		return -ENOMEM;
	err = seki_bpf_verify(&image, memory, SEKI_VERIFY_MEMORY, &proof, &why);
	munmap(memory, SEKI_VERIFY_MEMORY);
	if (err) {
		seki_text_add(&l->log, "%s\n", why.reason);
		log_place(l, why.insn);
		if (why.values[0])
			seki_text_add(&l->log, "  where %s\n", why.values);
		if (l->opts.verbose)
			log_path(l, &why);
		return err;
	}
	prog->info.worst_insns = proof.worst_insns;
	prog->info.packet_touch = proof.packet_touch;
	prog->info.packet_written = proof.packet_written;
	if (!l->opts.max_insns || proof.worst_insns <= l->opts.max_insns)
		return 0;
	seki_text_add(&l->log, "the program may run for %u instructions; the limit is %u\n",
		      proof.worst_insns, l->opts.max_insns);
	return -E2BIG;
}

static int decode(struct loader *l)
{
	struct seki_bpf_prog *prog = l->prog;
	struct seki_bpf_fault fault;
	int err;

	prog->info.insns = l->obj.n_insns;
	prog->entry = l->obj.entry;
	prog->ops = calloc(l->obj.n_insns, sizeof(*prog->ops));
	if (!prog->ops)
		return -ENOMEM;
	err = seki_bpf_decode(l->obj.insns, l->obj.n_insns, prog->ops, &fault);
	if (err) {
		seki_text_add(&l->log, "%s\n  at insn %u\n", fault.why, (uint64_t)fault.insn);
		log_line(l, fault.insn);
	} else if (prog->ops[prog->entry].id == SEKI_OP_INVALID) {
		seki_text_add(&l->log, "the entry is in the middle of a 64-bit load\n");
		err = -ENOEXEC;
	}
	return err;
}

_Static_assert(SEKI_BPF_STACK_BYTES % 4096 == 0, "a stack is whole pages");

static uint8_t *stack_of(const struct seki_bpf_prog *prog, uint32_t queue)
{
	return prog->stacks + (2 * queue + 1) * (size_t)SEKI_BPF_STACK_BYTES;
}

static size_t stacks_bytes(const struct seki_bpf_prog *prog)
{
	return (2 * prog->n_queues + 1) * (size_t)SEKI_BPF_STACK_BYTES;
}

static int make_stacks(struct seki_bpf_prog *prog)
{
	void *map = mmap(NULL, stacks_bytes(prog), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -ENOMEM;
	prog->stacks = map;
	for (uint32_t i = 0; i < prog->n_queues; i++)
		if (mprotect(stack_of(prog, i), SEKI_BPF_STACK_BYTES, PROT_READ | PROT_WRITE))
			return -ENOMEM;
	return 0;
}

static int make_queues(struct loader *l)
{
	struct seki_bpf_prog *prog = l->prog;

	prog->n_queues = l->opts.queues ? l->opts.queues : 1;
	if (prog->n_queues > SEKI_BPF_QUEUES_MAX)
		return -EINVAL;
	prog->queues = aligned_alloc(64, prog->n_queues * sizeof(struct seki_bpf_queue));
	return prog->queues ? make_stacks(prog) : -ENOMEM;
}

/* What the runs of a queue have in common. */
static void fill_queues(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < prog->n_queues; i++) {
		struct seki_bpf_queue *queue = &prog->queues[i];

		queue->running = (struct seki_bpf_running){.run = NULL};
		queue->vm = (struct seki_bpf_vm){
			.ops = prog->ops,
			.entry = prog->entry,
			.stack = stack_of(prog, i),
			.data = prog->data,
			.maps = prog->handles,
			.n_maps = prog->info.maps,
			.helpers = seki_bpf_helpers,
			.n_helpers = SEKI_HELPER_MAX,
			.arg = &queue->running,
			.queue = i,
		};
	}
}

static int compile(struct loader *l)
{
	struct seki_bpf_prog *prog = l->prog;
	seki_bpf_find finds[SEKI_BPF_MAX_MAPS];
	struct seki_jit_input in = {
		.ops = prog->ops,
		.n = prog->info.insns,
		.entry = prog->entry,
		.data = prog->data,
		.maps = prog->handles,
		.finds = finds,
		.n_maps = prog->info.maps,
		.helpers = seki_bpf_helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.stoppers = SEKI_BPF_STOPPERS,
		.packet_at = offsetof(struct seki_bpf_running, packet),
	};
	int err;

	if (l->opts.engine == SEKI_BPF_ENGINE_INTERPRETER)
		return 0;
	for (uint32_t i = 0; i < prog->info.maps; i++)
		finds[i] = seki_bpf_map_finder(&prog->maps[i]->map.def);
	err = seki_bpf_code_make(&in, 0, &prog->code);
	if (err && l->opts.engine == SEKI_BPF_ENGINE_JIT) {
		seki_text_add(&l->log, err == -ENOTSUP
					       ? "no machine code for this processor, or no memory "
						 "that may be executed: interpret it\n"
					       : "no memory for its machine code\n");
		return err;
	}
	if (err)
		return 0;
	prog->info.engine = SEKI_BPF_ENGINE_JIT;
	prog->info.native_bytes = (uint32_t)prog->code.size;
	return 0;
}

static int build(struct loader *l)
{
	struct seki_bpf_prog *prog = l->prog;
	int err;

	prog->source = strdup(l->obj.source);
	if (!prog->source)
		return -ENOMEM;
	prog->info.engine = SEKI_BPF_ENGINE_INTERPRETER;
	err = make_queues(l);
	if (err)
		return err;
	prog->info.source = prog->source;
	prog->info.max_packet = (uint32_t)l->opts.max_packet;
	prog->data = l->obj.data;
	prog->data_size = l->obj.data_size;
	l->obj.data = NULL;
	err = decode(l);
	if (!err)
		err = seki_bpf_maps_make(prog, &l->obj, l->defs, &l->opts, &l->log);
	if (!err)
		err = verify(l);
	if (!err)
		err = seki_bpf_maps_fill(prog, &l->obj, &l->log);
	if (err)
		return err;
	fill_queues(prog);
	return compile(l);
}

/* Callers of an older version know fewer options, those of a newer one may use none of theirs. */
static int take_opts(struct seki_bpf_load_opts *ours, const struct seki_bpf_load_opts *theirs)
{
	const uint8_t *bytes = (const uint8_t *)theirs;
	size_t size = theirs ? theirs->sz : 0;

	if (theirs && size < offsetof(struct seki_bpf_load_opts, max_insns))
		return -EINVAL;
	for (size_t i = sizeof(*ours); i < size; i++)
		if (bytes[i])
			return -EINVAL;
	if (theirs)
		memcpy(ours, theirs, seki_min(size, sizeof(*ours)));
	if (!ours->max_packet)
		ours->max_packet = SEKI_BPF_PACKET_MAX;
	if (!ours->max_map_bytes)
		ours->max_map_bytes = MAP_BYTES_DEFAULT;
	if (ours->engine > SEKI_BPF_ENGINE_JIT || ours->max_packet > SEKI_BPF_PACKET_MAX ||
	    (ours->n_keep && (!ours->keep || !ours->keep_from)))
		return -EINVAL;
	return 0;
}

int seki_bpf_prog_load(const void *elf, size_t len, const struct seki_bpf_load_opts *opts,
		       struct seki_bpf_prog **out)
{
	struct loader l = {.prog = NULL};
	char nowhere[1];
	int err;

	err = take_opts(&l.opts, opts);
	if (err)
		return err;
	l.log = l.opts.log && l.opts.log_size ? seki_text_on(l.opts.log, l.opts.log_size)
					      : seki_text_on(nowhere, sizeof(nowhere));
	err = seki_obj_open(elf, len, l.opts.entry ? l.opts.entry : "entry", &l.obj, &l.log);
	if (err)
		return err;
	l.prog = calloc(1, sizeof(*l.prog));
	err = l.prog ? build(&l) : -ENOMEM;
	seki_obj_close(&l.obj);
	if (err)
		seki_bpf_prog_destroy(l.prog);
	else
		*out = l.prog;
	return err;
}

void seki_bpf_prog_destroy(struct seki_bpf_prog *prog)
{
	if (!prog)
		return;
	seki_bpf_maps_destroy(prog);
	seki_bpf_code_free(&prog->code);
	if (prog->stacks)
		munmap(prog->stacks, stacks_bytes(prog));
	free(prog->queues);
	free(prog->ops);
	free(prog->data);
	free(prog->source);
	free(prog);
}

const struct seki_bpf_info *seki_bpf_prog_info(const struct seki_bpf_prog *prog)
{
	return &prog->info;
}
