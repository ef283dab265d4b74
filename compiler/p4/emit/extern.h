/* SPDX-License-Identifier: Apache-2.0 */
/* Between extern.c, which has the table of all externs, and the files that write some of them. */
#ifndef SEKI_P4_EMIT_EXTERN_H
#define SEKI_P4_EMIT_EXTERN_H

#include "compiler/p4/emit/emit.h"

#define EMIT_CELLS_MAX 1048576u /* of one object */

/* extern.c */
const char *seki_emit_arg(struct emit *em, const struct ir_insn *insn, uint32_t i);
/* Sets what the call returns, of no more than 64 bits. */
void seki_emit_give(struct emit *em, const struct ir_insn *insn, const char *text);
void seki_emit_copy_to(struct emit *em, const char *to, const struct ir_expr *value);
/* Members of a struct for a value of that type, their names from `path` on; and that of an argument. */
void seki_emit_record(struct emit *em, const struct p4_type *type, const char *path);
const char *seki_emit_member(struct emit *em, const char *path);
/* How many cells an object has, by argument `i` of its constructor; 1 where an error is told. */
uint32_t seki_emit_cells(struct emit *em, const struct ir_extern *ext, uint32_t i);

/* hash.c */
void seki_emit_get_hash(struct emit *em, const struct ir_insn *insn);
void seki_emit_checksum(struct emit *em, const struct ir_insn *insn);
/* Of the keys of a lookup that choose a member; leaves it in `hash`. */
void seki_emit_selector_hash(struct emit *em, const struct ir_insn *insn);

/* profile.c */
void seki_emit_declare_profile(struct emit *em, const struct ir_extern *ext);
/* The type of a table's entries, and finding `entry` and with it the value of a member. */
void seki_emit_declare_member(struct emit *em, const struct ir_table *table);
void seki_emit_find_member(struct emit *em, const struct ir_insn *insn);

/* count.c */
void seki_emit_declare_counter(struct emit *em, const struct ir_extern *ext);
void seki_emit_declare_meter(struct emit *em, const struct ir_extern *ext);
/* Those of a table's entry, as members of a struct. */
void seki_emit_direct_cells(struct emit *em, const struct ir_table *table);
void seki_emit_declare_direct(struct emit *em, const struct ir_extern *ext);
void seki_emit_count_call(struct emit *em, const struct ir_insn *insn);
void seki_emit_direct_count(struct emit *em, const struct ir_insn *insn);
void seki_emit_meter(struct emit *em, const struct ir_insn *insn);
void seki_emit_direct_meter(struct emit *em, const struct ir_insn *insn);

/* digest.c */
void seki_emit_declare_digest(struct emit *em, const struct ir_extern *ext);
void seki_emit_pack(struct emit *em, const struct ir_insn *insn);
void seki_emit_declare_random(struct emit *em, const struct ir_extern *ext);
void seki_emit_random(struct emit *em, const struct ir_insn *insn);

#endif
