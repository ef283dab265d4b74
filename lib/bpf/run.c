// SPDX-License-Identifier: Apache-2.0
/* Running a loaded program on a packet, and access to its maps between runs. */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "lib/bpf/helpers.h"
#include "lib/bpf/prog.h"

static bool is_consistent(const struct seki_bpf_prog *prog, const struct seki_bpf_run *run)
{
	return run->buf && run->queue < prog->n_queues &&
	       seki_in_range(run->off, run->copied, run->size) && run->copied <= run->len &&
	       run->len <= SEKI_BPF_PACKET_MAX &&
	       run->copied >= seki_min(run->len, prog->info.packet_touch);
}

static void reclaim(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < prog->info.maps; i++)
		seki_bpf_map_reclaim(&prog->maps[i]);
	prog->deleted = false;
}

int seki_bpf_prog_run_guarded(struct seki_bpf_prog *prog, struct seki_bpf_run *run,
			      const struct seki_bpf_guard *guard, uint64_t *r0)
{
	struct seki_bpf_running running = {
		.packet = {run->buf, run->size, run->off, run->copied, run->len},
		.run = run,
		.deleted = &prog->deleted,
	};
	struct seki_bpf_vm vm = {
		.ops = prog->ops,
		.entry = prog->entry,
		.data = prog->data,
		.maps = prog->handles,
		.n_maps = prog->info.maps,
		.helpers = seki_bpf_helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.guard = guard,
		.arg = &running,
		.queue = run->queue,
		.fuel = prog->info.worst_insns,
	};
	int err;

	if (!is_consistent(prog, run))
		return -EINVAL;
	vm.stack = prog->queues[run->queue].stack;
	if (prog->deleted)
		reclaim(prog);
	run->meta.packet_length = run->len;
	run->site = 0;
	err = seki_bpf_interp(&vm, (uint64_t)(uintptr_t)&running, (uint64_t)(uintptr_t)&run->meta,
			      r0);
	run->off = running.packet.off;
	run->copied = running.packet.copied;
	run->len = running.packet.len;
	run->insns = vm.insns;
	return err;
}

int seki_bpf_prog_run(struct seki_bpf_prog *prog, struct seki_bpf_run *run, uint64_t *r0)
{
	return seki_bpf_prog_run_guarded(prog, run, NULL, r0);
}

struct seki_bpf_map *seki_bpf_prog_map(struct seki_bpf_prog *prog, const char *name)
{
	for (uint32_t i = 0; i < prog->info.maps; i++)
		if (!strcmp(prog->names[i], name))
			return &prog->maps[i];
	return NULL;
}

const struct seki_map_def *seki_bpf_map_def(const struct seki_bpf_map *map)
{
	return &map->def;
}

int seki_bpf_map_get(struct seki_bpf_map *map, const void *key, void *value)
{
	const void *found = seki_bpf_map_find(map, key);

	if (!found)
		return -ENOENT;
	memcpy(value, found, map->def.value_size);
	return 0;
}

int seki_bpf_map_set(struct seki_bpf_map *map, const void *key, const void *value)
{
	seki_bpf_map_reclaim(map);
	return seki_bpf_map_put(map, key, value);
}

int seki_bpf_map_del(struct seki_bpf_map *map, const void *key)
{
	int err = seki_bpf_map_remove(map, key);

	seki_bpf_map_reclaim(map);
	return err;
}
