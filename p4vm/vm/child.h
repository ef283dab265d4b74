/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the host half (child.c), and its loop (host.c). */
#ifndef SEKI_P4VM_VM_CHILD_H
#define SEKI_P4VM_VM_CHILD_H

#include <sys/syscall.h>

#include "p4vm/config.h"
#include "p4vm/vm/host.h"

/* A frame of the guest as far as it has come; `have` bytes, from `frame` on. */
struct seki_vm_inbox {
	struct seki_guest_frame frame;
	uint8_t data[SEKI_GUEST_DATA_MAX];
	size_t have;
};

/* The next frame. 0, then it holds until the next call; -EAGAIN; else negative errno. */
int seki_vm_receive(struct seki_vm_host *host, struct seki_vm_inbox *in);

/* Serves until it is told to end (0) or the machine is done for (negative errno). */
int seki_vm_serve(struct seki_vm_host *host, const struct seki_p4vm_child *child,
		  struct seki_vm_inbox *in);

/* What it calls once confined, beside what a P4 VM calls: it sends descriptors. */
#define SEKI_VM_SYSCALLS                                                                           \
	{                                                                                          \
		SYS_sendmsg                                                                        \
	}

/* Like seki_p4vm_child_run(). SEKI_VM_EXIT_NO_KVM: try again without. */
int seki_vm_child_run(const struct seki_p4vm_child *child, bool kvm);

#endif
