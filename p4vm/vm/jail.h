/* SPDX-License-Identifier: Apache-2.0 */
/* The walls around QEMU, beside those that its own -sandbox makes. */
#ifndef SEKI_P4VM_VM_JAIL_H
#define SEKI_P4VM_VM_JAIL_H

#include "p4vm/vm/machine.h"

/* Where the jail has what QEMU boots. */
#define SEKI_JAIL_KERNEL "/kernel"
#define SEKI_JAIL_INITRD "/initrd"

/*
 * Leaves the calling process with own network, mount, IPC, UTS and cgroup namespaces, a read-only
 * root with programs, libraries and what is to be booted, the machine's user id, no capabilities
 * and no core dump. 0 or negative errno.
 */
int seki_vm_jail(const struct seki_vm_machine *machine);

#endif
