/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/p4/pass/loops.h"

#include <string.h>

/* ---- counting ---- */

static struct ir_var *rounds_of(struct ir_program *ir, struct ir_var **rounds,
				const struct ir_block *to)
{
	if (!*rounds)
		*rounds = seki_ir_var(ir, IR_VAR_COUNT, 32,
				      seki_arena_printf(ir->arena, "rounds.%s", to->name));
	return *rounds;
}

struct ir_block *seki_loops_count(struct ir_program *ir, struct ir_var **rounds,
				  struct ir_block *to, const struct seki_token *tok)
{
	struct ir_var *var = rounds_of(ir, rounds, to);
	struct ir_block *block = seki_ir_block(ir, NULL);
	struct ir_block *end = seki_ir_block(ir, NULL);
	struct ir_insn *insn = seki_ir_insn(ir, block, IR_SET, tok);

	insn->var = var;
	insn->a = seki_ir_binary(ir, IR_ADD, 32, seki_ir_read(ir, var), seki_ir_const(ir, 32, 1));
	block->last = IR_BRANCH;
	block->tok = tok;
	block->value = seki_ir_binary(ir, IR_LE, 1, seki_ir_read(ir, var),
				      seki_ir_const(ir, 32, LOOPS_ROUNDS));
	block->to = to;
	block->other = end;
	end->last = IR_REJECT;
	end->tok = tok;
	end->error = "ParserTimeout";
	return block;
}

bool seki_loops_is_count(const struct ir_block *block)
{
	return block->last == IR_BRANCH && block->other->last == IR_REJECT && block->other->error &&
	       strcmp(block->other->error, "ParserTimeout") == 0;
}

const struct seki_token *seki_loops_tok(const struct ir_block *state)
{
	return state->first ? state->first->tok : state->tok;
}

/* ---- which loops no stack ends ---- */

struct search {
	struct ir_program *ir;
	const struct flow_order *parser;
	const struct track *track;
	bool *seen;		 /* by id */
	struct ir_block **stack; /* blocks to go on from */
};

/* Whether the block fills a stack that nothing empties. */
static bool fills(const struct ir_block *block, const bool *emptied)
{
	for (const struct ir_insn *i = block->first; i; i = i->next)
		if (i->op == IR_EXTRACT && i->stack && !emptied[i->stack->id])
			return true;
	return false;
}

/* Stacks whose fill may shrink anywhere but where the parser begins. */
static bool *find_emptied(const struct search *s)
{
	bool *emptied = seki_arena_alloc(s->ir->arena, s->track->n_slots + 1);

	for (uint32_t b = 0; b < s->parser->n; b++)
		for (const struct ir_insn *i = s->parser->blocks[b]->first; i; i = i->next) {
			uint32_t slot = i->op == IR_SET ? seki_track_slot(s->track, i->var) : 0;

			if (i->op == IR_POP)
				emptied[i->stack->id] = true;
			else if (slot && s->parser->blocks[b] != s->ir->entry)
				emptied[slot - 1] = true;
		}
	return emptied;
}

/* Marks what can be reached from the block; `fill`: also by blocks that fill a stack. Whether the block
 * itself is among that. */
static bool reach(struct search *s, struct ir_block *head, const bool *emptied, bool fill)
{
	bool returns = false;
	uint32_t n = 0;

	memset(s->seen, 0, s->ir->n_blocks);
	s->stack[n++] = head;
	while (n) {
		struct ir_block *from = s->stack[--n];
		struct flow_edges edges = seki_flow_edges(from);
		struct ir_block **to;

		while (from->last != IR_ACCEPTED && (fill || !fills(from, emptied)) &&
		       (to = seki_flow_next(&edges))) {
			returns |= *to == head;
			if (*to == head || s->seen[(*to)->id])
				continue;
			s->seen[(*to)->id] = true;
			s->stack[n++] = *to;
		}
	}
	return returns;
}

/*
 * Loops inside each other, or through the same states, are counted together: to tell how often each
 * was gone round is more than the verifier can follow.
 */
static void find_leaders(struct loops *loops, struct search *s, const bool *emptied)
{
	const struct flow_order *parser = s->parser;
	bool *reached = seki_arena_alloc(s->ir->arena, s->ir->n_blocks + 1);

	for (uint32_t i = 0; i < parser->n; i++) {
		uint32_t head = parser->blocks[i]->id;

		if (!loops->endless[head] || loops->leader[head])
			continue;
		loops->leader[head] = 1 + head;
		reach(s, parser->blocks[i], emptied, true);
		memcpy(reached, s->seen, s->ir->n_blocks);
		for (uint32_t k = i + 1; k < parser->n; k++) {
			struct ir_block *other = parser->blocks[k];

			if (!loops->endless[other->id] || loops->leader[other->id] ||
			    !reached[other->id])
				continue;
			reach(s, other, emptied, true);
			if (s->seen[head])
				loops->leader[other->id] = 1 + head;
		}
	}
}

/* States that are come back to; whether there is any. */
static bool find_heads(const struct loops *loops, const struct flow_order *parser, bool *heads)
{
	bool any = false;

	for (uint32_t i = 0; i < parser->n; i++) {
		struct flow_edges edges = seki_flow_edges(parser->blocks[i]);
		struct ir_block **to;

		while (parser->blocks[i]->last != IR_ACCEPTED && (to = seki_flow_next(&edges))) {
			if (loops->rank[(*to)->id] > i || !(*to)->name)
				continue;
			heads[(*to)->id] = any = true;
		}
	}
	return any;
}

void seki_loops_init(struct loops *loops, struct ir_program *ir, const struct flow_order *parser,
		     const struct track *track)
{
	struct search s = {.ir = ir, .parser = parser, .track = track};
	bool *heads = seki_arena_alloc(ir->arena, ir->n_blocks + 1);
	const bool *emptied;

	loops->rank = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(*loops->rank));
	loops->endless = seki_arena_alloc(ir->arena, ir->n_blocks + 1);
	loops->leader = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(*loops->leader));
	loops->rounds = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(struct ir_var *));
	for (uint32_t i = 0; i < parser->n; i++)
		loops->rank[parser->blocks[i]->id] = i;
	if (!find_heads(loops, parser, heads))
		return;
	emptied = find_emptied(&s);
	s.seen = seki_arena_alloc(ir->arena, ir->n_blocks + 1);
	s.stack = seki_arena_alloc(ir->arena, (ir->n_blocks + 1) * sizeof(struct ir_block *));
	for (uint32_t i = 0; i < parser->n; i++) {
		struct ir_block *block = parser->blocks[i];

		loops->endless[block->id] = heads[block->id] && reach(&s, block, emptied, false);
	}
	find_leaders(loops, &s, emptied);
}

bool seki_loops_returns(const struct loops *loops, const struct ir_block *from,
			const struct ir_block *to)
{
	return loops->endless[to->id] && loops->rank[to->id] <= loops->rank[from->id];
}

/* ---- what is left ---- */

enum mark { UNSEEN, OPEN, DONE };

/*
 * A loop through states comes back to the first of its blocks that the walk met, and that is the
 * first block of a state, which has a name: into a state's other blocks nothing leads but that one.
 */
static void walk(struct ir_program *ir, enum mark *marks, struct ir_var **rounds,
		 struct flow_edges *stack)
{
	uint32_t depth = 0;

	stack[depth++] = seki_flow_edges(ir->entry);
	marks[ir->entry->id] = OPEN;
	while (depth) {
		struct ir_block *from = stack[depth - 1].block;
		struct ir_block **to = from->last == IR_ACCEPTED
					       ? NULL
					       : seki_flow_next(&stack[depth - 1]);

		if (!to) {
			marks[from->id] = DONE;
			depth--;
		} else if (marks[(*to)->id] == UNSEEN) {
			marks[(*to)->id] = OPEN;
			stack[depth++] = seki_flow_edges(*to);
		} else if (marks[(*to)->id] == OPEN && (*to)->name && !seki_loops_is_count(from)) {
			*to = seki_loops_count(ir, &rounds[(*to)->id], *to, seki_loops_tok(*to));
		}
	}
}

void seki_loops_cut(struct ir_program *ir)
{
	uint32_t n;

	seki_flow_number(ir);
	n = ir->n_blocks;
	walk(ir, seki_arena_alloc(ir->arena, n * sizeof(enum mark)),
	     seki_arena_alloc(ir->arena, n * sizeof(struct ir_var *)),
	     seki_arena_alloc(ir->arena, n * sizeof(struct flow_edges)));
}

/* ---- loops of statements ---- */

static void note_counter(void *arg, struct ir_var *var)
{
	(void)arg;
	var->counts |= var->kind == IR_VAR_PLAIN && var->width <= 32;
}

/* Of the blocks from a loop's first to its last, as the walk went: what the first branches by, and the
 * last that branches. */
static void note_counters(const struct flow_edges *loop, uint32_t n)
{
	uint32_t last = n - 1;

	for (uint32_t i = 0; i < n; i++)
		if (seki_loops_is_count(loop[i].block))
			return;
	while (last && loop[last].block->last != IR_BRANCH)
		last--;
	seki_flow_expr_reads(loop[0].block->value, note_counter, NULL);
	seki_flow_expr_reads(loop[last].block->value, note_counter, NULL);
}

void seki_loops_find_counters(struct ir_program *ir)
{
	struct flow_edges *stack;
	enum mark *marks;
	uint32_t depth = 0;

	seki_flow_number(ir);
	stack = seki_arena_alloc(ir->arena, ir->n_blocks * sizeof(*stack));
	marks = seki_arena_alloc(ir->arena, ir->n_blocks * sizeof(*marks));
	stack[depth++] = seki_flow_edges(ir->entry);
	while (depth) {
		struct ir_block **to = seki_flow_next(&stack[depth - 1]);

		marks[stack[depth - 1].block->id] = to ? OPEN : DONE;
		if (!to) {
			depth--;
		} else if (marks[(*to)->id] == UNSEEN) {
			stack[depth++] = seki_flow_edges(*to);
		} else if (marks[(*to)->id] == OPEN) {
			uint32_t head = depth - 1;

			while (stack[head].block != *to)
				head--;
			note_counters(stack + head, depth - head);
		}
	}
}
