// SPDX-License-Identifier: Apache-2.0
/* The helper functions, as called by verified programs: arguments are what their prototypes say. */
#include "lib/bpf/helpers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>

#include "core/bpf/map/map.h"
#include "lib/bpf/maps.h"
#include "sekisho/bpf.h"

#define LINE_MAX_BYTES 256

/* Of its arguments a helper uses as many as its prototype has. */
#define SPARE __attribute__((unused))
#define HELPER(name)                                                                               \
	static uint64_t name(struct seki_bpf_vm *vm SPARE, uint64_t a1 SPARE, uint64_t a2 SPARE,   \
			     uint64_t a3 SPARE, uint64_t a4 SPARE, uint64_t a5 SPARE)

static struct seki_bpf_running *running(const struct seki_bpf_vm *vm)
{
	return vm->arg;
}

static const struct seki_bpf_host *host(const struct seki_bpf_vm *vm)
{
	static const struct seki_bpf_host none;
	const struct seki_bpf_host *h = running(vm)->run->host;

	return h ? h : &none;
}

static void *address(uint64_t arg)
{
	return (void *)(uintptr_t)arg;
}

HELPER(map_lookup)
{
	return (uint64_t)(uintptr_t)seki_bpf_map_find(address(a1), address(a2), vm->queue);
}

HELPER(map_update)
{
	return (uint64_t)(int64_t)seki_bpf_maps_put(address(a1), address(a2), address(a3),
						    vm->queue);
}

HELPER(map_delete)
{
	return (uint64_t)(int64_t)seki_bpf_maps_remove(address(a1), address(a2), vm->queue);
}

HELPER(time_ns)
{
	const struct seki_bpf_host *h = host(vm);
	struct timespec now;

	if (h->time_ns)
		return h->time_ns(h->arg);
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

HELPER(hash)
{
	return seki_bpf_hash(address(a1), a2, 0);
}

/* One conversion; `format` is at its '%'. Returns its length. */
static size_t convert(const char *format, uint64_t arg, char *out, size_t size)
{
	bool wide = format[1] == 'l';
	char type = format[wide ? 3 : 1];

	if (type == '%')
		snprintf(out, size, "%%");
	else if (type == 'c')
		snprintf(out, size, "%c", (int)(uint8_t)arg);
	else if (type == 'd')
		snprintf(out, size, "%lld", wide ? (long long)arg : (int32_t)arg);
	else
		snprintf(out, size, type == 'u' ? "%llu" : "%llx",
			 wide ? (unsigned long long)arg : (uint32_t)arg);
	return wide ? 4 : 2;
}

HELPER(print)
{
	const struct seki_bpf_host *h = host(vm);
	const char *format = address(a1);
	const uint64_t args[] = {a2, a3, a4, a5}, *next = args;
	char line[LINE_MAX_BYTES];
	size_t len = 0;

	if (!h->print)
		return 0;
	line[0] = '\0';
	while (*format && len < sizeof(line) - 1) {
		if (*format != '%') {
			line[len++] = *format++;
			line[len] = '\0';
			continue;
		}
		format += convert(format, format[1] == '%' ? 0 : *next++, line + len,
				  sizeof(line) - len);
		len += strlen(line + len);
	}
	h->print(h->arg, line);
	return 0;
}

HELPER(adjust_head)
{
	struct seki_bpf_packet *packet = &running(vm)->packet;

	vm->stop = seki_bpf_packet_adjust(packet, (int32_t)a2);
	return (uint64_t)(uintptr_t)(packet->buf + packet->off);
}

HELPER(packet_data)
{
	const struct seki_bpf_packet *packet = &running(vm)->packet;

	return (uint64_t)(uintptr_t)(packet->buf + packet->off);
}

HELPER(rss_hash)
{
	return running(vm)->run->rss_hash;
}

HELPER(truncate_packet)
{
	return seki_bpf_packet_truncate(&running(vm)->packet, (int32_t)a2);
}

/* A host that does not know yet stops the program, where it can be run anew; else it is a no. */
static uint64_t answer(struct seki_bpf_vm *vm, int yes)
{
	if (yes == -EAGAIN && vm->may_wait)
		vm->stop = -EAGAIN;
	return yes > 0;
}

HELPER(udp_sent)
{
	const struct seki_bpf_host *h = host(vm);
	struct seki_udp_query query;

	if (!h->udp_sent)
		return 0;
	memcpy(&query, address(a1), sizeof(query));
	return answer(vm, h->udp_sent(h->arg, &query, a2, vm->may_wait));
}

HELPER(udp_sent_any)
{
	const struct seki_bpf_host *h = host(vm);

	if (!h->udp_sent_any)
		return 0;
	return answer(vm, h->udp_sent_any(h->arg, a1, vm->may_wait));
}

/* SplitMix64 (Steele, Lea, Flood 2014), a sequence for each thread: even, and soon seen through. */
HELPER(random)
{
	static _Thread_local uint64_t state;
	struct timespec now;
	uint64_t z;

	if (!state) {
		clock_gettime(CLOCK_MONOTONIC, &now);
		state = getauxval(AT_RANDOM) ? seki_bpf_hash(address(getauxval(AT_RANDOM)), 16, 0)
					     : 0;
		state = (state << 32 ^ (uint64_t)now.tv_nsec ^ (uintptr_t)&state) | 1;
	}
	z = state += 0x9e3779b97f4a7c15u;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

HELPER(crc)
{
	return seki_bpf_crc(address(a1), a2, a3, (uint32_t)a4);
}

HELPER(drop_site)
{
	running(vm)->run->site = (uint32_t)a1;
	return 0;
}

const seki_bpf_helper seki_bpf_helpers[SEKI_HELPER_MAX] = {
	[SEKI_HELPER_MAP_LOOKUP] = map_lookup,
	[SEKI_HELPER_MAP_UPDATE] = map_update,
	[SEKI_HELPER_MAP_DELETE] = map_delete,
	[SEKI_HELPER_TIME_NS] = time_ns,
	[SEKI_HELPER_HASH] = hash,
	[SEKI_HELPER_PRINTF] = print,
	[SEKI_HELPER_ADJUST_HEAD] = adjust_head,
	[SEKI_HELPER_PACKET_DATA] = packet_data,
	[SEKI_HELPER_RSS_HASH] = rss_hash,
	[SEKI_HELPER_TRUNCATE] = truncate_packet,
	[SEKI_HELPER_VM_UDP_SENT] = udp_sent,
	[SEKI_HELPER_VM_UDP_SENT_ANY] = udp_sent_any,
	[SEKI_HELPER_DROP_SITE] = drop_site,
	[SEKI_HELPER_RANDOM] = random,
	[SEKI_HELPER_CRC] = crc,
};
