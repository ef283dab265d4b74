/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts loops of the parser's states: what comes back to a state for the 257th time rejects. Stacks
 * have ended their loops before; loops of statements inside a state end as the program says.
 */
#include "compiler/p4/pass/flow.h"
#include "compiler/p4/pass/plan.h"

#define MAX_ROUNDS 256u

enum mark { UNSEEN, OPEN, DONE };

struct cut {
	struct ir_program *ir;
	enum mark *marks;	/* by id */
	struct ir_var **rounds; /* by id: how often the parser came back to the block, or NULL */
};

static struct ir_var *rounds_of(struct cut *cut, const struct ir_block *head)
{
	if (!cut->rounds[head->id])
		cut->rounds[head->id] =
			seki_ir_var(cut->ir, IR_VAR_COUNT, 32,
				    seki_arena_printf(cut->ir->arena, "rounds.%s", head->name));
	return cut->rounds[head->id];
}

/* A block for the edge that comes back to `head`: counts, and goes on or rejects. */
static struct ir_block *count(struct cut *cut, struct ir_block *head)
{
	struct ir_program *ir = cut->ir;
	struct ir_var *rounds = rounds_of(cut, head);
	const struct seki_token *tok = head->first ? head->first->tok : head->tok;
	struct ir_block *block = seki_ir_block(ir, NULL);
	struct ir_block *end = seki_ir_block(ir, NULL);
	struct ir_insn *insn = seki_ir_insn(ir, block, IR_SET, tok);

	insn->var = rounds;
	insn->a = seki_ir_binary(ir, IR_ADD, 32, seki_ir_read(ir, rounds),
				 seki_ir_const(ir, 32, 1));
	block->last = IR_BRANCH;
	block->tok = tok;
	block->value = seki_ir_binary(ir, IR_LE, 1, seki_ir_read(ir, rounds),
				      seki_ir_const(ir, 32, MAX_ROUNDS));
	block->to = head;
	block->other = end;
	end->last = IR_REJECT;
	end->tok = tok;
	end->error = "ParserTimeout";
	return block;
}

/*
 * A loop through states comes back to the first of its blocks that the walk met, and that is the
 * first block of a state, which has a name: into a state's other blocks nothing leads but that one.
 */
static void walk(struct cut *cut, struct flow_edges *stack)
{
	uint32_t depth = 0;

	stack[depth++] = seki_flow_edges(cut->ir->entry);
	cut->marks[cut->ir->entry->id] = OPEN;
	while (depth) {
		struct ir_block *from = stack[depth - 1].block;
		struct ir_block **to = from->last == IR_ACCEPTED
					       ? NULL
					       : seki_flow_next(&stack[depth - 1]);

		if (!to) {
			cut->marks[from->id] = DONE;
			depth--;
		} else if (cut->marks[(*to)->id] == UNSEEN) {
			cut->marks[(*to)->id] = OPEN;
			stack[depth++] = seki_flow_edges(*to);
		} else if (cut->marks[(*to)->id] == OPEN && (*to)->name) {
			*to = count(cut, *to);
		}
	}
}

void seki_p4_cut_loops(struct ir_program *ir)
{
	struct cut cut = {.ir = ir};
	uint32_t n;

	seki_flow_number(ir);
	n = ir->n_blocks;
	cut.marks = seki_arena_alloc(ir->arena, n * sizeof(*cut.marks));
	cut.rounds = seki_arena_alloc(ir->arena, n * sizeof(struct ir_var *));
	walk(&cut, seki_arena_alloc(ir->arena, n * sizeof(struct flow_edges)));
}
