/* SPDX-License-Identifier: Apache-2.0 */
/* What the first process of a P4 VM's machine knows: of sekisho-p4vmd, of queues, of connections. */
#ifndef SEKI_P4VM_GUEST_GUEST_H
#define SEKI_P4VM_GUEST_GUEST_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/guest.h"

#define SEKI_GUEST_PATH	    128u
#define SEKI_GUEST_ARGS	    64u
#define SEKI_GUEST_FILES    "/in"
#define SEKI_GUEST_RUN	    "/run"
#define SEKI_GUEST_CONTROLS 8u
#define SEKI_GUEST_CONNS    (SEKI_GUEST_SLOTS + SEKI_GUEST_CONTROLS)

enum seki_guest_queue_state {
	SEKI_GUEST_NO_QUEUE,
	SEKI_GUEST_PLUGGING, /* its devices are not all there yet */
	SEKI_GUEST_ASKED,    /* sekisho-p4vmd has not answered yet */
	SEKI_GUEST_ATTACHED_QUEUE,
};

struct seki_guest_queue {
	enum seki_guest_queue_state state;
	int sock; /* to sekisho-p4vmd, -1: none */
	uint64_t until_ms;
	struct seki_guest_attach attach;
};

struct seki_guest_control {
	uint32_t id;
	int sock; /* 0: free */
};

struct seki_guest {
	int port;
	pid_t daemon;
	int daemon_out; /* its standard output */
	bool ready;
	struct seki_guest_queue queues[SEKI_GUEST_SLOTS];
	struct seki_guest_control controls[SEKI_GUEST_CONTROLS];
	char name[64]; /* of the instance: its sockets are in SEKI_GUEST_RUN/name */
};

/* init.c */
void seki_guest_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void seki_guest_send(uint32_t kind, uint32_t id, const void *data, size_t len);
/* The device file of the index-th UIO device of a PCI function: 0 or -ENOENT. */
int seki_guest_find(uint32_t slot, uint32_t function, uint32_t index, char path[SEKI_GUEST_PATH]);

/* conns.c: frames of the host. */
void seki_guest_attach(struct seki_guest *g, uint32_t slot, const uint8_t *data, size_t len);
void seki_guest_detach(struct seki_guest *g, uint32_t slot);
void seki_guest_open(struct seki_guest *g, uint32_t id);
void seki_guest_data(struct seki_guest *g, uint32_t id, const uint8_t *data, size_t len);
void seki_guest_close(struct seki_guest *g, uint32_t id);

/* Adds what to poll for at polls[*n]; returns the timeout in ms. */
int seki_guest_polls(const struct seki_guest *g, struct pollfd *polls, uint32_t *n);
/* After the poll, with what was added. */
void seki_guest_step(struct seki_guest *g, const struct pollfd *polls, uint32_t n);

#endif
