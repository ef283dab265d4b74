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
	seki_emit_line(em, "if (%s.valid) {", h->cname);
	for (uint32_t i = 0; i < h->n_offsets; i++) {
		uint32_t end = h->offsets[i] + h->bits / 8;

		if (h->n_offsets > 1)
			seki_emit_line(em, "if (at_%u == %u && pkt_len >= %u) {", h->id,
				       h->offsets[i], end);
		else
			seki_emit_line(em, "if (pkt_len >= %u) {", end);
		seki_emit_store(em, h->type, h->cname, h->offsets[i]);
		seki_emit_line(em, "}");
	}
	seki_emit_line(em, "}");
}

/* ---- anew ---- */

/* A set of byte counts. */
struct counts {
	uint32_t n;
	uint32_t v[SEKI_P4_MAX_VARIANTS];
};

static bool add_count(struct counts *c, uint32_t v)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->v[i] == v)
			return true;
	if (c->n == SEKI_P4_MAX_VARIANTS)
		return false;
	c->v[c->n++] = v;
	return true;
}

static bool can_be_valid(const struct p4_header *h)
{
	return h->extracted || h->moved;
}

/* Where the i-th header can start, given where the one before can. */
static bool next_counts(struct counts *c, const struct p4_header *h)
{
	uint32_t n = c->n;

	if (!can_be_valid(h))
		return true;
	for (uint32_t i = 0; i < n; i++)
		if (!add_count(c, c->v[i] + h->bits / 8))
			return false;
	return true;
}

static void too_many(struct p4_emit *em)
{
	seki_diag_unsupported(em->diags, em->lower->deparser->tok->at,
			      "a deparser with more than %u sizes of all headers is",
			      SEKI_P4_MAX_VARIANTS);
}

static void sum_sizes(struct p4_emit *em)
{
	const struct p4_lower *lower = em->lower;

	seki_emit_line(em, "u32 out_len = 0;");
	for (uint32_t i = 0; i < lower->n_emits; i++)
		if (can_be_valid(lower->emits[i]))
			seki_emit_line(em, "if (%s.valid)\n\t\tout_len += %u;",
				       lower->emits[i]->cname, lower->emits[i]->bits / 8);
}

/* Makes room for out_len bytes where hdr_len are: each amount is a constant of its own. */
static void move_head(struct p4_emit *em, const struct counts *out)
{
	struct counts moves = {0};
	const struct p4_lower *lower = em->lower;

	for (uint32_t i = 0; i < out->n; i++)
		for (uint32_t k = 0; k < lower->n_accepts; k++)
			if (!add_count(&moves, out->v[i] - lower->accepts[k])) {
				too_many(em);
				return;
			}
	seki_emit_line(em, "switch ((int)(out_len - hdr_len)) {");
	for (uint32_t i = 0; i < moves.n; i++) {
		int by = (int)moves.v[i];

		seki_emit_line(em, "case %d:", by);
		if (by)
			seki_emit_line(em, "pkt = ubpf_adjust_head(ctx, %d);\n\tpkt_len += %d;", by,
				       by);
		seki_emit_line(em, "break;");
	}
	seki_emit_line(em, "default:\n\tgoto drop;\n\t}");
}

static void store_one(struct p4_emit *em, uint32_t i, uint32_t off, bool last)
{
	const struct p4_header *h = em->lower->emits[i];
	uint32_t end = off + h->bits / 8;

	seki_emit_line(em, "put_%u_%u: __attribute__((unused));", i, off);
	if (can_be_valid(h)) {
		seki_emit_line(em, "if (%s.valid) {", h->cname);
		if (em->lower->compat && em->truncates)
			seki_emit_line(em, "if (trunc && trunc_len < %u)\n\t\tgoto stored;", end);
		seki_emit_line(em, "if (pkt_len < %u)\n\t\tgoto drop;", end);
		seki_emit_store(em, h->type, h->cname, off);
		if (last)
			seki_emit_line(em, "goto stored;\n\t}");
		else
			seki_emit_line(em, "goto put_%u_%u;\n\t}", i + 1, end);
	}
	if (last)
		seki_emit_line(em, "goto stored;");
	else
		seki_emit_line(em, "goto put_%u_%u;", i + 1, off);
}

/* One label for each header and each offset where it can go. */
static void store_anew(struct p4_emit *em)
{
	const struct p4_lower *lower = em->lower;
	struct counts at = {.n = 1};

	for (uint32_t i = 0; i < lower->n_emits; i++)
		if (!next_counts(&at, lower->emits[i])) {
			too_many(em);
			return;
		}
	sum_sizes(em);
	move_head(em, &at);
	at.n = 1;
	for (uint32_t i = 0; i < lower->n_emits; i++) {
		for (uint32_t k = 0; k < at.n; k++)
			store_one(em, i, at.v[k], i + 1 == lower->n_emits);
		next_counts(&at, lower->emits[i]);
	}
	seki_emit_line(em, "stored: __attribute__((unused));");
}

void seki_emit_deparser(struct p4_emit *em)
{
	const struct p4_lower *lower = em->lower;

	seki_emit_place(em, lower->deparser->tok);
	seki_emit_line(em, "{");
	if (!lower->preserved) {
		store_anew(em);
	} else {
		for (uint32_t i = 0; i < lower->n_emits; i++)
			if (lower->emits[i]->written && lower->emits[i]->extracted)
				store_in_place(em, lower->emits[i]);
	}
	if (em->truncates)
		seki_emit_line(em, "if (trunc)\n\t\tubpf_truncate_packet(ctx, trunc_len);");
	seki_emit_line(em, "}");
}
