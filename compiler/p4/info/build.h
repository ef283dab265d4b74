/* SPDX-License-Identifier: Apache-2.0 */
/* The P4Info that is being made: info.c (tables, actions), extern.c, type.c, text.c. */
#ifndef SEKI_P4_INFO_BUILD_H
#define SEKI_P4_INFO_BUILD_H

#include "abi/p4info.pb-c.h"
#include "compiler/p4/info/info.h"

#define PREFIX(kind) P4__CONFIG__V1__P4_IDS__PREFIX__##kind

typedef P4__Config__V1__Preamble Preamble;

struct info {
	const struct ir_program *ir;
	struct seki_arena *arena;
	P4__Config__V1__P4Info root;
	Preamble **preambles; /* of all objects */
	uint32_t n_preambles;
	uint32_t *table_ids, *extern_ids; /* by the graph's id */
};

/* info.c: an id and a name that no other object has. */
Preamble *seki_info_preamble(struct info *info, uint32_t prefix, const char *name);

/* extern.c */
void seki_info_externs(struct info *info);

/* type.c */
P4__Config__V1__P4DataTypeSpec *seki_info_type(struct info *info, const struct p4_type *type);
/* The name of a `type T name`, or NULL. */
P4__Config__V1__P4NamedType *seki_info_new_type(struct info *info, const struct p4_type *type);
/* A value as P4Runtime has it: big-endian, in as few bytes as hold it. */
ProtobufCBinaryData seki_info_bytes(struct info *info, const struct p4_num *num, uint32_t width);

/* text.c */
void seki_info_print(const ProtobufCMessage *message, struct seki_strbuf *out);

#endif
