/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared memory that is handed to, or comes from, a world that is not trusted: memfds that nobody
 * can resize, so that an access to a mapping of one faults (SIGBUS) only where there is no memory for a page that
 * was not reserved: see guard.h.
 */
#ifndef SEKI_LIB_SHM_SHM_H
#define SEKI_LIB_SHM_SHM_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Size of the file that holds so many bytes: the next power of two, since a file of another size
 * could not be shown to a virtual machine, as a BAR of PCI. What nobody touches takes no memory.
 */
size_t seki_shm_file_bytes(size_t bytes);

/*
 * A memfd for `bytes`, of zeros, close-on-exec, not sealed yet. `name` is for /proc only. 0 and a
 * descriptor that the caller closes, or negative errno.
 */
int seki_shm_create(const char *name, size_t bytes, int *fd);

/* Has the first `bytes` of it take memory now. 0, -ENOSPC or another negative errno: there is none. */
int seki_shm_reserve(int fd, size_t bytes);

/*
 * Seals against resizing and further seals; with `read_only_from_now` also against every further
 * writable mapping and write(2): mappings made before stay writable. 0 or negative errno.
 */
int seki_shm_seal(int fd, bool read_only_from_now);

/* Maps the first `bytes`, shared. 0 or negative errno. */
int seki_shm_map(int fd, size_t bytes, bool writable, void **out);

/* Faults in what was reserved, so that the first access to it costs no more than later ones. */
void seki_shm_prefault(void *map, size_t bytes, bool writable);

/*
 * Is a descriptor that a peer sent a memfd made for `bytes`, sealed against shrinking and growing?
 * 0, else -EINVAL.
 */
int seki_shm_check(int fd, size_t bytes);

/* As that, and maps it. The descriptor stays the caller's. 0 or negative errno. */
int seki_shm_map_received(int fd, size_t bytes, bool writable, void **out);

/* Takes NULL. */
void seki_shm_unmap(void *map, size_t bytes);

#endif
