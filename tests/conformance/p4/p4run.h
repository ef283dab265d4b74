/* SPDX-License-Identifier: Apache-2.0 */
/* An engine that runs one built program: the BPF machine, or the generated C as native code. */
#ifndef SEKI_TESTS_P4RUN_H
#define SEKI_TESTS_P4RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/p4obj.h"

#define P4RUN_MAX_PACKET 4096u
#define P4RUN_HEADROOM	 512u
#define P4RUN_MAX_FACTS	 64u

/* One packet: data is in the middle of a buffer, so that its head can grow. */
struct p4run_packet {
	uint8_t buf[P4RUN_HEADROOM + P4RUN_MAX_PACKET];
	uint32_t off;
	uint32_t len;
	struct seki_std_meta meta;
	uint32_t site;
};

/* What the VM is said to have sent. */
struct p4run_facts {
	struct seki_udp_query sent[P4RUN_MAX_FACTS];
	uint32_t n;
	uint64_t time; /* ns; 0: the clock's */
};

/* Bytes of what names an entry for a control plane. */
static inline size_t p4run_key_size(const struct seki_map_def *map)
{
	return map->type == SEKI_MAP_CLASSIFIER ? 4 + 2 * (size_t)map->key_size : map->key_size;
}

bool p4run_sent(const struct p4run_facts *facts, const struct seki_udp_query *query);

struct p4run_engine {
	const char *suffix; /* of the files it takes */
	int (*load)(const char *path);
	int (*set)(const char *map, const void *key, size_t key_len, const void *value,
		   size_t value_len);
	int (*get)(const char *map, const void *key, size_t key_len, void *value,
		   size_t *value_len);
	/* The next record of a digest; -EAGAIN: there is none. */
	int (*digest)(const char *name, void *record, size_t *len);
	/* 0 and what the program returned; else negative errno. */
	int (*run)(struct p4run_packet *packet, const struct p4run_facts *facts, uint64_t *result);
};

extern const struct p4run_engine p4run_bpf;
extern const struct p4run_engine p4run_native;

#endif
