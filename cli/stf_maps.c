// SPDX-License-Identifier: Apache-2.0
/* Commands of scripts about what packets leave behind: entries of maps, counters, meters, digests. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/stf_parts.h"
#include "lib/p4/pipeline.h"

#define MAX_WORDS 6

/* ---- maps ---- */

/* The map, the bytes of a key, and a value's size; NULL: it has told. */
static struct seki_bpf_map *find_map(struct seki_stf *stf, char **words, uint8_t **key)
{
	struct seki_bpf_map *map = seki_bpf_prog_map(stf->m.prog, words[0]);
	size_t len = 0;

	if (!map) {
		seki_stf_fault(stf, "there is no map '%s'", words[0]);
		return NULL;
	}
	*key = seki_stf_bytes(stf, words[1], &len);
	if (*key && len == seki_bpf_map_key_bytes(map))
		return map;
	if (*key)
		seki_stf_fault(stf, "keys of map '%s' have %u bytes", words[0],
			       seki_bpf_map_key_bytes(map));
	free(*key);
	return NULL;
}

bool seki_stf_do_set(struct seki_stf *stf, char *rest)
{
	char *words[3];
	uint8_t *key, *value;
	struct seki_bpf_map *map;
	size_t len = 0;

	if (seki_stf_split(rest, words, 3) < 3) {
		seki_stf_fault(stf, "write: set MAP KEY VALUE");
		return true;
	}
	map = find_map(stf, words, &key);
	if (!map)
		return true;
	value = seki_stf_bytes(stf, words[2], &len);
	if (value &&
	    (len != seki_bpf_map_def(map)->value_size || seki_bpf_map_set(map, key, value)))
		seki_stf_fault(stf, "map '%s' does not take this entry", words[0]);
	free(value);
	free(key);
	return true;
}

bool seki_stf_do_value(struct seki_stf *stf, char *rest)
{
	char *words[3];
	uint8_t *key, *value;
	struct seki_bpf_map *map;

	if (seki_stf_split(rest, words, 3) < 3) {
		seki_stf_fault(stf, "write: value MAP KEY VALUE");
		return true;
	}
	map = find_map(stf, words, &key);
	if (!map)
		return true;
	value = calloc(1, seki_bpf_map_def(map)->value_size + 1);
	seki_stf_squeeze(words[2]);
	if (!value || seki_bpf_map_get(map, key, value))
		seki_stf_fault(stf, "map '%s' has no such entry", words[0]);
	else if (seki_stf_matches(words[2], true, value, seki_bpf_map_def(map)->value_size))
		stf->met++;
	else
		seki_stf_tell(stf, &(struct seki_stf_fault){
					   .line = stf->line,
					   .text = "the value is another one",
					   .expected = words[2],
					   .got = value,
					   .got_len = seki_bpf_map_def(map)->value_size});
	free(value);
	free(key);
	return true;
}

static bool holds(uint64_t a, const char *operator, uint64_t b)
{
	switch (operator[0]) {
	case '<':
		return operator[1] ? a <= b : a<b;
	case '>':
		return operator[1] ? a >= b : a> b;
	case '!':
		return a != b;
	default:
		return a == b;
	}
}

/* The map of a counter or meter, by any of its names. */
static struct seki_bpf_map *find_cells(struct seki_stf *stf, const char *what, const char *name,
				       size_t size)
{
	for (uint32_t i = 0; i < seki_bpf_prog_info(stf->m.prog)->maps; i++) {
		struct seki_bpf_map *map = seki_bpf_prog_map_at(stf->m.prog, i);

		if (seki_p4rt_is_name(seki_bpf_map_name(map), name, strlen(name)) &&
		    seki_bpf_map_def(map)->value_size == size)
			return map;
	}
	seki_stf_fault(stf, "there is no %s '%s' that the program uses", what, name);
	return NULL;
}

/* NAME(INDEX) and what is behind it, in words. */
static int split_cell(char *rest, char **words)
{
	for (char *c = rest; *c; c++)
		if (*c == '(' || *c == ')')
			*c = ' ';
	return seki_stf_split(rest, words, MAX_WORDS);
}

bool seki_stf_do_check_counter(struct seki_stf *stf, char *rest)
{
	struct seki_counter counter;
	char *words[MAX_WORDS];
	struct seki_bpf_map *map;
	uint64_t index, want, got;
	uint32_t key;
	int n, at = 2;
	bool is_bytes;

	n = split_cell(rest, words);
	if (n < 3) {
		seki_stf_fault(
			stf, "write: check_counter NAME(INDEX) [packets|bytes] [OPERATOR] NUMBER");
		return true;
	}
	if (!seki_stf_number(stf, words[1], &index) || !seki_stf_number(stf, words[n - 1], &want))
		return true;
	is_bytes = strcmp(words[at], "bytes") == 0;
	at += is_bytes || strcmp(words[at], "packets") == 0;
	map = find_cells(stf, "counter", words[0], sizeof(counter));
	key = (uint32_t)index;
	if (!map)
		return true;
	if (index > UINT32_MAX || seki_bpf_map_get(map, &key, &counter)) {
		seki_stf_fault(stf, "counter '%s' has no cell %s", words[0], words[1]);
		return true;
	}
	got = is_bytes ? counter.bytes : counter.packets;
	if (holds(got, words[at], want))
		stf->met++;
	else
		seki_stf_fault(stf, "counter '%s' has %llu %s in cell %s", words[0],
			       (unsigned long long)got, is_bytes ? "bytes" : "packets", words[1]);
	return true;
}

bool seki_stf_do_meter(struct seki_stf *stf, char *rest)
{
	struct seki_meter meter = {.is_set = 1};
	char *words[MAX_WORDS];
	struct seki_bpf_map *map;
	uint64_t index;
	uint32_t key;

	if (split_cell(rest, words) != 6) {
		seki_stf_fault(stf, "write: meter NAME(INDEX) CIR CBS PIR PBS");
		return true;
	}
	if (!seki_stf_number(stf, words[1], &index) ||
	    !seki_stf_number(stf, words[2], &meter.cir) ||
	    !seki_stf_number(stf, words[3], &meter.cbs) ||
	    !seki_stf_number(stf, words[4], &meter.pir) ||
	    !seki_stf_number(stf, words[5], &meter.pbs))
		return true;
	map = find_cells(stf, "meter", words[0], sizeof(meter));
	key = (uint32_t)index;
	if (map && (index > UINT32_MAX || seki_bpf_map_set(map, &key, &meter)))
		seki_stf_fault(stf, "meter '%s' has no cell %s", words[0], words[1]);
	return true;
}

/* ---- digests ---- */

bool seki_stf_do_digest(struct seki_stf *stf, char *rest)
{
	struct seki_bpf_map *map;
	uint8_t *record;
	char *words[2];
	uint32_t size;
	int err;

	if (seki_stf_split(rest, words, 2) < 2) {
		seki_stf_fault(stf, "write: digest NAME RECORD|none");
		return true;
	}
	map = seki_bpf_prog_map(stf->m.prog, words[0]);
	size = map ? seki_bpf_map_def(map)->value_size : 0;
	record = calloc(1, size + 1);
	if (!record)
		return false;
	err = map ? seki_bpf_digest_next(stf->m.prog, words[0], 0, record) : -ENOENT;
	seki_stf_squeeze(words[1]);
	if (err && err != -EAGAIN)
		seki_stf_fault(stf, "there is no digest '%s' that the program uses", words[0]);
	else if (err ? strcmp(words[1], "none") == 0
		     : seki_stf_matches(words[1], true, record, size))
		stf->met++;
	else if (err)
		seki_stf_fault(stf, "digest '%s' has no record", words[0]);
	else
		seki_stf_tell(stf, &(struct seki_stf_fault){.line = stf->line,
							    .text = "another record",
							    .expected = words[1],
							    .got = record,
							    .got_len = size});
	free(record);
	return true;
}
