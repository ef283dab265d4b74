/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF machine as an engine of p4run: JIT, or interpreter with P4RUN_INTERPRET set. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/bpf.h"
#include "lib/sys/file.h"
#include "tests/conformance/p4/p4run.h"

static struct seki_bpf_prog *prog;

static int load(const char *path)
{
	static char log[1 << 16];
	struct seki_bpf_load_opts opts = {.sz = sizeof(opts), .log = log, .log_size = sizeof(log)};
	void *elf;
	size_t len;
	int err = seki_file_read(path, 1 << 24, &elf, &len);

	if (err)
		return err;
	if (getenv("P4RUN_INTERPRET"))
		opts.engine = SEKI_BPF_ENGINE_INTERPRETER;
	err = seki_bpf_prog_load(elf, len, &opts, &prog);
	free(elf);
	if (err)
		fprintf(stderr, "%s\n", log);
	return err;
}

static int set(const char *name, const void *key, size_t key_len, const void *value,
	       size_t value_len)
{
	struct seki_bpf_map *map = seki_bpf_prog_map(prog, name);

	if (!map)
		return -ENOENT;
	if (p4run_key_size(seki_bpf_map_def(map)) != key_len ||
	    seki_bpf_map_def(map)->value_size != value_len)
		return -EINVAL;
	return seki_bpf_map_set(map, key, value);
}

static int get(const char *name, const void *key, size_t key_len, void *value, size_t *value_len)
{
	struct seki_bpf_map *map = seki_bpf_prog_map(prog, name);

	if (!map)
		return -ENOENT;
	if (p4run_key_size(seki_bpf_map_def(map)) != key_len ||
	    seki_bpf_map_def(map)->value_size > *value_len)
		return -EINVAL;
	*value_len = seki_bpf_map_def(map)->value_size;
	return seki_bpf_map_get(map, key, value);
}

static int digest(const char *name, void *record, size_t *len)
{
	struct seki_bpf_map *map = seki_bpf_prog_map(prog, name);

	if (!map || seki_bpf_map_def(map)->value_size > *len)
		return -EINVAL;
	*len = seki_bpf_map_def(map)->value_size;
	return seki_bpf_digest_next(prog, name, 0, record);
}

static int udp_sent(void *arg, const struct seki_udp_query *query, uint64_t within_ms,
		    bool may_wait)
{
	(void)within_ms;
	(void)may_wait;
	return p4run_sent(arg, query);
}

static int udp_sent_any(void *arg, uint64_t within_ms, bool may_wait)
{
	const struct p4run_facts *facts = arg;

	(void)within_ms;
	(void)may_wait;
	return facts->n > 0;
}

static uint64_t time_ns(void *arg)
{
	return ((const struct p4run_facts *)arg)->time;
}

static int run(struct p4run_packet *packet, const struct p4run_facts *facts, uint64_t *result)
{
	struct seki_bpf_host host = {.arg = (void *)facts,
				     .udp_sent = udp_sent,
				     .udp_sent_any = udp_sent_any,
				     .time_ns = facts->time ? time_ns : NULL};
	struct seki_bpf_run r = {
		.host = &host,
		.buf = packet->buf,
		.size = sizeof(packet->buf),
		.off = packet->off,
		.copied = packet->len,
		.len = packet->len,
		.meta = packet->meta,
	};
	int err = seki_bpf_prog_run(prog, &r, result);

	packet->off = r.off;
	packet->len = r.len;
	packet->meta = r.meta;
	packet->site = r.site;
	return err;
}

const struct p4run_engine p4run_bpf = {
	.suffix = ".o", .load = load, .set = set, .get = get, .digest = digest, .run = run};
