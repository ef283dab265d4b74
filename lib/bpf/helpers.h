/* SPDX-License-Identifier: Apache-2.0 */
/* The helper functions that programs call: the bodies behind core/bpf/helper.h. */
#ifndef SEKI_LIB_BPF_HELPERS_H
#define SEKI_LIB_BPF_HELPERS_H

#include "core/bpf/helper.h"
#include "core/bpf/interp.h"
#include "core/bpf/packet.h"

struct seki_bpf_run;

/* What the helpers find at vm->arg. A map's handle is the address of its struct seki_bpf_map. */
struct seki_bpf_running {
	struct seki_bpf_packet packet;
	struct seki_bpf_run *run;
};

extern const seki_bpf_helper seki_bpf_helpers[SEKI_HELPER_MAX];

/* Those that may stop the program, a bit each. */
#define SEKI_BPF_STOPPERS                                                                          \
	(1ull << SEKI_HELPER_ADJUST_HEAD | 1ull << SEKI_HELPER_VM_UDP_SENT |                       \
	 1ull << SEKI_HELPER_VM_UDP_SENT_ANY)

#endif
