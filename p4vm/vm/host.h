/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host half of a P4 VM that runs in a virtual machine (--isolation=vm). It has the sockets that
 * a P4 VM has as a process, and does for them what is in its power: queues are shown to the guest
 * as PCI devices (slots.c), connections of the command line are passed on (controls.c), wake-ups
 * too (wakes.c). It sees no packet. Whatever goes wrong with the machine ends this process, and the
 * machine with it; its keeper starts both anew.
 */
#ifndef SEKI_P4VM_VM_HOST_H
#define SEKI_P4VM_VM_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "p4vm/vm/doorbell.h"
#include "p4vm/vm/qmp.h"
#include "p4vm/vm/wakes.h"

#define SEKI_VM_CONTROLS 8u
#define SEKI_VM_WAITING	 16u

/* Exit code of the child: the machine did not come up with KVM. */
#define SEKI_VM_EXIT_NO_KVM 75

enum seki_vm_slot_state {
	SEKI_VM_FREE,
	SEKI_VM_ASKED,	  /* the guest has been told; the switch waits for its answer */
	SEKI_VM_UP,	  /* wakes.c looks at the connection */
	SEKI_VM_LEAVING,  /* the guest is to let go; the connection is closed */
	SEKI_VM_LEFT,	  /* the guest has let go */
	SEKI_VM_EJECTING, /* QEMU is to remove the devices */
};

struct seki_vm_slot {
	enum seki_vm_slot_state state;
	int conn; /* to the switch */
	uint32_t peer;
	uint32_t plugged; /* bit 0: the switch region's device, 1: the p4vm region's */
	uint64_t until_ns;
	char port[64];
};

/* One connection of the command line. */
struct seki_vm_control {
	int fd;
	uint32_t id;
	uint64_t until_ns;
	uint8_t *out; /* what came back and is not yet sent */
	size_t out_len, out_done;
	uint8_t *in; /* the request, for the journal */
	size_t in_bytes;
	bool ended; /* the guest has closed it */
};

struct seki_vm_journal;

struct seki_vm_waiting {
	int fd;
	uint64_t until_ns;
};

struct seki_vm_host {
	int link;
	struct seki_qmp qmp;
	struct seki_doorbell doorbell;
	struct seki_wakes wakes;
	struct seki_vm_journal *journal;
	struct seki_vm_slot slots[SEKI_GUEST_SLOTS];
	uint32_t last_slot; /* the one that was used last */
	struct seki_vm_control controls[SEKI_VM_CONTROLS];
	uint32_t n_controls;
	uint32_t next_id;
	struct seki_vm_waiting waiting[SEKI_VM_WAITING]; /* switches that have not spoken yet */
	uint32_t n_waiting;
};

/* host.c. 0 or negative errno: the machine is done for. */
int seki_vm_send(struct seki_vm_host *host, uint32_t kind, uint32_t id, const void *data,
		 size_t len);
uint64_t seki_vm_now_ns(void);

/* slots.c. As above, but for what attach() says below. */

/* Serves a switch that sent its message. -EAGAIN: it has not; 0: the connection is taken over. */
int seki_vm_slot_attach(struct seki_vm_host *host, int conn);
int seki_vm_slot_attached(struct seki_vm_host *host, uint32_t slot, const void *data, size_t len);
int seki_vm_slot_detached(struct seki_vm_host *host, uint32_t slot);
/* The switch has closed its connection. */
int seki_vm_slot_gone(struct seki_vm_host *host, uint32_t slot);
/* QEMU has removed a device. */
void seki_vm_slot_deleted(struct seki_vm_host *host, const char *device);
/* True: a slot is on its way out. No switch may attach meanwhile: see slots.c. */
bool seki_vm_slots_busy(const struct seki_vm_host *host);
/* True: seki_vm_slots_step() has something to do now. */
bool seki_vm_slots_due(const struct seki_vm_host *host);
/* Begins and ends removals; looks at the deadlines. */
int seki_vm_slots_step(struct seki_vm_host *host, uint64_t now_ns);

/* controls.c */
int seki_vm_control_open(struct seki_vm_host *host, int fd);
/* After a poll: `events` are those of connection `index`. *over: forget it. */
int seki_vm_control_step(struct seki_vm_host *host, uint32_t index, short events, uint64_t now_ns,
			 bool *over);
void seki_vm_control_data(struct seki_vm_host *host, uint32_t id, const void *data, size_t len);
void seki_vm_control_close(struct seki_vm_host *host, uint32_t id);

#endif
