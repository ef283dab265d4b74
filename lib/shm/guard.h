/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mappings of shared memory in which an access may find no memory for a page: the file system is full, the
 * kernel promises no more than it has (vm.overcommit_memory=2), or the other side has punched a hole. The kernel says so
 * by SIGBUS, which ends a process. In a guarded mapping it sets a flag instead, and the page becomes another one, of
 * zeros to a reader; what a writer puts there reaches nobody. So whoever writes looks at the flag before it tells the
 * peer to read.
 */
#ifndef SEKI_LIB_SHM_GUARD_H
#define SEKI_LIB_SHM_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEKI_GUARD_HIT 2u

struct seki_guard;

/*
 * Guards a mapping: *flag becomes SEKI_GUARD_HIT (an atomic store, by whichever thread finds no
 * memory). Takes the process's SIGBUS over; what is not ours goes on to who had it before. Any
 * thread. 0 and a guard, or negative errno.
 */
int seki_guard_create(void *map, size_t bytes, bool writable, uint32_t *flag,
		      struct seki_guard **out);

/* Before the mapping goes. Takes NULL. Any thread. */
void seki_guard_destroy(struct seki_guard *guard);

#endif
