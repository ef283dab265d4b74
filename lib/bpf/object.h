/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object file taken apart: code with its relocations applied, map definitions, read-only data,
 * entries to start with, and where its lines come from.
 *
 * What loads
 *   files      relocatable ELF64 for BPF, little endian, at most 16 MiB, instructions of -mcpu=v1
 *              to v4, with and without -g
 *   code       any executable section. The program is the entry's function and what it calls or
 *              jumps to, also in other sections (.text). What it never gets to is left out,
 *              whatever is wrong with it: an object may hold programs for others.
 *   maps       - struct ubpf_map_def of p4c-ubpf and P4rt-OVS (20 bytes) in .data, with the type
 *                numbers of abi/p4obj.h;
 *              - libbpf's: struct { __uint(type, BPF_MAP_TYPE_HASH); ... } in .maps, described by
 *                BTF (clang -g), with the fields type, max_entries, key, key_size, value,
 *                value_size and map_flags;
 *              - libbpf's of before that: struct bpf_map_def in section "maps".
 *              The last two have the kernel's type numbers: HASH, ARRAY, PERCPU_ARRAY, LRU_HASH
 *              and LPM_TRIE. Of the flags, BPF_F_NO_PREALLOC and BPF_F_NO_COMMON_LRU say nothing
 *              here and are ignored; others are refused.
 *   data       constants, in sections named .rodata*, without addresses in them
 *   ignored    license, version, .debug_*, .llvm_addrsig, other sections that no instruction
 *              refers to
 *
 * What does not, and what to do instead: writable variables (a map), tables of pointers and jump
 * tables (-fno-jump-tables), addresses of functions (call them), functions that are defined
 * elsewhere, as memcpy is where clang does not expand it (__builtin_memcpy of a constant size),
 * CO-RE relocations (a packet program has no use for the kernel's structures).
 */
#ifndef SEKI_LIB_BPF_OBJECT_H
#define SEKI_LIB_BPF_OBJECT_H

#include "core/bpf/isa.h"
#include "core/bpf/text.h"
#include "lib/bpf/elf64.h"

#define SEKI_OBJ_RODATA_MAX 16
#define SEKI_OBJ_PARTS_MAX  16
#define SEKI_OBJ_NAME_MAX   128 /* bytes of a name that is kept or looked for */

struct seki_obj_map {
	const char *name;					  /* inside the file */
	uint32_t section;					  /* where its definition is */
	uint64_t at;						  /* and at what offset there */
	uint32_t type, key_size, value_size, max_entries, hashes; /* struct seki_map_def */
	const uint8_t *init; /* pairs of key and value, inside the file */
	uint64_t init_size;
	const uint8_t *fields; /* struct seki_map_field, inside the file, not aligned; or NULL */
	uint32_t n_fields;
};

struct seki_obj {
	uint8_t *bytes; /* a private copy of the file */
	struct seki_elf elf;
	struct {
		uint32_t section, base, size; /* base and size of what `origin` counts */
	} parts[SEKI_OBJ_PARTS_MAX];
	uint32_t n_parts;
	struct seki_bpf_insn *insns;
	uint32_t *origin; /* of each: where it was, in all parts laid end to end */
	uint32_t n_insns;
	uint32_t entry;
	struct seki_obj_map maps[SEKI_BPF_MAX_MAPS];
	uint32_t n_maps;
	uint64_t init_bytes; /* initial entries of all maps */
	struct {
		uint32_t section, base, size;
		bool relocated; /* it holds addresses, which nobody fills in */
	} rodata[SEKI_OBJ_RODATA_MAX];
	uint32_t n_rodata;
	uint8_t *data; /* all .rodata sections, one after the other */
	uint32_t data_size;
	const char *source; /* inside the file, or "" */
};

/*
 * Reads it all; `log` gets the reason of a failure: the place, what is wrong with what, and what to
 * do. Names of the file appear in it without control characters. -ENOEXEC, -E2BIG, -ENOMEM.
 */
int seki_obj_open(const void *bytes, size_t len, const char *entry, struct seki_obj *obj,
		  struct seki_text *log);

/* Takes a zeroed or half-open one too. */
void seki_obj_close(struct seki_obj *obj);

/* Where an instruction comes from, by the object's line information. */
struct seki_obj_line {
	const char *file, *text; /* inside the file, without control characters but tabs */
	uint32_t line;
};

/* False: the object does not say. */
bool seki_obj_line(const struct seki_obj *obj, uint32_t insn, struct seki_obj_line *out);

#endif
