/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the programs of the benchmark include: one C text, compiled for BPF and natively. Natively a
 * helper is a function of another file, and a map's definition begins with the address of the map.
 */
#ifndef SEKI_BENCH_BPF_PROGRAMS_ABI_H
#define SEKI_BENCH_BPF_PROGRAMS_ABI_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

enum { MAP_ARRAY = 1, MAP_HASH = 4, MAP_LPM = 5 };
enum { DROP = 0, PASS = 1, REDIRECT = 3 };

struct meta {
	u32 input_port, packet_length, output_action, output_port;
	u8 clone, pad[3];
	u32 clone_port;
};

struct map_def {
	u32 type, key_size, value_size, max_entries, nb_hash_functions;
};

#ifdef SEKISHO_NATIVE
#define HELPER(number, type, name, ...) type name(__VA_ARGS__) __asm__("helper$" #name);
#else
#define HELPER(number, type, name, ...)                                                            \
	static type (*const name)(__VA_ARGS__) = (type(*)(__VA_ARGS__))number;
#endif
HELPER(1, void *, ubpf_map_lookup, void *, const void *)
HELPER(2, int, ubpf_map_update, void *, const void *, const void *)
HELPER(9, u8 *, ubpf_packet_data, void *)

#define PACKED __attribute__((packed, may_alias))

struct u16_at {
	u16 v;
} PACKED;

struct u32_at {
	u32 v;
} PACKED;

static inline u16 load16(const u8 *p)
{
	return __builtin_bswap16(((const struct u16_at *)p)->v);
}

static inline u32 load32(const u8 *p)
{
	return __builtin_bswap32(((const struct u32_at *)p)->v);
}

u64 entry(void *ctx, struct meta *meta);

#endif
