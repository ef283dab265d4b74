// SPDX-License-Identifier: Apache-2.0
/* Neutral programs in the Linux kernel: see the header. */
#include "tests/fuzz/bpf/kernel.h"

#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/check.h"

#define LOG_BYTES (1u << 16)

static int map_fds[N_NEUTRAL_MAPS] = {-1};
static bool there;

static int sys_bpf(int command, union bpf_attr *attr)
{
	int ret = (int)syscall(SYS_bpf, command, attr, sizeof(*attr));

	return ret < 0 ? -errno : ret;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int create_map(const struct seki_map_def *def)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_type = def->type == SEKI_MAP_ARRAY ? BPF_MAP_TYPE_ARRAY : BPF_MAP_TYPE_HASH;
	attr.key_size = def->key_size;
	attr.value_size = def->value_size;
	attr.max_entries = def->max_entries;
	return sys_bpf(BPF_MAP_CREATE, &attr);
}

/* A program that does nothing: can it be loaded and run? */
static int try_program(const char **what)
{
	static struct attempt a;
	uint8_t packet[NEUTRAL_PACKET] = {0};
	uint32_t r0;
	int fd, err;

	a.n = 0;
	EMIT_TO(&a, MOVI(0, 2));
	EMIT_TO(&a, EXIT);
	*what = "BPF_PROG_LOAD of an XDP program";
	fd = kernel_load(&a, NULL);
	if (fd < 0)
		return -EPERM;
	*what = "BPF_PROG_TEST_RUN";
	err = kernel_run(fd, packet, &r0);
	kernel_unload(fd);
	return err ? err : r0 == 2 ? 0 : -EIO;
}

int kernel_open(const char **what)
{
	int err;

	for (int i = 0; i < N_NEUTRAL_MAPS; i++) {
		*what = "BPF_MAP_CREATE";
		map_fds[i] = create_map(&fuzz_map_defs[i]);
		if (map_fds[i] < 0)
			return map_fds[i];
	}
	err = try_program(what);
	there = !err;
	return err;
}

bool kernel_is_there(void)
{
	return there;
}

/* Ours to the kernel's: both are eight bytes, laid out alike. */
static uint32_t translate(const struct attempt *a, struct seki_bpf_insn *out)
{
	memcpy(out, a->insns, a->n * sizeof(*out));
	if (a->neutral)
		neutral_prologue(out, true);
	for (uint32_t i = 0; i < a->n; i++)
		if (out[i].opcode == 0x18) {
			if (out[i].regs >> 4 == SEKI_LDDW_MAP) {
				out[i].regs = (uint8_t)((out[i].regs & 15) | BPF_PSEUDO_MAP_FD
										     << 4);
				out[i].imm = map_fds[(uint32_t)out[i].imm % N_NEUTRAL_MAPS];
			}
			i++;
		}
	return a->n;
}

/* Helpers and maps that mean the same in both. */
static bool calls_known(const struct attempt *a)
{
	for (uint32_t i = a->neutral ? NEUTRAL_PROLOGUE : 0; i < a->n; i++)
		if (a->insns[i].opcode == 0x8d ||
		    (a->insns[i].opcode == 0x85 && a->insns[i].regs >> 4 == 0 &&
		     (a->insns[i].imm < 1 || a->insns[i].imm > 3)))
			return false;
	return true;
}

int kernel_load(const struct attempt *a, char *log)
{
	static struct seki_bpf_insn insns[INSNS_MAX];
	union bpf_attr attr;
	int fd;

	if (!calls_known(a))
		return -1;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insn_cnt = translate(a, insns);
	attr.insns = pointer(insns);
	attr.license = pointer("GPL");
	if (log) {
		log[0] = '\0';
		attr.log_buf = pointer(log);
		attr.log_size = LOG_BYTES;
		attr.log_level = 1;
	}
	fd = sys_bpf(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -1 : fd;
}

void kernel_unload(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int map_call(int command, int map, const void *key, void *value)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.map_fd = (uint32_t)map_fds[map];
	attr.key = pointer(key);
	attr.value = pointer(value);
	return sys_bpf(command, &attr);
}

static void empty_map(int map)
{
	uint8_t key[KEY_BYTES_MAX];

	while (!map_call(BPF_MAP_GET_NEXT_KEY, map, NULL, key))
		if (map_call(BPF_MAP_DELETE_ELEM, map, key, NULL))
			return;
}

/* Worlds begin with the keys 0 and 1 in each map. */
void kernel_set_maps(const struct seki_bpf_map *maps)
{
	for (int i = 0; i < N_NEUTRAL_MAPS; i++) {
		empty_map(i);
		for (uint8_t k = 0; k < 2; k++) {
			uint8_t key[KEY_BYTES_MAX] = {k};

			map_call(BPF_MAP_UPDATE_ELEM, i, key, seki_bpf_map_find(&maps[i], key, 0));
		}
	}
}

/* Programs and worlds put keys in of which only the first byte is not 0; few others. */
static uint32_t entries(const struct seki_bpf_map *map)
{
	uint32_t n = 0;

	for (unsigned int k = 0; k < 256; k++) {
		uint8_t key[KEY_BYTES_MAX] = {(uint8_t)k};

		n += seki_bpf_map_find(map, key, 0) != NULL;
	}
	return n;
}

const char *kernel_maps_differ(const struct seki_bpf_map *maps)
{
	uint8_t key[KEY_BYTES_MAX], next[KEY_BYTES_MAX], value[VALUE_BYTES_MAX];

	for (int i = 0; i < N_NEUTRAL_MAPS; i++) {
		const struct seki_map_def *def = &fuzz_map_defs[i];
		uint32_t n = 0;

		for (void *from = NULL; !map_call(BPF_MAP_GET_NEXT_KEY, i, from, next);
		     from = key) {
			const void *ours = seki_bpf_map_find(&maps[i], next, 0);

			memcpy(key, next, sizeof(key));
			if (!ours || map_call(BPF_MAP_LOOKUP_ELEM, i, key, value) ||
			    memcmp(ours, value, def->value_size))
				return "map";
			n++;
		}
		if (n < entries(&maps[i]))
			return "number of entries";
	}
	return NULL;
}

int kernel_run(int fd, uint8_t packet[NEUTRAL_PACKET], uint32_t *r0)
{
	uint8_t out[NEUTRAL_PACKET];
	union bpf_attr attr;
	int err;

	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)fd;
	attr.test.data_in = pointer(packet);
	attr.test.data_size_in = NEUTRAL_PACKET;
	attr.test.data_out = pointer(out);
	attr.test.data_size_out = sizeof(out);
	attr.test.repeat = 1;
	err = sys_bpf(BPF_PROG_TEST_RUN, &attr);
	if (err)
		return err;
	memcpy(packet, out, sizeof(out));
	*r0 = attr.test.retval;
	return 0;
}
