// SPDX-License-Identifier: Apache-2.0
/* Reading ELF objects that cannot be trusted: see the header. */
#include "lib/bpf/elf64.h"

#include <errno.h>
#include <string.h>

#include "core/base/check.h"

#define SECTIONS_MAX 1024

static bool read_at(const struct seki_elf *elf, uint64_t off, void *out, size_t len)
{
	if (!seki_in_range(off, len, elf->len))
		return false;
	memcpy(out, elf->bytes + off, len);
	return true;
}

static bool read_header(const struct seki_elf *elf, uint32_t index, Elf64_Shdr *out)
{
	return index < elf->n_sections &&
	       read_at(elf, elf->shoff + (uint64_t)index * sizeof(*out), out, sizeof(*out));
}

/* A string that ends inside its section, as the section's last byte is 0; or NULL. */
static const char *string_at(const struct seki_elf *elf, uint32_t table, uint64_t off)
{
	Elf64_Shdr h;

	if (!read_header(elf, table, &h) || h.sh_type != SHT_STRTAB || off >= h.sh_size ||
	    !seki_in_range(h.sh_offset, h.sh_size, elf->len))
		return NULL;
	if (elf->bytes[h.sh_offset + h.sh_size - 1])
		return NULL;
	return (const char *)elf->bytes + h.sh_offset + off;
}

bool seki_elf_section(const struct seki_elf *elf, uint32_t index, struct seki_elf_section *out)
{
	Elf64_Shdr h;

	if (!read_header(elf, index, &h))
		return false;
	*out = (struct seki_elf_section){
		.name = string_at(elf, elf->names, h.sh_name),
		.type = h.sh_type,
		.flags = h.sh_flags,
		.info = h.sh_info,
		.link = h.sh_link,
		.size = h.sh_size,
	};
	if (!out->name && h.sh_type == SHT_NULL)
		out->name = "";
	if (h.sh_type == SHT_NULL || h.sh_type == SHT_NOBITS)
		return out->name;
	if (!out->name || !seki_in_range(h.sh_offset, h.sh_size, elf->len))
		return false;
	out->bytes = elf->bytes + h.sh_offset;
	return true;
}

bool seki_elf_symbol(const struct seki_elf *elf, uint32_t index, struct seki_elf_symbol *out)
{
	struct seki_elf_section table;
	Elf64_Sym sym;

	if (index >= elf->n_symbols || !seki_elf_section(elf, elf->symtab, &table))
		return false;
	memcpy(&sym, table.bytes + (size_t)index * sizeof(sym), sizeof(sym));
	*out = (struct seki_elf_symbol){
		.name = string_at(elf, elf->strtab, sym.st_name),
		.type = ELF64_ST_TYPE(sym.st_info),
		.section = sym.st_shndx,
		.value = sym.st_value,
		.size = sym.st_size,
	};
	return out->name;
}

uint32_t seki_elf_find(const struct seki_elf *elf, const char *name)
{
	struct seki_elf_section s;

	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (seki_elf_section(elf, i, &s) && s.name && !strcmp(s.name, name))
			return i;
	return 0;
}

static const char *check_header(const Elf64_Ehdr *h)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return "not an ELF file";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return "not a 64-bit little-endian ELF file";
	if (h->e_machine != EM_BPF)
		return "not compiled for BPF (clang -target bpf)";
	if (h->e_type != ET_REL)
		return "not a relocatable object (clang -c)";
	if (h->e_shentsize != sizeof(Elf64_Shdr) || !h->e_shnum || h->e_shnum > SECTIONS_MAX)
		return "the section table is malformed";
	return NULL;
}

static const char *find_symbols(struct seki_elf *elf)
{
	struct seki_elf_section s;

	for (uint32_t i = 0; i < elf->n_sections; i++) {
		if (!seki_elf_section(elf, i, &s))
			return "a section lies outside the file; is it truncated?";
		if (s.type != SHT_SYMTAB)
			continue;
		if (elf->symtab || s.size % sizeof(Elf64_Sym) || s.size > elf->len)
			return "the symbol table is malformed";
		elf->symtab = i;
		elf->strtab = s.link;
		elf->n_symbols = (uint32_t)(s.size / sizeof(Elf64_Sym));
	}
	return elf->symtab ? NULL : "there is no symbol table";
}

int seki_elf_open(const void *bytes, size_t len, struct seki_elf *elf, const char **why)
{
	Elf64_Ehdr h;

	*elf = (struct seki_elf){.bytes = bytes, .len = len};
	if (!read_at(elf, 0, &h, sizeof(h))) {
		*why = "not an ELF file";
		return -ENOEXEC;
	}
	*why = check_header(&h);
	if (*why)
		return -ENOEXEC;
	elf->shoff = h.e_shoff;
	elf->n_sections = h.e_shnum;
	elf->names = h.e_shstrndx;
	if (!seki_in_range(h.e_shoff, (uint64_t)h.e_shnum * sizeof(Elf64_Shdr), len)) {
		*why = "the section table lies outside the file; is it truncated?";
		return -ENOEXEC;
	}
	*why = find_symbols(elf);
	return *why ? -ENOEXEC : 0;
}
