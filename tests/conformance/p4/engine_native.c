/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generated C as a shared library: an engine of p4run that shares nothing with the BPF machine.
 * The helpers here are deliberately naive.
 */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/conformance/p4/p4run.h"

struct pair {
	struct pair *next;
	const struct seki_map_def *map;
	uint8_t *key; /* of p4run_key_size() bytes */
	void *value;
};

static void *library;
static uint64_t (*entry)(void *ctx, struct seki_std_meta *std);
static struct pair *pairs;
static struct p4run_packet *current;
static const struct p4run_facts *facts;

/* ---- helpers, called by the program ---- */

#define HELPER(name) __asm__("helper$" #name) /* as the generated C knows them */

void *ubpf_map_lookup(const struct seki_map_def *map, const void *key) HELPER(ubpf_map_lookup);
int ubpf_map_update(const struct seki_map_def *map, const void *key, const void *value)
	HELPER(ubpf_map_update);
uint64_t ubpf_time_get_ns(void) HELPER(ubpf_time_get_ns);
uint32_t ubpf_hash(const void *data, uint64_t len) HELPER(ubpf_hash);
void *ubpf_adjust_head(void *ctx, int by) HELPER(ubpf_adjust_head);
void *ubpf_packet_data(void *ctx) HELPER(ubpf_packet_data);
uint32_t ubpf_truncate_packet(void *ctx, int max) HELPER(ubpf_truncate_packet);
uint64_t vm_udp_sent(const struct seki_udp_query *query, uint64_t within_ms) HELPER(vm_udp_sent);
uint64_t vm_udp_sent_any(uint64_t within_ms) HELPER(vm_udp_sent_any);
void drop_site(uint32_t line) HELPER(drop_site);
uint64_t random_number(void) HELPER(random_number);
uint32_t crc(const void *data, uint64_t len, uint64_t kind, uint32_t before) HELPER(crc);

/* The entry that a control plane knows by this key. */
static struct pair *find(const struct seki_map_def *map, const void *key)
{
	for (struct pair *p = pairs; p; p = p->next)
		if (p->map == map && memcmp(p->key, key, p4run_key_size(map)) == 0)
			return p;
	return NULL;
}

static bool prefix_matches(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
	for (uint32_t i = 0; i < bits; i++)
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* Of a trie: the longest prefix. */
static struct pair *find_prefix(const struct seki_map_def *map, const uint8_t *key)
{
	struct pair *best = NULL;
	uint32_t bits, longest = 0;

	for (struct pair *p = pairs; p; p = p->next) {
		if (p->map != map)
			continue;
		memcpy(&bits, p->key, sizeof(bits));
		if (!prefix_matches(p->key + 4, key + 4, bits) || (best && bits < longest))
			continue;
		best = p;
		longest = bits;
	}
	return best;
}

/* What the fields of a classifier are. */
static const struct seki_map_field *fields_of(const struct seki_map_def *map)
{
	char symbol[256];
	Dl_info info;

	if (!dladdr(map, &info) || !info.dli_sname)
		abort();
	snprintf(symbol, sizeof(symbol), SEKI_FIELDS_PREFIX "%s", info.dli_sname);
	return dlsym(library, symbol);
}

static bool field_matches(const struct seki_map_field *f, const uint8_t *first,
			  const uint8_t *second, const uint8_t *key)
{
	if (f->match == SEKI_MATCH_RANGE)
		return memcmp(first, key, f->bytes) <= 0 && memcmp(key, second, f->bytes) <= 0;
	for (uint32_t i = 0; i < f->bytes; i++)
		if ((first[i] ^ key[i]) & second[i])
			return false;
	return true;
}

/* Of a classifier: the greatest priority, among equals the first, which is the last in the list. */
static struct pair *classify(const struct seki_map_def *map, const uint8_t *key)
{
	const struct seki_map_field *fields = fields_of(map);
	uint32_t priority, greatest = 0;
	struct pair *best = NULL;

	for (struct pair *p = pairs; p; p = p->next) {
		const struct seki_map_field *f = fields;
		uint32_t at = 0;

		if (p->map != map)
			continue;
		memcpy(&priority, p->key, sizeof(priority));
		for (; at < map->key_size; at += f++->bytes)
			if (!field_matches(f, p->key + 4 + at, p->key + 4 + map->key_size + at,
					   key + at))
				break;
		if (at < map->key_size || (best && priority < greatest))
			continue;
		best = p;
		greatest = priority;
	}
	return best;
}

static bool is_array(const struct seki_map_def *map)
{
	return map->type == SEKI_MAP_ARRAY || map->type == SEKI_MAP_QUEUE_ARRAY;
}

static void *copy(const void *data, size_t len)
{
	void *mem = malloc(len);

	if (!mem)
		abort();
	return memcpy(mem, data, len);
}

int ubpf_map_update(const struct seki_map_def *map, const void *key, const void *value)
{
	struct pair *p = find(map, key);

	if (p) {
		memcpy(p->value, value, map->value_size);
		return 0;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	p->map = map;
	p->key = copy(key, p4run_key_size(map));
	p->value = copy(value, map->value_size);
	p->next = pairs;
	pairs = p;
	return 0;
}

/* An array has all its entries from the start. */
static struct pair *find_cell(const struct seki_map_def *map, const void *key)
{
	uint32_t index;
	void *zero;

	memcpy(&index, key, sizeof(index));
	if (index >= map->max_entries)
		return NULL;
	if (!find(map, key)) {
		zero = calloc(1, map->value_size);
		if (!zero)
			abort();
		ubpf_map_update(map, key, zero);
		free(zero);
	}
	return find(map, key);
}

void *ubpf_map_lookup(const struct seki_map_def *map, const void *key)
{
	struct pair *p = is_array(map)			    ? find_cell(map, key)
			 : map->type == SEKI_MAP_LPM	    ? find_prefix(map, key)
			 : map->type == SEKI_MAP_CLASSIFIER ? classify(map, key)
							    : find(map, key);

	return p ? p->value : NULL;
}

uint64_t ubpf_time_get_ns(void)
{
	struct timespec now;

	if (facts->time)
		return facts->time;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint32_t rotate(uint32_t v, int n)
{
	return v << n | v >> (32 - n);
}

static void mix(uint32_t *s)
{
	static const int turns[] = {4, 6, 8, 16, 19, 4};

	for (int i = 0; i < 6; i++) {
		uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];

		*a -= *c;
		*a ^= rotate(*c, turns[i]);
		*c += *b;
	}
}

static void final_mix(uint32_t *s)
{
	static const int turns[] = {14, 11, 25, 16, 4, 14, 24};

	for (int i = 0; i < 7; i++) {
		uint32_t *c = &s[(i + 2) % 3];

		*c ^= s[(i + 1) % 3];
		*c -= rotate(s[(i + 1) % 3], turns[i]);
	}
}

/* Bob Jenkins' lookup3, hashlittle() with seed 0 (public domain algorithm, burtleburtle.net). */
uint32_t ubpf_hash(const void *data, uint64_t len)
{
	const uint8_t *p = data;
	uint32_t s[3];

	s[0] = s[1] = s[2] = 0xdeadbeef + (uint32_t)len;
	while (len > 12) {
		for (int i = 0; i < 12; i++)
			s[i / 4] += (uint32_t)p[i] << 8 * (i % 4);
		mix(s);
		p += 12;
		len -= 12;
	}
	if (len == 0)
		return s[2];
	for (uint64_t i = 0; i < len; i++)
		s[i / 4] += (uint32_t)p[i] << 8 * (i % 4);
	final_mix(s);
	return s[2];
}

void *ubpf_adjust_head(void *ctx, int by)
{
	(void)ctx;
	if ((by > 0 && (uint32_t)by > current->off) || (by < 0 && (uint32_t)-by > current->len))
		abort();
	current->off -= (uint32_t)by;
	current->len += (uint32_t)by;
	if (by > 0)
		memset(current->buf + current->off, 0, (size_t)by);
	return current->buf + current->off;
}

void *ubpf_packet_data(void *ctx)
{
	(void)ctx;
	return current->buf + current->off;
}

uint32_t ubpf_truncate_packet(void *ctx, int max)
{
	uint32_t cut = 0;

	(void)ctx;
	if (max >= 0 && (uint32_t)max < current->len) {
		cut = current->len - (uint32_t)max;
		current->len = (uint32_t)max;
	}
	return cut;
}

uint64_t vm_udp_sent(const struct seki_udp_query *query, uint64_t within_ms)
{
	(void)within_ms;
	return p4run_sent(facts, query);
}

uint64_t vm_udp_sent_any(uint64_t within_ms)
{
	(void)within_ms;
	return facts->n > 0;
}

uint64_t random_number(void)
{
	return (uint64_t)random() << 62 ^ (uint64_t)random() << 31 ^ (uint64_t)random();
}

/* Bit after bit. */
uint32_t crc(const void *data, uint64_t len, uint64_t kind, uint32_t before)
{
	static const uint32_t polynomials[] = {
		[SEKI_CRC_16_ARC] = 0xa001,
		[SEKI_CRC_32_ISO_HDLC] = 0xedb88320,
		[SEKI_CRC_32_ISCSI] = 0x82f63b78,
	};
	uint32_t invert = kind == SEKI_CRC_16_ARC ? 0 : 0xffffffff, s = before ^ invert;

	for (uint64_t bit = 0; bit < 8 * len; bit++) {
		s ^= ((const uint8_t *)data)[bit / 8] >> bit % 8 & 1;
		s = s & 1 ? s >> 1 ^ polynomials[kind] : s >> 1;
	}
	return s ^ invert;
}

void drop_site(uint32_t line)
{
	current->site = line;
}

/* ---- the engine ---- */

/* Puts the entries in that the program comes with: the array seki_init_<map>. */
static void fill(const char *name, const struct seki_map_def *map)
{
	char symbol[256];
	const uint8_t *data;
	const ElfW(Sym) * sym;
	Dl_info info;

	snprintf(symbol, sizeof(symbol), SEKI_INIT_PREFIX "%s", name);
	data = dlsym(library, symbol);
	if (!data || !dladdr1(data, &info, (void **)&sym, RTLD_DL_SYMENT) || !sym)
		return;
	for (size_t at = 0; at < sym->st_size; at += p4run_key_size(map) + map->value_size)
		ubpf_map_update(map, data + at, data + at + p4run_key_size(map));
}

/* All maps, by the names of the program's symbols. */
static int fill_all(const char *path)
{
	char command[4096], name[256];
	FILE *list;

	snprintf(command, sizeof(command), "nm -D --defined-only -P '%s'", path);
	list = popen(command, "re");
	if (!list)
		return -errno;
	while (fscanf(list, "%255s %*[^\n]", name) == 1)
		if (strncmp(name, SEKI_INIT_PREFIX, strlen(SEKI_INIT_PREFIX)) == 0) {
			const char *map = name + strlen(SEKI_INIT_PREFIX);

			fill(map, dlsym(library, map));
		}
	return pclose(list) ? -EIO : 0;
}

static int load(const char *path)
{
	library = dlopen(path, RTLD_NOW);
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return -ENOEXEC;
	}
	entry = (uint64_t(*)(void *, struct seki_std_meta *))dlsym(library, "entry");
	return entry ? fill_all(path) : -ENOEXEC;
}

static int set(const char *name, const void *key, size_t key_len, const void *value,
	       size_t value_len)
{
	const struct seki_map_def *map = dlsym(library, name);

	if (!map || p4run_key_size(map) != key_len || map->value_size != value_len)
		return -EINVAL;
	return ubpf_map_update(map, key, value);
}

static int get(const char *name, const void *key, size_t key_len, void *value, size_t *value_len)
{
	const struct seki_map_def *map = dlsym(library, name);
	struct pair *p;

	if (!map || p4run_key_size(map) != key_len || map->value_size > *value_len)
		return -EINVAL;
	p = is_array(map) ? find_cell(map, key) : find(map, key);
	if (!p)
		return -ENOENT;
	*value_len = map->value_size;
	memcpy(value, p->value, map->value_size);
	return 0;
}

static int digest(const char *name, void *record, size_t *len)
{
	const struct seki_map_def *map = dlsym(library, name);
	uint32_t zero = 0, at;
	uint64_t taken, number;
	char symbol[256];
	void *count;
	int err;

	snprintf(symbol, sizeof(symbol), "%s_taken", name);
	count = dlsym(library, symbol);
	if (!map || !count)
		return -EINVAL;
	memcpy(&taken, ubpf_map_lookup(count, &zero), sizeof(taken));
	at = (uint32_t)(taken % map->max_entries);
	err = get(name, &at, sizeof(at), record, len);
	if (err)
		return err;
	memcpy(&number, record, sizeof(number));
	if (number != taken + 1)
		return -EAGAIN;
	taken++;
	return ubpf_map_update(count, &zero, &taken);
}

static int run(struct p4run_packet *packet, const struct p4run_facts *known, uint64_t *result)
{
	current = packet;
	facts = known;
	*result = entry(packet, &packet->meta);
	return 0;
}

const struct p4run_engine p4run_native = {
	.suffix = ".so", .load = load, .set = set, .get = get, .digest = digest, .run = run};
