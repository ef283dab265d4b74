/* SPDX-License-Identifier: Apache-2.0 */
/* Entries as the bytes of maps, and in the maps of a program. See the header. */
#include "lib/p4/entry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/p4/layout.h"

uint32_t seki_p4rt_key_bytes(const struct seki_p4rt_table *table)
{
	return table->type == SEKI_MAP_CLASSIFIER
		       ? (uint32_t)sizeof(struct seki_classifier_key) + 2 * table->key_size
		       : table->key_size;
}

/* ---- keys ---- */

/* The bits of a trie's last field are at the front of its bytes. */
static void shift_left(uint8_t *bytes, uint32_t n, uint32_t up)
{
	for (uint32_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(bytes[i] << up | (i + 1 < n ? bytes[i + 1] >> (8 - up) : 0));
}

static void shift_right(uint8_t *bytes, uint32_t n, uint32_t down)
{
	for (uint32_t i = n; i-- > 0;)
		bytes[i] = (uint8_t)(bytes[i] >> down | (i ? bytes[i - 1] << (8 - down) : 0));
}

static uint32_t unused_bits(const struct seki_p4rt_field *field)
{
	return seki_p4rt_bytes(field->width) * 8 - field->width;
}

static void encode_prefix(const struct seki_p4rt_table *table,
			  const struct seki_p4rt_match *matches, uint8_t *key)
{
	uint32_t len = 0;

	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct seki_p4rt_field *field = &table->fields[i];
		uint32_t bytes = seki_p4rt_bytes(field->width);

		memcpy(key + field->at, matches[i].first, bytes);
		if (field->match != SEKI_MATCH_LPM) {
			len += 8 * bytes;
			continue;
		}
		for (uint32_t k = 0; k < bytes; k++)
			len += (uint32_t)__builtin_popcount(matches[i].second[k]);
		if (unused_bits(field))
			shift_left(key + field->at, bytes, unused_bits(field));
	}
	memcpy(key, &len, sizeof(len));
}

void seki_p4rt_key_encode(const struct seki_p4rt_table *table,
			  const struct seki_p4rt_match *matches, uint32_t priority, uint8_t *key)
{
	uint8_t *bytes = key + sizeof(struct seki_classifier_key);

	memset(key, 0, seki_p4rt_key_bytes(table));
	if (table->type == SEKI_MAP_LPM) {
		encode_prefix(table, matches, key);
		return;
	}
	if (table->type == SEKI_MAP_CLASSIFIER)
		memcpy(key, &priority, sizeof(priority));
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct seki_p4rt_field *field = &table->fields[i];
		uint32_t n = seki_p4rt_bytes(field->width);

		if (table->type == SEKI_MAP_HASH) {
			seki_p4rt_store(key + field->at, matches[i].first, field->width);
			continue;
		}
		memcpy(bytes + field->at, matches[i].first, n);
		memcpy(bytes + table->key_size + field->at, matches[i].second, n);
	}
}

void seki_p4rt_key_field(const struct seki_p4rt_table *table, const struct seki_p4rt_field *field,
			 const uint8_t *key, uint8_t *number)
{
	uint32_t bytes = seki_p4rt_bytes(field->width);

	if (table->type == SEKI_MAP_HASH) {
		seki_p4rt_load(key + field->at, number, field->width);
		return;
	}
	memcpy(number, key + field->at, bytes);
	if (table->type == SEKI_MAP_LPM && field->match == SEKI_MATCH_LPM && unused_bits(field))
		shift_right(number, bytes, unused_bits(field));
	number[0] &= (uint8_t)(0xff >> unused_bits(field));
}

/* How many bits of its lpm field a trie's entry wants. */
static uint32_t prefix_of(const struct seki_p4rt_table *table, const struct seki_p4rt_field *field,
			  const uint8_t *key)
{
	uint32_t len, exact = 8 * (table->key_size - 4 - seki_p4rt_bytes(field->width));

	memcpy(&len, key, sizeof(len));
	len = len > exact ? len - exact : 0;
	return len < field->width ? len : field->width;
}

void seki_p4rt_key_decode(const struct seki_p4rt_table *table, const uint8_t *key,
			  struct seki_p4rt_match *matches, uint32_t *priority)
{
	bool classifier = table->type == SEKI_MAP_CLASSIFIER;
	const uint8_t *first = classifier ? key + sizeof(struct seki_classifier_key) : key;

	*priority = 0;
	if (classifier)
		memcpy(priority, key, sizeof(*priority));
	for (uint32_t i = 0; i < table->n_fields; i++) {
		const struct seki_p4rt_field *field = &table->fields[i];
		uint32_t bits = table->type == SEKI_MAP_LPM && field->match == SEKI_MATCH_LPM
					? prefix_of(table, field, key)
					: field->width;

		memset(&matches[i], 0, sizeof(matches[i]));
		seki_p4rt_key_field(table, field, first, matches[i].first);
		if (classifier)
			seki_p4rt_key_field(table, field, first + table->key_size,
					    matches[i].second);
		else
			seki_p4rt_number_mask(field->width, bits, matches[i].second);
	}
}

/* ---- values ---- */

const struct seki_p4rt_action *seki_p4rt_value_action(const struct seki_p4rt_table *table,
						      const uint8_t *value)
{
	uint32_t number;

	memcpy(&number, value, sizeof(number));
	return number < table->n_actions ? table->actions[number].action : NULL;
}

void seki_p4rt_value_arg(const struct seki_p4rt_table *table, const struct seki_p4rt_field *param,
			 const uint8_t *value, uint8_t *number)
{
	seki_p4rt_load(value + table->data_at + param->at, number, param->width);
}

/* ---- maps ---- */

struct seki_bpf_map *seki_p4rt_map(struct seki_bpf_prog *prog, const struct seki_p4rt_table *table,
				   bool is_default, char why[SEKI_P4RT_WHY])
{
	const char *name = is_default ? table->default_map : table->map;
	struct seki_bpf_map *map = name ? seki_bpf_prog_map(prog, name) : NULL;
	const struct seki_map_def *def = map ? seki_bpf_map_def(map) : NULL;
	uint32_t type = is_default ? SEKI_MAP_ARRAY : table->type;
	uint32_t key_size = is_default ? 4 : table->key_size;

	if (!name)
		snprintf(why, SEKI_P4RT_WHY, "the default action of table '%s' is const",
			 table->name);
	else if (!map)
		snprintf(why, SEKI_P4RT_WHY, "the program does not use table '%s'", table->name);
	else if (def->type != type || def->key_size != key_size ||
		 def->value_size != (is_default ? table->value_size : table->entry_size))
		snprintf(why, SEKI_P4RT_WHY,
			 "map '%s' is not what P4Info says of table '%s': build the object anew",
			 name, table->name);
	else
		return map;
	return NULL;
}

/* Of members or groups. */
static struct seki_bpf_map *profile_map(struct seki_bpf_prog *prog,
					const struct seki_p4rt_profile *profile, bool is_group,
					char why[SEKI_P4RT_WHY])
{
	const char *name = is_group ? profile->group_map : profile->map;
	struct seki_bpf_map *map = seki_bpf_prog_map(prog, name);
	const struct seki_map_def *def = map ? seki_bpf_map_def(map) : NULL;
	size_t size = is_group ? sizeof(struct seki_group) : profile->table->value_size;

	if (!map)
		snprintf(why, SEKI_P4RT_WHY, "the program does not use '%s'", profile->name);
	else if (def->type != SEKI_MAP_HASH || def->key_size != 4 || def->value_size != size)
		snprintf(why, SEKI_P4RT_WHY,
			 "map '%s' is not what P4Info says of '%s': build the object anew", name,
			 profile->name);
	else
		return map;
	return NULL;
}

static struct seki_bpf_map *entry_map(struct seki_bpf_prog *prog,
				      const struct seki_p4rt_entry *entry, char why[SEKI_P4RT_WHY])
{
	switch (entry->form) {
	case SEKI_P4RT_MEMBER:
	case SEKI_P4RT_MEMBER_REMOVE:
		return profile_map(prog, entry->profile, false, why);
	case SEKI_P4RT_GROUP:
	case SEKI_P4RT_GROUP_REMOVE:
		return profile_map(prog, entry->profile, true, why);
	default:
		return seki_p4rt_map(prog, entry->table, entry->form == SEKI_P4RT_DEFAULT, why);
	}
}

static int tell(const struct seki_p4rt_entry *entry, int err, char *why)
{
	const char *reason = err == -ENOSPC   ? "is full"
			     : err == -ENOENT ? "has no such entry"
					      : strerror(-err);

	if (err)
		snprintf(why, SEKI_P4RT_WHY, "%s '%s' %s",
			 entry->profile ? "action profile" : "table",
			 entry->profile ? entry->profile->name : entry->table->name, reason);
	return err;
}

int seki_p4rt_entry_apply(struct seki_bpf_prog *prog, const struct seki_p4rt_entry *entry,
			  char why[SEKI_P4RT_WHY])
{
	struct seki_bpf_map *map = entry_map(prog, entry, why);
	uint32_t first = 0;
	int err;

	if (!map)
		return -ENOENT;
	if (entry->value)
		err = seki_bpf_map_set(map, entry->key ? entry->key : (void *)&first, entry->value);
	else
		err = seki_bpf_map_del(map, entry->key);
	return tell(entry, err, why);
}
