/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Isolation level "inline": a P4 VM inside ovs-vswitchd, for the operator's own programs. The switch loads
 * sekisho-inline.so when it is asked for such a P4 VM for the first time, and takes from it one
 * symbol, SEKI_INLINE_SYMBOL, a struct seki_inline. Both sides are one process and trust each other;
 * programs are verified as at all levels.
 *
 * A P4 VM has a thread of its own for its control socket (abi/control.h), and none for packets: these are
 * judged by the switch's datapath threads. Each of them has a seat in the P4 VM, and there does, between two batches,
 * what the control thread asks of it, such as to change programs. It never waits for anybody.
 */
#ifndef SEKI_ABI_INLINE_H
#define SEKI_ABI_INLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "abi/ring.h"

#define SEKI_INLINE_VERSION 2u
#define SEKI_INLINE_SYMBOL  "seki_inline"
#define SEKI_INLINE_SCHEME  "inline:" /* in place of the path of a socket: inline:NAME */
#define SEKI_INLINE_SEATS   16u	      /* datapath threads that can use a P4 VM, at most */

/* What the module asks of the switch. Both functions from any thread. */
struct seki_inline_host {
	void (*wake)(void); /* datapath threads that sleep shall call run() soon */
	void (*log)(const char *line);
	/* Folder, only the switch's user's, for what is to come back; NULL: nothing is. */
	const char *keep;
};

/* A port's packets of one datapath thread. */
struct seki_inline_port;

enum seki_inline_state {
	SEKI_INLINE_WAITING, /* has no seat yet */
	SEKI_INLINE_UP,
	SEKI_INLINE_OVER, /* the P4 VM has ended: leave */
};

struct seki_inline {
	uint32_t version;

	/*
	 * Starts a P4 VM; argv as for `sekisho shield run`, argv[0] is not looked at. 0; or negative errno
	 * and what to tell the person. `host` stays. From one thread.
	 */
	int (*start)(int argc, char **argv, const struct seki_inline_host *host, char *text,
		     size_t size);

	/*
	 * In a new process, before anything else: those that ran in the one before it and were not stopped start again,
	 * with the programs that they had; ports find them when these are loaded. Maps start anew.
	 */
	void (*restore)(const struct seki_inline_host *host);

	/* Counts P4 VMs that started or ended: where it is the same, join() would do the same. */
	uint32_t (*changes)(void);

	/* The datapath thread `key` wants to use the P4 VM `name`. -ENOENT: there is none. */
	int (*join)(const char *name, const char *port, uint32_t key,
		    struct seki_inline_port **out);
	/* From the thread, or when it does not use the port any more. */
	void (*leave)(struct seki_inline_port *port);

	/* The rest is for the datapath thread. */

	/* Between two batches, now and then: does what is asked for. `batch`: one comes now. */
	enum seki_inline_state (*run)(struct seki_inline_port *port, bool batch);
	/* Is run() asked for, or would it say something else than before? */
	bool (*called)(const struct seki_inline_port *port);
	/* 0, or: run() for a batch at least every so often. */
	uint32_t (*every_ms)(const struct seki_inline_port *port);
	/*
	 * Of a port that is UP: judges a packet whose bytes nobody changes meanwhile, all of it
	 * (copied is len, within bounds). *head: the completion's new head, until the next call.
	 */
	void (*judge)(struct seki_inline_port *port, const struct seki_submission *sub,
		      const uint8_t *bytes, struct seki_completion *out, const uint8_t **head);
};

#endif
