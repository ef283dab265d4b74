/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as P4Info (behind the two that give its length), any text as an entry, member or group: what
 * is taken reads the same from the map's bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/p4/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_back(const struct seki_p4rt_entry *entry)
{
	const struct seki_p4rt_table *table = entry->table;
	uint32_t key_bytes = seki_p4rt_key_bytes(table), priority;
	struct seki_p4rt_match *matches = calloc(table->n_fields + 1, sizeof(*matches));
	uint8_t *again = malloc(key_bytes + 1);
	char text[SEKI_P4RT_MAX_MATCH];

	if (matches && again) {
		seki_p4rt_key_decode(table, entry->key, matches, &priority);
		for (uint32_t i = 0; i < table->n_fields; i++)
			seki_p4rt_match_print(&table->fields[i], &matches[i], text);
		seki_p4rt_key_encode(table, matches, priority, again);
		if (memcmp(again, entry->key, key_bytes))
			abort();
	}
	free(matches);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = size < 2 ? 0 : data[0] | (size_t)data[1] << 8;
	struct seki_p4rt_entry entry;
	char why[SEKI_P4RT_WHY], *text;
	struct seki_p4rt *p4rt;

	if (size < 2 || len > size - 2 || seki_p4rt_open(data + 2, len, &p4rt, why))
		return 0;
	text = strndup((const char *)data + 2 + len, size - 2 - len);
	for (uint32_t form = 0; text && form <= SEKI_P4RT_GROUP_REMOVE; form++) {
		if (seki_p4rt_entry_parse(p4rt, form, text, &entry, why))
			continue;
		if (form == SEKI_P4RT_ADD)
			print_back(&entry);
		seki_p4rt_entry_exit(&entry);
	}
	free(text);
	seki_p4rt_close(p4rt);
	return 0;
}
