/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper functions (abi/p4obj.h) as the verifier sees them: what each argument must be and what
 * comes back. One table for the verifier, the checked interpreter and the reports.
 */
#ifndef SEKI_CORE_BPF_HELPER_H
#define SEKI_CORE_BPF_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/p4obj.h"

#define SEKI_HELPER_MAX	     37 /* one past the greatest number */
#define SEKI_HELPER_ARGS     5
#define SEKI_HASH_BYTES_MAX  64
#define SEKI_PRINTF_ARGS_MAX 4

enum seki_bpf_arg {
	SEKI_ARG_NONE,
	SEKI_ARG_CTX,
	SEKI_ARG_MAP,
	SEKI_ARG_KEY,	 /* readable memory of the map's key size */
	SEKI_ARG_VALUE,	 /* readable memory of the map's value size */
	SEKI_ARG_QUERY,	 /* readable memory: struct seki_udp_query */
	SEKI_ARG_MEM,	 /* readable memory of as many bytes as the next argument says */
	SEKI_ARG_SIZE,	 /* 0 to SEKI_HASH_BYTES_MAX */
	SEKI_ARG_FORMAT, /* constant string; the arguments after it are numbers */
	SEKI_ARG_NUMBER,
};

enum seki_bpf_ret {
	SEKI_RET_NUMBER,
	SEKI_RET_VALUE, /* pointer to a value of the map, or NULL */
	SEKI_RET_PACKET,
};

struct seki_bpf_proto {
	const char *name;
	uint8_t ret;
	uint8_t args[SEKI_HELPER_ARGS];
	bool changes_packet;
	bool moves_packet; /* pointers into the packet are dead after it */
	bool changes_map;
	bool may_wait; /* see SEKI_CALL_MAY_WAIT */
};

/* NULL: there is no such helper. */
const struct seki_bpf_proto *seki_bpf_proto(int64_t number);

/*
 * Checks a printf format of up to `size` bytes: NUL-terminated, only %d %u %x %lld %llu %llx %c
 * %%, at most SEKI_PRINTF_ARGS_MAX conversions. Returns how many, or -EINVAL.
 */
int seki_bpf_format_args(const char *format, size_t size);

/* Bob Jenkins' lookup3 hashlittle() with seed `seed` (the helper's is 0). */
uint32_t seki_bpf_hash(const void *data, size_t len, uint32_t seed);

/* crc.c: of the data that gave `before` (0: of none) and these behind them. Unknown kinds: 0. */
uint32_t seki_bpf_crc(const void *data, size_t len, uint64_t kind, uint32_t before);

#endif
