// SPDX-License-Identifier: Apache-2.0
/*
 * The verifier: numbers next to the packet's length. All statements are of symbols, which are
 * integers that never change on a path, L being the length's:
 *
 *   fact  L >= (symbol << shift) + off, or L >= off
 *   term  symbol = symbol + symbol, and other ways for one to be made of others
 *   rest  a register whose low 32 bits, read signed, are L - symbol + id_off; or, the rest of a
 *         constant, id_off - symbol
 *
 * A rest is made by the machine's arithmetic, which is right modulo 2^32, and only where the
 * integer is seen to fit in 32 bits, signed; so its low bits, read signed, are that integer, be the
 * register zero- or sign-extended. What a comparison of it tells is used only where the comparison
 * looked at that integer: signed in 32 bits; or of a register that holds it in full; or unsigned,
 * where the integer is known to be no less than 0.
 *
 * The packet's length is N = L + grown - less at any time, `less` a symbol, or none and then 0.
 * adjust_head reads the low 32 bits of its argument, signed. Where that is the rest of a constant,
 * they are off - S for a symbol S, and if `less` is none, then after the call
 * N = L + (grown + off) - S, since the machine goes on only where N is the sum of the old one and
 * that integer; and only where N >= 0, so L >= S - (grown + off). L is what it was: all that is said
 * of it, and tied to it, stays so. Any bound L >= S + k is one of N; there is no other.
 */
#include "core/bpf/verify/relate.h"

#include "core/bpf/verify/low.h"

#include <string.h>

#define OFFSET_MAX (1 << 29)

/* Is it symbol + id_off, or, of a pointer, its offset? (Other pointers' ids are none of that.) */
static bool is_plain(const struct seki_reg *r)
{
	if (r->type != SEKI_REG_NUMBER && r->type != SEKI_REG_PACKET)
		return false;
	return r->id >= SEKI_SYM_FRESH && !r->shifted && !seki_reg_is_rest(r);
}

static bool fits(int64_t off)
{
	return off >= -OFFSET_MAX && off <= OFFSET_MAX;
}

static void put_fact(struct seki_path_state *p, uint32_t id, int64_t off, uint32_t shift)
{
	if (off > INT32_MAX || off < INT32_MIN)
		return;
	for (uint32_t i = 0; i < p->n_facts; i++) {
		if (p->facts[i].id != id || p->facts[i].shift != shift)
			continue;
		if (p->facts[i].off < off)
			p->facts[i].off = (int32_t)off;
		return;
	}
	if (p->n_facts == SEKI_FACTS)
		memmove(p->facts, p->facts + 1, --p->n_facts * sizeof(p->facts[0]));
	p->facts[p->n_facts++] = (struct seki_fact){id, (int32_t)off, shift};
}

/* L >= symbol + off; so where the symbol is at least another one shifted, L >= that + off. */
static void add_fact(struct seki_path_state *p, uint32_t id, int64_t off)
{
	put_fact(p, id, off, 0);
	for (uint32_t i = 0; id && i < p->n_terms; i++)
		if (p->terms[i].kind == SEKI_TERM_SHIFT && p->terms[i].id == id)
			put_fact(p, p->terms[i].a, off, p->terms[i].b);
}

static const struct seki_fact *find_fact(const struct seki_path_state *p, uint32_t id)
{
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].id == id && !p->facts[i].shift)
			return &p->facts[i];
	return NULL;
}

static const struct seki_term *add_term(struct seki_path_state *p, struct seki_term term)
{
	if (p->n_terms == SEKI_TERMS)
		memmove(p->terms, p->terms + 1, --p->n_terms * sizeof(p->terms[0]));
	p->terms[p->n_terms] = term;
	return &p->terms[p->n_terms++];
}

void seki_relate_least(struct seki_path_state *p, int64_t length)
{
	add_fact(p, SEKI_SYM_NONE, length - p->grown);
}

/* L >= A + off, and B is at most max: L >= A + B + (off - max). */
static void inherit(struct seki_path_state *p, uint32_t sum, const struct seki_reg *a,
		    const struct seki_reg *b)
{
	const struct seki_fact *fact = find_fact(p, a->id);

	if (fact && b->v.n.smax <= OFFSET_MAX)
		add_fact(p, sum, (int64_t)fact->off - (b->v.n.smax - b->id_off));
}

/* The symbol of a's plus b's. */
static uint32_t sum_of(struct seki_walk *w, struct seki_path_state *p, const struct seki_reg *a,
		       const struct seki_reg *b)
{
	uint32_t id = w->next_id;

	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term *sum = &p->terms[i];

		if (sum->kind == SEKI_TERM_SUM &&
		    ((sum->a == a->id && sum->b == b->id) || (sum->a == b->id && sum->b == a->id)))
			return sum->id;
	}
	w->next_id++;
	add_term(p, (struct seki_term){id, a->id, b->id, SEKI_TERM_SUM});
	inherit(p, id, a, b);
	inherit(p, id, b, a);
	return id;
}

static bool is_offset(const struct seki_reg *r)
{
	return r->v.n.smin >= -OFFSET_MAX && r->v.n.smax <= OFFSET_MAX;
}

void seki_relate_sum(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
		     const struct seki_reg *b)
{
	int64_t off = (int64_t)a->id_off + b->id_off;

	if (!is_plain(a) || !is_plain(b) || !fits(off) || !is_offset(a) || !is_offset(b))
		return;
	result->id = sum_of(w, &w->state->p, a, b);
	result->id_off = (int32_t)off;
}

/* A number's own symbol, as it is, not negative and no more than any length. */
static bool is_small_symbol(const struct seki_reg *r)
{
	return is_plain(r) && !r->id_off && r->v.n.umax <= OFFSET_MAX;
}

static void name(struct seki_walk *w, struct seki_reg *result)
{
	result->id = w->next_id++;
	result->id_off = 0;
}

/* (symbol + id_off) >> by = (symbol >> by) + (id_off >> by): without an offset, or where neither
 * loses a bit. */
static bool splits(const struct seki_reg *a, unsigned int by)
{
	uint64_t lost = (1ull << by) - 1;

	return !a->id_off || !(((uint64_t)a->id_off | a->v.n.t.value | a->v.n.t.mask) & lost);
}

/* What is known to be this symbol >> by: the term of a shift in either direction says so. */
static const struct seki_term *find_shifted(const struct seki_path_state *p, uint32_t id,
					    unsigned int by)
{
	for (uint32_t i = 0; i < p->n_terms; i++)
		if (p->terms[i].id == id && p->terms[i].kind == SEKI_TERM_SHIFT &&
		    p->terms[i].b == by)
			return &p->terms[i];
	return NULL;
}

void seki_relate_shift(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
		       unsigned int by, bool left)
{
	struct seki_path_state *p = &w->state->p;
	const struct seki_fact *fact;
	/* To the left nothing may be lost: what is left of 2^29 << 3 in 32 bits is 0. */
	uint64_t most = (uint64_t)OFFSET_MAX >> (left ? by : 0);

	if (!is_plain(a) || a->v.n.umax > most || (!left && !splits(a, by)) || (left && a->id_off))
		return;
	if (!left && find_shifted(p, a->id, by)) {
		result->id = find_shifted(p, a->id, by)->a;
		result->id_off = a->id_off >> by;
		return;
	}
	name(w, result);
	result->id_off = left ? 0 : a->id_off >> by;
	if (left) {
		add_term(p, (struct seki_term){result->id, a->id, by, SEKI_TERM_SHIFT});
		return;
	}
	add_term(p, (struct seki_term){a->id, result->id, by, SEKI_TERM_SHIFT});
	fact = find_fact(p, a->id);
	if (fact)
		add_fact(p, a->id, fact->off);
}

void seki_relate_divide(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
			uint64_t by)
{
	if (!is_small_symbol(a) || !by || by > OFFSET_MAX)
		return;
	name(w, result);
	add_term(&w->state->p,
		 (struct seki_term){result->id, a->id, (uint32_t)by, SEKI_TERM_QUOTIENT});
}

static const struct seki_term *find_term(const struct seki_path_state *p, uint32_t id,
					 uint32_t kind)
{
	for (uint32_t i = 0; i < p->n_terms; i++)
		if (p->terms[i].id == id && p->terms[i].kind == kind)
			return &p->terms[i];
	return NULL;
}

void seki_relate_multiply(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
			  uint64_t by)
{
	const struct seki_term *quotient = find_term(&w->state->p, a->id, SEKI_TERM_QUOTIENT);

	if (!is_small_symbol(a) || !quotient || quotient->b != by)
		return;
	name(w, result);
	add_term(&w->state->p,
		 (struct seki_term){result->id, quotient->a, (uint32_t)by, SEKI_TERM_MULTIPLE});
}

/* a less the greatest multiple below it is the remainder. */
void seki_relate_remainder(const struct seki_walk *w, struct seki_reg *result,
			   const struct seki_reg *a, const struct seki_reg *b)
{
	const struct seki_term *multiple = find_term(&w->state->p, b->id, SEKI_TERM_MULTIPLE);

	if (is_small_symbol(a) && is_small_symbol(b) && multiple && multiple->a == a->id)
		result->v = seki_scalar_range(0, multiple->b - 1);
}

/* The integer that a register's low half is as a signed number, plus [min, max]: does it fit? */
static bool stays_exact(const struct seki_reg *a, int64_t min, int64_t max)
{
	return (int64_t)a->v.smin32 + min >= INT32_MIN && (int64_t)a->v.smax32 + max <= INT32_MAX;
}

static void make_rest(struct seki_reg *result, uint8_t of, uint32_t id, int64_t off)
{
	if (!fits(off))
		return;
	result->id = id;
	result->id_off = (int32_t)off;
	result->shifted = false;
	result->rest = of;
}

/* L + a's offset + (b's offset - symbol): all of it is in a's and b's low halves. */
static void add_to_length(struct seki_reg *result, const struct seki_reg *a,
			  const struct seki_reg *b)
{
	if (a->id == SEKI_SYM_LEN && !a->shifted && is_offset(a) && !b->shifted &&
	    seki_reg_is_rest_of(b, SEKI_REST_OF_CONST) && stays_exact(b, a->v.n.smin, a->v.n.smax))
		make_rest(result, SEKI_REST_OF_LEN, b->id, (int64_t)a->id_off + b->id_off);
}

void seki_relate_add_rest(struct seki_reg *result, const struct seki_reg *a,
			  const struct seki_reg *b)
{
	add_to_length(result, a, b);
	add_to_length(result, b, a);
}

/* a - (b's offset - symbol) = symbol + (a - b's offset), in all of the result: in 64 bits, where b
 * is the integer that its low half is; in 32, where what comes out is not negative. */
static void turn_rest(struct seki_reg *result, int32_t a, const struct seki_reg *b,
		      unsigned int bytes)
{
	int64_t off = (int64_t)a - b->id_off;
	bool exact = bytes == 8 ? b->v.n.smin >= INT32_MIN && b->v.n.smax <= INT32_MAX
				: a - (int64_t)b->v.smax32 >= 0;

	if (b->shifted || !exact || !fits(a) || !fits(off))
		return;
	result->id = b->id;
	result->id_off = (int32_t)off;
}

void seki_relate_from_const(struct seki_reg *result, int64_t a, const struct seki_reg *b,
			    unsigned int bytes)
{
	if (!fits(a))
		return;
	if (seki_reg_is_rest_of(b, SEKI_REST_OF_CONST))
		turn_rest(result, (int32_t)a, b, bytes);
	else if (is_plain(b) && b->type == SEKI_REG_NUMBER && is_offset(b))
		make_rest(result, SEKI_REST_OF_CONST, b->id, a - b->id_off);
}

/* a is small enough to be in its low half what it is in full: a length, an offset from it, or a
 * rest, of which the low half is what counts. */
void seki_relate_rest(struct seki_walk *w, struct seki_reg *result, const struct seki_reg *a,
		      const struct seki_reg *b)
{
	int64_t off = (int64_t)a->id_off - b->id_off;

	if (a->shifted || !is_plain(b) || !is_offset(b) ||
	    !stays_exact(a, -b->v.n.smax, -b->v.n.smin))
		return;
	if (a->id == SEKI_SYM_LEN && is_offset(a))
		make_rest(result, SEKI_REST_OF_LEN, b->id, off);
	else if (seki_reg_is_rest(a) && fits(off)) {
		struct seki_reg before = {.type = SEKI_REG_NUMBER,
					  .id = a->id}; /* no more than its symbol is known */

		before.v = seki_scalar_unknown();
		make_rest(result, a->rest, sum_of(w, &w->state->p, &before, b), off);
	}
}

void seki_relate_move_rest(struct seki_reg *result, const struct seki_reg *a, int64_t by)
{
	if (!a->shifted && fits(by) && stays_exact(a, by, by))
		make_rest(result, a->rest, a->id, a->id_off + by);
}

/* hi >= lo + gap; was that said of the integers? */
struct order {
	const struct seki_reg *hi, *lo;
	int gap;
	bool is_signed;
	unsigned int bytes;
};

static bool order_of(struct order *o, enum seki_bpf_cond cond, const struct seki_reg *a,
		     const struct seki_reg *b)
{
	bool a_is_hi = cond == SEKI_COND_GT || cond == SEKI_COND_SGT || cond == SEKI_COND_GE ||
		       cond == SEKI_COND_SGE || cond == SEKI_COND_EQ;

	if (cond == SEKI_COND_NE || cond >= SEKI_COND_SET)
		return false;
	o->hi = a_is_hi ? a : b;
	o->lo = a_is_hi ? b : a;
	o->gap = cond == SEKI_COND_GT || cond == SEKI_COND_SGT || cond == SEKI_COND_LT ||
		 cond == SEKI_COND_SLT;
	o->is_signed = cond >= SEKI_COND_SGT;
	return true;
}

/* Not negative in the width of the comparison, read either way. */
static bool compares_as_is(const struct seki_reg *r, unsigned int bytes)
{
	return r->v.n.umax <= (bytes == 8 ? INT64_MAX : INT32_MAX);
}

static bool rest_is_positive(const struct seki_path_state *p, const struct seki_reg *rest)
{
	const struct seki_fact *fact = find_fact(p, rest->id);

	return rest->v.smin32 >= 0 || (fact && (int64_t)fact->off + rest->id_off >= 0);
}

static bool rest_compares_as_is(const struct seki_path_state *p, const struct order *o)
{
	const struct seki_num *v = &o->hi->v.n;
	bool extended = v->smin >= INT32_MIN && v->smax <= INT32_MAX;

	if (o->is_signed && (o->bytes == 4 || extended))
		return true;
	return rest_is_positive(p, o->hi) && (o->bytes == 4 || extended || v->umax <= UINT32_MAX);
}

/* L - symbol + hi.id_off >= lo + gap. */
static void learn_rest(struct seki_walk *w, struct seki_path_state *p, const struct order *o)
{
	int64_t off = (int64_t)o->gap - o->hi->id_off;
	struct seki_reg hi = {.type = SEKI_REG_NUMBER, .id = o->hi->id};

	if (o->hi->shifted || !rest_compares_as_is(p, o) || !compares_as_is(o->lo, o->bytes))
		return;
	hi.v = seki_scalar_unknown();
	if (o->lo->v.n.smin <= OFFSET_MAX)
		add_fact(p, hi.id, off + o->lo->v.n.smin);
	if (is_plain(o->lo) && is_offset(o->lo))
		add_fact(p, sum_of(w, p, &hi, o->lo), off + o->lo->id_off);
}

/* L >= lo + off, lo tied to a symbol or not. */
static void learn_below(struct seki_path_state *p, const struct seki_reg *lo, int64_t off)
{
	if (is_plain(lo))
		add_fact(p, lo->id, lo->id_off + off);
	else if (seki_scalar_is_const(&lo->v) && lo->v.n.smin <= OFFSET_MAX)
		add_fact(p, SEKI_SYM_NONE, lo->v.n.smin + off);
}

static void learn_order(struct seki_walk *w, struct seki_path_state *p, const struct order *o)
{
	const struct seki_reg *hi = o->hi;
	const struct seki_fact *fact;

	if (seki_reg_is_rest_of(hi, SEKI_REST_OF_LEN))
		learn_rest(w, p, o);
	if (seki_reg_is_rest(hi) || hi->shifted || !compares_as_is(hi, o->bytes) ||
	    !compares_as_is(o->lo, o->bytes))
		return;
	if (hi->id == SEKI_SYM_BEFORE && o->lo->id == SEKI_SYM_CUT && !o->lo->shifted)
		add_fact(p, SEKI_SYM_NONE, (int64_t)o->gap + o->lo->id_off - hi->id_off);
	fact = is_plain(hi) ? find_fact(p, hi->id) : NULL;
	if (hi->id == SEKI_SYM_LEN && is_plain(o->lo))
		learn_below(p, o->lo, (int64_t)o->gap - hi->id_off);
	else if (fact) /* L is above hi, and so above lo */
		learn_below(p, o->lo, (int64_t)o->gap - hi->id_off + fact->off);
}

static bool has_fact(const struct seki_path_state *p, uint32_t id)
{
	for (uint32_t i = 0; id && i < p->n_facts; i++)
		if (p->facts[i].id == id)
			return true;
	return false;
}

/* Least that the symbol of a plain register can be. */
static int64_t least(const struct seki_reg *r)
{
	return r->v.n.smin - r->id_off;
}

/* L >= A + B + off, and B is at least that: L >= A + (B's least + off). */
static void learn_from_part(struct seki_path_state *p, const struct seki_reg *b)
{
	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term sum = p->terms[i];
		const struct seki_fact *fact = find_fact(p, sum.id);

		if (!fact || sum.kind != SEKI_TERM_SUM || (sum.a != b->id && sum.b != b->id))
			continue;
		add_fact(p, sum.a == b->id ? sum.b : sum.a, least(b) + fact->off);
	}
}

/* The range alone, whatever told it: the integer is at least that. */
static void learn_from_range(struct seki_path_state *p, const struct seki_reg *r)
{
	if (seki_reg_is_rest_of(r, SEKI_REST_OF_LEN) && !r->shifted && r->v.smin32 >= -OFFSET_MAX)
		add_fact(p, r->id, (int64_t)r->v.smin32 - r->id_off);
	if (!is_plain(r) || !is_offset(r))
		return;
	for (uint32_t i = 0; i < p->n_facts; i++) {
		struct seki_fact fact = p->facts[i];

		if (fact.id == r->id && least(r) >= 0)
			add_fact(p, SEKI_SYM_NONE, (least(r) << fact.shift) + fact.off);
	}
	learn_from_part(p, r);
}

/* Not all of the packet was cut off: L, which is BEFORE - CUT, is not 0. */
static void learn_uncut(struct seki_path_state *p, const struct seki_reg *a,
			const struct seki_reg *b, unsigned int bytes)
{
	bool both = (a->id == SEKI_SYM_BEFORE && b->id == SEKI_SYM_CUT) ||
		    (a->id == SEKI_SYM_CUT && b->id == SEKI_SYM_BEFORE);

	if (both && a->id_off == b->id_off && a->shifted == b->shifted && !a->shifted &&
	    compares_as_is(a, bytes) && compares_as_is(b, bytes))
		add_fact(p, SEKI_SYM_NONE, 1);
}

/* L >= symbol + off, and is not that. */
static void learn_more(struct seki_path_state *p, uint32_t id, int64_t off)
{
	const struct seki_fact *fact = find_fact(p, id);

	if (fact && fact->off == off)
		add_fact(p, id, off + 1);
}

/* The length, or what is left of it, is not b. In 64 bits different registers are different integers;
 * in 32 they are where neither has more bits. Of a rest only the low half counts, as above. */
static void learn_unequal(struct seki_path_state *p, const struct seki_reg *a,
			  const struct seki_reg *b, unsigned int bytes)
{
	bool narrow = bytes == 4 || a->v.n.umax <= UINT32_MAX ||
		      (a->v.n.smin >= INT32_MIN && a->v.n.smax <= INT32_MAX);

	bool as_is = bytes == 8 || (compares_as_is(a, bytes) && compares_as_is(b, bytes));

	if (a->shifted)
		return;
	if (a->id == SEKI_SYM_LEN && is_plain(b) && as_is)
		learn_more(p, b->id, (int64_t)b->id_off - a->id_off);
	else if (seki_reg_is_rest_of(a, SEKI_REST_OF_LEN) && seki_scalar_is_const(&b->v) &&
		 b->v.n.umax <= INT32_MAX && narrow)
		learn_more(p, a->id, (int64_t)b->v.n.umin - a->id_off);
}

void seki_relate_learn(struct seki_walk *w, struct seki_state *s, enum seki_bpf_cond cond,
		       const struct seki_reg *a, const struct seki_reg *b, unsigned int bytes)
{
	struct order o = {.bytes = bytes};

	seki_low_learn(&s->p, cond, a, b, bytes);
	if (order_of(&o, cond, a, b))
		learn_order(w, &s->p, &o);
	if (cond == SEKI_COND_NE) {
		learn_uncut(&s->p, a, b, bytes);
		learn_unequal(&s->p, a, b, bytes);
		learn_unequal(&s->p, b, a, bytes);
	}
	if (cond == SEKI_COND_EQ && order_of(&o, SEKI_COND_LE, a, b))
		learn_order(w, &s->p, &o);
	learn_from_range(&s->p, a);
	learn_from_range(&s->p, b);
}

bool seki_relate_would_learn(const struct seki_state *s, const struct seki_reg *a,
			     const struct seki_reg *b)
{
	return a->id == SEKI_SYM_LEN || b->id == SEKI_SYM_LEN || seki_reg_is_rest(a) ||
	       seki_reg_is_rest(b) || has_fact(&s->p, a->id) || has_fact(&s->p, b->id);
}

/* The comparison was of the symbol's number + id_off as it is: in 32 bits, where it has no more. */
bool seki_relate_exclude(struct seki_path_state *p, enum seki_bpf_cond cond,
			 const struct seki_reg *r, uint64_t value, unsigned int bytes)
{
	int64_t symbol;

	if (bytes == 4)
		value = (uint32_t)value;
	if (!is_plain(r) || value > INT32_MAX || (bytes == 4 && r->v.n.umax > UINT32_MAX))
		return true;
	symbol = (int64_t)value - r->id_off;
	if (symbol > INT32_MAX || symbol < INT32_MIN)
		return true;
	for (uint32_t i = 0; i < p->n_holes; i++)
		if (p->holes[i].id == r->id && p->holes[i].value == symbol)
			return cond == SEKI_COND_NE;
	if (cond == SEKI_COND_EQ)
		return true;
	if (p->n_holes == SEKI_HOLES)
		memmove(p->holes, p->holes + 1, --p->n_holes * sizeof(p->holes[0]));
	p->holes[p->n_holes++] = (struct seki_hole){r->id, (int32_t)symbol};
	return true;
}

/* Did it tell anything? */
static bool learns_from(struct seki_path_state *p, const struct seki_reg *r)
{
	struct seki_fact before[SEKI_FACTS];
	uint32_t n = p->n_facts;

	if (r->type != SEKI_REG_NUMBER || !r->id)
		return false;
	memcpy(before, p->facts, sizeof(before));
	learn_from_range(p, r);
	return p->n_facts != n || memcmp(before, p->facts, sizeof(before)) != 0;
}

/* What registers tell of parts of sums, and of symbols, at last: they may have been compared before
 * the sum was. A spill that tells something is relied on, as if it were read: a kept state must not
 * cover one that has another number there. */
static void learn_from_registers(struct seki_walk *w)
{
	struct seki_path_state *p = &w->state->p;
	const struct seki_frame *f = seki_state_top(w->state);

	for (uint32_t i = 0; i < SEKI_BPF_REGS; i++)
		learns_from(p, &f->regs[i]);
	for (uint32_t i = 0; i < f->n_spills; i++)
		if (learns_from(p, &f->spills[i].reg))
			seki_walk_read(w, p->depth, f->spills[i].at, f->spills[i].bytes);
}

/* What is known of symbol + less; of the symbol alone, where there is no less. */
static const struct seki_fact *find_above_less(const struct seki_path_state *p, uint32_t id)
{
	if (!p->less)
		return find_fact(p, id);
	for (uint32_t i = 0; i < p->n_terms; i++) {
		const struct seki_term *sum = &p->terms[i];

		if (sum->kind == SEKI_TERM_SUM &&
		    ((sum->a == p->less && sum->b == id) || (sum->a == id && sum->b == p->less)))
			return find_fact(p, sum->id);
	}
	return NULL;
}

/* L >= less + off, so N >= off + grown; L >= less + symbol + off, so N >= symbol + off + grown. */
static bool allows(const struct seki_path_state *p, const struct seki_reg *reg, int64_t end)
{
	const struct seki_fact *fact = find_fact(p, p->less);

	if (fact && reg->v.n.smax + end <= fact->off + p->grown)
		return true;
	fact = reg->id ? find_above_less(p, reg->id) : NULL;
	return fact && reg->id_off + end <= fact->off + p->grown;
}

bool seki_relate_shorten(struct seki_path_state *p, const struct seki_reg *by, int64_t min)
{
	int64_t grown = p->grown + by->id_off;

	if (p->less || by->shifted || !seki_reg_is_rest_of(by, SEKI_REST_OF_CONST) || !fits(grown))
		return false;
	p->less = by->id;
	p->grown = grown;
	add_fact(p, p->less, (min > 0 ? min : 0) - grown);
	return true;
}

void seki_relate_grow(struct seki_path_state *p, int64_t by)
{
	p->grown += by;
	add_fact(p, p->less, -p->grown);
}

bool seki_relate_allows(struct seki_walk *w, const struct seki_reg *reg, int64_t end)
{
	struct seki_state *s = w->state;

	if (reg->id == SEKI_SYM_LEN && !s->p.less && reg->id_off + end <= s->p.grown)
		return true; /* behind the end, negated */
	if (allows(&s->p, reg, end))
		return true;
	if (!s->p.n_facts)
		return false;
	learn_from_registers(w);
	s->work += SEKI_BPF_REGS + seki_state_top(s)->n_spills;
	return allows(&s->p, reg, end);
}
