/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Externs: a row for each function or method that there is code for. Any other extern function of the
 * program is a function of C with the same name that is compiled along.
 */
#include "compiler/p4/emit/extern.h"

#include <string.h>

/* ---- arguments ---- */

const char *seki_emit_arg(struct emit *em, const struct ir_insn *insn, uint32_t i)
{
	return seki_emit_value(em, insn->args[i].value);
}

/* Sets what the call returns; of no more than 64 bits. */
void seki_emit_give(struct emit *em, const struct ir_insn *insn, const char *text)
{
	if (insn->result)
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, insn->result),
			       seki_emit_cut(em, text, insn->result->width));
	else
		seki_emit_line(em, "(void)%s;", text);
}

/* Bytes of a value among data: of the C type that holds it, of limbs. */
static uint32_t bytes_of(uint32_t width)
{
	return seki_emit_is_wide(width) ? 8 * seki_emit_limbs(width) : seki_emit_cwidth(width) / 8;
}

static const char *declared(struct emit *em, uint32_t width, const char *name)
{
	if (seki_emit_is_wide(width))
		return seki_emit_text(em, "u64 %s[%u]", name, seki_emit_limbs(width));
	return seki_emit_text(em, "u%u %s", seki_emit_cwidth(width), name);
}

void seki_emit_copy_to(struct emit *em, const char *to, const struct ir_expr *value)
{
	if (seki_emit_is_wide(value->width))
		seki_emit_wide_copy(em, to, seki_emit_wide(em, value), value->width);
	else
		seki_emit_line(em, "%s = %s;", to, seki_emit_value(em, value));
}

static void copy_from(struct emit *em, const struct ir_var *var, const char *from)
{
	if (seki_emit_is_wide(var->width))
		seki_emit_wide_copy(em, seki_emit_var(em, var), from, var->width);
	else
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, var), from);
}

/* ---- ubpf_model.p4 ---- */

static void time_ns(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_give(em, insn, "ubpf_time_get_ns()");
}

static void replace(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_give(em, insn,
		       seki_emit_text(em, "replace%s(%s, %s, %s)",
				      insn->name + strlen("csum_replace"),
				      seki_emit_arg(em, insn, 0), seki_emit_arg(em, insn, 1),
				      seki_emit_arg(em, insn, 2)));
}

static void packet_length(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_give(em, insn, "pkt_len");
}

/* hash(result, algorithm, data): of the fields of data, one behind the other. */
static void hash(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_line(em, "{\n\tstruct __attribute__((packed)) {");
	for (uint32_t i = 2; i < insn->n_args; i++)
		seki_emit_line(
			em, "\t%s;",
			declared(em, insn->args[i].value->width, seki_emit_text(em, "f%u", i)));
	seki_emit_line(em, "} data;\n__builtin_memset(&data, 0, sizeof(data));");
	for (uint32_t i = 2; i < insn->n_args; i++)
		if (seki_emit_is_wide(insn->args[i].value->width))
			seki_emit_line(em, "__builtin_memcpy(data.f%u, %s, %u);", i,
				       seki_emit_wide(em, insn->args[i].value),
				       bytes_of(insn->args[i].value->width));
		else
			seki_emit_line(em, "data.f%u = %s;", i, seki_emit_arg(em, insn, i));
	if (insn->args[0].result)
		copy_from(em, insn->args[0].result, "ubpf_hash(&data, sizeof(data))");
	seki_emit_line(em, "}");
}

/* ---- Register ---- */

/* A struct, where the arguments from `i` on are its members. */
void seki_emit_record(struct emit *em, const struct p4_type *type, const char *path)
{
	const struct p4_type *base = seki_type_base(type);

	if (base->kind == P4_T_STRUCT || base->kind == P4_T_HEADER) {
		for (const struct p4_decl *f = base->decl->members; f; f = f->next)
			seki_emit_record(em, seki_type_field(em->arena, base, f),
					 seki_emit_text(em, "%s$%s", path, f->name));
		if (base->kind == P4_T_HEADER)
			seki_emit_line(em, "\tu8 %s$$valid;", path);
		return;
	}
	if (base->kind == P4_T_TUPLE) {
		for (uint32_t i = 0; i < base->n_args; i++)
			seki_emit_record(em, base->args[i], seki_emit_text(em, "%s$%u", path, i));
		return;
	}
	seki_emit_line(em, "\t%s;",
		       declared(em,
				base->kind == P4_T_BOOL	   ? 1
				: seki_type_is_fixed(base) ? base->width
							   : 32,
				path));
}

/* Where each index has a cell, an array: nothing can miss, and looking up is an addition. */
static bool is_array(const struct emit *em, const struct ir_extern *ext)
{
	const struct p4_type *index = seki_type_base(ext->type_args[1]);
	uint64_t size = seki_num_to_u64(&ext->args[0]);

	return !em->ir->compat && index->kind == P4_T_BIT && index->width < 32 &&
	       1ull << index->width <= size;
}

static void declare_register(struct emit *em, const struct ir_extern *ext)
{
	static const char *const names[] = {"value", "key"};

	for (uint32_t i = 0; i < 2; i++) {
		seki_emit_line(em, "struct %s$%s {", ext->map_name, names[i]);
		if (i && is_array(em, ext))
			seki_emit_line(em, "\tu32 v;");
		else
			seki_emit_record(em, ext->type_args[i], "v");
		seki_emit_line(em, "};");
	}
	seki_emit_map(em, ext->map_name, "", is_array(em, ext) ? SEKI_MAP_ARRAY : SEKI_MAP_HASH,
		      seki_emit_text(em, "struct %s$key", ext->map_name),
		      seki_emit_text(em, "struct %s$value", ext->map_name),
		      (uint32_t)seki_num_to_u64(&ext->args[0]));
}

/* The member of a record that an argument is. */
const char *seki_emit_member(struct emit *em, const char *path)
{
	struct seki_strbuf name = {.arena = em->arena};

	seki_strbuf_printf(&name, "v");
	for (const char *end; *path; path = *end ? end + 1 : end) {
		end = strchrnul(path, '.');
		seki_strbuf_printf(&name, "$%.*s", (int)(end - path), path);
	}
	return name.data;
}

/* A variable `name`, which the arguments of a parameter are the members of. */
static void fill(struct emit *em, const struct ir_insn *insn, const char *record, const char *name,
		 uint32_t param)
{
	seki_emit_line(em, "struct %s$%s %s;\n__builtin_memset(&%s, 0, sizeof(%s));",
		       insn->ext->map_name, record, name, name, name);
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (insn->args[i].param && insn->args[i].param->index == param)
			seki_emit_copy_to(em,
					  seki_emit_text(em, "%s.%s", name,
							 seki_emit_member(em, insn->args[i].path)),
					  insn->args[i].value);
}

static bool is_same(const struct ir_expr *a, const struct ir_expr *b)
{
	if (!a || !b)
		return a == b;
	return a->op == b->op && a->width == b->width && a->lo == b->lo && a->var == b->var &&
	       seki_num_cmp(&a->num, &b->num) == 0 && is_same(a->a, b->a) && is_same(a->b, b->b) &&
	       is_same(a->c, b->c);
}

static bool reads(const struct ir_expr *expr, const struct ir_var *var)
{
	return expr && (expr->var == var || reads(expr->a, var) || reads(expr->b, var) ||
			reads(expr->c, var));
}

static bool is_index(const struct ir_arg *arg)
{
	return arg->param && arg->param->index == 0;
}

static bool same_index(const struct ir_insn *a, const struct ir_insn *b)
{
	uint32_t i = 0;

	for (; i < a->n_args && is_index(&a->args[i]); i++)
		if (i == b->n_args || !is_index(&b->args[i]) ||
		    !is_same(a->args[i].value, b->args[i].value))
			return false;
	return i == b->n_args || !is_index(&b->args[i]);
}

/* May the instruction change what the index of `access` is? */
static bool changes_index(const struct ir_insn *insn, const struct ir_insn *access)
{
	if (insn->op != IR_SET && insn->op != IR_CALL && insn->op != IR_NOTE)
		return true;
	for (uint32_t i = 0; i < access->n_args && is_index(&access->args[i]); i++) {
		const struct ir_expr *value = access->args[i].value;

		if ((insn->var && reads(value, insn->var)) ||
		    (insn->result && reads(value, insn->result)))
			return true;
		for (uint32_t k = 0; k < insn->n_args; k++)
			if (insn->args[k].result && reads(value, insn->args[k].result))
				return true;
	}
	return false;
}

/* The write behind a read that takes the same cell: it needs no key of its own. */
static const struct ir_insn *find_write(const struct ir_insn *read)
{
	for (const struct ir_insn *insn = read; insn; insn = insn->next) {
		if (insn != read && insn->op == IR_CALL && insn->ext == read->ext &&
		    strcmp(insn->callee->name, "write") == 0 && same_index(read, insn))
			return insn;
		if (changes_index(insn, read))
			return NULL;
	}
	return NULL;
}

/* Of a cell that was never written all is 0. */
static void read_member(struct emit *em, const struct ir_var *to, const char *name)
{
	const char *var = seki_emit_var(em, to);

	if (!seki_emit_is_wide(to->width)) {
		seki_emit_line(em, "%s = cell ? cell->%s : 0;", var, name);
		return;
	}
	for (uint32_t i = 0; i < seki_emit_limbs(to->width); i++)
		seki_emit_line(em, "%s[%u] = cell ? cell->%s[%u] : 0;", var, i, name, i);
}

static void register_read(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_insn *write = find_write(insn);
	const char *key = write ? seki_emit_text(em, "key%u", seki_emit_id(em)) : "key";

	if (!write)
		seki_emit_line(em, "{");
	fill(em, insn, "key", key, 0);
	if (write)
		seki_emit_line(em, "{");
	seki_emit_line(em, "struct %s$value *cell = ubpf_map_lookup(&%s$map, &%s);",
		       insn->ext->map_name, insn->ext->map_name, key);
	if (insn->result)
		read_member(em, insn->result, "v");
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (!insn->args[i].param && insn->args[i].result)
			read_member(em, insn->args[i].result,
				    seki_emit_member(em, insn->args[i].path));
	seki_emit_line(em, "}");
	em->write = write;
	em->write_key = key;
}

static void register_write(struct emit *em, const struct ir_insn *insn)
{
	const char *key = insn == em->write ? em->write_key : "key";

	seki_emit_line(em, "{");
	if (insn != em->write)
		fill(em, insn, "key", key, 0);
	fill(em, insn, "value", "value", 1);
	seki_emit_line(em, "ubpf_map_update(&%s$map, &%s, &value);\n}", insn->ext->map_name, key);
}

/* ---- sekisho.p4 ---- */

static void put_address(struct emit *em, const char *to, const struct ir_expr *value)
{
	if (seki_emit_is_wide(value->width))
		seki_emit_line(em, "put16(%s, %s);", to, seki_emit_wide(em, value));
	else
		seki_emit_line(em, "put4(%s, %s);", to, seki_emit_value(em, value));
}

static void udp_sent(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_line(em, "{\n\tstruct udp_query query = {0};\nquery.family = %u;",
		       seki_emit_is_wide(insn->args[0].value->width) ? 6 : 4);
	seki_emit_line(em, "query.sport = %s;\nquery.dport = %s;", seki_emit_arg(em, insn, 2),
		       seki_emit_arg(em, insn, 3));
	put_address(em, "query.saddr", insn->args[0].value);
	put_address(em, "query.daddr", insn->args[1].value);
	seki_emit_give(
		em, insn,
		seki_emit_text(em, "(vm_udp_sent(&query, %s) != 0)", seki_emit_arg(em, insn, 4)));
	seki_emit_line(em, "}");
}

static void udp_sent_any(struct emit *em, const struct ir_insn *insn)
{
	seki_emit_give(em, insn, "(vm_udp_sent_any(10000) != 0)");
}

/* ---- the table ---- */

struct row {
	const char *type; /* of the instance whose method it is, or NULL */
	const char *name;
	void (*write)(struct emit *em, const struct ir_insn *insn);
};

static const struct row rows[] = {
	{NULL, "ubpf_time_get_ns", time_ns},
	{NULL, "csum_replace2", replace},
	{NULL, "csum_replace4", replace},
	{NULL, "hash", hash},
	{NULL, "length", packet_length},
	{NULL, "vm_udp_sent", udp_sent},
	{NULL, "vm_udp_sent6", udp_sent},
	{NULL, "checkUDPSent", udp_sent_any},
	{"Register", "read", register_read},
	{"Register", "write", register_write},
	{NULL, "timestamp", time_ns},
	{"Hash", "get_hash", seki_emit_get_hash},
	{"InternetChecksum", "clear", seki_emit_checksum},
	{"InternetChecksum", "add", seki_emit_checksum},
	{"InternetChecksum", "subtract", seki_emit_checksum},
	{"InternetChecksum", "get", seki_emit_checksum},
	{"InternetChecksum", "get_state", seki_emit_checksum},
	{"InternetChecksum", "set_state", seki_emit_checksum},
	{"Counter", "count", seki_emit_count_call},
	{"DirectCounter", "count", seki_emit_direct_count},
	{"Meter", "execute", seki_emit_meter},
	{"DirectMeter", "execute", seki_emit_direct_meter},
	{"Random", "read", seki_emit_random},
	{"Digest", "pack", seki_emit_pack},
};

static void no_map(struct emit *em, const struct ir_extern *ext)
{
	(void)em;
	(void)ext;
}

struct instance_row {
	const char *type;
	void (*declare)(struct emit *em, const struct ir_extern *ext);
};

static const struct instance_row instance_rows[] = {
	{"Register", declare_register},
	{"Hash", no_map},
	{"InternetChecksum", no_map},
	{"Random", seki_emit_declare_random},
	{"Counter", seki_emit_declare_counter},
	{"Meter", seki_emit_declare_meter},
	{"DirectCounter", seki_emit_declare_direct},
	{"DirectMeter", seki_emit_declare_direct},
	{"Digest", seki_emit_declare_digest},
	{"ActionProfile", seki_emit_declare_profile},
	{"ActionSelector", seki_emit_declare_profile},
};

static bool is_row(const struct row *row, const struct ir_insn *insn)
{
	if (!row->type != !insn->ext || strcmp(row->name, insn->name) != 0)
		return false;
	return !row->type || strcmp(row->type, insn->ext->type) == 0;
}

/* A program may declare another function of such a name: the architecture's come with the compiler. */
static const struct row *find_row(const struct ir_insn *insn)
{
	if (insn->callee->tok->at.src->name[0] != '<')
		return NULL;
	for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (is_row(&rows[i], insn))
			return &rows[i];
	return NULL;
}

void seki_emit_call(struct emit *em, const struct ir_insn *insn)
{
	const struct row *row = find_row(insn);

	if (row)
		row->write(em, insn);
	else if (insn->ext)
		seki_diag_unsupported(em->diags, insn->tok->at, "the method '%s' of %s is",
				      insn->name, insn->ext->type);
	else
		seki_emit_custom_call(em, insn);
}

uint32_t seki_emit_cells(struct emit *em, const struct ir_extern *ext, uint32_t i)
{
	const struct p4_num *n = &ext->args[i];

	if (seki_num_is_u64(n) && seki_num_to_u64(n) > 0 && seki_num_to_u64(n) <= EMIT_CELLS_MAX)
		return (uint32_t)seki_num_to_u64(n);
	seki_diag_error(em->diags, ext->decl->tok->at, "the size of '%s' is from 1 to %u",
			ext->decl->name, EMIT_CELLS_MAX);
	return 1;
}

/* What instances keep for one packet. */
void seki_emit_declare_states(struct emit *em)
{
	for (const struct ir_extern *ext = em->ir->externs; ext; ext = ext->next)
		if (strcmp(ext->type, "InternetChecksum") == 0)
			seki_emit_line(em, "u64 sum$%u = 0;", ext->id);
}

static void declare_instance(struct emit *em, const struct ir_extern *ext)
{
	for (uint32_t i = 0; i < sizeof(instance_rows) / sizeof(instance_rows[0]); i++)
		if (strcmp(instance_rows[i].type, ext->type) == 0) {
			instance_rows[i].declare(em, ext);
			return;
		}
	seki_diag_unsupported(em->diags, ext->decl->tok->at, "instances of %s are", ext->type);
}

/* No function of the file is one of its own in the object: a struct can be no argument in BPF. */
static void declare_custom(struct emit *em, const char *code)
{
	for (uint32_t i = 0; code && i < 2; i++)
		seki_emit_line(
			em,
			"#pragma clang attribute push(__attribute__((%s)), apply_to = function)",
			i ? "always_inline" : "internal_linkage");
	for (const struct ir_block *b = em->ir->blocks; b; b = b->next)
		for (const struct ir_insn *insn = b->first; insn; insn = insn->next)
			if (insn->op == IR_CALL && !insn->ext && !find_row(insn))
				seki_emit_custom_prototype(em, insn);
	if (code)
		seki_strbuf_printf(em->out,
				   "%s\n#pragma clang attribute pop\n#pragma clang attribute pop\n",
				   code);
}

void seki_emit_externs(struct emit *em, const char *code)
{
	for (const struct ir_extern *ext = em->ir->externs; ext; ext = ext->next)
		declare_instance(em, ext);
	declare_custom(em, code);
}
