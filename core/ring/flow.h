/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which flow a packet belongs to, as a number that both directions of it share: from its IP addresses,
 * protocol and ports behind at most two VLAN tags; fragments, of which all but the first have no
 * ports, from the addresses alone; anything else from its MAC addresses and type. Different flows can
 * have the same number.
 */
#ifndef SEKI_CORE_RING_FLOW_H
#define SEKI_CORE_RING_FLOW_H

#include <stdint.h>

/* Looks at no byte from `len` on, and at none behind an IP header and the ports. */
uint32_t seki_flow_hash(const uint8_t *packet, uint32_t len);

#endif
