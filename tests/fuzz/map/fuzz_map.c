// SPDX-License-Identifier: Apache-2.0
/*
 * Maps of all kinds against a list of entries that is searched from end to end. An input is a
 * definition, then a byte or more a step: changes, lookups, walks, and runs of the program that keep
 * what they found. While a run is on, changes may be busy, and then have changed nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/map/map.h"

#define ENTRIES_MAX 400u
#define KEY_MAX	    24u
#define PLANE	    SEKI_MAP_NO_QUEUE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *at;
	size_t left;
};

struct entry {
	uint8_t key[4 + 2 * KEY_MAX];
	uint64_t value[2];
};

struct world {
	struct input in;
	struct seki_bpf_map map;
	struct seki_bpf_reader reader;
	struct seki_bpf_readers readers;
	struct seki_map_field fields[3];
	uint32_t n_fields;

	struct entry entries[ENTRIES_MAX]; /* in the order of addition */
	uint32_t n;

	bool running;
	const uint64_t *held; /* found by the run */
	uint64_t was[2];
	uint64_t state; /* of numbers that are not the input's */
};

static uint8_t byte(struct input *in)
{
	if (!in->left)
		return 0;
	in->left--;
	return *in->at++;
}

static void must(bool is_so)
{
	if (!is_so)
		abort();
}

static uint32_t type_of(const struct world *w)
{
	return w->map.def.type;
}

static bool is_array(const struct world *w)
{
	return type_of(w) == SEKI_MAP_ARRAY || type_of(w) == SEKI_MAP_QUEUE_ARRAY;
}

/* ---- keys: of few values, so that they meet ---- */

/* From the input, or, where many are made at once, from a number. */
static uint8_t some_byte(struct world *w)
{
	static const uint8_t some[] = {0, 0, 1, 128, 255, 16, 7, 254};
	uint8_t b;

	if (w->state) {
		w->state = w->state * 6364136223846793005u + 1442695040888963407u;
		return (uint8_t)(w->state >> 40);
	}
	b = byte(&w->in);
	return b < 128 ? some[b % SEKI_COUNT(some)] : b;
}

static void make_mask(uint8_t *mask, uint32_t bits, uint32_t bytes, uint32_t ones)
{
	memset(mask, 0, bytes);
	for (uint32_t i = 0; i < ones; i++) {
		uint32_t bit = bytes * 8 - bits + i;

		mask[bit / 8] |= (uint8_t)(128 >> bit % 8);
	}
}

static void order_ends(uint8_t *first, uint8_t *second, uint32_t bytes)
{
	uint8_t swap[KEY_MAX];

	if (memcmp(first, second, bytes) <= 0)
		return;
	memcpy(swap, first, bytes);
	memcpy(first, second, bytes);
	memcpy(second, swap, bytes);
}

static void make_field(struct world *w, const struct seki_map_field *f, uint8_t *first,
		       uint8_t *second)
{
	uint8_t full = (uint8_t)(0xff >> (f->bytes * 8 - f->bits));

	for (uint32_t i = 0; i < f->bytes; i++) {
		first[i] = some_byte(w);
		second[i] = some_byte(w);
	}
	first[0] &= full;
	second[0] &= full;
	if (f->match == SEKI_MATCH_RANGE) {
		order_ends(first, second, f->bytes);
		return;
	}
	if (f->match == SEKI_MATCH_EXACT)
		make_mask(second, f->bits, f->bytes, f->bits);
	else if (f->match == SEKI_MATCH_OPTIONAL)
		make_mask(second, f->bits, f->bytes, second[0] % 2 * f->bits);
	else if (f->match == SEKI_MATCH_LPM)
		make_mask(second, f->bits, f->bytes, second[0] % (f->bits + 1u));
	for (uint32_t i = 0; i < f->bytes; i++)
		first[i] &= second[i];
}

static void make_key(struct world *w, uint8_t *key)
{
	uint32_t size = w->map.def.key_size, number;

	memset(key, 0, 4 + 2 * KEY_MAX);
	if (type_of(w) == SEKI_MAP_CLASSIFIER) {
		key[0] = some_byte(w) % 4;
		key[3] = some_byte(w) % 16 ? 0 : 0xff;
		for (uint32_t i = 0; i < w->n_fields; i++)
			make_field(w, &w->fields[i], key + 4 + w->fields[i].offset,
				   key + 4 + size + w->fields[i].offset);
		return;
	}
	for (uint32_t i = 0; i < size; i++)
		key[i] = some_byte(w);
	if (is_array(w)) {
		number = key[0] % (w->map.def.max_entries + 2);
		memcpy(key, &number, sizeof(number));
	}
	if (type_of(w) != SEKI_MAP_LPM)
		return;
	number = key[0] % ((size - 4) * 8 + 1);
	memcpy(key, &number, sizeof(number));
	for (uint32_t i = 0; i < size - 4; i++)
		key[4 + i] &= (uint8_t)(i < number / 8	  ? 0xff
					: i == number / 8 ? ~(0xff >> number % 8)
							  : 0);
}

/* ---- the model ---- */

static bool covers(const struct world *w, const struct entry *e, const uint8_t *key)
{
	const uint8_t *first = e->key + 4, *second = first + w->map.def.key_size;

	for (uint32_t f = 0; f < w->n_fields; f++) {
		const struct seki_map_field *field = &w->fields[f];
		uint32_t at = field->offset;

		if (field->match == SEKI_MATCH_RANGE) {
			if (memcmp(key + at, first + at, field->bytes) < 0 ||
			    memcmp(key + at, second + at, field->bytes) > 0)
				return false;
			continue;
		}
		for (; at < field->offset + field->bytes; at++)
			if ((key[at] ^ first[at]) & second[at])
				return false;
	}
	return true;
}

static uint32_t number_of(const uint8_t *key)
{
	uint32_t number;

	memcpy(&number, key, sizeof(number));
	return number;
}

static bool has_prefix(const uint8_t *prefix, const uint8_t *key)
{
	for (uint32_t i = 0; i < number_of(prefix); i++)
		if ((prefix[4 + i / 8] ^ key[4 + i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static struct entry *find_named(struct world *w, const uint8_t *key)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (!memcmp(w->entries[i].key, key, w->map.key_bytes))
			return &w->entries[i];
	return NULL;
}

/* What a lookup should find. */
static struct entry *find_best(struct world *w, const uint8_t *key)
{
	struct entry *best = NULL;

	if (type_of(w) != SEKI_MAP_LPM && type_of(w) != SEKI_MAP_CLASSIFIER)
		return find_named(w, key);
	for (uint32_t i = 0; i < w->n; i++) {
		struct entry *e = &w->entries[i];

		if (!(type_of(w) == SEKI_MAP_LPM ? has_prefix(e->key, key) : covers(w, e, key)))
			continue;
		/* The length of a prefix and a priority stand at the same place. */
		if (!best || number_of(e->key) > number_of(best->key))
			best = e;
	}
	return best;
}

static void forget(struct world *w, struct entry *e)
{
	w->n--;
	memmove(e, e + 1, (uint8_t *)&w->entries[w->n] - (uint8_t *)e);
}

/* ---- steps ---- */

static uint32_t words(const struct world *w)
{
	return w->map.def.value_size / 8;
}

static int put_error(const struct world *w, const uint8_t *key, const struct entry *old,
		     enum seki_map_set how)
{
	if (is_array(w) && number_of(key) >= w->map.def.max_entries)
		return -ENOENT;
	if (how == SEKI_MAP_NOEXIST && (old || is_array(w)))
		return -EEXIST;
	if (old || is_array(w))
		return 0;
	if (how == SEKI_MAP_EXIST)
		return -ENOENT;
	return w->n == w->map.def.max_entries && type_of(w) != SEKI_MAP_LRU_HASH ? -ENOSPC : 0;
}

static void put(struct world *w)
{
	enum seki_map_set how = w->state ? SEKI_MAP_ANY : byte(&w->in) % 3;
	struct entry new = {.value = {(uint64_t)rand(), (uint64_t)rand()}}, *old;
	int err, want;

	make_key(w, new.key);
	old = find_named(w, new.key);
	want = put_error(w, new.key, old, how);
	err = seki_bpf_map_put(&w->map, new.key, new.value, how, PLANE);
	if (err == -EBUSY && w->running)
		return;
	if (type_of(w) == SEKI_MAP_LRU_HASH) {
		if (err) /* an entry of the model may have gone */
			must(err == (how == SEKI_MAP_EXIST ? -ENOENT : -EEXIST));
		want = err;
	}
	must(err == want);
	if (err)
		return;
	if (!old && w->n == ENTRIES_MAX) /* the model of an LRU map forgets as well */
		forget(w, &w->entries[0]);
	if (!old)
		old = &w->entries[w->n++];
	*old = new;
}

static void put_many(struct world *w)
{
	uint32_t n = byte(&w->in) % 128;

	w->state = byte(&w->in) + 1u;
	while (n--)
		put(w);
	w->state = 0;
}

static void drop(struct world *w)
{
	uint8_t key[4 + 2 * KEY_MAX];
	struct entry *old;
	int err;

	if (w->n && byte(&w->in) % 4)
		memcpy(key, w->entries[byte(&w->in) % w->n].key, sizeof(key));
	else
		make_key(w, key);
	old = find_named(w, key);
	err = seki_bpf_map_remove(&w->map, key, PLANE);
	if (err == -EBUSY && w->running)
		return;
	if (is_array(w)) {
		must(err == -EINVAL);
		return;
	}
	must(err == (old ? 0 : -ENOENT) || type_of(w) == SEKI_MAP_LRU_HASH);
	if (old)
		forget(w, old);
}

/* A key that no care was taken of: it is refused, or names an entry like any other. */
static void put_raw(struct world *w)
{
	uint8_t key[SEKI_MAP_KEY_MAX];
	uint64_t value[2] = {1, 2};
	int err;

	if (type_of(w) == SEKI_MAP_LRU_HASH || is_array(w))
		return;
	for (uint32_t i = 0; i < w->map.key_bytes; i++)
		key[i] = byte(&w->in);
	err = seki_bpf_map_put(&w->map, key, value, SEKI_MAP_NOEXIST, PLANE);
	if (err) {
		must(err == -EINVAL || err == -ENOSPC || err == -EEXIST ||
		     (err == -EBUSY && w->running));
		return;
	}
	err = seki_bpf_map_remove(&w->map, key, PLANE);
	if (err == -EBUSY && w->running) { /* until it ends */
		seki_bpf_reader_leave(&w->readers, 0);
		w->running = false;
		w->held = NULL;
		err = seki_bpf_map_remove(&w->map, key, PLANE);
	}
	must(!err);
}

static void check_value(struct world *w, const uint64_t *found, const struct entry *e)
{
	for (uint32_t i = 0; i < words(w); i++)
		must(found[i] == (e ? e->value[i] : 0));
}

static void look(struct world *w)
{
	uint8_t key[4 + 2 * KEY_MAX], *exact;
	const struct entry *e;
	const uint64_t *found;

	make_key(w, key);
	if (type_of(w) == SEKI_MAP_CLASSIFIER)
		memmove(key, key + 4, w->map.def.key_size);
	if (type_of(w) == SEKI_MAP_LPM) { /* all bits count */
		uint32_t bits = (w->map.def.key_size - 4) * 8;

		memcpy(key, &bits, sizeof(bits));
	}
	exact = malloc(w->map.def.key_size); /* the sanitizer sees a byte more */
	memcpy(exact, key, w->map.def.key_size);
	e = find_best(w, key);
	found = seki_bpf_map_find(&w->map, exact, 0);
	free(exact);
	if (is_array(w))
		must(!!found == (number_of(key) < w->map.def.max_entries));
	else
		must(!!found == !!e || type_of(w) == SEKI_MAP_LRU_HASH);
	if (!found)
		return;
	must(seki_bpf_map_holds(&w->map, (uintptr_t)found, w->map.def.value_size));
	if (type_of(w) != SEKI_MAP_LRU_HASH || e)
		check_value(w, found, e);
	if (!w->running || is_array(w))
		return;
	w->held = found;
	memcpy(w->was, found, w->map.def.value_size);
}

static void toggle_run(struct world *w)
{
	if (w->running) {
		must(!w->held || !memcmp(w->held, w->was, w->map.def.value_size));
		seki_bpf_reader_leave(&w->readers, 0);
	} else {
		seki_bpf_reader_enter(&w->readers, 0);
	}
	w->held = NULL;
	w->running = !w->running;
}

static void walk(struct world *w)
{
	uint8_t key[SEKI_MAP_KEY_MAX];
	uint64_t value[2];
	uint32_t met = 0;

	if (type_of(w) == SEKI_MAP_LRU_HASH) {
		must(seki_bpf_map_count(&w->map) <= w->map.def.max_entries);
		return;
	}
	for (int err = seki_bpf_map_next(&w->map, NULL, key); !err;
	     err = seki_bpf_map_next(&w->map, key, key), met++) {
		const struct entry *e = find_named(w, key);

		must(e || is_array(w));
		must(!seki_bpf_map_read(&w->map, key, value, PLANE));
		check_value(w, value, e);
	}
	must(met == seki_bpf_map_count(&w->map));
	must(is_array(w) || met == w->n);
}

/* ---- a map ---- */

static void make_fields(struct world *w)
{
	uint32_t left = w->map.def.key_size, at = 0;

	while (left) {
		uint32_t bytes = w->n_fields == 2 ? left : 1 + byte(&w->in) % left;

		w->fields[w->n_fields++] = (struct seki_map_field){
			.offset = (uint16_t)at,
			.bytes = (uint16_t)bytes,
			.bits = (uint16_t)(bytes * 8 - byte(&w->in) % 8),
			.match = (uint8_t)(1 + byte(&w->in) % 5),
		};
		at += bytes;
		left -= bytes;
	}
	must(!seki_bpf_map_set_fields(&w->map, w->fields, w->n_fields));
}

/* Whatever a definition says, its size is known or it is refused. */
static void try_definition(struct input *in)
{
	struct seki_map_def def = {0};
	const char *why;

	for (uint32_t i = 0; i < 20; i++)
		((uint8_t *)&def)[i] = byte(in);
	must(!seki_bpf_map_bytes(&def, 1 + byte(in) % SEKI_MAP_QUEUES_MAX, &why) == !!why);
}

static void *make_map(struct world *w)
{
	static const uint32_t types[] = {
		SEKI_MAP_ARRAY, SEKI_MAP_QUEUE_ARRAY, SEKI_MAP_HASH,	   SEKI_MAP_LRU_HASH,
		SEKI_MAP_LPM,	SEKI_MAP_CLASSIFIER,  SEKI_MAP_CLASSIFIER, SEKI_MAP_CLASSIFIER};
	struct seki_map_def def = {.type = types[byte(&w->in) % SEKI_COUNT(types)]};
	const char *why;
	uint64_t bytes;
	void *memory;

	def.key_size = 1 + byte(&w->in) % KEY_MAX;
	def.value_size = 8 + byte(&w->in) % 2 * 8;
	def.max_entries = 1 + (byte(&w->in) | byte(&w->in) << 8) % ENTRIES_MAX;
	if (def.type == SEKI_MAP_ARRAY || def.type == SEKI_MAP_QUEUE_ARRAY)
		def.key_size = 4;
	if (def.type == SEKI_MAP_LPM)
		def.key_size += 4;
	bytes = seki_bpf_map_bytes(&def, 1, &why);
	must(bytes && !why);
	memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
	memset(memory, 0, bytes);
	w->readers = (struct seki_bpf_readers){.at = &w->reader, .n = 1};
	seki_bpf_map_init(&w->map, &def, memory, 7, &w->readers);
	if (def.type == SEKI_MAP_CLASSIFIER)
		make_fields(w);
	return memory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const steps[])(struct world *) = {
		put, put, put_many, drop, drop, put_raw, look, look, look, walk, toggle_run};
	struct world *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	void *memory;

	memset(w, 0, sizeof(*w));
	w->in = (struct input){data, size};
	try_definition(&w->in);
	memory = make_map(w);
	srand(1);
	while (w->in.left)
		steps[byte(&w->in) % SEKI_COUNT(steps)](w);
	if (w->running)
		toggle_run(w);
	walk(w);
	free(memory);
	free(w);
	return 0;
}
