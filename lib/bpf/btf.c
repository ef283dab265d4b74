// SPDX-License-Identifier: Apache-2.0
/* Reading type information that cannot be trusted: see the header. */
#include "lib/bpf/btf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"

#define MAGIC	     0xeb9f
#define VERSION	     1
#define DEPTH_MAX    32
#define SECTIONS_MAX 1024
#define POINTER_SIZE 8

struct header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t type_off, type_len;
	uint32_t str_off, str_len;
};

/* The core_ fields are there where hdr_len covers them. */
struct ext_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len;
	uint32_t func_off, func_len;
	uint32_t line_off, line_len;
	uint32_t core_off, core_len;
};

struct ext_section {
	uint32_t name, count;
};

struct raw_type {
	uint32_t name, info, ref;
};

struct raw_array {
	uint32_t type, index_type, count;
};

struct raw_member {
	uint32_t name, type, offset;
};

struct raw_secinfo {
	uint32_t type, offset, size;
};

static bool read_section(const struct seki_elf *elf, const char *name, struct seki_elf_section *out)
{
	uint32_t index = seki_elf_find(elf, name);

	return index && seki_elf_section(elf, index, out) && out->bytes;
}

static bool read_header(const struct seki_elf_section *s, struct header *h)
{
	if (s->size < sizeof(*h))
		return false;
	memcpy(h, s->bytes, sizeof(*h));
	return h->magic == MAGIC &&
	       seki_in_range((uint64_t)h->hdr_len + h->str_off, h->str_len, s->size);
}

bool seki_btf_strings(const struct seki_elf *elf, struct seki_btf_strings *out)
{
	struct seki_elf_section s;
	struct header h;

	if (!read_section(elf, ".BTF", &s) || !read_header(&s, &h))
		return false;
	*out = (struct seki_btf_strings){s.bytes + h.hdr_len + h.str_off, h.str_len};
	return true;
}

const char *seki_btf_string(const struct seki_btf_strings *s, uint32_t off, uint64_t max)
{
	if (off >= s->len || !memchr(s->at + off, 0, seki_min(s->len - off, max + 1)))
		return NULL;
	for (const uint8_t *c = s->at + off; *c; c++)
		if ((*c < ' ' && *c != '\t') || *c == 0x7f)
			return NULL;
	return (const char *)s->at + off;
}

bool seki_btf_string_is(const struct seki_btf_strings *s, uint32_t off, const char *want)
{
	size_t len = strlen(want) + 1;

	return seki_in_range(off, len, s->len) && !memcmp(s->at + off, want, len);
}

/* Bytes that follow the first twelve of a type; false: unknown kind. */
static bool more_bytes(uint32_t info, uint64_t *out)
{
	static const struct {
		uint8_t fixed, each;
	} sizes[SEKI_BTF_KINDS] = {
		[SEKI_BTF_INT] = {4, 0},      [SEKI_BTF_ARRAY] = {12, 0},
		[SEKI_BTF_STRUCT] = {0, 12},  [SEKI_BTF_UNION] = {0, 12},
		[SEKI_BTF_ENUM] = {0, 8},     [SEKI_BTF_FUNC_PROTO] = {0, 8},
		[SEKI_BTF_VAR] = {4, 0},      [SEKI_BTF_DATASEC] = {0, 12},
		[SEKI_BTF_DECL_TAG] = {4, 0}, [SEKI_BTF_ENUM64] = {0, 12},
	};
	uint32_t kind = info >> 24 & 0x1f;

	if (!kind || kind >= SEKI_BTF_KINDS)
		return false;
	*out = sizes[kind].fixed + (uint64_t)sizes[kind].each * (info & 0xffff);
	return true;
}

/* Counts the types, and notes where they are if there is room for it. */
static bool scan_types(const uint8_t *types, uint64_t len, uint32_t *at, uint32_t *n)
{
	uint64_t off = 0;

	*n = 1;
	while (off < len) {
		struct raw_type raw;
		uint64_t more;

		if (!seki_in_range(off, sizeof(raw), len))
			return false;
		memcpy(&raw, types + off, sizeof(raw));
		if (!more_bytes(raw.info, &more) || !seki_in_range(off + sizeof(raw), more, len))
			return false;
		if (at)
			at[*n] = (uint32_t)off;
		++*n;
		off += sizeof(raw) + more;
	}
	return true;
}

int seki_btf_open(const struct seki_elf *elf, struct seki_btf *btf)
{
	struct seki_elf_section s;
	struct header h;
	uint64_t off;

	*btf = (struct seki_btf){.n = 0};
	if (!read_section(elf, ".BTF", &s))
		return -ENOENT;
	if (!read_header(&s, &h) || h.version != VERSION)
		return -ENOEXEC;
	off = (uint64_t)h.hdr_len + h.type_off;
	if (!seki_in_range(off, h.type_len, s.size) ||
	    !scan_types(s.bytes + off, h.type_len, NULL, &btf->n))
		return -ENOEXEC;
	btf->at = calloc(btf->n, sizeof(*btf->at));
	if (!btf->at)
		return -ENOMEM;
	btf->types = s.bytes + off;
	scan_types(btf->types, h.type_len, btf->at, &btf->n);
	btf->strings = (struct seki_btf_strings){s.bytes + h.hdr_len + h.str_off, h.str_len};
	return 0;
}

void seki_btf_close(struct seki_btf *btf)
{
	free(btf->at);
	*btf = (struct seki_btf){.n = 0};
}

bool seki_btf_type(const struct seki_btf *btf, uint32_t id, struct seki_btf_type *out)
{
	struct raw_type raw;

	if (!id || id >= btf->n)
		return false;
	memcpy(&raw, btf->types + btf->at[id], sizeof(raw));
	*out = (struct seki_btf_type){
		.name = raw.name,
		.kind = raw.info >> 24 & 0x1f,
		.vlen = raw.info & 0xffff,
		.ref = raw.ref,
		.more = btf->types + btf->at[id] + sizeof(raw),
	};
	return true;
}

static bool is_modifier(enum seki_btf_kind kind)
{
	return kind == SEKI_BTF_TYPEDEF || kind == SEKI_BTF_VOLATILE || kind == SEKI_BTF_CONST ||
	       kind == SEKI_BTF_RESTRICT || kind == SEKI_BTF_TYPE_TAG;
}

bool seki_btf_resolve(const struct seki_btf *btf, uint32_t id, struct seki_btf_type *out)
{
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		if (!seki_btf_type(btf, id, out))
			return false;
		if (!is_modifier(out->kind))
			return true;
		id = out->ref;
	}
	return false;
}

uint32_t seki_btf_size(const struct seki_btf *btf, uint32_t id)
{
	struct seki_btf_type type;
	struct raw_array array;
	uint64_t count = 1;

	for (int depth = 0; depth < DEPTH_MAX && seki_btf_resolve(btf, id, &type); depth++) {
		switch (type.kind) {
		case SEKI_BTF_INT:
		case SEKI_BTF_STRUCT:
		case SEKI_BTF_UNION:
		case SEKI_BTF_ENUM:
		case SEKI_BTF_FLOAT:
		case SEKI_BTF_ENUM64:
			count *= type.ref;
			return count <= UINT32_MAX ? (uint32_t)count : 0;
		case SEKI_BTF_PTR:
			count *= POINTER_SIZE;
			return count <= UINT32_MAX ? (uint32_t)count : 0;
		case SEKI_BTF_ARRAY:
			memcpy(&array, type.more, sizeof(array));
			count *= array.count; /* no wrap: both are less than 2^32 */
			if (count > UINT32_MAX)
				return 0;
			id = array.type;
			break;
		default:
			return 0;
		}
	}
	return 0;
}

bool seki_btf_member(const struct seki_btf_type *type, uint32_t index, struct seki_btf_member *out)
{
	struct raw_member raw;

	if (type->kind != SEKI_BTF_STRUCT || index >= type->vlen)
		return false;
	memcpy(&raw, type->more + (size_t)index * sizeof(raw), sizeof(raw));
	*out = (struct seki_btf_member){raw.name, raw.type};
	return true;
}

bool seki_btf_datasec(const struct seki_btf *btf, const char *name, struct seki_btf_type *out)
{
	for (uint32_t id = 1; id < btf->n; id++)
		if (seki_btf_type(btf, id, out) && out->kind == SEKI_BTF_DATASEC &&
		    seki_btf_string_is(&btf->strings, out->name, name))
			return true;
	*out = (struct seki_btf_type){.vlen = 0}; /* not what was looked at last */
	return false;
}

bool seki_btf_var(const struct seki_btf *btf, const struct seki_btf_type *datasec, const char *name,
		  struct seki_btf_type *out)
{
	struct seki_btf_type var;
	struct raw_secinfo raw;

	for (uint32_t i = 0; i < datasec->vlen; i++) {
		memcpy(&raw, datasec->more + (size_t)i * sizeof(raw), sizeof(raw));
		if (seki_btf_type(btf, raw.type, &var) && var.kind == SEKI_BTF_VAR &&
		    seki_btf_string_is(&btf->strings, var.name, name))
			return seki_btf_resolve(btf, var.ref, out);
	}
	return false;
}

bool seki_btf_pointed_count(const struct seki_btf *btf, uint32_t id, uint32_t *out)
{
	struct seki_btf_type type;
	struct raw_array array;

	if (!seki_btf_resolve(btf, id, &type) || type.kind != SEKI_BTF_PTR ||
	    !seki_btf_resolve(btf, type.ref, &type) || type.kind != SEKI_BTF_ARRAY)
		return false;
	memcpy(&array, type.more, sizeof(array));
	*out = array.count;
	return true;
}

static bool ext_range(const struct seki_elf_section *s, enum seki_btf_ext what, uint64_t *off,
		      uint64_t *len)
{
	struct ext_header h = {.magic = 0};

	if (s->size < offsetof(struct ext_header, core_off))
		return false;
	memcpy(&h, s->bytes, seki_min(s->size, sizeof(h)));
	if (what == SEKI_BTF_EXT_CORE && h.hdr_len < sizeof(h))
		return false;
	*off = (uint64_t)h.hdr_len + (what == SEKI_BTF_EXT_LINE ? h.line_off : h.core_off);
	*len = what == SEKI_BTF_EXT_LINE ? h.line_len : h.core_len;
	return h.magic == MAGIC && seki_in_range(*off, *len, s->size);
}

/* A record size, then per section a header and its records. */
static bool find_records(const uint8_t *at, uint64_t len, const struct seki_btf_strings *strings,
			 const char *section, uint32_t min_size, struct seki_btf_records *out)
{
	uint64_t off = sizeof(out->size);

	if (len < off)
		return false;
	memcpy(&out->size, at, sizeof(out->size));
	if (out->size < min_size)
		return false;
	for (int i = 0; i < SECTIONS_MAX && seki_in_range(off, sizeof(struct ext_section), len);
	     i++) {
		struct ext_section s;

		memcpy(&s, at + off, sizeof(s));
		off += sizeof(s);
		if (!seki_in_range(off, (uint64_t)s.count * out->size, len))
			return false;
		if (seki_btf_string_is(strings, s.name, section)) {
			out->at = at + off;
			out->count = s.count;
			return true;
		}
		off += (uint64_t)s.count * out->size;
	}
	return false;
}

bool seki_btf_records(const struct seki_elf *elf, const struct seki_btf_strings *strings,
		      enum seki_btf_ext what, const char *section, uint32_t min_size,
		      struct seki_btf_records *out)
{
	struct seki_elf_section s;
	uint64_t off, len;

	return read_section(elf, ".BTF.ext", &s) && ext_range(&s, what, &off, &len) &&
	       find_records(s.bytes + off, len, strings, section, min_size, out);
}
