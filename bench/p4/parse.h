/* SPDX-License-Identifier: Apache-2.0 */
/* What parse.p4 accepts; loads and stores of the packet as BPF has them, at any address. */
#ifndef SEKI_BENCH_P4_PARSE_H
#define SEKI_BENCH_P4_PARSE_H

#include "bench/bpf/programs/abi.h"

static inline u16 get16(const u8 *p)
{
	return __builtin_bswap16(*(const u16 *)p);
}

static inline u32 get32(const u8 *p)
{
	return __builtin_bswap32(*(const u32 *)p);
}

static inline void put16(u8 *p, u16 v)
{
	*(u16 *)p = __builtin_bswap16(v);
}

static inline _Bool is_plain(const u8 *pkt, const struct meta *meta)
{
	return meta->packet_length >= 38 && get16(pkt + 12) == 0x0800 && pkt[14] == 0x45;
}

#endif
