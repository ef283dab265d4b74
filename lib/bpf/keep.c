// SPDX-License-Identifier: Apache-2.0
/*
 * Maps that a new program carries over from the one that it replaces. They are shared, never copied:
 * there is no moment at which half of their entries are there. All is checked before anything is
 * shared, and sharing changes nothing for the old program.
 *
 * Why runs of both programs may use a map at once: what keeps memory of deleted entries from being
 * used too early are the words of the queues (core/bpf/map/readers.h), and the programs have those in
 * common, one a queue, as no thread is in two runs of one queue.
 */
#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "lib/bpf/maps.h"

/* What belongs to a table, selector or digest that is named without it. */
static const char *const suffixes[] = {"", "_defaultAction", "_groups", "_state", "_taken"};

static bool belongs(const char *map, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(map, name, len))
		return false;
	for (size_t i = 0; i < SEKI_COUNT(suffixes); i++) {
		if (!strcmp(map + len, suffixes[i]))
			return true;
	}
	return false;
}

static bool is_named(const struct seki_bpf_load_opts *opts, const char *map)
{
	for (uint32_t i = 0; i < opts->n_keep; i++) {
		if (belongs(map, opts->keep[i]))
			return true;
	}
	return false;
}

static struct seki_bpf_share *find(const struct seki_bpf_prog *prog, const char *name)
{
	for (uint32_t i = 0; i < prog->info.maps; i++) {
		if (!strcmp(prog->names[i], name))
			return prog->maps[i];
	}
	return NULL;
}

static bool starts_alike(const struct seki_bpf_share *share, const struct seki_obj_map *map)
{
	return share->init_size == map->init_size &&
	       (!map->init_size || !memcmp(share->init, map->init, map->init_size));
}

static bool same_fields(const struct seki_bpf_share *share, const struct seki_obj_map *map)
{
	uint32_t n = map->fields ? map->n_fields : 0;

	return share->n_fields == n &&
	       (!n || !memcmp(share->fields, map->fields, n * sizeof(*share->fields)));
}

static bool fits(const struct seki_bpf_share *share, const struct seki_obj_map *map,
		 struct seki_text *log)
{
	const struct seki_map_def *def = &share->map.def;
	const struct {
		const char *what;
		uint64_t was, is;
	} sizes[] = {
		{"type", def->type, map->type},
		{"key size", def->key_size, map->key_size},
		{"value size", def->value_size, map->value_size},
		{"max_entries", def->max_entries, map->max_entries},
		{"hashes", def->nb_hash_functions, map->hashes},
	};

	for (size_t i = 0; i < SEKI_COUNT(sizes); i++) {
		if (sizes[i].was == sizes[i].is)
			continue;
		seki_text_add(log,
			      "map %s cannot be kept: its %s was %u and is %u now; name the maps "
			      "to keep without it, or give it another name\n",
			      map->name, sizes[i].what, sizes[i].was, sizes[i].is);
		return false;
	}
	if (same_fields(share, map))
		return true;
	seki_text_add(log, "map %s cannot be kept: the fields of its key are others now\n",
		      map->name);
	return false;
}

/* The map of the old program that takes this one's place, or NULL. */
static struct seki_bpf_share *candidate(const struct seki_obj_map *map,
					const struct seki_bpf_load_opts *opts)
{
	struct seki_bpf_share *share = find(opts->keep_from, map->name);

	if (!share || !strcmp(map->name, SEKI_OBJ_SCRATCH))
		return NULL;
	if (opts->keep)
		return is_named(opts, map->name) ? share : NULL;
	return starts_alike(share, map) ? share : NULL;
}

static bool has_map(const struct seki_obj *obj, const char *name)
{
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		if (!strcmp(obj->maps[i].name, name))
			return true;
	}
	return false;
}

static int check(const struct seki_bpf_prog *prog, const struct seki_obj *obj,
		 const struct seki_bpf_load_opts *opts, struct seki_text *log)
{
	if (opts->keep_from->n_queues != prog->n_queues) {
		seki_text_add(log, "maps can only be kept for the same number of queues, %u\n",
			      (uint64_t)opts->keep_from->n_queues);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < opts->n_keep; i++) {
		bool before = find(opts->keep_from, opts->keep[i]) != NULL;

		if (before && has_map(obj, opts->keep[i]))
			continue;
		seki_text_add(log, "map %s cannot be kept: the %s program has none of that name\n",
			      opts->keep[i], before ? "new" : "old");
		return -ENOENT;
	}
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		const struct seki_bpf_share *share = candidate(&obj->maps[i], opts);

		if (share && !fits(share, &obj->maps[i], log))
			return -EEXIST;
	}
	return 0;
}

int seki_bpf_maps_keep(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       const struct seki_bpf_load_opts *opts, struct seki_text *log)
{
	int err = check(prog, obj, opts, log);

	if (err)
		return err;
	prog->crowd = opts->keep_from->crowd;
	__atomic_add_fetch(&prog->crowd->users, 1, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		struct seki_bpf_share *share = candidate(&obj->maps[i], opts);

		if (!share)
			continue;
		__atomic_add_fetch(&share->users, 1, __ATOMIC_RELAXED);
		prog->maps[i] = share;
		prog->kept[i] = true;
	}
	return 0;
}
