// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier: arithmetic. Pointers take 64-bit additions and subtractions of bounded numbers and
 * nothing else. Copies and constant offsets of a number stay tied to it where the machine's result
 * is exactly that, as an integer.
 */
#include "core/bpf/verify/low.h"
#include "core/bpf/verify/relate.h"

#include "core/bpf/packet.h"

/* Far beyond any object: sums of offsets cannot wrap. */
#define OFFSET_MAX (1 << 29)
#define TIE_MAX	   (1 << 30)
#define SCALE_MAX  3 /* bits; more is no size of a word */

static struct seki_reg operand(struct seki_walk *w, const struct seki_bpf_op *op)
{
	if (seki_bpf_row(op)->operand == SEKI_OPERAND_REG)
		return *seki_walk_reg(w, op->src);
	return seki_reg_number(seki_scalar_const((uint64_t)op->imm));
}

void seki_walk_tie(struct seki_walk *w, struct seki_reg *r)
{
	if (r->type == SEKI_REG_NUMBER && !r->id && !seki_scalar_is_const(&r->v)) {
		r->id = w->next_id++;
		r->id_off = 0;
		r->shifted = false;
		r->rest = SEKI_REST_NONE;
	}
}

static bool fits_u32(const struct seki_reg *r)
{
	return r->v.n.umax <= UINT32_MAX;
}

static void untie(struct seki_reg *r)
{
	r->id = SEKI_SYM_NONE;
	r->id_off = 0;
	r->shifted = false;
	if (r->type == SEKI_REG_NUMBER)
		r->rest = SEKI_REST_NONE;
}

static void copy_tie(struct seki_reg *to, const struct seki_reg *from)
{
	to->id = from->id;
	to->id_off = from->id_off;
	to->shifted = from->shifted;
	if (to->type == SEKI_REG_NUMBER)
		to->rest = seki_reg_is_rest(from) ? from->rest : SEKI_REST_NONE;
}

/* result = a + by, by known; the result is tied to a's symbol if no width cut it. */
static void tie_sum(struct seki_reg *result, const struct seki_reg *a, int64_t by,
		    unsigned int bytes)
{
	int64_t off = a->id_off + by;

	if (seki_reg_is_rest(a)) {
		seki_relate_move_rest(result, a, by);
		return;
	}
	if (!a->id || a->shifted || by > TIE_MAX || by < -TIE_MAX || off > TIE_MAX ||
	    off < -TIE_MAX)
		return;
	if (a->v.n.smin < -(1ll << 40) || a->v.n.smax > 1ll << 40)
		return;
	if (bytes == 4 && (!fits_u32(a) || a->v.n.smin + by < 0 || a->v.n.smax + by > UINT32_MAX))
		return;
	result->id = a->id;
	result->id_off = (int32_t)off;
}

static bool is_symbol(const struct seki_reg *r, uint32_t id)
{
	return r->id == id && !r->id_off && !r->shifted;
}

/* The packet's length before it was truncated, less what was cut off: no width cuts that. */
static bool is_new_length(const struct seki_bpf_row *row, const struct seki_reg *a,
			  const struct seki_reg *b)
{
	return row->sub == SEKI_ALU_SUB && is_symbol(a, SEKI_SYM_BEFORE) &&
	       is_symbol(b, SEKI_SYM_CUT);
}

/* Sums and differences of what could be a length or a place in the packet. */
static void tie_unknowns(struct seki_walk *w, struct seki_reg *result,
			 const struct seki_bpf_row *row, const struct seki_reg *a,
			 const struct seki_reg *b)
{
	if (row->sub == SEKI_ALU_SUB) {
		seki_relate_rest(w, result, a, b);
		seki_relate_remainder(w, result, a, b);
		return;
	}
	seki_relate_add_rest(result, a, b);
	if (a->v.n.umax <= SEKI_BPF_PACKET_MAX && b->v.n.umax <= SEKI_BPF_PACKET_MAX)
		seki_relate_sum(w, result, a, b);
}

/* What arithmetic of `bytes` takes it for. */
static int64_t constant_of(const struct seki_reg *r, unsigned int bytes)
{
	return bytes == 4 ? (int32_t)r->v.n.umin : (int64_t)r->v.n.umin;
}

static void tie_add(struct seki_walk *w, struct seki_reg *result, const struct seki_bpf_row *row,
		    const struct seki_reg *a, const struct seki_reg *b)
{
	if (is_new_length(row, a, b)) {
		result->id = SEKI_SYM_LEN;
		return;
	}
	if (seki_scalar_is_const(&b->v)) {
		int64_t by = constant_of(b, row->bytes);

		if (by > INT32_MIN && by <= INT32_MAX)
			tie_sum(result, a, row->sub == SEKI_ALU_SUB ? -by : by, row->bytes);
	} else if (row->sub == SEKI_ALU_ADD && seki_scalar_is_const(&a->v)) {
		tie_add(w, result, row, b, a);
	} else if (seki_scalar_is_const(&a->v)) {
		seki_relate_from_const(result, constant_of(a, row->bytes), b, row->bytes);
	} else {
		tie_unknowns(w, result, row, a, b);
	}
}

/* Where no bit can be set in both, or-ing is adding; compilers like it better. */
static void tie_or(struct seki_walk *w, struct seki_reg *result, const struct seki_bpf_row *row,
		   const struct seki_reg *a, const struct seki_reg *b)
{
	struct seki_bpf_row add = *row;

	if (!seki_scalar_is_const(&b->v) || (a->v.n.t.value | a->v.n.t.mask) & b->v.n.umin)
		return;
	add.sub = SEKI_ALU_ADD;
	tie_add(w, result, &add, a, b);
}

/* Where no bit that may be set is cut off, it is what it was. */
static void tie_and(struct seki_reg *result, const struct seki_bpf_row *row,
		    const struct seki_reg *a, const struct seki_reg *b)
{
	uint64_t kept = row->bytes == 4 ? (uint32_t)b->v.n.umin : b->v.n.umin;

	if (!seki_scalar_is_const(&b->v) || (a->v.n.t.value | a->v.n.t.mask) & ~kept)
		return;
	result->v = a->v;
	copy_tie(result, a);
}

/* v1 code zero- and sign-extends by shifting left and right by 32. */
static void tie_shift(struct seki_reg *result, const struct seki_bpf_row *row,
		      const struct seki_reg *a, const struct seki_reg *b)
{
	if (row->bytes != 8 || !a->id || !seki_scalar_is_const(&b->v) || b->v.n.umin != 32)
		return;
	if (row->sub == SEKI_ALU_LSH) {
		if (a->shifted || (!fits_u32(a) && !seki_reg_is_rest(a)))
			return;
		copy_tie(result, a);
		result->shifted = SEKI_TIE_HIGH;
	} else if (a->shifted == SEKI_TIE_HIGH &&
		   (row->sub == SEKI_ALU_RSH || result->v.n.smin >= 0 || seki_reg_is_rest(a))) {
		copy_tie(result, a);
		result->shifted = SEKI_TIE_EXACT;
	}
}

/* By constants: what counts bytes and what counts words. */
static void tie_scaled(struct seki_walk *w, struct seki_reg *result, const struct seki_bpf_row *row,
		       const struct seki_reg *a, const struct seki_reg *b)
{
	if (result->id || !seki_scalar_is_const(&b->v))
		return;
	if (row->sub == SEKI_ALU_DIV)
		seki_relate_divide(w, result, a, b->v.n.umin);
	else if (row->sub == SEKI_ALU_MUL)
		seki_relate_multiply(w, result, a, b->v.n.umin);
	else if (b->v.n.umin <= SCALE_MAX)
		seki_relate_shift(w, result, a, (unsigned int)b->v.n.umin,
				  row->sub == SEKI_ALU_LSH);
}

/* Moves, and extensions that do not change the number. */
static void tie_move(struct seki_walk *w, struct seki_reg *result, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg *src = seki_walk_reg(w, op->src);
	uint64_t max = row->bytes == 8 ? UINT64_MAX : UINT32_MAX;

	if (row->operand != SEKI_OPERAND_REG)
		return;
	if (row->sub != SEKI_ALU_MOV)
		max = (1ull << ((8u << (row->sub - SEKI_ALU_SX8)) - 1)) - 1;
	if (seki_reg_is_rest(src) ? max < UINT32_MAX >> 1 : src->v.n.umax > max)
		return;
	seki_walk_tie(w, src);
	copy_tie(result, src);
}

static int number_alu(struct seki_walk *w, const struct seki_bpf_op *op, const struct seki_reg *a,
		      const struct seki_reg *b)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg result =
		seki_reg_number(seki_scalar_alu(row->sub, &a->v, &b->v, row->bytes));

	switch (row->sub) {
	case SEKI_ALU_ADD:
	case SEKI_ALU_SUB:
		tie_add(w, &result, row, a, b);
		break;
	case SEKI_ALU_NEG:
		seki_relate_from_const(&result, 0, a, row->bytes);
		break;
	case SEKI_ALU_AND:
		tie_and(&result, row, a, b);
		break;
	case SEKI_ALU_OR:
	case SEKI_ALU_XOR:
		tie_or(w, &result, row, a, b);
		break;
	case SEKI_ALU_LSH:
	case SEKI_ALU_RSH:
	case SEKI_ALU_ARSH:
		tie_shift(&result, row, a, b);
		tie_scaled(w, &result, row, a, b);
		break;
	case SEKI_ALU_DIV:
	case SEKI_ALU_MUL:
		tie_scaled(w, &result, row, a, b);
		break;
	case SEKI_ALU_MOV:
	case SEKI_ALU_SX8:
	case SEKI_ALU_SX16:
	case SEKI_ALU_SX32:
		tie_move(w, &result, op);
		break;
	default:
		break;
	}
	if (result.id == SEKI_SYM_LEN && !result.shifted)
		seki_scalar_clamp(&result.v, w->state->p.len_min + result.id_off,
				  w->state->p.len_max + result.id_off);
	if (seki_scalar_is_const(&result.v))
		untie(&result);
	seki_low_alu(&w->state->p, &result, op, a, b);
	*seki_walk_reg(w, op->dst) = result;
	return 0;
}

static bool moves_freely(const struct seki_reg *p)
{
	return p->type == SEKI_REG_META || p->type == SEKI_REG_STACK ||
	       p->type == SEKI_REG_PACKET || p->type == SEKI_REG_VALUE || p->type == SEKI_REG_DATA;
}

bool seki_walk_same_object(const struct seki_reg *a, const struct seki_reg *b)
{
	if (a->type != b->type || !moves_freely(a))
		return false;
	if (a->type == SEKI_REG_VALUE)
		return a->id && a->id == b->id; /* the same lookup gave both */
	return a->frame == b->frame;
}

/* packet + symbol + constant: kept, to be compared with what is known of the length. */
static void tie_pointer(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *p,
			const struct seki_reg *n, bool sub)
{
	if (p->type == SEKI_REG_VALUE)
		return; /* of the same lookup */
	untie(result);
	if (p->type != SEKI_REG_PACKET || seki_reg_is_rest(n))
		return;
	if (seki_scalar_is_const(&n->v) && p->id) {
		struct seki_reg sum = *result;

		tie_sum(&sum, p, sub ? -(int64_t)n->v.n.umin : (int64_t)n->v.n.umin, 8);
		copy_tie(result, &sum);
	} else if (!sub && !seki_scalar_is_const(&n->v) && seki_scalar_is_const(&p->v)) {
		tie_sum(result, n, (int64_t)p->v.n.umin, 8);
	} else if (!sub) {
		seki_relate_sum(w, result, p, n);
	}
}

static int pointer_alu(struct seki_walk *w, const struct seki_bpf_op *op, int preg,
		       const struct seki_reg *p, const struct seki_reg *n)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg result = *p, by = *n;

	if (row->operand == SEKI_OPERAND_REG) {
		struct seki_reg *from = seki_walk_reg(w, preg == op->dst ? op->src : op->dst);

		seki_walk_tie(w, from);
		by = *from;
	}
	if (p->type == SEKI_REG_MAYBE)
		return seki_walk_reject(w, preg,
					"arithmetic on a pointer that may be NULL; "
					"compare it with NULL first");
	if (!moves_freely(p))
		return seki_walk_reject(w, preg, "arithmetic on a pointer that must stay as it is");
	if (n->v.n.smin < -OFFSET_MAX || n->v.n.smax > OFFSET_MAX)
		return seki_walk_reject(w,
					row->operand != SEKI_OPERAND_REG ? -1
					: preg == op->dst		 ? op->src
									 : op->dst,
					"a number without bounds is added to a pointer");
	result.v = seki_scalar_alu(row->sub, &p->v, &n->v, 8);
	if (result.v.n.smin < -OFFSET_MAX || result.v.n.smax > OFFSET_MAX)
		return seki_walk_reject(w, preg, "the pointer may be moved too far away");
	tie_pointer(w, &result, p, &by, row->sub == SEKI_ALU_SUB);
	*seki_walk_reg(w, op->dst) = result;
	return 0;
}

/* Pointers into one object differ as their offsets do. */
static int pointer_distance(struct seki_walk *w, const struct seki_bpf_op *op,
			    const struct seki_reg *a, const struct seki_reg *b)
{
	struct seki_reg result = seki_reg_number(seki_scalar_alu(SEKI_ALU_SUB, &a->v, &b->v, 8));

	if (a->type == SEKI_REG_PACKET) {
		if (a->id && a->id == b->id)
			result.v = seki_scalar_const((uint64_t)((int64_t)a->id_off - b->id_off));
		else if (seki_scalar_is_const(&b->v))
			tie_sum(&result, a, -(int64_t)b->v.n.umin, 8);
		else
			seki_relate_rest(w, &result, a, b);
	}
	*seki_walk_reg(w, op->dst) = result;
	return 0;
}

static int any_alu(struct seki_walk *w, const struct seki_bpf_op *op, const struct seki_reg *a,
		   const struct seki_reg *b)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	bool pa = seki_reg_is_pointer(a), pb = seki_reg_is_pointer(b);

	if (!pa && !pb)
		return number_alu(w, op, a, b);
	if (row->bytes == 4)
		return seki_walk_reject(w, pa ? op->dst : op->src,
					"32-bit arithmetic on a pointer");
	if (pa && pb && row->sub == SEKI_ALU_SUB && seki_walk_same_object(a, b))
		return pointer_distance(w, op, a, b);
	if (pa && pb && row->operand == SEKI_OPERAND_REG)
		return seki_walk_reject(w, op->dst, "arithmetic between two pointers");
	if (pa && !pb && (row->sub == SEKI_ALU_ADD || row->sub == SEKI_ALU_SUB))
		return pointer_alu(w, op, op->dst, a, b);
	if (pb && !pa && row->sub == SEKI_ALU_ADD)
		return pointer_alu(w, op, op->src, b, a);
	return seki_walk_reject(w, pa ? op->dst : op->src,
				"only addition and subtraction are allowed on pointers");
}

static int move(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg b = operand(w, op);

	if (!seki_reg_is_pointer(&b))
		return number_alu(w, op, &b, &b);
	if (row->bytes == 4 || row->sub != SEKI_ALU_MOV)
		return seki_walk_reject(w, op->src, "32-bit arithmetic on a pointer");
	*seki_walk_reg(w, op->dst) = b;
	return 0;
}

/* Sums and differences of what could be lengths or places are tied to their operands. */
static void tie_operands(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct seki_reg *a = seki_walk_reg(w, op->dst), *b = seki_walk_reg(w, op->src);

	if (row->operand == SEKI_OPERAND_IMM && a->v.n.umax <= SEKI_BPF_PACKET_MAX &&
	    (row->sub == SEKI_ALU_DIV ||
	     ((row->sub == SEKI_ALU_LSH || row->sub == SEKI_ALU_RSH) && op->imm <= SCALE_MAX)))
		seki_walk_tie(w, a);
	if (row->sub == SEKI_ALU_NEG && a->v.n.umax <= SEKI_BPF_PACKET_MAX)
		seki_walk_tie(w, a);
	if (row->operand != SEKI_OPERAND_REG || a->type != SEKI_REG_NUMBER ||
	    b->type != SEKI_REG_NUMBER || b->v.n.umax > SEKI_BPF_PACKET_MAX || a == b)
		return;
	if (row->sub == SEKI_ALU_ADD && a->v.n.umax <= SEKI_BPF_PACKET_MAX) {
		seki_walk_tie(w, a);
		seki_walk_tie(w, b);
	} else if (row->sub == SEKI_ALU_SUB &&
		   (a->id == SEKI_SYM_LEN || seki_reg_is_rest(a) || seki_scalar_is_const(&a->v))) {
		seki_walk_tie(w, b);
	}
}

int seki_walk_alu(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	bool is_move = row->sub >= SEKI_ALU_MOV && row->sub <= SEKI_ALU_SX32 &&
		       row->sub != SEKI_ALU_NEG;
	struct seki_reg a, b;
	int err = 0;

	if (row->operand == SEKI_OPERAND_REG)
		err = seki_walk_readable(w, op->src);
	if (!err && !is_move)
		err = seki_walk_readable(w, op->dst);
	if (err)
		return err;
	if (is_move) {
		err = move(w, op);
	} else {
		tie_operands(w, op);
		seki_low_operands(w, op);
		a = *seki_walk_reg(w, op->dst);
		b = row->operand == SEKI_OPERAND_NONE ? a : operand(w, op);
		err = any_alu(w, op, &a, &b);
	}
	w->state->p.pc++;
	return err;
}
