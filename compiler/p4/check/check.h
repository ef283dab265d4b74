/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names, types and compile-time values: fills in the "check" fields of the tree. The files: scope.c
 * (names), check_type.c (types as written), hint.c, check_expr.c, check_value.c (constants, what can be written
 * to), convert.c (implicit and explicit casts), fold.c (values), check_call.c, check_method.c, unify.c (type
 * parameters), check_stmt.c, check_table.c, check_keyset.c, check_extern.c, check_decl.c.
 */
#ifndef SEKI_P4_CHECK_H
#define SEKI_P4_CHECK_H

#include "compiler/p4/ast.h"
#include "compiler/p4/names.h"

struct p4_scope {
	struct p4_scope *parent;
	struct p4_names names;
};

/* Functions or methods of one name. */
#define SEKI_P4_MAX_OVERLOADS 100u

struct p4_check {
	struct seki_diags *diags;
	struct seki_arena *arena;
	struct p4_scope *scope;
	struct p4_scope *global;
	struct p4_decl *block;	    /* the parser or control we are in */
	struct p4_decl *function;   /* the action, function or state we are in */
	const struct p4_decl *self; /* the instance whose methods we are in */
	struct p4_type *result;	    /* what `return` gives, or NULL where it gives nothing */
	struct p4_decl *errors;	    /* members of error, all of them */
	struct p4_decl *match_kinds;
	struct p4_names error_names, match_kind_names;
	struct p4_names states; /* of the parser we are in */
	const struct p4_program *program;
	uint32_t loops, cases; /* that we are in */
	uint32_t steps;	       /* of seki_check_well_formed(), of all types so far */
	bool in_apply;	       /* in the apply block of a control */
	bool in_switch;	       /* in the parentheses of a switch */
	/* types that need no more than one object */
	struct p4_type *bad, *boolean, *integer, *nothing, *string, *error, *dontcare, *callee;
};

/* scope.c */
void seki_scope_push(struct p4_check *cx);
void seki_scope_pop(struct p4_check *cx);
/* Tells an error where the scope has the name already; functions of other parameters are added. */
void seki_scope_add(struct p4_check *cx, struct p4_decl *decl);
/* Members of a struct, enum ...: by hash once they have been indexed. */
void seki_members_index(struct p4_check *cx, struct p4_decl *decl);
struct p4_decl *seki_member_find(const struct p4_decl *decl, const char *name);
struct p4_decl *seki_scope_find(struct p4_check *cx, const char *name, bool global);
/* In the innermost scope only. */
struct p4_decl *seki_scope_find_here(struct p4_check *cx, const char *name);
/* As find, with an error and a suggestion where there is none; what: "name", "type" or "action". */
struct p4_decl *seki_scope_need(struct p4_check *cx, const struct seki_token *tok, const char *name,
				bool global, const char *what);

/* hint.c: what a name that is not declared here may be, or NULL. */
/* ": ...": whose it is, and what to do about it */
const char *seki_hint_origin(struct p4_check *cx, const char *name);
const char *seki_hint_field(struct p4_check *cx, const char *name); /* of what it is a field */
const char *seki_hint_spelling(struct p4_check *cx, const char *name, bool type);

/* Warns where what is used there is marked as deprecated: of functions, which one the call tells. */
void seki_check_use(struct p4_check *cx, const struct seki_token *tok, const struct p4_decl *decl);

/* Bits of a bit<> or int<>. */
#define SEKI_P4_MAX_WIDTH 2048u

/* check_type.c */
struct p4_type *seki_check_type(struct p4_check *cx, struct p4_tref *tref);
/* Tells an error at `at` unless there is a type bit, int or varbit of that width. */
bool seki_check_width(struct p4_check *cx, struct seki_span at, enum p4_type_kind kind,
		      uint32_t width);
/* Tells an error at `at` where a type's arguments make a field of it one that it cannot have. */
bool seki_check_well_formed(struct p4_check *cx, struct seki_span at, const struct p4_type *type);
struct p4_type *seki_check_decl_type(struct p4_check *cx, struct p4_decl *decl);

/* check_expr.c: sets and returns expr->type. */
struct p4_type *seki_check_expr(struct p4_check *cx, struct p4_expr *expr);
/* The same, then converted to `want` (which may be NULL: any value). */
void seki_check_value(struct p4_check *cx, struct p4_expr *expr, struct p4_type *want);
void seki_check_bool(struct p4_check *cx, struct p4_expr *expr, const char *what);
/* A keyset for a value of type `key`. */
void seki_check_keyset(struct p4_check *cx, struct p4_expr *expr, struct p4_type *key);

/* check_value.c */
/* Is the (checked) expression one whose value is known at compile time? */
bool seki_is_constant(const struct p4_expr *expr);
/* The same, or one made of parameters without a direction, which calls give such values only. */
bool seki_is_given_constant(const struct p4_expr *expr);
/* Tells an error unless the (checked) expression can be written to. */
bool seki_check_lvalue(struct p4_check *cx, const struct p4_expr *expr);
/* A number from 0 to max that is known here, into *out. */
bool seki_check_constant(struct p4_check *cx, struct p4_expr *expr, const char *what, uint32_t max,
			 uint32_t *out);
/*
 * The same, or one that is known where the block it is in is instantiated: *out is max then. For what
 * no type depends on.
 */
bool seki_check_late_constant(struct p4_check *cx, struct p4_expr *expr, const char *what,
			      uint32_t max, uint32_t *out);

/* convert.c */
/* Makes the expression one of type `to` where the language allows that without a cast. */
bool seki_convert(struct p4_check *cx, struct p4_expr *expr, struct p4_type *to);
bool seki_can_convert(const struct p4_expr *expr, const struct p4_type *to);
bool seki_can_cast(const struct p4_type *from, const struct p4_type *to);
/* May the type stand in the parentheses of a cast? */
bool seki_is_castable(const struct p4_type *to);

/* fold.c: sets known and num where the operands are known. */
void seki_fold_unary(struct p4_check *cx, struct p4_expr *expr);
void seki_fold_binary(struct p4_check *cx, struct p4_expr *expr);
void seki_fold_cast(struct p4_check *cx, struct p4_expr *expr);
void seki_fold_slice(struct p4_check *cx, struct p4_expr *expr, uint32_t low);

/* check_call.c */
struct p4_type *seki_check_call(struct p4_check *cx, struct p4_expr *call);
/* Arguments of an instance's constructor. */
void seki_check_construct(struct p4_check *cx, struct p4_decl *decl);
/* What a call is of. */
struct p4_callee {
	struct p4_decl *decl;
	struct p4_decl *params;
	struct p4_decl *type_params; /* its own */
	const struct p4_type
		*self; /* the extern that it is a method of, with its arguments, or NULL */
	struct p4_type *result;
};

/* Checks arguments against parameters, finds the type parameters; gives the result's type. */
struct p4_type *seki_check_against(struct p4_check *cx, struct p4_expr *call, struct p4_tref *targs,
				   const struct p4_callee *c);
void seki_check_arg_exprs(struct p4_check *cx, struct p4_expr *call);
/* Do these parameters take as many arguments, of these names? */
bool seki_accepts_count(struct p4_check *cx, const struct p4_decl *params,
			const struct p4_expr *call);
void seki_tell_ambiguous(struct p4_check *cx, const struct p4_expr *call, const struct p4_decl *a,
			 const struct p4_decl *b);
/* Is it made by a constructor? A table counts as well. */
bool seki_is_object(const struct p4_type *type);
/* Binds call->args to params: sets call->bound. False after an error. */
bool seki_bind_args(struct p4_check *cx, struct p4_expr *call, const struct p4_decl *params,
		    const char *name);

/* check_method.c */
struct p4_type *seki_check_method(struct p4_check *cx, struct p4_expr *call);

/* unify.c */
/* Whether an argument's type is a parameter's, with the types in `bind` for type_params. */
bool seki_unify(struct p4_check *cx, const struct p4_type *param, struct p4_type *arg,
		const struct p4_decl *type_params, struct p4_type **bind);

/* How a parser or control is not as another's type says: ", ..." or "". */
const char *seki_block_difference(struct p4_check *cx, const struct p4_type *want,
				  const struct p4_type *found);

/* check_stmt.c */
void seki_check_block(struct p4_check *cx, struct p4_stmt *block);
void seki_check_stmts(struct p4_check *cx, struct p4_stmt *list);

/* check_table.c */
void seki_check_table(struct p4_check *cx, struct p4_decl *decl);

/* check_extern.c */
void seki_check_extern(struct p4_check *cx, struct p4_decl *decl);
void seki_check_instance(struct p4_check *cx, struct p4_decl *decl);
/* Tells an error for each abstract method of an extern that is not in `bodies`. */
void seki_check_all_methods(struct p4_check *cx, const struct p4_expr *call,
			    const struct p4_type *type, struct p4_decl *bodies);

/* check_decl.c */
void seki_check_type_params(struct p4_check *cx, struct p4_decl *decl);
void seki_check_params(struct p4_check *cx, struct p4_decl *list);
/* Those of the constructor of a parser, control, package or extern. */
void seki_check_ctor_params(struct p4_check *cx, const struct p4_decl *owner, struct p4_decl *list);
/* What the parameters of all but constructors cannot be. */
void seki_check_runtime_params(struct p4_check *cx, const struct p4_decl *decl);
void seki_check_decl(struct p4_check *cx, struct p4_decl *decl);
void seki_p4_check(struct seki_diags *diags, struct p4_program *program);

#endif
