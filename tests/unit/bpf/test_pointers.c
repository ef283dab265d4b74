// SPDX-License-Identifier: Apache-2.0
/*
 * Every type of pointer against all that must not be done with one, every argument of every helper
 * against all that it must not be, and every register after every call.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/bpf/helper.h"
#include "tests/unit/bpf/code.h"

static struct tally tally;

static void report(void)
{
	print_message("%u programs accepted, %u rejected\n", tally.accepted, tally.rejected);
	tally = (struct tally){0, 0};
}

/* The instruction before the return. */
static int64_t last(const struct code *c)
{
	return (int64_t)c->n - 3;
}

enum type { CONTEXT, META, STACK, PACKET_HEAD, STALE, MAP_HANDLE, VALUE, MAYBE, READ_ONLY, TYPES };

/* Safe things to have besides: r7 a value, r8 the context, r9 std_meta; the packet has 64 bytes; zeros
 * at r10 - 64 up to r10. */
static void make_world(struct code *c)
{
	EMIT(c, MOVR(8, 1), MOVR(9, 2), STI(DW, 10, -8, 0), STI(DW, 10, -16, 0),
	     STI(DW, 10, -24, 0), STI(DW, 10, -32, 0), STI(DW, 10, -40, 0), MAP(1, MAP_HASH),
	     MOVR(2, 10), ALUI(ADD, 2, -8), CALL(1), JMPI(JNE, 0, 0, 2), RETURN, MOVR(7, 0),
	     MOVR(1, 8), CALL(9), LD(W, 3, 9, 4), JMPI(JGE, 3, 64, 2), RETURN);
}

/* The packet's head is in r0 at first. */
static void make_pointer(struct code *c, enum type type, uint8_t reg)
{
	switch (type) {
	case CONTEXT:
		EMIT(c, MOVR(reg, 8));
		break;
	case META:
		EMIT(c, MOVR(reg, 9));
		break;
	case STACK:
		EMIT(c, MOVR(reg, 10), ALUI(ADD, reg, -40));
		break;
	case PACKET_HEAD:
		EMIT(c, MOVR(1, 8), CALL(9), MOVR(reg, 0));
		break;
	case STALE:
		EMIT(c, MOVR(1, 8), CALL(9), MOVR(6, 0), MOVR(1, 8), MOVI(2, 0), CALL(8),
		     MOVR(reg, 6));
		break;
	case MAP_HANDLE:
		EMIT(c, MAP(reg, MAP_HASH));
		break;
	case VALUE:
		EMIT(c, MOVR(reg, 7));
		break;
	case MAYBE:
		EMIT(c, MAP(1, MAP_HASH), MOVR(2, 10), ALUI(ADD, 2, -8), CALL(1), MOVR(reg, 0));
		break;
	default:
		EMIT(c, DATA(reg, 0));
	}
}

/* r6 is the pointer; numbers are r3 = 8 and r4, which is any; r0 points to 64 bytes of packet. */
static const struct seki_bpf_insn forbidden[] = {
	/* Arithmetic other than 64-bit sums, on either side. */
	ALUI(MUL, 6, 2),
	ALUI(DIV, 6, 2),
	ALUI(OR, 6, 1),
	ALUI(AND, 6, -8),
	ALUI(LSH, 6, 1),
	ALUI(RSH, 6, 1),
	ALUI(MOD, 6, 2),
	ALUI(XOR, 6, 1),
	ALUI(ARSH, 6, 1),
	ALUR(MUL, 6, 3),
	ALUR(DIV, 6, 3),
	ALUR(OR, 6, 3),
	ALUR(AND, 6, 3),
	ALUR(LSH, 6, 3),
	ALUR(RSH, 6, 3),
	ALUR(MOD, 6, 3),
	ALUR(XOR, 6, 3),
	ALUR(ARSH, 6, 3),
	ALUR(SUB, 3, 6),
	ALUR(MUL, 3, 6),
	ALUR(DIV, 3, 6),
	ALUR(OR, 3, 6),
	ALUR(AND, 3, 6),
	ALUR(LSH, 3, 6),
	ALUR(RSH, 3, 6),
	ALUR(MOD, 3, 6),
	ALUR(XOR, 3, 6),
	ALUR(ARSH, 3, 6),
	RAW(0x37, 6, 0, 1, 2), /* signed division */
	RAW(0x9f, 3, 6, 1, 0),
	ALUR(ADD, 6, 6),
	ALUR(MUL, 6, 6),
	ALUR(AND, 6, 6),
	ALUR(XOR, 6, 6),
	NEGR(6),
	BSWAP(6, 16),
	BSWAP(6, 64),
	RAW(0xd4, 6, 0, 0, 64),
	RAW(0xd7, 6, 0, 0, 64),
	RAW(0xbf, 3, 6, 8, 0), /* sign extension */
	RAW(0xbf, 3, 6, 16, 0),
	RAW(0xbf, 3, 6, 32, 0),
	ALU32I(ADD, 6, 0),
	ALU32I(SUB, 6, 0),
	ALU32I(OR, 6, 0),
	ALU32I(AND, 6, -1),
	ALU32I(LSH, 6, 0),
	ALU32I(XOR, 6, 0),
	ALU32R(ADD, 6, 3),
	ALU32R(ADD, 3, 6),
	ALU32R(SUB, 6, 6),
	ALU32R(SUB, 3, 6),
	MOV32R(3, 6),
	RAW(0xbc, 3, 6, 8, 0),
	RAW(0xbc, 3, 6, 16, 0),
	RAW(0x84, 6, 0, 0, 0),
	/* Sums that may be anywhere. */
	ALUR(ADD, 6, 4),
	ALUR(ADD, 4, 6),
	ALUR(SUB, 6, 4),
	/* Comparisons that tell of the address. */
	JMPI(JEQ, 6, 5, 0),
	JMPI(JNE, 6, -1, 0),
	JMPI(JGT, 6, 0, 0),
	JMPI(JGE, 6, 0, 0),
	JMPI(JLT, 6, 1, 0),
	JMPI(JLE, 6, 0, 0),
	JMPI(JSGT, 6, 0, 0),
	JMPI(JSLT, 6, 0, 0),
	JMPI(JSET, 6, 1, 0),
	JMPR(JEQ, 6, 3, 0),
	JMPR(JEQ, 4, 6, 0),
	JMPR(JGT, 4, 6, 0),
	JMPR(JGT, 6, 4, 0),
	JMPR(JSET, 6, 4, 0),
	JMP32I(JEQ, 6, 0, 0),
	JMP32I(JNE, 6, 0, 0),
	JMP32I(JGT, 6, 0, 0),
	JMP32R(JEQ, 6, 3, 0),
	JMP32R(JEQ, 3, 6, 0),
	JMP32R(JEQ, 6, 6, 0),
	/* Stores where others could read it, or of a part. */
	STR(DW, 0, 0, 6),
	STR(W, 0, 0, 6),
	STR(B, 0, 0, 6),
	STR(DW, 7, 0, 6),
	STR(W, 7, 0, 6),
	STR(W, 9, 8, 6),
	STR(B, 9, 16, 6),
	STR(W, 10, -48, 6),
	STR(H, 10, -48, 6),
	STR(B, 10, -48, 6),
	STR(DW, 10, -44, 6),
	STR(DW, 10, -41, 6),
	ATOMIC(DW, 10, -8, 6, 0x00),
	ATOMIC(DW, 10, -8, 6, 0x01),
	ATOMIC(DW, 10, -8, 6, 0xe1),
	ATOMIC(DW, 10, -8, 6, 0xf1),
	ATOMIC(DW, 7, 8, 6, 0x00),
	ATOMIC(DW, 7, 8, 6, 0xe1),
	ATOMIC(W, 7, 8, 6, 0xe1),
	ATOMIC(W, 7, 8, 6, 0x41),
	CALLX(6),
};

static void test_forbidden(void **state)
{
	(void)state;
	for (int type = 0; type < TYPES; type++)
		for (size_t i = 0; i < SEKI_COUNT(forbidden); i++) {
			struct code c = {.n = 0};

			make_world(&c);
			make_pointer(&c, type, 6);
			EMIT(&c, MOVR(1, 8), CALL(9), MOVI(3, 8), LD(DW, 4, 7, 0), forbidden[i]);
			EMIT(&c, RETURN);
			if (verdict(&tally, &c) != last(&c))
				fail_msg("pointer %d, use %zu", type, i);
		}
	report();
}

/* Comparing and exchanging has r0 as a third operand. */
static void test_exchanged(void **state)
{
	(void)state;
	for (int type = 0; type < TYPES; type++) {
		struct code c = {.n = 0};

		make_world(&c);
		make_pointer(&c, type, 0);
		EMIT(&c, MOVI(3, 8), ATOMIC(DW, 10, -8, 3, 0xf1), RETURN);
		assert_int_equal(verdict(&tally, &c), last(&c));
		c.n = 0;
		make_world(&c);
		make_pointer(&c, type, 0);
		EMIT(&c, EXIT);
		assert_int_equal(verdict(&tally, &c), c.n - 1);
	}
	report();
}

/* What stays in place takes no sums either. */
static void test_sums(void **state)
{
	static const struct seki_bpf_insn sums[] = {ALUI(ADD, 6, 8), ALUI(SUB, 6, 8),
						    ALUR(ADD, 6, 3), ALUR(SUB, 6, 3),
						    ALUR(ADD, 3, 6)};

	(void)state;
	for (int type = 0; type < TYPES; type++)
		for (size_t i = 0; i < SEKI_COUNT(sums); i++) {
			bool ok = type != CONTEXT && type != STALE && type != MAP_HANDLE &&
				  type != MAYBE;
			struct code c = {.n = 0};

			make_world(&c);
			make_pointer(&c, type, 6);
			EMIT(&c, MOVI(3, 8), sums[i], RETURN);
			assert_int_equal(verdict(&tally, &c), ok ? -1 : last(&c));
		}
	report();
}

/* The end of a pointer's reach: 2^29, in one step or in two, up or down. */
static void test_far(void **state)
{
	static const struct {
		int64_t by[2];
		bool ok;
	} far[] = {
		{{1 << 29, 0}, true},
		{{(1 << 29) + 1, 0}, false},
		{{-(1 << 29), 0}, true},
		{{-(1 << 29) - 1, 0}, false},
		{{1 << 29, 1}, false},
		{{-(1 << 29), -1}, false},
		{{(1 << 29) - 1, 1}, true},
		{{INT64_MAX, 0}, false},
		{{INT64_MIN, 0}, false},
		{{1ll << 32, 0}, false},
		{{1 << 29, -(1 << 29)}, true},
		{{1ll << 62, 1ll << 62}, false},
		{{1 << 29, -(1 << 29) - 1}, false},
		{{-(1 << 29), (1 << 29) + 1}, false},
		{{(1 << 28), (1 << 28)}, true},
		{{(1 << 28) + 1, (1 << 28)}, false},
	};

	(void)state;
	for (int sub = 0; sub < 2; sub++)
		for (size_t i = 0; i < SEKI_COUNT(far); i++) {
			const int64_t *by = far[i].by;
			struct code c = {.n = 0};

			EMIT(&c, MOVR(6, 2));
			for (int k = 0; k < 2; k++) {
				if (!by[k])
					continue;
				EMIT(&c, LDDW(3, by[k]));
				if (sub)
					EMIT(&c, ALUR(SUB, 6, 3));
				else
					EMIT(&c, ALUR(ADD, 6, 3));
			}
			EMIT(&c, RETURN);
			assert_int_equal(verdict(&tally, &c) < 0, far[i].ok);
		}
	report();
}

/* Arguments of the helpers (abi/p4obj.h). */
enum arg {
	ARG_NONE,
	ARG_CTX,
	ARG_MAP,
	ARG_KEY,
	ARG_VALUE,
	ARG_QUERY,
	ARG_MEM,
	ARG_FORMAT,
	ARG_NUMBER
};

static const struct {
	int32_t number;
	enum arg args[3];
	bool moves;
} helpers[] = {
	{1, {ARG_MAP, ARG_KEY}, false},
	{2, {ARG_MAP, ARG_KEY, ARG_VALUE}, false},
	{3, {ARG_MAP, ARG_KEY}, false},
	{5, {ARG_NONE}, false},
	{6, {ARG_MEM, ARG_NUMBER}, false},
	{7, {ARG_FORMAT, ARG_NUMBER, ARG_NUMBER}, false},
	{8, {ARG_CTX, ARG_NUMBER}, true},
	{9, {ARG_CTX}, false},
	{10, {ARG_CTX}, false},
	{11, {ARG_CTX, ARG_NUMBER}, true},
	{32, {ARG_QUERY, ARG_NUMBER}, false},
	{33, {ARG_NUMBER}, false},
	{34, {ARG_NUMBER}, false},
};

static bool takes(enum arg arg, enum type type)
{
	switch (arg) {
	case ARG_CTX:
		return type == CONTEXT;
	case ARG_MAP:
		return type == MAP_HANDLE;
	case ARG_KEY:
	case ARG_VALUE:
	case ARG_MEM:
		return type == STACK || type == PACKET_HEAD || type == VALUE || type == READ_ONLY;
	case ARG_QUERY:
		return type == STACK || type == PACKET_HEAD;
	case ARG_FORMAT:
		return type == READ_ONLY;
	default:
		return false;
	}
}

static void make_arg(struct code *c, enum arg arg, uint8_t reg)
{
	static const enum type types[] = {
		[ARG_CTX] = CONTEXT,	 [ARG_MAP] = MAP_HANDLE, [ARG_KEY] = STACK,
		[ARG_VALUE] = STACK,	 [ARG_QUERY] = STACK,	 [ARG_MEM] = STACK,
		[ARG_FORMAT] = READ_ONLY};

	if (arg == ARG_NUMBER)
		EMIT(c, MOVI(reg, 8));
	else if (arg != ARG_NONE)
		make_pointer(c, types[arg], reg);
}

/* Calls the helper with good arguments, but for one that comes from r6. */
static void make_call(struct code *c, size_t helper, int bad)
{
	for (int i = 0; i < 3; i++)
		if (i == bad)
			EMIT(c, MOVR((uint8_t)(i + 1), 6));
		else
			make_arg(c, helpers[helper].args[i], (uint8_t)(i + 1));
	EMIT(c, CALL(helpers[helper].number));
}

static void test_helper_pointers(void **state)
{
	(void)state;
	for (size_t h = 0; h < SEKI_COUNT(helpers); h++)
		for (int bad = 0; bad < 3 && helpers[h].args[bad]; bad++)
			for (int type = 0; type < TYPES; type++) {
				bool ok = takes(helpers[h].args[bad], type);
				struct code c = {.n = 0};

				make_world(&c);
				make_pointer(&c, type, 6);
				make_call(&c, h, bad);
				EMIT(&c, RETURN);
				if (verdict(&tally, &c) != (ok ? -1 : last(&c)))
					fail_msg("helper %d, argument %d, pointer %d",
						 helpers[h].number, bad + 1, type);
			}
	report();
}

/* Numbers for pointers, and nothing at all. */
static void test_helper_numbers(void **state)
{
	(void)state;
	for (size_t h = 0; h < SEKI_COUNT(helpers); h++)
		for (int bad = 0; bad < 3 && helpers[h].args[bad]; bad++) {
			bool ok = helpers[h].args[bad] == ARG_NUMBER;
			struct code c = {.n = 0};

			make_world(&c);
			EMIT(&c, MOVI(6, 0));
			make_call(&c, h, bad);
			EMIT(&c, RETURN);
			assert_int_equal(verdict(&tally, &c), ok ? -1 : last(&c));
			c.n = 0;
			make_world(&c);
			EMIT(&c, CALL(5));
			for (int i = 0; i < 3; i++)
				if (i != bad)
					make_arg(&c, helpers[h].args[i], (uint8_t)(i + 1));
			EMIT(&c, CALL(helpers[h].number), RETURN);
			assert_int_equal(verdict(&tally, &c), last(&c));
		}
	report();
}

/* Memory that a helper reads, one byte too much of it, or one that was never written. */
static void test_helper_memory(void **state)
{
	static const struct {
		enum arg arg;
		int32_t bytes;
	} sizes[] = {{ARG_KEY, 4}, {ARG_VALUE, 16}, {ARG_QUERY, 40}, {ARG_MEM, 8}};

	(void)state;
	for (size_t h = 0; h < SEKI_COUNT(helpers); h++)
		for (int at = 0; at < 3; at++)
			for (size_t s = 0; s < SEKI_COUNT(sizes); s++)
				for (int by = 0; by < 2; by++) {
					int32_t end = -sizes[s].bytes + by;
					struct code c = {.n = 0};

					if (helpers[h].args[at] != sizes[s].arg)
						continue;
					make_world(&c);
					EMIT(&c, MOVR(6, 10), ALUI(ADD, 6, end));
					make_call(&c, h, at);
					EMIT(&c, RETURN);
					assert_int_equal(verdict(&tally, &c), by ? last(&c) : -1);
					c.n = 0;
					make_world(&c);
					EMIT(&c, MOVR(6, 10), ALUI(ADD, 6, -40 - by));
					make_call(&c, h, at);
					EMIT(&c, RETURN);
					assert_int_equal(verdict(&tally, &c), by ? last(&c) : -1);
				}
	report();
}

static void test_clobbered(void **state)
{
	(void)state;
	for (size_t h = 0; h < SEKI_COUNT(helpers); h++)
		for (uint8_t reg = 0; reg <= 10; reg++) {
			struct code c = {.n = 0};

			make_world(&c);
			EMIT(&c, MOVI(6, 1), MOVI(1, 1), MOVI(2, 1), MOVI(3, 1), MOVI(4, 1),
			     MOVI(5, 1));
			make_call(&c, h, -1);
			EMIT(&c, STR(DW, 10, -48, reg), RETURN);
			assert_int_equal(verdict(&tally, &c), reg >= 1 && reg <= 5 ? last(&c) : -1);
		}
	report();
}

/* After a local call r0 to r5 are the function's; before it returns r6 to r9 are not its. */
static void test_local_call(void **state)
{
	(void)state;
	for (uint8_t reg = 0; reg <= 10; reg++) {
		struct code c = {.n = 0};

		EMIT(&c, MOVI(0, 1), MOVI(1, 1), MOVI(2, 1), MOVI(3, 1), MOVI(4, 1), MOVI(5, 1),
		     MOVI(6, 1), MOVI(7, 1), MOVI(8, 1), MOVI(9, 1), LOCAL(3), STR(DW, 10, -8, reg),
		     RETURN, MOVI(6, 2), EXIT);
		assert_int_equal(verdict(&tally, &c), reg <= 5 ? 11 : -1);
		c.n = 0;
		EMIT(&c, MOVI(0, 1), MOVI(1, 1), MOVI(2, 1), MOVI(3, 1), MOVI(4, 1), MOVI(5, 1),
		     MOVI(6, 1), MOVI(7, 1), MOVI(8, 1), MOVI(9, 1), LOCAL(2), RETURN,
		     STR(DW, 10, -8, reg), RETURN);
		assert_int_equal(verdict(&tally, &c),
				 (reg >= 1 && reg <= 5) || reg == 10 ? -1 : 13);
	}
	report();
}

/*
 * Every pointer into the packet is dead when its head moves, wherever it is kept. A cut leaves the
 * head in place, and p4c writes headers by the pointer from before; but what was there may be gone.
 */
static void test_stale(void **state)
{
	static const int32_t movers[] = {8, 11};
	static const int16_t beyond[] = {0, 20};

	(void)state;
	for (size_t m = 0; m < SEKI_COUNT(movers); m++)
		for (int place = 0; place < 5; place++) {
			struct code c = {.n = 0};

			make_world(&c);
			make_pointer(&c, PACKET_HEAD, 6);
			if (place == 1)
				EMIT(&c, ALUI(ADD, 6, 4));
			if (place == 2)
				EMIT(&c, STR(DW, 10, -48, 6));
			if (place == 3)
				EMIT(&c, LD(B, 3, 6, 0), ALUR(ADD, 6, 3));
			EMIT(&c, MOVR(1, 8), MOVI(2, 20));
			if (place == 4)
				EMIT(&c, LOCAL(1), JA(2), CALL(movers[m]), EXIT);
			else
				EMIT(&c, CALL(movers[m]));
			if (place == 2)
				EMIT(&c, LD(DW, 6, 10, -48));
			EMIT(&c, LD(B, 0, 6, beyond[m]), RETURN);
			assert_int_equal(verdict(&tally, &c), last(&c));
		}
	report();
}

/* r3 has no value; r4 is a number and r5 a place in the stack. */
static const struct seki_bpf_insn uses[] = {
	ALUI(ADD, 3, 1),
	ALUI(MUL, 3, 1),
	ALUI(XOR, 3, 1),
	ALU32I(ADD, 3, 1),
	ALUR(ADD, 3, 4),
	ALUR(ADD, 4, 3),
	ALUR(XOR, 3, 3),
	ALUR(SUB, 3, 3),
	ALU32R(ADD, 4, 3),
	ALU32R(ADD, 3, 4),
	ALUR(ADD, 5, 3),
	ALUR(ADD, 3, 5),
	RAW(0x3f, 4, 3, 1, 0), /* signed division */
	MOVR(4, 3),
	MOV32R(4, 3),
	RAW(0xbf, 4, 3, 8, 0), /* sign extension */
	NEGR(3),
	BSWAP(3, 16),
	LD(B, 4, 3, 0),
	LD(B, 3, 3, 0),
	STI(B, 3, 0, 0),
	STR(B, 3, 0, 4),
	STR(B, 5, 0, 3),
	STR(DW, 5, 0, 3),
	ATOMIC(DW, 3, 0, 4, 0x00),
	ATOMIC(DW, 5, 0, 3, 0x00),
	ATOMIC(DW, 5, 0, 3, 0x01),
	ATOMIC(DW, 5, 0, 3, 0xe1),
	JMPI(JEQ, 3, 0, 0),
	JMPI(JSET, 3, 1, 0),
	JMPR(JEQ, 3, 4, 0),
	JMPR(JEQ, 4, 3, 0),
	JMPR(JEQ, 3, 3, 0),
	JMPR(JEQ, 5, 3, 0),
	JMP32I(JGT, 3, 0, 0),
	JMP32R(JGT, 4, 3, 0),
	CALLX(3),
};

static void test_unset(void **state)
{
	(void)state;
	for (int call = 0; call < 3; call++)
		for (size_t i = 0; i < SEKI_COUNT(uses); i++) {
			struct code c = {.n = 0};

			EMIT(&c, STI(DW, 10, -8, 0));
			if (call)
				EMIT(&c, MOVI(3, 5));
			if (call == 1)
				EMIT(&c, CALL(5));
			if (call == 2)
				EMIT(&c, LOCAL(1), JA(2), RETURN);
			EMIT(&c, MOVI(4, 1), MOVR(5, 10), ALUI(ADD, 5, -8), uses[i], RETURN);
			if (verdict(&tally, &c) != last(&c))
				fail_msg("after call %d, use %zu", call, i);
		}
	report();
}

/* What a format may have, to the byte where the data end. */
static void test_formats(void **state)
{
	static const struct {
		const char *format;
		size_t size;
		int args; /* -1: refused */
	} formats[] = {
		{"", 1, 0},
		{"x", 2, 0},
		{"%d", 3, 1},
		{"%u%x%lld%llu", 13, 4},
		{"%llx%c%%", 9, 2},
		{"%d%d%d%d%%", 11, 4},
		{"%%%%%%%%%%%%", 13, 0},
		{"%d%d%d%d%d", 11, -1},
		{"%lld%lld%lld%lld%c", 19, -1},
		{"x", 1, -1},  /* no end */
		{"%d", 2, -1}, /* no end behind the conversion */
		{"%", 2, -1},
		{"%l", 3, -1},
		{"%ll", 4, -1},
		{"%ll", 3, -1}, /* the data end in it */
		{"%l", 2, -1},
		{"%", 1, -1},
		{"", 0, -1},
		{"%n", 3, -1},
		{"%s", 3, -1},
		{"%p", 3, -1},
		{"%lls", 5, -1},
		{"%lln", 5, -1},
		{"%llc", 5, -1},
		{"%ll%", 5, -1},
		{"%ld", 4, -1},
		{"%hd", 4, -1},
		{"%5d", 4, -1},
		{"%-d", 4, -1},
		{"%*d", 4, -1},
		{"%1$d", 5, -1},
		{"% d", 4, -1},
		{"%i", 3, -1},
		{"%D", 3, -1},
		{"%d%n", 5, -1},
		{"%%%n", 5, -1},
		{"\xff%d", 4, 1},
	};

	(void)state;
	for (size_t i = 0; i < SEKI_COUNT(formats); i++) {
		int args = seki_bpf_format_args(formats[i].format, formats[i].size);

		if ((args < 0 ? -1 : args) != formats[i].args)
			fail_msg("format \"%s\" of %zu: %d", formats[i].format, formats[i].size,
				 args);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forbidden),
		cmocka_unit_test(test_exchanged),
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_helper_pointers),
		cmocka_unit_test(test_helper_numbers),
		cmocka_unit_test(test_helper_memory),
		cmocka_unit_test(test_clobbered),
		cmocka_unit_test(test_local_call),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_unset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
