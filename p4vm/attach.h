/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a switch's queue comes into being (abi/attach.h) and ends. The message and its descriptors
 * come from the host and are untrusted.
 */
#ifndef SEKI_P4VM_ATTACH_H
#define SEKI_P4VM_ATTACH_H

#include "p4vm/queue.h"

/*
 * Receives the attach message on a connection, checks it and what came with it, and maps the
 * regions. Never blocks on a non-blocking connection. 0 and a queue that owns `conn`; -EAGAIN: not
 * there yet; else negative errno and `conn` stays the caller's.
 */
int seki_attach_receive(int conn, struct seki_queue **out);

/* Tells the switch how its attaching ended. 0 or negative errno. */
int seki_attach_reply(int conn, int status);

/* Takes NULL. Unmaps, closes and frees. Parked packets are the switch's to time out. */
void seki_attach_close(struct seki_queue *queue);

#endif
