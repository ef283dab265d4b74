/* SPDX-License-Identifier: Apache-2.0 */
/*
 * P4Info: what a control plane is told of a program (P4Runtime specification 1.4, section 6), in
 * the messages of abi/p4info.proto.
 */
#ifndef SEKI_P4_INFO_INFO_H
#define SEKI_P4_INFO_INFO_H

#include "compiler/p4/ir/ir.h"

struct seki_strbuf;

/* The P4Info of the program as bytes of protobuf: of the arena. */
void seki_p4_info(const struct ir_program *ir, uint8_t **data, size_t *len);

/* The same as text of protobuf (".txtpb"), as P4Runtime's tools read it. */
void seki_p4_info_text(const struct ir_program *ir, struct seki_strbuf *out);

#endif
