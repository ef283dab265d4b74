// SPDX-License-Identifier: Apache-2.0
/*
 * The same program in fewer instructions, from what jit_value.c knows of the registers: bytes that are
 * put together become one load; copies, constants and sums go where they are used; what changes
 * nothing goes. What nothing reads any more is removed later (jit_ir.c). Each rewriting is of one
 * instruction, reads registers that hold the values meant at that place, and leaves the same value.
 */
#include "core/bpf/helper.h"
#include "core/bpf/jit/store.h"

#include <string.h>

struct opt {
	struct seki_jit_ir *ir;
	struct seki_jit_values v;
	struct seki_jit_state before; /* the present instruction */
	struct seki_jit_stores stores;
};

size_t seki_jit_opt_size(uint32_t n)
{
	return sizeof(struct opt) + seki_jit_values_size(n) + 16;
}

/* The register that has had this value for longest, or -1. */
static int holder(const struct opt *o, uint32_t id)
{
	int found = o->before.regs[SEKI_BPF_FP] == id ? SEKI_BPF_FP : -1;

	if (id == SEKI_JIT_NONE)
		return -1;
	for (int r = 0; r < SEKI_BPF_FP; r++)
		if (o->before.regs[r] == id &&
		    (found < 0 || o->before.since[r] < o->before.since[found]))
			found = r;
	return found;
}

static uint8_t oldest(const struct opt *o, uint8_t reg)
{
	int found = holder(o, o->before.regs[reg]);

	return found < 0 ? reg : (uint8_t)found;
}

static const struct seki_jit_value *before(const struct opt *o, unsigned int reg)
{
	return &o->v.all[o->before.regs[reg]];
}

/* The register that has for longest had a value that is root plus something, or -1. */
static int relative(const struct opt *o, uint32_t root)
{
	int found = before(o, SEKI_BPF_FP)->root == root ? SEKI_BPF_FP : -1;

	if (root == SEKI_JIT_NONE)
		return -1;
	for (unsigned int r = 0; r < SEKI_BPF_FP; r++)
		if (o->before.regs[r] != SEKI_JIT_NONE && before(o, r)->root == root &&
		    (found < 0 || o->before.since[r] < o->before.since[found]))
			found = (int)r;
	return found;
}

/* Registers for the address root + off: *base, *index (or -1) and *disp. */
static bool find_address(const struct opt *o, uint32_t root, int64_t off, uint8_t *base, int *index,
			 int32_t *disp)
{
	const struct seki_jit_value *value = &o->v.all[root];
	int a = holder(o, value->sum[0]), b = holder(o, value->sum[1]);

	if (root == SEKI_JIT_NONE)
		return false;
	if (a >= 0 && b >= 0) {
		*base = (uint8_t)a;
		*index = b;
	} else {
		a = relative(o, root);
		if (a < 0)
			return false;
		*base = (uint8_t)a;
		*index = -1;
		off -= before(o, (unsigned int)a)->add;
	}
	*disp = (int32_t)off;
	return off == *disp;
}

static bool same_bytes(const uint32_t *a, const uint32_t *b)
{
	for (int k = 0; k < 8; k++)
		if (a[k] != b[k] || a[k] == SEKI_JIT_UNKNOWN)
			return false;
	return true;
}

static const struct seki_jit_value *loaded_byte(const struct opt *o, uint32_t byte)
{
	const struct seki_jit_value *value;

	if (!byte || byte == SEKI_JIT_UNKNOWN)
		return NULL;
	value = &o->v.all[byte >> 3];
	return value->loaded > (byte & 7) ? value : NULL;
}

/* How many bytes from the lowest on are not zero; -1 where there are others behind. */
static int width_of(const uint32_t *bytes)
{
	int width = 0;

	while (width < 8 && bytes[width])
		width++;
	for (int k = width; k < 8; k++)
		if (bytes[k])
			return -1;
	return width;
}

/* Do the bytes stand in memory in a row? Forwards (step 1) or backwards (-1) from *off on. */
static bool stand_in_row(const struct opt *o, const uint32_t *bytes, int width, int step,
			 int64_t *off)
{
	const struct seki_jit_value *first = loaded_byte(o, bytes[0]);

	if (!first)
		return false;
	*off = (int64_t)first->off + (bytes[0] & 7);
	for (int k = 0; k < width; k++) {
		const struct seki_jit_value *value = loaded_byte(o, bytes[k]);

		if (!value || value->base != first->base ||
		    (int64_t)value->off + (bytes[k] & 7) != *off + k * step ||
		    !seki_jit_values_is_fresh(&o->v, &o->before, value))
			return false;
	}
	if (step < 0)
		*off -= width - 1;
	return true;
}

/* One load in the place of the instruction, where its result stands in memory as it is. */
static bool become_load(struct opt *o, uint32_t i)
{
	struct seki_bpf_op *op = &o->ir->ops[i];
	const uint32_t *bytes = seki_jit_value(&o->v, op->dst)->bytes;
	int width = width_of(bytes), index;
	bool swaps = false;
	int32_t disp;
	uint8_t base;
	int64_t off;

	if (width != 2 && width != 4 && width != 8)
		return false;
	if (!stand_in_row(o, bytes, width, 1, &off)) {
		swaps = true;
		if (!stand_in_row(o, bytes, width, -1, &off))
			return false;
	}
	if (!find_address(o, loaded_byte(o, bytes[0])->base, off, &base, &index, &disp))
		return false;
	for (int k = 0; k < width; k++)
		o->ir->flags[(bytes[k] >> 3) - 1] |= SEKI_JIT_COVERED;
	*op = (struct seki_bpf_op){.id = SEKI_JIT_LOAD,
				   .dst = op->dst,
				   .src = base,
				   .off = disp,
				   .imm = SEKI_JIT_ACCESS(width, swaps, index, 0)};
	return true;
}

static bool fits(int64_t v)
{
	return v == (int32_t)v;
}

/* With a constant for a register. In the table of instructions both forms are neighbours. */
static void use_constant(const struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	const struct seki_jit_value *src = before(o, op->src);
	int64_t number = (int64_t)src->number;
	bool narrow = row->sub == SEKI_ALU_AND && row->bytes == 8 && number == (uint32_t)number;

	if (row->operand != SEKI_OPERAND_REG || !src->is_number || row->kind != SEKI_KIND_ALU ||
	    seki_bpf_rows[op->id - 1].sub != row->sub ||
	    seki_bpf_rows[op->id - 1].operand != SEKI_OPERAND_IMM ||
	    (row->bytes == 8 && !fits(number) && !narrow))
		return;
	op->id = (uint16_t)(narrow ? SEKI_OP_AND32_IMM : op->id - 1);
	op->src = 0;
	op->imm = (int32_t)number;
}

/* dst was a copy: the sum can be made from where it was copied. */
static bool become_lea(struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	uint8_t from = oldest(o, op->dst);
	int64_t off = 0;
	int index = -1;

	if ((row->sub != SEKI_ALU_ADD && row->sub != SEKI_ALU_SUB) || row->bytes != 8 ||
	    from == op->dst)
		return false;
	if (row->operand == SEKI_OPERAND_IMM)
		off = row->sub == SEKI_ALU_SUB ? -op->imm : op->imm;
	else if (row->sub == SEKI_ALU_SUB)
		return false;
	else
		index = oldest(o, op->src);
	if (!fits(off))
		return false;
	*op = (struct seki_bpf_op){.id = SEKI_JIT_LEA,
				   .dst = op->dst,
				   .src = from,
				   .off = (int32_t)off,
				   .imm = SEKI_JIT_ACCESS(8, 0, index, 0)};
	return true;
}

static void become_nothing(struct opt *o, struct seki_bpf_op *op)
{
	o->v.now.regs[op->dst] = o->before.regs[op->dst];
	o->v.now.since[op->dst] = o->before.since[op->dst];
	op->id = SEKI_JIT_NOP;
}

static void rewrite_move(struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_jit_value *old = before(o, op->dst),
				    *new = seki_jit_value(&o->v, op->dst);

	if (o->v.now.regs[op->dst] == o->before.regs[op->dst]
		    ? o->before.regs[op->dst] != SEKI_JIT_NONE
		    : old->is_number && new->is_number && old->number == new->number) {
		become_nothing(o, op);
		return;
	}
	if (seki_bpf_row(op)->operand != SEKI_OPERAND_REG)
		return;
	/* Of what is no wider than 32 bits, a copy of 32 is one of all. */
	if (o->v.now.regs[op->dst] == o->before.regs[op->src] &&
	    o->before.regs[op->src] != SEKI_JIT_NONE)
		op->id = SEKI_OP_MOV64_REG;
	op->src = oldest(o, op->src);
}

static void rewrite_alu(struct opt *o, uint32_t i)
{
	struct seki_bpf_op *op = &o->ir->ops[i];

	if (seki_bpf_row(op)->sub == SEKI_ALU_MOV) {
		rewrite_move(o, op);
		return;
	}
	if (o->before.regs[op->dst] != SEKI_JIT_NONE &&
	    same_bytes(seki_jit_value(&o->v, op->dst)->bytes, before(o, op->dst)->bytes)) {
		become_nothing(o, op);
		return;
	}
	if (become_load(o, i))
		return;
	use_constant(o, op);
	if (become_lea(o, op))
		return;
	if (seki_bpf_row(op)->operand == SEKI_OPERAND_REG)
		op->src = oldest(o, op->src);
}

static void rewrite_load(struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_jit_value *base = before(o, op->src);
	const struct seki_bpf_row *row = seki_bpf_row(op);
	int32_t disp;
	uint8_t reg;
	int index;

	if (!find_address(o, base->root, (int64_t)base->add + op->off, &reg, &index, &disp))
		return;
	if (index >= 0 && row->sub == SEKI_LOAD_ZERO) {
		*op = (struct seki_bpf_op){.id = SEKI_JIT_LOAD,
					   .dst = op->dst,
					   .imm = SEKI_JIT_ACCESS(row->bytes, 0, index, 0)};
	} else if (index >= 0) {
		return;
	}
	op->src = reg;
	op->off = disp;
}

static void rewrite_store(struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_jit_value *base = before(o, op->dst), *src = before(o, op->src);
	const struct seki_bpf_row *row = seki_bpf_row(op);
	int reg = relative(o, base->root);
	int64_t off;

	if (reg >= 0) {
		off = (int64_t)base->add + op->off - before(o, (unsigned int)reg)->add;
		if (fits(off)) {
			op->dst = (uint8_t)reg;
			op->off = (int32_t)off;
		}
	}
	if (row->operand != SEKI_OPERAND_REG)
		return;
	if (src->is_number && (row->bytes < 8 || fits((int64_t)src->number))) {
		op->id = (uint16_t)(op->id - SEKI_OP_STW_REG + SEKI_OP_STW_IMM);
		op->imm = (int32_t)src->number;
		op->src = 0;
		return;
	}
	op->src = oldest(o, op->src);
}

static void rewrite_jump(struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	const struct seki_jit_value *src = before(o, op->src), *dst = before(o, op->dst);
	int64_t number = (int64_t)src->number;
	bool narrow = row->bytes == 8 && number == (uint32_t)number && row->sub < SEKI_COND_SGT &&
		      !(dst->bytes[4] | dst->bytes[5] | dst->bytes[6] | dst->bytes[7]);

	op->dst = oldest(o, op->dst);
	if (row->operand != SEKI_OPERAND_REG)
		return;
	op->src = oldest(o, op->src);
	if (!src->is_number || (row->bytes == 8 && !fits(number) && !narrow))
		return;
	/* The four forms of a comparison stand together: 64 bits with imm, reg, 32 with imm, reg. */
	op->id = (uint16_t)(row->bytes == 8 && !fits(number) ? op->id + 1 : op->id - 1);
	op->imm = (int32_t)number;
	op->src = 0;
}

static void rewrite_call(struct opt *o, struct seki_bpf_op *op)
{
	const struct seki_jit_input *in = o->ir->in;
	uint32_t map = o->before.regs[1];
	const struct seki_bpf_op *load = map && map <= in->n ? &in->ops[map - 1] : NULL;

	if (op->imm != SEKI_HELPER_MAP_LOOKUP || !in->finds || !load || load->id != SEKI_OP_MAP64 ||
	    (uint64_t)load->imm >= in->n_maps)
		return;
	*op = (struct seki_bpf_op){.id = SEKI_JIT_LOOKUP, .imm = load->imm};
}

/* `x <<= 32; x >>= 32` is how early compilers cut a number to 32 bits. */
static void find_cuts(struct seki_jit_ir *ir)
{
	for (uint32_t i = 1; i < ir->n; i++) {
		struct seki_bpf_op *up = &ir->ops[i - 1], *down = &ir->ops[i];

		if (up->id != SEKI_OP_LSH64_IMM || (up->imm & 63) != 32 || up->dst != down->dst ||
		    (down->id != SEKI_OP_RSH64_IMM && down->id != SEKI_OP_ARSH64_IMM) ||
		    (down->imm & 63) != 32 || seki_jit_is_head(ir, i))
			continue;
		*up = (struct seki_bpf_op){.id = down->id == SEKI_OP_RSH64_IMM ? SEKI_OP_MOV32_REG
									       : SEKI_OP_SX32_64,
					   .dst = down->dst,
					   .src = down->dst};
		down->id = SEKI_JIT_NOP;
	}
}

static void rewrite(struct opt *o, uint32_t i)
{
	struct seki_bpf_op *op = &o->ir->ops[i];

	switch (seki_jit_kind(op)) {
	case SEKI_KIND_ALU:
		rewrite_alu(o, i);
		break;
	case SEKI_KIND_LOAD:
		rewrite_load(o, op);
		break;
	case SEKI_KIND_STORE:
		rewrite_store(o, op);
		break;
	case SEKI_KIND_JUMP:
		rewrite_jump(o, op);
		break;
	case SEKI_KIND_HELPER:
		rewrite_call(o, op);
		break;
	default:
		break;
	}
}

void seki_jit_optimize(struct seki_jit_ir *ir, void *memory)
{
	struct opt *o = memory;

	o->ir = ir;
	find_cuts(ir);
	seki_jit_values_init(&o->v, ir, o + 1);
	o->stores.v = &o->v;
	o->stores.n = 0;
	o->stores.root = SEKI_JIT_NONE;
	for (uint32_t i = 0; i < ir->n; i++) {
		if (seki_jit_is_head(ir, i))
			seki_jit_stores_end(&o->stores);
		seki_jit_values_enter(&o->v, i);
		if (!o->v.reached)
			continue;
		seki_jit_stores_see(&o->stores, i, &ir->ops[i]);
		o->before = o->v.now;
		seki_jit_values_apply(&o->v, i, &ir->ops[i]);
		rewrite(o, i);
		seki_jit_values_leave(&o->v, i);
	}
	seki_jit_stores_end(&o->stores);
}

static bool note_read(struct seki_jit_ir *ir, const struct opt *o, uint32_t load)
{
	const struct seki_jit_value *value = &o->v.all[load + 1];

	if (!ir->at[load]++ || o->v.all[value->base].origin == SEKI_JIT_STACK)
		return false;
	ir->flags[load] |= SEKI_JIT_ALONE;
	return true;
}

/* A load that others cover is still there, or more than one covers it. */
bool seki_jit_reads_again(struct seki_jit_ir *ir, const void *memory)
{
	const struct opt *o = memory;
	bool again = false;

	memset(ir->at, 0, (ir->n + 1) * sizeof(*ir->at));
	for (uint32_t i = 0; i < ir->n; i++) {
		const struct seki_bpf_op *op = &ir->ops[i];
		const struct seki_jit_value *value = &o->v.all[i + 1];
		uint32_t last = ir->n;

		if (op->id != SEKI_JIT_NOP && ir->flags[i] & SEKI_JIT_COVERED)
			again |= note_read(ir, o, i);
		else if (op->id == SEKI_JIT_COPY || (op->id == SEKI_JIT_LOAD && !value->loaded))
			for (unsigned int k = 0; k < SEKI_JIT_BYTES(op); k++) {
				uint32_t load = (value->bytes[k] >> 3) - 1;

				if (load != last)
					again |= note_read(ir, o, load);
				last = load;
			}
	}
	return again;
}
