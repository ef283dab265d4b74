/* SPDX-License-Identifier: Apache-2.0 */
/* Where the parts of keys and values lie: the rules of abi/p4obj.h. */
#ifndef SEKI_LIB_P4_LAYOUT_H
#define SEKI_LIB_P4_LAYOUT_H

#include "lib/p4/pipeline.h"

/* Sets the places of the parameters, size and align. */
void seki_p4rt_lay_action(struct seki_p4rt_action *action);

/* Sets the type of the map, the places of the fields and all sizes. */
void seki_p4rt_lay_table(struct seki_p4rt_table *table);

/* A number in a struct of C, in the host's order. */
void seki_p4rt_store(uint8_t *at, const uint8_t *number, uint32_t width);
void seki_p4rt_load(const uint8_t *at, uint8_t *number, uint32_t width);

#endif
