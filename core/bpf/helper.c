// SPDX-License-Identifier: Apache-2.0
/* Prototypes of the helper functions, and the parts of helpers that need no host. */
#include "core/bpf/helper.h"

#include <errno.h>

#include "core/bpf/map/lookup3.h"

static const struct seki_bpf_proto protos[SEKI_HELPER_MAX] = {
	[SEKI_HELPER_MAP_LOOKUP] = {.name = "ubpf_map_lookup",
				    .ret = SEKI_RET_VALUE,
				    .args = {SEKI_ARG_MAP, SEKI_ARG_KEY}},
	[SEKI_HELPER_MAP_UPDATE] = {.name = "ubpf_map_update",
				    .args = {SEKI_ARG_MAP, SEKI_ARG_KEY, SEKI_ARG_VALUE},
				    .changes_map = true},
	[SEKI_HELPER_MAP_DELETE] = {.name = "ubpf_map_delete",
				    .args = {SEKI_ARG_MAP, SEKI_ARG_KEY},
				    .changes_map = true},
	[SEKI_HELPER_TIME_NS] = {.name = "ubpf_time_get_ns"},
	[SEKI_HELPER_HASH] = {.name = "ubpf_hash", .args = {SEKI_ARG_MEM, SEKI_ARG_SIZE}},
	[SEKI_HELPER_PRINTF] = {.name = "ubpf_printf", .args = {SEKI_ARG_FORMAT}},
	[SEKI_HELPER_ADJUST_HEAD] = {.name = "ubpf_adjust_head",
				     .ret = SEKI_RET_PACKET,
				     .args = {SEKI_ARG_CTX, SEKI_ARG_NUMBER},
				     .changes_packet = true,
				     .moves_packet = true},
	[SEKI_HELPER_PACKET_DATA] = {.name = "ubpf_packet_data",
				     .ret = SEKI_RET_PACKET,
				     .args = {SEKI_ARG_CTX}},
	[SEKI_HELPER_RSS_HASH] = {.name = "ubpf_get_rss_hash", .args = {SEKI_ARG_CTX}},
	[SEKI_HELPER_TRUNCATE] = {.name = "ubpf_truncate_packet",
				  .args = {SEKI_ARG_CTX, SEKI_ARG_NUMBER},
				  .changes_packet = true},
	[SEKI_HELPER_VM_UDP_SENT] = {.name = "sekisho_vm_udp_sent",
				     .args = {SEKI_ARG_QUERY, SEKI_ARG_NUMBER},
				     .may_wait = true},
	[SEKI_HELPER_VM_UDP_SENT_ANY] = {.name = "sekisho_vm_udp_sent_any",
					 .args = {SEKI_ARG_NUMBER},
					 .may_wait = true},
	[SEKI_HELPER_DROP_SITE] = {.name = "sekisho_drop_site", .args = {SEKI_ARG_NUMBER}},
	[SEKI_HELPER_RANDOM] = {.name = "sekisho_random"},
	[SEKI_HELPER_CRC] = {.name = "sekisho_crc",
			     .args = {SEKI_ARG_MEM, SEKI_ARG_SIZE, SEKI_ARG_NUMBER,
				      SEKI_ARG_NUMBER}},
};

const struct seki_bpf_proto *seki_bpf_proto(int64_t number)
{
	if (number < 0 || number >= SEKI_HELPER_MAX || !protos[number].name)
		return NULL;
	return &protos[number];
}

/* Length of the conversion after a '%', 0 if there is none such. */
static size_t conversion(const char *s, size_t size)
{
	size_t n = size >= 3 && s[0] == 'l' && s[1] == 'l' ? 2 : 0;

	if (n >= size)
		return 0;
	switch (s[n]) {
	case 'd':
	case 'u':
	case 'x':
		return n + 1;
	case 'c':
	case '%':
		return n ? 0 : 1;
	default:
		return 0;
	}
}

int seki_bpf_format_args(const char *format, size_t size)
{
	int args = 0;

	for (size_t i = 0; i < size; i++) {
		size_t n;

		if (!format[i])
			return args <= SEKI_PRINTF_ARGS_MAX ? args : -EINVAL;
		if (format[i] != '%')
			continue;
		n = conversion(format + i + 1, size - i - 1);
		if (!n)
			return -EINVAL;
		args += format[i + 1] != '%';
		i += n;
	}
	return -EINVAL;
}

uint32_t seki_bpf_hash(const void *data, size_t len, uint32_t seed)
{
	return seki_lookup3(data, len, seed);
}
