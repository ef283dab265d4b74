/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet as a program sees it. The bytes lie at buf[off .. off + copied); the packet is `len`
 * long, what is beyond `copied` is elsewhere. off + copied <= size, copied <= len.
 */
#ifndef SEKI_CORE_BPF_PACKET_H
#define SEKI_CORE_BPF_PACKET_H

#include <stdint.h>

/* No packet is or becomes longer: lengths stay positive in every width that compilers use. */
#define SEKI_BPF_PACKET_MAX ((1u << 24) - 1)

struct seki_bpf_packet {
	uint8_t *buf;
	uint32_t size, off, copied, len;
};

/* Moves the head: by > 0 puts that many zero bytes in front, by < 0 cuts off. -ENOBUFS: there is no
 * room, or not as many bytes. */
int seki_bpf_packet_adjust(struct seki_bpf_packet *packet, int32_t by);

/* Cuts the packet to at most `max` bytes (none where max < 0). Returns how many went. */
uint32_t seki_bpf_packet_truncate(struct seki_bpf_packet *packet, int32_t max);

#endif
