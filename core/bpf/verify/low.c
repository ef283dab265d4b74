// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier: low halves as sums modulo 2^32, see the header. Additions, subtractions and copies
 * of low halves depend on low halves only, so each rule here is one of arithmetic modulo 2^32, in
 * instructions of either width; a shift left by 32 and back keeps the low half.
 *
 * X is the symbol p.x_id, an integer that never changes. When the length changes by D, which is a
 * sum without N, N = N' - D is put into every sum: N' is the length from then on.
 *
 * All that is while the packet is not shorter by another symbol, `less`: from when it is until the
 * length is a new symbol nothing is known here.
 *
 * What is learnt is of an integer: |+-N + off| is less than 2^31 (N <= 2^24, off of 16 bits), so the
 * low half read signed is that integer, and read unsigned it is where it is not negative, and 2^32
 * more where it is.
 */
#include "core/bpf/verify/low.h"

#include "core/bpf/packet.h"
#include "core/bpf/verify/relate.h"

struct sum {
	int64_t n, x, off;
};

_Static_assert(SEKI_BPF_PACKET_MAX <= 1 << 24, "lengths with offsets fit in 32 bits, signed");

static bool is_known(const struct sum *s)
{
	return s->n || s->x;
}

static bool is_plain(const struct seki_reg *r)
{
	return r->type == SEKI_REG_NUMBER && !r->shifted && !seki_reg_is_rest(r);
}

/* False: nothing is known of it. */
static bool sum_of(const struct seki_path_state *p, const struct seki_reg *r, struct sum *s)
{
	*s = (struct sum){0, 0, 0};
	if (r->type != SEKI_REG_NUMBER || p->less)
		return false;
	if (seki_scalar_is_const(&r->v))
		s->off = (int32_t)r->v.n.umin;
	else if ((r->low.n || r->low.x) && !r->low.high)
		*s = (struct sum){r->low.n, r->low.x, r->low.off};
	else if (r->id == SEKI_SYM_LEN && (is_plain(r) || r->shifted == SEKI_TIE_LOW))
		*s = (struct sum){1, 0, r->id_off - p->grown};
	else if (r->id && r->id == p->x_id && is_plain(r))
		*s = (struct sum){0, 1, r->id_off};
	else
		return false;
	return true;
}

static void put(struct seki_reg *r, const struct sum *s, bool high)
{
	r->low = (struct seki_low){0};
	if (is_known(s) && s->n >= -1 && s->n <= 1 && s->x >= -1 && s->x <= 1 &&
	    s->off >= INT16_MIN && s->off <= INT16_MAX)
		r->low = (struct seki_low){
			.n = (int8_t)s->n, .x = (int8_t)s->x, .high = high, .off = (int16_t)s->off};
}

static struct sum plus(const struct sum *a, const struct sum *b, int64_t times)
{
	return (struct sum){a->n + times * b->n, a->x + times * b->x, a->off + times * b->off};
}

static void forget_x(struct seki_reg *r, void *arg)
{
	(void)arg;
	if (r->low.x)
		r->low = (struct seki_low){0};
}

static void set_x(struct seki_state *s, uint32_t id)
{
	seki_state_each(s, forget_x, NULL);
	s->p.x_id = id;
}

static bool is_not(const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	return row->sub == SEKI_ALU_XOR && row->operand == SEKI_OPERAND_IMM && op->imm == -1;
}

/* What may be negative is sign-extended, as the head's way is. */
static bool is_extended(const struct seki_bpf_op *op, const struct seki_reg *a)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);

	return row->sub == SEKI_ALU_LSH && row->bytes == 8 && row->operand == SEKI_OPERAND_IMM &&
	       op->imm == 32 && a->v.n.umax > SEKI_BPF_PACKET_MAX;
}

void seki_low_operands(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg *a = seki_walk_reg(w, op->dst), *b = a;
	struct sum s;

	if (row->sub == SEKI_ALU_SUB && row->operand == SEKI_OPERAND_REG)
		b = seki_walk_reg(w, op->src);
	else if (row->sub != SEKI_ALU_NEG && !is_not(op) && !is_extended(op, a))
		return;
	if (!is_plain(b) || (b->id && b->id < SEKI_SYM_FRESH) || sum_of(&w->state->p, b, &s) ||
	    (b != a && !sum_of(&w->state->p, a, &s)))
		return;
	seki_walk_tie(w, b);
	set_x(w->state, b->id);
}

/* What the low half of the result is; b is an immediate or a register. */
static bool combine(const struct seki_path_state *p, const struct seki_bpf_op *op,
		    const struct seki_reg *a, const struct seki_reg *b, struct sum *result)
{
	const struct sum zero = {0, 0, 0}, minus_one = {0, 0, -1};
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct sum sa, sb;

	switch (row->sub) {
	case SEKI_ALU_ADD:
	case SEKI_ALU_SUB:
		if (!sum_of(p, a, &sa) || !sum_of(p, b, &sb))
			return false;
		*result = plus(&sa, &sb, row->sub == SEKI_ALU_ADD ? 1 : -1);
		return true;
	case SEKI_ALU_NEG:
	case SEKI_ALU_XOR: /* the complement is -1 less the number */
		if ((row->sub == SEKI_ALU_XOR && !is_not(op)) || !sum_of(p, a, &sa))
			return false;
		*result = plus(row->sub == SEKI_ALU_NEG ? &zero : &minus_one, &sa, -1);
		return true;
	case SEKI_ALU_MOV:
	case SEKI_ALU_SX32:
		return sum_of(p, b, result);
	default:
		return false;
	}
}

/* To the high half and back, whichever way the other half is filled then. */
static void shift(const struct seki_path_state *p, struct seki_reg *result,
		  const struct seki_bpf_op *op, const struct seki_reg *a, const struct seki_reg *b)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct sum s;

	if (row->bytes != 8 || !seki_scalar_is_const(&b->v) || b->v.n.umin != 32)
		return;
	if (row->sub == SEKI_ALU_LSH && sum_of(p, a, &s))
		put(result, &s, true);
	else if (row->sub != SEKI_ALU_LSH && a->low.high)
		put(result, &(struct sum){a->low.n, a->low.x, a->low.off}, false);
}

/* N + off can be said by a tie, which lasts where states are kept. What is zero-extended and has N's
 * low half is N, as that is at least 0 and fits. */
static void keep_tie(const struct seki_path_state *p, struct seki_reg *result)
{
	if (result->low.n != 1 || result->low.x || result->low.high || result->id)
		return;
	result->id = SEKI_SYM_LEN;
	result->id_off = (int32_t)(result->low.off + p->grown); /* no more than 2^24 and 2^15 */
	result->shifted = result->low.off || result->v.n.umax > UINT32_MAX ? SEKI_TIE_LOW : 0;
	result->rest = SEKI_REST_NONE;
}

void seki_low_alu(const struct seki_path_state *p, struct seki_reg *result,
		  const struct seki_bpf_op *op, const struct seki_reg *a, const struct seki_reg *b)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct sum s;

	if (seki_scalar_is_const(&result->v))
		return;
	if (row->sub == SEKI_ALU_LSH || row->sub == SEKI_ALU_RSH || row->sub == SEKI_ALU_ARSH)
		shift(p, result, op, a, b);
	else if (combine(p, op, a, b, &s))
		put(result, &s, false);
	else if (row->sub == SEKI_ALU_MOV && row->bytes == 8)
		result->low = b->low; /* in the high half */
	keep_tie(p, result);
}

struct change {
	const struct seki_path_state *p;
	struct sum by;
	bool known;
};

static void change(struct seki_reg *r, void *arg)
{
	const struct change *c = arg;
	bool high = r->low.high;
	struct sum s;

	if (high)
		s = (struct sum){r->low.n, r->low.x, r->low.off};
	else if (!sum_of(c->p, r, &s))
		return;
	if (!s.n)
		return;
	r->low = (struct seki_low){0};
	if (!c->known)
		return;
	s = plus(&s, &c->by, -s.n);
	put(r, &s, high);
}

void seki_low_grow(struct seki_state *s, int64_t by)
{
	struct change c = {&s->p, {0, 0, by}, true};

	seki_state_each(s, change, &c);
}

void seki_low_change(struct seki_state *s, const struct seki_reg *by)
{
	struct change c = {.p = &s->p};

	c.known = sum_of(&s->p, by, &c.by) && !c.by.n;
	seki_state_each(s, change, &c);
}

/* X is what was cut off from now on, even if it was that of an earlier cut. */
void seki_low_cut(struct seki_state *s)
{
	struct change c = {&s->p, {0, -1, 0}, true};

	seki_state_each(s, forget_x, NULL);
	s->p.x_id = SEKI_SYM_NONE;
	seki_state_each(s, change, &c);
	s->p.x_id = SEKI_SYM_CUT;
}

static void learn_least(struct seki_path_state *p, int64_t n)
{
	if (n > p->len_min + p->grown && n <= SEKI_BPF_PACKET_MAX)
		seki_relate_least(p, n);
}

/* Least that N is known to be. */
static int64_t least(const struct seki_path_state *p)
{
	int64_t min = p->len_min + p->grown;

	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].id == SEKI_SYM_NONE && p->facts[i].off + p->grown > min)
			min = p->facts[i].off + p->grown;
	return min;
}

/* a - b is +-N + off: what it is where they are equal, N is not where they are not. */
static void learn_equality(struct seki_path_state *p, bool equal, const struct sum *a,
			   const struct sum *b)
{
	struct sum s = plus(a, b, -1);
	int64_t n = s.n == 1 ? -s.off : s.off;

	if (s.x || (s.n != 1 && s.n != -1))
		return;
	if (equal)
		learn_least(p, n);
	else if (n == least(p))
		learn_least(p, n + 1);
}

/* N + off >= low + gap. */
static void learn_above(struct seki_path_state *p, const struct sum *hi, const struct seki_reg *lo,
			int gap, bool is_signed)
{
	int64_t low = is_signed ? (int64_t)lo->v.smin32 : lo->v.umin32;

	if (is_signed || least(p) + hi->off >= 0)
		learn_least(p, low + gap - hi->off);
}

/* high >= off - N + gap. Read unsigned, off - N is 2^32 more where it is below 0; where it only may
 * be, N >= off + gap - high holds in both cases. */
static void learn_beneath(struct seki_path_state *p, const struct seki_reg *hi,
			  const struct sum *lo, int gap, bool is_signed)
{
	int64_t high = is_signed ? (int64_t)hi->v.smax32 : hi->v.umax32;
	int64_t wrap = !is_signed && lo->off < least(p) ? 1ll << 32 : 0;

	learn_least(p, lo->off + wrap + gap - high);
}

void seki_low_learn(struct seki_path_state *p, enum seki_bpf_cond cond, const struct seki_reg *a,
		    const struct seki_reg *b, unsigned int bytes)
{
	bool a_is_hi = cond == SEKI_COND_GT || cond == SEKI_COND_SGT || cond == SEKI_COND_GE ||
		       cond == SEKI_COND_SGE;
	const struct seki_reg *hi = a_is_hi ? a : b, *lo = a_is_hi ? b : a;
	int gap = cond == SEKI_COND_GT || cond == SEKI_COND_SGT || cond == SEKI_COND_LT ||
		  cond == SEKI_COND_SLT;
	bool is_signed = cond >= SEKI_COND_SGT && bytes == 4;
	bool know_a, know_b;
	struct sum sa, sb;

	/* In 8 bytes: of low halves alone, where there is nothing else, and none is negative. */
	if (cond >= SEKI_COND_SET ||
	    (bytes == 8 && (a->v.n.umax > UINT32_MAX || b->v.n.umax > UINT32_MAX)))
		return;
	know_a = sum_of(p, a, &sa);
	know_b = sum_of(p, b, &sb);
	if (cond == SEKI_COND_EQ || cond == SEKI_COND_NE) {
		if (know_a && know_b)
			learn_equality(p, cond == SEKI_COND_EQ, &sa, &sb);
		return;
	}
	if ((a_is_hi ? know_a : know_b) && (a_is_hi ? sa : sb).n == 1 && !(a_is_hi ? sa : sb).x)
		learn_above(p, a_is_hi ? &sa : &sb, lo, gap, is_signed);
	if ((a_is_hi ? know_b : know_a) && (a_is_hi ? sb : sa).n == -1 && !(a_is_hi ? sb : sa).x)
		learn_beneath(p, hi, a_is_hi ? &sb : &sa, gap, is_signed);
}

static void forget(struct seki_reg *r, void *arg)
{
	(void)arg;
	r->low = (struct seki_low){0};
}

void seki_low_forget(struct seki_state *s)
{
	seki_state_each(s, forget, NULL);
	s->p.x_id = SEKI_SYM_NONE;
}
