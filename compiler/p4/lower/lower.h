/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the checked tree to the graph of ir/ir.h. Everything is put in place: each instance of a
 * control or parser, each call of a function or action becomes blocks of its own, generic types get
 * what they stand for, structs become their fields, side effects get an order. The files:
 *
 *   program.c   main, the architecture, instances and what their constructors get
 *   value.c     values and storage as trees of scalars, assignment, comparison
 *   expr.c      expressions
 *   call.c      frames: actions, functions, sub-controls, copy-in and copy-out
 *   extern.c    calls and instances of externs
 *   stmt.c      statements
 *   table.c     tables, entries, applying
 *   parser.c    states, select, sub-parsers; packet.c: the methods of packet_in and packet_out
 */
#ifndef SEKI_P4_LOWER_LOWER_H
#define SEKI_P4_LOWER_LOWER_H

#include "compiler/p4/ir/ir.h"

enum value_kind {
	VALUE_SCALAR, /* value; where it can be written: var, guard */
	VALUE_FIELDS, /* parts: of a struct, tuple, list, record */
	VALUE_HEADER, /* parts: its fields (structs in it are VALUE_FIELDS); valid; header or NULL */
	VALUE_UNION,  /* parts: its headers */
	VALUE_STACK,  /* parts: its elements; stack or NULL */
	VALUE_VARBIT, /* var */
	VALUE_NONE,   /* void, externs, packet_in ... */
};

/*
 * What an expression gives: a tree with the shape of its type. Storage is a value whose scalars
 * have a `var`. What is no storage (a result, a constant, an element at an index that is known only
 * at run time) has values only.
 */
struct value {
	enum value_kind kind;
	const struct p4_type *type; /* without type parameters */
	struct value **parts;
	uint32_t n_parts;
	const struct ir_expr *value;
	struct ir_var *var;
	struct ir_var
		*guard; /* a write is dropped where this is 0: validity of the header it is in */
	const struct ir_expr *valid; /* of a header */
	struct ir_header *header;
	struct ir_stack *stack;
	struct ir_extern *ext;	   /* VALUE_NONE: an extern's instance */
	struct instance *instance; /* VALUE_NONE: a control, parser or package */
};

/* A control, parser or package with what its constructor got. */
struct instance {
	struct p4_decl *decl;
	struct instance *parent;
	const char *path;     /* "ingress.acl" */
	const char *map_path; /* "ingress_acl" */
	struct frame *frame; /* of what is declared in it: parameters of the constructor, constants,
				 instances, tables */
};

/* What names mean while a piece of the program is put in place. */
struct frame {
	struct frame *outer; /* of the declarations around it */
	struct frame *caller;
	struct instance *instance;
	const struct p4_decl *decl;
	struct binding *bindings;
	const struct p4_decl *type_params; /* and what they stand for here */
	struct p4_type *const *type_args;
	struct value *result;	/* what `return` sets, or NULL */
	struct ir_block *after; /* where return goes */
	struct ir_block *on_break, *on_continue;
	struct ir_block *accept; /* of a parser */
};

struct lower {
	struct ir_program *ir;
	struct seki_diags *diags;
	struct seki_arena *arena;
	const struct p4_program *program;
	struct ir_block *block; /* that code is added to; NULL where nothing can come here */
	struct frame *frame;
	struct ir_var *exiting;	      /* set on the way out of all that is in place */
	const struct seki_token *tok; /* the place that code is of */
};

/* program.c: the whole program; NULL with errors in diags. */
struct ir_program *seki_p4_lower_ir(struct seki_diags *diags, const struct p4_program *program,
				    const struct seki_source *source, bool compat);

/* value.c */
const struct p4_type *seki_lower_type(struct lower *lw, const struct p4_type *type);
struct value *seki_lower_storage(struct lower *lw, const struct p4_type *type, const char *name,
				 const struct seki_token *tok);
struct value *seki_lower_constant(struct lower *lw, const struct ir_expr *value,
				  const struct p4_type *type);
/* Sets all to 0, headers invalid. */
void seki_lower_clear(struct lower *lw, const struct value *to);
void seki_lower_assign(struct lower *lw, const struct value *to, const struct value *from);
const struct ir_expr *seki_lower_equal(struct lower *lw, const struct value *a,
				       const struct value *b);
/* Its own storage with the value that it has now. */
struct value *seki_lower_copy(struct lower *lw, const struct value *from, const char *name);

/* expr.c */
struct value *seki_lower_expr(struct lower *lw, const struct p4_expr *expr);
const struct ir_expr *seki_lower_scalar(struct lower *lw, const struct p4_expr *expr);
/* Storage, or for an element at an index known at run time what seki_lower_store() wants. */
struct value *seki_lower_lvalue(struct lower *lw, const struct p4_expr *expr);
void seki_lower_store(struct lower *lw, const struct p4_expr *to, const struct value *from);
/* Does `key` match the keyset (a value, _, a &&& b, a .. b, a list of them)? */
const struct ir_expr *seki_lower_match(struct lower *lw, const struct value *key,
				       const struct p4_expr *keyset);

/* call.c: what the call gives, or NULL. */
struct value *seki_lower_call(struct lower *lw, const struct p4_expr *call);
struct value *seki_lower_find(struct lower *lw, const struct p4_decl *decl);
void seki_lower_bind(struct lower *lw, const struct p4_decl *decl, struct value *value);
/*
 * Binds the parameters of a callee in a new frame (out and inout to the arguments' storage where
 * nothing else can reach it, else to copies), runs `body`, copies out.
 */
struct value *seki_lower_inline(struct lower *lw, const struct p4_expr *call,
				const struct p4_decl *callee, struct instance *instance,
				void (*body)(struct lower *lw, const struct p4_decl *callee));

/* stmt.c */
void seki_lower_stmt(struct lower *lw, const struct p4_stmt *stmt);
void seki_lower_stmts(struct lower *lw, const struct p4_stmt *list);
/* A variable or constant that is declared here. */
void seki_lower_decl(struct lower *lw, const struct p4_decl *decl);

/* table.c */
struct ir_table *seki_lower_table(struct lower *lw, const struct p4_decl *decl);
/* hit, action: NULL where they are not wanted. */
void seki_lower_apply(struct lower *lw, const struct p4_decl *table, struct ir_var *hit,
		      struct ir_var *action);

/* extern.c */
struct value *seki_lower_extern(struct lower *lw, const struct p4_expr *call);
struct ir_extern *seki_lower_instance(struct lower *lw, const struct p4_decl *decl);

/* parser.c: the states of the frame's parser from `start` on; lw->block is where it accepted. */
void seki_lower_states(struct lower *lw, const struct p4_decl *parser);
void seki_lower_reject(struct lower *lw, const struct seki_token *tok, const char *error);
/* Goes on where the condition holds, else rejects. */
void seki_lower_require(struct lower *lw, const struct ir_expr *cond, const char *error);
void seki_lower_verify(struct lower *lw, const struct p4_expr *call);
/* Is `key` in the value set? */
const struct ir_expr *seki_lower_value_set(struct lower *lw, const struct value *key,
					   const struct p4_decl *set);
/* packet.c: methods of packet_in and packet_out. */
struct value *seki_lower_packet(struct lower *lw, const struct p4_expr *call);
/* The index that stack.next, stack.last and stack.lastIndex stand for; next, last: one there is. */
const struct ir_expr *seki_lower_stack_index(struct lower *lw, const struct value *stack,
					     const struct p4_expr *member);

/* Code: these add to lw->block, and do nothing where it is NULL. */
struct ir_insn *seki_lower_insn(struct lower *lw, enum ir_insn_op op);
void seki_lower_set(struct lower *lw, struct ir_var *var, struct ir_var *guard,
		    const struct ir_expr *value);
struct ir_block *seki_lower_block(struct lower *lw, const char *name);
void seki_lower_goto(struct lower *lw, struct ir_block *to); /* and block is NULL */
void seki_lower_branch(struct lower *lw, const struct ir_expr *cond, struct ir_block *then,
		       struct ir_block *other);

#endif
