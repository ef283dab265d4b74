// SPDX-License-Identifier: Apache-2.0
/*
 * objrun OBJECT: loads an object, then runs it on a packet a line of standard input (hex), in one
 * life of the program; prints "pass HEX" or "drop". Refused objects: the log, exit 1.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sekisho/bpf.h"

#define HEADROOM   128
#define PACKET_MAX 2048
#define FILE_MAX   (1 << 20)

static size_t parse(const char *hex, uint8_t *out)
{
	size_t n = 0;
	unsigned int byte;

	while (n < PACKET_MAX && sscanf(hex + 2 * n, "%2x", &byte) == 1)
		out[n++] = (uint8_t)byte;
	return n;
}

static int run(struct seki_bpf_prog *prog, const char *hex)
{
	static uint8_t buf[HEADROOM + PACKET_MAX];
	uint32_t len = (uint32_t)parse(hex, buf + HEADROOM);
	struct seki_bpf_run r = {
		.buf = buf, .size = sizeof(buf), .off = HEADROOM, .copied = len, .len = len};
	uint64_t r0;
	int err = seki_bpf_prog_run(prog, &r, &r0);

	if (err)
		return err;
	if (r.insns > seki_bpf_prog_info(prog)->worst_insns)
		return -ERANGE;
	printf("%s", r0 ? "pass " : "drop");
	for (uint32_t i = 0; r0 && i < r.copied; i++)
		printf("%02x", buf[r.off + i]);
	printf("\n");
	return 0;
}

static int run_lines(struct seki_bpf_prog *prog)
{
	char line[2 * PACKET_MAX + 2];
	int err = 0;

	while (!err && fgets(line, sizeof(line), stdin))
		err = run(prog, line);
	if (err)
		printf("error %s\n", strerror(-err));
	return err ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	static uint8_t bytes[FILE_MAX];
	char log[4096] = "";
	struct seki_bpf_load_opts opts = {
		.sz = sizeof(opts), .log = log, .log_size = sizeof(log), .verbose = true};
	FILE *in = argc > 1 ? fopen(argv[1], "rb") : NULL;
	struct seki_bpf_prog *prog;
	size_t len;
	int status;

	if (!in)
		return EXIT_FAILURE;
	len = fread(bytes, 1, sizeof(bytes), in);
	fclose(in);
	if (seki_bpf_prog_load(bytes, len, &opts, &prog)) {
		printf("%s", log);
		return EXIT_FAILURE;
	}
	status = run_lines(prog);
	seki_bpf_prog_destroy(prog);
	return status;
}
