// SPDX-License-Identifier: Apache-2.0
/* Maps of a loaded program in text: entries to start with, and what they hold. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bpf.h"
#include "core/base/check.h"
#include "lib/sys/log.h"

const char *seki_cli_map_type(const struct seki_map_def *def)
{
	static const char *const names[] = {
		[SEKI_MAP_ARRAY] = "array",
		[SEKI_MAP_BLOOMFILTER] = "bloom filter",
		[SEKI_MAP_COUNTMIN] = "count-min",
		[SEKI_MAP_HASH] = "hash",
		[SEKI_MAP_LPM] = "LPM trie",
		[SEKI_MAP_LRU_HASH] = "LRU hash",
		[SEKI_MAP_QUEUE_ARRAY] = "array per queue",
		[SEKI_MAP_CLASSIFIER] = "classifier",
	};

	return def->type < SEKI_COUNT(names) && names[def->type] ? names[def->type] : "unknown";
}

static bool is_array(const struct seki_map_def *def)
{
	return def->type == SEKI_MAP_ARRAY || def->type == SEKI_MAP_QUEUE_ARRAY;
}

/* ---- entries to start with ---- */

static bool is_classifier(const struct seki_map_def *def)
{
	return def->type == SEKI_MAP_CLASSIFIER;
}

/* `text` of `len` as exactly `want` bytes; NULL: it has complained. */
static uint8_t *exact(const char *what, const char *map, const char *text, size_t len,
		      uint32_t want)
{
	size_t got = 0;
	uint8_t *bytes = seki_cli_hex_parse(text, len, &got);

	if (bytes && got == want)
		return bytes;
	complain("--map: the %s '%.*s' of map '%s' is not %u bytes in hex", what, (int)len, text,
		 map, want);
	free(bytes);
	return NULL;
}

/* PRIORITY/FIRST/SECOND, the first decimal. NULL: it has complained. */
static uint8_t *classifier_key(const struct seki_bpf_map *map, const char *text, size_t len)
{
	uint32_t priority, bytes = seki_bpf_map_def(map)->key_size;
	const char *name = seki_bpf_map_name(map), *first = memchr(text, '/', len), *second = NULL;
	uint8_t *a, *b, *key = NULL;
	char *end;

	if (first)
		second = memchr(first + 1, '/', (size_t)(text + len - first) - 1);
	priority = (uint32_t)strtoul(text, &end, 10);
	if (!second || end != first || end == text) {
		complain("--map: the key '%.*s' of map '%s' is not PRIORITY/FIRST/SECOND", (int)len,
			 text, name);
		return NULL;
	}
	a = exact("first part of the key", name, first + 1, (size_t)(second - first) - 1, bytes);
	b = a ? exact("second part of the key", name, second + 1, (size_t)(text + len - second) - 1,
		      bytes)
	      : NULL;
	if (b)
		key = malloc(seki_bpf_map_key_bytes(map));
	if (key) {
		memcpy(key, &priority, sizeof(priority));
		memcpy(key + sizeof(priority), a, bytes);
		memcpy(key + sizeof(priority) + bytes, b, bytes);
	}
	free(a);
	free(b);
	return key;
}

static bool set_pair(struct seki_bpf_map *map, const char *pair, size_t len)
{
	const struct seki_map_def *def = seki_bpf_map_def(map);
	const char *name = seki_bpf_map_name(map), *colon = memchr(pair, ':', len);
	uint8_t *key, *value = NULL;
	int err = -ENOMEM;

	if (!colon) {
		complain("--map: '%.*s' is not KEY:VALUE", (int)len, pair);
		return false;
	}
	key = is_classifier(def) ? classifier_key(map, pair, (size_t)(colon - pair))
				 : exact("key", name, pair, (size_t)(colon - pair), def->key_size);
	if (key)
		value = exact("value", name, colon + 1, (size_t)(pair + len - colon) - 1,
			      def->value_size);
	if (value) {
		err = seki_bpf_map_set(map, key, value);
		if (err)
			complain("--map: map '%s' does not take '%.*s': %s", name, (int)len, pair,
				 strerror(-err));
	}
	free(key);
	free(value);
	return !err;
}

static bool set_entry(struct seki_bpf_prog *prog, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	struct seki_bpf_map *map;
	char *name;

	if (!equals) {
		complain("--map: '%.*s' is not NAME=KEY:VALUE", (int)len, text);
		return false;
	}
	name = strndup(text, (size_t)(equals - text));
	map = name ? seki_bpf_prog_map(prog, name) : NULL;
	free(name);
	if (map)
		return set_pair(map, equals + 1, (size_t)(text + len - equals) - 1);
	complain("--map: the program has no map '%.*s'; `sekisho bpf verify` names those it has",
		 (int)(equals - text), text);
	return false;
}

bool seki_cli_maps_set(struct seki_bpf_prog *prog, const char *list)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");

		if (!set_entry(prog, list, len))
			return false;
		list += len + (list[len] == ',');
	}
	return true;
}

/* ---- what they hold ---- */

static bool is_zero(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i])
			return false;
	return true;
}

/* An entry at a time; false ends the walk. */
typedef bool (*visitor)(void *arg, const struct seki_bpf_map *map, const uint8_t *key,
			const uint8_t *value);

/* False: it was ended, or there was no memory. */
static bool walk(struct seki_bpf_map *map, visitor visit, void *arg)
{
	const struct seki_map_def *def = seki_bpf_map_def(map);
	uint8_t *key = calloc(1, seki_bpf_map_key_bytes(map) + 1),
		*value = calloc(1, def->value_size + 1);
	bool go_on = key && value;
	int err = go_on ? seki_bpf_map_next_key(map, NULL, key) : 0;

	while (go_on && !err) {
		if (!seki_bpf_map_get(map, key, value) &&
		    !(is_array(def) && is_zero(value, def->value_size)))
			go_on = visit(arg, map, key, value);
		err = seki_bpf_map_next_key(map, key, key);
	}
	free(key);
	free(value);
	return go_on;
}

static void print_hex(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%s%02x", i ? " " : "", bytes[i]);
}

static uint32_t priority_of(const uint8_t *key)
{
	uint32_t priority;

	memcpy(&priority, key, sizeof(priority));
	return priority;
}

static bool print_entry(void *arg, const struct seki_bpf_map *map, const uint8_t *key,
			const uint8_t *value)
{
	const struct seki_map_def *def = seki_bpf_map_def(map);

	(void)arg;
	fputs("  ", stdout);
	if (is_classifier(def)) {
		printf("priority %u: ", priority_of(key));
		print_hex(key + sizeof(uint32_t), def->key_size);
		fputs(" / ", stdout);
		key += sizeof(uint32_t) + def->key_size;
	}
	print_hex(key, def->key_size);
	fputs(" -> ", stdout);
	print_hex(value, def->value_size);
	putchar('\n');
	return true;
}

void seki_cli_maps_print(struct seki_bpf_prog *prog)
{
	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(prog, i);
		const struct seki_map_def *def = seki_bpf_map_def(map);

		printf("map %s: %s, %u of %u entries%s\n", seki_bpf_map_name(map),
		       seki_cli_map_type(def), seki_bpf_map_entries(map), def->max_entries,
		       is_array(def) ? "; those that are not zero:" : "");
		walk(map, print_entry, NULL);
	}
}

static bool add_entry(void *arg, const struct seki_bpf_map *map, const uint8_t *key,
		      const uint8_t *value)
{
	const struct seki_map_def *def = seki_bpf_map_def(map);
	struct json_object *entry = json_object_new_object();

	if (is_classifier(def)) {
		seki_cli_add_u64(entry, "priority", priority_of(key));
		seki_cli_add_hex(entry, "first", key + sizeof(uint32_t), def->key_size);
		seki_cli_add_hex(entry, "second", key + sizeof(uint32_t) + def->key_size,
				 def->key_size);
	} else {
		seki_cli_add_hex(entry, "key", key, def->key_size);
	}
	seki_cli_add_hex(entry, "value", value, def->value_size);
	json_object_array_add(arg, entry);
	return true;
}

struct json_object *seki_cli_maps_json(struct seki_bpf_prog *prog)
{
	struct json_object *maps = json_object_new_array();

	for (uint32_t i = 0; i < seki_bpf_prog_info(prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(prog, i);
		struct json_object *one = json_object_new_object();
		struct json_object *entries = json_object_new_array();

		seki_cli_add_text(one, "name", seki_bpf_map_name(map));
		seki_cli_add_text(one, "type", seki_cli_map_type(seki_bpf_map_def(map)));
		walk(map, add_entry, entries);
		json_object_object_add(one, "entries", entries);
		json_object_array_add(maps, one);
	}
	return maps;
}

/* Does the other program's map, `arg`, hold this entry too? */
static bool is_there_too(void *arg, const struct seki_bpf_map *map, const uint8_t *key,
			 const uint8_t *value)
{
	const struct seki_map_def *def = seki_bpf_map_def(map);
	uint8_t *other = malloc(def->value_size + 1);
	bool same = other && !seki_bpf_map_get(arg, key, other) &&
		    !memcmp(value, other, def->value_size);

	free(other);
	return same;
}

const char *seki_cli_maps_differ(struct seki_bpf_prog *a, struct seki_bpf_prog *b)
{
	for (uint32_t i = 0; i < seki_bpf_prog_info(a)->maps; i++) {
		struct seki_bpf_map *of_a = seki_bpf_prog_map_at(a, i);
		struct seki_bpf_map *of_b = seki_bpf_prog_map_at(b, i);

		if (seki_bpf_map_entries(of_a) != seki_bpf_map_entries(of_b) ||
		    !walk(of_a, is_there_too, of_b) || !walk(of_b, is_there_too, of_a))
			return seki_bpf_map_name(of_a);
	}
	return NULL;
}
