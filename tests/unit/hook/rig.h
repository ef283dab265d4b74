/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shielded port without connector and switch: one queue of the real engine, the memory of its
 * session as heap blocks of exact size, and the P4 VM's end of the ring in the test's hands.
 */
#ifndef SEKI_TESTS_UNIT_HOOK_RIG_H
#define SEKI_TESTS_UNIT_HOOK_RIG_H

#include "host/ovs/queue.h"

#define MS	 1000000ull
#define RIG_WANT 1792u /* of each packet, until another is set: they fill a slot */

struct rig {
	struct seki_hook *hook;
	struct seki_queue *q;
	struct seki_session *session; /* the last that was made, until rig_collect() */
	struct seki_ring_p4vm vm;
	int vm_sock; /* the P4 VM's end of the session's connection */
	uint64_t now_ns;
	struct rig_packet *packets;
	void *switch_region;
	void *p4vm_region;
};

/* A packet as the switch holds it; the rig's. */
struct rig_packet {
	struct rig_packet *next;
	uint32_t len;
	bool dropped; /* by seki_hook_destroy() */
	uint8_t bytes[70000];
};

/* With a queue that is attached. */
struct rig *rig_create(const struct seki_hook_config *config);
void rig_destroy(struct rig *r);

struct seki_hook_config rig_config(void);

/* For cmocka: *state is a rig of rig_config(). */
int rig_set_up(void **state);
int rig_tear_down(void **state);

struct seki_hook_stats rig_stats(struct rig *r);

/* Offers the queue a new session, as the connector does. */
void rig_attach(struct rig *r);
/* Frees a session that the queue released; returns whether there was one. */
bool rig_collect(struct rig *r);

struct rig_packet *rig_packet(struct rig *r, uint32_t len);
enum seki_fate rig_submit(struct rig *r, uint32_t in_port, struct rig_packet *p);

/* The P4 VM takes one submission; false if there is none. */
bool rig_take(struct rig *r, struct seki_submission *out);
void rig_answer(struct rig *r, const struct seki_completion *c);
/* An honest answer to a submission. */
struct seki_completion rig_verdict(const struct seki_submission *s, uint8_t verdict);

/* Polls for at most one outcome; false if there is none. */
bool rig_poll(struct rig *r, struct seki_outcome *out);

#endif
