// SPDX-License-Identifier: Apache-2.0
/* The definitions of maps in an object, of the three kinds that object.h tells of. */
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "abi/p4obj.h"
#include "core/base/check.h"
#include "lib/bpf/btf.h"
#include "lib/bpf/object_parts.h"

struct reader {
	struct seki_obj *obj;
	struct seki_text *log;
	int btf_err; /* of opening it; 1: not tried yet */
	struct seki_btf btf;
	struct seki_btf_type datasec;
};

/* libbpf's of old; what more there is of it has to be 0. */
struct legacy_def {
	uint32_t type, key_size, value_size, max_entries, flags;
};

#define FLAGS_IGNORED (BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU)

static const char *const kernel_types[] = {
	[BPF_MAP_TYPE_HASH] = "HASH",
	[BPF_MAP_TYPE_ARRAY] = "ARRAY",
	[BPF_MAP_TYPE_PROG_ARRAY] = "PROG_ARRAY",
	[BPF_MAP_TYPE_PERF_EVENT_ARRAY] = "PERF_EVENT_ARRAY",
	[BPF_MAP_TYPE_PERCPU_HASH] = "PERCPU_HASH",
	[BPF_MAP_TYPE_PERCPU_ARRAY] = "PERCPU_ARRAY",
	[BPF_MAP_TYPE_STACK_TRACE] = "STACK_TRACE",
	[BPF_MAP_TYPE_CGROUP_ARRAY] = "CGROUP_ARRAY",
	[BPF_MAP_TYPE_LRU_HASH] = "LRU_HASH",
	[BPF_MAP_TYPE_LRU_PERCPU_HASH] = "LRU_PERCPU_HASH",
	[BPF_MAP_TYPE_LPM_TRIE] = "LPM_TRIE",
	[BPF_MAP_TYPE_ARRAY_OF_MAPS] = "ARRAY_OF_MAPS",
	[BPF_MAP_TYPE_HASH_OF_MAPS] = "HASH_OF_MAPS",
	[BPF_MAP_TYPE_DEVMAP] = "DEVMAP",
	[BPF_MAP_TYPE_SOCKMAP] = "SOCKMAP",
	[BPF_MAP_TYPE_CPUMAP] = "CPUMAP",
	[BPF_MAP_TYPE_XSKMAP] = "XSKMAP",
	[BPF_MAP_TYPE_SOCKHASH] = "SOCKHASH",
	[BPF_MAP_TYPE_CGROUP_STORAGE] = "CGROUP_STORAGE",
	[BPF_MAP_TYPE_REUSEPORT_SOCKARRAY] = "REUSEPORT_SOCKARRAY",
	[BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE] = "PERCPU_CGROUP_STORAGE",
	[BPF_MAP_TYPE_QUEUE] = "QUEUE",
	[BPF_MAP_TYPE_STACK] = "STACK",
	[BPF_MAP_TYPE_SK_STORAGE] = "SK_STORAGE",
	[BPF_MAP_TYPE_DEVMAP_HASH] = "DEVMAP_HASH",
	[BPF_MAP_TYPE_STRUCT_OPS] = "STRUCT_OPS",
	[BPF_MAP_TYPE_RINGBUF] = "RINGBUF",
	[BPF_MAP_TYPE_INODE_STORAGE] = "INODE_STORAGE",
	[BPF_MAP_TYPE_TASK_STORAGE] = "TASK_STORAGE",
	[BPF_MAP_TYPE_BLOOM_FILTER] = "BLOOM_FILTER",
};

/* Ours for the kernel's number; 0: there is none. */
static uint32_t our_type(uint32_t kernel)
{
	switch (kernel) {
	case BPF_MAP_TYPE_ARRAY:
		return SEKI_MAP_ARRAY;
	case BPF_MAP_TYPE_HASH:
		return SEKI_MAP_HASH;
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return SEKI_MAP_QUEUE_ARRAY;
	case BPF_MAP_TYPE_LRU_HASH:
		return SEKI_MAP_LRU_HASH;
	case BPF_MAP_TYPE_LPM_TRIE:
		return SEKI_MAP_LPM;
	default:
		return 0;
	}
}

static int translate(struct seki_obj_map *map, uint32_t flags, struct seki_text *log)
{
	uint32_t kernel = map->type;
	const char *name = kernel < SEKI_COUNT(kernel_types) ? kernel_types[kernel] : NULL;

	map->type = our_type(kernel);
	if (!map->type)
		return seki_obj_refuse(log,
				       "map \"%s\": its type, %s (%u), is not supported; HASH, "
				       "ARRAY, PERCPU_ARRAY, LRU_HASH and LPM_TRIE are",
				       map->name, name ? name : "unknown", (uint64_t)kernel);
	if (flags & ~(uint32_t)FLAGS_IGNORED)
		return seki_obj_refuse(log,
				       "map \"%s\": its map_flags, %x, ask for what is not "
				       "supported; leave them out",
				       map->name, (uint64_t)flags);
	return 0;
}

/* A variable of that size in .data that no code uses is no map either; nobody can tell. */
static int read_ubpf(struct reader *r, const struct seki_elf_symbol *sym,
		     const struct seki_elf_section *s, struct seki_obj_map *map)
{
	struct seki_map_def def;

	if (!seki_in_range(sym->value, sizeof(def), s->size))
		return seki_obj_refuse(r->log, "\"%s\" lies outside its section, %s", sym->name,
				       s->name);
	memcpy(&def, s->bytes + sym->value, sizeof(def));
	map->type = def.type;
	map->key_size = def.key_size;
	map->value_size = def.value_size;
	map->max_entries = def.max_entries;
	map->hashes = def.nb_hash_functions;
	return 0;
}

static bool all_zero(const uint8_t *bytes, uint64_t n)
{
	while (n)
		if (bytes[--n])
			return false;
	return true;
}

static int read_legacy(struct reader *r, const struct seki_elf_symbol *sym,
		       const struct seki_elf_section *s, struct seki_obj_map *map)
{
	struct legacy_def def;

	if (!s->bytes || sym->size < sizeof(def) ||
	    !seki_in_range(sym->value, sym->size, s->size) ||
	    !all_zero(s->bytes + sym->value + sizeof(def), sym->size - sizeof(def)))
		return seki_obj_refuse(r->log,
				       "map \"%s\" in section maps is not a struct bpf_map_def "
				       "(type, key_size, value_size, max_entries, map_flags); "
				       "define it in .maps",
				       sym->name);
	memcpy(&def, s->bytes + sym->value, sizeof(def));
	map->type = def.type;
	map->key_size = def.key_size;
	map->value_size = def.value_size;
	map->max_entries = def.max_entries;
	return translate(map, def.flags, r->log);
}

static int open_btf(struct reader *r, const char *name)
{
	if (r->btf_err == 1)
		r->btf_err = seki_btf_open(&r->obj->elf, &r->btf);
	if (r->btf_err == -ENOENT)
		return seki_obj_refuse(r->log,
				       "map \"%s\" in section .maps: the object has no BTF that "
				       "describes it; compile with -g",
				       name);
	if (r->btf_err == -ENOEXEC)
		return seki_obj_refuse(r->log,
				       "map \"%s\" in section .maps: the object's BTF, which "
				       "describes it, is malformed",
				       name);
	return r->btf_err;
}

/* What the members of a map's struct say; a bit of `have` each. */
struct fields {
	uint32_t type, max_entries, key_size, value_size, flags;
	uint32_t have;
};

enum { HAVE_TYPE = 1, HAVE_ENTRIES = 2, HAVE_KEY = 4, HAVE_VALUE = 8, HAVE_FLAGS = 16 };

struct field {
	const char *name;
	uint32_t bit;
	size_t at;
	bool is_type; /* a pointer to a type, whose size counts; else a number */
};

static const struct field known_fields[] = {
	{"type", HAVE_TYPE, offsetof(struct fields, type), false},
	{"max_entries", HAVE_ENTRIES, offsetof(struct fields, max_entries), false},
	{"map_flags", HAVE_FLAGS, offsetof(struct fields, flags), false},
	{"key", HAVE_KEY, offsetof(struct fields, key_size), true},
	{"key_size", HAVE_KEY, offsetof(struct fields, key_size), false},
	{"value", HAVE_VALUE, offsetof(struct fields, value_size), true},
	{"value_size", HAVE_VALUE, offsetof(struct fields, value_size), false},
};

static bool field_value(const struct seki_btf *btf, const struct field *field, uint32_t type,
			uint32_t *out)
{
	struct seki_btf_type pointer;

	if (!field->is_type)
		return seki_btf_pointed_count(btf, type, out);
	if (!seki_btf_resolve(btf, type, &pointer) || pointer.kind != SEKI_BTF_PTR)
		return false;
	*out = seki_btf_size(btf, pointer.ref);
	return *out;
}

static const struct field *find_field(const struct seki_btf *btf, uint32_t name)
{
	for (size_t i = 0; i < SEKI_COUNT(known_fields); i++)
		if (seki_btf_string_is(&btf->strings, name, known_fields[i].name))
			return &known_fields[i];
	return NULL;
}

static int read_field(struct reader *r, const char *map, const struct seki_btf_member *member,
		      struct fields *fields)
{
	const struct field *field = find_field(&r->btf, member->name);
	uint32_t value, *place;

	if (!field) {
		const char *name = seki_btf_string(&r->btf.strings, member->name,
						   SEKI_OBJ_NAME_MAX);

		return seki_obj_refuse(r->log,
				       "map \"%s\": its field \"%s\" is not supported; type, "
				       "max_entries, key, key_size, value, value_size and "
				       "map_flags are",
				       map, name ? name : "?");
	}
	if (!field_value(&r->btf, field, member->type, &value))
		return seki_obj_refuse(r->log,
				       "map \"%s\": its field \"%s\" is not written as %s, or of "
				       "no size",
				       map, field->name,
				       field->is_type ? "__type(name, TYPE)"
						      : "__uint(name, NUMBER)");
	place = (uint32_t *)(void *)((char *)fields + field->at);
	if (fields->have & field->bit && *place != value)
		return seki_obj_refuse(r->log, "map \"%s\": its field \"%s\" says %u, another %u",
				       map, field->name, (uint64_t)value, (uint64_t)*place);
	*place = value;
	fields->have |= field->bit;
	return 0;
}

static int read_fields(struct reader *r, const struct seki_elf_symbol *sym,
		       const struct seki_btf_type *type, struct fields *fields)
{
	struct seki_btf_member member;
	int err = 0;

	*fields = (struct fields){.have = 0};
	for (uint32_t i = 0; !err && seki_btf_member(type, i, &member); i++)
		err = read_field(r, sym->name, &member, fields);
	if (err)
		return err;
	for (size_t i = 0; i < SEKI_COUNT(known_fields); i++)
		if (!(fields->have & known_fields[i].bit) && known_fields[i].bit != HAVE_FLAGS)
			return seki_obj_refuse(r->log, "map \"%s\": it has no field \"%s\"",
					       sym->name, known_fields[i].name);
	return 0;
}

static int read_btf(struct reader *r, const struct seki_elf_symbol *sym,
		    const struct seki_elf_section *s, struct seki_obj_map *map)
{
	struct seki_btf_type type;
	struct fields fields;
	int err = open_btf(r, sym->name);

	if (err)
		return err;
	if (!r->datasec.kind && !seki_btf_datasec(&r->btf, s->name, &r->datasec))
		r->datasec.kind = SEKI_BTF_DATASEC; /* of no variables */
	if (!seki_btf_var(&r->btf, &r->datasec, sym->name, &type) || type.kind != SEKI_BTF_STRUCT)
		return seki_obj_refuse(r->log,
				       "map \"%s\" in section .maps: BTF does not describe it as "
				       "a struct; compile with -g",
				       sym->name);
	err = read_fields(r, sym, &type, &fields);
	if (err)
		return err;
	map->type = fields.type;
	map->key_size = fields.key_size;
	map->value_size = fields.value_size;
	map->max_entries = fields.max_entries;
	return translate(map, fields.flags, r->log);
}

static int check_new(struct reader *r, const struct seki_obj_map *map)
{
	const struct seki_obj *obj = r->obj;

	if (!seki_obj_name_is_good(map->name))
		return seki_obj_refuse_name(r->log, "a map");
	if (obj->n_maps == SEKI_BPF_MAX_MAPS)
		return seki_obj_refuse(r->log, "there are more than %u maps",
				       (uint64_t)SEKI_BPF_MAX_MAPS);
	for (uint32_t i = 0; i < obj->n_maps; i++) {
		if (!strcmp(obj->maps[i].name, map->name))
			return seki_obj_refuse(r->log, "there are two maps \"%s\"; rename one",
					       map->name);
		if (obj->maps[i].section == map->section && obj->maps[i].at == map->at)
			return seki_obj_refuse(r->log,
					       "the maps \"%s\" and \"%s\" are one; keep one name",
					       obj->maps[i].name, map->name);
	}
	return 0;
}

typedef int (*map_reader)(struct reader *r, const struct seki_elf_symbol *sym,
			  const struct seki_elf_section *s, struct seki_obj_map *map);

static map_reader reader_of(const struct seki_elf_symbol *sym, const struct seki_elf_section *s)
{
	if (!strcmp(s->name, ".maps"))
		return read_btf;
	if (!strcmp(s->name, "maps"))
		return read_legacy;
	if (!strcmp(s->name, ".data") && s->type == SHT_PROGBITS && s->bytes &&
	    sym->size == sizeof(struct seki_map_def))
		return read_ubpf;
	return NULL;
}

static int read_symbol(struct reader *r, const struct seki_elf_symbol *sym)
{
	struct seki_obj_map map = {.name = sym->name, .section = sym->section, .at = sym->value};
	struct seki_elf_section s;
	map_reader read;
	int err;

	if (sym->type != STT_OBJECT || !seki_elf_section(&r->obj->elf, sym->section, &s))
		return 0;
	read = reader_of(sym, &s);
	if (!read)
		return 0;
	err = check_new(r, &map);
	if (!err)
		err = read(r, sym, &s, &map);
	if (!err)
		r->obj->maps[r->obj->n_maps++] = map;
	return err;
}

int seki_obj_read_maps(struct seki_obj *obj, struct seki_text *log)
{
	struct reader r = {.obj = obj, .log = log, .btf_err = 1};
	struct seki_elf_symbol sym;
	int err = 0;

	for (uint32_t i = 0; !err && i < obj->elf.n_symbols; i++)
		if (seki_elf_symbol(&obj->elf, i, &sym))
			err = read_symbol(&r, &sym);
	seki_btf_close(&r.btf);
	return err;
}
