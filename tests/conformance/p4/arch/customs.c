/* SPDX-License-Identifier: Apache-2.0 */
/* The extern functions of customs.p4. */
#include <stdint.h>

uint8_t is_checksum_right(struct ipv4_t ip)
{
	uint32_t sum = (uint32_t)ip.version << 12 | ip.ihl << 8 | ip.tos;

	sum += ip.len;
	sum += ip.id;
	sum += (uint32_t)ip.flags << 13 | ip.offset;
	sum += (uint32_t)ip.ttl << 8 | ip.protocol;
	sum += ip.csum;
	sum += (ip.src >> 16) + (ip.src & 0xffff) + (ip.dst >> 16) + (ip.dst & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

uint16_t flow_hash(const uint32_t src, const uint32_t dst)
{
	uint32_t both = src ^ dst;

	return (uint16_t)(both ^ both >> 16);
}
