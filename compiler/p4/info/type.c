/* SPDX-License-Identifier: Apache-2.0 */
/* Types and values as P4Info has them. */
#include "compiler/p4/info/build.h"

#include <string.h>

typedef P4__Config__V1__P4DataTypeSpec Spec;
typedef P4__Config__V1__P4NamedType NamedType;

static NamedType *named(struct info *info, const char *name)
{
	NamedType *type = seki_arena_new(info->arena, NamedType);

	p4__config__v1__p4_named_type__init(type);
	type->name = (char *)name;
	return type;
}

NamedType *seki_info_new_type(struct info *info, const struct p4_type *type)
{
	return type->kind == P4_T_NEW ? named(info, type->decl->name) : NULL;
}

ProtobufCBinaryData seki_info_bytes(struct info *info, const struct p4_num *num, uint32_t width)
{
	uint32_t n = (width + 7) / 8;
	ProtobufCBinaryData bytes = {.data = seki_arena_alloc(info->arena, n + 1)};

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = n - 1 - i;
		uint8_t byte = (uint8_t)(seki_num_word(num, at / 8) >> (at % 8 * 8));

		if (byte || bytes.len || i + 1 == n)
			bytes.data[bytes.len++] = byte;
	}
	return bytes;
}

/* ---- what the types' table has already ---- */

static P4__Config__V1__P4TypeInfo *types(struct info *info)
{
	if (!info->root.type_info) {
		info->root.type_info = seki_arena_new(info->arena, P4__Config__V1__P4TypeInfo);
		p4__config__v1__p4_type_info__init(info->root.type_info);
	}
	return info->root.type_info;
}

/* One more pointer at the end of a list of n. */
static void *grown(struct info *info, const void *list, size_t n)
{
	void *copy = seki_arena_alloc(info->arena, (n + 1) * sizeof(void *));

	if (n)
		memcpy(copy, list, n * sizeof(void *));
	return copy;
}

static void add_enum(struct info *info, const struct p4_decl *decl)
{
	P4__Config__V1__P4TypeInfo *all = types(info);
	P4__Config__V1__P4TypeInfo__EnumsEntry *entry;
	P4__Config__V1__P4EnumTypeSpec *spec;

	for (size_t i = 0; i < all->n_enums; i++)
		if (strcmp(all->enums[i]->key, decl->name) == 0)
			return;
	entry = seki_arena_new(info->arena, P4__Config__V1__P4TypeInfo__EnumsEntry);
	spec = seki_arena_new(info->arena, P4__Config__V1__P4EnumTypeSpec);
	p4__config__v1__p4_type_info__enums_entry__init(entry);
	p4__config__v1__p4_enum_type_spec__init(spec);
	entry->key = (char *)decl->name;
	entry->value = spec;
	for (const struct p4_decl *m = decl->members; m; m = m->next) {
		P4__Config__V1__P4EnumTypeSpec__Member *member =
			seki_arena_new(info->arena, P4__Config__V1__P4EnumTypeSpec__Member);

		p4__config__v1__p4_enum_type_spec__member__init(member);
		member->name = (char *)m->name;
		spec->members = grown(info, spec->members, spec->n_members);
		spec->members[spec->n_members++] = member;
	}
	all->enums = grown(info, all->enums, all->n_enums);
	all->enums[all->n_enums++] = entry;
}

static void add_serializable(struct info *info, const struct p4_type *type)
{
	P4__Config__V1__P4TypeInfo *all = types(info);
	P4__Config__V1__P4TypeInfo__SerializableEnumsEntry *entry;
	P4__Config__V1__P4SerializableEnumTypeSpec *spec;
	uint32_t width = seki_type_base(type)->width;

	for (size_t i = 0; i < all->n_serializable_enums; i++)
		if (strcmp(all->serializable_enums[i]->key, type->decl->name) == 0)
			return;
	entry = seki_arena_new(info->arena, P4__Config__V1__P4TypeInfo__SerializableEnumsEntry);
	spec = seki_arena_new(info->arena, P4__Config__V1__P4SerializableEnumTypeSpec);
	p4__config__v1__p4_type_info__serializable_enums_entry__init(entry);
	p4__config__v1__p4_serializable_enum_type_spec__init(spec);
	entry->key = (char *)type->decl->name;
	entry->value = spec;
	spec->underlying_type = seki_arena_new(info->arena, P4__Config__V1__P4BitTypeSpec);
	p4__config__v1__p4_bit_type_spec__init(spec->underlying_type);
	spec->underlying_type->bitwidth = (int32_t)width;
	for (const struct p4_decl *m = type->decl->members; m; m = m->next) {
		P4__Config__V1__P4SerializableEnumTypeSpec__Member *member = seki_arena_new(
			info->arena, P4__Config__V1__P4SerializableEnumTypeSpec__Member);

		p4__config__v1__p4_serializable_enum_type_spec__member__init(member);
		member->name = (char *)m->name;
		member->value = seki_info_bytes(info, &m->value, width);
		spec->members = grown(info, spec->members, spec->n_members);
		spec->members[spec->n_members++] = member;
	}
	all->serializable_enums = grown(info, all->serializable_enums, all->n_serializable_enums);
	all->serializable_enums[all->n_serializable_enums++] = entry;
}

static void add_new_type(struct info *info, const struct p4_type *type)
{
	P4__Config__V1__P4TypeInfo *all = types(info);
	P4__Config__V1__P4TypeInfo__NewTypesEntry *entry;

	for (size_t i = 0; i < all->n_new_types; i++)
		if (strcmp(all->new_types[i]->key, type->decl->name) == 0)
			return;
	entry = seki_arena_new(info->arena, P4__Config__V1__P4TypeInfo__NewTypesEntry);
	p4__config__v1__p4_type_info__new_types_entry__init(entry);
	entry->key = (char *)type->decl->name;
	entry->value = seki_arena_new(info->arena, P4__Config__V1__P4NewTypeSpec);
	p4__config__v1__p4_new_type_spec__init(entry->value);
	entry->value->original_type = seki_info_type(info, type->elem);
	all->new_types = grown(info, all->new_types, all->n_new_types);
	all->new_types[all->n_new_types++] = entry;
}

static P4__Config__V1__P4BitstringLikeTypeSpec *bitstring(struct info *info,
							  const struct p4_type *type)
{
	P4__Config__V1__P4BitstringLikeTypeSpec *spec =
		seki_arena_new(info->arena, P4__Config__V1__P4BitstringLikeTypeSpec);

	p4__config__v1__p4_bitstring_like_type_spec__init(spec);
	if (type->kind == P4_T_SIGNED) {
		spec->type_spec_case = P4__CONFIG__V1__P4_BITSTRING_LIKE_TYPE_SPEC__TYPE_SPEC_INT;
		spec->int_ = seki_arena_new(info->arena, P4__Config__V1__P4IntTypeSpec);
		p4__config__v1__p4_int_type_spec__init(spec->int_);
		spec->int_->bitwidth = (int32_t)type->width;
	} else if (type->kind == P4_T_VARBIT) {
		spec->type_spec_case =
			P4__CONFIG__V1__P4_BITSTRING_LIKE_TYPE_SPEC__TYPE_SPEC_VARBIT;
		spec->varbit = seki_arena_new(info->arena, P4__Config__V1__P4VarbitTypeSpec);
		p4__config__v1__p4_varbit_type_spec__init(spec->varbit);
		spec->varbit->max_bitwidth = (int32_t)type->width;
	} else {
		spec->type_spec_case = P4__CONFIG__V1__P4_BITSTRING_LIKE_TYPE_SPEC__TYPE_SPEC_BIT;
		spec->bit = seki_arena_new(info->arena, P4__Config__V1__P4BitTypeSpec);
		p4__config__v1__p4_bit_type_spec__init(spec->bit);
		spec->bit->bitwidth = (int32_t)type->width;
	}
	return spec;
}

static void add_struct(struct info *info, const struct p4_type *type, const char *name)
{
	P4__Config__V1__P4TypeInfo *all = types(info);
	P4__Config__V1__P4TypeInfo__StructsEntry *entry;
	P4__Config__V1__P4StructTypeSpec *spec;

	for (size_t i = 0; i < all->n_structs; i++)
		if (strcmp(all->structs[i]->key, name) == 0)
			return;
	entry = seki_arena_new(info->arena, P4__Config__V1__P4TypeInfo__StructsEntry);
	spec = seki_arena_new(info->arena, P4__Config__V1__P4StructTypeSpec);
	p4__config__v1__p4_type_info__structs_entry__init(entry);
	p4__config__v1__p4_struct_type_spec__init(spec);
	entry->key = (char *)name;
	entry->value = spec;
	all->structs = grown(info, all->structs, all->n_structs);
	all->structs[all->n_structs++] = entry;
	for (const struct p4_decl *f = type->decl->members; f; f = f->next) {
		P4__Config__V1__P4StructTypeSpec__Member *member =
			seki_arena_new(info->arena, P4__Config__V1__P4StructTypeSpec__Member);

		p4__config__v1__p4_struct_type_spec__member__init(member);
		member->name = (char *)f->name;
		member->type_spec = seki_info_type(info, seki_type_field(info->arena, type, f));
		spec->members = grown(info, spec->members, spec->n_members);
		spec->members[spec->n_members++] = member;
	}
}

/* The two messages have the same numbers, and a pointer for each of them. */
static P4__Config__V1__P4TupleMemberSpec *member(struct info *info, const struct p4_type *type)
{
	P4__Config__V1__P4TupleMemberSpec *spec = seki_arena_new(info->arena,
								 P4__Config__V1__P4TupleMemberSpec);
	const Spec *whole = seki_info_type(info, type);

	p4__config__v1__p4_tuple_member_spec__init(spec);
	if (type->kind != P4_T_TUPLE) {
		spec->type_spec_case =
			(P4__Config__V1__P4TupleMemberSpec__TypeSpecCase)whole->type_spec_case;
		spec->bitstring = whole->bitstring;
	}
	return spec;
}

static P4__Config__V1__P4TupleTypeSpec *tuple(struct info *info, const struct p4_type *type)
{
	P4__Config__V1__P4TupleTypeSpec *spec = seki_arena_new(info->arena,
							       P4__Config__V1__P4TupleTypeSpec);

	p4__config__v1__p4_tuple_type_spec__init(spec);
	for (uint32_t i = 0; i < type->n_args; i++) {
		spec->members = grown(info, spec->members, spec->n_members);
		spec->members[spec->n_members++] = member(info, type->args[i]);
	}
	return spec;
}

/* ---- a type ---- */

static void set_named(struct info *info, Spec *spec, const struct p4_type *type)
{
	const char *name = seki_type_name(info->arena, type);

	if (type->kind == P4_T_NEW) {
		add_new_type(info, type);
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_NEW_TYPE;
		spec->new_type = named(info, name);
	} else if (type->kind == P4_T_ENUM && type->elem) {
		add_serializable(info, type);
		spec->type_spec_case =
			P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_SERIALIZABLE_ENUM;
		spec->serializable_enum = named(info, name);
	} else if (type->kind == P4_T_ENUM) {
		add_enum(info, type->decl);
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_ENUM;
		spec->enum_ = named(info, name);
	} else {
		add_struct(info, type, name);
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_STRUCT;
		spec->struct_ = named(info, name);
	}
}

Spec *seki_info_type(struct info *info, const struct p4_type *type)
{
	Spec *spec = seki_arena_new(info->arena, Spec);

	p4__config__v1__p4_data_type_spec__init(spec);
	switch (type->kind) {
	case P4_T_BIT:
	case P4_T_SIGNED:
	case P4_T_VARBIT:
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_BITSTRING;
		spec->bitstring = bitstring(info, type);
		break;
	case P4_T_BOOL:
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_BOOL;
		spec->bool_ = seki_arena_new(info->arena, P4__Config__V1__P4BoolType);
		p4__config__v1__p4_bool_type__init(spec->bool_);
		break;
	case P4_T_TUPLE:
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_TUPLE;
		spec->tuple = tuple(info, type);
		break;
	case P4_T_ERROR:
		spec->type_spec_case = P4__CONFIG__V1__P4_DATA_TYPE_SPEC__TYPE_SPEC_ERROR;
		spec->error = seki_arena_new(info->arena, P4__Config__V1__P4ErrorType);
		p4__config__v1__p4_error_type__init(spec->error);
		break;
	case P4_T_NEW:
	case P4_T_ENUM:
	case P4_T_STRUCT:
	case P4_T_HEADER:
		set_named(info, spec, type);
		break;
	default:
		break;
	}
	return spec;
}
