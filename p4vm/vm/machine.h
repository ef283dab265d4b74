/* SPDX-License-Identifier: Apache-2.0 */
/* The QEMU process of a P4 VM: its command line, its confinement, and our ends of its channels. */
#ifndef SEKI_P4VM_VM_MACHINE_H
#define SEKI_P4VM_VM_MACHINE_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "abi/guest.h"

/* What to boot: made by seki_vm_find_image(). */
struct seki_vm_image {
	char kernel[PATH_MAX + 16];
	char initrd[PATH_MAX];
};

struct seki_vm_machine {
	const char *name;
	const char *empty_dir; /* the jail's root is mounted there, in QEMU's sight only */
	struct seki_vm_image image;
	uint32_t memory_mb;
	uint32_t workers; /* virtual processors, and vectors of the doorbell */
	bool kvm;
	bool confidential;
	bool jail; /* own user id and namespaces; needs root */
	uid_t uid;
	int facts; /* descriptor of the facts region, -1: none */
	uint64_t facts_bytes;
};

/* Blocking sockets, close-on-exec. */
struct seki_vm_channels {
	int qmp;
	int link; /* abi/guest.h */
	int doorbell;
};

/* The image that was built with this program. 0, or it has been complained about. */
int seki_vm_find_image(struct seki_vm_image *image, bool confidential);

/* Can this machine run confidential ones? NULL, or what is missing. */
const char *seki_vm_confidential_gap(void);

/*
 * Starts QEMU as a child of the caller, which it ends with; its standard error is the caller's. 0
 * or negative errno. What goes wrong in it later shows in its channels' end.
 */
int seki_vm_boot(const struct seki_vm_machine *machine, struct seki_vm_channels *out);

#endif
