/* SPDX-License-Identifier: Apache-2.0 */
/* What the maps hold at first: entries and default actions of the program, in sekisho.init. */
#include "compiler/p4/emit/emit.h"

#include <string.h>

/* Byte i of a number, from the lowest. */
static uint32_t byte_of(const struct p4_num *num, uint32_t i)
{
	return (uint32_t)(seki_num_word(num, i / 8) >> i % 8 * 8) & 0xff;
}

/* As a field of declare_field(): a number, or bytes from the lowest on. */
static const char *native(struct emit *em, const struct p4_num *num, uint32_t width)
{
	struct seki_strbuf text = {.arena = em->arena};

	if (!seki_emit_is_wide(width))
		return seki_emit_text(em, "0x%llxull", (unsigned long long)seki_num_word(num, 0));
	seki_strbuf_printf(&text, "{");
	for (uint32_t i = 0; i < (width + 7) / 8; i++)
		seki_strbuf_printf(&text, "%u,", byte_of(num, i));
	seki_strbuf_printf(&text, "}");
	return text.data;
}

/* Bytes from the highest on, of a number moved to the front of them where `in_front`. */
static const char *big_endian(struct emit *em, const struct p4_num *num, uint32_t width,
			      bool in_front)
{
	struct seki_strbuf text = {.arena = em->arena};
	uint32_t bytes = (width + 7) / 8;
	struct p4_num moved = *num;

	if (in_front)
		seki_num_shl(em->arena, num, bytes * 8 - width, &moved);
	seki_strbuf_printf(&text, "{");
	for (uint32_t i = bytes; i-- > 0;)
		seki_strbuf_printf(&text, "%u,", byte_of(&moved, i));
	seki_strbuf_printf(&text, "}");
	return text.data;
}

/* { .action = 2, .u.set$2 = { .$port = 7 } } */
static const char *choice(struct emit *em, const struct ir_table *table,
			  const struct ir_choice *chosen)
{
	struct seki_strbuf text = {.arena = em->arena};
	const struct ir_action *action;

	seki_strbuf_printf(&text, "{.action = %uu", seki_emit_action_number(table, chosen->action));
	if (chosen->action < table->n_actions) {
		action = &table->actions[chosen->action];
		for (uint32_t i = 0; i < action->n_params; i++)
			seki_strbuf_printf(&text, ", .u.%s$%u.$%s = %s", action->decl->name,
					   chosen->action, action->params[i].name,
					   native(em, &chosen->args[i], action->params[i].width));
	}
	seki_strbuf_printf(&text, "}");
	return text.data;
}

static const char *hash_key(struct emit *em, const struct ir_table *table,
			    const struct ir_entry *entry)
{
	struct seki_strbuf text = {.arena = em->arena};

	for (uint32_t i = 0; i < table->n_keys; i++)
		seki_strbuf_printf(&text, ".$%s = %s, ",
				   seki_emit_key_name(em, table, &table->keys[i]),
				   native(em, &entry->keys[i].low, table->keys[i].width));
	return text.data;
}

static const char *trie_key(struct emit *em, const struct ir_table *table,
			    const struct ir_entry *entry)
{
	struct seki_strbuf text = {.arena = em->arena};
	uint32_t bits = 0;

	for (uint32_t i = 0; i < table->n_keys; i++) {
		const struct ir_key *key = &table->keys[i];
		bool is_lpm = key->match == IR_MATCH_LPM;

		bits += is_lpm ? entry->keys[i].prefix : (key->width + 7) / 8 * 8;
		seki_strbuf_printf(&text, ", .$%s = %s", seki_emit_key_name(em, table, key),
				   big_endian(em, &entry->keys[i].low, key->width, is_lpm));
	}
	return seki_emit_text(em, ".prefix_len = %u%s", bits, text.data);
}

static const char *classifier_key(struct emit *em, const struct ir_table *table,
				  const struct ir_entry *entry)
{
	struct seki_strbuf first = {.arena = em->arena}, second = {.arena = em->arena};

	for (uint32_t i = 0; i < table->n_keys; i++) {
		const struct ir_key *key = &table->keys[i];
		const struct ir_keyset *set = &entry->keys[i];
		const struct p4_num all =
			seki_num_wrap(em->arena, &(struct p4_num){.neg = true, .n = 1, .limb = 1},
				      key->width, false);
		const struct p4_num *other = key->match == IR_MATCH_RANGE   ? &set->high
					     : key->match == IR_MATCH_EXACT ? &all
									    : &set->mask;
		const char *name = seki_emit_key_name(em, table, key);

		seki_strbuf_printf(&first, ".$%s = %s, ", name,
				   big_endian(em, &set->low, key->width, false));
		seki_strbuf_printf(&second, ".$%s = %s, ", name,
				   big_endian(em, other, key->width, false));
	}
	return seki_emit_text(em, "%u, {%s}, {%s}", entry->priority, first.data, second.data);
}

static void put_entry(struct emit *em, const struct ir_table *table, const struct ir_entry *entry)
{
	enum seki_map_type type = seki_emit_table_type(table);
	const char *key = type == SEKI_MAP_CLASSIFIER ? classifier_key(em, table, entry)
			  : type == SEKI_MAP_LPM      ? trie_key(em, table, entry)
						      : hash_key(em, table, entry);

	seki_emit_line(em, "\t{{%s}, %s},", key, choice(em, table, &entry->choice));
}

static void put_default(struct emit *em, const struct ir_table *table)
{
	seki_emit_line(em, "const struct __attribute__((packed)) {");
	seki_emit_line(em, "\tu32 key;\n\tstruct %s$value value;", table->map_name);
	seki_emit_line(em,
		       "} %s$init_defaultAction[] asm(\"" SEKI_INIT_PREFIX
		       "%s_defaultAction\") INIT = {{0, %s}};",
		       table->map_name, table->map_name, choice(em, table, &table->miss));
}

void seki_emit_entries(struct emit *em, const struct ir_table *table)
{
	const char *name = table->map_name;

	if (table->entries && table->n_keys) {
		seki_emit_line(em, "const struct __attribute__((packed)) {");
		if (seki_emit_table_type(table) == SEKI_MAP_CLASSIFIER)
			seki_emit_line(em,
				       "\tstruct __attribute__((packed)) {\n\tu32 priority;\n"
				       "\tstruct %s$key first, second;\n\t} key;",
				       name);
		else
			seki_emit_line(em, "\tstruct %s$key key;", name);
		seki_emit_line(em,
			       "\tstruct %s$value value;\n} %s$init[] asm(\"" SEKI_INIT_PREFIX
			       "%s\") INIT = {",
			       name, name, name);
		for (const struct ir_entry *e = table->entries; e; e = e->next)
			put_entry(em, table, e);
		seki_emit_line(em, "};");
	}
	if (!seki_emit_fixed_miss(table))
		put_default(em, table);
}
