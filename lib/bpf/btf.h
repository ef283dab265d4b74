/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Type information, .BTF and .BTF.ext of clang -g (Linux, Documentation/bpf/btf.rst): as much of it
 * as a loader needs. Ours rather than libbpf's btf API: the bytes are untrusted, libbpf 1.1 (Debian
 * 12) is not made for that (it trusts type sizes and follows references without end), and we need
 * only the strings, the size of a type, and the members of a struct. Every offset is checked before
 * it is used; a type refers to others at most 32 deep.
 */
#ifndef SEKI_LIB_BPF_BTF_H
#define SEKI_LIB_BPF_BTF_H

#include "lib/bpf/elf64.h"

struct seki_btf_strings {
	const uint8_t *at; /* inside the file */
	uint64_t len;
};

/* False: there is no .BTF, or it is malformed. */
bool seki_btf_strings(const struct seki_elf *elf, struct seki_btf_strings *out);

/* NULL: it does not exist, is longer than max, or has control characters other than tabs. */
const char *seki_btf_string(const struct seki_btf_strings *s, uint32_t off, uint64_t max);

bool seki_btf_string_is(const struct seki_btf_strings *s, uint32_t off, const char *want);

enum seki_btf_kind {
	SEKI_BTF_INT = 1,
	SEKI_BTF_PTR,
	SEKI_BTF_ARRAY,
	SEKI_BTF_STRUCT,
	SEKI_BTF_UNION,
	SEKI_BTF_ENUM,
	SEKI_BTF_FWD,
	SEKI_BTF_TYPEDEF,
	SEKI_BTF_VOLATILE,
	SEKI_BTF_CONST,
	SEKI_BTF_RESTRICT,
	SEKI_BTF_FUNC,
	SEKI_BTF_FUNC_PROTO,
	SEKI_BTF_VAR,
	SEKI_BTF_DATASEC,
	SEKI_BTF_FLOAT,
	SEKI_BTF_DECL_TAG,
	SEKI_BTF_TYPE_TAG,
	SEKI_BTF_ENUM64,
	SEKI_BTF_KINDS,
};

struct seki_btf_type {
	uint32_t name; /* offset of a string */
	enum seki_btf_kind kind;
	uint32_t vlen;
	uint32_t ref;	     /* the type it refers to, or its size in bytes: as its kind says */
	const uint8_t *more; /* what follows, as long as kind and vlen make it */
};

struct seki_btf {
	struct seki_btf_strings strings;
	const uint8_t *types;
	uint32_t *at; /* offset of each type there; type 0 is void */
	uint32_t n;
};

/* 0; -ENOENT there is none; -ENOEXEC it is malformed; -ENOMEM. */
int seki_btf_open(const struct seki_elf *elf, struct seki_btf *btf);
void seki_btf_close(struct seki_btf *btf);

/* False: there is no type of this id. */
bool seki_btf_type(const struct seki_btf *btf, uint32_t id, struct seki_btf_type *out);

/* As above, past typedefs, const, volatile, restrict and tags. */
bool seki_btf_resolve(const struct seki_btf *btf, uint32_t id, struct seki_btf_type *out);

/* Bytes that a value of this type takes; 0: it has no size, or one of 4 GiB or more. */
uint32_t seki_btf_size(const struct seki_btf *btf, uint32_t id);

struct seki_btf_member {
	uint32_t name; /* offset of a string */
	uint32_t type;
};

/* Member `index` of a struct; false: there is none. */
bool seki_btf_member(const struct seki_btf_type *type, uint32_t index, struct seki_btf_member *out);

/* The data section of that name; the first, if there are more. False: there is none, and out is zeroed. */
bool seki_btf_datasec(const struct seki_btf *btf, const char *name, struct seki_btf_type *out);

/* The resolved type of the variable of that name there. */
bool seki_btf_var(const struct seki_btf *btf, const struct seki_btf_type *datasec, const char *name,
		  struct seki_btf_type *out);

/* Number of elements of the array type behind a pointer, as libbpf's __uint() writes numbers. */
bool seki_btf_pointed_count(const struct seki_btf *btf, uint32_t id, uint32_t *out);

/* What .BTF.ext says of instructions: records of the code section of that name. */
enum seki_btf_ext { SEKI_BTF_EXT_LINE, SEKI_BTF_EXT_CORE };

struct seki_btf_records {
	const uint8_t *at;
	uint32_t count;
	uint32_t size; /* of each; they start with the offset of the instruction, 32 bits */
};

/* False: there are none, or they are malformed. Records have at least `min_size` bytes. */
bool seki_btf_records(const struct seki_elf *elf, const struct seki_btf_strings *strings,
		      enum seki_btf_ext what, const char *section, uint32_t min_size,
		      struct seki_btf_records *out);

#endif
