// SPDX-License-Identifier: Apache-2.0
/* The control plane's side of digests (abi/p4obj.h): rings of records in maps that programs write. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sekisho/bpf.h"

#define NAME_BYTES 512

static struct seki_bpf_map *find(struct seki_bpf_prog *prog, const char *name, const char *suffix)
{
	char text[NAME_BYTES];
	int n = snprintf(text, sizeof(text), "%s%s", name, suffix);
	struct seki_bpf_map *map;

	if (n < 0 || n >= NAME_BYTES)
		return NULL;
	map = seki_bpf_prog_map(prog, text);
	return map && seki_bpf_map_def(map)->type == SEKI_MAP_QUEUE_ARRAY ? map : NULL;
}

int seki_bpf_digest_next(struct seki_bpf_prog *prog, const char *name, uint32_t queue, void *record)
{
	struct seki_bpf_map *ring = find(prog, name, ""), *count = find(prog, name, "_taken");
	uint64_t taken, number;
	uint32_t zero = 0, at;
	int err;

	if (!ring || !count || seki_bpf_map_def(ring)->value_size < sizeof(number) ||
	    seki_bpf_map_def(count)->value_size != sizeof(taken))
		return -ENOENT;
	err = seki_bpf_map_get_queue(count, &zero, queue, &taken);
	if (err)
		return err;
	at = (uint32_t)(taken % seki_bpf_map_def(ring)->max_entries);
	err = seki_bpf_map_get_queue(ring, &at, queue, record);
	if (err)
		return err;
	memcpy(&number, record, sizeof(number));
	if (number != taken + 1)
		return -EAGAIN;
	/* The number comes last: what is read from here on is all of the record. */
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	err = seki_bpf_map_get_queue(ring, &at, queue, record);
	if (err)
		return err;
	taken++;
	return seki_bpf_map_set_queue(count, &zero, queue, &taken);
}
