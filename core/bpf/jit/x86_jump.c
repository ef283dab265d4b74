// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64: jumps, and what is done together with them: a load or an `and` that is only compared needs
 * no register; a result that is compared with zero has set the flags.
 */
#include "core/bpf/jit/x86.h"

#define NONE	   UINT32_MAX
#define ROUNDS_MAX 4096
#define LOOP_MAX   128 /* instructions; in longer ones fuel costs little, and looking at them much */

static bool is_nothing(const struct seki_bpf_op *op)
{
	return op->id == SEKI_JIT_NOP || op->id == SEKI_OP_INVALID;
}

/* The instruction that is certainly executed right before slot i, or NONE. */
static uint32_t previous(const struct seki_jit_ir *ir, uint32_t i)
{
	do {
		if (!i || seki_jit_is_head(ir, i))
			return NONE;
		i--;
	} while (is_nothing(&ir->ops[i]));
	return i;
}

/* Of a load that widens with zeros and swaps nothing: what it loads; else 0. */
static unsigned int load_bytes(const struct seki_bpf_op *op)
{
	if (op->id == SEKI_JIT_LOAD)
		return SEKI_JIT_SWAPS(op) ? 0 : SEKI_JIT_BYTES(op);
	if (seki_jit_kind(op) != SEKI_KIND_LOAD || seki_bpf_row(op)->sub != SEKI_LOAD_ZERO)
		return 0;
	return seki_bpf_row(op)->bytes;
}

static bool is_forward(const struct seki_jit_ir *ir, uint32_t i)
{
	return seki_jit_kind(&ir->ops[i]) == SEKI_KIND_JUMP && (uint32_t)ir->ops[i].off > i;
}

static bool is_with_zero(const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	return row->operand == SEKI_OPERAND_IMM && !op->imm &&
	       (row->sub == SEKI_COND_EQ || row->sub == SEKI_COND_NE);
}

/* Does the `and` at k, of what is loaded before it, only serve the comparison with zero at i? */
static void fold_test(struct seki_jit_ir *ir, uint32_t i, uint32_t k)
{
	const struct seki_bpf_op *op = &ir->ops[k];
	uint32_t load = previous(ir, k);
	unsigned int bytes = load == NONE ? 0 : load_bytes(&ir->ops[load]);
	uint8_t least = bytes == 8 ? 8 : 4;

	if (!bytes || bytes == 2 || ir->ops[load].dst != op->dst ||
	    seki_bpf_row(op)->sub != SEKI_ALU_AND || seki_bpf_row(op)->bytes < least ||
	    seki_bpf_row(&ir->ops[i])->bytes < least ||
	    (seki_bpf_row(op)->operand == SEKI_OPERAND_REG && op->src == op->dst))
		return;
	ir->flags[k] |= SEKI_JIT_FOLDED;
	ir->flags[load] |= SEKI_JIT_FOLDED;
}

static void fold_result(struct seki_jit_ir *ir, uint32_t i, uint32_t k)
{
	const struct seki_bpf_op *op = &ir->ops[i], *from = &ir->ops[k];
	const struct seki_bpf_row *row = seki_bpf_row(from);

	if (from->dst != op->dst || !is_with_zero(op) || row->bytes > seki_bpf_row(op)->bytes)
		return;
	if (row->sub != SEKI_ALU_AND && row->sub != SEKI_ALU_OR && row->sub != SEKI_ALU_XOR &&
	    row->sub != SEKI_ALU_ADD && row->sub != SEKI_ALU_SUB)
		return;
	if (!(seki_jit_live_after(ir, i) >> op->dst & 1))
		fold_test(ir, i, k);
	if (!(ir->flags[k] & SEKI_JIT_FOLDED))
		ir->flags[i] |= SEKI_JIT_FLAGS;
}

static void fold_load(struct seki_jit_ir *ir, uint32_t i, uint32_t k)
{
	const struct seki_bpf_op *op = &ir->ops[i], *load = &ir->ops[k];
	const struct seki_bpf_row *row = seki_bpf_row(op);

	if (row->operand == SEKI_OPERAND_REG && row->sub != SEKI_COND_SET && load->dst == op->dst &&
	    op->src != op->dst && load_bytes(load) == row->bytes &&
	    !(seki_jit_live_after(ir, i) >> op->dst & 1))
		ir->flags[k] |= SEKI_JIT_FOLDED;
}

void seki_x86_fold(struct seki_jit_ir *ir)
{
	for (uint32_t i = 0; !ir->in->plain && i < ir->n; i++) {
		uint32_t k = is_forward(ir, i) ? previous(ir, i) : NONE;

		if (k == NONE)
			continue;
		if (seki_jit_kind(&ir->ops[k]) == SEKI_KIND_ALU)
			fold_result(ir, i, k);
		if (load_bytes(&ir->ops[k]))
			fold_load(ir, i, k);
	}
}

/* In this slot its number grows by *step, in 64 bits. */
static bool counts(const struct seki_bpf_op *op, int64_t *step)
{
	*step = op->imm;
	return op->id == SEKI_OP_ADD64_IMM && *step > 0;
}

/* Does the loop go on only as long as what this jump compares with is not exceeded? */
static bool limits(const struct seki_bpf_op *op, uint32_t end, int64_t *limit)
{
	bool leaves = (uint32_t)op->off > end;

	*limit = op->imm;
	if (op->imm < 0)
		return false;
	return leaves ? op->id == SEKI_OP_JGT64_IMM || op->id == SEKI_OP_JGE64_IMM
		      : op->id == SEKI_OP_JLT64_IMM || op->id == SEKI_OP_JLE64_IMM;
}

/* Is the register changed in one place of the loop only, by counting up, and by how much? */
static bool counter(const struct seki_bpf_op *ops, uint32_t head, uint32_t end, unsigned int reg,
		    int64_t *step)
{
	uint32_t changes = 0;

	for (uint32_t i = head; i <= end; i++) {
		uint16_t reads, writes;
		int64_t by;

		seki_jit_regs(&ops[i], &reads, &writes);
		if (!(writes >> reg & 1))
			continue;
		changes++;
		if (!counts(&ops[i], &by))
			return false;
		*step = by;
	}
	return changes == 1;
}

/*
 * A loop that ends soon whatever else happens needs no fuel: nothing in it jumps but out of it or
 * from its end to its start, nothing leads into its middle, so each round executes all of it; in
 * each round a register counts up that nothing else changes, and a jump ends the loop when that
 * exceeds a constant. It cannot wrap before: step and constant are less than 2^31.
 */
static bool ends_soon(const struct seki_jit_ir *ir, uint32_t end)
{
	const struct seki_bpf_op *ops = ir->in->ops;
	uint32_t head = (uint32_t)ops[end].off;
	bool bounded = false;

	if (end - head > LOOP_MAX)
		return false;
	for (uint32_t i = head; i <= end; i++) {
		uint8_t kind = seki_jit_kind(&ops[i]);
		int64_t limit, step;

		if (i > head && seki_jit_is_head(ir, i))
			return false;
		if (kind == SEKI_KIND_HELPER || kind == SEKI_KIND_CALLX ||
		    kind == SEKI_KIND_LOCAL || kind == SEKI_KIND_GOTO || kind == SEKI_KIND_EXIT)
			return false;
		if (kind != SEKI_KIND_JUMP)
			continue;
		if ((uint32_t)ops[i].off <= end && i != end)
			return false;
		bounded |= limits(&ops[i], end, &limit) &&
			   counter(ops, head, end, ops[i].dst, &step) && limit / step < ROUNDS_MAX;
	}
	return bounded;
}

void seki_x86_use_fuel(struct seki_x86_gen *g)
{
	seki_x86_alu(&g->b, X86_SUB, true, X86_FUEL, 1);
	seki_x86_jump(&g->b, X86_B, g->out_of_fuel, false);
}

static void jump_to(struct seki_x86_gen *g, uint32_t i, int cc)
{
	seki_x86_jump(&g->b, cc, g->ir->at[g->ir->ops[i].off],
		      g->shortens && g->ir->flags[i] & SEKI_JIT_SHORT);
}

static void compare(struct seki_x86_buf *b, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	bool wide = row->bytes == 8, sets = row->sub == SEKI_COND_SET;
	unsigned int dst = seki_x86_dst(op);

	if (row->operand == SEKI_OPERAND_REG) {
		seki_x86_rr(b, sets ? 0x85 : 0x39, wide, seki_x86_src(op), dst);
	} else if (sets) {
		seki_x86_rr(b, 0xf7, wide && op->imm < 0, 0, dst);
		seki_x86_u32(b, (uint32_t)op->imm);
	} else if (!op->imm) {
		seki_x86_rr(b, 0x85, wide, dst, dst);
	} else {
		seki_x86_alu(b, X86_CMP, wide, dst, (int32_t)op->imm);
	}
}

/* test [memory], mask, or cmp [memory], reg: the load before, and the `and` after it, are in there. */
static bool compare_folded(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_jit_ir *ir = g->ir;
	const struct seki_bpf_op *op = &ir->ops[i], *mask;
	uint32_t before = previous(ir, i);
	unsigned int bytes;

	if (before == NONE || !(ir->flags[before] & SEKI_JIT_FOLDED))
		return false;
	if (seki_jit_kind(&ir->ops[before]) != SEKI_KIND_ALU) {
		seki_x86_memory_operand(g, before, 0x39, seki_x86_src(op));
		return true;
	}
	mask = &ir->ops[before];
	before = previous(ir, before);
	bytes = load_bytes(&ir->ops[before]);
	if (seki_bpf_row(mask)->operand == SEKI_OPERAND_REG) {
		seki_x86_memory_operand(g, before, bytes == 1 ? X86_BYTE | 0x84 : 0x85,
					seki_x86_src(mask));
		return true;
	}
	seki_x86_memory_operand(g, before, bytes == 1 ? 0xf6 : 0xf7, 0);
	if (bytes == 1)
		seki_x86_byte(&g->b, (uint8_t)mask->imm);
	else
		seki_x86_u32(&g->b, (uint32_t)mask->imm);
	return true;
}

void seki_x86_jump_op(struct seki_x86_gen *g, uint32_t i)
{
	static const uint8_t codes[] = {
		[SEKI_COND_EQ] = X86_E,	 [SEKI_COND_NE] = X86_NE,  [SEKI_COND_GT] = X86_A,
		[SEKI_COND_LE] = X86_BE, [SEKI_COND_GE] = X86_AE,  [SEKI_COND_LT] = X86_B,
		[SEKI_COND_SGT] = X86_G, [SEKI_COND_SLE] = X86_LE, [SEKI_COND_SGE] = X86_GE,
		[SEKI_COND_SLT] = X86_L, [SEKI_COND_SET] = X86_NE, [SEKI_COND_CLEAR] = X86_E,
	};
	const struct seki_bpf_op *op = &g->ir->ops[i];

	if ((uint32_t)op->off <= i && !ends_soon(g->ir, i))
		seki_x86_use_fuel(g);
	if (!(g->ir->flags[i] & SEKI_JIT_FLAGS) && !compare_folded(g, i))
		compare(&g->b, op);
	jump_to(g, i, codes[seki_bpf_row(op)->sub]);
}

void seki_x86_goto_op(struct seki_x86_gen *g, uint32_t i)
{
	const struct seki_bpf_op *op = &g->ir->ops[i];

	if ((uint32_t)op->off <= i)
		seki_x86_use_fuel(g);
	if ((uint32_t)op->off != i + 1)
		jump_to(g, i, -1);
}

/* How much longer the way from slot to slot may become by other alignment. */
static int64_t slack(const struct seki_jit_ir *ir, uint32_t from, uint32_t to)
{
	uint32_t low = from < to ? from : to, high = from < to ? to : from;
	int64_t bytes = 0;

	for (uint32_t i = low + 1; i <= high; i++)
		if (ir->flags[i] & SEKI_JIT_LOOP)
			bytes += LOOP_ALIGN - 1;
	return bytes;
}

/* But for alignment, distances can only become less. */
void seki_x86_find_short(struct seki_x86_gen *g)
{
	struct seki_jit_ir *ir = g->ir;

	for (uint32_t i = 0; i < ir->n; i++) {
		uint8_t kind = seki_jit_kind(&ir->ops[i]);
		uint32_t to = (uint32_t)ir->ops[i].off;
		int64_t by, more;

		if (kind != SEKI_KIND_JUMP && kind != SEKI_KIND_GOTO)
			continue;
		by = (int64_t)ir->at[to] - ir->at[i + 1];
		if (by < -128 || by > 127)
			continue;
		more = ir->has_loops ? slack(ir, i, to) : 0;
		if (by - more >= -128 && by + more <= 127)
			ir->flags[i] |= SEKI_JIT_SHORT;
	}
	g->shortens = true;
}
