// SPDX-License-Identifier: Apache-2.0
/* Verifying (and compiling) programs: time, peak memory, what comes out. See loads.h. */
#include "bench/bpf/loads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bpf/bench.h"
#include "core/bpf/verify/verify.h"
#include "lib/bpf/object.h"

#define ROUNDS	  9
#define INSNS_MAX 320000u

/* A program in decoded form, as it is made. */
struct code {
	struct seki_bpf_insn insns[INSNS_MAX];
	uint32_t n;
};

static void add(struct code *code, uint8_t opcode, unsigned int dst, unsigned int src, int16_t off,
		int32_t imm)
{
	if (code->n == INSNS_MAX)
		bench_die("a generated program grew too long");
	code->insns[code->n++] = (struct seki_bpf_insn){opcode, (uint8_t)(src << 4 | dst), off,
							imm};
}

/* r6 = packet, r7 = 0; left with r0 = 0 where it has less than 64 bytes. */
static void add_start(struct code *code)
{
	code->n = 0;
	add(code, 0xbf, 6, 2, 0, 0);  /* r6 = r2 */
	add(code, 0x85, 0, 0, 0, 9);  /* call packet_data */
	add(code, 0x61, 1, 6, 4, 0);  /* r1 = packet_length */
	add(code, 0xbf, 6, 0, 0, 0);  /* r6 = r0 */
	add(code, 0xb7, 7, 0, 0, 0);  /* r7 = 0 */
	add(code, 0xb7, 0, 0, 0, 0);  /* r0 = 0 */
	add(code, 0x35, 1, 0, 1, 64); /* if r1 >= 64 goto +1 */
	add(code, 0x95, 0, 0, 0, 0);  /* exit */
}

static void add_end(struct code *code)
{
	add(code, 0xbf, 0, 7, 0, 0);
	add(code, 0x95, 0, 0, 0, 0);
}

/* Field after field is read, judged, counted: what a parser and its tables become. */
static void make_branchy(struct code *code, uint32_t n)
{
	add_start(code);
	for (uint32_t i = 0; code->n + 10 <= n; i++) {
		add(code, 0x71, 1, 6, (int16_t)(i % 63), 0);	 /* r1 = field */
		add(code, 0x71, 2, 6, (int16_t)(i % 61 + 1), 0); /* r2 = another */
		add(code, 0x67, 2, 0, 0, 8);			 /* r2 <<= 8 */
		add(code, 0x4f, 1, 2, 0, 0);			 /* r1 |= r2 */
		add(code, 0x25, 1, 0, 2, (int32_t)(i * 37));	 /* if r1 > i goto +2 */
		add(code, 0x57, 1, 0, 0, 15);			 /* r1 &= 15 */
		add(code, 0x0f, 7, 1, 0, 0);			 /* r7 += r1 */
		add(code, 0x55, 1, 0, 1, (int32_t)i);		 /* if r1 != i goto +1 */
		add(code, 0x57, 7, 0, 0, 0xffff);		 /* r7 &= 0xffff */
	}
	while (code->n + 2 < n)
		add(code, 0x07, 7, 0, 0, 1);
	add_end(code);
}

/* Each branch sets another bit or not: no path is like another. */
static void make_adversarial(struct code *code, uint32_t branches)
{
	add_start(code);
	for (uint32_t i = 0; i < branches; i++) {
		if (i % 8 == 0)
			add(code, 0x71, 1, 6, (int16_t)(i / 8 % 64), 0);   /* r1 = byte */
		add(code, 0x45, 1, 0, 1, 1 << (i % 8));			   /* if r1 & bit goto +1 */
		add(code, 0x07, 7, 0, 0, (int32_t)(i * 2654435761u >> 1)); /* r7 += */
	}
	add(code, 0x57, 7, 0, 0, 63); /* r7 &= 63 */
	add(code, 0x0f, 6, 7, 0, 0);  /* r6 += r7 */
	add(code, 0x71, 7, 6, 0, 0);  /* r7 = packet[r7] */
	add_end(code);
}

struct outcome {
	double verify_ns, compile_ns; /* medians */
	uint32_t insns, code_bytes;
	long peak_kib;
	char reason[160];
};

static double compile(const struct seki_bpf_image *image, struct outcome *out)
{
	struct seki_jit_input in = {
		.ops = image->ops,
		.n = image->n,
		.helpers = seki_bpf_helpers,
		.n_helpers = SEKI_HELPER_MAX,
		.stoppers = SEKI_BPF_STOPPERS,
		.packet_at = offsetof(struct seki_bpf_running, packet),
	};
	struct seki_bpf_code code;
	double start = bench_now();

	if (seki_bpf_code_make(&in, 0, &code))
		return 0;
	start = bench_now() - start;
	out->code_bytes = (uint32_t)code.size;
	seki_bpf_code_free(&code);
	return start;
}

/* From the wire form to a verdict, and to machine code where it is a good one. */
static void judge(const struct code *code, struct outcome *out, double *verify_ns,
		  double *compile_ns)
{
	struct seki_bpf_op *ops = calloc(code->n, sizeof(*ops));
	struct seki_bpf_image image = {.ops = ops, .n = code->n};
	struct seki_bpf_rejection why;
	struct seki_bpf_fault fault;
	struct seki_bpf_proof proof;
	double start = bench_now();
	void *memory = mmap(NULL, SEKI_VERIFY_MEMORY, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int err;

	if (!ops || memory == MAP_FAILED)
		bench_die("no memory");
	if (seki_bpf_decode(code->insns, code->n, ops, &fault))
		bench_die("a generated program is malformed at %u: %s", fault.insn, fault.why);
	err = seki_bpf_verify(&image, memory, SEKI_VERIFY_MEMORY, &proof, &why);
	munmap(memory, SEKI_VERIFY_MEMORY);
	*verify_ns = bench_now() - start;
	*compile_ns = err ? 0 : compile(&image, out);
	snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1,
		 err ? why.reason : "accepted");
	out->insns = code->n;
	free(ops);
}

static double load(const char *name, enum seki_bpf_engine engine, struct outcome *out)
{
	char log[4096] = "accepted";
	struct seki_bpf_load_opts opts = {
		.sz = sizeof(opts), .engine = engine, .log = log, .log_size = sizeof(log)};
	struct seki_bpf_prog *prog;
	size_t len;
	uint8_t *object = bench_read(name, &len);
	double start = bench_now();
	int err = seki_bpf_prog_load(object, len, &opts, &prog);

	start = bench_now() - start;
	free(object);
	snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1,
		 err ? log : "accepted");
	if (err)
		return start;
	out->insns = prog->info.insns;
	out->code_bytes = prog->info.native_bytes;
	seki_bpf_prog_destroy(prog);
	return start;
}

/* All that it takes to load an object, its maps too; what more it takes with the JIT. */
static void judge_object(const char *name, struct outcome *out, double *verify_ns,
			 double *compile_ns)
{
	*verify_ns = load(name, SEKI_BPF_ENGINE_INTERPRETER, out);
	*compile_ns = load(name, SEKI_BPF_ENGINE_AUTO, out) - *verify_ns;
}

/* In a process of its own, so that its peak of memory is this program's. */
static struct outcome measure(const struct code *code, const char *object)
{
	struct outcome *out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		       result;
	int status;
	pid_t pid;

	if (out == MAP_FAILED)
		bench_die("no memory");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		struct rusage before, after;
		double verify_ns[ROUNDS], compile_ns[ROUNDS];

		getrusage(RUSAGE_SELF, &before);
		for (int i = 0; i < ROUNDS; i++)
			if (object)
				judge_object(object, out, &verify_ns[i], &compile_ns[i]);
			else
				judge(code, out, &verify_ns[i], &compile_ns[i]);
		getrusage(RUSAGE_SELF, &after);
		out->verify_ns = bench_median(verify_ns, ROUNDS);
		out->compile_ns = bench_median(compile_ns, ROUNDS);
		out->peak_kib = after.ru_maxrss - before.ru_maxrss;
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		bench_die("a process that verifies failed");
	result = *out;
	munmap(out, sizeof(*out));
	return result;
}

static void print_outcome(const char *name, const struct code *code, const char *object, bool json)
{
	struct outcome out = measure(code, object);

	out.reason[strcspn(out.reason, ";\n")] = '\0';
	printf(json ? "%s\n{\"name\": \"%s\", \"insns\": %u, \"verify_ms\": %.4f, \"jit_ms\": %.4f, "
		      "\"peak_kib\": %ld, \"code_bytes\": %u, \"outcome\": \"%s\"}"
		    : "%s  %-27s %6u insns  %8.3f + %6.3f ms  %6ld KiB  %6u bytes of code  %s\n",
	       json && code ? "," : "", name, out.insns, out.verify_ns / 1e6, out.compile_ns / 1e6,
	       out.peak_kib, out.code_bytes, out.reason);
}

void bench_print_loads(bool json)
{
	struct code *code = malloc(sizeof(*code));

	if (!code)
		bench_die("no memory");
	printf(json ? "\"loads\": [" : "\nverify + JIT: CPU time, peak memory, code, outcome\n");
	print_outcome("examples/nat.p4, the object", NULL, "nat.o", json);
	make_branchy(code, 1000);
	print_outcome("1,000 instructions", code, NULL, json);
	make_branchy(code, 4000);
	print_outcome("4,000 instructions, branchy", code, NULL, json);
	make_adversarial(code, 40);
	print_outcome("40 hostile branches", code, NULL, json);
	make_adversarial(code, 30000);
	print_outcome("30,000 hostile branches", code, NULL, json);
	make_adversarial(code, 100000);
	print_outcome("100,000 hostile branches", code, NULL, json);
	printf(json ? "]}\n" : "");
	free(code);
}
