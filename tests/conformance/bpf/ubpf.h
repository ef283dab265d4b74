/* SPDX-License-Identifier: Apache-2.0 */
/* What the C of a P4 compiler for this ABI (abi/p4obj.h) starts with. */
#ifndef SEKI_TESTS_CONFORMANCE_BPF_UBPF_H
#define SEKI_TESTS_CONFORMANCE_BPF_UBPF_H

typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef signed char int8_t;
typedef int int32_t;

#define BYTES(w)		    ((unsigned int)(w) / 8)
#define NULL			    ((void *)0)
#define bswap16(x)		    __builtin_bswap16(x)
#define bswap32(x)		    __builtin_bswap32(x)
#define bswap64(x)		    __builtin_bswap64(x)
#define load_byte(data, b)	    (*((uint8_t *)(data) + (b)))
#define load_half(data, b)	    bswap16(*(uint16_t *)((uint8_t *)(data) + (b)))
#define load_word(data, b)	    bswap32(*(uint32_t *)((uint8_t *)(data) + (b)))
#define load_dword(data, b)	    bswap64(*(uint64_t *)((uint8_t *)(data) + (b)))
#define write_byte(base, offset, v) (*((uint8_t *)(base) + (offset)) = (v))

enum { ABORT, DROP, PASS, REDIRECT };
enum { MAP_ARRAY = 1, MAP_HASH = 4 };

struct standard_metadata {
	uint32_t input_port;
	uint32_t packet_length;
	uint32_t output_action;
	uint32_t output_port;
	uint8_t clone;
	uint32_t clone_port;
};

struct ubpf_map_def {
	uint32_t type;
	uint32_t key_size;
	uint32_t value_size;
	uint32_t max_entries;
	uint32_t nb_hash_functions;
};

#ifdef SEKI_NATIVE /* native.c has them */
void *ubpf_map_lookup(struct ubpf_map_def *, const void *);
int ubpf_map_update(struct ubpf_map_def *, const void *, const void *);
int ubpf_map_delete(struct ubpf_map_def *, const void *);
uint64_t ubpf_time_get_ns(void);
uint32_t ubpf_hash(const void *, uint64_t);
void ubpf_printf(const char *, ...);
void *ubpf_adjust_head(void *, uint64_t);
void *ubpf_packet_data(void *);
uint32_t ubpf_truncate_packet(void *, uint64_t);
#else
static void *(*ubpf_map_lookup)(struct ubpf_map_def *, const void *) = (void *)1;
static int (*ubpf_map_update)(struct ubpf_map_def *, const void *, const void *) = (void *)2;
static int (*ubpf_map_delete)(struct ubpf_map_def *, const void *) = (void *)3;
static uint64_t (*ubpf_time_get_ns)(void) = (void *)5;
static uint32_t (*ubpf_hash)(const void *, uint64_t) = (void *)6;
static void (*ubpf_printf)(const char *, ...) = (void *)7;
static void *(*ubpf_adjust_head)(void *, uint64_t) = (void *)8;
static void *(*ubpf_packet_data)(void *) = (void *)9;
static uint32_t (*ubpf_truncate_packet)(void *, uint64_t) = (void *)11;

#endif

#endif
