// SPDX-License-Identifier: Apache-2.0
/*
 * Maps of a loaded program: memory, and the control plane's calls. Those wait where core/bpf/map/map.h
 * says -EBUSY: for another's change to end, or for queues to end the runs that are on.
 */
#include "lib/bpf/maps.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/check.h"

#define LINE	64
#define WAIT_NS 1000000000u /* a run is over by then, unless its thread is stopped */

/* All threads of the process go through a full memory barrier: see core/bpf/map/readers.h. */
static bool barrier_everywhere(void)
{
	return !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static int make_crowd(struct seki_bpf_prog *prog)
{
	struct seki_bpf_crowd *crowd = calloc(1, sizeof(*crowd));
	size_t bytes = prog->n_queues * sizeof(struct seki_bpf_reader);

	if (!crowd)
		return -ENOMEM;
	crowd->users = 1;
	prog->crowd = crowd;
	crowd->readers.at = aligned_alloc(LINE, bytes);
	if (!crowd->readers.at)
		return -ENOMEM;
	memset(crowd->readers.at, 0, bytes);
	crowd->readers.n = prog->n_queues;
	if (!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		crowd->readers.barrier = barrier_everywhere;
	return 0;
}

static int check_sizes(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       struct seki_map_def *defs, uint64_t limit, struct seki_text *log)
{
	prog->info.maps = obj->n_maps;
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		const struct seki_obj_map *map = &obj->maps[i];
		const char *why;

		defs[i] = (struct seki_map_def){map->type, map->key_size, map->value_size,
						map->max_entries, map->hashes};
		/* No sum wraps: each is at most 2^54. */
		prog->info.map_bytes += seki_bpf_map_bytes(&defs[i], prog->n_queues, &why);
		if (why) {
			seki_text_add(log, "map %s (type %u): %s\n", map->name, (uint64_t)map->type,
				      why);
			return -ENOEXEC;
		}
		if (prog->info.map_bytes > limit) {
			seki_text_add(log, "the maps take more than %u bytes\n", limit);
			return -E2BIG;
		}
	}
	return 0;
}

/* Hard to foresee, and needs no system call: the kernel's gift to every process. */
static uint32_t map_seed(uint32_t index)
{
	uint32_t gift[4] = {0};
	const void *at = (const void *)getauxval(AT_RANDOM);

	if (at)
		memcpy(gift, at, sizeof(gift));
	return seki_bpf_hash(gift, sizeof(gift), index);
}

static int copy_init(struct seki_bpf_share *share, const struct seki_obj_map *from)
{
	share->init_size = from->init_size;
	if (!from->init_size)
		return 0;
	share->init = malloc(from->init_size);
	if (!share->init)
		return -ENOMEM;
	memcpy(share->init, from->init, from->init_size);
	return 0;
}

/* calloc() leaves the pages of large maps alone until they are used; the line is for alignment. */
static int make_map(struct seki_bpf_prog *prog, uint32_t index, const struct seki_obj_map *from,
		    const struct seki_map_def *def)
{
	struct seki_bpf_share *share = calloc(1, sizeof(*share));
	const char *why;
	uint64_t bytes = seki_bpf_map_bytes(def, prog->n_queues, &why);
	uintptr_t at;

	if (!share)
		return -ENOMEM;
	share->users = 1;
	prog->maps[index] = share;
	share->memory = calloc(1, bytes + LINE);
	share->name = strdup(from->name);
	if (!share->memory || !share->name || copy_init(share, from))
		return -ENOMEM;
	at = ((uintptr_t)share->memory + LINE - 1) / LINE * LINE;
	seki_bpf_map_init(&share->map, def, (void *)at, map_seed(index), &prog->crowd->readers);
	share->map.name = share->name;
	return 0;
}

static int set_fields(struct seki_bpf_share *share, const struct seki_obj_map *from,
		      struct seki_text *log)
{
	const char *why;

	if (!from->fields)
		return 0;
	share->n_fields = from->n_fields;
	memcpy(share->fields, from->fields,
	       seki_min(from->n_fields, SEKI_CLASSIFIER_FIELDS_MAX) * sizeof(*share->fields));
	why = seki_bpf_map_set_fields(&share->map, share->fields, from->n_fields);
	if (why)
		seki_text_add(log, "map %s: " SEKI_FIELDS_PREFIX "%s: %s\n", from->name, from->name,
			      why);
	return why ? -ENOEXEC : 0;
}

int seki_bpf_maps_make(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       struct seki_map_def *defs, const struct seki_bpf_load_opts *opts,
		       struct seki_text *log)
{
	int err = check_sizes(prog, obj, defs, opts->max_map_bytes, log);

	if (!err)
		err = opts->keep_from ? seki_bpf_maps_keep(prog, obj, opts, log) : make_crowd(prog);
	if (err)
		return err;
	prog->readers = prog->crowd->readers;
	for (uint32_t i = 0; !err && i < obj->n_maps; i++) {
		if (!prog->kept[i]) {
			err = make_map(prog, i, &obj->maps[i], &defs[i]);
			if (!err)
				err = set_fields(prog->maps[i], &obj->maps[i], log);
		}
		if (err)
			break;
		prog->names[i] = prog->maps[i]->name;
		prog->handles[i] = (uint64_t)(uintptr_t)&prog->maps[i]->map;
	}
	return err;
}

static int fill_map(struct seki_bpf_map *map, const struct seki_obj_map *from,
		    struct seki_text *log)
{
	uint64_t pair = (uint64_t)map->key_bytes + map->def.value_size;
	/* To find an entry of a classifier anew takes as long as all the others want. */
	enum seki_map_set how = map->def.type == SEKI_MAP_CLASSIFIER ? SEKI_MAP_NOEXIST
								     : SEKI_MAP_ANY;

	for (uint64_t at = 0; at < from->init_size; at += pair) {
		if (!seki_bpf_map_set_if(map, from->init + at, from->init + at + map->key_bytes,
					 how))
			continue;
		seki_text_add(log, "map %s: its entries to start with do not fit (entry %u)\n",
			      from->name, at / pair);
		return -ENOEXEC;
	}
	return 0;
}

int seki_bpf_maps_fill(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       struct seki_text *log)
{
	int err = 0;

	for (uint32_t i = 0; !err && i < prog->info.maps; i++) {
		if (!prog->kept[i])
			err = fill_map(&prog->maps[i]->map, &obj->maps[i], log);
	}
	return err;
}

/* Whoever was the last user frees. */
static bool leave(uint32_t *users)
{
	return __atomic_sub_fetch(users, 1, __ATOMIC_ACQ_REL) == 0;
}

static void put_share(struct seki_bpf_share *share)
{
	if (!share || !leave(&share->users))
		return;
	free(share->name);
	free(share->memory);
	free(share->init);
	free(share);
}

void seki_bpf_maps_destroy(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < SEKI_BPF_MAX_MAPS; i++)
		put_share(prog->maps[i]);
	if (!prog->crowd || !leave(&prog->crowd->users))
		return;
	free(prog->crowd->readers.at);
	free(prog->crowd);
}

int seki_bpf_maps_put(struct seki_bpf_map *map, const void *key, const void *value, uint32_t queue)
{
	int err = seki_bpf_map_put(map, key, value, SEKI_MAP_ANY, queue);

	for (int i = 0; err == -EBUSY && i < SEKI_BPF_YIELDS; i++) {
		sched_yield();
		err = seki_bpf_map_put(map, key, value, SEKI_MAP_ANY, queue);
	}
	return err;
}

int seki_bpf_maps_remove(struct seki_bpf_map *map, const void *key, uint32_t queue)
{
	int err = seki_bpf_map_remove(map, key, queue);

	for (int i = 0; err == -EBUSY && i < SEKI_BPF_YIELDS; i++) {
		sched_yield();
		err = seki_bpf_map_remove(map, key, queue);
	}
	return err;
}

struct seki_bpf_map *seki_bpf_prog_map(struct seki_bpf_prog *prog, const char *name)
{
	for (uint32_t i = 0; i < prog->info.maps; i++)
		if (!strcmp(prog->names[i], name))
			return &prog->maps[i]->map;
	return NULL;
}

struct seki_bpf_map *seki_bpf_prog_map_at(struct seki_bpf_prog *prog, uint32_t index)
{
	return index < prog->info.maps ? &prog->maps[index]->map : NULL;
}

bool seki_bpf_prog_keeps(const struct seki_bpf_prog *prog, uint32_t index)
{
	return index < prog->info.maps && prog->kept[index];
}

const char *seki_bpf_map_name(const struct seki_bpf_map *map)
{
	return map->name;
}

uint32_t seki_bpf_map_key_bytes(const struct seki_bpf_map *map)
{
	return map->key_bytes;
}

const struct seki_map_def *seki_bpf_map_def(const struct seki_bpf_map *map)
{
	return &map->def;
}

uint32_t seki_bpf_map_entries(const struct seki_bpf_map *map)
{
	return seki_bpf_map_count(map);
}

/* Lets others run. *since is 0 at first. False: it has waited for long enough. */
static bool wait_a_little(uint64_t *since)
{
	struct timespec now;
	uint64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	if (!*since)
		*since = ns;
	sched_yield();
	return ns - *since < WAIT_NS;
}

int seki_bpf_map_get(struct seki_bpf_map *map, const void *key, void *value)
{
	uint64_t since = 0;
	int err;

	do
		err = seki_bpf_map_read(map, key, value, SEKI_MAP_NO_QUEUE);
	while (err == -EBUSY && wait_a_little(&since));
	return err;
}

static uint32_t queues_of(const struct seki_bpf_map *map)
{
	return map->def.type == SEKI_MAP_QUEUE_ARRAY ? map->readers->n : 0;
}

int seki_bpf_map_get_queue(struct seki_bpf_map *map, const void *key, uint32_t queue, void *value)
{
	return queue < queues_of(map) ? seki_bpf_map_read(map, key, value, queue) : -EINVAL;
}

int seki_bpf_map_set_queue(struct seki_bpf_map *map, const void *key, uint32_t queue,
			   const void *value)
{
	if (queue >= queues_of(map))
		return -EINVAL;
	return seki_bpf_map_put(map, key, value, SEKI_MAP_ANY, queue);
}

int seki_bpf_map_set_if(struct seki_bpf_map *map, const void *key, const void *value,
			enum seki_map_set how)
{
	uint64_t since = 0;
	int err;

	if (how > SEKI_MAP_EXIST)
		return -EINVAL;
	do
		err = seki_bpf_map_put(map, key, value, how, SEKI_MAP_NO_QUEUE);
	while (err == -EBUSY && wait_a_little(&since));
	return err;
}

int seki_bpf_map_set(struct seki_bpf_map *map, const void *key, const void *value)
{
	return seki_bpf_map_set_if(map, key, value, SEKI_MAP_ANY);
}

int seki_bpf_map_del(struct seki_bpf_map *map, const void *key)
{
	uint64_t since = 0;
	int err;

	do
		err = seki_bpf_map_remove(map, key, SEKI_MAP_NO_QUEUE);
	while (err == -EBUSY && wait_a_little(&since));
	return err;
}

int seki_bpf_map_next_key(struct seki_bpf_map *map, const void *key, void *next)
{
	uint64_t since = 0;
	int err;

	do
		err = seki_bpf_map_next(map, key, next);
	while (err == -EBUSY && wait_a_little(&since));
	return err;
}
