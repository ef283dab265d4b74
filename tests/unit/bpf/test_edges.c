// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier at the edges: programs made for each kind of memory, each size of access and each way
 * to get there, at the last byte that is allowed and at the first that is not; and for each
 * comparison, what it proves and what it does not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bpf/packet.h"
#include "tests/unit/bpf/code.h"
#include "tests/unit/bpf/machine_words.h"

static struct tally tally;

static void report(void)
{
	print_message("%u programs accepted, %u rejected\n", tally.accepted, tally.rejected);
	tally = (struct tally){0, 0};
}

/* Each leaves the start of the object in r6, std_meta in r9. */
static void make_stack(struct code *c)
{
	EMIT(c, MOVR(9, 2), MOVR(6, 10), ALUI(ADD, 6, -512), STI(DW, 6, 0, 0), STI(DW, 6, 8, 0),
	     STI(DW, 10, -8, 0), STI(DW, 10, -16, 0));
}

static void make_callers_stack(struct code *c)
{
	make_stack(c);
	EMIT(c, MOVR(1, 6), MOVR(2, 9), LOCAL(2), RETURN, MOVR(6, 1), MOVR(9, 2));
}

static void make_packet(struct code *c)
{
	EMIT(c, MOVR(9, 2), PACKET, JMPI(JGE, 7, 32, 2), RETURN);
}

static void make_moved_packet(struct code *c)
{
	make_packet(c);
	EMIT(c, MOVR(1, 8), MOVI(2, -4), CALL(8), MOVR(6, 0));
}

static void make_value(struct code *c)
{
	EMIT(c, MOVR(9, 2), KEY(MAP_HASH), CALL(1), MOVR(6, 0), JMPI(JNE, 6, 0, 2), RETURN);
}

static void make_small_value(struct code *c)
{
	EMIT(c, MOVR(9, 2), KEY(MAP_ARRAY), CALL(1), MOVR(6, 0), JMPI(JNE, 6, 0, 2), RETURN);
}

static void make_data(struct code *c)
{
	EMIT(c, MOVR(9, 2), DATA(6, 0));
}

enum { WRITES = 1, ATOMICS = 2 };

static const struct object {
	const char *name;
	void (*make)(struct code *c);
	int64_t size;
	int allows;
} objects[] = {
	{"stack", make_stack, 512, WRITES | ATOMICS},
	{"stack of the caller", make_callers_stack, 512, WRITES | ATOMICS},
	{"packet", make_packet, 32, WRITES},
	{"moved packet", make_moved_packet, 28, WRITES},
	{"value", make_value, 16, WRITES | ATOMICS},
	{"small value", make_small_value, 8, WRITES | ATOMICS},
	{"read-only data", make_data, DATA_BYTES, 0},
};

/* How the place is made: r6 += by, then an access at r6 + off. */
enum way { DISPLACED, ADDED, PLUS_UNKNOWN, MINUS_UNKNOWN, PLUS_NEGATIVE, PLUS_SIGNED, WAYS };

static const int64_t least[WAYS] = {0, 0, 0, -7, -7, -3};
static const int64_t most[WAYS] = {0, 0, 7, 0, 0, 4};

static void make_place(struct code *c, enum way way, int16_t *off)
{
	if (way == DISPLACED)
		return;
	if (way == ADDED) {
		EMIT(c, ALUI(ADD, 6, *off));
		*off = 0;
		return;
	}
	EMIT(c, LD(W, 3, 9, 0), ALUI(AND, 3, 7));
	if (way == PLUS_NEGATIVE)
		EMIT(c, NEGR(3));
	if (way == PLUS_SIGNED)
		EMIT(c, ALUI(SUB, 3, 3));
	if (way == MINUS_UNKNOWN)
		EMIT(c, ALUR(SUB, 6, 3));
	else
		EMIT(c, ALUR(ADD, 6, 3));
}

enum access { LOAD, LOAD_SIGNED, STORE, STORE_REG, ATOMIC_ADD, ACCESSES };

static const uint8_t sizes[] = {B, H, W, DW};

static void make_access(struct code *c, enum access access, uint8_t size, int16_t off)
{
	switch (access) {
	case LOAD:
		EMIT(c, LD(size, 4, 6, off));
		break;
	case LOAD_SIGNED:
		EMIT(c, LDS(size, 4, 6, off));
		break;
	case STORE:
		EMIT(c, STI(size, 6, off, 1));
		break;
	case STORE_REG:
		EMIT(c, STR(size, 6, off, 5));
		break;
	default:
		EMIT(c, ATOMIC(size, 6, off, 5, 0));
	}
}

static bool exists(enum access access, unsigned int log)
{
	return (access != LOAD_SIGNED || log < 3) && (access != ATOMIC_ADD || log >= 2);
}

static void try_place(const struct object *o, enum way way, enum access access, unsigned int log,
		      int64_t off)
{
	int64_t bytes = 1 << log, first = off + least[way], end = off + most[way] + bytes;
	bool ok = first >= 0 && end <= o->size;
	struct code c = {.n = 0};
	int16_t left = (int16_t)off;
	int64_t at;

	if (access != LOAD && access != LOAD_SIGNED)
		ok &= o->allows & WRITES;
	if (access == ATOMIC_ADD)
		ok &= o->allows & ATOMICS && way <= ADDED && off % bytes == 0;
	o->make(&c);
	EMIT(&c, MOVI(5, 1));
	make_place(&c, way, &left);
	make_access(&c, access, sizes[log], left);
	EMIT(&c, RETURN);
	at = verdict(&tally, &c) + 1;
	if (at != (ok ? 0 : c.n - 2))
		fail_msg("%s, way %d, access %d of %d bytes at %d: %d", o->name, way, access,
			 (int)bytes, (int)off, (int)at - 1);
}

static void try_object(const struct object *o)
{
	for (int way = 0; way < WAYS; way++)
		for (int access = 0; access < ACCESSES; access++)
			for (unsigned int log = 0; log < 4; log++) {
				int64_t low = -least[way], high = o->size - most[way] - (1 << log);
				const int64_t offs[] = {low - 8,  low - 1,  low,      low + 1,
							high - 1, high,	    high + 1, high + 8,
							-32768,	  32767 - 8};

				if (!exists(access, log))
					continue;
				for (size_t i = 0; i < SEKI_COUNT(offs); i++)
					try_place(o, way, access, log, offs[i]);
			}
}

static void test_objects(void **state)
{
	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(objects); i++)
		try_object(&objects[i]);
	report();
}

/* RFC 9669 has no say in these: abi/p4obj.h has. */
static bool is_field(int64_t at, int64_t bytes, bool write)
{
	static const struct {
		int64_t at, bytes;
		bool writable;
	} fields[] = {{0, 4, false}, {4, 4, false}, {8, 4, true},
		      {12, 4, true}, {16, 1, true}, {20, 4, true}};

	for (size_t i = 0; i < SEKI_COUNT(fields); i++)
		if (fields[i].at == at && fields[i].bytes == bytes)
			return !write || fields[i].writable;
	return false;
}

static void test_metadata(void **state)
{
	(void)state;
	for (int16_t at = -8; at <= 32; at++)
		for (int access = 0; access < ACCESSES; access++)
			for (unsigned int log = 0; log < 4; log++) {
				struct code c = {.n = 0};
				bool ok = is_field(at, 1 << log, access >= STORE);

				if (!exists(access, log))
					continue;
				EMIT(&c, MOVR(6, 2), MOVI(5, 1));
				make_access(&c, access, sizes[log], at);
				EMIT(&c, RETURN);
				assert_int_equal(verdict(&tally, &c),
						 ok && access != ATOMIC_ADD ? -1 : 2);
			}
	report();
}

static void make_context(struct code *c)
{
	EMIT(c, MOVR(6, 1));
}

static void make_map(struct code *c)
{
	EMIT(c, MAP(6, MAP_HASH));
}

static void make_maybe(struct code *c)
{
	EMIT(c, KEY(MAP_HASH), CALL(1), MOVR(6, 0));
}

static void make_stale(struct code *c)
{
	make_packet(c);
	EMIT(c, MOVR(1, 8), MOVI(2, 4), CALL(8));
}

static void make_number(struct code *c)
{
	EMIT(c, LD(W, 6, 2, 0));
}

static void make_null(struct code *c)
{
	make_maybe(c);
	EMIT(c, JMPI(JEQ, 6, 0, 2), RETURN);
}

static void make_frame_end(struct code *c)
{
	EMIT(c, MOVR(6, 10));
}

static void make_nothing(struct code *c)
{
	EMIT(c, MOVI(0, 0));
}

static void test_no_memory(void **state)
{
	void (*const makers[])(struct code * c) = {make_context,   make_map,	make_maybe,
						   make_stale,	   make_number, make_null,
						   make_frame_end, make_nothing};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(makers); i++)
		for (int access = 0; access < ACCESSES; access++)
			for (unsigned int log = 0; log < 4; log++) {
				struct code c = {.n = 0};

				if (!exists(access, log))
					continue;
				makers[i](&c);
				EMIT(&c, MOVI(5, 1));
				make_access(&c, access, sizes[log], 0);
				EMIT(&c, RETURN);
				assert_int_equal(verdict(&tally, &c), c.n - 3);
			}
	report();
}

static const uint8_t conds[] = {JEQ, JNE, JGT, JGE, JLT, JLE, JSGT, JSGE, JSLT, JSLE, JSET};

struct comparison {
	uint8_t cond;
	bool wide;    /* 64 bits */
	bool by_reg;  /* the constant is in a register ... */
	bool swapped; /* ... on the left */
	bool taken;   /* what follows is where it jumps to, else where it does not */
	int32_t constant;
};

static bool is_true(const struct comparison *k, uint64_t v)
{
	uint64_t constant = (uint64_t)(int64_t)k->constant;

	if (k->swapped)
		return machine_compares(k->cond, constant, v, k->wide) == k->taken;
	return machine_compares(k->cond, v, constant, k->wide) == k->taken;
}

/* Goes on where it is true of the register. */
static void make_comparison(struct code *c, const struct comparison *k, uint8_t reg)
{
	uint8_t a = k->swapped ? 4 : reg, b = k->swapped ? reg : 4;
	int16_t skip = k->taken ? 2 : 1;

	if (k->by_reg) {
		EMIT(c, MOVI(4, k->constant));
		if (k->wide)
			EMIT(c, JMPR(k->cond, a, b, skip));
		else
			EMIT(c, JMP32R(k->cond, a, b, skip));
	} else if (k->wide) {
		EMIT(c, JMPI(k->cond, reg, k->constant, skip));
	} else {
		EMIT(c, JMP32I(k->cond, reg, k->constant, skip));
	}
	if (k->taken)
		EMIT(c, RETURN);
	else
		EMIT(c, JA(2), RETURN);
}

static struct comparison comparison(unsigned int number, int32_t constant)
{
	return (struct comparison){
		.taken = number & 1,
		.wide = number & 2,
		.by_reg = number & 4,
		.swapped = (number & 12) == 12,
		.cond = conds[number / 16 % SEKI_COUNT(conds)],
		.constant = constant,
	};
}

#define COMPARISONS (16 * SEKI_COUNT(conds))

/* The shortest packet of which (length + plus) compares so; -1: none. */
static int64_t shortest(const struct comparison *k, int64_t plus)
{
	int64_t c = k->constant, bit = c & -c;
	const int64_t turns[] = {0, 1, c - 1, c, c + 1, bit, bit + 1, SEKI_BPF_PACKET_MAX};
	int64_t best = -1;

	for (size_t i = 0; i < SEKI_COUNT(turns); i++) {
		const int64_t at[] = {turns[i], turns[i] - plus};

		for (size_t m = 0; m < 2; m++)
			if (at[m] >= 0 && at[m] <= SEKI_BPF_PACKET_MAX &&
			    is_true(k, (uint64_t)(at[m] + plus)) && (best < 0 || at[m] < best))
				best = at[m];
	}
	return best;
}

static bool packet_allows(const struct comparison *k, int32_t plus, int64_t byte)
{
	struct code c = {.n = 0};

	EMIT(&c, PACKET, MOVR(3, 7));
	if (plus)
		EMIT(&c, ALUI(ADD, 3, plus));
	make_comparison(&c, k, 3);
	EMIT(&c, ALUI(ADD, 6, (int32_t)byte), LD(B, 0, 6, 0), EXIT);
	return verdict(&tally, &c) < 0;
}

/* Of these the verifier has to learn all there is. */
static bool is_simple(const struct comparison *k)
{
	if (k->cond == JEQ || k->cond == JNE)
		return (k->cond == JEQ) == k->taken;
	return k->cond != JSET && k->constant >= 0;
}

static void try_length(const struct comparison *k, int32_t plus)
{
	int64_t len = shortest(k, plus);

	if (len < 0)
		return;
	if (packet_allows(k, plus, len))
		fail_msg("cond %#x %d, wide %d, swapped %d, taken %d, plus %d: byte %d allowed",
			 k->cond, k->constant, k->wide, k->swapped, k->taken, plus, (int)len);
	if (len && !plus && is_simple(k) && !packet_allows(k, plus, len - 1))
		fail_msg("cond %#x %d, wide %d, swapped %d, taken %d: byte %d refused", k->cond,
			 k->constant, k->wide, k->swapped, k->taken, (int)len - 1);
}

static void test_packet_comparisons(void **state)
{
	static const int32_t constants[] = {
		0, 1, 13, 14, 0x7f, 0xfffffe, 0xffffff, 0x1000000, INT32_MAX, INT32_MIN, -1, -14};
	static const int32_t plus[] = {0, 1, -1, 10, -10, 0x7fffff00};

	(void)state;
	for (unsigned int i = 0; i < COMPARISONS; i++)
		for (size_t m = 0; m < SEKI_COUNT(constants); m++)
			for (size_t p = 0; p < SEKI_COUNT(plus); p++) {
				struct comparison k = comparison(i, constants[m]);

				try_length(&k, plus[p]);
			}
	report();
}

/* An index into a value of 16 bytes, loaded as a byte with or without sign, compared twice. */
static void try_index(bool sign, const struct comparison *k, const struct comparison *k2)
{
	int64_t from = sign ? -128 : 0, to = sign ? 127 : 255, min = INT64_MAX, max = INT64_MIN;
	struct code c = {.n = 0};
	bool ok;

	for (int64_t v = from; v <= to; v++) {
		if (!is_true(k, (uint64_t)v) || (k2 && !is_true(k2, (uint64_t)v)))
			continue;
		min = v < min ? v : min;
		max = v > max ? v : max;
	}
	if (min > max)
		return;
	make_value(&c);
	if (sign)
		EMIT(&c, LDS(B, 3, 6, 0));
	else
		EMIT(&c, LD(B, 3, 6, 0));
	make_comparison(&c, k, 3);
	if (k2)
		make_comparison(&c, k2, 3);
	EMIT(&c, ALUR(ADD, 6, 3), LD(B, 3, 6, 0), RETURN);
	ok = verdict(&tally, &c) < 0;
	if (ok && (min < 0 || max > 15))
		fail_msg("sign %d, cond %#x %d, wide %d, taken %d: %d to %d allowed", sign, k->cond,
			 k->constant, k->wide, k->taken, (int)min, (int)max);
	if (!ok && min >= 0 && max <= 15 && is_simple(k) && k->wide && (!k2 || k2->wide))
		fail_msg("sign %d, cond %#x %d, taken %d: %d to %d refused", sign, k->cond,
			 k->constant, k->taken, (int)min, (int)max);
}

static void test_index_comparisons(void **state)
{
	static const int32_t constants[] = {-128, -1, 0, 1, 14, 15, 16, 127, 128, 255, INT32_MIN};
	static const struct comparison seconds[] = {
		{JSGT, true, false, false, false, 15},	{JSGT, true, false, false, false, 16},
		{JGT, true, false, false, false, 15},	{JLE, true, false, false, true, 16},
		{JSLT, true, false, false, false, 0},	{JSGE, true, false, false, true, -1},
		{JSLT, false, false, false, false, 0},	{JSLT, false, true, true, true, 16},
		{JGE, false, false, false, false, 16},	{JSET, true, false, false, false, -16},
		{JSET, false, false, false, false, -8}, {JNE, true, false, false, false, 15}};

	(void)state;
	for (unsigned int i = 0; i < COMPARISONS; i++)
		for (size_t m = 0; m < SEKI_COUNT(constants); m++) {
			struct comparison k = comparison(i, constants[m]);

			for (int sign = 0; sign < 2; sign++) {
				try_index(sign, &k, NULL);
				for (size_t s = 0; s < SEKI_COUNT(seconds); s++)
					try_index(sign, &k, &seconds[s]);
			}
		}
	report();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects),		  cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_no_memory),	  cmocka_unit_test(test_packet_comparisons),
		cmocka_unit_test(test_index_comparisons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
