// SPDX-License-Identifier: Apache-2.0
/*
 * Headers that come and go: a VLAN tag and an MPLS label, each optional on the way in; the tag is
 * taken off, a label is put on where there was none. Flags decide at run time what is written.
 */
//: packet 0102030405060a0b0c0d0e0f08004500aa
//: pass 0102030405060a0b0c0d0e0f8847000010004500aa
//: packet 0102030405060a0b0c0d0e0f8100006408004500aa
//: pass 0102030405060a0b0c0d0e0f8847000010004500aa
//: packet 0102030405060a0b0c0d0e0f8847000020404500aa
//: pass 0102030405060a0b0c0d0e0f8847000020404500aa
//: packet 0102030405060a0b0c0d0e0f8100006488470000204045
//: pass 0102030405060a0b0c0d0e0f88470000204045
//: packet 0102030405060a0b0c0d0e0f8100
//: drop
#include "ubpf.h"

struct headers {
	uint64_t dst, src;
	uint16_t type;
	uint8_t eth_valid;
	uint16_t tci, inner;
	uint8_t vlan_valid;
	uint32_t label;
	uint8_t mpls_valid;
};

static inline void write_mac(uint8_t *pkt, uint32_t at, uint64_t mac)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < 6; i++)
		write_byte(pkt, at + i, mac >> (40 - 8 * i));
}

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	struct headers h = {0};
	uint8_t *pkt = ubpf_packet_data(ctx);
	uint32_t pkt_len = std_meta->packet_length, offset = 0;
	int out = 0, shift;

	if (pkt_len < BYTES(offset + 112))
		return 0;
	h.dst = ((uint64_t)load_word(pkt, 0) << 16) | load_half(pkt, 4);
	h.src = ((uint64_t)load_word(pkt, 6) << 16) | load_half(pkt, 10);
	h.type = load_half(pkt, 12);
	h.eth_valid = 1;
	offset = 112;
	if (h.type == 0x8100) {
		if (pkt_len < BYTES(offset + 32))
			return 0;
		h.tci = load_half(pkt, BYTES(offset));
		h.inner = load_half(pkt, BYTES(offset) + 2);
		h.vlan_valid = 1;
		offset += 32;
	}
	if (h.type == 0x8847 || h.inner == 0x8847) {
		if (pkt_len < BYTES(offset + 32))
			return 0;
		h.label = load_word(pkt, BYTES(offset));
		h.mpls_valid = 1;
		offset += 32;
	}
	if (h.vlan_valid) {
		h.type = h.inner;
		h.vlan_valid = 0;
	}
	if (!h.mpls_valid) {
		h.label = 0x1000;
		h.mpls_valid = 1;
		h.type = 0x8847;
	}
	if (h.eth_valid)
		out += 112;
	if (h.vlan_valid)
		out += 32;
	if (h.mpls_valid)
		out += 32;
	shift = (int)BYTES(out) - (int)BYTES(offset);
	pkt = ubpf_adjust_head(ctx, shift);
	pkt_len += shift;
	offset = 0;
	if (h.eth_valid) {
		if (pkt_len < BYTES(offset + 112))
			return 1;
		write_mac(pkt, BYTES(offset), h.dst);
		write_mac(pkt, BYTES(offset) + 6, h.src);
		write_byte(pkt, BYTES(offset) + 12, h.type >> 8);
		write_byte(pkt, BYTES(offset) + 13, h.type);
		offset += 112;
	}
	if (h.vlan_valid) {
		if (pkt_len < BYTES(offset + 32))
			return 1;
		write_byte(pkt, BYTES(offset), h.tci >> 8);
		write_byte(pkt, BYTES(offset) + 1, h.tci);
		offset += 32;
	}
	if (h.mpls_valid) {
		if (pkt_len < BYTES(offset + 32))
			return 1;
		*(uint32_t *)(pkt + BYTES(offset)) = bswap32(h.label);
		offset += 32;
	}
	return 1;
}
