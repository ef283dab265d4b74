// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of the source, from .BTF.ext (clang -g; Linux, Documentation/bpf/btf.rst). A #line
 * directive in the C makes them lines of the P4 file. What is malformed is just not there.
 */
#include <string.h>

#include "core/base/check.h"
#include "lib/bpf/object.h"

#define BTF_MAGIC    0xeb9f
#define TEXT_MAX     4096 /* bytes of a line or of a file's name */
#define SECTIONS_MAX 1024

struct btf_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t type_off, type_len;
	uint32_t str_off, str_len;
};

struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t func_off, func_len;
	uint32_t line_off, line_len;
};

struct ext_section {
	uint32_t name, count;
};

struct line_info {
	uint32_t insn_off, file, text, line_col;
};

struct strings {
	const uint8_t *at;
	uint64_t len;
};

static const char *string(const struct strings *s, uint32_t off, uint64_t max)
{
	if (off >= s->len || !memchr(s->at + off, 0, seki_min(s->len - off, max + 1)))
		return NULL;
	return (const char *)s->at + off;
}

static bool read_section(const struct seki_obj *obj, const char *name, struct seki_elf_section *out)
{
	uint32_t index = seki_elf_find(&obj->elf, name);

	return index && seki_elf_section(&obj->elf, index, out) && out->bytes;
}

static bool read_strings(const struct seki_obj *obj, struct strings *out)
{
	struct seki_elf_section s;
	struct btf_header h;
	uint64_t off;

	if (!read_section(obj, ".BTF", &s) || s.size < sizeof(h))
		return false;
	memcpy(&h, s.bytes, sizeof(h));
	off = (uint64_t)h.hdr_len + h.str_off;
	if (h.magic != BTF_MAGIC || !seki_in_range(off, h.str_len, s.size))
		return false;
	*out = (struct strings){s.bytes + off, h.str_len};
	return true;
}

/* The record with the greatest offset up to the instruction's. */
static bool search(const uint8_t *records, uint32_t count, uint32_t record_size, uint64_t insn_off,
		   struct line_info *best)
{
	bool found = false;

	for (uint32_t i = 0; i < count; i++) {
		struct line_info info;

		memcpy(&info, records + (uint64_t)i * record_size, sizeof(info));
		if (info.insn_off > insn_off || (found && info.insn_off < best->insn_off))
			continue;
		*best = info;
		found = true;
	}
	return found;
}

/* Line information is a record size, then per section a header and its records. */
static bool search_sections(const uint8_t *at, uint64_t len, const struct strings *strings,
			    const char *section, uint64_t insn_off, struct line_info *best)
{
	uint32_t record_size;
	uint64_t off = sizeof(record_size);

	if (len < off)
		return false;
	memcpy(&record_size, at, sizeof(record_size));
	if (record_size < sizeof(struct line_info))
		return false;
	for (int i = 0; i < SECTIONS_MAX && seki_in_range(off, sizeof(struct ext_section), len);
	     i++) {
		struct ext_section s;
		const char *name;
		uint64_t size;

		memcpy(&s, at + off, sizeof(s));
		off += sizeof(s);
		size = (uint64_t)s.count * record_size;
		if (!seki_in_range(off, size, len))
			return false;
		name = string(strings, s.name, SEKI_OBJ_NAME_MAX);
		if (name && !strcmp(name, section))
			return search(at + off, s.count, record_size, insn_off, best);
		off += size;
	}
	return false;
}

bool seki_obj_line(const struct seki_obj *obj, uint32_t insn, struct seki_obj_line *out)
{
	struct seki_elf_section ext, text;
	struct strings strings;
	struct ext_header h;
	struct line_info info;
	uint64_t off;

	if (!read_strings(obj, &strings) || !read_section(obj, ".BTF.ext", &ext) ||
	    !seki_elf_section(&obj->elf, obj->text, &text) || ext.size < sizeof(h))
		return false;
	memcpy(&h, ext.bytes, sizeof(h));
	off = (uint64_t)h.hdr_len + h.line_off;
	if (h.magic != BTF_MAGIC || !seki_in_range(off, h.line_len, ext.size) ||
	    !search_sections(ext.bytes + off, h.line_len, &strings, text.name, (uint64_t)insn * 8,
			     &info))
		return false;
	out->file = string(&strings, info.file, TEXT_MAX);
	out->text = string(&strings, info.text, TEXT_MAX);
	out->line = info.line_col >> 10;
	return out->file && out->text;
}
