// SPDX-License-Identifier: Apache-2.0
/* Running a loaded program on a packet. */
#include <errno.h>

#include "core/base/check.h"
#include "lib/bpf/prog.h"

static bool is_consistent(const struct seki_bpf_prog *prog, const struct seki_bpf_run *run)
{
	return run->buf && run->queue < prog->n_queues &&
	       seki_in_range(run->off, run->copied, run->size) && run->copied <= run->len &&
	       run->len <= prog->info.max_packet &&
	       run->copied >= seki_min(run->len, prog->info.packet_touch);
}

/* Nothing here is worth a loop or a clearing: it is done for each packet. */
static int begin(struct seki_bpf_prog *prog, struct seki_bpf_run *run)
{
	struct seki_bpf_queue *queue;

	if (!is_consistent(prog, run))
		return -EINVAL;
	queue = &prog->queues[run->queue];
	queue->running.packet = (struct seki_bpf_packet){run->buf, run->size, run->off, run->copied,
							 run->len};
	queue->running.run = run;
	queue->vm.fuel = prog->info.worst_insns;
	queue->vm.stop = 0;
	run->meta.packet_length = run->len;
	run->site = 0;
	seki_bpf_reader_enter(&prog->readers, run->queue);
	return 0;
}

static void finish(const struct seki_bpf_prog *prog, struct seki_bpf_run *run, uint64_t insns)
{
	const struct seki_bpf_queue *queue = &prog->queues[run->queue];

	seki_bpf_reader_leave(&prog->readers, run->queue);
	run->off = queue->running.packet.off;
	run->copied = queue->running.packet.copied;
	run->len = queue->running.packet.len;
	run->insns = insns;
}

int seki_bpf_prog_run_guarded(struct seki_bpf_prog *prog, struct seki_bpf_run *run,
			      const struct seki_bpf_guard *guard, uint64_t *r0)
{
	int err = begin(prog, run);
	struct seki_bpf_queue *queue;
	struct seki_bpf_vm vm;

	if (err)
		return err;
	queue = &prog->queues[run->queue];
	vm = queue->vm;
	vm.guard = guard;
	err = seki_bpf_interp(&vm, (uint64_t)(uintptr_t)&queue->running,
			      (uint64_t)(uintptr_t)&run->meta, r0);
	finish(prog, run, vm.insns);
	return err;
}

int seki_bpf_prog_run(struct seki_bpf_prog *prog, struct seki_bpf_run *run, uint64_t *r0)
{
	struct seki_bpf_queue *queue;
	uint64_t result;
	int err;

	if (!prog->code.run)
		return seki_bpf_prog_run_guarded(prog, run, NULL, r0);
	err = begin(prog, run);
	if (err)
		return err;
	queue = &prog->queues[run->queue];
	result = prog->code.run(&queue->vm, (uint64_t)(uintptr_t)&queue->running,
				(uint64_t)(uintptr_t)&run->meta);
	finish(prog, run, 0);
	if (queue->vm.stop)
		return queue->vm.stop;
	*r0 = result;
	return 0;
}
