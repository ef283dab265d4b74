// SPDX-License-Identifier: Apache-2.0
/* Runs counter.o on one packet: cc embed.c $(pkg-config --cflags --libs sekisho-bpf) */
#include <sekisho/bpf.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	static uint8_t object[1 << 20], buf[64 + 1514]; /* 64 bytes for headers that it may add */
	static char log[4096];
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	size_t len = file ? fread(object, 1, sizeof(object), file) : 0;
	struct seki_bpf_load_opts opts;
	struct seki_bpf_run run;
	struct seki_bpf_prog *prog;
	struct seki_bpf_map *map;
	uint32_t key = 0;
	uint64_t verdict, count;

	memset(&opts, 0, sizeof(opts));
	opts.sz = sizeof(opts);
	opts.log = log;
	opts.log_size = sizeof(log);
	if (seki_bpf_prog_load(object, len, &opts, &prog)) {
		fprintf(stderr, "refused: %s", log);
		return 1;
	}
	memset(&run, 0, sizeof(run));
	run.buf = buf;
	run.size = sizeof(buf);
	run.off = 64;
	run.copied = run.len = 60;
	if (seki_bpf_prog_run(prog, &run, &verdict) == 0)
		printf("verdict: %s\n", verdict ? "pass" : "drop");
	map = seki_bpf_prog_map(prog, "packets");
	if (map && seki_bpf_map_get(map, &key, &count) == 0)
		printf("packets: %llu\n", (unsigned long long)count);
	seki_bpf_prog_destroy(prog);
	return 0;
}
