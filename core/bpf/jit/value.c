// SPDX-License-Identifier: Apache-2.0
/* Values of registers: see the header. */
#include "core/bpf/jit/value.h"

#include <string.h>

#define OTHER 0 /* epochs */
#define STACK 1

static uint32_t extra(uint32_t n)
{
	return n / 2 + 256;
}

size_t seki_jit_values_size(uint32_t n)
{
	return (n + 2 + extra(n)) * sizeof(struct seki_jit_value) +
	       (n + 1) * sizeof(struct seki_jit_state);
}

/* Nothing but that it is itself, as wide as `bytes`. */
static struct seki_jit_value *renew(struct seki_jit_values *v, uint32_t id, unsigned int bytes,
				    uint8_t origin)
{
	struct seki_jit_value *value = &v->all[id];

	*value = (struct seki_jit_value){.root = id, .origin = origin};
	for (unsigned int k = 0; k < bytes; k++)
		value->bytes[k] = id << 3 | k;
	return value;
}

static uint32_t another(struct seki_jit_values *v, uint8_t origin)
{
	if (v->n == v->max)
		return SEKI_JIT_NONE;
	renew(v, v->n, 8, origin);
	return v->n++;
}

void seki_jit_values_init(struct seki_jit_values *v, struct seki_jit_ir *ir, void *memory)
{
	uint32_t heads = 0;

	*v = (struct seki_jit_values){.ir = ir, .all = memory, .n = ir->n + 1};
	v->max = v->n + extra(ir->n);
	v->entries = (struct seki_jit_state *)(void *)(v->all + v->max);
	v->all[SEKI_JIT_NONE] = (struct seki_jit_value){.root = SEKI_JIT_NONE};
	for (int k = 0; k < 8; k++)
		v->all[SEKI_JIT_NONE].bytes[k] = SEKI_JIT_UNKNOWN;
	another(v, SEKI_JIT_STACK); /* r10, of whatever function */
	for (uint32_t i = 0; i < ir->n; i++)
		if (seki_jit_is_head(ir, i)) {
			ir->at[i] = heads;
			v->entries[heads++].regs[SEKI_BPF_FP] = SEKI_JIT_NONE; /* not come by */
		}
}

static void set_reg(struct seki_jit_values *v, unsigned int reg, uint32_t id, uint32_t i)
{
	v->now.regs[reg] = id;
	v->now.since[reg] = i;
}

static void forget_all(struct seki_jit_values *v)
{
	memset(&v->now, 0, sizeof(v->now));
	v->now.regs[SEKI_BPF_FP] = v->ir->n + 1;
	v->now.epoch[OTHER] = ++v->epochs;
	v->now.epoch[STACK] = ++v->epochs;
}

/* Of a head that is reached from before: where paths disagree, nothing is known. */
static void meet(struct seki_jit_values *v, uint32_t head)
{
	struct seki_jit_state *entry = &v->entries[v->ir->at[head]];

	if (entry->regs[SEKI_BPF_FP] == SEKI_JIT_NONE) {
		*entry = v->now;
		return;
	}
	for (int r = 0; r < SEKI_BPF_FP; r++)
		if (entry->regs[r] != v->now.regs[r])
			entry->regs[r] = SEKI_JIT_NONE;
	for (int e = 0; e < 2; e++)
		if (entry->epoch[e] != v->now.epoch[e])
			entry->epoch[e] = ++v->epochs;
}

void seki_jit_values_enter(struct seki_jit_values *v, uint32_t i)
{
	const struct seki_jit_ir *ir = v->ir;
	struct seki_jit_state *entry;
	bool inside, first;

	if (!seki_jit_is_head(ir, i))
		return;
	if (v->reached)
		meet(v, i);
	entry = &v->entries[ir->at[i]];
	/* Into a loop or a function one comes from where the walk has not been yet. */
	inside = ir->flags[i] & (SEKI_JIT_LOOP | SEKI_JIT_FUNCTION);
	/* Nothing leads here but the program's start: no register points to the stack yet. */
	first = i == ir->in->entry && !inside && entry->regs[SEKI_BPF_FP] == SEKI_JIT_NONE;
	if (inside || i == ir->in->entry || entry->regs[SEKI_BPF_FP] == SEKI_JIT_NONE)
		forget_all(v);
	else
		v->now = *entry;
	for (unsigned int r = 0; r < SEKI_BPF_FP; r++) {
		v->now.since[r] = 0;
		if (v->now.regs[r] == SEKI_JIT_NONE && ir->live[i] >> r & 1)
			v->now.regs[r] = another(v, first ? SEKI_JIT_ELSEWHERE : SEKI_JIT_ANYWHERE);
	}
	v->reached = true;
}

void seki_jit_values_leave(struct seki_jit_values *v, uint32_t i)
{
	const struct seki_bpf_op *op = &v->ir->ops[i];
	uint8_t kind = seki_jit_kind(op);

	if ((kind == SEKI_KIND_JUMP || kind == SEKI_KIND_GOTO) && (uint32_t)op->off > i)
		meet(v, (uint32_t)op->off);
	if (kind == SEKI_KIND_GOTO || kind == SEKI_KIND_EXIT)
		v->reached = false;
}

bool seki_jit_values_is_fresh(const struct seki_jit_values *v, const struct seki_jit_state *now,
			      const struct seki_jit_value *loaded)
{
	uint8_t origin = v->all[loaded->base].origin;

	return (origin == SEKI_JIT_STACK || loaded->epoch[OTHER] == now->epoch[OTHER]) &&
	       (origin == SEKI_JIT_ELSEWHERE || loaded->epoch[STACK] == now->epoch[STACK]);
}

static void stored(struct seki_jit_values *v, const struct seki_jit_value *base)
{
	uint8_t origin = v->all[base->root].origin;

	if (origin != SEKI_JIT_STACK)
		v->now.epoch[OTHER] = ++v->epochs;
	if (origin != SEKI_JIT_ELSEWHERE)
		v->now.epoch[STACK] = ++v->epochs;
}

static void be_number(struct seki_jit_value *value, uint64_t number)
{
	value->is_number = true;
	value->number = number;
	for (int k = 0; k < 8; k++)
		if (!(number >> 8 * k & 0xff))
			value->bytes[k] = 0;
}

/* The bytes of an operand, of which those beyond the operation's width are zero. */
static void operand(const struct seki_jit_values *v, const struct seki_bpf_op *op, uint32_t *bytes)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	for (unsigned int k = 0; k < 8; k++) {
		if (k >= row->bytes)
			bytes[k] = 0;
		else if (row->operand == SEKI_OPERAND_REG)
			bytes[k] = seki_jit_value(v, op->src)->bytes[k];
		else
			bytes[k] = (uint64_t)op->imm >> 8 * k & 0xff ? SEKI_JIT_UNKNOWN : 0;
	}
}

/* or, xor, add of bytes where one of each two is zero. */
static void join_bytes(struct seki_jit_value *value, const uint32_t *a, const uint32_t *b,
		       bool carries)
{
	uint32_t joined[8];

	for (int k = 0; k < 8; k++) {
		joined[k] = !a[k] ? b[k] : !b[k] ? a[k] : SEKI_JIT_UNKNOWN;
		if (joined[k] != SEKI_JIT_UNKNOWN)
			continue;
		if (carries && a[k] && b[k])
			return;
		joined[k] = value->bytes[k];
	}
	memcpy(value->bytes, joined, sizeof(joined));
}

/* The constant operand of a logical operation or shift, if it is one. */
static bool constant(const struct seki_jit_values *v, const struct seki_bpf_op *op,
		     uint64_t *number)
{
	const struct seki_jit_value *src = seki_jit_value(v, op->src);

	if (seki_bpf_row(op)->operand == SEKI_OPERAND_REG && !src->is_number)
		return false;
	*number = seki_bpf_row(op)->operand == SEKI_OPERAND_REG ? src->number : (uint64_t)op->imm;
	return true;
}

static void mask_bytes(struct seki_jit_value *value, const uint32_t *a, uint64_t mask)
{
	for (int k = 0; k < 8; k++) {
		uint8_t part = (uint8_t)(mask >> 8 * k);

		if (!part || !a[k])
			value->bytes[k] = 0;
		else if (part == 0xff && a[k] != SEKI_JIT_UNKNOWN)
			value->bytes[k] = a[k];
	}
}

/* By whole bytes, up where `by` > 0. */
static void shift_bytes(struct seki_jit_value *value, const uint32_t *a, int by, int width)
{
	for (int k = 0; k < width; k++) {
		int from = k - by;
		uint32_t byte = from < 0 || from >= width ? 0 : a[from];

		if (byte != SEKI_JIT_UNKNOWN)
			value->bytes[k] = byte;
	}
}

static void order_bytes(struct seki_jit_value *value, const uint32_t *a, int bytes, bool swaps)
{
	for (int k = 0; k < 8; k++) {
		uint32_t byte = k >= bytes ? 0 : a[swaps ? bytes - 1 - k : k];

		if (byte != SEKI_JIT_UNKNOWN)
			value->bytes[k] = byte;
	}
}

static void apply_add(struct seki_jit_values *v, struct seki_jit_value *value,
		      const struct seki_bpf_op *op, bool minus)
{
	const struct seki_jit_value *dst = seki_jit_value(v, op->dst);
	uint64_t number;
	int64_t by;
	int32_t add;

	if (seki_bpf_row(op)->bytes != 8 || v->now.regs[op->dst] == SEKI_JIT_NONE)
		return;
	if (!constant(v, op, &number)) {
		if (!minus && v->now.regs[op->src] != SEKI_JIT_NONE) {
			value->sum[0] = v->now.regs[op->dst];
			value->sum[1] = v->now.regs[op->src];
		}
		return;
	}
	by = (int64_t)number;
	if (by < INT32_MIN / 2 || by > INT32_MAX / 2 ||
	    __builtin_add_overflow(dst->add, minus ? -by : by, &add))
		return;
	value->root = dst->root;
	value->add = add;
}

/* A copy is the same value. */
static bool apply_move(struct seki_jit_values *v, uint32_t i, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	const struct seki_jit_value *src = seki_jit_value(v, op->src);
	struct seki_jit_value *value;
	uint32_t bytes[8];

	if (row->operand == SEKI_OPERAND_IMM) {
		be_number(renew(v, i + 1, 8, SEKI_JIT_ELSEWHERE),
			  row->bytes == 8 ? (uint64_t)op->imm : (uint32_t)op->imm);
		return false;
	}
	if (row->bytes == 8 || !(src->bytes[4] | src->bytes[5] | src->bytes[6] | src->bytes[7])) {
		set_reg(v, op->dst, v->now.regs[op->src], i);
		return true;
	}
	operand(v, op, bytes);
	value = renew(v, i + 1, 4, SEKI_JIT_ANYWHERE);
	order_bytes(value, bytes, 4, false);
	return false;
}

static void apply_logic(struct seki_jit_values *v, struct seki_jit_value *value,
			const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	uint32_t a[8], b[8];
	uint64_t number;

	memcpy(a, seki_jit_value(v, op->dst)->bytes, sizeof(a));
	for (unsigned int k = row->bytes; k < 8; k++)
		a[k] = 0;
	operand(v, op, b);
	if (row->sub == SEKI_ALU_AND) {
		if (constant(v, op, &number))
			mask_bytes(value, a, row->bytes == 8 ? number : (uint32_t)number);
	} else {
		join_bytes(value, a, b, row->sub == SEKI_ALU_ADD);
	}
}

static void apply_shift(struct seki_jit_values *v, struct seki_jit_value *value,
			const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	uint64_t number;
	int by;

	if (!constant(v, op, &number))
		return;
	by = (int)(number & (row->bytes * 8u - 1));
	if (by % 8 == 0)
		shift_bytes(value, seki_jit_value(v, op->dst)->bytes,
			    row->sub == SEKI_ALU_LSH ? by / 8 : -by / 8, row->bytes);
}

static void apply_alu(struct seki_jit_values *v, uint32_t i, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	const uint32_t *a = seki_jit_value(v, op->dst)->bytes;
	struct seki_jit_value *value;

	if (row->sub == SEKI_ALU_MOV) {
		if (!apply_move(v, i, op))
			set_reg(v, op->dst, i + 1, i);
		return;
	}
	value = renew(v, i + 1, row->bytes, SEKI_JIT_ANYWHERE);
	switch (row->sub) {
	case SEKI_ALU_ADD:
	case SEKI_ALU_SUB:
		apply_add(v, value, op, row->sub == SEKI_ALU_SUB);
		if (row->sub == SEKI_ALU_ADD && value->root == i + 1)
			apply_logic(v, value, op);
		break;
	case SEKI_ALU_OR:
	case SEKI_ALU_XOR:
	case SEKI_ALU_AND:
		apply_logic(v, value, op);
		break;
	case SEKI_ALU_LSH:
	case SEKI_ALU_RSH:
		apply_shift(v, value, op);
		break;
	case SEKI_ALU_LE16:
	case SEKI_ALU_LE32:
	case SEKI_ALU_LE64:
		order_bytes(value, a, 2 << (row->sub - SEKI_ALU_LE16), false);
		break;
	case SEKI_ALU_BE16:
	case SEKI_ALU_BE32:
	case SEKI_ALU_BE64:
		order_bytes(value, a, 2 << (row->sub - SEKI_ALU_BE16), true);
		break;
	case SEKI_ALU_SWAP16:
	case SEKI_ALU_SWAP32:
	case SEKI_ALU_SWAP64:
		order_bytes(value, a, 2 << (row->sub - SEKI_ALU_SWAP16), true);
		break;
	default:
		break;
	}
	set_reg(v, op->dst, i + 1, i);
}

static void apply_load(struct seki_jit_values *v, uint32_t i, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	const struct seki_jit_value *base = seki_jit_value(v, op->src);
	uint32_t root = base->root;
	int32_t off = base->add, sum;
	struct seki_jit_value *value;
	bool plain = row->sub == SEKI_LOAD_ZERO && root != SEKI_JIT_NONE &&
		     !__builtin_add_overflow(off, op->off, &sum);

	value = renew(v, i + 1, row->sub == SEKI_LOAD_ZERO ? row->bytes : 8, SEKI_JIT_ANYWHERE);
	if (plain && !(v->ir->flags[i] & SEKI_JIT_ALONE)) {
		value->loaded = row->bytes;
		value->base = root;
		value->off = sum;
		memcpy(value->epoch, v->now.epoch, sizeof(value->epoch));
	}
	set_reg(v, op->dst, i + 1, i);
}

static void apply_call(struct seki_jit_values *v, uint32_t i, uint8_t origin)
{
	renew(v, i + 1, 8, origin);
	set_reg(v, 0, i + 1, i);
	for (unsigned int r = 1; r <= 5; r++)
		set_reg(v, r, SEKI_JIT_NONE, i);
	v->now.epoch[OTHER] = ++v->epochs;
	v->now.epoch[STACK] = ++v->epochs;
}

static void apply_atomic(struct seki_jit_values *v, uint32_t i, const struct seki_bpf_op *op)
{
	uint16_t reads, writes;

	seki_jit_regs(op, &reads, &writes);
	stored(v, seki_jit_value(v, op->dst));
	if (writes) {
		renew(v, i + 1, seki_bpf_row(op)->bytes, SEKI_JIT_ANYWHERE);
		set_reg(v, (unsigned int)__builtin_ctz(writes), i + 1, i);
	}
}

void seki_jit_values_apply(struct seki_jit_values *v, uint32_t i, const struct seki_bpf_op *op)
{
	switch (seki_jit_kind(op)) {
	case SEKI_KIND_ALU:
		apply_alu(v, i, op);
		break;
	case SEKI_KIND_LOAD:
		apply_load(v, i, op);
		break;
	case SEKI_KIND_STORE:
		stored(v, seki_jit_value(v, op->dst));
		break;
	case SEKI_KIND_ATOMIC:
		apply_atomic(v, i, op);
		break;
	case SEKI_KIND_CONST:
		be_number(renew(v, i + 1, 8, SEKI_JIT_ELSEWHERE), (uint64_t)op->imm);
		set_reg(v, op->dst, i + 1, i);
		break;
	case SEKI_KIND_MAP:
	case SEKI_KIND_DATA:
		renew(v, i + 1, 8, SEKI_JIT_ELSEWHERE);
		set_reg(v, op->dst, i + 1, i);
		break;
	case SEKI_KIND_HELPER:
	case SEKI_KIND_CALLX:
		apply_call(v, i, SEKI_JIT_ELSEWHERE);
		break;
	case SEKI_KIND_LOCAL:
		apply_call(v, i, SEKI_JIT_ANYWHERE);
		break;
	default:
		break;
	}
}
