// SPDX-License-Identifier: Apache-2.0
/*
 * sekisho-bpf-plugin: runs one program of the instruction set's conformance suite, as the runner of
 * bpf_conformance asks: the memory as hex bytes in an argument (may be empty or missing), the
 * program as hex bytes on standard input; r0 as hex on standard output, or a message and failure.
 * The program need not be safe: it runs in the interpreter with exact checks of every access.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "core/base/check.h"
#include "lib/bpf/helpers.h"
#include "sekisho/bpf.h"

#define INSNS_MAX 100000000

struct memory {
	uint8_t *bytes;
	size_t len;
};

static int nibble(int c)
{
	return isdigit(c) ? c - '0' : tolower(c) - 'a' + 10;
}

/* Hex digits, spaces between bytes; false where there is anything else. */
static bool parse_hex(const char *s, struct memory *out)
{
	out->bytes = calloc(1, strlen(s) / 2 + 1);
	if (!out->bytes)
		return false;
	while (*s) {
		if (isspace((unsigned char)*s)) {
			s++;
			continue;
		}
		if (!isxdigit((unsigned char)s[0]) || !isxdigit((unsigned char)s[1]))
			return false;
		out->bytes[out->len++] = (uint8_t)(nibble(s[0]) << 4 | nibble(s[1]));
		s += 2;
	}
	return true;
}

static char *read_all(FILE *in)
{
	size_t size = (size_t)SEKI_BPF_MAX_INSNS * 8 * 3, len;
	char *text = calloc(1, size + 1);

	if (!text)
		return NULL;
	len = fread(text, 1, size, in);
	text[len] = '\0';
	return text;
}

static bool allows(void *arg, uint64_t addr, uint64_t len, bool write)
{
	const struct memory *mem = arg;

	(void)write;
	return seki_in_range(addr - (uint64_t)(uintptr_t)mem->bytes, len, mem->len);
}

/* Of our helpers the suite may call the one that takes no argument. */
static bool allows_call(void *arg, int64_t number, const uint64_t args[5])
{
	(void)arg;
	(void)args;
	return number == SEKI_HELPER_TIME_NS;
}

static int run(const struct seki_bpf_op *ops, struct memory *mem, uint64_t *r0)
{
	static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	struct seki_bpf_run none = {.host = NULL};
	struct seki_bpf_running running = {.run = &none};
	struct seki_bpf_guard guard = {
		.allows = allows, .allows_call = allows_call, .arg = mem, .max_insns = INSNS_MAX};
	struct seki_bpf_vm vm = {
		.ops = ops,
		.stack = stack,
		.helpers = seki_bpf_helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.guard = &guard,
		.arg = &running,
	};
	int err = seki_bpf_interp(&vm, mem->len ? (uint64_t)(uintptr_t)mem->bytes : 0, mem->len,
				  r0);

	if (err)
		fprintf(stderr, "sekisho-bpf-plugin: insn %u: %s\n", vm.pc, strerror(-err));
	return err;
}

static int decode_and_run(const struct memory *code, struct memory *mem)
{
	uint32_t n = (uint32_t)(code->len / sizeof(struct seki_bpf_insn));
	struct seki_bpf_op *ops = calloc(n + 1, sizeof(*ops));
	struct seki_bpf_fault fault;
	uint64_t r0;
	int err;

	if (!ops)
		return SEKI_EXIT_FAILED;
	err = seki_bpf_decode((const struct seki_bpf_insn *)(const void *)code->bytes, n, ops,
			      &fault);
	if (err)
		fprintf(stderr, "sekisho-bpf-plugin: insn %u: %s\n", fault.insn, fault.why);
	else
		err = run(ops, mem, &r0);
	free(ops);
	if (err)
		return SEKI_EXIT_FAILED;
	printf("%" PRIx64 "\n", r0);
	return SEKI_EXIT_OK;
}

static int run_input(const char *memory_hex)
{
	struct memory mem = {.len = 0}, code = {.len = 0};
	char *text = read_all(stdin);
	int status;

	if (!text || !parse_hex(memory_hex, &mem) || !parse_hex(text, &code) ||
	    code.len % sizeof(struct seki_bpf_insn) || code.len / 8 > SEKI_BPF_MAX_INSNS) {
		fprintf(stderr, "sekisho-bpf-plugin: the memory or the program is not hex bytes "
				"of whole instructions; see --help\n");
		status = SEKI_EXIT_USAGE;
	} else {
		status = decode_and_run(&code, &mem);
	}
	free(text);
	free(mem.bytes);
	free(code.bytes);
	return status;
}

int main(int argc, char **argv)
{
	static const char help[] =
		"usage: sekisho-bpf-plugin [MEMORY-HEX] < PROGRAM-HEX\n"
		"Runs one BPF program, given as hex bytes, on a memory, given likewise, with exact\n"
		"checks of every access, and prints r0 in hex: a plug-in of bpf_conformance.\n";

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		fputs(help, stdout);
		return SEKI_EXIT_OK;
	}
	return run_input(argc > 1 ? argv[1] : "");
}
