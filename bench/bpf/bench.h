/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The benchmark of the BPF machine: workloads are programs (programs/) with packets and tables,
 * engines run them. A unit is a workload in an engine, with packets and maps of its own.
 */
#ifndef SEKI_BENCH_BPF_BENCH_H
#define SEKI_BENCH_BPF_BENCH_H

#include "lib/bpf/prog.h"

#define BENCH_PACKETS	   8 /* of a workload, in turn */
#define BENCH_PACKET_BYTES 2048
#define BENCH_RESTORES	   4

/* How a program is entered, natively too: the packet's context and its metadata; or, flat, as
 * DPDK's machine does it: the address of the packet's bytes. */
typedef uint64_t (*bench_function)(void *r1, void *r2);

struct bench_workload {
	const char *name;
	const char *object; /* file name of the BPF object */
	const char *dpdk;   /* of that which DPDK is given */
	bench_function native;
	bool flat;
	void (*packet)(unsigned int index, uint8_t *bytes, uint32_t *len);
	void (*fill)(struct seki_bpf_prog *prog); /* tables; may be NULL */
	/* Offsets of 8 bytes of the packet each that are put back before each run; 0: none. */
	uint16_t restore[BENCH_RESTORES];
};

extern const struct bench_workload bench_workloads[];
extern const unsigned int bench_n_workloads;

/* A packet and what a run on it needs. */
struct bench_context {
	struct seki_bpf_running running;
	struct seki_bpf_run run;
	uint64_t restore[BENCH_RESTORES];
	uint8_t buf[BENCH_PACKET_BYTES];
};

struct bench_unit {
	const struct bench_workload *load;
	struct bench_context contexts[BENCH_PACKETS];
	struct seki_bpf_prog *prog; /* whose maps are used; NULL: flat */
	struct seki_bpf_vm vm;
	struct seki_bpf_op *ops; /* flat */
	uint32_t n_ops;
	struct seki_bpf_code code; /* flat */
	uint64_t fuel;
	void *dpdk;
	bench_function function;
	int (*run)(struct bench_unit *unit, struct bench_context *context, uint64_t *r0);
	void (*batch)(struct bench_unit *unit, uint64_t n); /* n runs, the packets in turn */
	double load_ns;	     /* what verifying and compiling took; 0: not measured */
	uint32_t code_bytes; /* of machine code; 0: none, or unknown */
	char why_not[200];   /* why it cannot run the program; else "" */
};

struct bench_engine {
	const char *name;
	void (*open)(struct bench_unit *unit);
	void (*close)(struct bench_unit *unit); /* may be NULL */
};

extern const struct bench_engine bench_native, bench_jit, bench_interp, bench_run, bench_dpdk_jit,
	bench_dpdk_interp;

/* Folder of the objects. */
extern const char *bench_folder;

/* Reads a file of that folder; ends the program where it cannot. */
uint8_t *bench_read(const char *name, size_t *len);
void bench_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Loads the unit's program and fills its tables. False: it says why not. */
bool bench_load(struct bench_unit *unit, enum seki_bpf_engine engine);

/* Runs `call`, an expression of the context `c`, n times. */
#define BENCH_BATCH(unit, n, call)                                                                 \
	for (uint64_t i_ = 0; i_ < (n); i_++) {                                                    \
		struct bench_context *c = &(unit)->contexts[i_ % BENCH_PACKETS];                   \
                                                                                                   \
		bench_restore(unit, c);                                                            \
		call;                                                                              \
	}

static inline uint8_t *bench_bytes(struct bench_context *c)
{
	return c->running.packet.buf + c->running.packet.off;
}

static inline void bench_restore(struct bench_unit *unit, struct bench_context *c)
{
	const uint16_t *at = unit->load->restore;

	for (int i = 0; i < BENCH_RESTORES && at[i]; i++)
		__builtin_memcpy(bench_bytes(c) + at[i], &c->restore[i], 8);
}

#endif
