// SPDX-License-Identifier: Apache-2.0
/* See the header. */
#include "cli/bpf_machine.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"

#define HEADROOM  256u
#define LINES_MAX 65536u /* bytes; what a run prints beyond is lost */

static uint64_t time_ns(void *arg)
{
	const struct seki_cli_machine *m = arg;
	struct timespec now;

	if (m->time_ns)
		return m->time_ns;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The program chose the bytes: none may move the terminal's cursor. */
static void print(void *arg, const char *line)
{
	struct seki_cli_machine *m = arg;

	if (m->lines_len + strlen(line) + 2 > LINES_MAX)
		return;
	for (; *line; line++)
		m->lines[m->lines_len++] = isprint((unsigned char)*line) ? *line : '?';
	m->lines[m->lines_len++] = '\n';
	m->lines[m->lines_len] = '\0';
}

static int udp_sent(void *arg, const struct seki_udp_query *query, uint64_t within_ms,
		    bool may_wait)
{
	(void)query;
	(void)within_ms;
	(void)may_wait;
	return ((const struct seki_cli_machine *)arg)->sent;
}

static int udp_sent_any(void *arg, uint64_t within_ms, bool may_wait)
{
	return udp_sent(arg, NULL, within_ms, may_wait);
}

static bool is_in(const void *start, uint64_t size, uint64_t addr, uint64_t len)
{
	return seki_in_range(addr - (uint64_t)(uintptr_t)start, len, size);
}

/* For the guard: of all but the stack, which it knows. */
static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	const struct seki_cli_machine *m = arg;
	const struct seki_bpf_prog *prog = m->prog;
	const struct seki_bpf_packet *packet = &prog->queues[0].running.packet;
	const uint8_t *meta = (const uint8_t *)&m->run.meta;

	if (is_in(packet->buf + packet->off, packet->copied, addr, len))
		return true;
	for (uint32_t i = 0; i < prog->info.maps; i++)
		if (seki_bpf_map_holds(&prog->maps[i]->map, addr, len))
			return true;
	if (is_in(meta, sizeof(m->run.meta), addr, len))
		return !write || addr - (uint64_t)(uintptr_t)meta >=
					 offsetof(struct seki_std_meta, output_action);
	return !write && is_in(prog->data, prog->data_size, addr, len);
}

/* NULL: no map has this handle. */
static const struct seki_map_def *def_of(const struct seki_bpf_prog *prog, uint64_t handle)
{
	for (uint32_t i = 0; i < prog->info.maps; i++)
		if (handle == prog->handles[i])
			return &prog->maps[i]->map.def;
	return NULL;
}

/* Prototypes name the map before what has its sizes. */
static bool allows_arg(const struct seki_cli_machine *m, uint8_t kind, const uint64_t *args,
		       size_t i)
{
	const struct seki_bpf_prog *prog = m->prog;
	const struct seki_map_def *def = def_of(prog, args[0]);
	struct seki_bpf_vm vm = prog->queues[0].vm;

	vm.guard = &m->guard;
	switch (kind) {
	case SEKI_ARG_CTX:
		return args[i] == (uint64_t)(uintptr_t)&prog->queues[0].running;
	case SEKI_ARG_MAP:
		return def;
	case SEKI_ARG_KEY:
		return def && seki_bpf_guard_reads(&vm, args[i], def->key_size);
	case SEKI_ARG_VALUE:
		return def && seki_bpf_guard_reads(&vm, args[i], def->value_size);
	case SEKI_ARG_QUERY:
		return seki_bpf_guard_reads(&vm, args[i], sizeof(struct seki_udp_query));
	case SEKI_ARG_MEM:
		return !args[i + 1] || seki_bpf_guard_reads(&vm, args[i], args[i + 1]);
	case SEKI_ARG_FORMAT:
		return is_in(prog->data, prog->data_size, args[i], 1);
	default:
		return true;
	}
}

/* For the guard: the memory that helpers are given. */
static bool allows_call(void *arg, int64_t number, const uint64_t args[5])
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(number);

	for (size_t i = 0; proto && i < SEKI_HELPER_ARGS; i++)
		if (!allows_arg(arg, proto->args[i], args, i))
			return false;
	return proto;
}

int seki_cli_machine_init(struct seki_cli_machine *m, struct seki_bpf_prog *prog, bool checked)
{
	*m = (struct seki_cli_machine){.prog = prog};
	m->host = (struct seki_bpf_host){m, time_ns, print, udp_sent, udp_sent_any};
	if (checked)
		m->guard = (struct seki_bpf_guard){.allows = allows,
						   .allows_call = allows_call,
						   .arg = m,
						   .stack_set = m->stack_set,
						   .max_insns = prog->info.worst_insns};
	m->lines = calloc(1, LINES_MAX);
	return m->lines ? 0 : -ENOMEM;
}

void seki_cli_machine_exit(struct seki_cli_machine *m)
{
	seki_bpf_prog_destroy(m->prog);
	free(m->buf);
	free(m->lines);
	*m = (struct seki_cli_machine){.prog = NULL};
}

int seki_cli_machine_put(struct seki_cli_machine *m, const struct seki_cli_packet *packet)
{
	uint32_t size = HEADROOM + packet->copied;
	uint8_t *buf;

	if (size > m->size) {
		buf = realloc(m->buf, size);
		if (!buf)
			return -ENOMEM;
		m->buf = buf;
		m->size = size;
	}
	m->time_ns = packet->time_ns;
	return 0;
}

void seki_cli_machine_run(struct seki_cli_machine *m, const struct seki_cli_packet *packet)
{
	m->lines_len = 0;
	m->lines[0] = '\0';
	m->run = (struct seki_bpf_run){
		.host = &m->host,
		.buf = m->buf,
		.size = HEADROOM + packet->copied,
		.off = HEADROOM,
		.copied = packet->copied,
		.len = packet->len,
		.meta = {.input_port = m->port},
	};
	if (packet->copied)
		memcpy(m->buf + HEADROOM, packet->bytes, packet->copied);
	if (m->guard.allows) {
		memset(m->stack_set, 0, sizeof(m->stack_set));
		m->err = seki_bpf_prog_run_guarded(m->prog, &m->run, &m->guard, &m->r0);
	} else {
		m->err = seki_bpf_prog_run(m->prog, &m->run, &m->r0);
	}
	m->grown = (int32_t)HEADROOM - (int32_t)m->run.off;
}

const char *seki_cli_machine_why(const struct seki_cli_machine *m)
{
	switch (m->err) {
	case 0:
		return "";
	case -ENOBUFS:
		return "its head could not grow or shrink as the program asked";
	case -EINVAL:
		if (m->run.len > seki_bpf_prog_info(m->prog)->max_packet)
			return "it is longer than the program was verified for: see --max-packet";
		return "the capture lacks bytes of it that the program may look at: capture whole "
		       "packets";
	case -EFAULT:
		return "an access that the program has no right to, which is a bug of the verifier";
	case -ELOOP:
		return "it ran longer than was proved, which is a bug of the verifier";
	default:
		return strerror(-m->err);
	}
}
