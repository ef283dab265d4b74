// SPDX-License-Identifier: Apache-2.0
/*
 * Maps that change while several queues look things up, without locks: no value may be torn, of
 * another key, or change under the pointer of a run, and what stays in a map is always found.
 * Built with ThreadSanitizer as well, which sees what this does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/bpf/map/classifier.h"
#include "tests/unit/bpf/maps.h"

#define QUEUES	3
#define STAYING 8  /* keys that are replaced, never removed */
#define KEYS	96 /* some more than there are entries */
#define ENTRIES 64
/* Changes, and runs of each queue, at least. */
#ifdef __SANITIZE_THREAD__
#define CHANGES 800
#define RUNS	200
#else
#define CHANGES 2000
#define RUNS	500
#endif
#define PER_RUN	 4
#define VALUE_64 6

struct value {
	uint64_t words[VALUE_64]; /* key, number, and what follows from them */
};

/* A key of every type; only as many bytes as the map's are used. Of classifiers the three parts are
 * priority, first and second. */
struct key {
	uint32_t len; /* of hash maps: the number of the key */
	uint8_t data[4], mask[4];
};

struct stage {
	struct seki_bpf_map *map;
	uint32_t done; /* queues go on until it is set */
	uint32_t faults;
	const char *fault;
};

struct actor {
	struct stage *stage;
	uint32_t queue;
	uint64_t state; /* of its random numbers */
	uint64_t busy, found;
	uint32_t runs; /* read by the control plane */
	pthread_t thread;
};

static uint32_t draw(struct actor *a, uint32_t n)
{
	a->state = a->state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(a->state >> 33) % n;
}

static uint64_t follows(uint64_t key, uint64_t number, uint64_t at)
{
	return (key * 0x9e3779b97f4a7c15u ^ number) * (at * 2 + 3);
}

static void fault(struct stage *stage, const char *what)
{
	stage->fault = what;
	__atomic_fetch_add(&stage->faults, 1, __ATOMIC_RELAXED);
}

static bool is_trie(const struct seki_bpf_map *map)
{
	return map->def.type == SEKI_MAP_LPM;
}

static bool is_classifier(const struct seki_bpf_map *map)
{
	return map->def.type == SEKI_MAP_CLASSIFIER;
}

static bool has_prefixes(const struct seki_bpf_map *map)
{
	return is_trie(map) || is_classifier(map);
}

/* Prefixes that cover each other. Those that stay have lengths of their own; the last covers all,
 * so every lookup finds something. */
static struct key make_prefix(uint32_t k)
{
	static const uint8_t stays[STAYING] = {32, 28, 24, 17, 16, 12, 8, 0};
	static const uint8_t comes[] = {31, 30, 27, 25, 22, 19, 13, 9};

	if (k < STAYING)
		return (struct key){stays[k], {stays[k] ? 10 : 0, 0, 0, 0}, {0}};
	return (struct key){
		comes[k % 8], {10, (uint8_t)(k / 8 % 2 * 128), (uint8_t)(k / 16), 0}, {0}};
}

/* A classifier's entries are such prefixes, with the length for priority. */
static struct key make_key(const struct seki_bpf_map *map, uint32_t k)
{
	struct key key = make_prefix(k);

	if (is_trie(map))
		return key;
	if (!is_classifier(map))
		return (struct key){.len = k};
	for (uint32_t i = 0; i < key.len; i++)
		key.mask[i / 8] |= (uint8_t)(128 >> i % 8);
	for (uint32_t i = 0; i < 4; i++)
		key.data[i] &= key.mask[i];
	return key;
}

static struct value make_value(uint32_t k, uint64_t number)
{
	struct value v = {{k, number}};

	for (uint64_t i = 2; i < VALUE_64; i++)
		v.words[i] = follows(k, number, i);
	return v;
}

/* As a program does: one word after the other, whoever writes meanwhile. */
static struct value load_value(const uint64_t *at, uint32_t words)
{
	struct value v = {{0}};

	for (uint32_t i = 0; i < words; i++)
		v.words[i] = __atomic_load_n(&at[i], __ATOMIC_RELAXED);
	return v;
}

static bool covers(const struct key *prefix, const struct key *key)
{
	for (uint32_t i = 0; i < prefix->len; i++)
		if ((prefix->data[i / 8] ^ key->data[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

/* The value that a lookup of key k has found: is it one that somebody stored, for that key? */
static void check_value(struct stage *stage, const struct value *v, uint32_t k)
{
	struct key key = make_key(stage->map, k), of;

	if (stage->map->def.value_size == 8) {
		if (v->words[0] >> 32 != k)
			fault(stage, "one word: another key's value");
		return;
	}
	if (memcmp(v->words + 2, make_value((uint32_t)v->words[0], v->words[1]).words + 2,
		   sizeof(*v) - 16)) {
		fault(stage, "a torn value");
		return;
	}
	of = make_key(stage->map, (uint32_t)v->words[0]);
	if (has_prefixes(stage->map) ? !covers(&of, &key) : v->words[0] != k)
		fault(stage, "another key's value");
}

static void look_up(struct actor *a)
{
	struct stage *stage = a->stage;
	const struct seki_bpf_map *map = stage->map;
	uint32_t words = map->def.value_size / 8, k[PER_RUN];
	const uint64_t *held[PER_RUN];
	struct value first[PER_RUN];

	seki_bpf_reader_enter(map->readers, a->queue);
	for (int i = 0; i < PER_RUN; i++) {
		struct key key;

		k[i] = draw(a, KEYS);
		key = make_key(map, k[i]);
		held[i] = seki_bpf_map_find(map, is_classifier(map) ? (void *)key.data : &key,
					    a->queue);
		if (!held[i] && (has_prefixes(map) || k[i] < STAYING) &&
		    map->def.type != SEKI_MAP_LRU_HASH)
			fault(stage, "what stays was not found");
		if (!held[i])
			continue;
		a->found++;
		first[i] = load_value(held[i], words);
		check_value(stage, &first[i], k[i]);
	}
	for (int i = 0; i < PER_RUN; i++) {
		struct value again;

		if (!held[i])
			continue;
		again = load_value(held[i], words);
		check_value(stage, &again, k[i]);
		if (words > 1 && memcmp(&again, &first[i], sizeof(again)))
			fault(stage, "a value changed under a run");
	}
	seki_bpf_reader_leave(map->readers, a->queue);
}

/* One change of the map, by a run of the program or by the control plane. */
static int change(struct actor *a, uint64_t number)
{
	struct seki_bpf_map *map = a->stage->map;
	uint32_t k = draw(a, KEYS);
	struct key key = make_key(map, k);
	struct value value = make_value(k, number);
	int err;

	if (map->def.value_size == 8)
		value.words[0] = (uint64_t)k << 32 | (uint32_t)number;
	if (k < STAYING || draw(a, 2))
		err = seki_bpf_map_put(map, &key, &value, SEKI_MAP_ANY, a->queue);
	else
		err = seki_bpf_map_remove(map, &key, a->queue);
	if (err && err != -EBUSY && err != -ENOENT && err != -ENOSPC)
		fault(a->stage, "a change failed");
	return err;
}

#define FILLERS 800u

/* Entries that match nothing that is looked up come for a while and go for a while, so that a
 * classifier's tree grows and shrinks beside the lookups. */
static void stir(struct actor *a, uint64_t i)
{
	uint32_t f = draw(a, FILLERS);
	struct key key = {f % 40, {11, (uint8_t)f, (uint8_t)(f >> 8), 0}, {255, 255, 255, 0}};
	struct value value = make_value(0, 0);
	int err = -EBUSY;

	while (err == -EBUSY) {
		if (i / (2 * FILLERS) % 2)
			err = seki_bpf_map_remove(a->stage->map, &key, PLANE);
		else
			err = seki_bpf_map_put(a->stage->map, &key, &value, SEKI_MAP_ANY, PLANE);
	}
	if (err && err != -ENOENT)
		fault(a->stage, "a filler's change failed");
}

static void *run_queue(void *arg)
{
	struct actor *a = arg;

	for (uint64_t i = 0; !__atomic_load_n(&a->stage->done, __ATOMIC_ACQUIRE); i++) {
		look_up(a);
		__atomic_store_n(&a->runs, a->runs + 1, __ATOMIC_RELAXED);
		if (a->queue || i % 4)
			continue;
		seki_bpf_reader_enter(a->stage->map->readers, a->queue);
		if (!is_classifier(a->stage->map))
			a->busy += change(a, i) == -EBUSY;
		seki_bpf_reader_leave(a->stage->map->readers, a->queue);
	}
	return NULL;
}

static void put_staying(struct actor *a)
{
	for (uint32_t k = 0; k < STAYING; k++) {
		struct key key = make_key(a->stage->map, k);
		struct value value = make_value(k, 0);

		if (a->stage->map->def.value_size == 8)
			value.words[0] = (uint64_t)k << 32;
		assert_int_equal(seki_bpf_map_put(a->stage->map, &key, &value, SEKI_MAP_ANY, PLANE),
				 0);
	}
}

/* What stays is met once. */
static void walk(struct actor *a)
{
	struct seki_bpf_map *map = a->stage->map;
	uint32_t met[STAYING] = {0};
	struct key key;
	int err = -EBUSY;

	while (err == -EBUSY)
		err = seki_bpf_map_next(map, NULL, &key);
	while (err != -ENOENT) {
		for (uint32_t k = 0; !err && k < STAYING; k++) {
			struct key staying = make_key(map, k);

			met[k] += !memcmp(&staying, &key, map->key_bytes);
		}
		err = seki_bpf_map_next(map, &key, &key);
	}
	for (uint32_t k = 0; k < STAYING; k++)
		if (met[k] != 1)
			fault(a->stage, "a walk met an entry not once");
}

static bool barrier_everywhere(void)
{
	return !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

static bool have_all_run(const struct actor *actors)
{
	for (uint32_t i = 0; i < QUEUES; i++)
		if (__atomic_load_n(&actors[i].runs, __ATOMIC_RELAXED) < RUNS)
			return false;
	return true;
}

static void play(const struct seki_map_def *def, bool fenced, bool collide)
{
	struct seki_bpf_map *map = make_map(def, QUEUES);
	struct stage stage = {.map = map};
	struct actor actors[QUEUES], plane = {.stage = &stage, .queue = PLANE, .state = 99};
	struct test_map *t = (struct test_map *)map;

	t->readers.barrier = fenced ? NULL : barrier_everywhere;
	if (collide)
		make_keys_collide(map);
	put_staying(&plane);
	for (uint32_t i = 0; i < QUEUES; i++) {
		actors[i] = (struct actor){.stage = &stage, .queue = i, .state = i};
		assert_int_equal(pthread_create(&actors[i].thread, NULL, run_queue, &actors[i]), 0);
	}
	for (uint64_t i = 0; i < CHANGES || !have_all_run(actors); i++) {
		while (change(&plane, i << 32) == -EBUSY)
			sched_yield();
		if (is_classifier(map))
			for (uint64_t j = 0; j < 4; j++)
				stir(&plane, i * 4 + j);
		if (i % 64 == 0 && def->type != SEKI_MAP_LRU_HASH)
			walk(&plane);
	}
	__atomic_store_n(&stage.done, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < QUEUES; i++) {
		pthread_join(actors[i].thread, NULL);
		plane.busy += actors[i].busy;
		plane.found += actors[i].found;
	}
	if (stage.faults)
		fail_msg("%u faults, such as: %s", stage.faults, stage.fault);
	assert_true(plane.found > 0);
	assert_true(seki_bpf_map_count(map) <= def->max_entries);
	drop_map(map);
}

static void play_all(uint32_t type, bool collide)
{
	struct seki_map_def wide = {type, type == SEKI_MAP_LPM ? 8 : 4, sizeof(struct value),
				    ENTRIES, 0};
	struct seki_map_def narrow = {type, type == SEKI_MAP_LPM ? 8 : 4, 8, ENTRIES, 0};

	play(&wide, false, collide);
	play(&wide, true, collide);
	if (type == SEKI_MAP_HASH || type == SEKI_MAP_LRU_HASH)
		play(&narrow, false, collide);
}

static void test_hash(void **state)
{
	(void)state;
	play_all(SEKI_MAP_HASH, false);
	play_all(SEKI_MAP_HASH, true);
}

static void test_lru(void **state)
{
	(void)state;
	play_all(SEKI_MAP_LRU_HASH, false);
	play_all(SEKI_MAP_LRU_HASH, true);
}

static void test_lpm(void **state)
{
	(void)state;
	play_all(SEKI_MAP_LPM, false);
}

static void test_classifier(void **state)
{
	struct seki_map_def def = {SEKI_MAP_CLASSIFIER, 4, sizeof(struct value), ENTRIES + FILLERS,
				   0};

	(void)state;
	play(&def, false, false);
	play(&def, true, false);
}

/* ---- moments ---- */

#define MASKED	  400u /* entries of one mask: they are in a tuple */
#define EXCHANGES 3000

/* What matches the packet: two that shut it out, at least one of which is always there, and one that
 * lets it through. */
static const struct key shut[2] = {{50, {10, 1, 2, 0}, {255, 255, 255, 0}},
				   {60, {10, 0, 0, 3}, {255, 0, 0, 255}}};
static const struct key open_to_all = {0, {0}, {0}};

static void put_word(struct seki_bpf_map *map, const struct key *key, uint64_t value)
{
	while (seki_bpf_map_put(map, key, &value, SEKI_MAP_ANY, PLANE) == -EBUSY)
		sched_yield();
}

static void remove_key(struct seki_bpf_map *map, const struct key *key)
{
	while (seki_bpf_map_remove(map, key, PLANE) == -EBUSY)
		sched_yield();
}

static void *ask(void *arg)
{
	static const uint8_t packet[4] = {10, 1, 2, 3};
	struct actor *a = arg;
	struct seki_bpf_map *map = a->stage->map;

	while (!__atomic_load_n(&a->stage->done, __ATOMIC_ACQUIRE)) {
		const uint64_t *found;

		seki_bpf_reader_enter(map->readers, a->queue);
		found = seki_bpf_map_find(map, packet, a->queue);
		if (!found || __atomic_load_n(found, __ATOMIC_RELAXED) != 1)
			fault(a->stage, "a lookup saw two changes the wrong way round");
		seki_bpf_reader_leave(map->readers, a->queue);
		__atomic_store_n(&a->runs, a->runs + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_moments(void **state)
{
	struct seki_map_def def = {SEKI_MAP_CLASSIFIER, 4, 8, MASKED + 8, 0};
	struct seki_bpf_map *map = make_map(&def, QUEUES);
	struct stage stage = {.map = map};
	struct actor actors[QUEUES];

	(void)state;
	for (uint32_t i = 0; i < MASKED; i++) {
		struct key key = {
			1, {20, (uint8_t)(i >> 5), (uint8_t)(i << 3), 0}, {255, 255, 255, 0}};

		put_word(map, &key, 2);
	}
	put_word(map, &open_to_all, 3);
	put_word(map, &shut[0], 1);
	assert_true(map->classifier->n_tuples > 0);
	for (uint32_t i = 0; i < QUEUES; i++) {
		actors[i] = (struct actor){.stage = &stage, .queue = i, .state = i};
		assert_int_equal(pthread_create(&actors[i].thread, NULL, ask, &actors[i]), 0);
	}
	for (uint32_t i = 0; i < EXCHANGES || !have_all_run(actors); i++) {
		put_word(map, &shut[!(i % 2)], 1);
		remove_key(map, &shut[i % 2]);
	}
	__atomic_store_n(&stage.done, 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < QUEUES; i++)
		pthread_join(actors[i].thread, NULL);
	if (stage.faults)
		fail_msg("%u faults, such as: %s", stage.faults, stage.fault);
	assert_int_equal(map->classifier->holds, 0);
	drop_map(map);
}

/*
 * The same, step by step: two pages fault when a lookup reads them, and the handler makes the changes.
 * Each try of a lookup reads its key, then the tags of its bucket; whichever of the two pages faulted
 * is open from then on, and the other one shut, so that every try stops once between both.
 */
#define MANY 1200u /* entries of one mask */

static struct {
	struct seki_bpf_map *map;
	uint8_t *key, *tags; /* pages; NULL: none */
	struct key here, there;
	uint32_t faults, most; /* tries to overtake, at most */
	uint32_t busy;
} trap;

static void set_page(uint8_t *page, bool is_open)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);

	if (mprotect(page, size, is_open ? PROT_READ | PROT_WRITE : PROT_NONE))
		abort();
}

static bool is_in(const uint8_t *page, const void *addr)
{
	return (uintptr_t)addr - (uintptr_t)page < (uintptr_t)sysconf(_SC_PAGESIZE);
}

/* The entry that shuts out the packet moves: at no time is there none. */
static void overtake(void)
{
	uint64_t value = 1;
	struct key next = trap.there;
	int err = seki_bpf_map_put(trap.map, &next, &value, SEKI_MAP_NOEXIST, PLANE);

	trap.busy += err == -EBUSY;
	if (err)
		return;
	if (seki_bpf_map_remove(trap.map, &trap.here, PLANE))
		abort();
	trap.there = trap.here;
	trap.here = next;
}

static void spring(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (is_in(trap.key, info->si_addr)) {
		set_page(trap.key, true);
		set_page(trap.tags, trap.faults == trap.most);
	} else if (is_in(trap.tags, info->si_addr)) {
		set_page(trap.tags, true);
		overtake();
		if (++trap.faults < trap.most)
			set_page(trap.key, false);
	} else {
		signal(number, SIG_DFL);
	}
}

/* The tags' page of a packet 10.1.N.3, for an N where nothing else is on it. */
static uint8_t *tags_page(const struct seki_classifier *c, uint8_t *packet)
{
	uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE), page;
	const uintptr_t begin = (uintptr_t)c->tags, end = begin + c->shape.buckets * 8ull;

	do {
		uint64_t words[SEKI_KEY_WORDS_MAX] = {0}, hash;

		packet[2]++;
		seki_key_words(packet, 4, words);
		hash = seki_tuple_hash(seki_tuple(c, 0), words, c->shape.key_words);
		page = (uintptr_t)&c->tags[hash >> c->shape.shift] & ~(size - 1);
	} while (page < begin || page + size > end);
	return (uint8_t *)page;
}

static struct seki_bpf_map *make_trap(uint8_t **packet)
{
	struct seki_map_def def = {SEKI_MAP_CLASSIFIER, 4, 8, 10000, 0};
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	struct seki_bpf_map *map = make_map(&def, QUEUES);

	for (uint32_t i = 0; i < MANY; i++) {
		struct key key = {
			1, {20, (uint8_t)(i >> 5), (uint8_t)(i << 3), 0}, {255, 255, 255, 0}};

		put_word(map, &key, 2);
	}
	put_word(map, &open_to_all, 3);
	assert_true(map->classifier->n_tuples > 0);
	*packet = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(*packet != MAP_FAILED);
	memcpy(*packet, (uint8_t[]){10, 1, 0, 3}, 4);
	trap.map = map;
	trap.key = *packet;
	trap.tags = tags_page(map->classifier, *packet);
	trap.here = shut[0];
	trap.here.data[2] = (*packet)[2];
	trap.there = shut[1];
	put_word(map, &trap.here, 1);
	return map;
}

/* Overtaken as often as this: what a lookup finds, and how many changes had to wait for it. */
static void check_overtaken(uint32_t most, uint32_t busy)
{
	struct sigaction on = {.sa_sigaction = spring, .sa_flags = SA_SIGINFO}, before;
	struct seki_bpf_map *map;
	const uint64_t *found;
	uint8_t *packet;

	memset(&trap, 0, sizeof(trap));
	map = make_trap(&packet);
	trap.most = most;
	assert_int_equal(sigaction(SIGSEGV, &on, &before), 0);
	seki_bpf_reader_enter(map->readers, 0);
	set_page(trap.tags, false);
	found = find(map, packet);
	set_page(trap.tags, true);
	set_page(trap.key, true);
	seki_bpf_reader_leave(map->readers, 0);
	assert_int_equal(sigaction(SIGSEGV, &before, NULL), 0);
	assert_int_equal(trap.faults, most);
	assert_int_equal(trap.busy, busy);
	assert_non_null(found);
	assert_int_equal(*found, 1);
	assert_int_equal(map->classifier->holds, 0);
	munmap(packet, (size_t)sysconf(_SC_PAGESIZE));
	drop_map(map);
}

/* Once, each way; then until the lookup asks for changes to hold. */
static void test_overtaken(void **state)
{
	(void)state;
	check_overtaken(1, 0);
	check_overtaken(2, 0);
	check_overtaken(4, 0);
	check_overtaken(5, 1);
}

#define COUNTS 50000u

static void *count(void *arg)
{
	struct actor *a = arg;
	uint32_t index = 1;

	for (uint64_t i = 1; i <= COUNTS; i++) {
		uint64_t *value = seki_bpf_map_find(a->stage->map, &index, a->queue);

		__atomic_store_n(value, i, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void test_queue_counters(void **state)
{
	struct seki_map_def def = {SEKI_MAP_QUEUE_ARRAY, 4, 8, 2, 0};
	struct seki_bpf_map *map = make_map(&def, QUEUES);
	struct stage stage = {.map = map};
	struct actor actors[QUEUES];
	uint32_t index = 1;
	uint64_t sum, last = 0;

	(void)state;
	for (uint32_t i = 0; i < QUEUES; i++) {
		actors[i] = (struct actor){.stage = &stage, .queue = i, .state = i};
		assert_int_equal(pthread_create(&actors[i].thread, NULL, count, &actors[i]), 0);
	}
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(seki_bpf_map_read(map, &index, &sum, PLANE), 0);
		assert_true(sum >= last);
		last = sum;
	}
	for (uint32_t i = 0; i < QUEUES; i++)
		pthread_join(actors[i].thread, NULL);
	assert_int_equal(seki_bpf_map_read(map, &index, &sum, PLANE), 0);
	assert_int_equal(sum, QUEUES * COUNTS);
	drop_map(map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_lru),
		cmocka_unit_test(test_lpm),
		cmocka_unit_test(test_classifier),
		cmocka_unit_test(test_moments),
		cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_queue_counters),
	};

	if (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0))
		perror("membarrier");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
