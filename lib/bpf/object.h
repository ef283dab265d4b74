/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object of the P4 ABI (abi/p4obj.h) taken apart: code with its relocations applied, map
 * definitions, read-only data, entries to start with, and where its lines come from.
 */
#ifndef SEKI_LIB_BPF_OBJECT_H
#define SEKI_LIB_BPF_OBJECT_H

#include "core/bpf/isa.h"
#include "core/bpf/text.h"
#include "lib/bpf/elf64.h"

#define SEKI_OBJ_RODATA_MAX 16
#define SEKI_OBJ_NAME_MAX   128 /* bytes of a name that is kept or looked for */

struct seki_obj_map {
	const char *name;					  /* inside the file */
	uint64_t at;						  /* offset in .data */
	uint32_t type, key_size, value_size, max_entries, hashes; /* struct seki_map_def */
	const uint8_t *init; /* pairs of key and value, inside the file */
	uint64_t init_size;
};

struct seki_obj {
	uint8_t *bytes; /* a private copy of the file */
	struct seki_elf elf;
	uint32_t text; /* section of the code */
	struct seki_bpf_insn *insns;
	uint32_t n_insns;
	uint32_t entry;
	struct seki_obj_map maps[SEKI_BPF_MAX_MAPS];
	uint32_t n_maps;
	uint32_t map_section;
	uint64_t init_bytes; /* initial entries of all maps */
	struct {
		uint32_t section, base, size;
	} rodata[SEKI_OBJ_RODATA_MAX];
	uint32_t n_rodata;
	uint8_t *data; /* all .rodata sections, one after the other */
	uint32_t data_size;
	const char *source; /* inside the file, or "" */
};

/* Reads it all; `log` gets the reason of a failure. -ENOEXEC, -E2BIG, -ENOMEM. */
int seki_obj_open(const void *bytes, size_t len, const char *entry, struct seki_obj *obj,
		  struct seki_text *log);

/* Takes a zeroed or half-open one too. */
void seki_obj_close(struct seki_obj *obj);

/* Where an instruction comes from, by the object's line information. */
struct seki_obj_line {
	const char *file, *text; /* inside the file */
	uint32_t line;
};

/* False: the object does not say. */
bool seki_obj_line(const struct seki_obj *obj, uint32_t insn, struct seki_obj_line *out);

#endif
