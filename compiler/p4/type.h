/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types (P4_16 specification, section 7) and the relations between them. A type is made once and
 * never changed; two types may be equal without being the same object.
 */
#ifndef SEKI_P4_TYPE_H
#define SEKI_P4_TYPE_H

#include "compiler/front/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct p4_decl;

enum p4_type_kind {
	P4_T_BAD, /* after an error: agrees with everything, so that one mistake is told once */
	P4_T_VOID,
	P4_T_BOOL,
	P4_T_INT,    /* int: compile-time, any size */
	P4_T_BIT,    /* bit<width> */
	P4_T_SIGNED, /* int<width> */
	P4_T_VARBIT,
	P4_T_STRING,
	P4_T_ERROR,
	P4_T_MATCH_KIND,
	P4_T_ENUM,    /* decl; with an underlying type in elem, or NULL */
	P4_T_STRUCT,  /* decl, args */
	P4_T_HEADER,  /* decl, args */
	P4_T_UNION,   /* decl, args */
	P4_T_STACK,   /* elem, width elements */
	P4_T_TUPLE,   /* args: elements; also the type of a list expression */
	P4_T_RECORD,  /* args: elements, decl: list of fields; type of { a = 1, ... } */
	P4_T_LIST,    /* elem */
	P4_T_SET,     /* elem: what a keyset matches */
	P4_T_NEW,     /* decl (type T name), elem */
	P4_T_VAR,     /* decl: a type parameter */
	P4_T_EXTERN,  /* decl, args */
	P4_T_PARSER,  /* decl, args: of the type or of an instance */
	P4_T_CONTROL, /* decl, args */
	P4_T_PACKAGE, /* decl, args */
	P4_T_TABLE,   /* decl */
	P4_T_APPLIED, /* decl: what table.apply() gives */
	P4_T_ACTIONS, /* decl: type of .action_run */
	P4_T_CALLEE,  /* something that can only be called */
	P4_T_TYPE,    /* elem: a type's name where an expression stands */
	P4_T_DONTCARE,
	P4_T_DEFAULT, /* ... */
	P4_T_INVALID, /* {#} */
	P4_T_KINDS,
};

struct p4_type {
	enum p4_type_kind kind;
	uint32_t width;
	struct p4_decl *decl;
	struct p4_type *elem;
	struct p4_type **args;
	uint32_t n_args;
	uint32_t weight; /* of args and elem as written out; 0 where it has none */
};

/* Types made of types made of types would be too large to look at. */
#define SEKI_P4_MAX_TYPE_WEIGHT 65536u

/* Sets the weight of a type. False where it is too large. */
bool seki_type_weigh(struct p4_type *type);

struct p4_type *seki_type_make(struct seki_arena *arena, enum p4_type_kind kind);
struct p4_type *seki_type_width(struct seki_arena *arena, enum p4_type_kind kind, uint32_t width);
struct p4_type *seki_type_elem(struct seki_arena *arena, enum p4_type_kind kind,
			       struct p4_type *elem);
struct p4_type *seki_type_decl(struct seki_arena *arena, enum p4_type_kind kind,
			       struct p4_decl *decl);

/* As a person writes it. */
const char *seki_type_name(struct seki_arena *arena, const struct p4_type *type);

bool seki_type_equal(const struct p4_type *a, const struct p4_type *b);

/* The type behind `type T name` and typedefs' enums: for layout, not for checking. */
const struct p4_type *seki_type_base(const struct p4_type *type);

bool seki_type_is_number(const struct p4_type *type);	 /* bit, int<>, int */
bool seki_type_is_fixed(const struct p4_type *type);	 /* bit, int<> */
bool seki_type_has_equality(const struct p4_type *type); /* == and != */
bool seki_type_is_value(const struct p4_type *type);	 /* a variable can have it */
bool seki_type_is_scalar(const struct p4_type *type);	 /* a table's key can have it */
bool seki_type_in_select(const struct p4_type *type);	 /* what a select matches can have it */
bool seki_type_in_value_set(const struct p4_type *type);
bool seki_type_in_list(const struct p4_type *type);
bool seki_type_in_header(const struct p4_type *type); /* a field of a header can have it */
/* May a struct, header or header union, `owner`, have a field of the type? */
bool seki_type_can_be_field(const struct p4_decl *owner, const struct p4_type *type);
bool seki_type_is_struct_like(const struct p4_type *type);

/* `type` with the parameters `params` (a list of P4_D_TYPE_PARAM) replaced by args. */
struct p4_type *seki_type_subst(struct seki_arena *arena, struct p4_type *type,
				const struct p4_decl *params, struct p4_type *const *args);

/* Type of a field of a struct-like type, its own arguments put in. */
struct p4_type *seki_type_field(struct seki_arena *arena, const struct p4_type *type,
				const struct p4_decl *field);

/* Bits in a header or as packed data; -1 where it has no fixed size. */
int64_t seki_type_bits(const struct p4_type *type);

enum p4_limit { P4_LEAST, P4_MOST, P4_EXACTLY, P4_LIMITS };

/* The least or most bits that it can have; -1 where there is no such number. */
int64_t seki_type_limit(const struct p4_type *type, enum p4_limit limit);

#endif
