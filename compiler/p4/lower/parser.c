/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parsers (P4_16 specification, section 13): a block for each state, select as a switch where it
 * compares one key with constants, else as a chain of conditions. A sub-parser's states are put in
 * place for each call of it.
 */
#include "compiler/p4/lower/lower.h"

#include <string.h>

/* The states of one parser, put in place once. */
struct region {
	struct ir_block **blocks; /* of each state, by its id less `first` */
	uint32_t first;
};

static struct ir_block *block_of(const struct region *region, const struct p4_decl *state)
{
	return region->blocks[state->id - region->first];
}

void seki_lower_reject(struct lower *lw, const struct seki_token *tok, const char *error)
{
	if (!lw->block)
		return;
	lw->block->last = IR_REJECT;
	lw->block->tok = tok;
	lw->block->error = error;
	lw->block = NULL;
}

void seki_lower_require(struct lower *lw, const struct ir_expr *cond, const char *error)
{
	struct ir_block *good, *bad;

	if (!lw->block || seki_ir_is_const(cond, 1))
		return;
	good = seki_lower_block(lw, NULL);
	bad = seki_lower_block(lw, NULL);
	seki_lower_branch(lw, cond, good, bad);
	lw->block = bad;
	seki_lower_reject(lw, lw->tok, error);
	lw->block = good;
}

void seki_lower_verify(struct lower *lw, const struct p4_expr *call)
{
	const struct ir_expr *check = seki_lower_scalar(lw, call->bound[0]);
	const struct p4_expr *error = call->bound[1];
	const struct p4_decl *known = error->decl;

	seki_lower_expr(lw, error);
	seki_lower_require(lw, check,
			   known && known->kind == P4_D_ERROR_MEMBER ? known->name : "error");
}

/* ---- value sets: tables without actions ---- */

static const struct p4_type *set_elem(const struct p4_decl *set)
{
	return set->type->elem;
}

static enum ir_match match_kind(struct lower *lw, const struct p4_decl *field)
{
	static const struct {
		const char *name;
		enum ir_match match;
	} kinds[] = {{"exact", IR_MATCH_EXACT},
		     {"lpm", IR_MATCH_LPM},
		     {"ternary", IR_MATCH_TERNARY},
		     {"range", IR_MATCH_RANGE},
		     {"optional", IR_MATCH_OPTIONAL}};

	if (!field || !field->match)
		return IR_MATCH_EXACT;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (seki_token_is(field->match, kinds[i].name))
			return kinds[i].match;
	seki_diag_unsupported(lw->diags, field->match->at, "@match(%s) in a value set is",
			      field->match->text);
	return IR_MATCH_EXACT;
}

static uint32_t count_scalars(const struct value *value)
{
	uint32_t n = value->kind == VALUE_SCALAR;

	for (uint32_t i = 0; i < value->n_parts; i++)
		n += count_scalars(value->parts[i]);
	return n;
}

/* Adds the scalars of a key to the table's keys; `field` is what they are in. */
static void add_keys(struct lower *lw, struct ir_table *table, const struct value *value,
		     const char *name, const struct p4_decl *field)
{
	const struct p4_decl *f = NULL;

	if (value->kind == VALUE_SCALAR) {
		table->keys[table->n_keys++] = (struct ir_key){
			.name = name,
			.match = match_kind(lw, field),
			.width = value->value->width,
			.is_signed = seki_type_base(value->type)->kind == P4_T_SIGNED};
		return;
	}
	if (seki_type_is_struct_like(value->type) && value->type->decl)
		f = value->type->decl->members;
	for (uint32_t i = 0; i < value->n_parts; i++, f = f ? f->next : NULL)
		add_keys(lw, table, value->parts[i],
			 f ? seki_arena_printf(lw->arena, "%s.%s", name, f->name)
			   : seki_arena_printf(lw->arena, "%s.f%u", name, i),
			 f ? f : field);
}

static struct ir_table *make_set(struct lower *lw, const struct p4_decl *set, const char *name,
				 const char *map_name)
{
	struct ir_table *table = seki_arena_new(lw->arena, struct ir_table);
	/* A value of its type shows what is in it. */
	const struct value *key = seki_lower_storage(lw, seki_lower_type(lw, set_elem(set)), name,
						     set->tok);

	table->id = lw->ir->n_tables++;
	table->decl = set;
	table->name = name;
	table->map_name = map_name;
	table->keys = seki_arena_alloc(lw->arena, (count_scalars(key) + 1) * sizeof(*table->keys));
	add_keys(lw, table, key, set->name, NULL);
	table->has_no_action = true;
	table->const_default = true;
	table->miss.tok = set->tok;
	table->size = (uint32_t)seki_num_to_u64(&set->init->num);
	table->applied = true;
	*lw->ir->tables_end = table;
	lw->ir->tables_end = &table->next;
	return table;
}

static struct ir_table *find_set(struct lower *lw, const struct p4_decl *set)
{
	const struct instance *in = lw->frame->instance;
	const char *own = set->rename ? set->rename : set->name;
	const char *name = seki_arena_printf(lw->arena, "%s.%s", in->path, own);

	for (struct ir_table *t = lw->ir->tables; t; t = t->next)
		if (t->decl == set && strcmp(t->name, name) == 0)
			return t;
	return make_set(lw, set, name, seki_arena_printf(lw->arena, "%s_%s", in->map_path, own));
}

static void add_args(struct ir_insn *insn, const struct value *value)
{
	if (value->kind == VALUE_SCALAR)
		insn->args[insn->n_args++].value = value->value;
	for (uint32_t i = 0; i < value->n_parts; i++)
		add_args(insn, value->parts[i]);
}

const struct ir_expr *seki_lower_value_set(struct lower *lw, const struct value *key,
					   const struct p4_decl *set)
{
	struct ir_table *table = find_set(lw, set);
	struct ir_insn *insn;

	if (!lw->block)
		return seki_ir_const(lw->ir, 1, 0);
	insn = seki_lower_insn(lw, IR_LOOKUP);
	insn->table = table;
	insn->args = seki_arena_alloc(lw->arena, (table->n_keys + 1) * sizeof(*insn->args));
	add_args(insn, key);
	insn->hit = seki_ir_var(lw->ir, IR_VAR_PLAIN, 1, set->name);
	return seki_ir_read(lw->ir, insn->hit);
}

/* ---- transitions ---- */

/* Where a transition or a case goes; rejecting is a block of its own, to tell where it was. */
static struct ir_block *target(struct lower *lw, const struct region *region,
			       const struct p4_stmt *to)
{
	struct ir_block *block;

	if (to->state)
		return block_of(region, to->state);
	if (strcmp(to->name, "accept") == 0)
		return lw->frame->accept;
	block = seki_lower_block(lw, NULL);
	block->last = IR_REJECT;
	block->tok = to->tok;
	block->error = "reject";
	return block;
}

static bool is_default(const struct p4_expr *keyset)
{
	return keyset->kind == P4_E_DONTCARE || keyset->kind == P4_E_DEFAULT;
}

/* The one value that a keyset stands for, where that is a constant; else NULL. */
static const struct ir_expr *constant(struct lower *lw, const struct p4_expr *keyset)
{
	const struct ir_expr *value;

	if (keyset->kind == P4_E_MASK || keyset->kind == P4_E_RANGE || keyset->kind == P4_E_LIST ||
	    keyset->type->kind == P4_T_SET)
		return NULL;
	value = seki_lower_scalar(lw, keyset);
	return value->op == IR_CONST ? value : NULL;
}

/* In a select of one key, (a) is a. */
static const struct p4_expr *keyset_of(const struct p4_stmt *select, const struct p4_stmt *c)
{
	bool wrapped = !select->exprs->next && c->a->kind == P4_E_LIST && c->a->args &&
		       !c->a->args->next;

	return wrapped ? c->a->args : c->a;
}

static void no_match(struct lower *lw, const struct p4_stmt *select)
{
	lw->tok = select->tok;
	seki_lower_reject(lw, select->tok, "NoMatch");
}

static bool is_case_there(const struct ir_block *block, const struct p4_num *value)
{
	for (const struct ir_case *c = block->cases; c; c = c->next)
		if (seki_num_cmp(&c->value, value) == 0)
			return true;
	return false;
}

/* One key, constants only: false, and nothing done, where it is not so. */
static bool lower_switch(struct lower *lw, const struct region *region,
			 const struct p4_stmt *select, const struct value *key)
{
	struct ir_block *block = lw->block;
	struct ir_case **end = &block->cases;
	const struct p4_stmt *c;

	if (key->kind != VALUE_SCALAR)
		return false;
	for (c = select->cases; c && !is_default(keyset_of(select, c)); c = c->next)
		if (!constant(lw, keyset_of(select, c)))
			return false;
	block->last = IR_SWITCH;
	block->tok = select->tok;
	block->value = key->value;
	for (const struct p4_stmt *s = select->cases; s != c; s = s->next) {
		const struct ir_expr *value = constant(lw, keyset_of(select, s));

		if (is_case_there(block, &value->num))
			continue; /* the first one that matches counts */
		*end = seki_arena_new(lw->arena, struct ir_case);
		(*end)->value = value->num;
		(*end)->to = target(lw, region, s);
		end = &(*end)->next;
	}
	lw->block = c ? NULL : seki_lower_block(lw, NULL);
	block->other = c ? target(lw, region, c) : lw->block;
	no_match(lw, select);
	return true;
}

static void lower_chain(struct lower *lw, const struct region *region, const struct p4_stmt *select,
			const struct value *key)
{
	for (const struct p4_stmt *c = select->cases; c && lw->block; c = c->next) {
		const struct p4_expr *keyset = keyset_of(select, c);
		struct ir_block *next;

		lw->tok = c->tok;
		if (is_default(keyset)) {
			seki_lower_goto(lw, target(lw, region, c));
			return;
		}
		next = seki_lower_block(lw, NULL);
		seki_lower_branch(lw, seki_lower_match(lw, key, keyset), target(lw, region, c),
				  next);
		lw->block = next;
	}
	no_match(lw, select);
}

/* The keys as one value: of a single one itself, else a tuple of copies, since what computes a later
   key may change an earlier one. */
static struct value *lower_keys(struct lower *lw, const struct p4_stmt *select)
{
	uint32_t n = seki_expr_count(select->exprs), i = 0;
	struct value *keys = seki_arena_new(lw->arena, struct value);
	struct p4_type *type = seki_type_make(lw->arena, P4_T_TUPLE);

	if (n == 1)
		return seki_lower_expr(lw, select->exprs);
	keys->kind = VALUE_FIELDS;
	keys->type = type;
	keys->parts = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*keys->parts));
	keys->n_parts = type->n_args = n;
	type->args = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*type->args));
	for (const struct p4_expr *e = select->exprs; e; e = e->next, i++) {
		type->args[i] = e->type;
		keys->parts[i] = seki_lower_copy(lw, seki_lower_expr(lw, e), "key");
	}
	return keys;
}

static void lower_select(struct lower *lw, const struct region *region, const struct p4_stmt *s)
{
	const struct value *key = lower_keys(lw, s);

	if (lw->block && !lower_switch(lw, region, s, key))
		lower_chain(lw, region, s, key);
}

/* ---- states ---- */

static void note_state(struct lower *lw, const struct p4_decl *state)
{
	struct ir_insn *insn = seki_lower_insn(lw, IR_NOTE);

	insn->note = IR_NOTE_STATE;
	insn->name = state->name;
}

/* A state without a transition rejects. */
static void lower_state(struct lower *lw, const struct region *region, const struct p4_decl *state)
{
	lw->block = block_of(region, state);
	lw->tok = state->tok;
	note_state(lw, state);
	for (const struct p4_stmt *s = state->body; s && lw->block; s = s->next) {
		lw->tok = s->tok;
		if (s->kind == P4_S_TRANSITION)
			seki_lower_goto(lw, target(lw, region, s));
		else if (s->kind == P4_S_SELECT)
			lower_select(lw, region, s);
		else
			seki_lower_stmt(lw, s);
	}
	seki_lower_reject(lw, state->tok, "reject");
}

static void make_blocks(struct lower *lw, struct region *region, const struct p4_decl *parser)
{
	uint32_t first = UINT32_MAX, last = 0;

	for (const struct p4_decl *d = parser->members; d; d = d->next) {
		if (d->kind != P4_D_STATE)
			continue;
		first = d->id < first ? d->id : first;
		last = d->id > last ? d->id : last;
	}
	region->first = first;
	region->blocks = seki_arena_alloc(lw->arena, (last - first + 1) * sizeof(*region->blocks));
	for (const struct p4_decl *d = parser->members; d; d = d->next)
		if (d->kind == P4_D_STATE)
			region->blocks[d->id - first] = seki_lower_block(lw, d->name);
}

void seki_lower_states(struct lower *lw, const struct p4_decl *parser)
{
	struct region region;

	make_blocks(lw, &region, parser);
	lw->frame->accept = seki_lower_block(lw, NULL);
	for (const struct p4_decl *d = parser->members; d; d = d->next)
		if (d->kind == P4_D_VAR)
			seki_lower_decl(lw, d);
	for (const struct p4_decl *d = parser->members; d; d = d->next)
		if (d->kind == P4_D_STATE && strcmp(d->name, "start") == 0)
			seki_lower_goto(lw, block_of(&region, d));
	for (const struct p4_decl *d = parser->members; d; d = d->next)
		if (d->kind == P4_D_STATE)
			lower_state(lw, &region, d);
	lw->block = lw->frame->accept;
}
