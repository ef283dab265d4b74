// SPDX-License-Identifier: Apache-2.0
/* Taking an object apart: see the header. The maps and the code have files of their own. */
#include "lib/bpf/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4obj.h"
#include "core/base/check.h"
#include "lib/bpf/object_parts.h"

#define OBJECT_MAX (16u << 20)

/* Appends, and replaces what could play tricks on a terminal. */
static void add_clean(struct seki_text *log, const char *format, va_list args)
{
	size_t from = log->len;

	seki_text_add_args(log, format, args);
	for (; from < log->len; from++)
		if (log->buf[from] < ' ' || log->buf[from] > '~')
			log->buf[from] = '?';
}

void seki_obj_log(struct seki_text *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_clean(log, format, args);
	va_end(args);
}

int seki_obj_refuse(struct seki_text *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_clean(log, format, args);
	va_end(args);
	seki_text_add(log, "\n");
	return -ENOEXEC;
}

bool seki_obj_name_is_good(const char *name)
{
	size_t len = strnlen(name, SEKI_OBJ_NAME_MAX + 1);

	if (!len || len > SEKI_OBJ_NAME_MAX)
		return false;
	for (; *name; name++)
		if ((unsigned char)*name < ' ' || *name == 0x7f)
			return false;
	return true;
}

int seki_obj_refuse_name(struct seki_text *log, const char *whose)
{
	return seki_obj_refuse(log,
			       "a name is longer than %u bytes, empty, or has control characters: "
			       "that of %s",
			       (uint64_t)SEKI_OBJ_NAME_MAX, whose);
}

static bool has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

static bool is_rodata(const struct seki_elf_section *s)
{
	return s->type == SHT_PROGBITS && has_prefix(s->name, ".rodata");
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
			return seki_obj_refuse(log,
					       "there are more than %u sections of read-only data",
					       (uint64_t)SEKI_OBJ_RODATA_MAX);
		obj->rodata[obj->n_rodata].section = i;
		obj->rodata[obj->n_rodata].base = (uint32_t)size;
		obj->rodata[obj->n_rodata++].size = (uint32_t)s.size;
		size += round_up(s.size); /* no more than 16 sections of a file of 16 MiB */
		if (size > obj->elf.len + sizeof(uint64_t) * SEKI_OBJ_RODATA_MAX)
			return seki_obj_refuse(log, "the sections of read-only data overlap");
	}
	obj->data_size = (uint32_t)size;
	return 0;
}

static void find_relocated(struct seki_obj *obj)
{
	struct seki_elf_section s;

	for (uint32_t i = 1; i < obj->elf.n_sections; i++) {
		if (!seki_elf_section(&obj->elf, i, &s) || !s.size ||
		    (s.type != SHT_REL && s.type != SHT_RELA))
			continue;
		for (uint32_t j = 0; j < obj->n_rodata; j++)
			if (obj->rodata[j].section == s.info)
				obj->rodata[j].relocated = true;
	}
}

static int gather_rodata(struct seki_obj *obj, struct seki_text *log)
{
	int err = list_rodata(obj, log);

	if (err)
		return err;
	find_relocated(obj);
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
	uint64_t pair, key;

	if (!map)
		return seki_obj_refuse(log, "\"%s\" is for a map that does not exist", sym->name);
	key = map->type == SEKI_MAP_CLASSIFIER
		      ? sizeof(struct seki_classifier_key) + 2ull * map->key_size
		      : map->key_size;
	pair = key + map->value_size;
	if (!seki_in_range(sym->value, sym->size, init->size) || !pair || sym->size % pair)
		return seki_obj_refuse(log, "\"%s\" is not pairs of key and value", sym->name);
	if (map->init)
		return seki_obj_refuse(log, "\"%s\" is there twice", sym->name);
	if (sym->size / pair > map->max_entries)
		return seki_obj_refuse(log, "\"%s\" is more entries than the map has room for",
				       sym->name);
	obj->init_bytes += sym->size;
	if (obj->init_bytes > init->size)
		return seki_obj_refuse(log, "the initial entries of maps overlap");
	map->init = init->bytes + sym->value;
	map->init_size = sym->size;
	return 0;
}

static int add_fields(struct seki_obj *obj, const struct seki_elf_symbol *sym,
		      const struct seki_elf_section *fields, struct seki_text *log)
{
	struct seki_obj_map *map = map_by_name(obj, sym->name + strlen(SEKI_FIELDS_PREFIX));

	if (!map || map->type != SEKI_MAP_CLASSIFIER)
		return seki_obj_refuse(log, "\"%s\" is for a map that is no classifier", sym->name);
	if (!seki_in_range(sym->value, sym->size, fields->size) ||
	    sym->size % sizeof(struct seki_map_field) || sym->size > UINT16_MAX)
		return seki_obj_refuse(log, "\"%s\" is not an array of struct seki_map_field",
				       sym->name);
	if (map->fields)
		return seki_obj_refuse(log, "\"%s\" is there twice", sym->name);
	map->fields = fields->bytes + sym->value;
	map->n_fields = (uint32_t)(sym->size / sizeof(struct seki_map_field));
	return 0;
}

typedef int (*array_adder)(struct seki_obj *obj, const struct seki_elf_symbol *sym,
			   const struct seki_elf_section *s, struct seki_text *log);

/* All objects of that section that are named like this. */
static int find_arrays(struct seki_obj *obj, const char *section, const char *prefix,
		       array_adder add, struct seki_text *log)
{
	uint32_t index = seki_elf_find(&obj->elf, section);
	struct seki_elf_section s;
	struct seki_elf_symbol sym;
	int err = 0;

	if (!index || !seki_elf_section(&obj->elf, index, &s) || !s.bytes)
		return 0;
	for (uint32_t i = 0; !err && i < obj->elf.n_symbols; i++)
		if (seki_elf_symbol(&obj->elf, i, &sym) && sym.section == index &&
		    sym.type == STT_OBJECT && has_prefix(sym.name, prefix))
			err = add(obj, &sym, &s, log);
	return err;
}

static void find_source(struct seki_obj *obj)
{
	uint32_t index = seki_elf_find(&obj->elf, SEKI_OBJ_SOURCE);
	struct seki_elf_section s;

	obj->source = "";
	if (index && seki_elf_section(&obj->elf, index, &s) && s.bytes &&
	    memchr(s.bytes, 0, s.size) && seki_obj_name_is_good((const char *)s.bytes))
		obj->source = (const char *)s.bytes;
}

static int read_parts(struct seki_obj *obj, const char *entry, struct seki_text *log)
{
	int err = seki_obj_read_maps(obj, log);

	if (!err)
		err = gather_rodata(obj, log);
	if (!err)
		err = seki_obj_read_code(obj, entry, log);
	if (!err)
		err = find_arrays(obj, SEKI_OBJ_INIT, SEKI_INIT_PREFIX, add_init, log);
	if (!err)
		err = find_arrays(obj, SEKI_OBJ_FIELDS, SEKI_FIELDS_PREFIX, add_fields, log);
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
		seki_obj_refuse(log, "the object is larger than %u bytes", (uint64_t)OBJECT_MAX);
		return -E2BIG;
	}
	obj->bytes = malloc(len + 1);
	if (!obj->bytes)
		return -ENOMEM;
	memcpy(obj->bytes, bytes, len);
	err = seki_elf_open(obj->bytes, len, &obj->elf, &why);
	if (err == -ENOEXEC && obj->elf.fault)
		seki_obj_refuse(log, "section %u: %s", (uint64_t)obj->elf.fault - 1, why);
	else if (err == -ENOEXEC)
		seki_obj_refuse(log, "%s", why);
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
	free(obj->origin);
	free(obj->data);
	*obj = (struct seki_obj){.n_maps = 0};
}
