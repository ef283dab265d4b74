// SPDX-License-Identifier: Apache-2.0
/*
 * classifier_bench [--rounds N] [--draws N] [--seed N] [--only TEXT]: what a lookup in a classifier takes
 * beside one in an exact hash map of as many entries and as large a key, in which every lookup hits.
 *
 * Of each kind of set several are drawn, from seeds in a row. For one draw each round measures both
 * maps once, in turn, for at least 10 ms of the thread's CPU time; a figure is the median over the
 * rounds, a ratio the median of the rounds' own ratios. Packets: of ten, nine are made to match an
 * entry drawn at random, so that nothing stays in the caches that real traffic would not keep there;
 * one is random.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/base/check.h"
#include "core/bpf/map/map.h"

#define PACKETS	   (1u << 14)
#define KEY_MAX	   16u
#define SAMPLE_NS  10e6
#define ROUNDS_MAX 99
#define DRAWS_MAX  99

struct rule {
	uint32_t priority;
	uint8_t bytes[2 * KEY_MAX]; /* first and second, of the key's size each */
};

/* A kind of entries. */
struct set {
	const char *name;
	uint32_t bytes; /* of the key */
	struct seki_map_field fields[5];
	uint32_t n_fields;
	void (*make)(struct rule *rule, uint32_t i, uint32_t n);
};

static uint64_t state;

static uint32_t draw(uint32_t n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((state >> 33) * n >> 31);
}

static void die(const char *what)
{
	fprintf(stderr, "classifier_bench: %s\n", what);
	exit(1);
}

/* ---- the sets ---- */

/* Networks of 64 sites with 64 subnets each. */
static void make_address(uint8_t *first, uint8_t *mask, uint32_t len)
{
	uint32_t site = draw(64), ones = len ? ~0u << (32 - len) : 0;
	uint32_t address = (10 + site % 4 * 40) << 24 | (site * 37 % 256) << 16 |
			   (draw(64) * 3) << 8 | draw(256);

	for (int i = 0; i < 4; i++) {
		mask[i] = (uint8_t)(ones >> (24 - i * 8));
		first[i] = (uint8_t)(address >> (24 - i * 8)) & mask[i];
	}
}

static void make_range(uint8_t *first, uint8_t *second, uint32_t low, uint32_t high)
{
	first[0] = (uint8_t)(low >> 8);
	first[1] = (uint8_t)low;
	second[0] = (uint8_t)(high >> 8);
	second[1] = (uint8_t)high;
}

/* Of 20: any, exact of few, exact of all, 1024 and up, a short range. */
static void make_port(uint8_t *first, uint8_t *second, const uint8_t *of)
{
	uint32_t kind = draw(20), at = 0, low;

	while (kind >= of[at])
		kind -= of[at++];
	switch (at) {
	case 0:
		make_range(first, second, 0, 65535);
		break;
	case 1:
	case 2:
		low = at == 1 ? 20 + draw(100) * draw(80) : draw(65536);
		make_range(first, second, low, low);
		break;
	case 3:
		make_range(first, second, 1024, 65535);
		break;
	default:
		low = draw(60000);
		make_range(first, second, low, low + 1 + draw(500));
	}
}

/* Lengths of prefixes, and kinds of ports as above, of 20. */
struct shares {
	uint8_t src_len[20], dst_len[20], src_ports[5], dst_ports[5];
};

static void make_rule(struct rule *rule, const struct shares *of)
{
	uint8_t *first = rule->bytes, *second = rule->bytes + 13;

	make_address(first, second, of->src_len[draw(20)]);
	make_address(first + 4, second + 4, of->dst_len[draw(20)]);
	make_port(first + 8, second + 8, of->src_ports);
	make_port(first + 10, second + 10, of->dst_ports);
	second[12] = draw(10) ? 255 : 0;
	first[12] = (draw(5) ? 6 : 17) & second[12];
}

/* As access lists of routers: most entries name both ends. */
static void make_acl(struct rule *rule, uint32_t i, uint32_t n)
{
	static const struct shares of = {
		{0, 16, 16, 24, 24, 24, 24, 24, 24, 28, 28, 32, 32, 32, 32, 32, 32, 32, 32, 32},
		{16, 16, 24, 24, 24, 24, 24, 24, 24, 28, 28, 32, 32, 32, 32, 32, 32, 32, 32, 32},
		{18, 0, 1, 1, 0},
		{5, 8, 2, 3, 2},
	};

	rule->priority = n - i;
	make_rule(rule, &of);
}

/* As firewalls: many leave one end open, and tens match a packet. */
static void make_firewall(struct rule *rule, uint32_t i, uint32_t n)
{
	static const struct shares of = {
		{0, 0, 0, 0, 8, 16, 16, 24, 24, 24, 24, 24, 28, 32, 32, 32, 32, 32, 32, 32},
		{0, 0, 8, 16, 16, 16, 24, 24, 24, 24, 24, 24, 28, 32, 32, 32, 32, 32, 32, 32},
		{18, 0, 1, 1, 0},
		{5, 8, 2, 3, 2},
	};

	rule->priority = n - i;
	make_rule(rule, &of);
}

/* Of 32 masks over the whole key, whose bytes are full, empty or mixed. */
static void make_ternary(struct rule *rule, uint32_t i, uint32_t n)
{
	static uint8_t masks[32][16];
	const uint8_t *mask = masks[draw(32)];

	if (i == 0)
		for (uint32_t b = 0; b < sizeof(masks); b++)
			masks[b / 16][b % 16] = (uint8_t)(draw(3) ? draw(2) * 255 : draw(256));
	rule->priority = draw(n);
	for (int b = 0; b < 16; b++) {
		rule->bytes[16 + b] = mask[b];
		rule->bytes[b] = (uint8_t)draw(256) & mask[b];
	}
}

/* Hostile: a random mask for each entry, of a bit in four; no two entries have much in common. */
static void make_scattered(struct rule *rule, uint32_t i, uint32_t n)
{
	(void)i;
	rule->priority = draw(n);
	for (int b = 0; b < 16; b++) {
		rule->bytes[16 + b] = (uint8_t)(draw(256) & draw(256));
		rule->bytes[b] = (uint8_t)draw(256) & rule->bytes[16 + b];
	}
}

/* Hostile: every entry matches the packets, which are 0, and the better ones were added later. */
static void make_nested(struct rule *rule, uint32_t i, uint32_t n)
{
	(void)n;
	rule->priority = i;
	memset(rule->bytes, 0, sizeof(rule->bytes));
	for (int b = 0; b < 16; b++)
		rule->bytes[16 + b] = (uint8_t)(draw(256) & draw(256));
}

#define TERNARY_16                                                                                 \
	{                                                                                          \
		{                                                                                  \
			0, 16, 128, SEKI_MATCH_TERNARY, 0                                          \
		}                                                                                  \
	}

#define FLOW_13                                                                                    \
	{                                                                                          \
		{0, 4, 32, SEKI_MATCH_LPM, 0}, {4, 4, 32, SEKI_MATCH_LPM, 0},                      \
			{8, 2, 16, SEKI_MATCH_RANGE, 0}, {10, 2, 16, SEKI_MATCH_RANGE, 0},         \
			{12, 1, 8, SEKI_MATCH_OPTIONAL, 0},                                        \
	}

static const struct set sets[] = {
	{"acl", 13, FLOW_13, 5, make_acl},
	{"firewall", 13, FLOW_13, 5, make_firewall},
	{"ternary", 16, TERNARY_16, 1, make_ternary},
	{"scattered", 16, TERNARY_16, 1, make_scattered},
	{"nested", 16, TERNARY_16, 1, make_nested},
};

/* ---- a map with what is looked up in it ---- */

struct unit {
	struct seki_bpf_map map;
	seki_bpf_find find;
	uint8_t (*keys)[KEY_MAX]; /* PACKETS of them */
	uint64_t bytes, lookups;  /* of memory; in a sample */
	double fill_ns;		  /* an entry */
	double ns[ROUNDS_MAX];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct unit *make_unit(const struct seki_map_def *def)
{
	struct unit *u = calloc(1, sizeof(*u));
	const char *why;
	void *memory;

	if (!u)
		die("no memory");
	u->bytes = seki_bpf_map_bytes(def, 1, &why);
	if (why)
		die(why);
	memory = aligned_alloc(64, (u->bytes + 63) / 64 * 64);
	u->keys = calloc(PACKETS, KEY_MAX);
	if (!memory || !u->keys)
		die("no memory");
	memset(memory, 0, u->bytes);
	seki_bpf_map_init(&u->map, def, memory, 7, NULL);
	u->find = seki_bpf_map_finder(def);
	return u;
}

static void drop_unit(struct unit *u)
{
	free(u->map.slots);
	free(u->keys);
	free(u);
}

static void make_packet(const struct set *set, const struct rule *rule, uint8_t *key)
{
	for (uint32_t f = 0; f < set->n_fields; f++) {
		const struct seki_map_field *field = &set->fields[f];
		const uint8_t *first = rule->bytes + field->offset, *second = first + set->bytes;
		uint8_t *to = key + field->offset;

		if (field->match == SEKI_MATCH_RANGE) {
			uint32_t low = (uint32_t)first[0] << 8 | first[1];
			uint32_t high = (uint32_t)second[0] << 8 | second[1];
			uint32_t v = low + draw(high - low + 1);

			to[0] = (uint8_t)(v >> 8);
			to[1] = (uint8_t)v;
			continue;
		}
		for (uint32_t b = 0; b < field->bytes; b++)
			to[b] = (uint8_t)(first[b] | (draw(256) & ~second[b]));
	}
}

/* Adds n entries, no two of the same name, and makes packets. */
static struct unit *make_classifier(const struct set *set, uint32_t n)
{
	struct seki_map_def def = {SEKI_MAP_CLASSIFIER, set->bytes, 8, n, 0};
	struct unit *u = make_unit(&def);
	struct rule *rules = calloc(n, sizeof(*rules));
	const char *why = seki_bpf_map_set_fields(&u->map, set->fields, set->n_fields);

	if (why || !rules)
		die(why ? why : "no memory");
	for (uint32_t i = 0; i < n;) {
		uint64_t value = i;
		double start;
		int err;

		set->make(&rules[i], i, n);
		start = now();
		err = seki_bpf_map_put(&u->map, &rules[i], &value, SEKI_MAP_NOEXIST,
				       SEKI_MAP_NO_QUEUE);
		u->fill_ns += (now() - start) / n;
		if (err && err != -EEXIST)
			die("an entry was not added");
		seki_bpf_map_reclaim(&u->map);
		i += !err;
	}
	for (uint32_t i = 0; i < PACKETS; i++) {
		if (set->make == make_nested)
			continue;
		if (draw(10))
			make_packet(set, &rules[draw(n)], u->keys[i]);
		else
			for (uint32_t b = 0; b < set->bytes; b++)
				u->keys[i][b] = (uint8_t)draw(256);
	}
	free(rules);
	return u;
}

static struct unit *make_hash(uint32_t bytes, uint32_t n)
{
	struct seki_map_def def = {SEKI_MAP_HASH, bytes, 8, n, 0};
	struct unit *u = make_unit(&def);
	uint8_t(*keys)[KEY_MAX] = calloc(n, KEY_MAX);

	if (!keys)
		die("no memory");
	for (uint32_t i = 0; i < n; i++) {
		uint64_t value = i;

		for (uint32_t b = 0; b < bytes; b++)
			keys[i][b] = (uint8_t)draw(256);
		if (seki_bpf_map_put(&u->map, keys[i], &value, SEKI_MAP_ANY, 0))
			die("an entry was not added");
	}
	for (uint32_t i = 0; i < PACKETS; i++)
		memcpy(u->keys[i], keys[draw(n)], KEY_MAX);
	free(keys);
	return u;
}

/* ---- measuring ---- */

static double time_lookups(struct unit *u, uint64_t n)
{
	double start = now();
	uint64_t sum = 0;

	for (uint64_t i = 0; i < n; i++)
		sum += (uintptr_t)u->find(&u->map, u->keys[i % PACKETS]);
	__asm__ volatile("" ::"r"(sum)); /* it is needed */
	return now() - start;
}

static void calibrate(struct unit *u)
{
	for (u->lookups = PACKETS; time_lookups(u, u->lookups) < SAMPLE_NS; u->lookups *= 2)
		;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* What a draw has shown. */
struct result {
	double classifier_ns, hash_ns, ratio, fill_us;
	double classifier_bytes, hash_bytes; /* an entry */
};

static void measure(const struct set *set, uint32_t n, unsigned int rounds, struct result *r)
{
	struct unit *classifier = make_classifier(set, n), *hash = make_hash(set->bytes, n);
	double ratios[ROUNDS_MAX];

	calibrate(classifier);
	calibrate(hash);
	for (unsigned int i = 0; i < rounds; i++) {
		hash->ns[i] = time_lookups(hash, hash->lookups) / (double)hash->lookups;
		classifier->ns[i] = time_lookups(classifier, classifier->lookups) /
				    (double)classifier->lookups;
		ratios[i] = classifier->ns[i] / hash->ns[i];
	}
	*r = (struct result){
		.classifier_ns = median(classifier->ns, rounds),
		.hash_ns = median(hash->ns, rounds),
		.ratio = median(ratios, rounds),
		.fill_us = classifier->fill_ns / 1000,
		.classifier_bytes = (double)classifier->bytes / n,
		.hash_bytes = (double)hash->bytes / n,
	};
	drop_unit(classifier);
	drop_unit(hash);
}

struct options {
	unsigned int rounds, draws, seed;
	const char *only;
};

static double median_of(const struct result *results, unsigned int n, size_t member)
{
	double values[DRAWS_MAX];

	for (unsigned int i = 0; i < n; i++)
		memcpy(&values[i], (const uint8_t *)&results[i] + member, sizeof(values[i]));
	return median(values, n);
}

#define MEDIAN(member) median_of(results, o->draws, offsetof(struct result, member))

static void report(const struct set *set, uint32_t n, const struct options *o)
{
	struct result results[DRAWS_MAX];
	double worst = 0;

	for (unsigned int i = 0; i < o->draws; i++) {
		state = (uint64_t)(o->seed + i) << 32 | n; /* whatever was drawn before */
		measure(set, n, o->rounds, &results[i]);
		if (results[i].ratio > worst)
			worst = results[i].ratio;
	}
	printf("%-10s %7u %9.1f %8.1f %8.2f %8.2f %9.0f %8.0f %7.1f  ", set->name, n,
	       MEDIAN(classifier_ns), MEDIAN(hash_ns), MEDIAN(ratio), worst,
	       MEDIAN(classifier_bytes), MEDIAN(hash_bytes), MEDIAN(fill_us));
	for (unsigned int i = 0; i < o->draws; i++)
		printf(" %.2f", results[i].ratio);
	printf("\n");
	fflush(stdout);
}

static bool read_number(const char *name, const char *option, const char *text, unsigned int max,
			unsigned int *to)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (strcmp(name, option) || *end || !n || n > max)
		return false;
	*to = (unsigned int)n;
	return true;
}

static bool read_option(const char *name, const char *text, struct options *o)
{
	if (!strcmp(name, "--only")) {
		o->only = text;
		return true;
	}
	return read_number(name, "--rounds", text, ROUNDS_MAX, &o->rounds) ||
	       read_number(name, "--draws", text, DRAWS_MAX, &o->draws) ||
	       read_number(name, "--seed", text, 1u << 30, &o->seed);
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {10, 1000, 10000};
	struct options o = {.rounds = 5, .draws = 5, .seed = 1, .only = ""};

	for (int i = 1; i < argc; i += 2)
		if (i + 1 == argc || !read_option(argv[i], argv[i + 1], &o))
			die("usage: classifier_bench [--rounds 1..99] [--draws 1..99] [--seed 1..] "
			    "[--only TEXT]");
	printf("Medians of %u draws, of seeds %u to %u; on the right the ratio of each\n", o.draws,
	       o.seed, o.seed + o.draws - 1);
	printf("entries             classifier     hash    ratio             bytes an entry   us to\n"
	       "%-18s %9s %8s %8s %8s %9s %8s %7s\n",
	       "", "ns", "ns", "median", "worst", "classif.", "hash", "add");
	for (size_t s = 0; s < SEKI_COUNT(sets); s++)
		for (size_t n = 0; n < SEKI_COUNT(sizes); n++)
			if (strstr(sets[s].name, o.only))
				report(&sets[s], sizes[n], &o);
	return 0;
}
