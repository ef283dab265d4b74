/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine against a P4 VM that writes what it likes: the steps of the unit test and of the fuzz
 * target. Whatever the P4 VM does, each packet comes out exactly once, and as its bounds allow.
 */
#ifndef SEKI_TESTS_UNIT_HOOK_LIAR_H
#define SEKI_TESTS_UNIT_HOOK_LIAR_H

#include <stdint.h>

struct liar;

struct liar *liar_create(void);
/* One step, chosen by `random`. Aborts where the engine breaks a promise. */
void liar_step(struct liar *l, uint64_t random);
/* Everything that is still in flight must come out. */
void liar_destroy(struct liar *l);

#endif
