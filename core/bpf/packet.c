// SPDX-License-Identifier: Apache-2.0
/* Moving the ends of the packet. */
#include "core/bpf/packet.h"

#include <errno.h>
#include <string.h>

static int grow(struct seki_bpf_packet *packet, uint32_t by)
{
	if (by > packet->size - packet->copied || by > SEKI_BPF_PACKET_MAX - packet->len)
		return -ENOBUFS;
	if (packet->off < by) {
		memmove(packet->buf + by, packet->buf + packet->off, packet->copied);
		packet->off = by;
	}
	packet->off -= by;
	packet->copied += by;
	packet->len += by;
	memset(packet->buf + packet->off, 0, by);
	return 0;
}

static int shrink(struct seki_bpf_packet *packet, uint32_t by)
{
	if (by > packet->copied)
		return -ENOBUFS;
	packet->off += by;
	packet->copied -= by;
	packet->len -= by;
	return 0;
}

int seki_bpf_packet_adjust(struct seki_bpf_packet *packet, int32_t by)
{
	return by >= 0 ? grow(packet, (uint32_t)by) : shrink(packet, 0 - (uint32_t)by);
}

uint32_t seki_bpf_packet_truncate(struct seki_bpf_packet *packet, int32_t max)
{
	uint32_t keep = max < 0 ? 0 : (uint32_t)max;
	uint32_t gone = packet->len > keep ? packet->len - keep : 0;

	packet->len -= gone;
	if (packet->copied > packet->len)
		packet->copied = packet->len;
	return gone;
}
