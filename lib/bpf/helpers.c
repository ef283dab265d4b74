// SPDX-License-Identifier: Apache-2.0
/* The helper functions, as called by verified programs: arguments are what their prototypes say. */
#include "lib/bpf/helpers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/bpf/map.h"
#include "lib/bpf/machine.h"

#define LINE_MAX_BYTES 256

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

static uint64_t map_lookup(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			   const uint64_t args[5])
{
	(void)vm;
	(void)op;
	return (uint64_t)(uintptr_t)seki_bpf_map_find(address(args[0]), address(args[1]));
}

static uint64_t map_update(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			   const uint64_t args[5])
{
	(void)vm;
	(void)op;
	return (uint64_t)(int64_t)seki_bpf_map_put(address(args[0]), address(args[1]),
						   address(args[2]));
}

static uint64_t map_delete(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			   const uint64_t args[5])
{
	(void)op;
	*running(vm)->deleted = true;
	return (uint64_t)(int64_t)seki_bpf_map_remove(address(args[0]), address(args[1]));
}

static uint64_t time_ns(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			const uint64_t args[5])
{
	const struct seki_bpf_host *h = host(vm);
	struct timespec now;

	(void)op;
	(void)args;
	if (h->time_ns)
		return h->time_ns(h->arg);
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t hash(struct seki_bpf_vm *vm, const struct seki_bpf_op *op, const uint64_t args[5])
{
	(void)vm;
	(void)op;
	return seki_bpf_hash(address(args[0]), args[1], 0);
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

static uint64_t print(struct seki_bpf_vm *vm, const struct seki_bpf_op *op, const uint64_t args[5])
{
	const struct seki_bpf_host *h = host(vm);
	const char *format = address(args[0]);
	const uint64_t *next = args + 1;
	char line[LINE_MAX_BYTES];
	size_t len = 0;

	(void)op;
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

static uint64_t adjust_head(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			    const uint64_t args[5])
{
	struct seki_bpf_packet *packet = &running(vm)->packet;

	(void)op;
	vm->stop = seki_bpf_packet_adjust(packet, (int32_t)args[1]);
	return (uint64_t)(uintptr_t)(packet->buf + packet->off);
}

static uint64_t packet_data(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			    const uint64_t args[5])
{
	const struct seki_bpf_packet *packet = &running(vm)->packet;

	(void)op;
	(void)args;
	return (uint64_t)(uintptr_t)(packet->buf + packet->off);
}

static uint64_t rss_hash(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			 const uint64_t args[5])
{
	(void)op;
	(void)args;
	return running(vm)->run->rss_hash;
}

static uint64_t truncate_packet(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
				const uint64_t args[5])
{
	(void)op;
	return seki_bpf_packet_truncate(&running(vm)->packet, (int32_t)args[1]);
}

/* A host that does not know yet stops the program, where it can be run anew; else it is a no. */
static uint64_t answer(struct seki_bpf_vm *vm, int yes, bool may_wait)
{
	if (yes == -EAGAIN && may_wait)
		vm->stop = -EAGAIN;
	return yes > 0;
}

static uint64_t udp_sent(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			 const uint64_t args[5])
{
	const struct seki_bpf_host *h = host(vm);
	bool may_wait = op->off & SEKI_CALL_MAY_WAIT;
	struct seki_udp_query query;

	if (!h->udp_sent)
		return 0;
	memcpy(&query, address(args[0]), sizeof(query));
	return answer(vm, h->udp_sent(h->arg, &query, args[1], may_wait), may_wait);
}

static uint64_t udp_sent_any(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			     const uint64_t args[5])
{
	const struct seki_bpf_host *h = host(vm);
	bool may_wait = op->off & SEKI_CALL_MAY_WAIT;

	if (!h->udp_sent_any)
		return 0;
	return answer(vm, h->udp_sent_any(h->arg, args[0], may_wait), may_wait);
}

static uint64_t drop_site(struct seki_bpf_vm *vm, const struct seki_bpf_op *op,
			  const uint64_t args[5])
{
	(void)op;
	running(vm)->run->site = (uint32_t)args[0];
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
};
