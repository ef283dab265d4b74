/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections and symbols of a relocatable ELF64 object, little endian, for BPF: the little of libelf
 * that a loader needs, with our limits on what it is given. The bytes are untrusted: every offset,
 * size and index is checked before it is used, and what is handed out are copies or ranges inside
 * the file. (Not elf.h: libelf's own #include <elf.h> would find it.)
 */
#ifndef SEKI_LIB_BPF_ELF64_H
#define SEKI_LIB_BPF_ELF64_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Elf; /* libelf's */

struct seki_elf {
	struct Elf *file;
	size_t len;
	uint32_t n_sections;
	uint32_t names;		/* index of the section names' section */
	const uint8_t *symbols; /* Elf64_Sym, unaligned */
	uint32_t n_symbols;
	uint32_t strings; /* index of the symbol names' section */
	uint32_t fault;	  /* after a refusal: the section that is to blame, + 1; 0: none */
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

/*
 * 0; or -ENOEXEC and a reason that is a constant; or -ENOMEM. Checks all section headers. The bytes
 * are the caller's: aligned as malloc() does, they must not change and must outlive this.
 */
int seki_elf_open(const void *bytes, size_t len, struct seki_elf *elf, const char **why);

/* Takes a zeroed one, and one that failed to open, too. */
void seki_elf_close(struct seki_elf *elf);

/* False: there is none of this index. */
bool seki_elf_section(const struct seki_elf *elf, uint32_t index, struct seki_elf_section *out);
bool seki_elf_symbol(const struct seki_elf *elf, uint32_t index, struct seki_elf_symbol *out);

/* Index of the first section of that name, 0: none. */
uint32_t seki_elf_find(const struct seki_elf *elf, const char *name);

#endif
