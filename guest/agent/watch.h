/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the kernel's events to published records: loads the eBPF program (guest/vminfo), publishes
 * each event at once, and looks again at a flow some time after its event, as the kernel does not
 * tell of datagrams that follow closely.
 */
#ifndef SEKI_GUEST_AGENT_WATCH_H
#define SEKI_GUEST_AGENT_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/agent/publish.h"

struct seki_watch;

/*
 * Loads and attaches the program. `p` must outlive the object. 0 or negative errno (libbpf's
 * messages go to the log; -ENOTSUP: this kernel has no BTF).
 */
int seki_watch_create(struct seki_publish *p, bool verbose, struct seki_watch **out);
void seki_watch_destroy(struct seki_watch *w);

/* Readable when there are events: then call seki_watch_events(). */
int seki_watch_fd(const struct seki_watch *w);
int seki_watch_events(struct seki_watch *w);

/* When seki_watch_again() is next due (CLOCK_BOOTTIME in ns), 0: never. */
uint64_t seki_watch_due(const struct seki_watch *w);
int seki_watch_again(struct seki_watch *w, uint64_t boot_ns);

/* For the heartbeat. */
uint64_t seki_watch_last_udp_ns(const struct seki_watch *w);
uint64_t seki_watch_lost(const struct seki_watch *w);

#endif
