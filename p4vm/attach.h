/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a switch's queue comes into being (abi/attach.h) and ends. The message and its descriptors
 * come from the host and are untrusted.
 */
#ifndef SEKI_P4VM_ATTACH_H
#define SEKI_P4VM_ATTACH_H

#include "abi/attach.h"
#include "p4vm/queue.h"

/*
 * Receives the attach message on a connection and checks it and what came with it. Never blocks on
 * a non-blocking connection. 0 and descriptors that the caller closes: regions of the right size,
 * sealed, and an eventfd that was made non-blocking; -EAGAIN: not there yet; else negative errno.
 */
int seki_attach_take(int conn, struct seki_attach *msg, int fds[SEKI_ATTACH_FDS]);

/*
 * As that, and maps the regions. `in_guest`: the message is a struct seki_guest_attach. 0 and a
 * queue that owns `conn`; else negative errno and `conn` stays the caller's.
 */
int seki_attach_receive(int conn, bool in_guest, struct seki_queue **out);

/*
 * Tells the switch, or in a guest its first process, how its attaching ended; `worker` for the
 * latter, else 0. 0 or negative errno.
 */
int seki_attach_reply(int conn, int status, uint32_t worker);

/* Takes NULL. Unmaps, closes and frees. Parked packets are the switch's to time out. */
void seki_attach_close(struct seki_queue *queue);

#endif
