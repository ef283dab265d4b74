/* SPDX-License-Identifier: Apache-2.0 */
/* The maps of a program: made when it is loaded, used by control planes while it runs. */
#ifndef SEKI_LIB_BPF_MAPS_H
#define SEKI_LIB_BPF_MAPS_H

#include "lib/bpf/object.h"
#include "lib/bpf/prog.h"

/*
 * Makes the maps that the object defines, for prog->n_queues queues, or takes them over from
 * opts->keep_from, and writes their definitions to defs. Sizes first: nothing is allocated for an
 * object that asks for more than opts->max_map_bytes. Errors as of seki_bpf_prog_load();
 * seki_bpf_maps_destroy() cleans up.
 */
int seki_bpf_maps_make(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       struct seki_map_def *defs, const struct seki_bpf_load_opts *opts,
		       struct seki_text *log);

/* Puts the entries in that the object starts with, but not into maps that were taken over.
 * -ENOEXEC. */
int seki_bpf_maps_fill(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       struct seki_text *log);

/*
 * The changes that a run of the program makes. Where the lock's holder or another queue has been
 * put off its processor, they let it go on, SEKI_BPF_YIELDS times at most, before they give -EBUSY.
 */
#define SEKI_BPF_YIELDS 4
int seki_bpf_maps_put(struct seki_bpf_map *map, const void *key, const void *value, uint32_t queue);
int seki_bpf_maps_remove(struct seki_bpf_map *map, const void *key, uint32_t queue);

/* keep.c: sets prog->maps[i] and kept[i] to what is carried over. Its errors are opts->keep_from's. */
int seki_bpf_maps_keep(struct seki_bpf_prog *prog, const struct seki_obj *obj,
		       const struct seki_bpf_load_opts *opts, struct seki_text *log);

void seki_bpf_maps_destroy(struct seki_bpf_prog *prog);

#endif
