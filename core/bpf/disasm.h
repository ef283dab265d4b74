/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SEKI_CORE_BPF_DISASM_H
#define SEKI_CORE_BPF_DISASM_H

#include "core/bpf/isa.h"
#include "core/bpf/text.h"

/* Appends the instruction as LLVM writes it, jump targets as the numbers of slots. */
void seki_bpf_disasm(const struct seki_bpf_op *op, struct seki_text *text);

#endif
