/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections and symbols of a relocatable ELF64 object, little endian, for BPF. The bytes are
 * untrusted: every offset, size and index is checked before it is used, and what is handed out are
 * copies or ranges inside the file.
 */
#ifndef SEKI_LIB_BPF_ELF64_H
#define SEKI_LIB_BPF_ELF64_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seki_elf {
	const uint8_t *bytes; /* the caller's; must outlive this */
	size_t len;
	uint64_t shoff;
	uint32_t n_sections;
	uint32_t names;	 /* index of the section names' section */
	uint32_t symtab; /* index of the symbol table, 0: none */
	uint32_t n_symbols;
	uint32_t strtab;
};

struct seki_elf_section {
	const char *name; /* NUL-terminated inside the file */
	uint32_t type;
	uint64_t flags;
	uint32_t info, link;
	const uint8_t *bytes; /* NULL where it has none in the file */
	uint64_t size;
};

struct seki_elf_symbol {
	const char *name;
	uint8_t type; /* STT_ */
	uint16_t section;
	uint64_t value, size;
};

/* 0, or -ENOEXEC and a reason that is a constant. Checks all section headers. */
int seki_elf_open(const void *bytes, size_t len, struct seki_elf *elf, const char **why);

/* False: there is none of this index. Sections whose bytes are not all in the file fail open. */
bool seki_elf_section(const struct seki_elf *elf, uint32_t index, struct seki_elf_section *out);
bool seki_elf_symbol(const struct seki_elf *elf, uint32_t index, struct seki_elf_symbol *out);

/* Index of the first section of that name, 0: none. */
uint32_t seki_elf_find(const struct seki_elf *elf, const char *name);

#endif
