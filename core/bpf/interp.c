// SPDX-License-Identifier: Apache-2.0
/*
 * The interpreter: one function, one label an instruction, the next one reached by a computed goto.
 * Arithmetic follows RFC 9669: 32-bit results are zero-extended, shift counts masked, a division by
 * zero gives 0 and a remainder by zero the dividend.
 *
 * The stack grows from frame 0 upwards: frame k is stack[k * 512 .. (k + 1) * 512), r10 its end.
 */
#include "core/bpf/interp.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"
#include "core/bpf/fuse.h"

struct call {
	uint64_t saved[4]; /* r6 to r9 */
	uint32_t back;
};

static bool stack_allows(const struct seki_bpf_vm *vm, uint64_t off, uint64_t len, bool write)
{
	uint8_t *set = vm->guard->stack_set;

	if (!set)
		return true;
	if (write) {
		memset(set + off, 1, len);
		return true;
	}
	for (uint64_t i = 0; i < len; i++)
		if (!set[off + i])
			return false;
	return true;
}

static bool guard_allows(const struct seki_bpf_vm *vm, uint64_t addr, uint64_t len, bool write)
{
	uint64_t off = addr - (uint64_t)(uintptr_t)vm->stack;

	if (seki_in_range(off, len, SEKI_BPF_STACK_BYTES))
		return stack_allows(vm, off, len, write);
	return vm->guard->allows(vm->guard->arg, addr, len, write);
}

bool seki_bpf_guard_reads(const struct seki_bpf_vm *vm, uint64_t addr, uint64_t len)
{
	return guard_allows(vm, addr, len, false);
}

static inline uint64_t load(uint64_t addr, unsigned int bytes)
{
	const void *p = (const void *)(uintptr_t)addr;
	uint64_t v = 0;

	__builtin_memcpy(&v, p, bytes);
	return v;
}

static inline void store(uint64_t addr, uint64_t v, unsigned int bytes)
{
	__builtin_memcpy((void *)(uintptr_t)addr, &v, bytes);
}

static uint64_t atomic32(uint8_t sub, uint32_t *p, uint32_t v, uint32_t r0)
{
	switch (sub) {
	case SEKI_ATOMIC_ADD:
	case SEKI_ATOMIC_FETCH_ADD:
		return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_OR:
	case SEKI_ATOMIC_FETCH_OR:
		return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_AND:
	case SEKI_ATOMIC_FETCH_AND:
		return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_XOR:
	case SEKI_ATOMIC_FETCH_XOR:
		return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_XCHG:
		return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
	default:
		__atomic_compare_exchange_n(p, &r0, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return r0;
	}
}

static uint64_t atomic64(uint8_t sub, uint64_t *p, uint64_t v, uint64_t r0)
{
	switch (sub) {
	case SEKI_ATOMIC_ADD:
	case SEKI_ATOMIC_FETCH_ADD:
		return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_OR:
	case SEKI_ATOMIC_FETCH_OR:
		return __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_AND:
	case SEKI_ATOMIC_FETCH_AND:
		return __atomic_fetch_and(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_XOR:
	case SEKI_ATOMIC_FETCH_XOR:
		return __atomic_fetch_xor(p, v, __ATOMIC_SEQ_CST);
	case SEKI_ATOMIC_XCHG:
		return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);
	default:
		__atomic_compare_exchange_n(p, &r0, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
		return r0;
	}
}

/* RFC 9669, 5.3. cmpxchg puts the old value into r0, the other fetching ones into src. */
static void atomic(uint64_t *r, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	void *p = (void *)(uintptr_t)(r[op->dst] + (uint64_t)(int64_t)op->off);
	uint64_t old = row->bytes == 4 ? atomic32(row->sub, p, (uint32_t)r[op->src], (uint32_t)r[0])
				       : atomic64(row->sub, p, r[op->src], r[0]);

	if (row->sub == SEKI_ATOMIC_CMPXCHG)
		r[0] = old;
	else if (row->sub >= SEKI_ATOMIC_FETCH_ADD)
		r[op->src] = old;
}

static bool atomic_allows(const struct seki_bpf_vm *vm, uint64_t addr, unsigned int bytes)
{
	return addr % bytes == 0 && guard_allows(vm, addr, bytes, false) &&
	       guard_allows(vm, addr, bytes, true);
}

static uint64_t swapped(uint64_t v, unsigned int bits)
{
	return __builtin_bswap64(v) >> (64 - bits);
}

static inline uint64_t div32(uint32_t a, uint32_t b)
{
	return b ? a / b : 0;
}

static inline uint64_t mod32(uint32_t a, uint32_t b)
{
	return b ? a % b : a;
}

static inline uint64_t div64(uint64_t a, uint64_t b)
{
	return b ? a / b : 0;
}

static inline uint64_t mod64(uint64_t a, uint64_t b)
{
	return b ? a % b : a;
}

/* Dividing by -1 is negating: the quotient of the least number is that number again. */
static inline uint64_t sdiv64(int64_t a, int64_t b)
{
	return b == -1 ? 0 - (uint64_t)a : b ? (uint64_t)(a / b) : 0;
}

static inline uint64_t smod64(int64_t a, int64_t b)
{
	return b == -1 ? 0 : (uint64_t)(b ? a % b : a);
}

/* A guarded call: is there such a helper, and are the arguments in order? */
static bool call_allowed(struct seki_bpf_vm *vm, uint64_t number, const uint64_t *args)
{
	const struct seki_bpf_guard *guard = vm->guard;

	if (number >= vm->n_helpers || !vm->helpers[number]) {
		vm->stop = -ENOSYS;
		return false;
	}
	if (guard->allows_call && !guard->allows_call(guard->arg, (int64_t)number, args)) {
		vm->stop = -EFAULT;
		return false;
	}
	return true;
}

/* In a guarded run, registers that a checked program must not use hold what is of no use, and is
 * another value where the stack is elsewhere. */
static void spoil(const struct seki_bpf_vm *vm, uint64_t *r, int first, int last)
{
	if (vm->guard)
		for (int i = first; i <= last; i++)
			r[i] = (0xdead000000000000u + (uint64_t)i) ^ (uintptr_t)vm->stack;
}

/* May the program go back, or call, once more? `insns` so far. */
static inline bool may_go_on(const struct seki_bpf_vm *vm, uint64_t *fuel, uint64_t insns)
{
	if (vm->guard)
		return insns < vm->guard->max_insns;
	return (*fuel)-- > 0;
}

/*
 * What each instruction does, as functions of their own, so that sequences are made of the same:
 * dst's new value from its old one `a`; whether to jump; a store.
 */
#define INLINE static inline __attribute__((always_inline))
#define SRC    r[op->src]
#define IMM    ((uint64_t)op->imm)
#define ALU32(id, expr)                                                                            \
	INLINE uint64_t value_##id(uint64_t dst, const uint64_t *r, const struct seki_bpf_op *op)  \
	{                                                                                          \
		uint32_t a = (uint32_t)dst, imm = (uint32_t)op->imm;                               \
                                                                                                   \
		(void)r, (void)a, (void)imm;                                                       \
		return (uint32_t)(expr);                                                           \
	}
#define ALU64(id, expr)                                                                            \
	INLINE uint64_t value_##id(uint64_t a, const uint64_t *r, const struct seki_bpf_op *op)    \
	{                                                                                          \
		(void)r, (void)a, (void)op;                                                        \
		return expr;                                                                       \
	}
#define SIMPLE(name, oper)                                                                         \
	ALU32(name##32_IMM, a oper imm)                                                            \
	ALU32(name##32_REG, a oper(uint32_t) SRC)                                                  \
	ALU64(name##64_IMM, a oper IMM)                                                            \
	ALU64(name##64_REG, a oper SRC)
#define DIVIDE(name, f32, f64)                                                                     \
	ALU32(name##32_IMM, f32(a, imm))                                                           \
	ALU32(name##32_REG, f32(a, (uint32_t)SRC))                                                 \
	ALU64(name##64_IMM, f64(a, IMM))                                                           \
	ALU64(name##64_REG, f64(a, SRC))
#define SDIVIDE(name, f)                                                                           \
	ALU32(name##32_IMM, f((int32_t)a, (int32_t)imm))                                           \
	ALU32(name##32_REG, f((int32_t)a, (int32_t)SRC))                                           \
	ALU64(name##64_IMM, f((int64_t)a, (int64_t)IMM))                                           \
	ALU64(name##64_REG, f((int64_t)a, (int64_t)SRC))
#define SHIFT(name, oper, t32, t64)                                                                \
	ALU32(name##32_IMM, (t32)a oper(imm & 31))                                                 \
	ALU32(name##32_REG, (t32)a oper(SRC & 31))                                                 \
	ALU64(name##64_IMM, (uint64_t)((t64)a oper(IMM & 63)))                                     \
	ALU64(name##64_REG, (uint64_t)((t64)a oper(SRC & 63)))

SIMPLE(ADD, +)
SIMPLE(SUB, -)
SIMPLE(MUL, *)
SIMPLE(OR, |)
SIMPLE(AND, &)
SIMPLE(XOR, ^)
DIVIDE(DIV, div32, div64)
DIVIDE(MOD, mod32, mod64)
SDIVIDE(SDIV, sdiv64)
SDIVIDE(SMOD, smod64)
SHIFT(LSH, <<, uint32_t, uint64_t)
SHIFT(RSH, >>, uint32_t, uint64_t)
SHIFT(ARSH, >>, int32_t, int64_t)
ALU32(MOV32_IMM, imm)
ALU32(MOV32_REG, SRC)
ALU64(MOV64_IMM, IMM)
ALU64(MOV64_REG, SRC)
ALU32(SX8_32, (int8_t)SRC)
ALU32(SX16_32, (int16_t)SRC)
ALU64(SX8_64, (uint64_t)(int8_t)SRC)
ALU64(SX16_64, (uint64_t)(int16_t)SRC)
ALU64(SX32_64, (uint64_t)(int32_t)SRC)
ALU32(NEG32, 0 - a)
ALU64(NEG64, 0 - a)
ALU64(LE16, (uint16_t)a)
ALU64(LE32, (uint32_t)a)
ALU64(LE64, a)
ALU64(BE16, swapped(a, 16))
ALU64(BE32, swapped(a, 32))
ALU64(BE64, swapped(a, 64))
ALU64(SWAP16, swapped(a, 16))
ALU64(SWAP32, swapped(a, 32))
ALU64(SWAP64, swapped(a, 64))

#define AT(reg)		      (r[op->reg] + (uint64_t)(int64_t)op->off)
#define LOAD(id, bytes, type) ALU64(id, (uint64_t)(type)load(AT(src), bytes))
LOAD(LDB, 1, uint8_t)
LOAD(LDH, 2, uint16_t)
LOAD(LDW, 4, uint32_t)
LOAD(LDDW, 8, uint64_t)
LOAD(LDSB, 1, int8_t)
LOAD(LDSH, 2, int16_t)
LOAD(LDSW, 4, int32_t)

#define STORE_OF(id, what, bytes)                                                                  \
	INLINE void store_##id(const uint64_t *r, const struct seki_bpf_op *op)                    \
	{                                                                                          \
		store(AT(dst), what, bytes);                                                       \
	}
#define STORE(name, bytes)                                                                         \
	STORE_OF(name##_IMM, IMM, bytes)                                                           \
	STORE_OF(name##_REG, SRC, bytes)
STORE(STB, 1)
STORE(STH, 2)
STORE(STW, 4)
STORE(STDW, 8)

#define COND_OF(id, expr)                                                                          \
	INLINE bool cond_##id(uint64_t a, const uint64_t *r, const struct seki_bpf_op *op)         \
	{                                                                                          \
		(void)r;                                                                           \
		return expr;                                                                       \
	}
#define COND(name, oper, t32, t64)                                                                 \
	COND_OF(J##name##32_IMM, (t32)a oper(t32) IMM)                                             \
	COND_OF(J##name##32_REG, (t32)a oper(t32) SRC)                                             \
	COND_OF(J##name##64_IMM, (t64)a oper(t64) IMM)                                             \
	COND_OF(J##name##64_REG, (t64)a oper(t64) SRC)
COND(EQ, ==, uint32_t, uint64_t)
COND(NE, !=, uint32_t, uint64_t)
COND(GT, >, uint32_t, uint64_t)
COND(GE, >=, uint32_t, uint64_t)
COND(LT, <, uint32_t, uint64_t)
COND(LE, <=, uint32_t, uint64_t)
COND(SGT, >, int32_t, int64_t)
COND(SGE, >=, int32_t, int64_t)
COND(SLT, <, int32_t, int64_t)
COND(SLE, <=, int32_t, int64_t)
COND(SET, &, uint32_t, uint64_t)

#define DISPATCH goto *labels[op->fast]
#define NEXT                                                                                       \
	do {                                                                                       \
		op++;                                                                              \
		DISPATCH;                                                                          \
	} while (0)
/* Where the program goes back, its fuel is looked at. */
#define JUMP                                                                                       \
	do {                                                                                       \
		target = ops + op->off;                                                            \
		if (target <= op)                                                                  \
			goto back;                                                                 \
		LEAP;                                                                              \
	} while (0)
/* Instructions are counted as slots that are gone through: `jumped` is what the distance from the
 * program's start lacks, in bytes. */
#define LEAP                                                                                       \
	do {                                                                                       \
		jumped += (const char *)(op + 1) - (const char *)target;                           \
		op = target;                                                                       \
		DISPATCH;                                                                          \
	} while (0)
#define INSNS                                                                                      \
	((uint64_t)((jumped + ((const char *)(op + 1) - (const char *)ops)) / (int64_t)sizeof(*op)))

/* The labels that are made from the table: those of the other kinds stand where they are done. */
#define DO_ALU(id)                                                                                 \
	do_##id : r[op->dst] = value_##id(r[op->dst], r, op);                                      \
	NEXT;
#define DO_LOAD(id) DO_ALU(id)
#define DO_STORE(id)                                                                               \
	do_##id : store_##id(r, op);                                                               \
	NEXT;
#define DO_JUMP(id)                                                                                \
	do_##id : if (cond_##id(r[op->dst], r, op)) JUMP;                                          \
	NEXT;
#define DO_ATOMIC(id)                                                                              \
	do_##id : atomic(r, op);                                                                   \
	NEXT;
#define DO_INVALID(id)
#define DO_GOTO(id)
#define DO_CONST(id)
#define DO_MAP(id)
#define DO_DATA(id)
#define DO_HELPER(id)
#define DO_CALLX(id)
#define DO_LOCAL(id)
#define DO_EXIT(id)

/* Sequences. A chain's value stays in hand until it is whole. */
#define FUSED_CHAIN_ALU_2(first, second, third)                                                    \
	value = value_##first(r[op->dst], r, op);                                                  \
	r[op->dst] = value_##second(value, r, op + 1);                                             \
	op += 2;                                                                                   \
	DISPATCH;
#define FUSED_CHAIN_ALU_3(first, second, third)                                                    \
	value = value_##first(r[op->dst], r, op);                                                  \
	value = value_##second(value, r, op + 1);                                                  \
	r[op->dst] = value_##third(value, r, op + 2);                                              \
	op += 3;                                                                                   \
	DISPATCH;
#define FUSED_CHAIN_JUMP_2(first, second, third)                                                   \
	value = value_##first(r[op->dst], r, op);                                                  \
	r[op->dst] = value;                                                                        \
	op++;                                                                                      \
	if (cond_##second(value, r, op))                                                           \
		JUMP;                                                                              \
	NEXT;
#define FUSED_CHAIN_JUMP_3(first, second, third)                                                   \
	value = value_##first(r[op->dst], r, op);                                                  \
	value = value_##second(value, r, op + 1);                                                  \
	r[op->dst] = value;                                                                        \
	op += 2;                                                                                   \
	if (cond_##third(value, r, op))                                                            \
		JUMP;                                                                              \
	NEXT;
#define FUSED_ROW_ALU_2(first, second, third)                                                      \
	r[op->dst] = value_##first(r[op->dst], r, op);                                             \
	op++;                                                                                      \
	r[op->dst] = value_##second(r[op->dst], r, op);                                            \
	NEXT;
#define FUSED_ROW_STORES_2(first, second, third)                                                   \
	store_##first(r, op);                                                                      \
	store_##second(r, op + 1);                                                                 \
	op += 2;                                                                                   \
	DISPATCH;
#define FUSED_ROW_JUMP_2(first, second, third)                                                     \
	r[op->dst] = value_##first(r[op->dst], r, op);                                             \
	op++;                                                                                      \
	if (cond_##second(r[op->dst], r, op))                                                      \
		JUMP;                                                                              \
	NEXT;
#define FUSED_ROW_STORE_2(first, second, third)                                                    \
	r[op->dst] = value_##first(r[op->dst], r, op);                                             \
	store_##second(r, op + 1);                                                                 \
	op += 2;                                                                                   \
	DISPATCH;
#define FUSED_LABEL(first, second, third) fast_##first##_##second##_##third
#define DO_FUSED(rule, last, n, first, second, third)                                              \
	FUSED_LABEL(first, second, third) : FUSED_##rule##_##last##_##n(first, second, third)
/* `at`: where the lower byte is, beside that which is read first. */
#define DO_WORD(name, at, swap)                                                                    \
	fast_##name : value = load(r[op->src] + (uint64_t)(int64_t)op->off + (at), 2);             \
	value = swap(value);                                                                       \
	r[op[3].src] = (uint8_t)value;                                                             \
	r[op[3].dst] = value;                                                                      \
	op += 4;                                                                                   \
	DISPATCH;

/* The label of an instruction, and of what a guard looks at before it, by kind. */
#define PLAIN(id)	    &&do_##id
#define CHECKED_INVALID(id) PLAIN(id)
#define CHECKED_ALU(id)	    PLAIN(id)
#define CHECKED_LOAD(id)    &&check_load
#define CHECKED_STORE(id)   &&check_store
#define CHECKED_ATOMIC(id)  &&check_atomic
#define CHECKED_JUMP(id)    PLAIN(id)
#define CHECKED_GOTO(id)    PLAIN(id)
#define CHECKED_CONST(id)   PLAIN(id)
#define CHECKED_MAP(id)	    &&check_map
#define CHECKED_DATA(id)    PLAIN(id)
#define CHECKED_HELPER(id)  &&check_helper
#define CHECKED_CALLX(id)   &&check_helper
#define CHECKED_LOCAL(id)   &&check_local
#define CHECKED_EXIT(id)    PLAIN(id)

/* dispatch: one label an instruction. */
int seki_bpf_interp(struct seki_bpf_vm *vm, uint64_t r1, uint64_t r2, uint64_t *r0)
{
	static const void *const plain[SEKI_FAST_COUNT] = {
#define X(id, ...) PLAIN(id),
		SEKI_BPF_OPS(X)
#undef X
#define X(rule, last, n, first, second, third) &&FUSED_LABEL(first, second, third),
#define Y(name)				       &&fast_##name,
			SEKI_FUSIONS(X) SEKI_FUSIONS_SPECIAL(Y)
#undef X
#undef Y
	};
	static const void *const checked[SEKI_FAST_COUNT] = {
#define X(id, opcode, select, kind, ...) CHECKED_##kind(id),
		SEKI_BPF_OPS(X)
#undef X
			[SEKI_OP_COUNT... SEKI_FAST_COUNT - 1] = &&check_single,
	};
	const void *const *const labels = vm->guard ? checked : plain;
	const struct seki_bpf_op *const ops = vm->ops;
	const struct seki_bpf_op *op = ops + vm->entry, *target;
	uint64_t r[SEKI_BPF_REGS] = {[1] = r1, [2] = r2};
	struct call calls[SEKI_BPF_FRAMES - 1];
	uint64_t fuel = vm->fuel, number, value;
	int64_t jumped = (const char *)ops - (const char *)op;
	uint32_t depth = 0;

	r[SEKI_BPF_FP] = (uint64_t)(uintptr_t)vm->stack + SEKI_BPF_FRAME_BYTES;
	spoil(vm, r, 0, 0);
	spoil(vm, r, 3, 9);
	vm->stop = 0;
	DISPATCH;

#define X(id, opcode, select, kind, ...) DO_##kind(id)
	SEKI_BPF_OPS(X)
#undef X
	SEKI_FUSIONS(DO_FUSED)
	DO_WORD(UP_LITTLE, 0, )
	DO_WORD(DOWN_LITTLE, -1, )
	DO_WORD(UP_BIG, 0, __builtin_bswap16)
	DO_WORD(DOWN_BIG, -1, __builtin_bswap16)
fast_ADDRESS_MAP_CALL:
	r[op->dst] = r[op->src] + (uint64_t)op[1].imm;
	op += 2;
fast_MAP_CALL:
	r[op->dst] = vm->maps[IMM];
	jumped -= (int64_t)sizeof(*op);
	op += 2;
	goto do_CALL;

do_JA:
do_JA32:
	JUMP;
back:
	if (!may_go_on(vm, &fuel, INSNS))
		goto too_long;
	LEAP;

	/* Of two slots, one instruction. */
do_CONST64:
	r[op->dst] = IMM;
	goto wide;
do_DATA64:
	r[op->dst] = (uint64_t)(uintptr_t)vm->data + IMM;
	goto wide;
do_MAP64:
	r[op->dst] = vm->maps[IMM];
wide:
	jumped -= (int64_t)sizeof(*op);
	op += 2;
	DISPATCH;

do_CALLX:
	number = r[op->dst];
	goto helper;
do_CALL:
	number = IMM;
helper:
	vm->may_wait = op->off & SEKI_CALL_MAY_WAIT;
	r[0] = vm->helpers[number](vm, r[1], r[2], r[3], r[4], r[5]);
	spoil(vm, r, 1, 5);
	if (vm->stop)
		goto stopped;
	NEXT;
do_CALL_LOCAL:
	if (!may_go_on(vm, &fuel, INSNS))
		goto too_long;
	__builtin_memcpy(calls[depth].saved, &r[6], sizeof(calls[depth].saved));
	calls[depth++].back = (uint32_t)(op - ops) + 1;
	r[SEKI_BPF_FP] += SEKI_BPF_FRAME_BYTES;
	spoil(vm, r, 0, 0);
	spoil(vm, r, 6, 9);
	target = ops + op->off;
	LEAP;
do_EXIT:
	if (depth) {
		__builtin_memcpy(&r[6], calls[--depth].saved, sizeof(calls[depth].saved));
		r[SEKI_BPF_FP] -= SEKI_BPF_FRAME_BYTES;
		spoil(vm, r, 1, 5);
		target = ops + calls[depth].back;
		LEAP;
	}
	if (vm->guard && INSNS > vm->guard->max_insns)
		goto too_long;
	vm->insns = INSNS;
	*r0 = r[0];
	return 0;

check_single:
	goto *checked[op->id];
check_load:
	if (!guard_allows(vm, AT(src), seki_bpf_row(op)->bytes, false))
		goto fault;
	goto *plain[op->id];
check_store:
	if (!guard_allows(vm, AT(dst), seki_bpf_row(op)->bytes, true))
		goto fault;
	goto *plain[op->id];
check_atomic:
	if (!atomic_allows(vm, AT(dst), seki_bpf_row(op)->bytes))
		goto fault;
	goto *plain[op->id];
check_map:
	if (IMM >= vm->n_maps)
		goto fault;
	goto *plain[op->id];
check_helper:
	if (!call_allowed(vm, op->id == SEKI_OP_CALLX ? r[op->dst] : IMM, &r[1]))
		goto stopped;
	goto *plain[op->id];
check_local:
	if (depth == SEKI_BPF_FRAMES - 1)
		goto too_long;
	if (vm->guard->stack_set)
		memset(vm->guard->stack_set + (depth + 1) * SEKI_BPF_FRAME_BYTES, 0,
		       SEKI_BPF_FRAME_BYTES);
	goto *plain[op->id];

do_INVALID:
fault:
	vm->stop = -EFAULT;
	goto stopped;
too_long:
	vm->stop = -ELOOP;
stopped:
	vm->insns = INSNS;
	vm->pc = (uint32_t)(op - ops);
	return vm->stop;
}
