/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syntax tree. The parser makes it; the checker fills in what the fields marked "check" say;
 * the later phases only read it. Lists are chained by `next`. All of it lives in the arena.
 */
#ifndef SEKI_P4_AST_H
#define SEKI_P4_AST_H

#include "compiler/front/token.h"
#include "compiler/p4/num.h"
#include "compiler/p4/type.h"

struct p4_names;

enum p4_expr_kind {
	P4_E_INT,
	P4_E_BOOL,
	P4_E_STRING,
	P4_E_NAME,     /* name; global where written with a leading dot */
	P4_E_TYPE,     /* tref: error, bit<8> ... where an expression stands */
	P4_E_MEMBER,   /* a.name */
	P4_E_INDEX,    /* a[b] */
	P4_E_SLICE,    /* a[b:c], with P4_OP_ADD a[b+:c] */
	P4_E_CALL,     /* a<targs>(args), or a constructor call with a P4_E_TYPE in a */
	P4_E_CAST,     /* (tref) a */
	P4_E_UNARY,    /* op a */
	P4_E_BINARY,   /* a op b */
	P4_E_COND,     /* a ? b : c */
	P4_E_LIST,     /* { args } */
	P4_E_RECORD,   /* { name = value, ... }: args with names */
	P4_E_DONTCARE, /* _ */
	P4_E_DEFAULT,  /* default in a select or switch */
	P4_E_DOTS,     /* ... */
	P4_E_INVALID,  /* {#} */
	P4_E_MASK,     /* a &&& b */
	P4_E_RANGE,    /* a .. b */
};

enum p4_op {
	P4_OP_NONE,
	P4_OP_ADD,
	P4_OP_SUB,
	P4_OP_MUL,
	P4_OP_DIV,
	P4_OP_MOD,
	P4_OP_SAT_ADD,
	P4_OP_SAT_SUB,
	P4_OP_SHL,
	P4_OP_SHR,
	P4_OP_AND,
	P4_OP_OR,
	P4_OP_XOR,
	P4_OP_CONCAT,
	P4_OP_EQ,
	P4_OP_NE,
	P4_OP_LT,
	P4_OP_LE,
	P4_OP_GT,
	P4_OP_GE,
	P4_OP_LAND,
	P4_OP_LOR,
	P4_OP_NOT,  /* ! */
	P4_OP_COMP, /* ~ */
	P4_OP_NEG,
	P4_OP_PLUS,
};

/* A type as written. */
enum p4_tref_kind {
	P4_R_BASE,  /* type: void, bool, int, string, error, match_kind */
	P4_R_SIZED, /* sized<width> */
	P4_R_NAME,  /* name<args> */
	P4_R_STACK, /* elem[width] */
	P4_R_TUPLE, /* tuple<args> */
	P4_R_LIST,  /* list<elem> */
	P4_R_DONTCARE,
};

struct p4_tref {
	struct p4_tref *next;
	enum p4_tref_kind kind;
	const struct seki_token *tok;
	const char *name;
	bool global;
	enum p4_type_kind sized; /* P4_T_BIT, P4_T_SIGNED, P4_T_VARBIT; for P4_R_BASE the type */
	struct p4_expr *width;
	struct p4_tref *elem;
	struct p4_tref *args;
	struct p4_type *type; /* check */
};

struct p4_expr {
	struct p4_expr *next;
	enum p4_expr_kind kind;
	enum p4_op op;
	uint32_t depth; /* of the tree below */
	const struct seki_token *tok;
	const struct seki_token *first;
	const struct seki_token *last;
	const char *name;     /* name, member, or name of an argument or a record's field */
	const char *arg_name; /* f(arg_name = ...), { arg_name = ... } */
	bool global;
	struct p4_expr *a, *b, *c;
	struct p4_expr *args;
	struct p4_tref *tref;
	struct p4_tref *targs;
	struct p4_num num;

	/* check */
	struct p4_type *type;
	struct p4_decl *decl;	    /* what a name or member stands for */
	bool known;		    /* num is its value at compile time (bool: 0 or 1) */
	struct p4_decl *callee;	    /* P4_E_CALL */
	struct p4_type **type_args; /* of the callee, in its order */
	struct p4_expr **bound;	    /* the argument of each parameter of the callee, or NULL */
	enum p4_call {
		P4_CALL_NONE,
		P4_CALL_ACTION,
		P4_CALL_FUNCTION,
		P4_CALL_EXTERN,	     /* extern function */
		P4_CALL_METHOD,	     /* method of an extern's instance, in a->a */
		P4_CALL_APPLY,	     /* of a parser or control instance */
		P4_CALL_TABLE,	     /* table.apply() */
		P4_CALL_BUILTIN,     /* isValid(), setValid() ... of a header, union, stack */
		P4_CALL_CONSTRUCTOR, /* in a package's or instance's arguments */
	} call;
};

enum p4_stmt_kind {
	P4_S_BLOCK,  /* body */
	P4_S_ASSIGN, /* a = b, a op= b */
	P4_S_CALL,   /* a */
	P4_S_IF,     /* a, body, other */
	P4_S_SWITCH, /* a, cases */
	P4_S_RETURN, /* a or NULL */
	P4_S_EXIT,
	P4_S_EMPTY,
	P4_S_DECL, /* decl */
	P4_S_FOR,
	P4_S_FOR_IN,
	P4_S_BREAK,
	P4_S_CONTINUE,
	P4_S_CASE,	 /* one label of a switch: a, body or NULL to fall through */
	P4_S_TRANSITION, /* name */
	P4_S_SELECT,	 /* exprs, cases */
	P4_S_SELECT_CASE /* a: keyset, name */
};

struct p4_stmt {
	struct p4_stmt *next;
	enum p4_stmt_kind kind;
	enum p4_op op;
	const struct seki_token *tok;
	const struct seki_token *last;
	const char *name;
	struct p4_expr *a, *b;
	struct p4_expr *exprs;
	struct p4_stmt *body, *other;
	struct p4_stmt *init, *update; /* P4_S_FOR */
	struct p4_stmt *cases;
	struct p4_decl *decl;
	bool is_atomic; /* P4_S_BLOCK with @atomic */

	/* check */
	struct p4_decl *state; /* target of a transition; NULL for accept and reject */
};

enum p4_decl_kind {
	P4_D_CONST,
	P4_D_VAR,
	P4_D_PARAM,
	P4_D_FIELD,
	P4_D_ENUM_MEMBER,
	P4_D_ERROR_MEMBER,
	P4_D_MATCH_KIND,
	P4_D_TYPE_PARAM,
	P4_D_STRUCT,
	P4_D_HEADER,
	P4_D_UNION,
	P4_D_ENUM,
	P4_D_TYPEDEF,
	P4_D_NEWTYPE,
	P4_D_EXTERN,
	P4_D_METHOD,   /* of an extern; a constructor has is_constructor */
	P4_D_FUNCTION, /* has a body, or is an extern function */
	P4_D_ACTION,
	P4_D_TABLE,
	P4_D_PARSER,  /* with states, or only a type */
	P4_D_CONTROL, /* with a body, or only a type */
	P4_D_PACKAGE,
	P4_D_INSTANCE,
	P4_D_STATE,
	P4_D_VALUE_SET,
	P4_D_GROUP, /* error { } and match_kind { }: members only */
};

enum p4_dir { P4_DIR_NONE, P4_DIR_IN, P4_DIR_OUT, P4_DIR_INOUT };

/* A key of a table. */
struct p4_key {
	struct p4_key *next;
	const struct seki_token *tok;
	struct p4_expr *expr;
	const char *match;
	const struct seki_token *match_tok;
	const char *rename; /* from @name("...") */
};

/* An action in a table's list, or an entry. */
struct p4_action_ref {
	struct p4_action_ref *next;
	const struct seki_token *tok;
	struct p4_expr *call;	/* P4_E_CALL of the action */
	struct p4_expr *keyset; /* entries: P4_E_LIST of keysets, or one */
	struct p4_expr *priority;
	bool is_const;
	bool default_only;
	bool table_only;

	/* check */
	struct p4_decl *action;
	uint32_t index; /* position in the list of actions */
	bool shadowed;	/* an entry before it has the same keys */
};

struct p4_property {
	struct p4_property *next;
	const struct seki_token *tok;
	const char *name;
	struct p4_expr *value;
	bool is_const;
};

struct p4_table {
	struct p4_key *keys;
	struct p4_action_ref *actions;
	struct p4_action_ref *entries;
	struct p4_action_ref *default_action;
	struct p4_property *properties;
	bool has_keys, has_actions, const_entries;
	bool default_first; /* the default action is before the list of actions */
	bool entries_first; /* the entries are before the keys */
	const struct seki_token *entries_tok;

	/* check */
	struct p4_names *by_name; /* actions */
};

struct p4_decl {
	struct p4_decl *next;
	struct p4_decl *overload; /* another function or method of the same name */
	enum p4_decl_kind kind;
	const struct seki_token *tok; /* its name */
	const char *name;
	const char *rename; /* from @name("...") */
	uint32_t id;	    /* unique */
	enum p4_dir dir;
	bool is_extern; /* P4_D_FUNCTION */
	bool is_abstract;
	bool is_constructor;
	bool is_optional;	/* parameter or abstract method with @optional */
	bool is_atomic;		/* with @atomic */
	const char *deprecated; /* of @deprecated: why, or NULL */
	bool is_pure;		/* extern function with @pure: of constants it gives a constant */
	bool is_ctor;		/* parameter of a constructor */
	bool is_local;
	struct p4_tref *tref; /* type, return type, base type */
	struct p4_expr *init; /* initial value, default value, size of a value set */
	struct p4_decl *type_params;
	struct p4_decl *params;
	struct p4_decl *ctor_params;
	struct p4_expr *annotations;	/* what is in @a[...], @b[...] */
	const struct seki_token *match; /* field with @match(...) */
	struct p4_expr *array;		/* of an instance: how many */
	struct p4_decl *members;	/* fields, members, methods, local declarations, states */
	struct p4_expr *args;		/* of an instance's constructor */
	struct p4_stmt *body; /* of an action, function, control, state, instance's block */
	struct p4_table *table;
	bool has_body;

	/* check */
	struct p4_type *type;
	struct p4_decl *owner; /* control, parser, enum, extern ... that it is in */
	struct p4_num value;
	bool known;
	bool used;
	uint32_t index; /* position among its siblings */
	int64_t limits
		[P4_LIMITS]; /* type.c: bits of a struct or header, with 2 added; 0: not yet */
	enum p4_mark { P4_UNVISITED, P4_VISITING, P4_VISITED } mark;
	struct p4_decl *self; /* P4_D_INSTANCE with methods: what `this` is in them */
	const struct seki_token
		*outside;	  /* in a method of an instance: a variable from outside of it */
	struct p4_names *by_name; /* members */
	enum p4_answer { P4_UNASKED, P4_NO, P4_YES } has_equality, in_header; /* type.c: a struct */
};

struct p4_program {
	struct p4_decl *decls;
	uint32_t n_ids;
};

/* Where the expression stands in the source: first to last token. */
struct seki_span seki_expr_span(const struct p4_expr *expr);

const char *seki_op_text(enum p4_op op);
uint32_t seki_decl_count(const struct p4_decl *list);
uint32_t seki_expr_count(const struct p4_expr *list);
struct p4_decl *seki_decl_find(struct p4_decl *list, const char *name);

/* Syntax analysis. Always returns a program: of what could be understood. */
struct p4_program *seki_p4_parse(struct seki_diags *diags, struct seki_token *tokens);

#endif
