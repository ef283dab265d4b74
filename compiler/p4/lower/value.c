/* SPDX-License-Identifier: Apache-2.0 */
/* Values and storage as trees of scalars: see lower.h. */
#include "compiler/p4/lower/lower.h"

#include <string.h>

#define MAX_VARS 65536u

/* ---- types ---- */

const struct p4_type *seki_lower_type(struct lower *lw, const struct p4_type *type)
{
	for (const struct frame *f = lw->frame; f; f = f->outer)
		if (f->type_params && f->type_args)
			type = seki_type_subst(lw->arena, (struct p4_type *)(uintptr_t)type,
					       f->type_params, f->type_args);
	return type;
}

uint32_t seki_lower_width(const struct p4_type *type)
{
	type = seki_type_base(type);
	switch (type->kind) {
	case P4_T_BOOL:
		return 1;
	case P4_T_BIT:
	case P4_T_SIGNED:
		return type->width;
	case P4_T_ERROR:
	case P4_T_ENUM:
		return 32;
	default:
		return 0;
	}
}

struct value *seki_lower_value(struct lower *lw, enum value_kind kind, const struct p4_type *type)
{
	struct value *v = seki_arena_new(lw->arena, struct value);

	v->kind = kind;
	v->type = type;
	return v;
}

static enum value_kind kind_of(const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_STRUCT:
	case P4_T_TUPLE:
	case P4_T_RECORD:
	case P4_T_LIST:
		return VALUE_FIELDS;
	case P4_T_HEADER:
		return VALUE_HEADER;
	case P4_T_UNION:
		return VALUE_UNION;
	case P4_T_STACK:
		return VALUE_STACK;
	case P4_T_VARBIT:
		return VALUE_VARBIT;
	case P4_T_INT:
		return VALUE_SCALAR;
	default:
		return seki_lower_width(type) ? VALUE_SCALAR
		       /* bit<0> has one value, which nothing need hold */
		       : seki_type_base(type)->kind == P4_T_BIT ? VALUE_FIELDS
								: VALUE_NONE;
	}
}

/* A part of a type: its type, and how its name goes on. */
struct part {
	const struct p4_type *type;
	const char *name; /* of a field, or NULL */
};

static uint32_t count_parts(const struct p4_type *type)
{
	switch (type->kind) {
	case P4_T_STRUCT:
	case P4_T_HEADER:
	case P4_T_UNION:
		return seki_decl_count(type->decl->members);
	case P4_T_TUPLE:
	case P4_T_RECORD:
		return type->n_args;
	case P4_T_STACK:
		return type->width;
	default:
		return 0;
	}
}

/* Of the i-th part; *field goes along the list of fields. */
static struct part part_of(struct lower *lw, const struct p4_type *type, uint32_t i,
			   const struct p4_decl **field)
{
	struct part part = {.type = type->elem};

	if (seki_type_is_struct_like(type)) {
		if (i == 0)
			*field = type->decl->members;
		part.type = seki_lower_type(lw, seki_type_field(lw->arena, type, *field));
		part.name = (*field)->name;
		*field = (*field)->next;
	} else if (type->kind != P4_T_STACK) {
		part.type = type->args[i];
	}
	return part;
}

static void tell_too_large(struct lower *lw, const struct seki_token *tok)
{
	if (!lw->stop)
		seki_diag_error(lw->diags, tok->at,
				"with this the program has more than %u variables once all calls "
				"are in place: use smaller structs or stacks",
				MAX_VARS);
	lw->stop = true;
}

/* ---- storage ---- */

/* What storage is in. */
struct within {
	struct ir_header *header;
	struct ir_var *guard;
	const struct seki_token *tok;
};

static struct value *make_storage(struct lower *lw, const struct p4_type *type, const char *name,
				  const struct within *in);

static struct ir_var *make_var(struct lower *lw, enum ir_var_kind kind, uint32_t width,
			       const char *name, const struct within *in)
{
	struct ir_var *var = seki_ir_var(lw->ir, kind, width, name);

	if (lw->ir->n_vars > MAX_VARS)
		tell_too_large(lw, in->tok);
	var->header = in->header;
	return var;
}

static void make_parts(struct lower *lw, struct value *v, const char *name, const struct within *in)
{
	const struct p4_decl *field = NULL;

	v->n_parts = count_parts(v->type);
	v->parts = seki_arena_alloc(lw->arena, (v->n_parts + 1) * sizeof(*v->parts));
	for (uint32_t i = 0; i < v->n_parts; i++) {
		struct part part = part_of(lw, v->type, i, &field);
		const char *path = part.name
					   ? seki_arena_printf(lw->arena, "%s.%s", name, part.name)
					   : seki_arena_printf(lw->arena, "%s[%u]", name, i);

		if (lw->stop) {
			v->parts[i] = seki_lower_value(lw, VALUE_NONE, part.type);
			continue;
		}
		v->parts[i] = make_storage(lw, part.type, path, in);
	}
}

static void count_fields(const struct value *v, uint32_t *n)
{
	*n += v->kind == VALUE_SCALAR || v->kind == VALUE_VARBIT;
	for (uint32_t i = 0; i < v->n_parts; i++)
		count_fields(v->parts[i], n);
}

static void add_fields(struct ir_header *header, const struct value *v)
{
	struct ir_field *field = &header->fields[header->n_fields];

	for (uint32_t i = 0; i < v->n_parts; i++)
		add_fields(header, v->parts[i]);
	if (v->kind != VALUE_SCALAR && v->kind != VALUE_VARBIT)
		return;
	field->var = v->var;
	field->off = header->bits;
	if (v->kind == VALUE_VARBIT) {
		header->varbit = v->var;
		header->varbit_field = header->n_fields;
	} else {
		header->bits += v->var->width;
	}
	header->n_fields++;
}

static void make_header(struct lower *lw, struct value *v, const char *name,
			const struct within *in)
{
	struct ir_header *header = seki_arena_new(lw->arena, struct ir_header);
	struct within inside = {.header = header, .tok = in->tok};
	uint32_t n = 0;

	header->id = lw->ir->n_headers++;
	header->path = name;
	header->type = v->type;
	header->tok = in->tok;
	*lw->ir->headers_end = header;
	lw->ir->headers_end = &header->next;
	header->valid = make_var(lw, IR_VAR_VALID, 1,
				 seki_arena_printf(lw->arena, "%s.$valid", name), &inside);
	inside.guard = header->valid;
	v->header = header;
	v->valid = seki_ir_read(lw->ir, header->valid);
	make_parts(lw, v, name, &inside);
	count_fields(v, &n);
	header->fields = seki_arena_alloc(lw->arena, (n + 1) * sizeof(*header->fields));
	add_fields(header, v);
}

static void join_union(const struct value *v)
{
	for (uint32_t i = 0; i < v->n_parts; i++)
		if (v->parts[i]->header)
			v->parts[i]->header->in_union = v->parts[(i + 1) % v->n_parts]->header;
}

/* Of a stack of unions: all members of each. */
static void add_elements(struct lower *lw, const struct value *v)
{
	struct ir_stack *stack = v->stack;
	uint32_t each = stack->union_members ? stack->union_members : 1;

	stack->elems = seki_arena_alloc(lw->arena,
					((size_t)v->n_parts * each + 1) * sizeof(*stack->elems));
	for (uint32_t i = 0; i < v->n_parts * each && !lw->stop; i++) {
		const struct value *element = v->parts[i / each];
		struct ir_header *header = stack->union_members ? element->parts[i % each]->header
								: element->header;

		stack->elems[i] = header;
		header->stack = stack;
		header->index = i / each;
	}
}

static void make_stack(struct lower *lw, struct value *v, const char *name, const struct within *in)
{
	struct ir_stack *stack;

	if (v->type->elem->kind != P4_T_HEADER && v->type->elem->kind != P4_T_UNION)
		return;
	stack = seki_arena_new(lw->arena, struct ir_stack);
	stack->id = lw->ir->n_stacks++;
	stack->path = name;
	stack->tok = in->tok;
	stack->size = v->n_parts;
	*lw->ir->stacks_end = stack;
	lw->ir->stacks_end = &stack->next;
	v->stack = stack;
	stack->next_index = make_var(lw, IR_VAR_PLAIN, 32,
				     seki_arena_printf(lw->arena, "%s.$next", name), in);
	if (v->type->elem->kind == P4_T_UNION && v->n_parts)
		stack->union_members = v->parts[0]->n_parts;
	add_elements(lw, v);
}

static void make_scalar(struct lower *lw, struct value *v, const char *name,
			const struct within *in)
{
	v->var = make_var(lw, in->header ? IR_VAR_FIELD : IR_VAR_PLAIN, seki_lower_width(v->type),
			  name, in);
	v->var->is_signed = seki_type_base(v->type)->kind == P4_T_SIGNED;
	v->guard = in->guard;
	v->value = seki_ir_read(lw->ir, v->var);
}

static void make_varbit(struct lower *lw, struct value *v, const char *name,
			const struct within *in)
{
	v->var = make_var(lw, IR_VAR_VARBIT, v->type->width, name, in);
	v->var->size = make_var(lw, IR_VAR_PLAIN, 32,
				seki_arena_printf(lw->arena, "%s.$size", name), in);
	v->guard = in->guard;
}

static struct value *make_storage(struct lower *lw, const struct p4_type *type, const char *name,
				  const struct within *in)
{
	struct value *v = seki_lower_value(lw, kind_of(type), type);
	struct within inside = *in;

	switch (v->kind) {
	case VALUE_SCALAR:
		if (type->kind != P4_T_INT)
			make_scalar(lw, v, name, in);
		break;
	case VALUE_VARBIT:
		make_varbit(lw, v, name, in);
		break;
	case VALUE_HEADER:
		make_header(lw, v, name, in);
		break;
	case VALUE_UNION:
	case VALUE_STACK:
	case VALUE_FIELDS:
		make_parts(lw, v, name, &inside);
		if (v->kind == VALUE_UNION)
			join_union(v);
		else if (v->kind == VALUE_STACK)
			make_stack(lw, v, name, in);
		break;
	default:
		break;
	}
	return v;
}

struct value *seki_lower_storage(struct lower *lw, const struct p4_type *type, const char *name,
				 const struct seki_token *tok)
{
	struct within in = {.tok = tok};

	return make_storage(lw, seki_lower_type(lw, type), name, &in);
}

/* ---- values without storage ---- */

struct value *seki_lower_constant(struct lower *lw, const struct ir_expr *value,
				  const struct p4_type *type)
{
	struct value *v = seki_lower_value(lw, VALUE_SCALAR, type);

	v->value = value;
	return v;
}

struct value *seki_lower_zero(struct lower *lw, const struct p4_type *type)
{
	struct value *v;
	const struct p4_decl *field = NULL;

	type = seki_lower_type(lw, type);
	v = seki_lower_value(lw, kind_of(type), type);
	if (v->kind == VALUE_SCALAR && type->kind != P4_T_INT)
		v->value = seki_ir_const(lw->ir, seki_lower_width(type), 0);
	if (v->kind == VALUE_HEADER)
		v->valid = seki_ir_const(lw->ir, 1, 0);
	v->n_parts = count_parts(type);
	v->parts = seki_arena_alloc(lw->arena, (v->n_parts + 1) * sizeof(*v->parts));
	for (uint32_t i = 0; i < v->n_parts; i++)
		v->parts[i] = seki_lower_zero(lw, part_of(lw, type, i, &field).type);
	return v;
}

static bool is_fixed(const struct value *v)
{
	if (v->kind == VALUE_VARBIT)
		return !v->var;
	if (v->kind == VALUE_SCALAR && v->value && v->value->op != IR_CONST)
		return false;
	if (v->kind == VALUE_HEADER && v->valid->op != IR_CONST)
		return false;
	for (uint32_t i = 0; i < v->n_parts; i++)
		if (!is_fixed(v->parts[i]))
			return false;
	return true;
}

/* ---- assignment ---- */

static void set_varbit(struct lower *lw, const struct value *to, const struct value *from)
{
	struct ir_insn *insn = seki_lower_insn(lw, IR_SET_VARBIT);

	if (!insn)
		return;
	insn->var = to->var;
	insn->guard = to->guard;
	insn->from = from ? from->var : NULL;
}

static void clear(struct lower *lw, const struct value *to)
{
	if (to->kind == VALUE_SCALAR && to->var)
		seki_lower_set(lw, to->var, NULL, seki_ir_const(lw->ir, to->var->width, 0));
	else if (to->kind == VALUE_VARBIT && to->var)
		set_varbit(lw, &(struct value){.var = to->var}, NULL);
	else if (to->kind == VALUE_HEADER && to->header)
		seki_lower_set(lw, to->header->valid, NULL, seki_ir_const(lw->ir, 1, 0));
	else if (to->stack)
		seki_lower_set(lw, to->stack->next_index, NULL, seki_ir_const(lw->ir, 32, 0));
	for (uint32_t i = 0; i < to->n_parts; i++)
		clear(lw, to->parts[i]);
}

/* Only whole headers are cleared without their validity as a guard. */
void seki_lower_clear(struct lower *lw, const struct value *to)
{
	if (to->kind == VALUE_SCALAR)
		seki_lower_set(lw, to->var, to->guard, seki_ir_const(lw->ir, to->var->width, 0));
	else if (to->kind == VALUE_VARBIT)
		set_varbit(lw, to, NULL);
	else if (to->kind == VALUE_HEADER || to->kind == VALUE_UNION || to->stack)
		clear(lw, to);
	else
		for (uint32_t i = 0; i < to->n_parts; i++)
			seki_lower_clear(lw, to->parts[i]);
}

void seki_lower_clear_header(struct lower *lw, const struct ir_header *header)
{
	seki_lower_set(lw, header->valid, NULL, seki_ir_const(lw->ir, 1, 0));
	for (uint32_t i = 0; i < header->n_fields; i++) {
		struct ir_var *var = header->fields[i].var;

		if (var == header->varbit)
			set_varbit(lw, &(struct value){.var = var}, NULL);
		else
			seki_lower_set(lw, var, NULL, seki_ir_const(lw->ir, var->width, 0));
	}
}

void seki_lower_clear_others(struct lower *lw, const struct ir_header *header)
{
	for (const struct ir_header *h = header->in_union; h && h != header; h = h->in_union)
		seki_lower_clear_header(lw, h);
}

static void copy_parts(struct lower *lw, const struct value *to, const struct value *from,
		       bool whole);

/* whole: the header that it is in is assigned too, so that its validity is no guard. */
static void copy(struct lower *lw, const struct value *to, const struct value *from, bool whole)
{
	struct value plain = *to;

	if (whole)
		plain.guard = NULL;
	switch (to->kind) {
	case VALUE_SCALAR:
		if (to->var && from->value)
			seki_lower_set(lw, to->var, plain.guard, from->value);
		break;
	case VALUE_VARBIT:
		if (to->var)
			set_varbit(lw, &plain, from);
		break;
	case VALUE_HEADER:
		if (!to->header)
			break;
		if (!whole)
			seki_lower_clear_others(lw, to->header);
		seki_lower_set(lw, to->header->valid, NULL, from->valid);
		copy_parts(lw, to, from, true);
		break;
	case VALUE_UNION:
		copy_parts(lw, to, from, true);
		break;
	default:
		if (to->stack)
			seki_lower_set(lw, to->stack->next_index, NULL,
				       from->stack ? seki_ir_read(lw->ir, from->stack->next_index)
						   : seki_ir_const(lw->ir, 32, 0));
		copy_parts(lw, to, from, whole);
		break;
	}
}

static void copy_parts(struct lower *lw, const struct value *to, const struct value *from,
		       bool whole)
{
	for (uint32_t i = 0; i < to->n_parts && i < from->n_parts; i++)
		copy(lw, to->parts[i], from->parts[i], whole);
}

void seki_lower_assign(struct lower *lw, const struct value *to, const struct value *from)
{
	if (!lw->block || lw->stop)
		return;
	/* A member of a union becomes valid before its fields get their values. */
	if ((to->n_parts && seki_lower_overlap(lw, to, from)) ||
	    (to->header && to->header->in_union && !is_fixed(from)))
		from = seki_lower_copy(lw, from, "$copy");
	copy(lw, to, from, false);
}

/* ---- copies ---- */

/* Part by part, as lists may have numbers without a width in them, of which there are no variables. */
static struct value *copy_fields(struct lower *lw, const struct value *from, const char *name)
{
	struct value *to = seki_lower_value(lw, VALUE_FIELDS, from->type);

	to->n_parts = from->n_parts;
	to->parts = seki_arena_alloc(lw->arena, (to->n_parts + 1) * sizeof(*to->parts));
	for (uint32_t i = 0; i < to->n_parts; i++)
		to->parts[i] = seki_lower_copy(lw, from->parts[i], name);
	return to;
}

struct value *seki_lower_copy(struct lower *lw, const struct value *from, const char *name)
{
	struct value *to;

	if (from->kind == VALUE_FIELDS)
		return copy_fields(lw, from, name);
	if (from->kind == VALUE_NONE || (from->kind == VALUE_SCALAR && !from->value)) {
		to = seki_lower_value(lw, from->kind, from->type);
		*to = *from;
		return to;
	}
	to = seki_lower_storage(lw, from->type, name, lw->tok);
	if (lw->block && !lw->stop)
		copy(lw, to, from, false);
	return to;
}

static bool is_cheap(const struct ir_expr *e)
{
	return !e || e->op == IR_CONST || e->op == IR_READ;
}

bool seki_lower_is_simple(const struct value *v)
{
	if (!is_cheap(v->value) || !is_cheap(v->valid))
		return false;
	for (uint32_t i = 0; i < v->n_parts; i++)
		if (!seki_lower_is_simple(v->parts[i]))
			return false;
	return true;
}

struct value *seki_lower_keep(struct lower *lw, struct value *from)
{
	if (from->kind == VALUE_NONE || (from->kind == VALUE_SCALAR && !from->value) ||
	    is_fixed(from))
		return from;
	return seki_lower_copy(lw, from, "$value");
}

/* ---- which variables a value is made of ---- */

static void mark_vars(struct lower *lw, const struct value *v, uint8_t mark)
{
	if (v->var)
		lw->marks[v->var->id] = mark;
	if (v->header)
		lw->marks[v->header->valid->id] = mark;
	for (uint32_t i = 0; i < v->n_parts; i++)
		mark_vars(lw, v->parts[i], mark);
}

static bool reads_marked(const struct lower *lw, const struct ir_expr *e)
{
	for (; e; e = e->a) {
		if (e->op == IR_READ && lw->marks[e->var->id])
			return true;
		if ((e->b && reads_marked(lw, e->b)) || (e->c && reads_marked(lw, e->c)))
			return true;
	}
	return false;
}

static bool has_marked(const struct lower *lw, const struct value *v)
{
	if (v->var && lw->marks[v->var->id])
		return true;
	if (reads_marked(lw, v->value) || reads_marked(lw, v->valid))
		return true;
	for (uint32_t i = 0; i < v->n_parts; i++)
		if (has_marked(lw, v->parts[i]))
			return true;
	return false;
}

bool seki_lower_overlap(struct lower *lw, const struct value *a, const struct value *b)
{
	bool overlaps;

	if (lw->n_marks < lw->ir->n_vars) {
		lw->n_marks = lw->ir->n_vars * 2;
		lw->marks = seki_arena_alloc(lw->arena, lw->n_marks);
	}
	mark_vars(lw, a, 1);
	overlaps = has_marked(lw, b);
	mark_vars(lw, a, 0);
	return overlaps;
}

/* ---- comparison ---- */

const struct ir_expr *seki_lower_all(struct lower *lw, enum ir_op op,
				     const struct ir_expr *const *terms, uint32_t n)
{
	if (n == 0)
		return seki_ir_const(lw->ir, 1, op == IR_LAND);
	if (n == 1)
		return terms[0];
	return seki_ir_binary(lw->ir, op, 1, seki_lower_all(lw, op, terms, n / 2),
			      seki_lower_all(lw, op, terms + n / 2, n - n / 2));
}

static const struct ir_expr *equal_varbits(struct lower *lw, const struct value *a,
					   const struct value *b)
{
	const struct ir_expr *none = seki_ir_const(lw->ir, 32, 0);
	const struct value *some = a->var ? a : b;

	if (a->var && b->var)
		return seki_ir_binary(lw->ir, IR_VARBIT_EQ, 1, seki_ir_read(lw->ir, a->var),
				      seki_ir_read(lw->ir, b->var));
	if (!some->var)
		return seki_ir_const(lw->ir, 1, 1);
	return seki_ir_binary(lw->ir, IR_EQ, 1, seki_ir_read(lw->ir, some->var->size), none);
}

/* Headers that are not valid have 0 in all fields, so that they are equal. */
const struct ir_expr *seki_lower_equal(struct lower *lw, const struct value *a,
				       const struct value *b)
{
	uint32_t n = a->n_parts < b->n_parts ? a->n_parts : b->n_parts;
	const struct ir_expr **terms;

	if (a->kind == VALUE_VARBIT)
		return equal_varbits(lw, a, b);
	if (a->kind == VALUE_SCALAR)
		return a->value && b->value ? seki_ir_binary(lw->ir, IR_EQ, 1, a->value, b->value)
					    : seki_ir_const(lw->ir, 1, 1);
	terms = seki_arena_alloc(lw->arena, ((size_t)n + 1) * sizeof(*terms));
	for (uint32_t i = 0; i < n; i++)
		terms[i] = seki_lower_equal(lw, a->parts[i], b->parts[i]);
	if (a->kind == VALUE_HEADER)
		terms[n++] = seki_ir_binary(lw->ir, IR_EQ, 1, a->valid, b->valid);
	return seki_lower_all(lw, IR_LAND, terms, n);
}
