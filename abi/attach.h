/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a switch attaches one queue to a P4 VM: a SOCK_SEQPACKET Unix connection per queue.
 *
 *   switch -> P4 VM   struct seki_attach, with SEKI_ATTACH_FDS descriptors (SCM_RIGHTS), in this
 *                     order: switch region (memfd, sealed against resizing and further writable
 *                     mappings), p4vm region (memfd, sealed against resizing), eventfd that wakes
 *                     the switch
 *   P4 VM  -> switch  struct seki_attached
 *   switch -> P4 VM   messages of one byte: wake up, there are submissions (only while armed)
 *   end of file       the other side is gone; its queue with it
 *
 * The switch makes the memory, so that no P4 VM can shrink it under the switch, takes no descriptor
 * from the P4 VM, and never waits for it: it sends with MSG_DONTWAIT (a full socket is a P4 VM that
 * has been woken often enough) and reads the eventfd with RWF_NOWAIT (the P4 VM shares its file
 * description and could clear O_NONBLOCK).
 */
#ifndef SEKI_ABI_ATTACH_H
#define SEKI_ABI_ATTACH_H

#include <stdint.h>

#define SEKI_ATTACH_MAGIC   0x41544353u
#define SEKI_ATTACH_VERSION 1u
#define SEKI_ATTACH_FDS	    3

struct seki_attach {
	uint32_t magic;
	uint32_t version;
	uint32_t entries;    /* SEKI_RING_ENTRIES of the switch */
	uint32_t slot_bytes; /* SEKI_SLOT_BYTES of the switch */
	uint32_t queue;	     /* number of the queue among the port's, for display */
	uint32_t pad;	     /* 0 */
	char port[64];	     /* name of the port, NUL-terminated, for display */
};

struct seki_attached {
	uint32_t magic;
	uint32_t version;
	int32_t status; /* 0, or a negative errno: the queue was refused */
	uint32_t pad;
};

_Static_assert(sizeof(struct seki_attach) == 88, "border layout");
_Static_assert(sizeof(struct seki_attached) == 16, "border layout");

#endif
