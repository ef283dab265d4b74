/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control plane's view of a program: its tables and actions by P4Info, and where keys and
 * actions' data lie in the maps' keys and values (abi/p4obj.h). The P4Info may be anyone's: what it
 * says is checked, and so is that the maps of a program are of its shape.
 */
#ifndef SEKI_LIB_P4_PIPELINE_H
#define SEKI_LIB_P4_PIPELINE_H

#include "abi/p4obj.h"
#include "lib/p4/number.h"

#define SEKI_P4RT_WHY 320u /* bytes of a reason, with its NUL */

struct P4__Config__V1__P4Info;

/* A field of a key, or a parameter of an action. */
struct seki_p4rt_field {
	const char *name;
	uint32_t id;
	uint32_t width;	       /* 1 to SEKI_P4RT_MAX_WIDTH */
	enum seki_match match; /* of keys */
	uint32_t at;	       /* its first byte: in the key, or in the action's struct */
};

struct seki_p4rt_action {
	const char *name, *alias;
	uint32_t id;
	struct seki_p4rt_field *params;
	uint32_t n_params;
	uint32_t size, align; /* of its struct */
};

struct seki_p4rt_ref {
	const struct seki_p4rt_action *action;
	bool default_only, table_only;
};

struct seki_p4rt_table;

/* An action profile or selector. */
struct seki_p4rt_profile {
	const char *name, *alias;
	const char *map, *group_map; /* the latter NULL: it is no selector */
	uint32_t id;
	uint32_t max_members;
	const struct seki_p4rt_table *table; /* one of its tables: members have its actions */
};

/* Or a value set, which has no actions. */
struct seki_p4rt_table {
	const char *name, *alias;
	const char *map, *default_map; /* the latter NULL: there is none */
	uint32_t id;
	bool is_set;
	bool is_const; /* its entries are the program's */
	const struct seki_p4rt_profile
		*profile; /* entries name its members, not actions; or NULL */
	enum seki_map_type type;
	struct seki_p4rt_field *fields;
	uint32_t n_fields;
	struct seki_p4rt_ref *actions; /* by their numbers */
	uint32_t n_actions;
	uint32_t max_entries;
	uint32_t key_size, entry_size;	 /* as in struct seki_map_def */
	uint32_t value_size;		 /* of an action and its data: mostly an entry's */
	uint32_t data_at;		 /* of an action's struct in the value */
	uint32_t direct_at, direct_size; /* of direct counters and meters in the value */
};

struct seki_p4rt {
	struct P4__Config__V1__P4Info *info; /* the rest; its strings may hold anything */
	struct seki_p4rt_table *tables;
	uint32_t n_tables;
	struct seki_p4rt_action *actions; /* by id */
	uint32_t n_actions;
	struct seki_p4rt_profile *profiles;
	uint32_t n_profiles;
	struct seki_p4rt_block *memory;
};

/*
 * From P4Info in protobuf's bytes, or of an object that has it. 0 and a pipeline, the caller's to
 * close; -EPROTO it is not P4Info or contradicts itself; -ENOENT the object has none; -ENOEXEC it
 * is no object; -E2BIG; -ENOMEM. `why` gets a reason.
 */
int seki_p4rt_open(const void *p4info, size_t len, struct seki_p4rt **out, char why[SEKI_P4RT_WHY]);
int seki_p4rt_open_object(const void *elf, size_t len, struct seki_p4rt **out,
			  char why[SEKI_P4RT_WHY]);
void seki_p4rt_close(struct seki_p4rt *p4rt); /* takes NULL */

/* By P4Info's name, its alias, or the name that its map has in C. NULL: there is none. */
const struct seki_p4rt_table *seki_p4rt_table(const struct seki_p4rt *p4rt, const char *name);
const struct seki_p4rt_profile *seki_p4rt_profile(const struct seki_p4rt *p4rt, const char *name);

/* Is this name what is called so? All but letters and digits are alike, as in names of C. */
bool seki_p4rt_is_name(const char *name, const char *text, size_t len);

#endif
