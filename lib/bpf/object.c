// SPDX-License-Identifier: Apache-2.0
/* Taking an object apart, and applying its relocations to a copy of the code: see the header. */
#include "lib/bpf/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4obj.h"
#include "core/base/check.h"

#define OBJECT_MAX (16u << 20)

/* The relocations that LLVM's BPF back end emits for code. */
#define RELOC_64_64 1  /* lddw of an address */
#define RELOC_64_32 10 /* call of a function */

#define OPCODE_LDDW 0x18
#define OPCODE_CALL 0x85

static int refuse(struct seki_text *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	seki_text_add_args(log, format, args);
	va_end(args);
	seki_text_add(log, "\n");
	return -ENOEXEC;
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static int check_name(const char *name, struct seki_text *log)
{
	if (strnlen(name, SEKI_OBJ_NAME_MAX + 1) <= SEKI_OBJ_NAME_MAX)
		return 0;
	return refuse(log, "a name is longer than %u bytes", (uint64_t)SEKI_OBJ_NAME_MAX);
}

static bool is_rodata(const struct seki_elf_section *s)
{
	return s->type == SHT_PROGBITS && has_prefix(s->name, ".rodata");
}

static int find_code(struct seki_obj *obj, const char *entry, struct seki_text *log)
{
	struct seki_elf_symbol sym;
	struct seki_elf_section s;

	for (uint32_t i = 0; i < obj->elf.n_symbols; i++) {
		if (!seki_elf_symbol(&obj->elf, i, &sym) || strcmp(sym.name, entry) ||
		    !seki_elf_section(&obj->elf, sym.section, &s) || s.type != SHT_PROGBITS ||
		    !(s.flags & SHF_EXECINSTR))
			continue;
		if (s.size % sizeof(struct seki_bpf_insn) || sym.value % 8 || sym.value >= s.size)
			return refuse(log, "the code or its entry \"%s\" is not whole instructions",
				      entry);
		if (s.size / 8 > SEKI_BPF_MAX_INSNS) {
			refuse(log, "the program has %u instructions; the most is %u",
			       (uint64_t)s.size / 8, (uint64_t)SEKI_BPF_MAX_INSNS);
			return -E2BIG;
		}
		if (check_name(s.name, log))
			return -ENOEXEC;
		obj->text = sym.section;
		obj->n_insns = (uint32_t)(s.size / 8);
		obj->entry = (uint32_t)(sym.value / 8);
		obj->insns = malloc(s.size);
		if (!obj->insns)
			return -ENOMEM;
		memcpy(obj->insns, s.bytes, s.size);
		return 0;
	}
	return refuse(log, "there is no function \"%s\" to start at", entry);
}

static int add_map(struct seki_obj *obj, const struct seki_elf_symbol *sym,
		   const struct seki_elf_section *data, struct seki_text *log)
{
	struct seki_map_def def;

	if (sym->size != sizeof(def) || !seki_in_range(sym->value, sizeof(def), data->size))
		return refuse(log,
			      "\"%s\" is a global variable; only maps (struct ubpf_map_def, %u "
			      "bytes) may be writable",
			      sym->name, (uint64_t)sizeof(def));
	if (check_name(sym->name, log))
		return -ENOEXEC;
	if (obj->n_maps == SEKI_BPF_MAX_MAPS)
		return refuse(log, "there are more than %u maps", (uint64_t)SEKI_BPF_MAX_MAPS);
	memcpy(&def, data->bytes + sym->value, sizeof(def));
	obj->maps[obj->n_maps++] = (struct seki_obj_map){
		.name = sym->name,
		.at = sym->value,
		.type = def.type,
		.key_size = def.key_size,
		.value_size = def.value_size,
		.max_entries = def.max_entries,
		.hashes = def.nb_hash_functions,
	};
	return 0;
}

/* In the order of the symbol table. */
static int find_maps(struct seki_obj *obj, struct seki_text *log)
{
	uint32_t index = seki_elf_find(&obj->elf, ".data");
	struct seki_elf_section data;
	struct seki_elf_symbol sym;
	int err = 0;

	if (!index || !seki_elf_section(&obj->elf, index, &data) || data.type != SHT_PROGBITS)
		return 0;
	obj->map_section = index;
	for (uint32_t i = 0; !err && i < obj->elf.n_symbols; i++)
		if (seki_elf_symbol(&obj->elf, i, &sym) && sym.section == index &&
		    sym.type == STT_OBJECT)
			err = add_map(obj, &sym, &data, log);
	return err;
}

static int check_writable(const struct seki_obj *obj, struct seki_text *log)
{
	struct seki_elf_section s;

	for (uint32_t i = 1; i < obj->elf.n_sections; i++) {
		if (!seki_elf_section(&obj->elf, i, &s) || !(s.flags & SHF_WRITE) ||
		    !(s.flags & SHF_ALLOC) || !s.size || !strcmp(s.name, ".data") ||
		    !strcmp(s.name, SEKI_OBJ_INIT) || !strcmp(s.name, SEKI_OBJ_SOURCE))
			continue;
		return refuse(log,
			      "section %s holds writable variables; keep state in maps instead",
			      s.name);
	}
	return 0;
}

static uint64_t round_up(uint64_t n)
{
	return (n + 7) & ~7ull;
}

static int list_rodata(struct seki_obj *obj, struct seki_text *log)
{
	struct seki_elf_section s;
	uint64_t size = 0;

	for (uint32_t i = 1; i < obj->elf.n_sections; i++) {
		if (!seki_elf_section(&obj->elf, i, &s) || !is_rodata(&s))
			continue;
		if (obj->n_rodata == SEKI_OBJ_RODATA_MAX)
			return refuse(log, "there are more than %u sections of read-only data",
				      (uint64_t)SEKI_OBJ_RODATA_MAX);
		obj->rodata[obj->n_rodata].section = i;
		obj->rodata[obj->n_rodata].base = (uint32_t)size;
		obj->rodata[obj->n_rodata++].size = (uint32_t)s.size;
		size += round_up(s.size); /* no more than 16 sections of a file of 16 MiB */
		if (size > obj->elf.len + sizeof(uint64_t) * SEKI_OBJ_RODATA_MAX)
			return refuse(log, "the sections of read-only data overlap");
	}
	obj->data_size = (uint32_t)size;
	return 0;
}

static int gather_rodata(struct seki_obj *obj, struct seki_text *log)
{
	int err = list_rodata(obj, log);

	if (err)
		return err;
	obj->data = calloc(1, obj->data_size + 1);
	if (!obj->data)
		return -ENOMEM;
	for (uint32_t i = 0; i < obj->n_rodata; i++) {
		struct seki_elf_section s;

		if (seki_elf_section(&obj->elf, obj->rodata[i].section, &s) && s.bytes)
			memcpy(obj->data + obj->rodata[i].base, s.bytes, s.size);
	}
	return 0;
}

/* What the address `off` in a section is to be replaced with. */
static bool resolve(const struct seki_obj *obj, uint32_t section, uint64_t off, uint8_t *kind,
		    uint32_t *value)
{
	for (uint32_t i = 0; i < obj->n_rodata; i++) {
		if (obj->rodata[i].section != section || off > obj->rodata[i].size)
			continue;
		*kind = SEKI_LDDW_DATA;
		*value = obj->rodata[i].base + (uint32_t)off;
		return true;
	}
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		if (section != obj->map_section || obj->maps[i].at != off)
			continue;
		*kind = SEKI_LDDW_MAP;
		*value = i;
		return true;
	}
	return false;
}

static int reloc_address(struct seki_obj *obj, uint32_t at, const struct seki_elf_symbol *sym,
			 struct seki_text *log)
{
	struct seki_bpf_insn *insn = &obj->insns[at];
	uint32_t value;
	uint8_t kind;

	if (insn->opcode != OPCODE_LDDW || at + 1 >= obj->n_insns)
		return refuse(log, "insn %u: an address is to be put where no 64-bit load is",
			      (uint64_t)at);
	if (!resolve(obj, sym->section, sym->value + (uint32_t)insn->imm, &kind, &value))
		return refuse(log,
			      "insn %u: the address of \"%s\", which is neither a map nor in "
			      "read-only data",
			      (uint64_t)at, sym->name);
	insn->regs = (uint8_t)((insn->regs & 15) | kind << 4);
	insn[0].imm = (int32_t)value;
	insn[1].imm = 0;
	return 0;
}

static int reloc_call(struct seki_obj *obj, uint32_t at, const struct seki_elf_symbol *sym,
		      struct seki_text *log)
{
	struct seki_bpf_insn *insn = &obj->insns[at];
	int64_t target;

	if (insn->opcode != OPCODE_CALL)
		return refuse(log, "insn %u: a function is to be put where no call is",
			      (uint64_t)at);
	if (sym->section == SHN_UNDEF)
		return refuse(log, "insn %u: the function \"%s\" is not defined", (uint64_t)at,
			      sym->name);
	if (sym->section != obj->text)
		return refuse(log, "insn %u: the function \"%s\" is in another section",
			      (uint64_t)at, sym->name);
	target = (int64_t)(sym->value / 8) + insn->imm + 1;
	if (target < 0 || target >= obj->n_insns)
		return refuse(log, "insn %u: the function lies outside the code", (uint64_t)at);
	insn->regs = 1 << 4;
	insn->imm = (int32_t)(target - (int64_t)at - 1);
	return 0;
}

static int apply_reloc(struct seki_obj *obj, const Elf64_Rel *rel, struct seki_text *log)
{
	uint32_t type = (uint32_t)ELF64_R_TYPE(rel->r_info);
	struct seki_elf_symbol sym;

	if (rel->r_offset % 8 || rel->r_offset / 8 >= obj->n_insns)
		return refuse(log, "a relocation lies outside the code");
	if (!seki_elf_symbol(&obj->elf, (uint32_t)ELF64_R_SYM(rel->r_info), &sym))
		return refuse(log, "a relocation refers to a symbol that does not exist");
	if (type == RELOC_64_64)
		return reloc_address(obj, (uint32_t)(rel->r_offset / 8), &sym, log);
	if (type == RELOC_64_32)
		return reloc_call(obj, (uint32_t)(rel->r_offset / 8), &sym, log);
	return refuse(log, "insn %u: unknown relocation type %u", (uint64_t)rel->r_offset / 8,
		      (uint64_t)type);
}

static int apply_relocs(struct seki_obj *obj, const struct seki_elf_section *s,
			struct seki_text *log)
{
	Elf64_Rel rel;
	int err = 0;

	if (s->type == SHT_RELA || s->size % sizeof(rel) || s->size > obj->n_insns * sizeof(rel))
		return refuse(log, "the relocations are malformed");
	for (uint64_t at = 0; !err && at < s->size; at += sizeof(rel)) {
		memcpy(&rel, s->bytes + at, sizeof(rel));
		err = apply_reloc(obj, &rel, log);
	}
	return err;
}

static int relocate(struct seki_obj *obj, struct seki_text *log)
{
	struct seki_elf_section s;
	bool done = false;
	int err = 0;

	for (uint32_t i = 1; !err && i < obj->elf.n_sections; i++) {
		if (!seki_elf_section(&obj->elf, i, &s) || s.info != obj->text ||
		    (s.type != SHT_REL && s.type != SHT_RELA))
			continue;
		err = done ? refuse(log, "the code has more than one section of relocations")
			   : apply_relocs(obj, &s, log);
		done = true;
	}
	return err;
}

static struct seki_obj_map *map_by_name(struct seki_obj *obj, const char *name)
{
	for (uint32_t i = 0; i < obj->n_maps; i++)
		if (!strcmp(obj->maps[i].name, name))
			return &obj->maps[i];
	return NULL;
}

/* What is refused here bounds how long it takes to put the entries into the maps. */
static int add_init(struct seki_obj *obj, const struct seki_elf_symbol *sym,
		    const struct seki_elf_section *init, struct seki_text *log)
{
	struct seki_obj_map *map = map_by_name(obj, sym->name + strlen(SEKI_INIT_PREFIX));
	uint64_t pair;

	if (!map)
		return refuse(log, "\"%s\" is for a map that does not exist", sym->name);
	pair = (uint64_t)map->key_size + map->value_size;
	if (!seki_in_range(sym->value, sym->size, init->size) || !pair || sym->size % pair)
		return refuse(log, "\"%s\" is not pairs of key and value", sym->name);
	if (map->init)
		return refuse(log, "\"%s\" is there twice", sym->name);
	if (sym->size / pair > map->max_entries)
		return refuse(log, "\"%s\" is more entries than the map has room for", sym->name);
	obj->init_bytes += sym->size;
	if (obj->init_bytes > init->size)
		return refuse(log, "the initial entries of maps overlap");
	map->init = init->bytes + sym->value;
	map->init_size = sym->size;
	return 0;
}

static int find_init(struct seki_obj *obj, struct seki_text *log)
{
	uint32_t index = seki_elf_find(&obj->elf, SEKI_OBJ_INIT);
	struct seki_elf_section s;
	struct seki_elf_symbol sym;
	int err = 0;

	if (!index || !seki_elf_section(&obj->elf, index, &s) || !s.bytes)
		return 0;
	for (uint32_t i = 0; !err && i < obj->elf.n_symbols; i++)
		if (seki_elf_symbol(&obj->elf, i, &sym) && sym.section == index &&
		    sym.type == STT_OBJECT && has_prefix(sym.name, SEKI_INIT_PREFIX))
			err = add_init(obj, &sym, &s, log);
	return err;
}

static void find_source(struct seki_obj *obj)
{
	uint32_t index = seki_elf_find(&obj->elf, SEKI_OBJ_SOURCE);
	struct seki_elf_section s;

	obj->source = "";
	if (index && seki_elf_section(&obj->elf, index, &s) && s.bytes &&
	    memchr(s.bytes, 0, s.size))
		obj->source = (const char *)s.bytes;
}

static int read_parts(struct seki_obj *obj, const char *entry, struct seki_text *log)
{
	int err = find_code(obj, entry, log);

	if (!err)
		err = check_writable(obj, log);
	if (!err)
		err = find_maps(obj, log);
	if (!err)
		err = gather_rodata(obj, log);
	if (!err)
		err = relocate(obj, log);
	if (!err)
		err = find_init(obj, log);
	if (!err)
		find_source(obj);
	return err;
}

int seki_obj_open(const void *bytes, size_t len, const char *entry, struct seki_obj *obj,
		  struct seki_text *log)
{
	const char *why;
	int err;

	*obj = (struct seki_obj){.n_maps = 0};
	if (len > OBJECT_MAX) {
		refuse(log, "the object is larger than %u bytes", (uint64_t)OBJECT_MAX);
		return -E2BIG;
	}
	obj->bytes = malloc(len + 1);
	if (!obj->bytes)
		return -ENOMEM;
	memcpy(obj->bytes, bytes, len);
	err = seki_elf_open(obj->bytes, len, &obj->elf, &why);
	if (err == -ENOEXEC)
		refuse(log, "%s", why);
	if (!err)
		err = read_parts(obj, entry, log);
	if (err)
		seki_obj_close(obj);
	return err;
}

void seki_obj_close(struct seki_obj *obj)
{
	seki_elf_close(&obj->elf);
	free(obj->bytes);
	free(obj->insns);
	free(obj->data);
	*obj = (struct seki_obj){.n_maps = 0};
}
