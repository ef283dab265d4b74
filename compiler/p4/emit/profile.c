/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Action profiles and selectors: a table's entry names a member or a group of members, whose map has
 * the action and its data. What a control plane writes is not trusted: it may name what is not there,
 * and a group may say that it has more members than there is room for.
 */
#include "compiler/p4/emit/extern.h"

#include <string.h>

static bool selects(const struct ir_extern *ext)
{
	return strcmp(ext->type, "ActionSelector") == 0;
}

void seki_emit_declare_profile(struct emit *em, const struct ir_extern *ext)
{
	uint32_t size = seki_emit_cells(em, ext, selects(ext) ? 1 : 0);
	const struct ir_table *table = em->ir->tables;

	while (table && table->profile != ext)
		table = table->next;
	if (!table)
		return;
	seki_emit_map(em, ext->map_name, "", SEKI_MAP_HASH, "u32",
		      seki_emit_text(em, "struct %s$value", table->map_name), size);
	if (selects(ext))
		seki_emit_map(em, ext->map_name, "_groups", SEKI_MAP_HASH, "u32", "struct group",
			      size);
}

void seki_emit_declare_member(struct emit *em, const struct ir_table *table)
{
	seki_emit_line(em, "struct %s$entry {\n\tu32 member%s;", table->map_name,
		       selects(table->profile) ? ", group" : "");
	seki_emit_direct_cells(em, table);
	seki_emit_line(em, "};");
}

void seki_emit_find_member(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_table *table = insn->table;
	const char *profile = table->profile->map_name;

	seki_emit_line(em, "struct %s$entry *entry = ubpf_map_lookup(&%s$map, &key);",
		       table->map_name, table->map_name);
	seki_emit_line(em, "if (entry) {\n\tu32 member = entry->member, none = 0;");
	if (selects(table->profile)) {
		seki_emit_line(em,
			       "u32 number = entry->group;\nif (number) {\n"
			       "\tstruct group *group = ubpf_map_lookup(&%s$map_groups, &number);",
			       profile);
		seki_emit_line(em, "none = 1;\nif (group) {\n\tu64 n = group->n;");
		seki_emit_selector_hash(em, insn);
		seki_emit_line(em,
			       "if (n && n <= %u) {\n\thash %%= n;\n"
			       "asm volatile(\"\" : \"+r\"(hash));\n"
			       "if (hash < %u) {\n\tmember = group->members[hash];\nnone = 0;\n"
			       "}\n}\n}\n}",
			       SEKI_GROUP_MEMBERS, SEKI_GROUP_MEMBERS);
	}
	seki_emit_line(em, "if (!none)\n\tvalue$%u = ubpf_map_lookup(&%s$map, &member);", table->id,
		       profile);
	if (table->n_direct)
		seki_emit_line(em, "if (value$%u)\n\tentry$%u = entry;", table->id, table->id);
	seki_emit_line(em, "}");
}
