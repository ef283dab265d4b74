/* SPDX-License-Identifier: Apache-2.0 */
/* Objects made by hand, sound or broken, for tests of their reader. */
#ifndef SEKI_TESTS_UNIT_BPF_OBJMAKE_H
#define SEKI_TESTS_UNIT_BPF_OBJMAKE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bpf/btf.h"
#include "lib/bpf/object.h"

#define MAKER_SECTIONS 40

struct maker {
	Elf64_Shdr sections[MAKER_SECTIONS]; /* fields may be changed before make_object() */
	const void *bytes[MAKER_SECTIONS];
	uint8_t store[1 << 14]; /* copies of the sections' bytes */
	size_t stored;
	uint32_t n_sections;
	Elf64_Sym symbols[256];
	uint32_t n_symbols;
	Elf64_Rel relocs[MAKER_SECTIONS][32];
	char strings[1 << 16];
	uint32_t strings_len;
	Elf64_Ehdr header;
	/* BTF: types as words, and their strings. */
	uint32_t types[1 << 12];
	uint32_t n_words, n_types;
	char names[1 << 12];
	uint32_t names_len;
	uint8_t btf[1 << 15];
	uint32_t core[64]; /* what .BTF.ext says of CO-RE, if n_core */
	uint32_t n_core;
	uint8_t ext[1 << 10];
};

/* A new one in static memory, with section headers and the symbol 0. */
struct maker *make(void);

uint32_t make_section(struct maker *m, const char *name, uint32_t type, uint64_t flags,
		      const void *bytes, uint64_t size);
uint32_t make_code(struct maker *m, const char *name, const struct seki_bpf_insn *insns,
		   size_t size);
uint32_t make_symbol(struct maker *m, const char *name, uint8_t type, uint32_t section,
		     uint64_t value, uint64_t size);

/* The first of a section makes its section of relocations. */
Elf64_Rel *make_reloc(struct maker *m, uint32_t section, uint64_t offset, uint32_t symbol,
		      uint32_t type);

/* Adds a type with n words behind it; its id. */
uint32_t make_type(struct maker *m, const char *name, enum seki_btf_kind kind, uint32_t vlen,
		   uint32_t ref, const uint32_t *more, size_t n);
uint32_t make_name(struct maker *m, const char *name);

/* The bytes in a block of malloc() of just that size: once for each maker. */
uint8_t *make_object(struct maker *m, size_t *len);

/* Reads what was made: refused with this error and this text in the log; or accepted. */
#define REFUSED(m, err, text) must_refuse(m, err, text, __FILE__, __LINE__)
#define ACCEPTED(m, obj)      must_accept(m, obj, __FILE__, __LINE__)
void must_refuse(struct maker *m, int err, const char *text, const char *file, int line);
void must_accept(struct maker *m, struct seki_obj *obj, const char *file, int line);

#endif
