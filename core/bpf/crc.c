// SPDX-License-Identifier: Apache-2.0
/* Cyclic redundancy checks for the helper, four bits a step: tables of 16 words are in the cache. */
#include "core/bpf/helper.h"

#include "core/base/check.h"

/* What the four low bits of a reflected register are worth, four steps later. */
static const uint32_t steps[][16] = {
	[SEKI_CRC_16_ARC] = {0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401, 0xa001,
			     0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400},
	[SEKI_CRC_32_ISO_HDLC] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190,
				  0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344,
				  0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278,
				  0xbdbdf21c},
	[SEKI_CRC_32_ISCSI] = {0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc,
			       0x5125dad3, 0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17,
			       0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a,
			       0xf36e6f75},
};

uint32_t seki_bpf_crc(const void *data, size_t len, uint64_t kind, uint32_t before)
{
	uint32_t invert = kind == SEKI_CRC_16_ARC ? 0 : UINT32_MAX, crc = before ^ invert;
	const uint8_t *p = data;

	if (kind >= SEKI_COUNT(steps))
		return 0;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ steps[kind][crc & 15];
		crc = crc >> 4 ^ steps[kind][crc & 15];
	}
	return crc ^ invert;
}
