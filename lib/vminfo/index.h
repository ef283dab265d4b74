/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which slot (abi/vminfo.h) holds a flow: a chained hash table of fixed size, seeded so that nobody
 * outside can choose flows that collide. Slot 0 is the heartbeat's: 0 stands for "none".
 */
#ifndef SEKI_LIB_VMINFO_INDEX_H
#define SEKI_LIB_VMINFO_INDEX_H

#include <stdint.h>

#include "abi/p4obj.h"
#include "abi/vminfo.h"

/* A slot is in at most one chain; its key is of family 0 while it is in none. */
struct seki_flow_index {
	uint64_t seed;
	uint32_t count; /* slots in use */
	uint16_t heads[SEKI_VMINFO_SLOTS];
	uint16_t next[SEKI_VMINFO_SLOTS];
	struct seki_udp_query keys[SEKI_VMINFO_SLOTS];
};

/* Empties it. `seed` is random and secret. */
void seki_flow_index_init(struct seki_flow_index *x, uint64_t seed);

/* The slot now holds the flow (pad 0), instead of what it held. 0 < slot < SEKI_VMINFO_SLOTS. */
void seki_flow_index_set(struct seki_flow_index *x, uint32_t slot,
			 const struct seki_udp_query *flow);

/* The slot holds nothing. 0 < slot < SEKI_VMINFO_SLOTS. */
void seki_flow_index_clear(struct seki_flow_index *x, uint32_t slot);

/* First slot that holds the flow, and the next one after it; 0: no more. */
uint32_t seki_flow_index_find(const struct seki_flow_index *x, const struct seki_udp_query *flow);
uint32_t seki_flow_index_next(const struct seki_flow_index *x, uint32_t slot);

#endif
