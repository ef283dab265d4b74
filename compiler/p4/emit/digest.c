/* SPDX-License-Identifier: Apache-2.0 */
/* Digests: a ring of records for each queue, in maps (abi/p4obj.h). Random numbers. */
#include "compiler/p4/emit/extern.h"

#define DEFAULT_RECORDS 256u
#define MAX_RECORDS	65536u

/* ---- digests ---- */

static uint32_t records_of(struct emit *em, const struct ir_extern *ext)
{
	uint32_t n = ext->n_args ? seki_emit_cells(em, ext, 0) : DEFAULT_RECORDS;

	if (n <= MAX_RECORDS && !(n & (n - 1)))
		return n;
	seki_diag_error(em->diags, ext->decl->tok->at,
			"the size of '%s' is a power of two up to %u", ext->decl->name,
			MAX_RECORDS);
	return 1;
}

void seki_emit_declare_digest(struct emit *em, const struct ir_extern *ext)
{
	const char *record = seki_emit_text(em, "struct %s$record", ext->map_name);

	seki_emit_line(em, "%s {\n\tu64 number;", record);
	seki_emit_record(em, ext->type_args[0], "v");
	seki_emit_line(em, "};");
	seki_emit_map(em, ext->map_name, "", SEKI_MAP_QUEUE_ARRAY, "u32", record,
		      records_of(em, ext));
	seki_emit_map(em, ext->map_name, "_state", SEKI_MAP_QUEUE_ARRAY, "u32",
		      "struct digest_state", 1);
	seki_emit_map(em, ext->map_name, "_taken", SEKI_MAP_QUEUE_ARRAY, "u32", "u64", 1);
}

/* The control plane looks at a record once it has its number: that comes last, with a barrier. */
void seki_emit_pack(struct emit *em, const struct ir_insn *insn)
{
	const char *name = insn->ext->map_name;
	uint32_t n = records_of(em, insn->ext);

	seki_emit_line(em,
		       "{\n\tu32 at = 0;\n"
		       "struct digest_state *state = ubpf_map_lookup(&%s$map_state, &at);\n"
		       "volatile u64 *taken = ubpf_map_lookup(&%s$map_taken, &at);",
		       name, name);
	seki_emit_line(em,
		       "if (state && taken) {\n\tu64 number = state->packed;\nat = number & %u;\n"
		       "struct %s$record *cell = ubpf_map_lookup(&%s$map, &at);",
		       n - 1, name, name);
	seki_emit_line(em, "if (number - *taken >= %u || !cell) {\n\tstate->dropped++;\n} else {",
		       n);
	for (uint32_t i = 0; i < insn->n_args; i++)
		if (insn->args[i].value)
			seki_emit_copy_to(em,
					  seki_emit_text(em, "cell->%s",
							 seki_emit_member(em, insn->args[i].path)),
					  insn->args[i].value);
	seki_emit_line(em, "state->packed = number + 1;\n"
			   "(void)__sync_lock_test_and_set(&cell->number, number + 1);\n}\n}\n}");
}

/* ---- random numbers ---- */

struct range {
	uint64_t min, span;
};

static bool range_of(struct emit *em, const struct ir_extern *ext, struct range *range)
{
	const struct p4_type *type = seki_type_base(ext->type_args[0]);
	const struct p4_num *min = &ext->args[0], *max = &ext->args[1];
	struct p4_num span;

	if (!seki_type_is_fixed(type) || seki_emit_is_wide(type->width)) {
		seki_diag_unsupported(em->diags, ext->decl->tok->at,
				      "random numbers of type %s are",
				      seki_type_name(em->arena, ext->type_args[0]));
		return false;
	}
	if (seki_num_cmp(min, max) > 0 || !seki_num_sub(em->arena, max, min, &span)) {
		seki_diag_error(em->diags, ext->decl->tok->at,
				"'%s' is from %s to %s, which is less", ext->decl->name,
				seki_num_text(em->arena, min), seki_num_text(em->arena, max));
		return false;
	}
	range->min = seki_num_word(min, 0);
	range->span = seki_num_word(&span, 0);
	return true;
}

void seki_emit_declare_random(struct emit *em, const struct ir_extern *ext)
{
	struct range range;

	(void)range_of(em, ext, &range);
}

void seki_emit_random(struct emit *em, const struct ir_insn *insn)
{
	struct range range;

	if (em->diags->errors || !range_of(em, insn->ext, &range))
		return;
	if (range.span == UINT64_MAX)
		seki_emit_give(em, insn, "random_number()");
	else
		seki_emit_give(em, insn,
			       seki_emit_text(em, "(0x%llxull + random_number() %% 0x%llxull)",
					      (unsigned long long)range.min,
					      (unsigned long long)range.span + 1));
}
