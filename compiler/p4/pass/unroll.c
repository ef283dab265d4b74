/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Specialises the parser: a block of its own for each place in the packet and each fill of the header
 * stacks that it can be reached with. So offsets are constants, `next` is an element, and a loop that
 * fills a stack ends by itself.
 *
 * Places are (bytes in the base variable or 0, and so many bits). Where a block would have too many,
 * or behind a step of variable size, the bytes go into the base variable and the bits start anew, so
 * that the code stays linear in the program's size.
 *
 * A stack whose fill no block from here on looks at (track.c) counts as empty: what was filled one after
 * the other adds up and does not multiply.
 */
#include "abi/ring.h"
#include "compiler/p4/pass/loops.h"
#include "compiler/p4/pass/plan.h"

#include <errno.h>
#include <string.h>

#define MAX_BITS   (SEKI_PACKET_MAX * 8)
#define MAX_PLACES 16u	/* of one block */
#define MAX_NEAR   4u	/* from the base variable; of blocks that set it: what it costs is little */
#define MANY	   512u /* blocks: from here on places are variable */
#define MAX_CLONES 4096u /* blocks, beside two for each there was: from here on it is an error */

/* A block at one place and fill. */
struct clone {
	struct clone *next;    /* in the order in which they are made */
	struct clone *sibling; /* of the same block */
	struct ir_block *from;
	struct ir_at at;
	const uint32_t *fills; /* by slot */
	struct ir_block *block;
};

struct unroll {
	struct ir_program *ir;
	struct ir_var *base;
	struct track track;
	struct loops loops;
	struct clone **made; /* by id of the block */
	uint32_t *n_places;
	struct clone *first, **end;
	uint32_t n_clones;
};

/* Where a block is copied to, and what is known at that point of it. */
struct cursor {
	struct ir_block *block;
	struct ir_at at;
	uint32_t *fills;
	uint32_t checked; /* bits from the base that the packet has */
};

/* ---- values ---- */

/* The expression with what is known put in. */
static const struct ir_expr *put_in(const struct unroll *u, const struct cursor *c,
				    const struct ir_expr *e)
{
	const struct ir_expr *a, *b, *third;

	if (!e || !u->track.n_slots || e->op == IR_CONST)
		return e;
	if (e->op == IR_READ) {
		uint32_t slot = seki_track_slot(&u->track, e->var);

		return slot ? seki_ir_const(u->ir, e->width, c->fills[slot - 1]) : e;
	}
	a = put_in(u, c, e->a);
	if (e->op == IR_COND && a->op == IR_CONST) /* of a chain over a stack's elements, one */
		return put_in(u, c, seki_num_is_zero(&a->num) ? e->c : e->b);
	b = put_in(u, c, e->b);
	third = put_in(u, c, e->c);
	if (a == e->a && b == e->b && third == e->c)
		return e;
	if (e->op == IR_COND)
		return seki_ir_cond(u->ir, a, b, third);
	if (e->op == IR_SLICE)
		return seki_ir_slice(u->ir, a, e->lo + e->width - 1, e->lo);
	return b ? seki_ir_binary(u->ir, e->op, e->width, a, b)
		 : seki_ir_unary(u->ir, e->op, e->width, a);
}

static struct ir_insn *append(const struct unroll *u, struct cursor *c, const struct ir_insn *insn)
{
	struct ir_insn *copy = seki_arena_new(u->ir->arena, struct ir_insn);

	*copy = *insn;
	copy->next = NULL;
	*c->block->end = copy;
	c->block->end = &copy->next;
	return copy;
}

static void copy_plain(const struct unroll *u, struct cursor *c, const struct ir_insn *insn)
{
	struct ir_insn *copy = append(u, c, insn);

	copy->a = put_in(u, c, insn->a);
	if (!insn->n_args)
		return;
	copy->args = seki_arena_alloc(u->ir->arena, insn->n_args * sizeof(*copy->args));
	for (uint32_t i = 0; i < insn->n_args; i++) {
		copy->args[i] = insn->args[i];
		copy->args[i].value = put_in(u, c, insn->args[i].value);
	}
}

/* ---- places ---- */

static struct ir_var *base_of(struct unroll *u)
{
	if (!u->base)
		u->base = seki_ir_var(u->ir, IR_VAR_BASE, 32, "place");
	return u->base;
}

/* The base becomes the place, and `more` bytes behind it. */
static struct ir_insn *mark(struct unroll *u, struct cursor *c, const struct seki_token *tok,
			    const struct ir_expr *more)
{
	struct ir_insn *copy;
	uint32_t rest = c->at.bits % 8;
	struct ir_insn insn = {.op = IR_MARK, .tok = tok, .var = base_of(u), .a = more};

	insn.at = (struct ir_at){c->at.base, c->at.bits - rest};
	copy = append(u, c, &insn);
	c->at = (struct ir_at){u->base, rest};
	c->checked = 0;
	return copy;
}

/* An IR_NEED before it saw that all that is in the packet. */
static void go_by(struct unroll *u, struct cursor *c, const struct ir_insn *insn, uint32_t bits,
		  const struct ir_expr *bytes)
{
	c->at.bits += bits;
	if (!bytes)
		return;
	if (bytes->op == IR_CONST)
		c->at.bits += 8 * (uint32_t)seki_num_to_u64(&bytes->num);
	else
		mark(u, c, insn->tok, bytes);
}

static void reject(struct cursor *c, const struct seki_token *tok, const char *error)
{
	c->block->last = IR_REJECT;
	c->block->tok = tok;
	c->block->error = error;
}

static bool copy_need(const struct unroll *u, struct cursor *c, const struct ir_insn *insn)
{
	const struct ir_expr *more = put_in(u, c, insn->a);
	bool fixed = !more || more->op == IR_CONST;
	uint64_t bits = insn->lo + (more && fixed ? 8 * seki_num_to_u64(&more->num) : 0);
	uint64_t end = c->at.bits + bits;
	struct ir_insn *copy;

	if (end > MAX_BITS) {
		reject(c, insn->tok, "PacketTooShort");
		return false;
	}
	if (fixed && end <= c->checked)
		return true;
	if (fixed)
		c->checked = (uint32_t)end;
	copy = append(u, c, insn);
	copy->lo = (uint32_t)bits;
	copy->a = fixed ? NULL : more;
	copy->at = c->at;
	return true;
}

/* ---- instructions ---- */

static void clear(const struct unroll *u, struct cursor *c, const struct ir_insn *why,
		  struct ir_var *var)
{
	struct ir_insn insn = {.op = IR_SET, .tok = why->tok, .var = var};

	if (var->kind == IR_VAR_VARBIT)
		insn.op = IR_SET_VARBIT;
	else
		insn.a = seki_ir_const(u->ir, var->width, 0);
	append(u, c, &insn);
}

/* A member of a union that becomes valid makes the others invalid. */
static void clear_others(const struct unroll *u, struct cursor *c, const struct ir_insn *insn,
			 const struct ir_header *header)
{
	for (const struct ir_header *h = header->in_union; h && h != header; h = h->in_union) {
		clear(u, c, insn, h->valid);
		for (uint32_t i = 0; i < h->n_fields; i++)
			clear(u, c, insn, h->fields[i].var);
	}
}

static struct ir_header *element(struct cursor *c, const struct ir_insn *insn)
{
	const struct ir_stack *stack = insn->stack;
	uint32_t members = stack->union_members ? stack->union_members : 1;

	if (c->fills[stack->id] >= stack->size)
		return NULL;
	return stack->elems[c->fills[stack->id]++ * members + insn->lo];
}

static bool copy_extract(struct unroll *u, struct cursor *c, const struct ir_insn *insn)
{
	struct ir_header *header = insn->stack ? element(c, insn) : insn->header;
	struct ir_insn *copy;

	if (!header) {
		reject(c, insn->tok, "StackOutOfBounds");
		return false;
	}
	copy = append(u, c, insn);
	copy->header = header;
	copy->stack = NULL;
	copy->a = put_in(u, c, insn->a);
	copy->at = c->at;
	go_by(u, c, insn, header->bits, copy->a);
	clear_others(u, c, insn, header);
	return true;
}

static void set_fill(const struct unroll *u, struct cursor *c, const struct ir_insn *insn,
		     uint32_t slot)
{
	const struct ir_expr *value = put_in(u, c, insn->a);

	if (value->op != IR_CONST)
		seki_diag_unsupported(u->ir->diags, insn->tok->at,
				      "a stack whose next element depends on the packet is");
	else
		c->fills[slot] = (uint32_t)seki_num_to_u64(&value->num);
}

/* False where the block ends here. */
static bool copy_insn(struct unroll *u, struct cursor *c, const struct ir_insn *insn)
{
	uint32_t stack, slot;

	switch (insn->op) {
	case IR_NEED:
		return copy_need(u, c, insn);
	case IR_EXTRACT:
		return copy_extract(u, c, insn);
	case IR_ADVANCE:
		u->ir->plan->skips = true;
		go_by(u, c, insn, insn->lo, put_in(u, c, insn->a));
		return true;
	case IR_PEEK:
		append(u, c, insn)->at = (struct ir_at){c->at.base, c->at.bits + insn->at.bits};
		return true;
	case IR_PUSH:
		stack = insn->stack->id;
		c->fills[stack] = insn->lo < insn->stack->size - c->fills[stack]
					  ? c->fills[stack] + insn->lo
					  : insn->stack->size;
		return true;
	case IR_POP:
		stack = insn->stack->id;
		c->fills[stack] -= insn->lo < c->fills[stack] ? insn->lo : c->fills[stack];
		return true;
	case IR_SET:
		slot = seki_track_slot(&u->track, insn->var);
		if (slot)
			set_fill(u, c, insn, slot - 1);
		else
			copy_plain(u, c, insn);
		return true;
	default:
		copy_plain(u, c, insn);
		return true;
	}
}

/* ---- clones ---- */

static bool same_place(const struct ir_at *a, const struct ir_at *b)
{
	return a->base == b->base && a->bits == b->bits;
}

static bool is_new_place(const struct unroll *u, const struct ir_block *from,
			 const struct ir_at *at)
{
	for (const struct clone *c = u->made[from->id]; c; c = c->sibling)
		if (same_place(&c->at, at))
			return false;
	return true;
}

static struct clone *find_clone(const struct unroll *u, const struct ir_block *from,
				const struct ir_at *at, const uint32_t *fills)
{
	struct clone *c = u->made[from->id];

	while (c && !(same_place(&c->at, at) &&
		      memcmp(c->fills, fills, u->track.n_slots * sizeof(*fills)) == 0))
		c = c->sibling;
	return c;
}

static struct clone *add_clone(struct unroll *u, struct ir_block *from, const struct ir_at *at,
			       const uint32_t *fills)
{
	struct clone *c = seki_arena_new(u->ir->arena, struct clone);

	if (is_new_place(u, from, at))
		u->n_places[from->id]++;
	c->from = from;
	c->at = *at;
	c->fills = fills;
	c->block = seki_ir_block(u->ir, from->name);
	c->sibling = u->made[from->id];
	u->made[from->id] = c;
	u->n_clones++;
	*u->end = c;
	u->end = &c->next;
	return c;
}

static bool has_variable_step(const struct ir_block *block)
{
	for (const struct ir_insn *i = block->first; i; i = i->next)
		if ((i->op == IR_EXTRACT || i->op == IR_ADVANCE) && i->a)
			return true;
	return false;
}

static bool is_within_budget(const struct unroll *u, const struct ir_block *from,
			     const struct ir_at *at)
{
	uint32_t most = at->base || has_variable_step(from) ? MAX_NEAR : MAX_PLACES;

	return u->n_clones < MANY && (u->n_places[from->id] < most || !is_new_place(u, from, at));
}

static const uint32_t *fills_for(const struct unroll *u, const struct ir_block *to,
				 const uint32_t *fills)
{
	const uint64_t *used = seki_track_used(&u->track, to);
	uint32_t *out = seki_arena_alloc(u->ir->arena, (u->track.n_slots + 1) * sizeof(*out));

	for (uint32_t i = 0; i < u->track.n_slots; i++)
		out[i] = seki_set_has(used, i) ? fills[i] : 0;
	return out;
}

/* The block with its place in the base variable. */
static struct clone *far_clone(struct unroll *u, struct ir_block *from, const struct ir_at *at,
			       const uint32_t *fills)
{
	struct ir_at far = {base_of(u), at->bits % 8};
	struct clone *clone = find_clone(u, from, &far, fills);

	return clone ? clone : add_clone(u, from, &far, fills);
}

/* Before the block goes on to a far clone: its place goes into the base variable. */
static void mark_far(struct unroll *u, struct ir_block *block, const struct ir_at *at,
		     const struct seki_token *tok)
{
	struct cursor c = {.block = block, .at = *at};

	if (!at->base || at->bits >= 8)
		mark(u, &c, tok, NULL);
}

static bool has_fills(const struct unroll *u, const struct ir_block *from, const uint32_t *fills)
{
	const struct clone *c = u->made[from->id];

	while (c && memcmp(c->fills, fills, u->track.n_slots * sizeof(*fills)) != 0)
		c = c->sibling;
	return c != NULL;
}

/* The block as it is at that place and fill. */
static struct ir_block *clone_of(struct unroll *u, struct ir_block *from, const struct ir_at *at,
				 const uint32_t *fills)
{
	struct clone *found = find_clone(u, from, at, fills);
	struct ir_block *block;

	if (found)
		return found->block;
	if (is_within_budget(u, from, at))
		return add_clone(u, from, at, fills)->block;
	block = seki_ir_block(u->ir, from->name);
	block->to = far_clone(u, from, at, fills)->block;
	mark_far(u, block, at, from->tok);
	return block;
}

/* To a far clone, by way of a block that counts. */
static struct ir_block *way_back(struct unroll *u, const struct clone *to, const struct ir_at *at,
				 const struct seki_token *tok)
{
	struct cursor c = {.at = *at};

	c.block = seki_loops_count(u->ir, &u->loops.rounds[u->loops.leader[to->from->id] - 1],
				   to->block, seki_loops_tok(to->from));
	mark(u, &c, tok, NULL);
	return c.block;
}

/* Where an edge leads. What comes back and has filled nothing is counted, and may be anywhere. */
static struct ir_block *target(struct unroll *u, const struct cursor *c,
			       const struct ir_block *from, struct ir_block *to)
{
	const uint32_t *fills = fills_for(u, to, c->fills);

	if (!seki_loops_returns(&u->loops, from, to) || !has_fills(u, to, fills))
		return clone_of(u, to, &c->at, fills);
	return way_back(u, far_clone(u, to, &c->at, fills), &c->at, from->tok);
}

/* ---- ends ---- */

static struct ir_block *case_of(const struct ir_block *from, const struct p4_num *value)
{
	for (const struct ir_case *c = from->cases; c; c = c->next)
		if (seki_num_cmp(&c->value, value) == 0)
			return c->to;
	return from->other;
}

static void copy_switch(struct unroll *u, struct cursor *c, const struct ir_block *from)
{
	struct ir_case **end = &c->block->cases;

	for (const struct ir_case *old = from->cases; old; old = old->next) {
		*end = seki_arena_new(u->ir->arena, struct ir_case);
		(*end)->value = old->value;
		(*end)->to = target(u, c, from, old->to);
		end = &(*end)->next;
	}
	c->block->other = target(u, c, from, from->other);
}

static void copy_end(struct unroll *u, struct cursor *c, const struct ir_block *from)
{
	struct ir_block *block = c->block;
	const struct ir_expr *value = put_in(u, c, from->value);
	struct ir_block *only = NULL;

	block->last = from->last;
	block->tok = from->tok;
	block->error = from->error;
	block->value = value;
	if (from->last == IR_GOTO)
		only = from->to;
	else if (from->last == IR_BRANCH && value->op == IR_CONST)
		only = seki_num_is_zero(&value->num) ? from->other : from->to;
	else if (from->last == IR_SWITCH && value->op == IR_CONST)
		only = case_of(from, &value->num);
	if (only) {
		block->last = IR_GOTO;
		block->value = NULL;
		block->to = target(u, c, from, only);
	} else if (from->last == IR_BRANCH) {
		block->to = target(u, c, from, from->to);
		block->other = target(u, c, from, from->other);
	} else if (from->last == IR_SWITCH) {
		copy_switch(u, c, from);
	} else if (from->last == IR_ACCEPTED) {
		block->to = from->to;
		block->at = c->at;
		if (c->at.bits % 8)
			seki_diag_unsupported(u->ir->diags, from->tok->at,
					      "accepting inside a byte is");
	}
}

static void copy_block(struct unroll *u, const struct clone *clone)
{
	struct cursor c = {.block = clone->block, .at = clone->at};

	c.fills = seki_arena_alloc(u->ir->arena, (u->track.n_slots + 1) * sizeof(*c.fills));
	memcpy(c.fills, clone->fills, u->track.n_slots * sizeof(*c.fills));
	for (const struct ir_insn *i = clone->from->first; i; i = i->next)
		if (!copy_insn(u, &c, i))
			return;
	copy_end(u, &c, clone->from);
}

/* ---- all of it ---- */

/* Takes the parser's blocks, as they were, out of the list. */
static void drop_old(struct ir_program *ir, const bool *old, uint32_t n_old)
{
	struct ir_block **at = &ir->blocks;

	while (*at) {
		if ((*at)->id < n_old && old[(*at)->id])
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	ir->blocks_end = at;
}

static void too_many(const struct unroll *u, const struct ir_block *from)
{
	const struct seki_token *tok = from->first ? from->first->tok : from->tok;

	seki_diag_unsupported(
		u->ir->diags, tok ? tok->at : u->ir->parser->tok->at,
		"a parser that can be here with so many ways to have filled its header "
		"stacks, of more than %u blocks in all, is",
		MAX_CLONES);
}

int seki_p4_unroll(struct ir_program *ir)
{
	struct unroll u = {.ir = ir};
	struct ir_at start = {0};
	struct flow_order order;
	uint32_t n_old;

	ir->plan = seki_arena_new(ir->arena, struct ir_plan);
	seki_flow_number(ir);
	n_old = ir->n_blocks;
	order = seki_flow_order(ir, ir->entry, true);
	seki_track_init(&u.track, ir, &order);
	seki_loops_init(&u.loops, ir, &order, &u.track);
	u.end = &u.first;
	u.made = seki_arena_alloc(ir->arena, (n_old + 1) * sizeof(struct clone *));
	u.n_places = seki_arena_alloc(ir->arena, (n_old + 1) * sizeof(*u.n_places));
	ir->entry = clone_of(&u, ir->entry, &start,
			     seki_arena_alloc(ir->arena, (u.track.n_slots + 1) * sizeof(uint32_t)));
	for (struct clone *c = u.first; c; c = c->next) {
		if (u.n_clones > MAX_CLONES + 2 * order.n) {
			too_many(&u, c->from);
			return -EINVAL;
		}
		copy_block(&u, c);
	}
	drop_old(ir, order.reached, n_old);
	seki_loops_cut(ir);
	seki_p4_drop_clears(ir);
	seki_p4_bound_places(ir);
	seki_loops_find_counters(ir);
	seki_loops_forget(ir);
	return ir->diags->errors ? -EINVAL : 0;
}
