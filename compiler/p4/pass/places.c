/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far into the packet the base variable can be: each IR_MARK gets the most that it, and all that
 * comes to the same block, can put there. The machine checks that, and needs to know no more: the
 * rest of what led here is forgotten, so ways that meet are alike.
 */
#include "compiler/p4/pass/plan.h"

#include "abi/ring.h"
#include "compiler/p4/pass/flow.h"
#include "compiler/p4/pass/loops.h"

#define FAR	   (1ull << 28) /* bytes: no packet is so long, for whoever loads the program */
#define STEP_DEPTH 8u		/* variables that are assigned to each other */

/* An instruction that sets a variable. */
struct setter {
	struct setter *next;
	const struct ir_insn *insn; /* NULL: not to what an expression says */
};

struct places {
	struct ir_program *ir;
	struct setter **setters; /* by id of a variable */
	uint64_t *bounds;	 /* no less than it can be, once it was asked for; 0: not yet */
	uint64_t *most;		 /* by id of a block: at its start */
	uint32_t *rank;		 /* its place in the order of blocks */
	bool *looped;		 /* by id of a block: what comes back to it is in `most` */
	uint64_t loops_end;	 /* that far each loop may go, or further where it begins later */
};

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t greatest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* ---- values ---- */

static void add_setter(struct places *p, const struct ir_var *var, const struct ir_insn *insn)
{
	struct setter *setter = seki_arena_new(p->ir->arena, struct setter);

	setter->next = p->setters[var->id];
	setter->insn = insn;
	p->setters[var->id] = setter;
}

static void note_write(void *arg, struct ir_var *var)
{
	add_setter(arg, var, NULL);
}

static void find_setters(struct places *p)
{
	struct flow_order all = seki_flow_order(p->ir, p->ir->entry, false);

	for (uint32_t b = 0; b < all.n; b++)
		for (const struct ir_insn *i = all.blocks[b]->first; i; i = i->next)
			if (i->op == IR_SET)
				add_setter(p, i->var, i);
			else
				seki_flow_writes(i, note_write, p);
}

static uint64_t all_bits(uint32_t width)
{
	return width >= 64 ? UINT64_MAX : (1ull << width) - 1;
}

static uint64_t bound(struct places *p, const struct ir_expr *e);

/* Variables begin with 0. One that is asked for while it is looked at may be anything. */
static uint64_t bound_of(struct places *p, const struct ir_var *var)
{
	uint64_t all = all_bits(var->width), most = 0;

	if (p->bounds[var->id] || var->kind == IR_VAR_STD)
		return p->bounds[var->id] ? p->bounds[var->id] : all;
	p->bounds[var->id] = all;
	for (const struct setter *s = p->setters[var->id]; s && most < all; s = s->next)
		most = s->insn ? greatest(most, bound(p, s->insn->a)) : all;
	return p->bounds[var->id] = greatest(least(most, all), 1);
}

static uint64_t shifted(uint64_t a, uint64_t all, const struct ir_expr *e)
{
	uint64_t by = e->b->op == IR_CONST ? seki_num_to_u64(&e->b->num) : 64;

	if (e->op == IR_SHR)
		return by < 64 ? a >> by : a;
	return by < 64 && a <= all >> by ? a << by : all;
}

/* No less than the value can be. */
static uint64_t bound(struct places *p, const struct ir_expr *e)
{
	uint64_t all = all_bits(e->width), a, b;

	switch (e->op) {
	case IR_CONST:
		return seki_num_is_u64(&e->num) ? seki_num_to_u64(&e->num) : all;
	case IR_READ:
		return bound_of(p, e->var);
	case IR_ZEXT:
	case IR_DIV:
	case IR_MOD:
		return least(all, bound(p, e->a));
	case IR_AND:
		return least(bound(p, e->a), bound(p, e->b));
	case IR_ADD:
		a = bound(p, e->a);
		b = bound(p, e->b);
		return b <= all && a <= all - b ? a + b : all;
	case IR_MUL:
		a = bound(p, e->a);
		b = bound(p, e->b);
		return a <= all && (!a || b <= all / a) ? a * b : all;
	case IR_COND:
		return greatest(bound(p, e->b), bound(p, e->c));
	case IR_SHL:
	case IR_SHR:
		return shifted(bound(p, e->a), all, e);
	default:
		return all;
	}
}

static uint64_t bound_step(struct places *p, const struct ir_expr *e, uint64_t down,
			   uint32_t depth);

/* Of all that is assigned to it. */
static uint64_t bound_step_of(struct places *p, const struct ir_var *var, uint64_t down,
			      uint32_t depth)
{
	uint64_t most = 0;

	for (const struct setter *s = p->setters[var->id]; s; s = s->next)
		most = greatest(most, s->insn ? bound_step(p, s->insn->a, down, depth + 1)
					      : all_bits(var->width) >> down);
	return most;
}

/* What is shifted down by `down` bits is a step of the parser: where a constant was taken from less than
 * it, that is further than packets are long, and the IR_NEED before rejects. */
static uint64_t bound_step(struct places *p, const struct ir_expr *e, uint64_t down, uint32_t depth)
{
	uint64_t all = all_bits(e->width);
	uint64_t by = e->b && e->b->op == IR_CONST ? least(seki_num_to_u64(&e->b->num), all) : 0;

	if (e->op == IR_READ && e->var->kind != IR_VAR_STD && depth < STEP_DEPTH)
		return bound_step_of(p, e->var, down, depth);
	if (e->op == IR_ZEXT)
		return bound_step(p, e->a, down, depth);
	if (e->op == IR_SHR && by && down + by < 64)
		return bound_step(p, e->a, down + by, depth);
	if (e->op == IR_SUB && by && e->width <= 64 && (all - by) >> down > FAR)
		return bound(p, e->a) >> down;
	return bound(p, e) >> down;
}

/* How much further on an IR_MARK goes; `extract`: right before it, or NULL. */
static uint64_t advance(struct places *p, const struct ir_insn *mark, const struct ir_insn *extract)
{
	uint64_t more = mark->a ? bound_step(p, mark->a, 0, 0) : 0;

	if (extract && extract->op == IR_EXTRACT && extract->a == mark->a && mark->a)
		more = least(more, extract->header->varbit->width / 8);
	return mark->at.bits / 8 + least(more, SEKI_PACKET_MAX);
}

/* ---- blocks ---- */

/* Where the base variable can be at the block's end. Notes that in its marks. What comes back in a loop
 * is held to where its first block may start. */
static uint64_t behind(struct places *p, const struct ir_block *block, struct ir_insn **last)
{
	uint64_t at = p->most[block->id];
	const struct ir_insn *before = NULL;

	*last = NULL;
	for (struct ir_insn *i = block->first; i; before = i, i = i->next) {
		if (i->op != IR_MARK)
			continue;
		at = least((i->at.base ? at : 0) + advance(p, i, before), SEKI_PACKET_MAX);
		if (seki_loops_is_count(block))
			at = least(at, greatest(p->most[block->to->id], p->loops_end));
		i->lo = (uint32_t)at;
		*last = i;
	}
	return at;
}

static void add_loop(struct places *p, const struct ir_block *head, uint64_t loop)
{
	p->most[head->id] = least(p->most[head->id] + loop, SEKI_PACKET_MAX);
	p->looped[head->id] = true;
}

/* Along all edges. Those that come back may have gone `loop` bytes on, in all rounds together. */
static void go_on(struct places *p, const struct flow_order *order, uint64_t loop)
{
	for (uint32_t b = 0; b < order->n; b++) {
		struct flow_edges edges = seki_flow_edges(order->blocks[b]);
		struct ir_insn *last;
		uint64_t at = behind(p, order->blocks[b], &last);
		struct ir_block **to;

		while (order->blocks[b]->last != IR_ACCEPTED && (to = seki_flow_next(&edges)))
			if (p->rank[(*to)->id] > b)
				p->most[(*to)->id] = greatest(p->most[(*to)->id], at);
			else if (loop && !p->looped[(*to)->id])
				add_loop(p, *to, loop);
	}
}

/* How far loops go, all together: no further than all blocks go on by in each round. */
static uint64_t loop_bytes(struct places *p, const struct flow_order *order)
{
	uint64_t sum = 0;

	for (uint32_t b = 0; b < order->n; b++) {
		const struct ir_insn *before = NULL;

		for (const struct ir_insn *i = order->blocks[b]->first; i; before = i, i = i->next)
			if (i->op == IR_MARK && i->at.base)
				sum += advance(p, i, before);
	}
	return least((LOOPS_ROUNDS + 1) * least(sum, SEKI_PACKET_MAX), LOOPS_BYTES);
}

/* Behind all places that are constants. */
static uint64_t find_loops_end(const struct flow_order *order)
{
	uint64_t end = 0;

	for (uint32_t b = 0; b < order->n; b++)
		for (const struct ir_insn *i = order->blocks[b]->first; i; i = i->next)
			if (!i->at.base)
				end = greatest(end, i->at.bits / 8);
	return end + LOOPS_BYTES;
}

/* How far the parser goes. */
static void find_reach(struct places *p, const struct flow_order *order)
{
	for (uint32_t b = 0; b < order->n; b++) {
		const struct ir_block *block = order->blocks[b];
		struct ir_insn *last;
		uint64_t at = block->at.base ? behind(p, block, &last) : 0;

		if (block->last == IR_ACCEPTED)
			p->ir->plan->reach = (uint32_t)least(
				greatest(p->ir->plan->reach, at + block->at.bits / 8),
				SEKI_PACKET_MAX);
	}
}

/* What comes to the same block is marked alike. */
static void join_marks(struct places *p, const struct flow_order *order)
{
	for (uint32_t b = 0; b < order->n; b++) {
		struct ir_block *block = order->blocks[b];
		struct flow_edges edges = seki_flow_edges(block);
		struct ir_block **to;
		struct ir_insn *last;

		behind(p, block, &last);
		while (last && block->last != IR_ACCEPTED && (to = seki_flow_next(&edges)))
			last->lo = (uint32_t)greatest(last->lo, p->most[(*to)->id]);
	}
}

void seki_p4_bound_places(struct ir_program *ir)
{
	struct places p = {.ir = ir};
	struct flow_order order;

	seki_flow_number(ir);
	order = seki_flow_order(ir, ir->entry, true);
	p.setters = seki_arena_alloc(ir->arena, (ir->n_vars + 1) * sizeof(*p.setters));
	p.bounds = seki_arena_alloc(ir->arena, (ir->n_vars + 1) * sizeof(*p.bounds));
	p.most = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(*p.most));
	p.rank = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(*p.rank));
	p.looped = seki_arena_alloc(ir->arena, ir->n_blocks + 1);
	for (uint32_t b = 0; b < order.n; b++)
		p.rank[order.blocks[b]->id] = b;
	p.loops_end = find_loops_end(&order);
	find_setters(&p);
	go_on(&p, &order, 0);
	go_on(&p, &order, loop_bytes(&p, &order));
	go_on(&p, &order, 0);
	find_reach(&p, &order);
	join_marks(&p, &order);
}
