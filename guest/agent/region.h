/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that the agent shares with its P4 VM: an ivshmem device (PCI 1af4:1110), whose memory
 * is its BAR 2 (QEMU, docs/specs/ivshmem-spec.txt), or any file.
 */
#ifndef SEKI_GUEST_AGENT_REGION_H
#define SEKI_GUEST_AGENT_REGION_H

#include <stddef.h>

#define SEKI_REGION_ERROR 256

/*
 * Path of the only ivshmem device's memory, or of the one at PCI address `pci` ("0000:00:04.0"; may
 * be NULL), in `path`. 0 or negative errno and one line in `error` (SEKI_REGION_ERROR).
 */
int seki_region_find(const char *pci, char *path, size_t size, char *error);

/*
 * Maps SEKI_VMINFO_REGION_BYTES of it for reading and writing, and locks it against a second agent;
 * both last until the process ends. Errors as above.
 */
int seki_region_map(const char *path, void **region, char *error);

#endif
