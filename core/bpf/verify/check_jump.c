// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier: comparisons. Each side of a branch is walked with what the comparison tells of its
 * operands, of their copies, and of the packet's length. A side is not walked where the comparison
 * cannot come true of the two numbers as they are; what their copies say has no part in that.
 */
#include "core/bpf/verify/relate.h"

static uint32_t record(struct seki_walk *w, uint32_t parent, uint32_t insn, bool taken)
{
	if (w->n_history == w->max_history)
		return parent;
	w->history[w->n_history] = (struct seki_history){parent, insn << 1 | taken};
	return ++w->n_history;
}

struct lesson {
	const struct seki_reg *known;
	uint64_t work;
};

/* What is known of a number holds for all that is tied to the same symbol. */
static void learn(struct seki_reg *reg, void *arg)
{
	struct lesson *lesson = arg;
	const struct seki_reg *known = lesson->known;
	int64_t shift = (int64_t)reg->id_off - known->id_off, min, max;

	if ((reg->type != SEKI_REG_NUMBER && reg->type != SEKI_REG_PACKET) ||
	    reg->id != known->id || reg->shifted != known->shifted || seki_reg_is_rest(reg))
		return;
	lesson->work += SEKI_NARROW_WORK;
	if (!shift && reg->type == SEKI_REG_NUMBER)
		seki_scalar_equate(&reg->v, &known->v);
	else if (!reg->shifted && !__builtin_add_overflow(known->v.n.smin, shift, &min) &&
		 !__builtin_add_overflow(known->v.n.smax, shift, &max))
		seki_scalar_clamp(&reg->v, min, max);
}

static void learn_length(struct seki_state *s, const struct seki_reg *reg)
{
	int64_t min, max;

	if (__builtin_sub_overflow(reg->v.n.smin, reg->id_off, &min))
		min = s->p.len_min;
	if (__builtin_sub_overflow(reg->v.n.smax, reg->id_off, &max))
		max = s->p.len_max;
	seki_state_narrow_len(s, min, max);
}

static void spread(struct seki_state *s, const struct seki_reg *reg)
{
	struct lesson lesson = {reg, 0};

	if (reg->id == SEKI_SYM_LEN && !reg->shifted)
		learn_length(s, reg);
	else if (reg->id && !seki_reg_is_rest(reg) && reg->shifted != SEKI_TIE_LOW)
		seki_state_each(s, learn, &lesson);
	s->work += lesson.work;
}

/* Pointers into one object are base + offset. Offsets stay within 2^29 of it, so adding them wraps
 * only where the base itself is that near to an end of the address space: upwards no object is,
 * downwards one may be. So two pointers that do not lie before their objects compare as their
 * offsets do, read signed; equal ones have equal offsets in any case. */
static bool compares_offsets(enum seki_bpf_cond cond, const struct seki_reg *a,
			     const struct seki_reg *b)
{
	int64_t start = a->type == SEKI_REG_STACK ? -SEKI_BPF_FRAME_BYTES : 0;

	return cond == SEKI_COND_EQ || cond == SEKI_COND_NE ||
	       (a->v.n.smin >= start && b->v.n.smin >= start);
}

static enum seki_bpf_cond signed_order(enum seki_bpf_cond cond)
{
	switch (cond) {
	case SEKI_COND_GT:
		return SEKI_COND_SGT;
	case SEKI_COND_LE:
		return SEKI_COND_SLE;
	case SEKI_COND_GE:
		return SEKI_COND_SGE;
	case SEKI_COND_LT:
		return SEKI_COND_SLT;
	default:
		return cond;
	}
}

/* Narrows the state to where the condition is true. False: it cannot be. */
static bool assume(struct seki_walk *w, struct seki_state *s, const struct seki_bpf_op *op,
		   enum seki_bpf_cond cond)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg *regs = seki_state_top(s)->regs;
	struct seki_reg a = regs[op->dst];
	struct seki_reg b = seki_reg_number(seki_scalar_const((uint64_t)op->imm));
	struct seki_scalar constant;

	if (row->operand == SEKI_OPERAND_REG) {
		if (op->src == op->dst)
			return true; /* no compiler emits it: both ways are walked */
		b = regs[op->src];
	}
	if (seki_reg_is_pointer(&a)) {
		if (!compares_offsets(cond, &a, &b))
			return true;
		cond = signed_order(cond);
	}
	constant = b.v;
	if (!seki_scalar_assume(cond, &a.v, &b.v, row->bytes))
		return false;
	if ((cond == SEKI_COND_EQ || cond == SEKI_COND_NE) && seki_scalar_is_const(&constant) &&
	    !seki_relate_exclude(&s->p, cond, &regs[op->dst], constant.n.umin, row->bytes))
		return false;
	regs[op->dst].v = a.v;
	if (row->operand == SEKI_OPERAND_REG)
		regs[op->src].v = b.v;
	seki_relate_learn(w, s, cond, &a, &b, row->bytes);
	spread(s, &a);
	spread(s, &b);
	return true;
}

/* Goes on where the branch at pc is not taken; `other`, where it is, is for later. */
static int walk_both(struct seki_walk *w, uint32_t parent, uint32_t pc)
{
	int err;

	w->other->p.branch = record(w, parent, pc, true);
	err = seki_walk_push(w, w->other);
	if (!err)
		w->state->p.branch = record(w, parent, pc, false);
	return err;
}

static int branch(struct seki_walk *w, const struct seki_bpf_op *op)
{
	enum seki_bpf_cond cond = seki_bpf_row(op)->sub;
	struct seki_state *next = w->state, *taken = w->other;
	uint32_t pc = next->p.pc, parent = next->p.branch;
	bool may_take, may_pass;

	seki_state_copy(taken, next);
	may_take = assume(w, taken, op, cond);
	may_pass = assume(w, next, op, seki_cond_opposite(cond));
	taken->p.pc = (uint32_t)op->off;
	next->p.pc = pc + 1;
	if (may_take && may_pass)
		return walk_both(w, parent, pc);
	if (may_take)
		seki_state_copy(next, taken);
	return may_take || may_pass ? 0 : WALK_END;
}

struct resolve {
	uint32_t id;
	bool null;
};

static void resolve_maybe(struct seki_reg *reg, void *arg)
{
	const struct resolve *r = arg;

	if (reg->type != SEKI_REG_MAYBE || reg->id != r->id)
		return;
	if (r->null)
		*reg = seki_reg_number(seki_scalar_const(0));
	else
		reg->type = SEKI_REG_VALUE; /* the id says still of which lookup */
}

static bool is_zero(const struct seki_scalar *v)
{
	return seki_scalar_is_const(v) && !v->n.umin;
}

static bool is_null(const struct seki_reg *reg)
{
	return reg->type == SEKI_REG_NUMBER && is_zero(&reg->v);
}

/* The start of an object that exists; what was moved away from there could be any address. */
static bool is_never_null(const struct seki_reg *pointer)
{
	return pointer->type != SEKI_REG_MAYBE && pointer->type != SEKI_REG_STALE &&
	       is_zero(&pointer->v);
}

static int branch_null(struct seki_walk *w, const struct seki_bpf_op *op,
		       const struct seki_reg *pointer)
{
	bool taken_if_null = seki_bpf_row(op)->sub == SEKI_COND_EQ;
	bool maybe = pointer->type == SEKI_REG_MAYBE;
	uint32_t id = pointer->id, pc = w->state->p.pc, parent = w->state->p.branch;

	if (is_never_null(pointer)) {
		w->state->p.pc = taken_if_null ? pc + 1 : (uint32_t)op->off;
		return 0;
	}
	seki_state_copy(w->other, w->state);
	w->other->p.pc = (uint32_t)op->off;
	w->state->p.pc = pc + 1;
	if (maybe) {
		seki_state_each(w->other, resolve_maybe, &(struct resolve){id, taken_if_null});
		seki_state_each(w->state, resolve_maybe, &(struct resolve){id, !taken_if_null});
	}
	return walk_both(w, parent, pc);
}

static int branch_pointers(struct seki_walk *w, const struct seki_bpf_op *op, struct seki_reg *a,
			   struct seki_reg *b)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	bool equality = row->sub == SEKI_COND_EQ || row->sub == SEKI_COND_NE;

	if (equality && row->bytes == 8 && is_null(b))
		return branch_null(w, op, a);
	if (equality && row->bytes == 8 && is_null(a))
		return branch_null(w, op, b);
	if (row->bytes == 8 && row->sub < SEKI_COND_SET && seki_walk_same_object(a, b))
		return branch(w, op);
	return seki_walk_reject(w, seki_reg_is_pointer(a) ? op->dst : op->src,
				"compares a pointer with something other than NULL or, in 64 bits, "
				"a pointer into the same object");
}

int seki_walk_jump(struct seki_walk *w, const struct seki_bpf_op *op)
{
	bool by_reg = seki_bpf_row(op)->operand == SEKI_OPERAND_REG;
	struct seki_reg constant = seki_reg_number(seki_scalar_const((uint64_t)op->imm));
	struct seki_reg *a = seki_walk_reg(w, op->dst);
	struct seki_reg *b = by_reg ? seki_walk_reg(w, op->src) : &constant;
	int err = seki_walk_readable(w, op->dst);

	if (!err && by_reg)
		err = seki_walk_readable(w, op->src);
	if (err)
		return err;
	if (seki_reg_is_pointer(a) || seki_reg_is_pointer(b))
		return branch_pointers(w, op, a, b);
	if ((seki_bpf_row(op)->sub == SEKI_COND_EQ || seki_bpf_row(op)->sub == SEKI_COND_NE) &&
	    seki_scalar_is_const(&b->v))
		seki_walk_tie(w, a);
	if (seki_relate_would_learn(w->state, a, b)) {
		seki_walk_tie(w, a);
		if (by_reg)
			seki_walk_tie(w, b);
	}
	return branch(w, op);
}
