// SPDX-License-Identifier: Apache-2.0
/*
 * The code of an object: from the entry on, the instructions that it can get to are followed, each
 * relocated as it is met, and only they are kept, close together. A section is read when the first
 * call into it is met. What is between functions or for other programs never matters.
 *
 * All this looks at no more of an instruction than where it leads; what is wrong with one is the
 * decoder's to find, and what it may do the verifier's, both on what comes out of here.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/check.h"
#include "lib/bpf/btf.h"
#include "lib/bpf/object_parts.h"

/* The relocations that LLVM's BPF back end emits for code. */
#define RELOC_64_64 1  /* lddw of an address */
#define RELOC_64_32 10 /* call of a function */

#define OPCODE_JA   0x05
#define OPCODE_JA32 0x06
#define OPCODE_LDDW 0x18
#define OPCODE_CALL 0x85
#define OPCODE_EXIT 0x95
#define SRC_LOCAL   1 /* a call of a function of the program, in its src field */

/* Instructions in all sections of code that are read, kept or not. */
#define PARTS_SIZE_MAX (4 * SEKI_BPF_MAX_INSNS)

/* What is known of an instruction of a part. */
struct mark {
	uint32_t reloc;	 /* in the relocations of its part, + 1 */
	uint32_t target; /* where it jumps to or what it calls, + 1; 0: no jump, or not followed */
	uint32_t next;	 /* of the chain `todo`, + 1; in the end, where the instruction goes */
	bool queued, seen;
};

struct code {
	struct seki_obj *obj;
	struct seki_text *log;
	struct mark *marks;
	uint32_t size; /* instructions of all parts */
	const uint8_t *relocs[SEKI_OBJ_PARTS_MAX];
	uint32_t todo;	/* places to follow, a chain */
	uint32_t fault; /* the instruction that log_at() told of, + 1 */
};

static const char *section_name(const struct code *c, uint32_t section)
{
	struct seki_elf_section s;

	return seki_elf_section(&c->obj->elf, section, &s) ? s.name : "?";
}

/* The part that holds this place. */
static uint32_t part_of(const struct code *c, uint32_t at)
{
	uint32_t i = 0;

	while (at - c->obj->parts[i].base >= c->obj->parts[i].size)
		i++;
	return i;
}

/* Says where, as llvm-objdump -d counts; seki_obj_refuse() is to follow. */
static struct seki_text *log_at(struct code *c, uint32_t at)
{
	uint32_t part = part_of(c, at);

	c->fault = at + 1;
	seki_obj_log(c->log, "section %s, insn %u: ", section_name(c, c->obj->parts[part].section),
		     (uint64_t)(at - c->obj->parts[part].base));
	return c->log;
}

/* Relocations of a part, by instruction. */
static int index_relocs(struct code *c, uint32_t part, const struct seki_elf_section *s)
{
	uint32_t base = c->obj->parts[part].base, size = c->obj->parts[part].size;
	Elf64_Rel rel;

	if (s->type == SHT_RELA || s->size % sizeof(rel) || s->size > size * sizeof(rel))
		return seki_obj_refuse(c->log, "section %s: the relocations are malformed",
				       s->name);
	if (c->relocs[part])
		return seki_obj_refuse(c->log,
				       "section %s: the code has more than one section of "
				       "relocations",
				       s->name);
	c->relocs[part] = s->bytes;
	for (uint32_t i = 0; i < s->size / sizeof(rel); i++) {
		memcpy(&rel, s->bytes + (size_t)i * sizeof(rel), sizeof(rel));
		if (rel.r_offset % 8 || rel.r_offset / 8 >= size)
			return seki_obj_refuse(c->log,
					       "section %s: the relocation at offset %x lies "
					       "outside the code",
					       s->name, (uint64_t)rel.r_offset);
		if (c->marks[base + rel.r_offset / 8].reloc)
			return seki_obj_refuse(c->log,
					       "section %s: there are two relocations at offset "
					       "%x",
					       s->name, (uint64_t)rel.r_offset);
		c->marks[base + rel.r_offset / 8].reloc = i + 1;
	}
	return 0;
}

static int find_relocs(struct code *c, uint32_t part)
{
	struct seki_elf_section s;
	int err = 0;

	for (uint32_t i = 1; !err && i < c->obj->elf.n_sections; i++)
		if (seki_elf_section(&c->obj->elf, i, &s) && s.bytes &&
		    s.info == c->obj->parts[part].section &&
		    (s.type == SHT_REL || s.type == SHT_RELA))
			err = index_relocs(c, part, &s);
	return err;
}

static int grow(struct code *c, uint32_t n)
{
	struct seki_bpf_insn *insns;
	struct mark *marks;

	insns = realloc(c->obj->insns, (c->size + n) * sizeof(*insns));
	if (!insns)
		return -ENOMEM;
	c->obj->insns = insns;
	marks = realloc(c->marks, (c->size + n) * sizeof(*marks));
	if (!marks)
		return -ENOMEM;
	c->marks = marks;
	memset(marks + c->size, 0, n * sizeof(*marks));
	return 0;
}

static bool is_code(const struct seki_elf_section *s)
{
	return s->type == SHT_PROGBITS && s->flags & SHF_EXECINSTR && s->bytes;
}

static int add_part(struct code *c, uint32_t section, const struct seki_elf_section *s)
{
	struct seki_obj *obj = c->obj;
	uint32_t n;
	int err;

	if (s->size % sizeof(struct seki_bpf_insn))
		return seki_obj_refuse(c->log, "section %s: the code is not whole instructions",
				       s->name);
	if (!seki_obj_name_is_good(s->name)) /* which bounds how long comparing it takes */
		return seki_obj_refuse_name(c->log, "a section of code");
	if (obj->n_parts == SEKI_OBJ_PARTS_MAX)
		return seki_obj_refuse(c->log, "the code is in more than %u sections",
				       (uint64_t)SEKI_OBJ_PARTS_MAX);
	if (s->size / 8 > PARTS_SIZE_MAX - c->size) {
		seki_obj_refuse(c->log,
				"the sections of code have more than %u instructions; put "
				"programs into objects of their own",
				(uint64_t)PARTS_SIZE_MAX);
		return -E2BIG;
	}
	n = (uint32_t)(s->size / 8);
	err = grow(c, n);
	if (err)
		return err;
	memcpy(obj->insns + c->size, s->bytes, s->size);
	obj->parts[obj->n_parts].section = section;
	obj->parts[obj->n_parts].base = c->size;
	obj->parts[obj->n_parts].size = n;
	c->size += n;
	return find_relocs(c, obj->n_parts++);
}

/* The part that the section of code is; it is read if it was not yet. */
static int get_part(struct code *c, uint32_t section, const struct seki_elf_section *s,
		    uint32_t *part)
{
	for (*part = 0; *part < c->obj->n_parts; ++*part)
		if (c->obj->parts[*part].section == section)
			return 0;
	return add_part(c, section, s);
}

static void put(struct code *c, uint32_t at)
{
	struct mark *m = &c->marks[at];

	if (m->queued)
		return;
	m->queued = true;
	m->next = c->todo;
	c->todo = at + 1;
}

/* The instruction `at` leads to `target`, which is to be followed. */
static void put_target(struct code *c, uint32_t at, uint32_t target)
{
	c->marks[at].target = target + 1;
	put(c, target);
}

/* A map, a place in read-only data. False: neither. */
static bool resolve(const struct seki_obj *obj, uint32_t section, uint64_t off, uint8_t *kind,
		    uint32_t *value)
{
	for (uint32_t i = 0; i < obj->n_rodata; i++) {
		if (obj->rodata[i].section != section || off > obj->rodata[i].size ||
		    obj->rodata[i].relocated)
			continue;
		*kind = SEKI_LDDW_DATA;
		*value = obj->rodata[i].base + (uint32_t)off;
		return true;
	}
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		if (section != obj->maps[i].section || obj->maps[i].at != off)
			continue;
		*kind = SEKI_LDDW_MAP;
		*value = i;
		return true;
	}
	return false;
}

/* The variable at this place, where code refers to its section instead. */
static const char *variable_at(const struct seki_obj *obj, const struct seki_elf_symbol *sym,
			       uint64_t off)
{
	struct seki_elf_symbol var;

	if (sym->type != STT_SECTION)
		return sym->name;
	for (uint32_t i = 0; i < obj->elf.n_symbols; i++)
		if (seki_elf_symbol(&obj->elf, i, &var) && var.section == sym->section &&
		    var.type == STT_OBJECT && off >= var.value && off - var.value < var.size)
			return var.name;
	return "?";
}

static int refuse_address(struct code *c, uint32_t at, const struct seki_elf_symbol *sym,
			  uint64_t off)
{
	const char *name = variable_at(c->obj, sym, off);
	struct seki_elf_section s;

	log_at(c, at);
	if (sym->section == SHN_UNDEF)
		return seki_obj_refuse(
			c->log, "\"%s\" is declared, but this object does not define it", name);
	if (!seki_elf_section(&c->obj->elf, sym->section, &s))
		return seki_obj_refuse(c->log, "the address of \"%s\", which is in no section",
				       name);
	if (is_code(&s))
		return seki_obj_refuse(c->log,
				       "the address of code in section %s is taken (\"%s\"); "
				       "functions can only be called",
				       s.name, name);
	if (!strcmp(s.name, ".maps") || !strcmp(s.name, "maps"))
		return seki_obj_refuse(c->log, "no map starts at offset %x of section %s", off,
				       s.name);
	for (uint32_t i = 0; i < c->obj->n_rodata; i++)
		if (c->obj->rodata[i].section == sym->section)
			return c->obj->rodata[i].relocated
				       ? seki_obj_refuse(
						 c->log,
						 "section %s holds addresses (a jump table, "
						 "a table of pointers), which is not "
						 "supported; try -fno-jump-tables",
						 s.name)
				       : seki_obj_refuse(c->log,
							 "offset %x lies outside section %s", off,
							 s.name);
	if (s.flags & SHF_WRITE)
		return seki_obj_refuse(c->log,
				       "\"%s\" is a global variable (section %s); keep state in "
				       "maps instead, or make it const",
				       name, s.name);
	return seki_obj_refuse(c->log,
			       "the address of \"%s\" (section %s), which is neither a map nor in "
			       "read-only data",
			       name, s.name);
}

static int reloc_address(struct code *c, uint32_t at, const struct seki_elf_symbol *sym)
{
	struct seki_bpf_insn *insn = &c->obj->insns[at];
	uint64_t off = sym->value + (uint32_t)insn->imm;
	uint32_t value;
	uint8_t kind;

	if (insn->opcode != OPCODE_LDDW)
		return seki_obj_refuse(log_at(c, at),
				       "an address is to be put where no 64-bit load is");
	if (!resolve(c->obj, sym->section, off, &kind, &value))
		return refuse_address(c, at, sym, off);
	insn->regs = (uint8_t)((insn->regs & 15) | kind << 4);
	insn[0].imm = (int32_t)value;
	insn[1].imm = 0; /* follow() has seen that it is there */
	return 0;
}

static int refuse_undefined(struct code *c, uint32_t at, const char *name)
{
	static const char *const library[] = {"memcpy", "memset", "memmove", "memcmp", "bcmp"};

	log_at(c, at);
	for (size_t i = 0; i < SEKI_COUNT(library); i++)
		if (!strcmp(name, library[i]))
			return seki_obj_refuse(c->log,
					       "the function \"%s\" is not defined: there is no C "
					       "library; use __builtin_%s with a constant, small "
					       "size, or a loop",
					       name, name);
	return seki_obj_refuse(c->log,
			       "the function \"%s\" is not defined in this object; define it, or "
			       "call helpers by their number",
			       name);
}

static int reloc_call(struct code *c, uint32_t at, const struct seki_elf_symbol *sym)
{
	struct seki_elf_section s;
	uint32_t part;
	int64_t target;
	int err;

	if (c->obj->insns[at].opcode != OPCODE_CALL)
		return seki_obj_refuse(log_at(c, at), "a function is to be put where no call is");
	if (sym->section == SHN_UNDEF)
		return refuse_undefined(c, at, sym->name);
	if (!seki_elf_section(&c->obj->elf, sym->section, &s) || !is_code(&s))
		return seki_obj_refuse(log_at(c, at), "it calls \"%s\", which is not code",
				       sym->name);
	err = get_part(c, sym->section, &s, &part);
	if (err)
		return err;
	target = (int64_t)(sym->value / 8) + c->obj->insns[at].imm + 1;
	if (sym->value % 8 || target < 0 || target >= c->obj->parts[part].size)
		return seki_obj_refuse(log_at(c, at), "the function lies outside section %s",
				       s.name);
	target += c->obj->parts[part].base;
	c->obj->insns[at].regs = SRC_LOCAL << 4;
	put_target(c, at, (uint32_t)target);
	return 0;
}

static int apply_reloc(struct code *c, uint32_t at)
{
	struct seki_elf_symbol sym;
	Elf64_Rel rel;
	uint32_t type;

	memcpy(&rel, c->relocs[part_of(c, at)] + (c->marks[at].reloc - 1) * sizeof(rel),
	       sizeof(rel));
	type = (uint32_t)ELF64_R_TYPE(rel.r_info);
	if (!seki_elf_symbol(&c->obj->elf, (uint32_t)ELF64_R_SYM(rel.r_info), &sym))
		return seki_obj_refuse(log_at(c, at),
				       "the relocation refers to a symbol that does not exist");
	if (type == RELOC_64_64)
		return reloc_address(c, at, &sym);
	if (type == RELOC_64_32)
		return reloc_call(c, at, &sym);
	return seki_obj_refuse(log_at(c, at),
			       "unknown relocation type %u (offset %x); only R_BPF_64_64 (1) and "
			       "R_BPF_64_32 (10) are for code",
			       (uint64_t)type, (uint64_t)rel.r_offset);
}

/* Where a jump or a local call leads, from the instruction behind it. */
static bool leads_to(const struct seki_bpf_insn *insn, int32_t *rel)
{
	uint8_t class = insn->opcode & 7, op = insn->opcode & 0xf0;

	*rel = insn->opcode == OPCODE_CALL || insn->opcode == OPCODE_JA32 ? insn->imm : insn->off;
	if (insn->opcode == OPCODE_CALL)
		return insn->regs >> 4 == SRC_LOCAL;
	return (class == 5 || class == 6) && op != (OPCODE_CALL & 0xf0) &&
	       op != (OPCODE_EXIT & 0xf0);
}

/* Without a relocation, it leads to its own section. */
static int follow_branch(struct code *c, uint32_t at)
{
	uint32_t part = part_of(c, at);
	int64_t target;
	int32_t rel;

	if (!leads_to(&c->obj->insns[at], &rel))
		return 0;
	target = (int64_t)at - c->obj->parts[part].base + 1 + rel;
	if (target < 0 || target >= c->obj->parts[part].size)
		return seki_obj_refuse(log_at(c, at), "the jump or call leads outside the section");
	put_target(c, at, (uint32_t)target + c->obj->parts[part].base);
	return 0;
}

/* To where the code ends or was seen already. */
static int follow(struct code *c, uint32_t at)
{
	uint32_t part = part_of(c, at);
	uint32_t end = c->obj->parts[part].base + c->obj->parts[part].size;
	uint8_t opcode;
	int err;

	for (; at < end; at++) {
		if (c->marks[at].seen)
			return 0;
		c->marks[at].seen = true;
		opcode = c->obj->insns[at].opcode;
		if (opcode == OPCODE_LDDW && at + 1 == end)
			return seki_obj_refuse(log_at(c, at),
					       "the second half of a 64-bit load is missing");
		if (opcode == OPCODE_LDDW && c->marks[at + 1].reloc)
			return seki_obj_refuse(log_at(c, at),
					       "there is a relocation for the second half of a "
					       "64-bit load");
		err = c->marks[at].reloc ? apply_reloc(c, at) : follow_branch(c, at);
		if (err)
			return err;
		if (opcode == OPCODE_EXIT || opcode == OPCODE_JA || opcode == OPCODE_JA32)
			return 0;
		if (opcode == OPCODE_LDDW)
			c->marks[++at].seen = true;
	}
	return seki_obj_refuse(log_at(c, end - 1),
			       "the code runs past the end of its section; let it end with exit");
}

static int follow_all(struct code *c)
{
	int err = 0;

	while (!err && c->todo) {
		uint32_t at = c->todo - 1;

		c->todo = c->marks[at].next;
		err = follow(c, at);
	}
	return err;
}

/* CO-RE relocations of code that is kept. */
static int check_core(struct code *c, uint32_t part)
{
	uint32_t base = c->obj->parts[part].base, size = c->obj->parts[part].size;
	struct seki_btf_strings strings;
	struct seki_btf_records records;
	uint32_t off;

	if (!seki_btf_strings(&c->obj->elf, &strings) ||
	    !seki_btf_records(&c->obj->elf, &strings, SEKI_BTF_EXT_CORE,
			      section_name(c, c->obj->parts[part].section), sizeof(off), &records))
		return 0;
	for (uint32_t i = 0; i < records.count; i++) {
		memcpy(&off, records.at + (uint64_t)i * records.size, sizeof(off));
		if (off / 8 < size && c->marks[base + off / 8].seen)
			return seki_obj_refuse(log_at(c, base + off / 8),
					       "a CO-RE relocation (bpf_core_read(), "
					       "preserve_access_index), which is for structures of "
					       "a kernel; use plain structures");
	}
	return 0;
}

/*
 * The target of a jump is in its section, where all that is kept keeps its order: it is no farther
 * away than it was, and no field overflows.
 */
static void copy_insn(struct code *c, uint32_t at)
{
	struct seki_bpf_insn insn = c->obj->insns[at];
	uint32_t to = c->marks[at].next;

	if (c->marks[at].target) {
		int32_t rel = (int32_t)((int64_t)c->marks[c->marks[at].target - 1].next - to - 1);

		if (insn.opcode == OPCODE_CALL || insn.opcode == OPCODE_JA32)
			insn.imm = rel;
		else
			insn.off = (int16_t)rel;
	}
	c->obj->insns[to] = insn;
	c->obj->origin[to] = at;
}

/* Keeps what was seen. */
static int compact(struct code *c)
{
	struct seki_obj *obj = c->obj;
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->size; i++)
		if (c->marks[i].seen)
			c->marks[i].next = n++;
	if (n > SEKI_BPF_MAX_INSNS) {
		seki_obj_refuse(c->log, "the program has %u instructions; the most is %u",
				(uint64_t)n, (uint64_t)SEKI_BPF_MAX_INSNS);
		return -E2BIG;
	}
	obj->origin = malloc(n * sizeof(*obj->origin));
	if (!obj->origin)
		return -ENOMEM;
	obj->n_insns = n;
	obj->entry = c->marks[obj->entry].next;
	for (uint32_t i = 0; i < c->size; i++)
		if (c->marks[i].seen)
			copy_insn(c, i);
	return 0;
}

/* Names the functions that there are, a few of them. */
static int refuse_no_entry(struct code *c, const char *entry)
{
	struct seki_elf_symbol sym;
	int n = 0;

	seki_obj_log(c->log, "there is no function \"%s\" to start at", entry);
	for (uint32_t i = 0; n < 8 && i < c->obj->elf.n_symbols; i++)
		if (seki_elf_symbol(&c->obj->elf, i, &sym) && sym.type == STT_FUNC &&
		    seki_obj_name_is_good(sym.name))
			seki_obj_log(c->log, "%s%s", n++ ? ", " : "; there are ", sym.name);
	return seki_obj_refuse(c->log, n ? "; choose one" : "; the object defines none");
}

static int find_entry(struct code *c, const char *entry, struct seki_elf_symbol *found)
{
	struct seki_elf_symbol sym;
	struct seki_elf_section s;

	*found = (struct seki_elf_symbol){.name = NULL};
	for (uint32_t i = 0; i < c->obj->elf.n_symbols; i++) {
		if (!seki_elf_symbol(&c->obj->elf, i, &sym) || strcmp(sym.name, entry) ||
		    sym.type == STT_SECTION || sym.type == STT_FILE ||
		    !seki_elf_section(&c->obj->elf, sym.section, &s) || !is_code(&s))
			continue;
		if (found->name && (found->section != sym.section || found->value != sym.value))
			return seki_obj_refuse(c->log, "there are two functions \"%s\"; rename one",
					       entry);
		*found = sym;
	}
	return found->name ? 0 : refuse_no_entry(c, entry);
}

static int read_code(struct code *c, const char *entry)
{
	struct seki_elf_symbol sym;
	struct seki_elf_section s;
	int err = find_entry(c, entry, &sym);

	if (err)
		return err;
	seki_elf_section(&c->obj->elf, sym.section, &s);
	if (sym.value % 8 || sym.value >= s.size)
		return seki_obj_refuse(c->log,
				       "section %s: its entry \"%s\" is not at an instruction",
				       s.name, entry);
	err = add_part(c, sym.section, &s);
	if (err)
		return err;
	c->obj->entry = (uint32_t)(sym.value / 8);
	put(c, c->obj->entry);
	err = follow_all(c);
	for (uint32_t i = 0; !err && i < c->obj->n_parts; i++)
		err = check_core(c, i);
	return err ? err : compact(c);
}

/* The line of the source that the refused instruction comes from. */
static void log_line(struct code *c, uint32_t at)
{
	uint32_t part = part_of(c, at);
	struct seki_obj_line line;

	if (!seki_obj_line_at(c->obj, c->obj->parts[part].section,
			      (uint64_t)(at - c->obj->parts[part].base) *
				      sizeof(struct seki_bpf_insn),
			      &line) ||
	    !line.line)
		return;
	line.text += strspn(line.text, " \t");
	seki_text_add(c->log, "  in %s:%u: %s\n", line.file, (uint64_t)line.line, line.text);
}

int seki_obj_read_code(struct seki_obj *obj, const char *entry, struct seki_text *log)
{
	struct code c = {.obj = obj, .log = log};
	int err = read_code(&c, entry);

	if (err && c.fault)
		log_line(&c, c.fault - 1);
	free(c.marks);
	return err;
}
