/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables: the maps they live in, and looking up. A table of exact keys is a hash map, laid out as
 * p4c's uBPF back end does it (key fields named after their expressions, widest first); one lpm key,
 * beside exact ones, is a trie; anything else is a classifier. A default action that the control
 * plane may change is in a map of its own.
 */
#include "compiler/p4/emit/extern.h"

#include <string.h>

/* ---- the shape of keys and values ---- */

enum seki_map_type seki_emit_table_type(const struct ir_table *table)
{
	uint32_t lpm = 0, other = 0;

	for (uint32_t i = 0; i < table->n_keys; i++) {
		lpm += table->keys[i].match == IR_MATCH_LPM;
		other += table->keys[i].match != IR_MATCH_LPM &&
			 table->keys[i].match != IR_MATCH_EXACT;
	}
	return other || lpm > 1 ? SEKI_MAP_CLASSIFIER : lpm ? SEKI_MAP_LPM : SEKI_MAP_HASH;
}

/* A key's place before another of the same table in C's struct. */
static bool goes_before(const struct ir_table *table, const struct ir_key *a,
			const struct ir_key *b)
{
	if (seki_emit_table_type(table) == SEKI_MAP_HASH)
		return a->width > b->width;
	return seki_emit_table_type(table) == SEKI_MAP_LPM && b->match == IR_MATCH_LPM;
}

const struct ir_key **seki_emit_keys(struct emit *em, const struct ir_table *table)
{
	const struct ir_key **keys = seki_arena_alloc(em->arena,
						      (table->n_keys + 1) * sizeof(*keys));

	for (uint32_t i = 0; i < table->n_keys; i++) {
		uint32_t at = i;

		for (; at > 0 && goes_before(table, &table->keys[i], keys[at - 1]); at--)
			keys[at] = keys[at - 1];
		keys[at] = &table->keys[i];
	}
	return keys;
}

const char *seki_emit_key_name(struct emit *em, const struct ir_table *table,
			       const struct ir_key *key)
{
	const char *name = seki_emit_cname(em, key->name);

	for (const struct ir_key *other = table->keys; other != key; other++)
		if (strcmp(seki_emit_cname(em, other->name), name) == 0)
			return seki_emit_text(em, "%s_%u", name, (uint32_t)(key - table->keys));
	return name;
}

/* As an integer, or as bytes: least significant first, as p4c has them. */
static void declare_field(struct emit *em, const char *name, uint32_t width, bool bytes)
{
	if (bytes || seki_emit_is_wide(width))
		seki_emit_line(em, "\tu8 $%s[%u];", name, (width + 7) / 8);
	else
		seki_emit_line(em, "\tu%u $%s;", seki_emit_cwidth(width), name);
}

static void declare_key(struct emit *em, const struct ir_table *table)
{
	static const char *const matches[] = {"exact", "lpm", "ternary", "range", "optional"};
	enum seki_map_type type = seki_emit_table_type(table);
	const struct ir_key **keys = seki_emit_keys(em, table);

	for (uint32_t i = 0; type != SEKI_MAP_HASH && i < table->n_keys; i++)
		seki_emit_line(em, "/* match %s %s %s %u */", table->map_name,
			       seki_emit_key_name(em, table, keys[i]), matches[keys[i]->match],
			       keys[i]->width);
	seki_emit_line(em, "struct %s%s$key {",
		       type == SEKI_MAP_LPM ? "__attribute__((packed)) " : "", table->map_name);
	if (type == SEKI_MAP_LPM)
		seki_emit_line(em, "\tu32 prefix_len;");
	for (uint32_t i = 0; i < table->n_keys; i++)
		declare_field(em, seki_emit_key_name(em, table, keys[i]), keys[i]->width,
			      type != SEKI_MAP_HASH);
	seki_emit_line(em, "};");
}

static const char *action_name(struct emit *em, const struct ir_table *table, uint32_t i)
{
	return seki_emit_text(em, "%s$%u", table->actions[i].decl->name, i);
}

/* The numbers of the actions, by name: for control planes that read the C. */
static void declare_actions(struct emit *em, const struct ir_table *table)
{
	if (!table->n_actions)
		return;
	seki_emit_line(em, "enum %s$actions {", table->map_name);
	for (uint32_t i = 0; i < table->n_actions; i++)
		seki_emit_line(em, "\t%s$%s = %u,", table->map_name, action_name(em, table, i), i);
	seki_emit_line(em, "};");
}

static void declare_value(struct emit *em, const struct ir_table *table)
{
	seki_emit_line(em, "struct %s$value {\n\tu32 action;\n\tunion {", table->map_name);
	for (uint32_t i = 0; i < table->n_actions; i++) {
		const struct ir_action *action = &table->actions[i];

		if (!action->n_params)
			continue;
		seki_emit_line(em, "\t\tstruct {");
		for (uint32_t k = 0; k < action->n_params; k++)
			declare_field(em, action->params[k].name, action->params[k].width, false);
		seki_emit_line(em, "\t\t} %s;", action_name(em, table, i));
	}
	seki_emit_line(em, "\t} u;");
	if (!table->profile)
		seki_emit_direct_cells(em, table);
	seki_emit_line(em, "};");
}

/* What values of the map say. */
uint32_t seki_emit_action_number(const struct ir_table *table, uint32_t action)
{
	return action < table->n_actions ? action : IR_NO_ACTION;
}

/* ---- maps ---- */

void seki_emit_map(struct emit *em, const char *name, const char *suffix, uint32_t type,
		   const char *key, const char *value, uint32_t size)
{
	seki_emit_line(
		em,
		"struct map_def %s$map%s asm(\"%s%s\") = {%uu, sizeof(%s), sizeof(%s), %uu, 0};",
		name, suffix, name, suffix, type, key, value, size);
}

static void describe_fields(struct emit *em, const struct ir_table *table)
{
	static const uint8_t matches[] = {
		[IR_MATCH_EXACT] = SEKI_MATCH_EXACT,	   [IR_MATCH_LPM] = SEKI_MATCH_LPM,
		[IR_MATCH_TERNARY] = SEKI_MATCH_TERNARY,   [IR_MATCH_RANGE] = SEKI_MATCH_RANGE,
		[IR_MATCH_OPTIONAL] = SEKI_MATCH_OPTIONAL,
	};
	uint32_t at = 0;

	seki_emit_line(em,
		       "const struct map_field %s$fields[] asm(\"" SEKI_FIELDS_PREFIX
		       "%s\") FIELDS = {",
		       table->map_name, table->map_name);
	for (uint32_t i = 0; i < table->n_keys; i++) {
		uint32_t bytes = (table->keys[i].width + 7) / 8;

		seki_emit_line(em, "\t{%u, %u, %u, %u, 0},", at, bytes, table->keys[i].width,
			       matches[table->keys[i].match]);
		at += bytes;
	}
	seki_emit_line(em, "};");
}

static void declare_table(struct emit *em, const struct ir_table *table)
{
	enum seki_map_type type = seki_emit_table_type(table);
	const char *value = seki_emit_text(em, "struct %s$value", table->map_name);

	if (table->n_keys)
		declare_key(em, table);
	declare_actions(em, table);
	declare_value(em, table);
	if (table->profile)
		seki_emit_declare_member(em, table);
	if (table->n_keys) {
		seki_emit_map(em, table->map_name, "", type,
			      seki_emit_text(em, "struct %s$key", table->map_name),
			      table->profile
				      ? seki_emit_text(em, "struct %s$entry", table->map_name)
				      : value,
			      table->size);
		if (type == SEKI_MAP_CLASSIFIER)
			describe_fields(em, table);
	}
	if (!seki_emit_fixed_miss(table))
		seki_emit_map(em, table->map_name, "_defaultAction", SEKI_MAP_ARRAY, "u32", value,
			      1);
	seki_emit_entries(em, table);
}

void seki_emit_tables(struct emit *em)
{
	for (const struct ir_table *table = em->ir->tables; table; table = table->next)
		declare_table(em, table);
}

/* What was looked up last, for IR_DATA in whatever block. */
void seki_emit_declare_tables(struct emit *em)
{
	for (const struct ir_table *table = em->ir->tables; table; table = table->next) {
		seki_emit_line(em, "struct %s$value *value$%u = 0;", table->map_name, table->id);
		if (table->profile && table->n_direct)
			seki_emit_line(em, "struct %s$entry *entry$%u = 0;", table->map_name,
				       table->id);
	}
}

/* ---- looking up ---- */

/* Whole bytes, a few at a time. */
static void put_pieces(struct emit *em, const char *to, const char *text, uint32_t bytes)
{
	for (uint32_t at = 0; at < bytes;) {
		uint32_t rest = bytes - at;
		uint32_t n = rest >= 8 ? 8 : rest >= 4 ? 4 : rest >= 2 ? 2 : 1;

		seki_emit_line(em, "store%u(%s, %u, (u%u)(%s >> %u));", n * 8, to, at, n * 8, text,
			       (rest - n) * 8);
		at += n;
	}
}

void seki_emit_bytes(struct emit *em, const char *to, const struct ir_expr *value, bool in_front)
{
	uint32_t bytes = (value->width + 7) / 8, up = in_front ? bytes * 8 - value->width : 0;
	const char *text = seki_emit_is_wide(value->width)
				   ? seki_emit_wide(em, value)
				   : seki_emit_keep(em, value->width, seki_emit_value(em, value));

	if (!seki_emit_is_wide(value->width) && !up) {
		put_pieces(em, to, text, bytes);
		return;
	}
	for (uint32_t i = 0; i < bytes; i++) {
		int low = (int)(8 * (bytes - 1 - i)) - (int)up;
		const char *byte;

		if (low < 0)
			byte = seki_emit_text(em, "%s%s << %d", text,
					      seki_emit_is_wide(value->width) ? "[0]" : "", -low);
		else if (seki_emit_is_wide(value->width))
			byte = seki_emit_wide_piece(
				em, text, seki_emit_limbs(value->width), (uint32_t)low,
				value->width - (uint32_t)low < 8 ? value->width - (uint32_t)low
								 : 8);
		else
			byte = seki_emit_text(em, "%s >> %d", text, low);
		seki_emit_line(em, "%s[%u] = (u8)(%s);", to, i, byte);
	}
}

static void put_native(struct emit *em, const char *to, const struct ir_expr *value)
{
	const char *text;

	if (!seki_emit_is_wide(value->width)) {
		seki_emit_line(em, "%s = %s;", to, seki_emit_value(em, value));
		return;
	}
	text = seki_emit_wide(em, value);
	for (uint32_t i = 0; i < seki_emit_limbs(value->width); i++) {
		uint32_t n = (value->width + 7) / 8 - 8 * i;

		seki_emit_line(em, "__builtin_memcpy(%s + %u, &%s[%u], %u);", to, 8 * i, text, i,
			       n < 8 ? n : 8);
	}
}

static void put_key(struct emit *em, const struct ir_insn *insn, const char *key)
{
	const struct ir_table *table = insn->table;
	enum seki_map_type type = seki_emit_table_type(table);

	seki_emit_line(em, "struct %s$key %s;\n__builtin_memset(&%s, 0, sizeof(%s));",
		       table->map_name, key, key, key);
	for (uint32_t i = 0; i < table->n_keys; i++) {
		const char *to = seki_emit_text(em, "%s.$%s", key,
						seki_emit_key_name(em, table, &table->keys[i]));

		if (type == SEKI_MAP_HASH)
			put_native(em, to, insn->args[i].value);
		else
			seki_emit_bytes(em, to, insn->args[i].value,
					type == SEKI_MAP_LPM &&
						table->keys[i].match == IR_MATCH_LPM);
	}
}

/* A key and the lookup; misses get the default action, from its map where it is not fixed. */
void seki_emit_lookup(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_table *table = insn->table;
	const char *value = seki_emit_text(em, "value$%u", table->id);

	seki_emit_trace_keys(em, insn);
	seki_emit_line(em, "%s = 0;", value);
	if (table->profile && table->n_direct)
		seki_emit_line(em, "entry$%u = 0;", table->id);
	if (table->n_keys) {
		seki_emit_line(em, "{");
		put_key(em, insn, "key");
		if (table->profile)
			seki_emit_find_member(em, insn);
		else
			seki_emit_line(em, "%s = ubpf_map_lookup(&%s$map, &key);", value,
				       table->map_name);
		seki_emit_line(em, "}");
		seki_emit_trace_hit(em, value);
	}
	if (insn->hit) /* clang would make one test of several pointers by an or of them */
		seki_emit_line(
			em, "{\n\tu32 hit = %s != 0;\n\tasm(\"\" : \"+r\"(hit));\n\t%s = hit;\n}",
			value, seki_emit_var(em, insn->hit));
	if (!seki_emit_fixed_miss(
		    table)) /* an array has all its entries: the second is never missed */
		seki_emit_line(em,
			       "if (!%s) {\n\tu32 zero = 0;\n"
			       "%s = ubpf_map_lookup(&%s$map_defaultAction, &zero);\n"
			       "if (!%s)\n\tgoto drop;\n}",
			       value, value, table->map_name, value);
	if (insn->action && seki_emit_fixed_miss(table))
		seki_emit_line(em, "%s = %s ? %s->action : %uu;", seki_emit_var(em, insn->action),
			       value, value, seki_emit_action_number(table, table->miss.action));
	else if (insn->action)
		seki_emit_line(em, "%s = %s->action;", seki_emit_var(em, insn->action), value);
}

void seki_emit_data(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_table *table = insn->table;
	const struct ir_param *param = &table->actions[insn->number].params[insn->lo];
	const char *value = seki_emit_text(em, "value$%u", table->id);
	const char *to = seki_emit_var(em, insn->var);
	const char *from = seki_emit_text(em, "%s->u.%s.$%s", value,
					  action_name(em, table, insn->number), param->name);
	const struct p4_num *constant = NULL; /* where there is no entry */

	if (seki_emit_fixed_miss(table) && table->miss.action == insn->number)
		constant = &table->miss.args[insn->lo];
	if (constant) {
		seki_emit_line(em, "if (!%s) {", value);
		for (uint32_t i = 0; i < seki_emit_limbs(param->width); i++)
			seki_emit_line(em, "%s%s = 0x%llxull;", to,
				       seki_emit_is_wide(param->width)
					       ? seki_emit_text(em, "[%u]", i)
					       : "",
				       (unsigned long long)seki_num_word(constant, i));
		seki_emit_line(em, "} else {");
	} else if (em->profile >= EMIT_OPAQUE) /* that the action is of an entry was forgotten */
		seki_emit_line(em, "if (!%s)\n\tgoto drop;", value);
	if (!seki_emit_is_wide(param->width)) {
		seki_emit_line(em, "%s = %s;", to, from);
	} else {
		seki_emit_line(em, "%s[%u] = 0;", to, seki_emit_limbs(param->width) - 1);
		seki_emit_line(em, "__builtin_memcpy(%s, %s, %u);", to, from,
			       (param->width + 7) / 8);
	}
	if (constant)
		seki_emit_line(em, "}");
	seki_emit_trace_number(em, 'D', param->name, param->width, to);
}
