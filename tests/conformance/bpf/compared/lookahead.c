// SPDX-License-Identifier: Apache-2.0
/*
 * A parser looks at the next byte to know which header follows, until none of its own does: a loop
 * that only the packet's length bounds. Places count bits; headers have flags that say they are
 * there, and are used when all is parsed.
 */
//: compare 00112233445566778899aabb0800
//: compare 00112233445566778899aabb080000
//: compare 00112233445566778899aabb080001aa02bbbb04cccccccc00ddee
//: compare 00112233445566778899aabb080004cccccccc04eeeeeeee02ffff0900
//: compare 00112233445566778899aabb080001aa01bb01cc01dd01ee01ff
//: compare 00112233445566778899aabb080002bbbb02cc
#include "../ubpf.h"

struct one {
	uint8_t tag, data, valid;
};
struct two {
	uint8_t tag;
	uint16_t data;
	uint8_t valid;
};
struct four {
	uint8_t tag;
	uint32_t data;
	uint8_t valid;
};

uint64_t entry(void *ctx, struct standard_metadata *std_meta)
{
	void *pkt = ubpf_packet_data(ctx);
	uint32_t pkt_len = std_meta->packet_length;
	struct one one = {.valid = 0};
	struct two two = {.valid = 0};
	struct four four = {.valid = 0};
	int offset = 0;

	if (pkt_len < BYTES(offset + 112))
		goto reject;
	offset += 112;
	goto headers;
headers:
	if (pkt_len < BYTES(offset + 8))
		goto reject;
	switch (load_byte(pkt, BYTES(offset))) {
	case 1:
		goto parse_one;
	case 2:
		goto parse_two;
	case 4:
		goto parse_four;
	default:
		goto accept;
	}
parse_one:
	if (pkt_len < BYTES(offset + 16))
		goto reject;
	one.tag = load_byte(pkt, BYTES(offset));
	offset += 8;
	one.data = load_byte(pkt, BYTES(offset));
	offset += 8;
	one.valid = 1;
	goto headers;
parse_two:
	if (pkt_len < BYTES(offset + 24))
		goto reject;
	two.tag = load_byte(pkt, BYTES(offset));
	offset += 8;
	two.data = load_half(pkt, BYTES(offset));
	offset += 16;
	two.valid = 1;
	goto headers;
parse_four:
	if (pkt_len < BYTES(offset + 40))
		goto reject;
	four.tag = load_byte(pkt, BYTES(offset));
	offset += 8;
	four.data = load_word(pkt, BYTES(offset));
	offset += 32;
	four.valid = 1;
	goto headers;
accept:
	if (one.valid)
		write_byte(pkt, 0, one.data);
	if (two.valid)
		write_byte(pkt, 1, (uint8_t)two.data);
	if (four.valid)
		write_byte(pkt, 2, (uint8_t)four.data);
	return 1;
reject:
	return 0;
}
