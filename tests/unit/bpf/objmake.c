// SPDX-License-Identifier: Apache-2.0
/* Objects made by hand: see the header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/bpf/objmake.h"

static struct maker maker;

static uint32_t add_string(char *strings, uint32_t *len, size_t max, const char *s)
{
	uint32_t at = *len;
	size_t n = strlen(s) + 1;

	assert_true(at + n <= max);
	memcpy(strings + at, s, n);
	*len += (uint32_t)n;
	return at;
}

static uint32_t intern(struct maker *m, const char *s)
{
	return add_string(m->strings, &m->strings_len, sizeof(m->strings), s);
}

uint32_t make_name(struct maker *m, const char *name)
{
	return *name ? add_string(m->names, &m->names_len, sizeof(m->names), name) : 0;
}

struct maker *make(void)
{
	maker = (struct maker){
		.n_sections = 1,
		.n_symbols = 1,
		.strings_len = 1,
		.names_len = 1,
		.n_types = 1,
		.header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
			   .e_type = ET_REL,
			   .e_machine = EM_BPF,
			   .e_version = EV_CURRENT,
			   .e_ehsize = sizeof(Elf64_Ehdr),
			   .e_shentsize = sizeof(Elf64_Shdr)},
	};
	return &maker;
}

uint32_t make_section(struct maker *m, const char *name, uint32_t type, uint64_t flags,
		      const void *bytes, uint64_t size)
{
	uint32_t i = m->n_sections++;

	assert_true(i < MAKER_SECTIONS - 4);
	m->sections[i] = (Elf64_Shdr){
		.sh_name = intern(m, name), .sh_type = type, .sh_flags = flags, .sh_size = size};
	m->bytes[i] = bytes;
	if (bytes && size <= sizeof(m->store) - m->stored) { /* others outlive the maker */
		m->bytes[i] = memcpy(m->store + m->stored, bytes, size);
		m->stored += size;
	}
	return i;
}

uint32_t make_code(struct maker *m, const char *name, const struct seki_bpf_insn *insns,
		   size_t size)
{
	return make_section(m, name, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, insns, size);
}

uint32_t make_symbol(struct maker *m, const char *name, uint8_t type, uint32_t section,
		     uint64_t value, uint64_t size)
{
	uint32_t i = m->n_symbols++;

	assert_true(i < sizeof(m->symbols) / sizeof(m->symbols[0]));
	m->symbols[i] = (Elf64_Sym){.st_name = intern(m, name),
				    .st_info = ELF64_ST_INFO(STB_GLOBAL, type),
				    .st_shndx = (uint16_t)section,
				    .st_value = value,
				    .st_size = size};
	return i;
}

Elf64_Rel *make_reloc(struct maker *m, uint32_t section, uint64_t offset, uint32_t symbol,
		      uint32_t type)
{
	Elf64_Shdr *s = NULL;
	Elf64_Rel *rel;

	for (uint32_t i = 1; i < m->n_sections; i++)
		if (m->sections[i].sh_type == SHT_REL && m->sections[i].sh_info == section)
			s = &m->sections[i];
	if (!s) {
		uint32_t i = make_section(m, ".rel", SHT_REL, 0, NULL, 0);

		m->bytes[i] = m->relocs[i];
		s = &m->sections[i];
		s->sh_info = section;
		s->sh_entsize = sizeof(*rel);
	}
	rel = &m->relocs[s - m->sections][s->sh_size / sizeof(*rel)];
	*rel = (Elf64_Rel){offset, ELF64_R_INFO(symbol, type)};
	s->sh_size += sizeof(*rel);
	return rel;
}

uint32_t make_type(struct maker *m, const char *name, enum seki_btf_kind kind, uint32_t vlen,
		   uint32_t ref, const uint32_t *more, size_t n)
{
	uint32_t *w = m->types + m->n_words;

	assert_true(m->n_words + 3 + n <= sizeof(m->types) / sizeof(m->types[0]));
	w[0] = make_name(m, name);
	w[1] = (uint32_t)kind << 24 | vlen;
	w[2] = ref;
	if (n)
		memcpy(w + 3, more, n * sizeof(*more));
	m->n_words += (uint32_t)(3 + n);
	return m->n_types++;
}

static uint32_t add_own(struct maker *m, const char *name, uint32_t type, const void *bytes,
			uint64_t size)
{
	uint32_t i = m->n_sections++;

	m->sections[i] = (Elf64_Shdr){.sh_name = intern(m, name), .sh_type = type, .sh_size = size};
	m->bytes[i] = bytes;
	return i;
}

static void finish_btf(struct maker *m)
{
	uint32_t types = m->n_words * 4;
	uint32_t h[] = {0x0001eb9f, 24, 0, types, types, m->names_len};
	uint32_t ext[] = {0x0001eb9f, 32, 0, 0, 0, 0, 0, m->n_core * 4};

	assert_true(sizeof(h) + types + m->names_len <= sizeof(m->btf));
	memcpy(m->btf, h, sizeof(h));
	memcpy(m->btf + sizeof(h), m->types, types);
	memcpy(m->btf + sizeof(h) + types, m->names, m->names_len);
	if (m->n_words)
		add_own(m, ".BTF", SHT_PROGBITS, m->btf, sizeof(h) + types + m->names_len);
	memcpy(m->ext, ext, sizeof(ext));
	memcpy(m->ext + sizeof(ext), m->core, m->n_core * 4);
	if (m->n_core)
		add_own(m, ".BTF.ext", SHT_PROGBITS, m->ext, sizeof(ext) + m->n_core * 4);
}

/* Symbols and strings come last, the table of sections behind all. */
uint8_t *make_object(struct maker *m, size_t *len)
{
	uint32_t symtab, strtab;
	size_t at = sizeof(Elf64_Ehdr);
	uint8_t *out;

	finish_btf(m);
	symtab = add_own(m, ".symtab", SHT_SYMTAB, m->symbols,
			 m->n_symbols * sizeof(m->symbols[0]));
	strtab = add_own(m, ".strtab", SHT_STRTAB, m->strings, 0);
	m->sections[strtab].sh_size = m->strings_len;
	m->sections[symtab].sh_link = strtab;
	m->sections[symtab].sh_entsize = sizeof(Elf64_Sym);
	for (uint32_t i = 1; i < m->n_sections; i++) {
		m->sections[i].sh_offset = at;
		if (m->sections[i].sh_type != SHT_NOBITS)
			at += (m->sections[i].sh_size + 7) & ~7ull;
	}
	m->header.e_shoff = at;
	m->header.e_shnum = (uint16_t)m->n_sections;
	m->header.e_shstrndx = (uint16_t)strtab;
	*len = at + m->n_sections * sizeof(Elf64_Shdr);
	out = calloc(1, *len);
	memcpy(out, &m->header, sizeof(m->header));
	for (uint32_t i = 1; i < m->n_sections; i++)
		if (m->bytes[i])
			memcpy(out + m->sections[i].sh_offset, m->bytes[i], m->sections[i].sh_size);
	memcpy(out + at, m->sections, m->n_sections * sizeof(Elf64_Shdr));
	return out;
}

static int open_made(struct maker *m, struct seki_obj *obj, char *log, size_t size)
{
	struct seki_text text = seki_text_on(log, size);
	size_t len;
	uint8_t *bytes = make_object(m, &len);
	int err = seki_obj_open(bytes, len, "entry", obj, &text);

	free(bytes);
	return err;
}

void must_refuse(struct maker *m, int err, const char *text, const char *file, int line)
{
	struct seki_obj obj;
	char log[1024];
	int got = open_made(m, &obj, log, sizeof(log));

	if (got != err || !strstr(log, text))
		fail_msg("%s:%d: %d \"%s\", not %d \"%s\"", file, line, got, log, err, text);
}

void must_accept(struct maker *m, struct seki_obj *obj, const char *file, int line)
{
	char log[1024];

	if (open_made(m, obj, log, sizeof(log)))
		fail_msg("%s:%d: %s", file, line, log);
}
