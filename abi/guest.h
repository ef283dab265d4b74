/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the host half of a P4 VM that runs in a virtual machine talks to that machine's first
 * process: frames over a virtio-serial port, a struct seki_guest_frame and then `len` bytes each.
 *
 *   host  -> guest   FILE, START     once: what sekisho-p4vmd needs in there, and its command line
 *   guest -> host    HELLO, READY    the machine is up; sekisho-p4vmd serves
 *   host  -> guest   ATTACH          a switch's queue; its regions are functions 0 (switch region)
 *                                    and 1 (p4vm region) of the PCI device in slot `id`
 *   guest -> host    ATTACHED        what sekisho-p4vmd answered: struct seki_attached, and in its
 *                                    `pad` which worker, and so which interrupt, is the queue's
 *   host  -> guest   DETACH          let go of the queue in slot `id`
 *   guest -> host    DETACHED        nothing uses the slot any more, whoever wanted that
 *   host  -> guest   OPEN            a connection `id` to the control socket
 *   both             DATA            bytes of connection `id`
 *   both             CLOSE           connection `id` is over; the other side forgets it and is
 *                                    silent on it
 *
 * Each side takes the other's frames for untrusted.
 */
#ifndef SEKI_ABI_GUEST_H
#define SEKI_ABI_GUEST_H

#include <stdint.h>

#include "abi/attach.h"

#define SEKI_GUEST_MAGIC	 0x4d564753u
#define SEKI_GUEST_DATA_MAX	 16384u /* most that a frame carries */
#define SEKI_GUEST_PORT		 "org.sekisho.p4vm"
#define SEKI_GUEST_SLOT_SERIAL	 2u /* PCI slots: the port, the doorbell, the facts, the queues */
#define SEKI_GUEST_SLOT_DOORBELL 3u
#define SEKI_GUEST_SLOT_FACTS	 4u
#define SEKI_GUEST_SLOT_FIRST	 5u
#define SEKI_GUEST_SLOTS	 32u
#define SEKI_GUEST_VECTORS_MAX	 16u

enum seki_guest_kind {
	SEKI_GUEST_FILE = 1,
	SEKI_GUEST_START,
	SEKI_GUEST_ATTACH,
	SEKI_GUEST_DETACH,
	SEKI_GUEST_OPEN,
	SEKI_GUEST_DATA,
	SEKI_GUEST_CLOSE,
	SEKI_GUEST_HELLO,
	SEKI_GUEST_READY,
	SEKI_GUEST_ATTACHED,
	SEKI_GUEST_DETACHED,
};

struct seki_guest_frame {
	uint32_t magic;
	uint32_t kind; /* enum seki_guest_kind */
	uint32_t id;
	uint32_t len;
};

/* FILE: bytes to append to a file of that name, in a folder of its own. */
struct seki_guest_file {
	char name[64]; /* NUL-terminated, no '/' */
	uint8_t data[];
};

/* START: what the clock shows, and the command line, each argument with its NUL. */
struct seki_guest_start {
	uint64_t real_ns;
	char args[];
};

/*
 * From the guest's first process on to sekisho-p4vmd, over its port socket, in place of struct
 * seki_attach: the regions are device files that need no seals, and in place of the eventfd comes
 * the device whose page of registers holds the doorbell.
 */
struct seki_guest_attach {
	struct seki_attach attach;
	uint32_t doorbell; /* what to store at SEKI_GUEST_DOORBELL to wake the switch */
	uint32_t pad;	   /* 0 */
};

#define SEKI_GUEST_DOORBELL 12u /* offset among the registers (QEMU's ivshmem-spec.txt) */

/* Interrupts for one worker of sekisho-p4vmd each, as the guest's first process names them. */
#define SEKI_GUEST_WAKE "/dev/sekisho-wake%u"

_Static_assert(sizeof(struct seki_guest_frame) == 16, "border layout");
_Static_assert(sizeof(struct seki_guest_file) == 64, "border layout");
_Static_assert(sizeof(struct seki_guest_start) == 8, "border layout");
_Static_assert(sizeof(struct seki_guest_attach) == 96, "border layout");

#endif
