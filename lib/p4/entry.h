/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of tables: in text, in the bytes of the maps, and put into the maps of a program. */
#ifndef SEKI_LIB_P4_ENTRY_H
#define SEKI_LIB_P4_ENTRY_H

#include "lib/p4/match.h"
#include "sekisho/bpf.h"

/* What a text is. */
enum seki_p4rt_form {
	SEKI_P4RT_ADD,		 /* TABLE [PRIORITY] FIELD:MATCH ... ACTION(PARAM:VALUE, ...) */
	SEKI_P4RT_DEFAULT,	 /* TABLE ACTION(PARAM:VALUE, ...) */
	SEKI_P4RT_REMOVE,	 /* TABLE [PRIORITY] FIELD:MATCH ... */
	SEKI_P4RT_MEMBER,	 /* PROFILE NUMBER ACTION(PARAM:VALUE, ...) */
	SEKI_P4RT_MEMBER_REMOVE, /* PROFILE NUMBER */
	SEKI_P4RT_GROUP,	 /* SELECTOR NUMBER MEMBER ... */
	SEKI_P4RT_GROUP_REMOVE,	 /* SELECTOR NUMBER */
};

/* A key as the map's control plane functions take it, and a value: of seki_p4rt_entry_parse(). */
struct seki_p4rt_entry {
	enum seki_p4rt_form form;
	const struct seki_p4rt_table *table;	 /* of a member or group one of its tables */
	const struct seki_p4rt_profile *profile; /* of a member or group */
	const struct seki_p4rt_action *action;	 /* NULL: the value has none */
	uint8_t *key;				 /* NULL: the default action's entry */
	uint8_t *value;
};

/* Bytes of an entry's key: of a classifier more than the table's. */
uint32_t seki_p4rt_key_bytes(const struct seki_p4rt_table *table);

/* The key of an entry that matches where all its fields do, and back. */
void seki_p4rt_key_encode(const struct seki_p4rt_table *table,
			  const struct seki_p4rt_match *matches, uint32_t priority, uint8_t *key);
void seki_p4rt_key_decode(const struct seki_p4rt_table *table, const uint8_t *key,
			  struct seki_p4rt_match *matches, uint32_t *priority);

/* One field of the key that a program looks up. */
void seki_p4rt_key_field(const struct seki_p4rt_table *table, const struct seki_p4rt_field *field,
			 const uint8_t *key, uint8_t *number);

/*
 * The entry that a lookup of these numbers finds, SEKI_P4RT_MAX_BYTES a field: what it matches, and its
 * priority; of several of one priority any. -ENOENT: none. Takes as long as there are entries.
 */
int seki_p4rt_find(struct seki_bpf_prog *prog, const struct seki_p4rt_table *table,
		   const uint8_t *numbers, struct seki_p4rt_match *matches, uint32_t *priority);

/* The action that a value runs; NULL: none of the table's. And one of its arguments. */
const struct seki_p4rt_action *seki_p4rt_value_action(const struct seki_p4rt_table *table,
						      const uint8_t *value);
void seki_p4rt_value_arg(const struct seki_p4rt_table *table, const struct seki_p4rt_field *param,
			 const uint8_t *value, uint8_t *number);

/*
 * The action of an entry whose table has a profile is member(NUMBER) or group(NUMBER). Names are P4Info's or those that p4c's C has; "key." may stand before a field's. Fields that are
 * not there match anything. 0 and an entry, the caller's to free; else a negative errno and why.
 */
int seki_p4rt_entry_parse(const struct seki_p4rt *p4rt, enum seki_p4rt_form form, const char *text,
			  struct seki_p4rt_entry *out, char why[SEKI_P4RT_WHY]);
void seki_p4rt_entry_exit(struct seki_p4rt_entry *entry);

/* The map of the table, or of its default action, if it is of the shape that P4Info says. NULL and
 * why: it is not. */
struct seki_bpf_map *seki_p4rt_map(struct seki_bpf_prog *prog, const struct seki_p4rt_table *table,
				   bool is_default, char why[SEKI_P4RT_WHY]);

/* Sets the entry, member or group, or removes it: as its form says. */
int seki_p4rt_entry_apply(struct seki_bpf_prog *prog, const struct seki_p4rt_entry *entry,
			  char why[SEKI_P4RT_WHY]);

#endif
