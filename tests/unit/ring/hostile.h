/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both ends of a ring, each against a peer that writes what it likes: the steps of the unit test
 * and of the fuzz target. The regions are heap blocks of their exact size, so that a sanitizer sees
 * every access outside.
 */
#ifndef SEKI_TESTS_UNIT_RING_HOSTILE_H
#define SEKI_TESTS_UNIT_RING_HOSTILE_H

#include <stdint.h>

struct hostile;

struct hostile *hostile_create(void);
void hostile_destroy(struct hostile *h);

/* One step, chosen by `random`: a call of one end, or a scribble over a shared word. */
void hostile_step(struct hostile *h, uint64_t random);

#endif
