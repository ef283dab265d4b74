/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters and meters. An indexed counter has cells for each queue, which nobody else writes; all
 * else is shared by queues, so that direct counters are atomic and meters take turns (prelude.c).
 */
#include "compiler/p4/emit/extern.h"

#include <string.h>

enum { RED, GREEN, YELLOW };
enum { PACKETS, BYTES, BOTH };

static uint64_t argument(const struct ir_extern *ext, uint32_t i)
{
	return i < ext->n_args ? seki_num_to_u64(&ext->args[i]) : 0;
}

static bool is_meter(const struct ir_extern *direct)
{
	return strcmp(direct->type, "DirectMeter") == 0;
}

/* ---- declarations ---- */

void seki_emit_declare_counter(struct emit *em, const struct ir_extern *ext)
{
	seki_emit_map(em, ext->map_name, "", SEKI_MAP_QUEUE_ARRAY, "u32", "struct counter",
		      seki_emit_cells(em, ext, 0));
}

void seki_emit_declare_meter(struct emit *em, const struct ir_extern *ext)
{
	seki_emit_map(em, ext->map_name, "", SEKI_MAP_ARRAY, "u32", "struct meter",
		      seki_emit_cells(em, ext, 0));
}

void seki_emit_direct_cells(struct emit *em, const struct ir_table *table)
{
	for (uint32_t i = 0; i < table->n_direct; i++)
		seki_emit_line(em, "\tstruct %s d$%u;",
			       is_meter(table->direct[i]) ? "meter" : "counter",
			       table->direct[i]->id);
}

void seki_emit_declare_direct(struct emit *em, const struct ir_extern *ext)
{
	bool meter = is_meter(ext);

	if (!ext->table)
		seki_diag_error(em->diags, ext->decl->tok->at,
				"'%s' is of no table: one must have psa_direct_%s = %s",
				ext->decl->name, meter ? "meter" : "counter", ext->decl->name);
}

/* ---- arguments ---- */

static const struct ir_expr *named(const struct ir_insn *insn, const char *name)
{
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (insn->args[i].param && strcmp(insn->args[i].param->name, name) == 0)
			return insn->args[i].value;
	return NULL;
}

/* `cell`, NULL where the index is out of range. */
static void find_cell(struct emit *em, const struct ir_insn *insn, const char *type)
{
	const struct ir_expr *index = named(insn, "index");
	const char *text = seki_emit_is_wide(index->width) ? seki_emit_wide_amount(em, index)
							   : seki_emit_value(em, index);

	if (index->width > 32)
		text = seki_emit_text(em, "(%s) < ~0u ? %s : ~0u", text, text);
	seki_emit_line(em, "u32 at = %s;\nstruct %s *cell = ubpf_map_lookup(&%s$map, &at);", text,
		       type, insn->ext->map_name);
}

/* What has a direct counter or meter: members of an action profile are others' as well. */
static const char *direct_holder(struct emit *em, const struct ir_table *table)
{
	return seki_emit_text(em, "%s$%u", table->profile ? "entry" : "value", table->id);
}

/* ---- counters ---- */

void seki_emit_count_call(struct emit *em, const struct ir_insn *insn)
{
	uint64_t what = argument(insn->ext, 1);

	seki_emit_line(em, "{");
	find_cell(em, insn, "counter");
	seki_emit_line(em, "if (cell) {");
	if (what != BYTES)
		seki_emit_line(em, "cell->packets++;");
	if (what != PACKETS)
		seki_emit_line(em, "cell->bytes += std->packet_length;");
	seki_emit_line(em, "}\n}");
}

void seki_emit_direct_count(struct emit *em, const struct ir_insn *insn)
{
	uint64_t what = argument(insn->ext, 0);
	const char *value;

	if (!insn->ext->table)
		return;
	value = direct_holder(em, insn->ext->table);
	seki_emit_line(em, "if (%s) {", value);
	if (what != BYTES)
		seki_emit_line(em, "__sync_fetch_and_add(&%s->d$%u.packets, 1);", value,
			       insn->ext->id);
	if (what != PACKETS)
		seki_emit_line(em, "__sync_fetch_and_add(&%s->d$%u.bytes, std->packet_length);",
			       value, insn->ext->id);
	seki_emit_line(em, "}");
}

/* ---- meters ---- */

static const char *amount(uint64_t type)
{
	return type == BYTES ? "std->packet_length" : "1";
}

/* `color`: without one all are green. */
static void start_color(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_expr *color = named(insn, "color");

	if (color)
		seki_emit_line(em, "u32 color = %s;", seki_emit_value(em, color));
	else
		seki_emit_line(em, "u32 color = %u;", GREEN);
}

void seki_emit_meter(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_line(em, "{");
	start_color(em, insn);
	find_cell(em, insn, "meter");
	seki_emit_line(em, "if (cell)\n\tcolor = police(cell, %s, color);",
		       amount(argument(insn->ext, 1)));
	seki_emit_give(em, insn, "color");
	seki_emit_line(em, "}");
}

void seki_emit_direct_meter(struct emit *em, const struct ir_insn *insn)
{
	const char *holder;

	if (!insn->ext->table)
		return;
	holder = direct_holder(em, insn->ext->table);
	seki_emit_line(em, "{");
	start_color(em, insn);
	seki_emit_line(em, "if (%s)\n\tcolor = police(&%s->d$%u, %s, color);", holder, holder,
		       insn->ext->id, amount(argument(insn->ext, 0)));
	seki_emit_give(em, insn, "color");
	seki_emit_line(em, "}");
}
