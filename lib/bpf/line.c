// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of the source, from .BTF.ext (clang -g). A #line directive in the C makes them lines of the
 * P4 file. What is malformed is just not there.
 */
#include <string.h>

#include "lib/bpf/btf.h"
#include "lib/bpf/object_parts.h"

#define TEXT_MAX 4096 /* bytes of a line or of a file's name */

struct line_info {
	uint32_t insn_off, file, text, line_col;
};

/* The record with the greatest offset up to the instruction's. */
static bool search(const struct seki_btf_records *records, uint64_t insn_off,
		   struct line_info *best)
{
	bool found = false;

	for (uint32_t i = 0; i < records->count; i++) {
		struct line_info info;

		memcpy(&info, records->at + (uint64_t)i * records->size, sizeof(info));
		if (info.insn_off > insn_off || (found && info.insn_off < best->insn_off))
			continue;
		*best = info;
		found = true;
	}
	return found;
}

bool seki_obj_line_at(const struct seki_obj *obj, uint32_t section, uint64_t off,
		      struct seki_obj_line *out)
{
	struct seki_btf_strings strings;
	struct seki_btf_records records;
	struct seki_elf_section s;
	struct line_info info = {.insn_off = 0};

	if (!seki_elf_section(&obj->elf, section, &s) || !seki_btf_strings(&obj->elf, &strings) ||
	    !seki_btf_records(&obj->elf, &strings, SEKI_BTF_EXT_LINE, s.name, sizeof(info),
			      &records) ||
	    !search(&records, off, &info))
		return false;
	out->file = seki_btf_string(&strings, info.file, TEXT_MAX);
	out->text = seki_btf_string(&strings, info.text, TEXT_MAX);
	out->line = info.line_col >> 10;
	return out->file && out->text;
}

bool seki_obj_line(const struct seki_obj *obj, uint32_t insn, struct seki_obj_line *out)
{
	if (insn >= obj->n_insns)
		return false;
	for (uint32_t i = 0; i < obj->n_parts; i++) {
		uint32_t at = obj->origin[insn] - obj->parts[i].base;

		if (at < obj->parts[i].size) /* not where it wraps */
			return seki_obj_line_at(obj, obj->parts[i].section,
						(uint64_t)at * sizeof(struct seki_bpf_insn), out);
	}
	return false;
}
