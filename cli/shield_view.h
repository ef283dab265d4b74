/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of shields, put together: what the switch says of its ports (`ovs-appctl sekisho/show
 * --json`) and what each P4 VM says of itself (`sekisho shield status --json`). Nothing here waits,
 * reads or prints. The view is JSON, the same that `sekisho shield top --json` prints:
 *
 *   missing  texts: who was not reached, and why
 *   p4vms    status of each P4 VM; after seki_view_rates() with cpu_percent and per_second
 *   ports    as the switch has them, those first, with p4vm (name or null), sum (of the queues) and
 *            dropped and bypassed (by reason); queues with queue (number), sum and, where its P4 VM
 *            told, p4vm (its counters); after seki_view_rates() with per_second beside each sum
 *
 * A P4 VM can say what it likes of itself; it is believed about a port only where the switch does not
 * know better.
 */
#ifndef SEKI_CLI_SHIELD_VIEW_H
#define SEKI_CLI_SHIELD_VIEW_H

#include <json-c/json.h>
#include <stdbool.h>

/* Most that is taken from one P4 VM, whatever it says. */
#define SEKI_VIEW_QUEUES 1024u
#define SEKI_VIEW_SITES	 1200u

/* A view of nothing. */
struct json_object *seki_view_new(void);
void seki_view_miss(struct json_object *view, const char *text);

/* Takes `status` over, which came from the P4 VM `name`; the socket that its ports attach to. 0; or
 * -EPROTO, and it is not taken. */
int seki_view_add_p4vm(struct json_object *view, const char *name, const char *socket,
		       struct json_object *status);

/* Takes the answer of the switch over; 0 or -EPROTO. After all P4 VMs. Only ports of these P4 VMs
 * where not `all`. */
int seki_view_add_switch(struct json_object *view, struct json_object *answer, bool all);

/* Adds the sums, when all is in. */
void seki_view_sum(struct json_object *view);

/* Adds what happened a second since `before`, which was seen that much earlier. */
void seki_view_rates(struct json_object *view, struct json_object *before, double seconds);

/* The item of an array whose text `key` is `value`, or NULL. */
struct json_object *seki_view_find(struct json_object *from, const char *array, const char *key,
				   const char *value);

#endif
