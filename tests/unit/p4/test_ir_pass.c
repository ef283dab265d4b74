/* SPDX-License-Identifier: Apache-2.0 */
/* The passes over the graph (compiler/p4/pass): graphs made by hand, and what becomes of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "compiler/p4/pass/plan.h"

static struct seki_arena arena;
static struct seki_diags diags;
static struct ir_program *ir;
static struct seki_source source = {.name = "test", .text = "x", .len = 1};
static struct seki_token token = {.text = "x", .at = {.src = &source, .len = 1}};
static struct p4_decl parser = {.tok = &token};

static int setup(void **state)
{
	(void)state;
	seki_arena_init(&arena, (size_t)256 << 20);
	if (setjmp(arena.full))
		return -1;
	seki_diags_init(&diags, &arena);
	ir = seki_arena_new(&arena, struct ir_program);
	ir->arena = &arena;
	ir->diags = &diags;
	ir->parser = &parser;
	ir->vars_end = &ir->vars;
	ir->headers_end = &ir->headers;
	ir->stacks_end = &ir->stacks;
	ir->blocks_end = &ir->blocks;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	seki_arena_exit(&arena);
	return 0;
}

/* ---- graphs ---- */

static struct ir_var *field_of(struct ir_header *h, enum ir_var_kind kind, uint32_t width)
{
	struct ir_var *var = seki_ir_var(ir, kind, width, h->path);

	var->header = h;
	return var;
}

/* A header of one field; varbit: behind that. */
static struct ir_header *header(const char *path, uint32_t bits, uint32_t varbit)
{
	struct ir_header *h = seki_arena_new(&arena, struct ir_header);

	h->id = ir->n_headers++;
	h->path = path;
	h->tok = &token;
	h->valid = field_of(h, IR_VAR_VALID, 1);
	h->bits = bits;
	h->fields = seki_arena_alloc(&arena, 2 * sizeof(*h->fields));
	h->fields[h->n_fields++].var = field_of(h, IR_VAR_FIELD, bits);
	if (varbit) {
		h->varbit = field_of(h, IR_VAR_VARBIT, varbit);
		h->varbit->size = seki_ir_var(ir, IR_VAR_PLAIN, 32, "size");
		h->varbit_field = 1;
		h->fields[h->n_fields++].var = h->varbit;
	}
	*ir->headers_end = h;
	ir->headers_end = &h->next;
	return h;
}

static struct ir_stack *stack(const char *path, uint32_t size, uint32_t bits)
{
	struct ir_stack *s = seki_arena_new(&arena, struct ir_stack);

	s->id = ir->n_stacks++;
	s->path = path;
	s->size = size;
	s->elems = seki_arena_alloc(&arena, size * sizeof(struct ir_header *));
	for (uint32_t i = 0; i < size; i++)
		s->elems[i] = header(path, bits, 0);
	s->next_index = seki_ir_var(ir, IR_VAR_PLAIN, 32, "next");
	*ir->stacks_end = s;
	ir->stacks_end = &s->next;
	return s;
}

static struct ir_block *block(const char *name)
{
	return seki_ir_block(ir, name);
}

static const struct ir_expr *number(uint32_t v)
{
	return seki_ir_const(ir, 32, v);
}

static struct ir_insn *add(struct ir_block *b, enum ir_insn_op op)
{
	return seki_ir_insn(ir, b, op, &token);
}

static void extract(struct ir_block *b, struct ir_header *h, struct ir_stack *s,
		    const struct ir_expr *size)
{
	struct ir_insn *insn = add(b, IR_NEED);

	insn->lo = h ? h->bits : s->elems[0]->bits;
	insn->a = size;
	insn = add(b, IR_EXTRACT);
	insn->header = h;
	insn->stack = s;
	insn->a = size;
}

static struct ir_insn *set(struct ir_block *b, struct ir_var *var, const struct ir_expr *a)
{
	struct ir_insn *insn = add(b, IR_SET);

	insn->var = var;
	insn->a = a;
	return insn;
}

static const struct ir_expr *is_set(struct ir_var *var)
{
	return seki_ir_binary(ir, IR_NE, 1, seki_ir_read(ir, var),
			      seki_ir_const(ir, var->width, 0));
}

static void go(struct ir_block *from, struct ir_block *to)
{
	from->last = IR_GOTO;
	from->tok = &token;
	from->to = to;
}

static void branch(struct ir_block *from, struct ir_var *var, struct ir_block *to,
		   struct ir_block *other)
{
	from->last = IR_BRANCH;
	from->tok = &token;
	from->value = is_set(var);
	from->to = to;
	from->other = other;
}

static struct ir_block *accept_block, *pipeline, *deparser;

/* A parser that starts at `start` and whose accepting leads through two empty controls. */
static void program(struct ir_block *start)
{
	ir->entry = start;
	accept_block = block(NULL);
	pipeline = ir->pipeline_entry = block(NULL);
	deparser = ir->deparser_entry = block(NULL);
	accept_block->last = IR_ACCEPTED;
	accept_block->to = pipeline;
	accept_block->tok = &token;
	go(pipeline, deparser);
	deparser->last = IR_PASS;
}

static void emit(struct ir_block *b, struct ir_header *h)
{
	struct ir_insn *insn = add(b, IR_EMIT);

	if (!ir->emits)
		ir->emits = seki_arena_alloc(&arena, 16 * sizeof(*ir->emits));
	insn->header = h;
	insn->number = ir->n_emits;
	ir->emits[ir->n_emits++] = (struct ir_emit){.header = h, .tok = &token};
}

static void run(void)
{
	assert_int_equal(seki_p4_unroll(ir), 0);
	assert_null(seki_p4_pass_fault(ir, IR_PASS_UNROLL));
	assert_int_equal(seki_p4_plan(ir), 0);
	assert_null(seki_p4_pass_fault(ir, IR_PASS_PLAN));
	seki_p4_prune(ir);
	assert_null(seki_p4_pass_fault(ir, IR_PASS_PRUNE));
}

static const struct ir_fate *fate(const struct ir_header *h)
{
	return &ir->plan->fates[h->id];
}

static uint32_t count(enum ir_insn_op op)
{
	uint32_t n = 0;

	for (const struct ir_block *b = ir->blocks; b; b = b->next)
		for (const struct ir_insn *i = b->first; i; i = i->next)
			n += i->op == op;
	return n;
}

/* The most that a mark says that the place is. */
static uint32_t greatest_mark(void)
{
	uint32_t most = 0;

	for (const struct ir_block *b = ir->blocks; b; b = b->next)
		for (const struct ir_insn *i = b->first; i; i = i->next)
			if (i->op == IR_MARK && i->lo > most)
				most = i->lo;
	return most;
}

static uint32_t count_rejects(const char *error)
{
	uint32_t n = 0;

	for (const struct ir_block *b = ir->blocks; b; b = b->next)
		n += b->last == IR_REJECT && strcmp(b->error, error) == 0;
	return n;
}

/* ---- places ---- */

/* eth, then, or not, ip: two layouts, places that are constants, all in order. */
static void test_straight(void **state)
{
	struct ir_header *eth = header("eth", 112, 0), *ip = header("ip", 160, 0);
	struct ir_block *start = block("start"), *parse_ip = block("ip");

	(void)state;
	program(start);
	extract(start, eth, NULL, NULL);
	branch(start, eth->fields[0].var, parse_ip, accept_block);
	extract(parse_ip, ip, NULL, NULL);
	go(parse_ip, accept_block);
	emit(deparser, eth);
	emit(deparser, ip);
	run();
	assert_int_equal(fate(ip)->n_spots, 1);
	assert_int_equal(fate(ip)->spots->at.bits, 112);
	assert_null(fate(ip)->where);
	assert_int_equal(ir->plan->n_layouts, 2);
	assert_true(ir->plan->in_order);
	assert_true(ir->plan->preserved);
	assert_ptr_equal(ir->emits[1].flag, ip->valid);
	assert_int_equal(count(IR_EMIT), 0);
	assert_false(ip->fields[0].var->read);
	assert_true(eth->fields[0].var->read);
}

/* The second way to ip is longer: two places, so one is kept. */
static void test_two_places(void **state)
{
	struct ir_header *eth = header("eth", 112, 0), *tag = header("tag", 32, 0);
	struct ir_header *ip = header("ip", 160, 0);
	struct ir_block *start = block("start"), *parse_tag = block("tag");
	struct ir_block *parse_ip = block("ip");

	(void)state;
	program(start);
	extract(start, eth, NULL, NULL);
	branch(start, eth->fields[0].var, parse_ip, parse_tag);
	extract(parse_tag, tag, NULL, NULL);
	go(parse_tag, parse_ip);
	extract(parse_ip, ip, NULL, NULL);
	go(parse_ip, accept_block);
	run();
	assert_int_equal(fate(ip)->n_spots, 2);
	assert_non_null(fate(ip)->where);
	assert_int_equal(count(IR_MARK), 0);
	assert_false(ir->plan->in_order); /* they are not emitted */
}

static void test_advance(void **state)
{
	struct ir_header *eth = header("eth", 112, 0);
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_ADVANCE)->lo = 12;
	extract(start, eth, NULL, NULL);
	add(start, IR_ADVANCE)->lo = 4;
	go(start, accept_block);
	emit(deparser, eth);
	run();
	assert_int_equal(fate(eth)->spots->at.bits, 12);
	assert_true(ir->plan->skips);
	assert_false(ir->plan->preserved);
	assert_int_equal(ir->plan->layouts[0].len, 16);
}

static void test_variable_advance(void **state)
{
	struct ir_header *eth = header("eth", 112, 0), *ip = header("ip", 160, 0);
	struct ir_var *size = seki_ir_var(ir, IR_VAR_PLAIN, 32, "size");
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	extract(start, eth, NULL, NULL);
	add(start, IR_ADVANCE)->a = seki_ir_read(ir, size);
	extract(start, ip, NULL, NULL);
	go(start, accept_block);
	emit(deparser, eth);
	emit(deparser, ip);
	run();
	assert_int_equal(count(IR_MARK), 1);
	assert_non_null(fate(ip)->spots->at.base);
	assert_int_equal(fate(ip)->spots->at.bits, 0);
	assert_non_null(fate(ip)->where);
	assert_int_equal(ir->plan->n_layouts, 0);
}

static void test_inside_a_byte(void **state)
{
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_ADVANCE)->lo = 4;
	go(start, accept_block);
	assert_int_not_equal(seki_p4_unroll(ir), 0);
	assert_int_equal(diags.unsupported, 1);
}

static void test_beyond_any_packet(void **state)
{
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_NEED)->a = number(UINT32_MAX);
	add(start, IR_ADVANCE)->lo = UINT32_MAX;
	go(start, accept_block);
	run();
	assert_int_equal(count_rejects("PacketTooShort"), 1);
	assert_int_equal(count(IR_NEED), 0);
}

/* What was checked is not checked again. */
static void test_checks(void **state)
{
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_NEED)->lo = 64;
	add(start, IR_NEED)->lo = 8;
	add(start, IR_ADVANCE)->lo = 8;
	add(start, IR_NEED)->lo = 56;
	add(start, IR_NEED)->lo = 57;
	go(start, accept_block);
	run();
	assert_int_equal(count(IR_NEED), 2);
}

static void test_varbit(void **state)
{
	struct ir_header *ip = header("ip", 160, 320), *tcp = header("tcp", 160, 0);
	struct ir_var *size = seki_ir_var(ir, IR_VAR_PLAIN, 32, "size");
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_NEED)->lo = 32;
	add(start, IR_PEEK)->var = size;
	extract(start, ip, NULL, seki_ir_read(ir, size));
	extract(start, tcp, NULL, NULL);
	go(start, accept_block);
	emit(deparser, ip);
	emit(deparser, tcp);
	run();
	assert_int_equal(count(IR_MARK), 1);
	assert_int_equal(greatest_mark(), 20 + 40); /* and no more than the field holds */
	assert_int_equal(ir->plan->reach, 20 + 40 + 20);
	assert_null(fate(ip)->where);
	assert_non_null(fate(tcp)->where);
	assert_true(ir->plan->preserved);
	assert_int_equal(ir->plan->n_layouts, 0);
}

/* ---- stacks and loops ---- */

/* state s { extract(stack.next); transition select(...) { s or accept } } */
static struct ir_block *loop(const char *name, struct ir_stack *s, struct ir_var *more)
{
	struct ir_block *b = block(name);

	extract(b, NULL, s, NULL);
	branch(b, more, b, accept_block);
	return b;
}

static void test_stack_loop(void **state)
{
	struct ir_stack *s = stack("mpls", 3, 32);
	struct ir_var *more = seki_ir_var(ir, IR_VAR_PLAIN, 8, "more");
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	go(start, loop("mpls", s, more));
	for (uint32_t i = 0; i < 3; i++)
		emit(deparser, s->elems[i]);
	run();
	assert_int_equal(count(IR_EXTRACT), 3);
	assert_int_equal(count_rejects("StackOutOfBounds"), 1);
	assert_int_equal(count_rejects("ParserTimeout"), 0);
	assert_int_equal(fate(s->elems[2])->spots->at.bits, 64);
	assert_int_equal(ir->plan->n_layouts, 3);
	assert_true(ir->plan->preserved);
}

/* Two stacks, one after the other: fills of the first do not matter any more behind it. */
static void test_two_stacks(void **state)
{
	struct ir_stack *a = stack("a", 16, 32), *b = stack("b", 16, 32);
	struct ir_var *more = seki_ir_var(ir, IR_VAR_PLAIN, 8, "more");
	struct ir_block *first, *second;

	(void)state;
	program(block("unused"));
	second = loop("b", b, more);
	first = loop("a", a, more);
	first->other = second;
	ir->entry = first;
	run();
	assert_in_range(ir->n_blocks, 34, 300); /* and places are few */
	assert_true(fate(b->elems[15])->extracted);
}

/* A stack of a sub-parser starts anew with each call; last is an element. */
static void test_next_index(void **state)
{
	struct ir_stack *s = stack("s", 4, 8);
	struct ir_var *out = seki_ir_var(ir, IR_VAR_STD, 32, "out");
	struct ir_block *start = block("start");
	const struct ir_insn *last = NULL;

	(void)state;
	program(start);
	extract(start, NULL, s, NULL);
	extract(start, NULL, s, NULL);
	set(start, out, seki_ir_read(ir, s->next_index));
	set(start, s->next_index, number(0));
	extract(start, NULL, s, NULL);
	set(start, out, seki_ir_binary(ir, IR_SUB, 32, seki_ir_read(ir, s->next_index), number(1)));
	go(start, accept_block);
	run();
	assert_true(fate(s->elems[0])->extracted_twice);
	assert_false(fate(s->elems[2])->extracted);
	for (const struct ir_insn *i = ir->entry->first; i; i = i->next)
		last = i->op == IR_SET ? i : last;
	assert_true(seki_ir_is_const(last->a, 0));
}

static void test_push_pop(void **state)
{
	struct ir_stack *s = stack("s", 4, 8);
	struct ir_block *start = block("start");
	struct ir_insn *insn;

	(void)state;
	program(start);
	insn = add(start, IR_PUSH);
	insn->stack = s;
	insn->lo = UINT32_MAX;
	insn = add(start, IR_POP);
	insn->stack = s;
	insn->lo = 1;
	extract(start, NULL, s, NULL);
	insn = add(start, IR_POP);
	insn->stack = s;
	insn->lo = UINT32_MAX;
	extract(start, NULL, s, NULL);
	go(start, accept_block);
	run();
	assert_true(fate(s->elems[3])->extracted);
	assert_true(fate(s->elems[0])->extracted);
	assert_int_equal(count(IR_PUSH) + count(IR_POP), 0);
}

/* No stack ends it: places become variable, and a counter ends it. */
static void test_loop_without_stack(void **state)
{
	struct ir_var *more = seki_ir_var(ir, IR_VAR_PLAIN, 8, "more");
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_NEED)->lo = 8;
	add(start, IR_PEEK)->var = more;
	add(start, IR_ADVANCE)->lo = 8;
	branch(start, more, start, accept_block);
	run();
	assert_int_equal(count(IR_PEEK), 2); /* the first time at 0 */
	assert_int_equal(count(IR_MARK), 2);
	assert_int_equal(greatest_mark(), 2 + 257 * 1);
	assert_int_equal(count_rejects("ParserTimeout"), 2);
}

/* It also ends where the packet's front does, however long the packet is. */
static void test_loop_goes_far(void **state)
{
	struct ir_var *more = seki_ir_var(ir, IR_VAR_PLAIN, 8, "more");
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	add(start, IR_NEED)->lo = 800;
	add(start, IR_PEEK)->var = more;
	add(start, IR_ADVANCE)->lo = 800;
	branch(start, more, start, accept_block);
	run();
	assert_in_range(greatest_mark(), 4096, 4096 + 3 * 100);
	assert_in_range(ir->plan->reach, 4096, 4096 + 4 * 100);
}

/* A loop that reads nothing. */
static void test_idle_loop(void **state)
{
	struct ir_var *more = seki_ir_var(ir, IR_VAR_PLAIN, 8, "more");
	struct ir_block *a = block("a"), *b = block("b");

	(void)state;
	program(a);
	branch(a, more, b, accept_block);
	go(b, a);
	run();
	assert_int_equal(count_rejects("ParserTimeout"), 2);
}

/* A loop of statements in a state ends as the program says. */
static void test_loop_in_state(void **state)
{
	struct ir_var *i = seki_ir_var(ir, IR_VAR_PLAIN, 32, "i");
	struct ir_block *start = block("start"), *head = block(NULL);

	(void)state;
	program(start);
	set(start, i, number(1000));
	go(start, head);
	set(head, i, seki_ir_binary(ir, IR_SUB, 32, seki_ir_read(ir, i), number(1)));
	branch(head, i, head, accept_block);
	run();
	assert_int_equal(count_rejects("ParserTimeout"), 0);
}

static void test_too_many_fills(void **state)
{
	struct ir_var *more = seki_ir_var(ir, IR_VAR_PLAIN, 8, "more");
	struct ir_block *hub = block("hub");
	struct ir_block *at = hub;

	(void)state;
	program(hub);
	for (uint32_t i = 0; i < 4; i++) {
		struct ir_block *b = block("fill"), *next = block("hub");

		extract(b, NULL, stack("s", 16, 8), NULL);
		go(b, hub);
		branch(at, more, b, next);
		at = next;
	}
	go(at, accept_block);
	assert_int_not_equal(seki_p4_unroll(ir), 0);
	assert_int_equal(diags.unsupported, 1);
}

static void test_union(void **state)
{
	struct ir_header *a = header("u.a", 8, 0), *b = header("u.b", 16, 0);
	struct ir_block *start = block("start"), *again = block("again");

	(void)state;
	a->in_union = b;
	b->in_union = a;
	program(start);
	extract(start, a, NULL, NULL);
	branch(start, a->fields[0].var, again, accept_block);
	extract(again, b, NULL, NULL);
	go(again, accept_block);
	emit(deparser, a);
	emit(deparser, b);
	run();
	assert_true(fate(a)->moved);
	assert_false(fate(b)->moved); /* b was not there to be cleared */
}

/* ---- what is written ---- */

static void test_written(void **state)
{
	struct ir_header *a = header("a", 8, 0), *b = header("b", 8, 0), *c = header("c", 8, 0);
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	set(start, a->valid, seki_ir_const(ir, 1, 0)); /* an out parameter at the entry */
	set(start, a->fields[0].var, seki_ir_const(ir, 8, 0));
	extract(start, a, NULL, NULL);
	extract(start, b, NULL, NULL);
	extract(start, c, NULL, NULL);
	go(start, accept_block);
	set(pipeline, b->fields[0].var, seki_ir_const(ir, 8, 0));
	set(pipeline, c->valid, seki_ir_const(ir, 1, 0));
	emit(deparser, a);
	emit(deparser, b);
	emit(deparser, c);
	run();
	assert_false(fate(a)->written);
	assert_false(fate(a)->moved);
	assert_true(fate(b)->written);
	assert_false(fate(b)->moved);
	assert_true(fate(c)->moved);
	assert_true(ir->plan->in_order);
	assert_false(ir->plan->preserved);
}

static void test_order(void **state)
{
	struct ir_header *a = header("a", 8, 0), *b = header("b", 8, 0);
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	extract(start, b, NULL, NULL);
	extract(start, a, NULL, NULL);
	go(start, accept_block);
	emit(deparser, a);
	emit(deparser, b);
	run();
	assert_false(ir->plan->in_order);
	assert_int_equal(ir->plan->n_layouts, 1);
	assert_int_equal(fate(b)->rank, 1);
}

/* ---- emits ---- */

static void test_conditional_emit(void **state)
{
	struct ir_header *a = header("a", 8, 0), *b = header("b", 8, 0);
	struct ir_block *start = block("start"), *then, *end;

	(void)state;
	program(start);
	extract(start, a, NULL, NULL);
	extract(start, b, NULL, NULL);
	go(start, accept_block);
	then = block(NULL);
	end = block(NULL);
	branch(deparser, a->fields[0].var, then, end);
	emit(then, a);
	go(then, end);
	emit(end, b);
	end->last = IR_PASS;
	run();
	assert_ptr_not_equal(ir->emits[0].flag, a->valid);
	assert_ptr_equal(ir->emits[1].flag, b->valid);
	assert_int_equal(count(IR_EMIT), 1);
	assert_true(fate(a)->moved);
}

static void test_emit_then_write(void **state)
{
	struct ir_header *a = header("a", 8, 16);
	struct ir_block *start = block("start");
	uint32_t headers = ir->n_headers;

	(void)state;
	program(start);
	extract(start, a, NULL, number(1));
	go(start, accept_block);
	emit(deparser, a);
	set(deparser, a->fields[0].var, seki_ir_const(ir, 8, 1));
	emit(deparser, a);
	run();
	assert_int_equal(ir->n_headers, headers + 2);
	assert_ptr_not_equal(ir->emits[0].header, a);
	assert_ptr_not_equal(ir->emits[0].header, ir->emits[1].header);
	assert_ptr_equal(ir->emits[0].flag, ir->emits[0].header->valid);
	assert_int_equal(ir->plan->n_layouts, 0);
}

static void test_unreachable_emit(void **state)
{
	struct ir_header *a = header("a", 8, 0);
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	go(start, accept_block);
	emit(block(NULL), a);
	emit(deparser, a);
	run();
	assert_int_equal(ir->n_emits, 1);
	assert_ptr_equal(ir->emits[0].flag, a->valid);
	assert_false(fate(a)->emitted_twice);
}

static void test_emit_in_loop(void **state)
{
	struct ir_header *a = header("a", 8, 0);
	struct ir_block *start = block("start"), *end;

	(void)state;
	program(start);
	go(start, accept_block);
	end = block(NULL);
	emit(deparser, a);
	branch(deparser, a->fields[0].var, deparser, end);
	end->last = IR_PASS;
	assert_int_equal(seki_p4_unroll(ir), 0);
	assert_int_not_equal(seki_p4_plan(ir), 0);
	assert_int_equal(diags.unsupported, 1);
}

/* ---- pruning ---- */

static void test_prune(void **state)
{
	struct ir_var *a = seki_ir_var(ir, IR_VAR_PLAIN, 8, "a");
	struct ir_var *b = seki_ir_var(ir, IR_VAR_PLAIN, 8, "b");
	struct ir_var *std = seki_ir_var(ir, IR_VAR_STD, 8, "port");
	struct ir_block *start = block("start");

	(void)state;
	program(start);
	go(start, accept_block);
	set(pipeline, a, seki_ir_const(ir, 8, 1));
	set(pipeline, b, seki_ir_read(ir, a)); /* read by nobody but itself */
	set(pipeline, b, seki_ir_read(ir, b));
	set(pipeline, std, seki_ir_read(ir, a));
	go(block("unreachable"), pipeline);
	run();
	assert_int_equal(count(IR_SET), 2);
	assert_true(a->read);
	assert_false(b->read);
	assert_int_equal(ir->n_blocks, 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_straight),
		TEST(test_two_places),
		TEST(test_advance),
		TEST(test_variable_advance),
		TEST(test_inside_a_byte),
		TEST(test_beyond_any_packet),
		TEST(test_checks),
		TEST(test_varbit),
		TEST(test_stack_loop),
		TEST(test_two_stacks),
		TEST(test_next_index),
		TEST(test_push_pop),
		TEST(test_loop_without_stack),
		TEST(test_loop_goes_far),
		TEST(test_idle_loop),
		TEST(test_loop_in_state),
		TEST(test_too_many_fills),
		TEST(test_union),
		TEST(test_written),
		TEST(test_order),
		TEST(test_conditional_emit),
		TEST(test_emit_then_write),
		TEST(test_unreachable_emit),
		TEST(test_emit_in_loop),
		TEST(test_prune),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
