/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of seki_obj_open(), in their order. All return 0 or -ENOEXEC, -E2BIG, -ENOMEM. */
#ifndef SEKI_LIB_BPF_OBJECT_PARTS_H
#define SEKI_LIB_BPF_OBJECT_PARTS_H

#include "lib/bpf/object.h"

/* Maps of all kinds, in the order of the symbol table. */
int seki_obj_read_maps(struct seki_obj *obj, struct seki_text *log);

/* The code that `entry` gets to, relocated. Needs the maps and the list of read-only data. */
int seki_obj_read_code(struct seki_obj *obj, const char *entry, struct seki_text *log);

/* Puts text into the log; what is not printable ASCII becomes a question mark. */
void seki_obj_log(struct seki_text *log, const char *format, ...);

/* The same, and the end of the line. -ENOEXEC. */
int seki_obj_refuse(struct seki_text *log, const char *format, ...);

/* May it be kept? Not empty or too long, and without control characters. */
bool seki_obj_name_is_good(const char *name);

/* It may not: -ENOEXEC. */
int seki_obj_refuse_name(struct seki_text *log, const char *whose);

/* As seki_obj_line(), for an offset in a section of code of the file. */
bool seki_obj_line_at(const struct seki_obj *obj, uint32_t section, uint64_t off,
		      struct seki_obj_line *out);

#endif
