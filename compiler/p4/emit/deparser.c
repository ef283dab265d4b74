/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The deparser. Where the headers leave in the order and number in which they came, only those that
 * the program writes to are stored, in place: a program that changes nothing does not touch the
 * packet. Otherwise the head is moved, then the headers are stored: where there are few ways to put
 * them, each way at constant offsets; else at an offset that grows from header to header.
 */
#include "compiler/p4/emit/emit.h"

#include "abi/ring.h"

#include <string.h>

static const struct ir_fate *fate_of(const struct emit *em, const struct ir_header *h)
{
	return &em->ir->plan->fates[h->id];
}

/* May it be gone, or there without having been extracted? */
static bool is_moved(const struct emit *em, const struct ir_emit *e)
{
	return fate_of(em, e->header)->moved || e->flag != e->header->valid;
}

static bool can_be_there(const struct emit *em, const struct ir_emit *e)
{
	return fate_of(em, e->header)->extracted || is_moved(em, e);
}

/* From this emit on, headers are in place once the head has moved. */
static uint32_t first_kept(const struct emit *em)
{
	uint32_t first = 0;

	if (!em->ir->plan->in_order)
		return em->ir->n_emits;
	for (uint32_t i = 0; i < em->ir->n_emits; i++)
		if (is_moved(em, &em->ir->emits[i]))
			first = i + 1;
	return first;
}

static uint32_t most_bytes(const struct ir_header *h)
{
	return (h->bits + (h->varbit ? h->varbit->width : 0)) / 8;
}

bool seki_emit_moves(const struct emit *em, const struct ir_header *header)
{
	uint32_t kept = first_kept(em);

	if (em->ir->plan->preserved)
		return false;
	for (uint32_t i = 0; i < kept; i++)
		if (em->ir->emits[i].header == header)
			return true;
	return false;
}

/* ---- in place ---- */

#define MAX_SPOTS 4u /* beyond that at a variable offset */

static bool has_few_spots(const struct ir_fate *fate)
{
	for (const struct ir_spot *spot = fate->spots; spot; spot = spot->next)
		if (spot->at.base)
			return false;
	return fate->n_spots <= MAX_SPOTS;
}

static void store_at(struct emit *em, const struct ir_header *h, const char *base, uint32_t byte,
		     const char *cond)
{
	seki_emit_line(em, "if (%spkt_len >= %s%s%u) {", cond, base ? base : "", base ? " + " : "",
		       byte + h->bits / 8);
	seki_emit_store_changes(em, h, base ? base : "0", byte);
	seki_emit_line(em, "}");
}

static void store_in_place(struct emit *em, const struct ir_emit *e)
{
	const struct ir_fate *fate = fate_of(em, e->header);
	const char *where = fate->where ? seki_emit_var(em, fate->where) : NULL;

	seki_emit_line(em, "if (%s) {", seki_emit_var(em, e->flag));
	seki_emit_recall_count(em, e->header);
	if (!where)
		store_at(em, e->header, NULL, fate->spots->at.bits / 8, "");
	else if (!has_few_spots(fate)) {
		seki_emit_line(em, "u64 at = %s;", where);
		seki_emit_bound_place(em, "at", "drop");
		store_at(em, e->header, "at", 0, "");
	}
	for (const struct ir_spot *s = where && has_few_spots(fate) ? fate->spots : NULL; s;
	     s = s->next)
		store_at(em, e->header, NULL, s->at.bits / 8,
			 seki_emit_text(em, "%s == %u && ", where, s->at.bits / 8));
	seki_emit_line(em, "}");
}

static void deparse_in_place(struct emit *em)
{
	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		const struct ir_emit *e = &em->ir->emits[i];
		const struct ir_fate *fate = fate_of(em, e->header);

		if (fate->written && fate->extracted && (uint32_t)fate->rank == i)
			store_in_place(em, e);
	}
}

/* ---- anew, at constant offsets ---- */

#define MAX_COUNTS 128u
#define MAX_MOVED  10u

/* How much straight code constant offsets are worth: all places of all headers, and moves. Where the
 * verifier did not follow that, little. */
#define MAX_PLACES	   320u
#define MAX_PLACES_SCRATCH 48u
#define MAX_MOVES	   64u

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
struct ways {
	struct counts moves;
	struct counts *at;	     /* by place among the emits */
	const struct ir_var **moved; /* flags that may be set or not, whatever was extracted */
	uint32_t n_moved;
};

static bool is_there(const struct ways *ways, const struct ir_emit *e,
		     const struct ir_layout *layout, uint32_t choice)
{
	for (uint32_t i = 0; i < ways->n_moved; i++)
		if (ways->moved[i] == e->flag)
			return choice >> i & 1;
	return layout->headers[e->header->id / 64] >> e->header->id % 64 & 1;
}

/* One way to go out: what the parser extracted, and which of the moved headers are there. */
static bool find_way(const struct emit *em, struct ways *ways, const struct ir_layout *layout,
		     uint32_t choice)
{
	uint32_t off = 0;

	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		if (!add_count(&ways->at[i], off))
			return false;
		if (is_there(ways, &em->ir->emits[i], layout, choice))
			off += em->ir->emits[i].header->bits / 8;
	}
	return add_count(&ways->moves, off - layout->len);
}

static void find_moved(const struct emit *em, struct ways *ways)
{
	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		const struct ir_emit *e = &em->ir->emits[i];
		bool known = !is_moved(em, e);

		for (uint32_t k = 0; k < ways->n_moved && !known; k++)
			known = ways->moved[k] == e->flag;
		if (!known)
			ways->moved[ways->n_moved++] = e->flag;
	}
}

/* False where there are too many. */
static bool find_ways(struct emit *em, struct ways *ways)
{
	const struct ir_program *ir = em->ir;
	uint32_t places = 0;

	*ways = (struct ways){
		.at = seki_arena_alloc(em->arena, (ir->n_emits + 1) * sizeof(*ways->at)),
		.moved = seki_arena_alloc(em->arena, (ir->n_emits + 1) * sizeof(*ways->moved)),
	};
	find_moved(em, ways);
	if (ways->n_moved > MAX_MOVED || !ir->plan->n_layouts)
		return false;
	for (uint32_t i = 0; i < ir->n_emits; i++)
		if (ir->emits[i].header->varbit && can_be_there(em, &ir->emits[i]))
			return false;
	for (uint32_t i = 0; i < ir->plan->n_layouts; i++)
		for (uint32_t choice = 0; choice < 1u << ways->n_moved; choice++)
			if (!find_way(em, ways, &ir->plan->layouts[i], choice))
				return false;
	for (uint32_t i = 0; i < ir->n_emits; i++)
		places += ways->at[i].n;
	return ways->moves.n <= MAX_MOVES &&
	       places <= (em->profile == EMIT_ON_STACK ? MAX_PLACES : MAX_PLACES_SCRATCH);
}

static void sum_sizes(struct emit *em)
{
	seki_emit_line(em, "u32 out_len = 0, head = %s;", seki_emit_var(em, em->ir->plan->head));
	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		const struct ir_header *h = em->ir->emits[i].header;

		if (!can_be_there(em, &em->ir->emits[i]))
			continue;
		seki_emit_line(em, "if (%s)\n\tout_len += %u;",
			       seki_emit_var(em, em->ir->emits[i].flag), h->bits / 8);
	}
}

/*
 * Makes room for out_len bytes where the parser went by `head`: each amount is a constant of its own,
 * as the verifier needs it. The empty asm differs from case to case, so that clang does not make one
 * call with a variable amount of them all, and hides that the new length is a sum, so that
 * comparisons with it stay as they are.
 */
static void move_head(struct emit *em, const struct counts *moves)
{
	seki_emit_line(em, "switch ((int)(out_len - head)) {");
	for (uint32_t i = 0; i < moves->n; i++) {
		int by = (int)moves->v[i];

		seki_emit_line(em, "case %d:", by);
		if (by)
			seki_emit_line(em,
				       "pkt = ubpf_adjust_head(ctx, %d);\npkt_len += %d;\n"
				       "asm volatile(\"\" : \"+r\"(pkt_len) : \"i\"(%d));",
				       by, by, by);
		seki_emit_line(em, "break;");
	}
	seki_emit_line(em, "default:\n\tgoto drop;\n}");
}

/* Is there a label for the i-th header at that offset? A way that no layout takes has none. */
static bool is_planned(const struct ways *ways, uint32_t i, uint32_t off)
{
	for (uint32_t k = 0; k < ways->at[i].n; k++)
		if (ways->at[i].v[k] == off)
			return true;
	return false;
}

static void go_on(struct emit *em, const struct ways *ways, uint32_t i, uint32_t off)
{
	if (i == em->ir->n_emits)
		seki_emit_line(em, "goto stored;");
	else if (is_planned(ways, i, off))
		seki_emit_line(em, "goto put_%u_%u;", i, off);
	else
		seki_emit_line(em, "goto drop;");
}

/* p4c's programs do not put out what is behind the end that truncate() asks for. */
static void stop_at_end(struct emit *em, const char *end)
{
	if (em->ir->compat && em->ir->truncate)
		seki_emit_line(em, "if (%s && %s < %s)\n\tgoto stored;",
			       seki_emit_var(em, em->ir->truncate),
			       seki_emit_var(em, em->ir->truncate_len), end);
}

/* Once the head has moved: all, or what may have changed where it is in place. */
static void store_again(struct emit *em, uint32_t i, const char *at, uint32_t byte)
{
	const struct ir_header *h = em->ir->emits[i].header;

	if (i < first_kept(em))
		seki_emit_store(em, h, at, byte);
	else
		seki_emit_store_changes(em, h, at, byte);
}

static void store_one(struct emit *em, const struct ways *ways, uint32_t i, uint32_t off)
{
	const struct ir_emit *e = &em->ir->emits[i];
	uint32_t end = off + e->header->bits / 8;

	seki_emit_place(em, e->tok);
	seki_emit_line(em, "put_%u_%u: __attribute__((unused));", i, off);
	if (!can_be_there(em, e)) {
		go_on(em, ways, i + 1, off);
		return;
	}
	seki_emit_line(em, "if (%s) {", seki_emit_var(em, e->flag));
	stop_at_end(em, seki_emit_text(em, "%u", end));
	if (i < first_kept(em) || fate_of(em, e->header)->written) {
		seki_emit_line(em, "if (pkt_len < %u)\n\tgoto drop;", end);
		store_again(em, i, "0", off);
	}
	go_on(em, ways, i + 1, end);
	seki_emit_line(em, "}");
	go_on(em, ways, i + 1, off);
}

/* One label for each header and each offset where it can go. */
static void store_at_constants(struct emit *em, const struct ways *ways)
{
	sum_sizes(em);
	move_head(em, &ways->moves);
	for (uint32_t i = 0; i < em->ir->n_emits; i++)
		for (uint32_t k = 0; k < ways->at[i].n; k++)
			store_one(em, ways, i, ways->at[i].v[k]);
	seki_emit_line(em, "stored: __attribute__((unused));");
}

/* ---- anew, at an offset that grows ---- */

/*
 * The sums, the flags and what varbit fields hold are forgotten (prelude.c) where they are used:
 * behind each header there is one state for the verifier, whatever headers came before. So it is for
 * many headers that may each be there or not.
 */

/* Is the i-th header there? What it is tested by is a copy, so that nothing is learnt of the flag. */
static void begin_header(struct emit *em, uint32_t i)
{
	const struct ir_emit *e = &em->ir->emits[i];

	seki_emit_place(em, e->tok);
	seki_emit_line(em, "{\nu64 is_there = %s;\nforget(is_there);\nif (is_there) {",
		       seki_emit_var(em, e->flag));
	seki_emit_recall_count(em, e->header);
}

static void end_header(struct emit *em, const char *sum)
{
	seki_emit_line(em, "}\n}\nforget(%s);", sum);
}

static void forget_all(struct emit *em)
{
	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		const struct ir_emit *e = &em->ir->emits[i];

		if (!can_be_there(em, e))
			continue;
		seki_emit_line(em, "forget(%s);", seki_emit_var(em, e->flag));
		if (e->header->varbit)
			seki_emit_line(em, "forget(%s);",
				       seki_emit_var(em, e->header->varbit->size));
	}
}

/* The most that can go out. */
static uint32_t sum_most(struct emit *em)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < em->ir->n_emits; i++)
		if (can_be_there(em, &em->ir->emits[i]))
			most += most_bytes(em->ir->emits[i].header);
	return most;
}

/*
 * By what goes out less what came in. It is counted from `most` down, so that it is no less than 0:
 * the verifier ties the new length to the old one by the number that a constant is less than. Cutting
 * nothing off gives the length a name of its own again: what is known of it next to two numbers is
 * forgotten as soon as others are added and shifted.
 */
static void move_head_by(struct emit *em)
{
	uint32_t most = sum_most(em);

	seki_emit_line(em, "u32 left = %s + %u;", seki_emit_var(em, em->ir->plan->head), most);
	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		if (!can_be_there(em, &em->ir->emits[i]))
			continue;
		begin_header(em, i);
		seki_emit_line(em, "left -= %s;\n", seki_emit_size(em, em->ir->emits[i].header));
		end_header(em, "left");
	}
	seki_emit_line(em,
		       "hide(left);\nif (left > %u)\n\tgoto drop;\nint by = %u - left;\nhide(by);\n"
		       "pkt = ubpf_adjust_head(ctx, by);\npkt_len += by;\nhide(pkt_len);\n"
		       "cut_behind(pkt_len);",
		       em->ir->plan->reach + most, most);
}

/* One header at `off`, if its flag is set. */
static void store_next(struct emit *em, uint32_t i, uint32_t most)
{
	const struct ir_emit *e = &em->ir->emits[i];
	const char *end = seki_emit_text(em, "off + %s", seki_emit_size(em, e->header));

	begin_header(em, i);
	seki_emit_line(em, "if (off > %u)\n\tgoto drop;", most);
	stop_at_end(em, end);
	if (i < first_kept(em) || fate_of(em, e->header)->written) {
		/* What a varbit field moves is looked at by itself. */
		seki_emit_line(em, "if (pkt_len < off + %u)\n\tgoto drop;", e->header->bits / 8);
		store_again(em, i, "off", 0);
	}
	seki_emit_line(em, "off = %s;", end);
	end_header(em, "off");
}

static void store_at_offset(struct emit *em)
{
	uint32_t most = 0;

	forget_all(em);
	move_head_by(em);
	seki_emit_line(em, "u64 off = 0;");
	for (uint32_t i = 0; i < em->ir->n_emits; i++) {
		if (!can_be_there(em, &em->ir->emits[i]))
			continue;
		store_next(em, i, most);
		most += most_bytes(em->ir->emits[i].header);
	}
	seki_emit_line(em, "stored: __attribute__((unused));");
}

void seki_emit_deparser(struct emit *em)
{
	const struct ir_program *ir = em->ir;
	struct ways ways;

	seki_emit_place(em, ir->deparser->tok);
	seki_emit_line(em, "deparse: __attribute__((unused));\n{");
	if (ir->plan->preserved)
		deparse_in_place(em);
	else if (find_ways(em, &ways))
		store_at_constants(em, &ways);
	else
		store_at_offset(em);
	if (ir->truncate) /* the helper takes an int; no packet is longer than that */
		seki_emit_line(em, "if (%s && %s <= 0x7fffffff)\n\tubpf_truncate_packet(ctx, %s);",
			       seki_emit_var(em, ir->truncate), seki_emit_var(em, ir->truncate_len),
			       seki_emit_var(em, ir->truncate_len));
	seki_emit_line(em, "}");
}
