// SPDX-License-Identifier: Apache-2.0
/*
 * sekisho-bpf-plugin: runs one program of the instruction set's conformance suite, as the runner of
 * bpf_conformance asks: the memory as hex bytes in an argument (may be empty or missing), the
 * program as hex bytes on standard input; r0 as hex on standard output, or a message and failure.
 * The program need not be safe. The interpreter checks every access exactly. Compiled code has the
 * processor check them: the stack and the memory lie between pages that fault, the memory once with
 * its end and once with its start next to one.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "core/base/check.h"
#include "lib/bpf/code.h"
#include "lib/bpf/helpers.h"
#include "sekisho/bpf.h"

#define INSNS_MAX 100000000
#define PAGE	  4096u

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
static const seki_bpf_helper *suite_helpers(void)
{
	static seki_bpf_helper helpers[SEKI_HELPER_MAX];

	helpers[SEKI_HELPER_TIME_NS] = seki_bpf_helpers[SEKI_HELPER_TIME_NS];
	return helpers;
}

struct program {
	const struct seki_bpf_op *ops;
	uint32_t n;
};

static int interpret(const struct program *program, struct memory *mem, uint64_t *r0)
{
	static uint8_t stack[SEKI_BPF_STACK_BYTES] __attribute__((aligned(16)));
	struct seki_bpf_run none = {.host = NULL};
	struct seki_bpf_running running = {.run = &none};
	struct seki_bpf_guard guard = {.allows = allows, .arg = mem, .max_insns = INSNS_MAX};
	struct seki_bpf_vm vm = {
		.ops = program->ops,
		.stack = stack,
		.helpers = suite_helpers(),
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

static void on_fault(int signal)
{
	static const char text[] = "sekisho-bpf-plugin: the code touched what is not its own\n";

	(void)signal;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(SEKI_EXIT_FAILED);
	_exit(SEKI_EXIT_FAILED);
}

/* Faults are handled on a stack of their own: the program's r10 may have led anywhere. */
static void catch_faults(void)
{
	static uint8_t own_stack[1 << 14];
	stack_t stack = {.ss_sp = own_stack, .ss_size = sizeof(own_stack)};
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};

	sigaltstack(&stack, NULL);
	for (size_t i = 0; i < SEKI_COUNT(signals); i++)
		sigaction(signals[i], &action, NULL);
}

/* `len` bytes between pages that fault, at the start or the end of theirs. */
static uint8_t *fenced(size_t len, bool at_end)
{
	size_t room = (len + PAGE - 1) / PAGE * PAGE;
	uint8_t *map = mmap(NULL, room + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED || (room && mprotect(map + PAGE, room, PROT_READ | PROT_WRITE)))
		return NULL;
	return map + PAGE + (at_end ? room - len : 0);
}

static int run_code(const struct seki_bpf_code *code, const struct memory *mem, bool at_end,
		    uint64_t *r0)
{
	struct seki_bpf_run none = {.host = NULL};
	struct seki_bpf_running running = {.run = &none};
	struct seki_bpf_vm vm = {
		.stack = fenced(SEKI_BPF_STACK_BYTES, at_end),
		.arg = &running,
		.fuel = INSNS_MAX,
	};
	uint8_t *bytes = fenced(mem->len, at_end);

	if (!vm.stack || !bytes)
		return -ENOMEM;
	if (mem->len)
		memcpy(bytes, mem->bytes, mem->len);
	*r0 = code->run(&vm, mem->len ? (uint64_t)(uintptr_t)bytes : 0, mem->len);
	return vm.stop;
}

static int compile_and_run(const struct program *program, struct memory *mem, uint64_t *r0)
{
	struct seki_jit_input in = {
		.ops = program->ops,
		.n = program->n,
		.helpers = suite_helpers(),
		.n_helpers = SEKI_HELPER_MAX,
		.packet_at = -1,
	};
	struct seki_bpf_code code = {.map = NULL};
	int err;

	catch_faults();
	err = seki_bpf_code_make(&in, 0, &code);
	if (!err)
		err = run_code(&code, mem, false, r0);
	if (!err)
		err = run_code(&code, mem, true, r0);
	seki_bpf_code_free(&code);
	if (err)
		fprintf(stderr, "sekisho-bpf-plugin: %s\n", strerror(-err));
	return err;
}

typedef int (*engine)(const struct program *program, struct memory *mem, uint64_t *r0);

static int decode_and_run(const struct memory *code, struct memory *mem, engine run)
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
		err = run(&(struct program){ops, n}, mem, &r0);
	free(ops);
	if (err)
		return SEKI_EXIT_FAILED;
	printf("%" PRIx64 "\n", r0);
	return SEKI_EXIT_OK;
}

static int run_input(const char *memory_hex, engine run)
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
		status = decode_and_run(&code, &mem, run);
	}
	free(text);
	free(mem.bytes);
	free(code.bytes);
	return status;
}

int main(int argc, char **argv)
{
	static const char help[] =
		"usage: sekisho-bpf-plugin [--interpret|--jit] [MEMORY-HEX] < PROGRAM-HEX\n"
		"Runs one BPF program, given as hex bytes, on a memory, given likewise, and prints r0\n"
		"in hex: a plug-in of bpf_conformance.\n\n"
		"      --interpret  with exact checks of every access (what it does if not told)\n"
		"      --jit        compiled, with pages that fault around the memory\n"
		"  -h, --help       this text\n";
	const char *memory = "";
	engine run = interpret;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			fputs(help, stdout);
			return SEKI_EXIT_OK;
		}
		if (!strcmp(argv[i], "--interpret"))
			run = interpret;
		else if (!strcmp(argv[i], "--jit"))
			run = compile_and_run;
		else
			memory = argv[i];
	}
	return run_input(memory, run);
}
