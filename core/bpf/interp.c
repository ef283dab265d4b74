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

/* After it r1 to r5 are not the program's: what a checked program must not use is made useless. */
static void spoil(const struct seki_bpf_vm *vm, uint64_t *r)
{
	if (vm->guard)
		for (int i = 1; i <= 5; i++)
			r[i] = 0xdead000000000000u;
}

/* May the program go back, or call, once more? `insns` so far. */
static inline bool may_go_on(const struct seki_bpf_vm *vm, uint64_t *fuel, uint64_t insns)
{
	if (vm->guard)
		return insns < vm->guard->max_insns;
	return (*fuel)-- > 0;
}

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

#define DST   r[op->dst]
#define SRC   r[op->src]
#define IMM   ((uint64_t)op->imm)
#define DST32 ((uint32_t)DST)
#define SRC32 ((uint32_t)SRC)
#define IMM32 ((uint32_t)op->imm)

/* Four forms of one operation; `a` and `b` are its operands. */
#define ALU32(name, expr)                                                                          \
	do_##name:                                                                                 \
	{                                                                                          \
		uint32_t a = DST32;                                                                \
                                                                                                   \
		(void)a;                                                                           \
		DST = (uint32_t)(expr);                                                            \
		NEXT;                                                                              \
	}
#define ALU64(name, expr)                                                                          \
	do_##name:                                                                                 \
	{                                                                                          \
		uint64_t a = DST;                                                                  \
                                                                                                   \
		(void)a;                                                                           \
		DST = (expr);                                                                      \
		NEXT;                                                                              \
	}
#define SIMPLE(name, oper)                                                                         \
	ALU32(name##32_IMM, a oper IMM32)                                                          \
	ALU32(name##32_REG, a oper SRC32)                                                          \
	ALU64(name##64_IMM, a oper IMM)                                                            \
	ALU64(name##64_REG, a oper SRC)
#define DIVIDE(name, f32, f64)                                                                     \
	ALU32(name##32_IMM, f32(a, IMM32))                                                         \
	ALU32(name##32_REG, f32(a, SRC32))                                                         \
	ALU64(name##64_IMM, f64(a, IMM))                                                           \
	ALU64(name##64_REG, f64(a, SRC))
#define SDIVIDE(name, f)                                                                           \
	ALU32(name##32_IMM, f((int32_t)a, (int32_t)IMM))                                           \
	ALU32(name##32_REG, f((int32_t)a, (int32_t)SRC))                                           \
	ALU64(name##64_IMM, f((int64_t)a, (int64_t)IMM))                                           \
	ALU64(name##64_REG, f((int64_t)a, (int64_t)SRC))
#define SHIFT(name, oper, t32, t64)                                                                \
	ALU32(name##32_IMM, (t32)a oper(IMM & 31))                                                 \
	ALU32(name##32_REG, (t32)a oper(SRC & 31))                                                 \
	ALU64(name##64_IMM, (uint64_t)((t64)a oper(IMM & 63)))                                     \
	ALU64(name##64_REG, (uint64_t)((t64)a oper(SRC & 63)))

#define COND(name, oper, t32, t64)                                                                 \
	do_J##name##32_IMM : if ((t32)DST oper(t32) IMM) JUMP;                                     \
	NEXT;                                                                                      \
	do_J##name##32_REG : if ((t32)DST oper(t32) SRC) JUMP;                                     \
	NEXT;                                                                                      \
	do_J##name##64_IMM : if ((t64)DST oper(t64) IMM) JUMP;                                     \
	NEXT;                                                                                      \
	do_J##name##64_REG : if ((t64)DST oper(t64) SRC) JUMP;                                     \
	NEXT;

#define AT(reg) (r[op->reg] + (uint64_t)(int64_t)op->off)
#define LOAD(name, bytes, type)                                                                    \
	do_##name : DST = (uint64_t)(type)load(AT(src), bytes);                                    \
	NEXT;
#define STORE(name, bytes)                                                                         \
	do_##name##_IMM : store(AT(dst), IMM, bytes);                                              \
	NEXT;                                                                                      \
	do_##name##_REG : store(AT(dst), SRC, bytes);                                              \
	NEXT;
#define ATOMIC_LABELS(bits)                                                                        \
	do_ADD_MEM##bits : do_OR_MEM##bits : do_AND_MEM##bits : do_XOR_MEM##bits                   \
	    : do_FADD_MEM##bits : do_FOR_MEM##bits : do_FAND_MEM##bits : do_FXOR_MEM##bits         \
	    : do_XCHG_MEM##bits : do_CAS_MEM##bits:

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
	static const void *const plain[SEKI_OP_COUNT] = {
#define X(id, ...) PLAIN(id),
		SEKI_BPF_OPS(X)
#undef X
	};
	static const void *const checked[SEKI_OP_COUNT] = {
#define X(id, opcode, select, kind, ...) CHECKED_##kind(id),
		SEKI_BPF_OPS(X)
#undef X
	};
	const void *const *const labels = vm->guard ? checked : plain;
	const struct seki_bpf_op *const ops = vm->ops;
	const struct seki_bpf_op *op = ops + vm->entry, *target;
	uint64_t r[SEKI_BPF_REGS] = {[1] = r1, [2] = r2};
	struct call calls[SEKI_BPF_FRAMES - 1];
	uint64_t fuel = vm->fuel, number;
	int64_t jumped = (const char *)ops - (const char *)op;
	uint32_t depth = 0;

	r[SEKI_BPF_FP] = (uint64_t)(uintptr_t)vm->stack + SEKI_BPF_FRAME_BYTES;
	vm->stop = 0;
	DISPATCH;

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
	ALU32(MOV32_IMM, IMM32)
	ALU32(MOV32_REG, SRC32)
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

	LOAD(LDB, 1, uint8_t)
	LOAD(LDH, 2, uint16_t)
	LOAD(LDW, 4, uint32_t)
	LOAD(LDDW, 8, uint64_t)
	LOAD(LDSB, 1, int8_t)
	LOAD(LDSH, 2, int16_t)
	LOAD(LDSW, 4, int32_t)
	STORE(STB, 1)
	STORE(STH, 2)
	STORE(STW, 4)
	STORE(STDW, 8)

	ATOMIC_LABELS(32)
	ATOMIC_LABELS(64)
	atomic(r, op);
	NEXT;

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
do_JA:
do_JA32:
	JUMP;
back:
	if (!may_go_on(vm, &fuel, INSNS))
		goto too_long;
	LEAP;

	/* Of two slots, one instruction. */
do_CONST64:
	DST = IMM;
	goto wide;
do_DATA64:
	DST = (uint64_t)(uintptr_t)vm->data + IMM;
	goto wide;
do_MAP64:
	DST = vm->maps[IMM];
wide:
	jumped -= (int64_t)sizeof(*op);
	op += 2;
	DISPATCH;

do_CALLX:
	number = DST;
	goto helper;
do_CALL:
	number = IMM;
helper:
	vm->may_wait = op->off & SEKI_CALL_MAY_WAIT;
	r[0] = vm->helpers[number](vm, r[1], r[2], r[3], r[4], r[5]);
	spoil(vm, r);
	if (vm->stop)
		goto stopped;
	NEXT;
do_CALL_LOCAL:
	if (!may_go_on(vm, &fuel, INSNS))
		goto too_long;
	__builtin_memcpy(calls[depth].saved, &r[6], sizeof(calls[depth].saved));
	calls[depth++].back = (uint32_t)(op - ops) + 1;
	r[SEKI_BPF_FP] += SEKI_BPF_FRAME_BYTES;
	target = ops + op->off;
	LEAP;
do_EXIT:
	if (depth) {
		__builtin_memcpy(&r[6], calls[--depth].saved, sizeof(calls[depth].saved));
		r[SEKI_BPF_FP] -= SEKI_BPF_FRAME_BYTES;
		target = ops + calls[depth].back;
		LEAP;
	}
	if (vm->guard && INSNS > vm->guard->max_insns)
		goto too_long;
	vm->insns = INSNS;
	*r0 = r[0];
	return 0;

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
	if (!call_allowed(vm, op->id == SEKI_OP_CALLX ? DST : IMM, &r[1]))
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
