/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the deparser puts out: for each emit() a header and a flag that is looked at where the deparser
 * ends. Where a condition may leave the emit() out, the flag is a variable; where the deparser writes
 * to the header, the header is a copy as it was at the emit().
 */
#include "compiler/p4/pass/flow.h"
#include "compiler/p4/pass/plan.h"

struct settle {
	struct ir_program *ir;
	struct flow_order order; /* of the deparser */
	uint32_t words;		 /* of a set of emits */
	uint64_t *must, *may;	 /* before each block, by id: emits that have been, may have been */
	bool *there;		 /* by the emit's number: it can be reached */
	const uint64_t *always;	 /* emits that are on every way to an end */
	bool *written;		 /* by id of a variable: the deparser sets it */
};

static uint64_t *set_of(const struct settle *s, uint64_t *sets, const struct ir_block *block)
{
	return sets + (size_t)block->id * s->words;
}

static uint64_t *new_set(const struct settle *s, size_t n)
{
	return seki_arena_alloc(s->ir->arena, n * s->words * sizeof(uint64_t));
}

/* Makes `to` what is in both; whether that took anything away. */
static bool meet(uint64_t *to, const uint64_t *from, uint32_t words)
{
	uint64_t gone = 0;

	for (uint32_t w = 0; w < words; w++) {
		gone |= to[w] & ~from[w];
		to[w] &= from[w];
	}
	return gone != 0;
}

/* The sets behind a block; ends of the deparser add to what is always emitted. */
static bool pass_block(const struct settle *s, struct ir_block *block, uint64_t *always)
{
	uint64_t *must = new_set(s, 1), *may = new_set(s, 1);
	struct flow_edges edges = seki_flow_edges(block);
	struct ir_block **to;
	bool news = false;

	seki_set_join(must, set_of(s, s->must, block), s->words);
	seki_set_join(may, set_of(s, s->may, block), s->words);
	for (const struct ir_insn *i = block->first; i; i = i->next) {
		if (i->op != IR_EMIT)
			continue;
		seki_set_add(must, i->number);
		seki_set_add(may, i->number);
	}
	if (block->last == IR_PASS)
		meet(always, must, s->words);
	while ((to = seki_flow_next(&edges))) {
		news |= meet(set_of(s, s->must, *to), must, s->words);
		news |= seki_set_join(set_of(s, s->may, *to), may, s->words);
	}
	return news;
}

static void find_ways(struct settle *s)
{
	uint64_t *always = new_set(s, 1);
	bool more = true;

	s->must = new_set(s, s->ir->n_blocks);
	s->may = new_set(s, s->ir->n_blocks);
	for (size_t w = 0; w < (size_t)s->ir->n_blocks * s->words; w++)
		s->must[w] = UINT64_MAX; /* nothing is known of a way that was not walked yet */
	for (uint32_t w = 0; w < s->words; w++)
		s->must[(size_t)s->ir->deparser_entry->id * s->words + w] = 0;
	while (more) {
		more = false;
		for (uint32_t w = 0; w < s->words; w++)
			always[w] = UINT64_MAX;
		for (uint32_t i = 0; i < s->order.n; i++)
			more |= pass_block(s, s->order.blocks[i], always);
	}
	s->always = always;
}

static void note_written(void *arg, struct ir_var *var)
{
	bool *written = arg;

	written[var->id] = true;
}

static void find_written(struct settle *s)
{
	s->written = seki_arena_alloc(s->ir->arena, s->ir->n_vars + 1);
	for (uint32_t i = 0; i < s->order.n; i++)
		for (const struct ir_insn *n = s->order.blocks[i]->first; n; n = n->next)
			seki_flow_writes(n, note_written, s->written);
}

static bool is_written(const struct settle *s, const struct ir_header *header)
{
	bool any = s->written[header->valid->id];

	for (uint32_t i = 0; i < header->n_fields; i++)
		any |= s->written[header->fields[i].var->id];
	return any;
}

/* ---- copies ---- */

static struct ir_var *copy_var(struct settle *s, const struct ir_var *var, struct ir_header *header)
{
	struct ir_var *copy = seki_ir_var(s->ir, var->kind, var->width, var->name);

	copy->is_signed = var->is_signed;
	copy->header = header;
	if (var->size)
		copy->size = seki_ir_var(s->ir, var->size->kind, var->size->width, var->size->name);
	return copy;
}

static struct ir_header *copy_header(struct settle *s, const struct ir_header *header)
{
	struct ir_header *copy = seki_arena_new(s->ir->arena, struct ir_header);

	*copy = *header;
	copy->next = NULL;
	copy->id = s->ir->n_headers++;
	copy->stack = NULL;
	copy->in_union = NULL;
	copy->valid = copy_var(s, header->valid, copy);
	copy->fields = seki_arena_alloc(s->ir->arena,
					(header->n_fields + 1) * sizeof(*copy->fields));
	for (uint32_t i = 0; i < header->n_fields; i++) {
		copy->fields[i] = header->fields[i];
		copy->fields[i].var = copy_var(s, header->fields[i].var, copy);
	}
	if (header->varbit)
		copy->varbit = copy->fields[header->varbit_field].var;
	*s->ir->headers_end = copy;
	s->ir->headers_end = &copy->next;
	return copy;
}

/* Adds `to = from` before *at; returns where to go on. */
static struct ir_insn **add_set(struct settle *s, struct ir_insn **at, struct ir_var *to,
				struct ir_var *from, const struct seki_token *tok)
{
	struct ir_insn *insn = seki_arena_new(s->ir->arena, struct ir_insn);

	insn->tok = tok;
	insn->var = to;
	insn->op = to->kind == IR_VAR_VARBIT ? IR_SET_VARBIT : IR_SET;
	if (insn->op == IR_SET_VARBIT)
		insn->from = from;
	else
		insn->a = seki_ir_read(s->ir, from);
	insn->next = *at;
	*at = insn;
	return &insn->next;
}

/* Puts a copy in the place of the IR_EMIT at *at. */
static void emit_copy(struct settle *s, struct ir_insn **at, struct ir_emit *emit)
{
	const struct ir_insn *insn = *at;
	const struct ir_header *header = insn->header;

	emit->header = copy_header(s, header);
	*at = insn->next;
	for (uint32_t i = 0; i < header->n_fields; i++)
		at = add_set(s, at, emit->header->fields[i].var, header->fields[i].var, insn->tok);
	add_set(s, at, emit->header->valid, header->valid, insn->tok);
	emit->flag = emit->header->valid;
}

static bool settle_one(struct settle *s, struct ir_block *block, struct ir_insn **at)
{
	struct ir_insn *insn = *at;
	struct ir_emit *emit = &s->ir->emits[insn->number];

	s->there[insn->number] = true;
	if (seki_set_has(set_of(s, s->may, block), insn->number))
		seki_diag_unsupported(s->ir->diags, insn->tok->at, "emit() in a loop is");
	if (is_written(s, insn->header)) {
		emit_copy(s, at, emit);
		return false;
	}
	if (seki_set_has(s->always, insn->number)) {
		emit->flag = insn->header->valid;
		*at = insn->next;
		return false;
	}
	insn->var = emit->flag =
		seki_ir_var(s->ir, IR_VAR_PLAIN, 1,
			    seki_arena_printf(s->ir->arena, "emit.%s", insn->header->path));
	return true;
}

static void settle_block(struct settle *s, struct ir_block *block)
{
	struct ir_insn **at = &block->first;

	while (*at)
		if ((*at)->op != IR_EMIT || settle_one(s, block, at))
			at = &(*at)->next;
	block->end = at;
}

void seki_p4_settle_emits(struct ir_program *ir)
{
	struct settle s = {.ir = ir, .words = seki_set_words(ir->n_emits)};
	uint32_t n = 0;

	seki_flow_number(ir);
	s.order = seki_flow_order(ir, ir->deparser_entry, false);
	s.there = seki_arena_alloc(ir->arena, ir->n_emits + 1);
	find_ways(&s);
	find_written(&s);
	for (uint32_t i = 0; i < s.order.n; i++)
		settle_block(&s, s.order.blocks[i]);
	for (uint32_t i = 0; i < ir->n_emits; i++)
		if (s.there[i])
			ir->emits[n++] = ir->emits[i];
	ir->n_emits = n;
}
