/* SPDX-License-Identifier: Apache-2.0 */
/* A loaded program and all that a run of it on one packet needs. */
#ifndef SEKI_CLI_BPF_MACHINE_H
#define SEKI_CLI_BPF_MACHINE_H

#include "cli/bpf.h"
#include "lib/bpf/prog.h"

struct seki_cli_machine {
	struct seki_bpf_prog *prog;
	struct seki_bpf_host host;
	struct seki_bpf_guard guard; /* without `allows`: unchecked */
	uint8_t stack_set[SEKI_BPF_STACK_BYTES];
	uint8_t *buf;
	uint32_t size;
	uint32_t port;	  /* packets come from there */
	bool sent;	  /* the answer to "did the VM send such a datagram?" */
	uint64_t time_ns; /* 0: the clock's */
	char *lines;	  /* what the program printed, a line each */
	size_t lines_len;

	/* Of the last run. */
	struct seki_bpf_run run;
	uint64_t r0;
	int err;
	int32_t grown; /* bytes that the head has more than before, or less */
};

/* Takes the program, also where it fails: -ENOMEM. `checked`: in the interpreter, with exact checks
 * of every access. */
int seki_cli_machine_init(struct seki_cli_machine *m, struct seki_bpf_prog *prog, bool checked);
void seki_cli_machine_exit(struct seki_cli_machine *m);

/* Puts the packet where runs find it. -ENOMEM. */
int seki_cli_machine_put(struct seki_cli_machine *m, const struct seki_cli_packet *packet);

/* One run on the packet that was put there, anew from its start; results are in `m`. */
void seki_cli_machine_run(struct seki_cli_machine *m, const struct seki_cli_packet *packet);

/* "" or why the last run ended before the program did. */
const char *seki_cli_machine_why(const struct seki_cli_machine *m);

#endif
