/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes and checksums over any data: the bits of its fields, one behind the other. */
#include "compiler/p4/emit/extern.h"

#include <string.h>

/* enum PSA_HashAlgorithm_t of sekisho.p4. */
enum { IDENTITY, CRC32, CRC16, ONES_COMPLEMENT16, TARGET_DEFAULT, CRC32C, LOOKUP3 };

#define CALL_BYTES 64u /* what a helper takes at once */

/* ---- the data ---- */

/* Fields that are hashed. */
struct data {
	const struct ir_expr **fields;
	uint32_t n, bits;
};

static struct data no_data(struct emit *em, uint32_t most)
{
	struct data data = {.n = 0};

	data.fields = seki_arena_alloc(em->arena, (most + 1) * sizeof(*data.fields));
	return data;
}

static void add_field(struct data *data, const struct ir_expr *value)
{
	data->fields[data->n++] = value;
	data->bits += value->width;
}

/* The argument `data`; validity is none. */
static struct data data_of(struct emit *em, const struct ir_insn *insn)
{
	struct data data = no_data(em, insn->n_args);

	for (uint32_t i = 0; i < insn->n_args; i++) {
		const struct ir_arg *a = &insn->args[i];

		if (a->param && strcmp(a->param->name, "data") == 0 && a->value &&
		    !strstr(a->path, "$valid"))
			add_field(&data, a->value);
	}
	return data;
}

static const struct ir_expr *node(struct emit *em, enum ir_op op, uint32_t width,
				  const struct ir_expr *a, const struct ir_expr *b)
{
	struct ir_expr *e = seki_arena_new(em->arena, struct ir_expr);

	e->op = op;
	e->width = width;
	e->a = a;
	e->b = b;
	return e;
}

static const struct ir_expr *join(struct emit *em, const struct ir_expr *a, const struct ir_expr *b)
{
	return a ? node(em, IR_CONCAT, a->width + b->width, a, b) : b;
}

/* As bytes in the packet's order. Fields that end between two bytes go together with the next. */
static void put_data(struct emit *em, const struct data *data)
{
	const struct ir_expr *group = NULL;
	uint32_t at = 0;

	for (uint32_t i = 0; i < data->n; i++) {
		group = join(em, group, data->fields[i]);
		if (group->width % 8)
			continue;
		seki_emit_bytes(em, seki_emit_text(em, "(data + %u)", at), group, false);
		at += group->width / 8;
		group = NULL;
	}
	if (group)
		seki_emit_bytes(em, seki_emit_text(em, "(data + %u)", at), group, true);
}

/* ---- sums of 16 bits ---- */

/*
 * Adds a number that `after` bits follow to a sum of 64 bits, of which only the remainder by 2^16 - 1
 * counts and whether it is 0: so 32 bits go at once. With `take` those that are 0 count as 1: a
 * word's complement.
 */
static void add_number(struct emit *em, const char *sum, const char *text, uint32_t width,
		       uint32_t after, bool take)
{
	uint32_t up = after % 16;
	uint64_t mask = width == 64 ? UINT64_MAX : (1ull << width) - 1;

	seki_emit_line(em, "{\n\tu64 part = %s;", text);
	if (take)
		seki_emit_line(em, "part = ~part & 0x%llxull;", (unsigned long long)mask);
	if (width + up <= 32) {
		seki_emit_line(em, "%s += part << %u;\n}", sum, up);
		return;
	}
	if (width + up > 64)
		seki_emit_line(em, "%s += part >> %u;", sum, 64 - up);
	seki_emit_line(em, "part <<= %u;\n%s += (u32)part + (part >> 32);\n}", up, sum);
}

static void add_value(struct emit *em, const char *sum, const struct ir_expr *value, uint32_t after,
		      bool take)
{
	const char *limbs;

	if (!seki_emit_is_wide(value->width)) {
		add_number(em, sum, seki_emit_value(em, value), value->width, after, take);
		return;
	}
	limbs = seki_emit_wide(em, value);
	for (uint32_t i = 0; i < seki_emit_limbs(value->width); i++) {
		uint32_t left = value->width - 64 * i;

		add_number(em, sum, seki_emit_text(em, "%s[%u]", limbs, i), left < 64 ? left : 64,
			   after, take);
	}
}

/* Zeros fill the last word. */
static void add_data(struct emit *em, const struct data *data, const char *sum, bool take)
{
	uint32_t after = (data->bits + 15) / 16 * 16;

	for (uint32_t i = 0; i < data->n; i++) {
		after -= data->fields[i]->width;
		add_value(em, sum, data->fields[i], after, take);
	}
}

/* ---- InternetChecksum ---- */

void seki_emit_checksum(struct emit *em, const struct ir_insn *insn)
{
	const char *sum = seki_emit_text(em, "sum$%u", insn->ext->id);
	struct data data = data_of(em, insn);

	if (strcmp(insn->name, "clear") == 0) {
		seki_emit_line(em, "%s = 0;", sum);
	} else if (strcmp(insn->name, "get") == 0) {
		seki_emit_give(em, insn, seki_emit_text(em, "(u16)~fold64(%s)", sum));
	} else if (strcmp(insn->name, "get_state") == 0) {
		seki_emit_give(em, insn, seki_emit_text(em, "fold64(%s)", sum));
	} else if (strcmp(insn->name, "set_state") == 0) {
		seki_emit_line(em, "%s = %s;", sum, seki_emit_arg(em, insn, 0));
	} else if (data.bits % 16) {
		seki_diag_error(em->diags, insn->tok->at,
				"the data of a checksum are words of 16 bits; these have %u bits",
				data.bits);
	} else {
		add_data(em, &data, sum, insn->name[0] == 's');
	}
}

/* ---- Hash ---- */

static const struct ir_expr *whole(struct emit *em, const struct data *data, uint32_t width)
{
	const struct ir_expr *all = NULL;

	for (uint32_t i = 0; i < data->n; i++)
		all = join(em, all, data->fields[i]);
	return all->width == width ? all : node(em, IR_ZEXT, width, all, NULL);
}

static void run_crc(struct emit *em, uint32_t bytes, uint64_t algorithm)
{
	uint32_t kind = algorithm == CRC16   ? SEKI_CRC_16_ARC
			: algorithm == CRC32 ? SEKI_CRC_32_ISO_HDLC
					     : SEKI_CRC_32_ISCSI;

	for (uint32_t at = 0; at < bytes; at += CALL_BYTES)
		seki_emit_line(em, "hash = crc(data + %u, %u, %u, hash);", at,
			       bytes - at < CALL_BYTES ? bytes - at : CALL_BYTES, kind);
}

/* Leaves it in `hash`. */
static void compute(struct emit *em, const struct data *data, uint64_t algorithm,
		    const struct seki_token *tok)
{
	uint32_t bytes = (data->bits + 7) / 8;
	uint32_t most = algorithm == LOOKUP3 ? 8 * CALL_BYTES : P4_IR_MAX_WIDTH;

	if (!data->bits || data->bits > most) {
		seki_diag_error(em->diags, tok->at,
				"what is hashed has from 1 to %u bits here, not %u", most,
				data->bits);
		return;
	}
	seki_emit_line(em, "u64 hash = 0;");
	if (algorithm == IDENTITY) {
		seki_emit_line(em, "hash = %s;", seki_emit_value(em, whole(em, data, 64)));
		return;
	}
	if (algorithm == ONES_COMPLEMENT16) {
		add_data(em, data, "hash", false);
		seki_emit_line(em, "hash = (u16)~fold64(hash);");
		return;
	}
	seki_emit_line(em, "u8 data[%u];", bytes);
	put_data(em, data);
	if (algorithm == LOOKUP3)
		seki_emit_line(em, "hash = ubpf_hash(data, %u);", bytes);
	else
		run_crc(em, bytes, algorithm);
}

/* NULL: the call has none of that name. */
static const struct ir_expr *bound(struct emit *em, const struct ir_insn *insn, const char *name)
{
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (insn->args[i].param && strcmp(insn->args[i].param->name, name) == 0)
			return insn->args[i].value->width > 64
				       ? node(em, IR_ZEXT, 64, insn->args[i].value, NULL)
				       : insn->args[i].value;
	return NULL;
}

static void give_hash(struct emit *em, const struct ir_insn *insn)
{
	if (!insn->result || !seki_emit_is_wide(insn->result->width)) {
		seki_emit_give(em, insn, "hash");
		return;
	}
	for (uint32_t i = 0; i < seki_emit_limbs(insn->result->width); i++)
		seki_emit_line(em, "%s[%u] = %s;", seki_emit_var(em, insn->result), i,
			       i ? "0" : "hash");
}

void seki_emit_get_hash(struct emit *em, const struct ir_insn *insn)
{
	uint64_t algorithm = seki_num_to_u64(&insn->ext->args[0]);
	const struct ir_expr *base = bound(em, insn, "base"), *max = bound(em, insn, "max");
	struct data data = data_of(em, insn);

	seki_emit_line(em, "{");
	compute(em, &data, algorithm, insn->tok);
	if (base && max) {
		seki_emit_line(em, "u64 max = %s;", seki_emit_value(em, max));
		seki_emit_line(em, "hash = %s + (max ? hash %% max : hash);",
			       seki_emit_value(em, base));
	}
	give_hash(em, insn);
	seki_emit_line(em, "}");
}

void seki_emit_selector_hash(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_table *table = insn->table;
	const struct p4_num *args = table->profile->args;
	struct data data = no_data(em, insn->n_args);

	for (uint32_t i = table->n_keys; i < insn->n_args; i++)
		add_field(&data, insn->args[i].value);
	compute(em, &data, seki_num_to_u64(&args[0]), insn->tok);
	if (seki_num_to_u64(&args[2]) < 64)
		seki_emit_line(em, "hash &= 0x%llxull;", (1ull << seki_num_to_u64(&args[2])) - 1);
}
