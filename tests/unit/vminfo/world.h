/* SPDX-License-Identifier: Apache-2.0 */
/* A region with an agent's writer on one side and a P4 VM's reader on the other, and their clocks.
 */
#ifndef SEKI_TESTS_UNIT_VMINFO_WORLD_H
#define SEKI_TESTS_UNIT_VMINFO_WORLD_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "guest/agent/publish.h"
#include "p4vm/vminfo.h"

#define MS 1000000ull

/* The VM's CLOCK_BOOTTIME runs this far from the P4 VM's. */
#define VM_AHEAD (12345 * MS)

struct world {
	uint8_t *region;
	uint8_t key[SEKI_VMINFO_KEY_BYTES];
	struct seki_publish *agent;
	struct seki_vminfo *facts;
	uint64_t boot; /* of the P4 VM */
	uint64_t real;
	unsigned int lines; /* logged by the reader */
};

static inline void world_log(void *arg, const char *line)
{
	struct world *w = arg;

	assert_non_null(line);
	w->lines++;
}

static inline void world_start_agent(struct world *w)
{
	seki_publish_destroy(w->agent);
	assert_int_equal(
		seki_publish_create(w->region, w->key, w->boot + VM_AHEAD, w->real, &w->agent), 0);
}

/* A reader that looked at the empty region a moment ago, and so knows how old what it finds is. */
static inline void world_start_reader(struct world *w)
{
	uint8_t session[SEKI_VMINFO_SESSION];
	struct seki_vminfo_header *header = (void *)w->region;

	seki_vminfo_destroy(w->facts);
	assert_int_equal(seki_vminfo_create(w->region, w->key, world_log, w, &w->facts), 0);
	memcpy(session, header->session, sizeof(session));
	memset(header->session, 0, sizeof(session));
	seki_vminfo_poll(w->facts, w->boot, w->real);
	memcpy(header->session, session, sizeof(session));
	w->boot += 10 * MS;
	w->real += 10 * MS;
}

static inline void world_pass(struct world *w, uint64_t ms)
{
	w->boot += ms * MS;
	w->real += ms * MS;
}

static inline bool world_poll(struct world *w)
{
	return seki_vminfo_poll(w->facts, w->boot, w->real);
}

static inline struct world *world_open(void)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->region = aligned_alloc(4096, SEKI_VMINFO_REGION_BYTES);
	assert_non_null(w->region);
	memset(w->region, 0, SEKI_VMINFO_REGION_BYTES);
	memset(w->key, 0x5a, sizeof(w->key));
	w->boot = 1000000 * MS;
	w->real = 1700000000000 * MS;
	world_start_agent(w);
	world_start_reader(w);
	world_poll(w);
	return w;
}

static inline void world_close(struct world *w)
{
	seki_publish_destroy(w->agent);
	seki_vminfo_destroy(w->facts);
	free(w->region);
	free(w);
}

static inline struct seki_vminfo_header *world_header(struct world *w)
{
	return (void *)w->region;
}

static inline struct seki_vminfo_slot *world_slot(struct world *w, uint32_t slot)
{
	return (struct seki_vminfo_slot *)(w->region + sizeof(struct seki_vminfo_header)) + slot;
}

/* Flow number n: every third one is IPv6. */
static inline struct seki_udp_query world_flow(uint32_t n)
{
	struct seki_udp_query q = {.family = n % 3 ? 4 : 6, .sport = 4000, .dport = 53};

	memcpy(q.saddr, "\x0a\0\0\1", 4);
	memcpy(q.daddr, &n, 4);
	if (q.family == 6)
		q.daddr[15] = 1;
	return q;
}

/* The VM sends on flow n now, for the `packets`th time; returns the slot. */
static inline uint32_t world_send(struct world *w, uint32_t n, uint64_t packets)
{
	struct seki_udp_query q = world_flow(n);
	struct seki_vminfo_flow flow = {
		.packets = packets,
		.last_ns = w->boot + VM_AHEAD,
		.pid = 7,
		.comm = "dig",
	};
	uint32_t slot;

	assert_int_equal(seki_publish_udp(w->agent, &q, &flow, &slot), 0);
	return slot;
}

static inline void world_beat(struct world *w)
{
	assert_int_equal(seki_publish_heartbeat(w->agent, w->boot + VM_AHEAD, w->real, 0, 0), 0);
}

static inline bool world_sent(struct world *w, uint32_t n, uint64_t within_ms)
{
	struct seki_udp_query q = world_flow(n);

	return seki_vminfo_udp_sent(w->facts, &q, within_ms, w->boot);
}

static inline struct seki_vminfo_stats world_stats(struct world *w)
{
	struct seki_vminfo_stats stats;

	seki_vminfo_stats(w->facts, w->boot, &stats);
	return stats;
}

#endif
