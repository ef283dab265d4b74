/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deparser. Where the headers leave in the order and number in which they came, only those that
 * the program writes to are stored, in place: a program that changes nothing does not touch the
 * packet. Otherwise the head is moved by one of a few constant amounts, then all headers are
 * stored.
 */
#include "compiler/p4/emit.h"

/* ---- in place ---- */

static void store_in_place(struct p4_emit *em, const struct p4_header *h)
{
	seki_olde_line(em, "if (%s.valid) {", h->cname);
	for (uint32_t i = 0; i < h->n_offsets; i++) {
		uint32_t end = h->offsets[i] + h->bits / 8;

		if (h->n_offsets > 1)
			seki_olde_line(em, "if (at_%u == %u && pkt_len >= %u) {", h->id,
				       h->offsets[i], end);
		else
			seki_olde_line(em, "if (pkt_len >= %u) {", end);
		seki_olde_store(em, h->type, h->cname, h->offsets[i]);
		seki_olde_line(em, "}");
	}
	seki_olde_line(em, "}");
}

/* ---- anew ---- */

#define MAX_COUNTS 128u

/* A set of byte counts. */
struct counts {
	uint32_t n;
	uint32_t v[MAX_COUNTS];
};

static bool add_count(struct counts *c, uint32_t v)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->v[i] == v)
			return true;
	if (c->n == MAX_COUNTS)
		return false;
	c->v[c->n++] = v;
	return true;
}

/* All that can go out: by how much the head moves, and where each header can start. */
struct plan {
	struct counts moves;
	struct counts *at;		/* by place in the order of emits */
	const struct p4_header **moved; /* those that the control may add or remove */
	uint32_t n_moved;
	uint32_t first_kept; /* from this emit on, headers are in place once the head has moved */
};

static bool is_valid(const struct plan *plan, const struct p4_header *h, uint64_t mask,
		     uint32_t choice)
{
	for (uint32_t i = 0; i < plan->n_moved; i++)
		if (plan->moved[i] == h)
			return choice >> i & 1;
	return mask >> h->id & 1;
}

/* One way to go out: what the parser extracted, and which of the moved headers are valid. */
static bool plan_one(const struct p4_lower *lower, struct plan *plan,
		     const struct p4_layout *layout, uint32_t choice)
{
	uint32_t off = 0;

	for (uint32_t i = 0; i < lower->n_emits; i++) {
		if (!add_count(&plan->at[i], off))
			return false;
		if (is_valid(plan, lower->emits[i], layout->mask, choice))
			off += lower->emits[i]->bits / 8;
	}
	return add_count(&plan->moves, off - layout->len);
}

#define MAX_MOVED 10u

static void find_moved(const struct p4_lower *lower, struct plan *plan)
{
	plan->first_kept = lower->in_order ? 0 : lower->n_emits;
	for (uint32_t i = 0; i < lower->n_emits; i++) {
		const struct p4_header *h = lower->emits[i];

		if (!h->moved)
			continue;
		if (lower->in_order)
			plan->first_kept = i + 1;
		if ((uint32_t)h->rank == i)
			plan->moved[plan->n_moved++] = h;
	}
}

static bool make_plan(struct p4_emit *em, struct plan *plan)
{
	const struct p4_lower *lower = em->lower;

	*plan = (struct plan){
		.at = seki_arena_alloc(em->arena, (lower->n_emits + 1) * sizeof(*plan->at)),
		.moved = seki_arena_alloc(em->arena, (lower->n_emits + 1) * sizeof(*plan->moved)),
	};
	find_moved(lower, plan);
	if (plan->n_moved > MAX_MOVED)
		return false;
	for (uint32_t i = 0; i < lower->n_layouts; i++)
		for (uint32_t choice = 0; choice < 1u << plan->n_moved; choice++)
			if (!plan_one(lower, plan, &lower->layouts[i], choice))
				return false;
	return true;
}

static void sum_sizes(struct p4_emit *em)
{
	const struct p4_lower *lower = em->lower;

	seki_olde_line(em, "u32 out_len = 0;");
	for (uint32_t i = 0; i < lower->n_emits; i++)
		seki_olde_line(em, "if (%s.valid)\n\t\tout_len += %u;", lower->emits[i]->cname,
			       lower->emits[i]->bits / 8);
}

/*
 * Makes room for out_len bytes where hdr_len are: each amount is a constant of its own, as the
 * verifier needs it. The empty asm differs from case to case, so that clang does not make one call
 * with a variable amount of them all, and hides that the new length is a sum, so that comparisons
 * with it stay as they are.
 */
static void move_head(struct p4_emit *em, const struct counts *moves)
{
	seki_olde_line(em, "switch ((int)(out_len - hdr_len)) {");
	for (uint32_t i = 0; i < moves->n; i++) {
		int by = (int)moves->v[i];

		seki_olde_line(em, "case %d:", by);
		if (by)
			seki_olde_line(em,
				       "pkt = ubpf_adjust_head(ctx, %d);\n\tpkt_len += %d;\n"
				       "\tasm volatile(\"\" : \"+r\"(pkt_len) : \"i\"(%d));",
				       by, by, by);
		seki_olde_line(em, "break;");
	}
	seki_olde_line(em, "default:\n\tgoto drop;\n\t}");
}

/* Is there a label for the i-th header at that offset? A way that no layout takes has none. */
static bool is_planned(const struct plan *plan, uint32_t i, uint32_t off)
{
	for (uint32_t k = 0; k < plan->at[i].n; k++)
		if (plan->at[i].v[k] == off)
			return true;
	return false;
}

static void go_on(struct p4_emit *em, const struct plan *plan, uint32_t i, uint32_t off)
{
	if (i == em->lower->n_emits)
		seki_olde_line(em, "goto stored;");
	else if (is_planned(plan, i, off))
		seki_olde_line(em, "goto put_%u_%u;", i, off);
	else
		seki_olde_line(em, "goto drop;");
}

static void store_one(struct p4_emit *em, const struct plan *plan, uint32_t i, uint32_t off)
{
	const struct p4_header *h = em->lower->emits[i];
	uint32_t end = off + h->bits / 8;

	seki_olde_line(em, "put_%u_%u: __attribute__((unused));", i, off);
	seki_olde_line(em, "if (%s.valid) {", h->cname);
	if (em->lower->compat && em->truncates)
		seki_olde_line(em, "if (trunc && trunc_len < %u)\n\t\tgoto stored;", end);
	if (i < plan->first_kept || h->written) {
		seki_olde_line(em, "if (pkt_len < %u)\n\t\tgoto drop;", end);
		seki_olde_store(em, h->type, h->cname, off);
	}
	go_on(em, plan, i + 1, end);
	seki_olde_line(em, "}");
	go_on(em, plan, i + 1, off);
}

/* One label for each header and each offset where it can go. */
static void store_anew(struct p4_emit *em)
{
	const struct p4_lower *lower = em->lower;
	struct plan plan;

	if (!make_plan(em, &plan)) {
		seki_diag_unsupported(em->diags, lower->deparser->tok->at,
				      "a deparser with so many ways to put the headers is");
		return;
	}
	sum_sizes(em);
	move_head(em, &plan.moves);
	for (uint32_t i = 0; i < lower->n_emits; i++)
		for (uint32_t k = 0; k < plan.at[i].n; k++)
			store_one(em, &plan, i, plan.at[i].v[k]);
	seki_olde_line(em, "stored: __attribute__((unused));");
}

void seki_olde_deparser(struct p4_emit *em)
{
	const struct p4_lower *lower = em->lower;

	seki_olde_place(em, lower->deparser->tok);
	seki_olde_line(em, "{");
	if (!lower->preserved) {
		store_anew(em);
	} else {
		for (uint32_t i = 0; i < lower->n_emits; i++)
			if (lower->emits[i]->written && lower->emits[i]->extracted)
				store_in_place(em, lower->emits[i]);
	}
	if (em->truncates) /* the helper takes an int; no packet is longer than that */
		seki_olde_line(em, "if (trunc && trunc_len <= 0x7fffffff)\n"
				   "\t\tubpf_truncate_packet(ctx, trunc_len);");
	seki_olde_line(em, "}");
}
