// SPDX-License-Identifier: Apache-2.0
/*
 * Runs safe programs in the interpreter that checks every access. Maps and helpers are the simplest
 * that can be: a map has one value, which each even key finds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/helper.h"
#include "core/bpf/interp.h"
#include "core/bpf/packet.h"
#include "tests/unit/bpf/judge.h"

#define HEADROOM   64
#define VALUE_SIZE 16

enum fill { FILL_ZEROS, FILL_ONES, FILL_NUMBERS, FILLS };

struct world {
	struct seki_bpf_vm vm;
	struct seki_bpf_packet packet;
	struct seki_std_meta meta;
	struct seki_bpf_guard guard;
	uint64_t values[MAP_COUNT][VALUE_SIZE / 8];
	uint64_t handles[MAP_COUNT];
	uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	uint8_t stack_set[SEKI_BPF_STACK_BYTES];
};

/* An IPv4 header of 24 bytes behind Ethernet, TCP with 24 behind that; the rest counts. */
static const uint8_t headers[] = {0x02, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x00, 0x00, 0x00, 0x00,
				  0x02, 0x08, 0x00, 0x46, 0x00, 0x05, 0xdc, 0x12, 0x34, 0x40, 0x00,
				  0x40, 0x06, 0x00, 0x00, 0x0a, 0x00, 0x00, 0x01, 0x0a, 0x00, 0x00,
				  0x02, 0x94, 0x04, 0x00, 0x00, 0x30, 0x39, 0x00, 0x50, 0x00, 0x00,
				  0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x60, 0x02, 0xff, 0xff, 0x00,
				  0x00, 0x00, 0x00, 0x02, 0x04, 0x05, 0xb4};

static bool in(const void *base, uint64_t size, uint64_t addr, uint64_t len)
{
	return seki_in_range(addr - (uint64_t)(uintptr_t)base, len, size);
}

static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	const struct world *w = arg;
	const struct seki_bpf_packet *packet = &w->packet;

	if (in(packet->buf + packet->off, packet->copied, addr, len))
		return true;
	for (size_t i = 0; i < MAP_COUNT; i++)
		if (in(w->values[i], judge_maps[i].value_size, addr, len))
			return true;
	if (in(&w->meta, sizeof(w->meta), addr, len))
		return !write || addr - (uint64_t)(uintptr_t)&w->meta >= 8;
	return !write && in(judge_data, DATA_BYTES, addr, len);
}

/* MAP_COUNT: it is none. */
static size_t map_of(const struct world *w, uint64_t handle)
{
	size_t i = 0;

	while (i < MAP_COUNT && w->handles[i] != handle)
		i++;
	return i;
}

static bool arg_allowed(const struct world *w, uint8_t kind, const uint64_t *args, size_t i)
{
	size_t at = map_of(w, args[0]);
	const struct seki_map_def *map = &judge_maps[at % MAP_COUNT];

	switch (kind) {
	case SEKI_ARG_CTX:
		return args[i] == (uint64_t)(uintptr_t)&w->packet;
	case SEKI_ARG_MAP:
		return at < MAP_COUNT;
	case SEKI_ARG_KEY:
		return seki_bpf_guard_reads(&w->vm, args[i], map->key_size);
	case SEKI_ARG_VALUE:
		return seki_bpf_guard_reads(&w->vm, args[i], map->value_size);
	case SEKI_ARG_QUERY:
		return seki_bpf_guard_reads(&w->vm, args[i], sizeof(struct seki_udp_query));
	case SEKI_ARG_MEM:
		return !args[i + 1] || seki_bpf_guard_reads(&w->vm, args[i], args[i + 1]);
	case SEKI_ARG_FORMAT:
		return in(judge_data, DATA_BYTES, args[i], 1);
	default:
		return true;
	}
}

static bool allows_call(void *arg, int64_t number, const uint64_t args[5])
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(number);

	for (size_t i = 0; i < SEKI_HELPER_ARGS; i++)
		if (!arg_allowed(arg, proto->args[i], args, i))
			return false;
	return true;
}

#define SPARE __attribute__((unused))
#define HELPER(name)                                                                               \
	static uint64_t name(struct seki_bpf_vm *vm SPARE, uint64_t a1 SPARE, uint64_t a2 SPARE,   \
			     uint64_t a3 SPARE, uint64_t a4 SPARE, uint64_t a5 SPARE)

static void *value_of(struct seki_bpf_vm *vm, uint64_t map, uint64_t key)
{
	struct world *w = vm->arg;
	uint32_t k;

	memcpy(&k, (const void *)(uintptr_t)key, sizeof(k));
	return k % 2 ? NULL : w->values[map_of(w, map)];
}

HELPER(lookup)
{
	return (uint64_t)(uintptr_t)value_of(vm, a1, a2);
}

HELPER(update)
{
	struct world *w = vm->arg;
	void *value = value_of(vm, a1, a2);

	if (value)
		memcpy(value, (const void *)(uintptr_t)a3, judge_maps[map_of(w, a1)].value_size);
	return value ? 0 : (uint64_t)-ENOSPC;
}

HELPER(zero)
{
	return 0;
}

HELPER(hash)
{
	return seki_bpf_hash((const void *)(uintptr_t)a1, a2, 0);
}

HELPER(adjust_head)
{
	struct seki_bpf_packet *packet = (struct seki_bpf_packet *)(uintptr_t)a1;

	vm->stop = seki_bpf_packet_adjust(packet, (int32_t)a2);
	return (uint64_t)(uintptr_t)(packet->buf + packet->off);
}

HELPER(packet_data)
{
	const struct seki_bpf_packet *packet = (const struct seki_bpf_packet *)(uintptr_t)a1;

	return (uint64_t)(uintptr_t)(packet->buf + packet->off);
}

HELPER(truncate)
{
	return seki_bpf_packet_truncate((struct seki_bpf_packet *)(uintptr_t)a1, (int32_t)a2);
}

static const seki_bpf_helper helpers[SEKI_HELPER_MAX] = {
	[SEKI_HELPER_MAP_LOOKUP] = lookup,
	[SEKI_HELPER_MAP_UPDATE] = update,
	[SEKI_HELPER_MAP_DELETE] = zero,
	[SEKI_HELPER_TIME_NS] = zero,
	[SEKI_HELPER_HASH] = hash,
	[SEKI_HELPER_PRINTF] = zero,
	[SEKI_HELPER_ADJUST_HEAD] = adjust_head,
	[SEKI_HELPER_PACKET_DATA] = packet_data,
	[SEKI_HELPER_RSS_HASH] = zero,
	[SEKI_HELPER_TRUNCATE] = truncate,
	[SEKI_HELPER_VM_UDP_SENT] = zero,
	[SEKI_HELPER_VM_UDP_SENT_ANY] = zero,
	[SEKI_HELPER_DROP_SITE] = zero,
	[SEKI_HELPER_RANDOM] = zero,
	[SEKI_HELPER_CRC] = zero,
};

/* Of the packet as much is there as the verifier says is touched. */
static void make_packet(struct world *w, uint32_t len, uint32_t touch)
{
	uint32_t copied = (uint32_t)seki_min(len, touch);
	uint8_t *buf = malloc(HEADROOM + copied);

	memset(buf, 0xee, HEADROOM);
	for (uint32_t i = 0; i < copied; i++)
		buf[HEADROOM + i] = i < sizeof(headers) ? headers[i] : (uint8_t)i;
	w->packet = (struct seki_bpf_packet){buf, HEADROOM + copied, HEADROOM, copied, len};
}

static void fill(struct world *w, enum fill with)
{
	memset(w->values, with == FILL_ONES ? 0xff : 0, sizeof(w->values));
	w->meta.input_port = with == FILL_ONES ? UINT32_MAX : 0;
	if (with != FILL_NUMBERS)
		return;
	w->meta.input_port = 5;
	for (size_t i = 0; i < MAP_COUNT; i++)
		for (size_t k = 0; k < VALUE_SIZE; k++)
			((uint8_t *)w->values[i])[k] = (uint8_t)(k + 1);
}

/* The packet is there. */
static int run_world(struct world *w, const struct judgement *j, uint64_t *r0)
{
	w->meta.packet_length = w->packet.len;
	memset(w->stack, 0xa5, sizeof(w->stack));
	for (size_t i = 0; i < MAP_COUNT; i++)
		w->handles[i] = (uint64_t)(uintptr_t)&judge_maps[i];
	w->guard = (struct seki_bpf_guard){.allows = allows,
					   .allows_call = allows_call,
					   .arg = w,
					   .stack_set = w->stack_set,
					   .max_insns = j->proof.worst_insns};
	w->vm = (struct seki_bpf_vm){.ops = j->ops,
				     .stack = w->stack,
				     .data = judge_data,
				     .maps = w->handles,
				     .n_maps = MAP_COUNT,
				     .helpers = helpers,
				     .n_helpers = SEKI_HELPER_MAX,
				     .guard = &w->guard,
				     .arg = w,
				     .fuel = UINT64_MAX};
	return seki_bpf_interp(&w->vm, (uint64_t)(uintptr_t)&w->packet,
			       (uint64_t)(uintptr_t)&w->meta, r0);
}

static int run_once(struct world *w, const struct judgement *j, uint32_t len, enum fill with,
		    uint64_t *r0)
{
	int err;

	memset(w, 0, sizeof(*w));
	make_packet(w, len, j->proof.packet_touch);
	fill(w, with);
	err = run_world(w, j, r0);
	free(w->packet.buf);
	return err;
}

const char *run_packet(const struct judgement *j, const uint8_t *bytes, uint32_t len,
		       uint64_t *insns)
{
	static struct world w;
	static char why[200];
	uint64_t r0 = 0;
	int err;

	memset(&w, 0, sizeof(w));
	make_packet(&w, len, j->proof.packet_touch);
	memcpy(w.packet.buf + w.packet.off, bytes, w.packet.copied);
	err = run_world(&w, j, &r0);
	free(w.packet.buf);
	*insns = w.vm.insns;
	snprintf(why, sizeof(why), "a packet of %u bytes: err %d at %u after %llu instructions",
		 len, err, w.vm.pc, (unsigned long long)w.vm.insns);
	return err && err != -ENOBUFS ? why : NULL;
}

const char *run_judged(const struct safe_program *program, const struct judgement *j)
{
	static const uint32_t lengths[] = {0, RUN_SHORT_BYTES, RUN_LONG_BYTES};
	static struct world w;
	static char why[200];

	for (int i = 0; i < RUN_LENGTHS * FILLS; i++) {
		int length = i / FILLS, with = i % FILLS, err;
		uint64_t r0 = 0;

		err = run_once(&w, j, lengths[length], (enum fill)with, &r0);
		snprintf(why, sizeof(why), "a packet of %u bytes, fill %d: err %d at %u, r0 %#llx",
			 lengths[length], with, err, w.vm.pc, (unsigned long long)r0);
		if (err && err != -ENOBUFS)
			return why;
		if (with == FILL_NUMBERS && (err ? STOPPED : r0) != program->r0[length])
			return why;
	}
	return NULL;
}
