// SPDX-License-Identifier: Apache-2.0
/*
 * Reading ELF objects that cannot be trusted: see the header. libelf 0.188 checks little on its
 * own, and not at all how long it takes; what makes it safe here is checked before it is asked:
 * - the number of sections, for which it allocates, and that their table is in the file and aligned
 *   (it hands out pointers into the file);
 * - that the bytes of each section are in the file;
 * - that a string table ends with a NUL: elf_strptr() looks for one from the end, and without this
 * a small file could make each name take as long as the file is. Only raw data is asked for:
 * nothing is converted, decompressed or copied.
 */
#include "lib/bpf/elf64.h"

#include <errno.h>
#include <libelf.h>
#include <string.h>

#include "core/base/check.h"

#define SECTIONS_MAX 1024

static const Elf64_Shdr *header_of(const struct seki_elf *elf, uint32_t index)
{
	return elf64_getshdr(elf_getscn(elf->file, index));
}

static bool has_bytes(const Elf64_Shdr *h)
{
	return h->sh_type != SHT_NULL && h->sh_type != SHT_NOBITS && h->sh_size;
}

/* Fails also for a size that is no multiple of what a section of its type consists of. */
static bool read_bytes(const struct seki_elf *elf, uint32_t index, const uint8_t **out)
{
	const Elf_Data *data = elf_rawdata(elf_getscn(elf->file, index), NULL);

	if (!data || !data->d_buf)
		return false;
	*out = data->d_buf;
	return true;
}

bool seki_elf_section(const struct seki_elf *elf, uint32_t index, struct seki_elf_section *out)
{
	const Elf64_Shdr *h = header_of(elf, index);

	if (!h)
		return false;
	*out = (struct seki_elf_section){
		.name = elf_strptr(elf->file, elf->names, h->sh_name),
		.type = h->sh_type,
		.flags = h->sh_flags,
		.info = h->sh_info,
		.link = h->sh_link,
		.size = h->sh_size,
	};
	return out->name && (!has_bytes(h) || read_bytes(elf, index, &out->bytes));
}

bool seki_elf_symbol(const struct seki_elf *elf, uint32_t index, struct seki_elf_symbol *out)
{
	Elf64_Sym sym;

	if (index >= elf->n_symbols)
		return false;
	memcpy(&sym, elf->symbols + (size_t)index * sizeof(sym), sizeof(sym));
	*out = (struct seki_elf_symbol){
		.name = elf_strptr(elf->file, elf->strings, sym.st_name),
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
		if (seki_elf_section(elf, i, &s) && !strcmp(s.name, name))
			return i;
	return 0;
}

static const char *check_header(const Elf64_Ehdr *h, size_t len)
{
	if (memcmp(h->e_ident, ELFMAG, SELFMAG) || h->e_ident[EI_VERSION] != EV_CURRENT)
		return "not an ELF file";
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
		return "not a 64-bit little-endian ELF file";
	if (h->e_machine != EM_BPF)
		return "not compiled for BPF (clang -target bpf)";
	if (h->e_type != ET_REL)
		return "not a relocatable object (clang -c)";
	if (h->e_shentsize != sizeof(Elf64_Shdr) || !h->e_shnum || h->e_shnum > SECTIONS_MAX ||
	    h->e_shoff % _Alignof(Elf64_Shdr))
		return "the section table is malformed";
	if (!seki_in_range(h->e_shoff, (uint64_t)h->e_shnum * sizeof(Elf64_Shdr), len))
		return "the section table lies outside the file; is it truncated?";
	return NULL;
}

static bool lie_inside(struct seki_elf *elf)
{
	for (uint32_t i = 0; i < elf->n_sections; i++) {
		const Elf64_Shdr *h = header_of(elf, i);

		elf->fault = i + 1;
		if (!h || (has_bytes(h) && !seki_in_range(h->sh_offset, h->sh_size, elf->len)))
			return false;
	}
	return true;
}

static bool is_strings(const struct seki_elf *elf, uint32_t index)
{
	const Elf64_Shdr *h = header_of(elf, index);
	const uint8_t *bytes;

	return h && h->sh_type == SHT_STRTAB && !(h->sh_flags & SHF_COMPRESSED) &&
	       read_bytes(elf, index, &bytes) && !bytes[h->sh_size - 1];
}

static const char *find_symbols(struct seki_elf *elf)
{
	struct seki_elf_section s;

	for (uint32_t i = 0; i < elf->n_sections; i++) {
		const Elf64_Shdr *h = header_of(elf, i);

		elf->fault = i + 1;
		if (h->sh_type == SHT_SYMTAB && (elf->symbols || h->sh_size % sizeof(Elf64_Sym)))
			return "the symbol table is malformed";
		if (!seki_elf_section(elf, i, &s))
			return "its name or size is malformed";
		if (s.type != SHT_SYMTAB)
			continue;
		elf->symbols = s.bytes;
		elf->n_symbols = (uint32_t)(s.size / sizeof(Elf64_Sym));
		elf->strings = s.link;
	}
	elf->fault = 0;
	return elf->symbols ? NULL : "there is no symbol table";
}

static const char *check_sections(struct seki_elf *elf)
{
	const char *why;

	if (!lie_inside(elf))
		return "it lies outside the file; is the file truncated?";
	elf->fault = elf->names + 1;
	if (!is_strings(elf, elf->names))
		return "the table of section names is malformed";
	why = find_symbols(elf);
	if (!why && !is_strings(elf, elf->strings)) {
		elf->fault = elf->strings + 1;
		why = "the table of symbol names is malformed";
	}
	return why;
}

int seki_elf_open(const void *bytes, size_t len, struct seki_elf *elf, const char **why)
{
	uint32_t fault;
	Elf64_Ehdr h;

	*elf = (struct seki_elf){.len = len};
	*why = "not an ELF file";
	if (len < sizeof(h))
		return -ENOEXEC;
	memcpy(&h, bytes, sizeof(h));
	*why = check_header(&h, len);
	if (*why)
		return -ENOEXEC;
	elf->n_sections = h.e_shnum;
	elf->names = h.e_shstrndx;
	elf_version(EV_CURRENT);
	elf->file = elf_memory((char *)bytes, len); /* which only reads them */
	if (!elf->file)
		return -ENOMEM; /* all else that it looks at is checked above */
	*why = check_sections(elf);
	if (!*why)
		return 0;
	fault = elf->fault;
	seki_elf_close(elf);
	elf->fault = fault;
	return -ENOEXEC;
}

void seki_elf_close(struct seki_elf *elf)
{
	elf_end(elf->file);
	*elf = (struct seki_elf){.len = 0};
}
