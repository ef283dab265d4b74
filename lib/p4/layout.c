/* SPDX-License-Identifier: Apache-2.0 */
/* See the header. compiler/p4/emit/table.c declares these structs in C. */
#include "lib/p4/layout.h"

#include <string.h>

/* A struct of C that grows by a member at a time. */
struct c_struct {
	uint32_t size, align;
};

/* Bytes of a C integer, or of an array of bytes. */
static uint32_t c_size(uint32_t width)
{
	return width <= 8    ? 1
	       : width <= 16 ? 2
	       : width <= 32 ? 4
	       : width <= 64 ? 8
			     : seki_p4rt_bytes(width);
}

static uint32_t align_up(uint32_t size, uint32_t align)
{
	return (size + align - 1) / align * align;
}

static uint32_t add_member(struct c_struct *s, uint32_t width)
{
	uint32_t size = c_size(width), align = width <= 64 ? size : 1;
	uint32_t at = align_up(s->size, align);

	s->size = at + size;
	if (align > s->align)
		s->align = align;
	return at;
}

void seki_p4rt_lay_action(struct seki_p4rt_action *action)
{
	struct c_struct s = {0, 1};

	for (uint32_t i = 0; i < action->n_params; i++)
		action->params[i].at = add_member(&s, action->params[i].width);
	action->align = s.align;
	action->size = align_up(s.size, s.align);
}

static enum seki_map_type map_type(const struct seki_p4rt_table *table)
{
	uint32_t lpm = 0;

	for (uint32_t i = 0; i < table->n_fields; i++) {
		if (table->fields[i].match != SEKI_MATCH_EXACT &&
		    table->fields[i].match != SEKI_MATCH_LPM)
			return SEKI_MAP_CLASSIFIER;
		lpm += table->fields[i].match == SEKI_MATCH_LPM;
	}
	return lpm > 1 ? SEKI_MAP_CLASSIFIER : lpm ? SEKI_MAP_LPM : SEKI_MAP_HASH;
}

/* Members from the widest to the narrowest. */
static uint32_t lay_hash(struct seki_p4rt_table *table)
{
	struct c_struct s = {0, 1};
	uint32_t next = 0;

	for (uint32_t width = UINT32_MAX; width; width = next) {
		next = 0;
		for (uint32_t i = 0; i < table->n_fields; i++) {
			struct seki_p4rt_field *field = &table->fields[i];

			if (field->width == width)
				field->at = add_member(&s, width);
			else if (field->width < width && field->width > next)
				next = field->width;
		}
	}
	return align_up(s.size, s.align);
}

/* One after another; with `last`, those of this match behind all others. */
static uint32_t lay_bytes(struct seki_p4rt_table *table, uint32_t at, enum seki_match last)
{
	for (int turn = 0; turn < 2; turn++) {
		for (uint32_t i = 0; i < table->n_fields; i++) {
			struct seki_p4rt_field *field = &table->fields[i];

			if ((field->match == last) != turn)
				continue;
			field->at = at;
			at += seki_p4rt_bytes(field->width);
		}
	}
	return at;
}

static void lay_value(struct seki_p4rt_table *table)
{
	struct c_struct u = {0, 1};
	uint32_t align;

	for (uint32_t i = 0; i < table->n_actions; i++) {
		const struct seki_p4rt_action *action = table->actions[i].action;

		u.size = action->size > u.size ? action->size : u.size;
		u.align = action->align > u.align ? action->align : u.align;
	}
	align = u.align > 4 ? u.align : 4;
	table->data_at = align_up(4, u.align);
	table->value_size = align_up(table->data_at + align_up(u.size, u.align), align);
	if (table->direct_size && !table->profile) {
		table->direct_at = align_up(table->value_size, 8);
		table->value_size = table->direct_at + table->direct_size;
	}
}

void seki_p4rt_lay_table(struct seki_p4rt_table *table)
{
	table->type = map_type(table);
	if (table->type == SEKI_MAP_HASH)
		table->key_size = lay_hash(table);
	else if (table->type == SEKI_MAP_LPM)
		table->key_size = lay_bytes(table, 4, SEKI_MATCH_LPM);
	else
		table->key_size = lay_bytes(table, 0, 0);
	lay_value(table);
	table->entry_size = table->value_size;
	if (!table->profile)
		return;
	table->entry_size = table->profile->group_map ? 8 : 4; /* member, and of a selector group */
	if (table->direct_size) {
		table->direct_at = 8;
		table->entry_size = table->direct_at + table->direct_size;
	}
}

/* ---- numbers of C ---- */

static void reverse(uint8_t *to, const uint8_t *from, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		to[i] = from[n - 1 - i];
}

/* The host is little-endian, as all of BPF here. */
void seki_p4rt_store(uint8_t *at, const uint8_t *number, uint32_t width)
{
	memset(at, 0, c_size(width));
	reverse(at, number, seki_p4rt_bytes(width));
}

void seki_p4rt_load(const uint8_t *at, uint8_t *number, uint32_t width)
{
	reverse(number, at, seki_p4rt_bytes(width));
	if (width % 8)
		number[0] &= (uint8_t)(0xff >> (8 - width % 8));
}
