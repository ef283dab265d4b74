/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the checked tree to the graph of ir/ir.h. Everything is put in place: each instance of a
 * control or parser, each call of a function or action becomes blocks of its own, generic types get
 * what they stand for, structs become their fields, side effects get an order. The files:
 *
 *   program.c   main and the architecture; instance.c: objects and what their constructors get
 *   value.c     values and storage as trees of scalars, assignment, comparison
 *   expr.c      expressions; place.c: what can be written to
 *   frame.c     what names mean
 *   call.c      actions, functions, sub-controls, copy-in and copy-out; method.c: of headers, stacks
 *   extern.c    calls of externs
 *   stmt.c      statements; loop.c: loops
 *   table.c     tables and applying them; entry.c: entries and default actions
 *   parser.c    states, select, sub-parsers; packet.c: the methods of packet_in and packet_out
 *   code.c      adds instructions and blocks
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
	const struct p4_num *num; /* VALUE_SCALAR of type int: it has no width, and no `value` */
	struct ir_var *var;
	struct ir_var
		*guard; /* a write is dropped where this is 0: validity of the header it is in */
	const struct ir_expr *valid; /* of a header */
	struct ir_header *header;
	struct ir_stack *stack;
	struct ir_extern *ext; /* VALUE_NONE: an extern's instance */
	const struct p4_decl
		*methods; /* VALUE_NONE: those that an instance gives, and their frame */
	struct frame *outer;
	struct ir_table *table;	   /* VALUE_NONE: a table */
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
	bool declared;	     /* all of that is bound; where it is generic, from its first use on */
	struct instance *unnamed, *next; /* made in it by Type.apply(): of `call` */
	const struct p4_expr *call;
};

struct binding {
	const struct p4_decl *decl;
	struct value *value;
};

/* What names mean while a piece of the program is put in place. */
struct frame {
	struct frame *outer; /* of the declarations around it */
	struct frame *caller;
	struct instance *instance;
	const struct p4_decl *decl;
	struct binding *bindings; /* by id of the declaration: size is 0 or a power of 2 */
	uint32_t n_bindings, n_slots;
	const struct p4_decl *type_params; /* and what they stand for here */
	struct p4_type *const *type_args;
	struct value *result;	/* what `return` sets, or NULL */
	struct ir_block *after; /* where return goes */
	struct ir_block *on_break, *on_continue;
	struct ir_block *accept; /* of a parser */
	bool left;		 /* something goes to `after` */
	bool exits;		 /* and with `exiting` set */
};

/* A run-time index (or low bit of a slice) of an expression that is written to: evaluated once. */
struct place {
	struct place *next;
	const struct p4_expr *expr; /* the index */
	const struct ir_expr *value;
};

struct lower {
	struct ir_program *ir;
	struct seki_diags *diags;
	struct seki_arena *arena;
	const struct p4_program *program;
	struct ir_block *block; /* that code is added to; NULL where nothing can come here */
	struct frame *frame;
	struct frame *global;
	struct place *places;
	uint8_t *marks; /* by id of a variable */
	uint32_t n_marks;
	uint32_t n_insns;
	uint32_t n_instances;
	uint32_t copies;	/* of what is added now, in rounds of loops: 0 outside of them */
	bool stop;		/* it has become too large: told, and nothing more is added */
	struct ir_var *exiting; /* set on the way out of all that is in place */
	const struct seki_token *tok; /* the place that code is of */
};

/* program.c: the whole program; NULL with errors in diags. */
struct ir_program *seki_p4_lower_ir(struct seki_diags *diags, const struct p4_program *program,
				    const struct seki_source *source, bool compat);

/* instance.c: objects that constructors make. */
struct value *seki_lower_construct(struct lower *lw, const struct p4_expr *call,
				   const struct p4_type *type, const struct p4_decl *decl);
/* The control or parser that call, of its apply(), is of. */
struct instance *seki_lower_applied(struct lower *lw, const struct p4_expr *call);
/* Binds what is declared in it, in its frame. */
void seki_lower_declare(struct lower *lw, struct instance *instance);
/* A name of P4 as part of one of a map: letters, digits and underscores. */
const char *seki_lower_map_name(struct lower *lw, const char *prefix, const struct p4_decl *decl);
/* And P4Runtime's: "ingress.acl", or what @name says. */
const char *seki_lower_plane_name(struct lower *lw, const char *prefix, const struct p4_decl *decl);

/* value.c */
const struct p4_type *seki_lower_type(struct lower *lw, const struct p4_type *type);
struct value *seki_lower_storage(struct lower *lw, const struct p4_type *type, const char *name,
				 const struct seki_token *tok);
struct value *seki_lower_constant(struct lower *lw, const struct ir_expr *value,
				  const struct p4_type *type);
/* What a variable of the type is at first: 0, invalid. */
struct value *seki_lower_zero(struct lower *lw, const struct p4_type *type);
struct value *seki_lower_value(struct lower *lw, enum value_kind kind, const struct p4_type *type);
/* Bits of a scalar; 0 where the type is none. */
uint32_t seki_lower_width(const struct p4_type *type);
/* The value as it is now, whatever is written later: what is more than a constant gets variables. */
struct value *seki_lower_keep(struct lower *lw, struct value *from);
/* Is it made of variables and constants, which may be read again and again? */
bool seki_lower_is_simple(const struct value *v);
/* May a write to `a` change what `b` reads? */
bool seki_lower_overlap(struct lower *lw, const struct value *a, const struct value *b);
/* Sets all to 0, headers invalid. */
void seki_lower_clear(struct lower *lw, const struct value *to);
void seki_lower_clear_header(struct lower *lw, const struct ir_header *header);
/* Whatever is done to a member of a union as a whole, the others become invalid. */
void seki_lower_clear_others(struct lower *lw, const struct ir_header *header);
void seki_lower_assign(struct lower *lw, const struct value *to, const struct value *from);
const struct ir_expr *seki_lower_equal(struct lower *lw, const struct value *a,
				       const struct value *b);
/* All (IR_LAND) or any (IR_LOR) of n conditions, as a tree that is not deep. */
const struct ir_expr *seki_lower_all(struct lower *lw, enum ir_op op,
				     const struct ir_expr *const *terms, uint32_t n);
/* Its own storage with the value that it has now. */
struct value *seki_lower_copy(struct lower *lw, const struct value *from, const char *name);

/* expr.c */
struct value *seki_lower_expr(struct lower *lw, const struct p4_expr *expr);
const struct ir_expr *seki_lower_scalar(struct lower *lw, const struct p4_expr *expr);
/* Has it a call that does something, or may what it reads be changed by one? */
bool seki_lower_acts(const struct p4_expr *expr);
/* The value of an expression that is known when instances are made; false and an error if not. */
bool seki_lower_number(struct lower *lw, const struct p4_expr *expr, struct p4_num *out);
/* The number of a constant: of an int, or with the sign that its type has. False: it is none. */
bool seki_lower_number_of(struct lower *lw, const struct value *v, struct p4_num *out);
/* The bounds of expr, a slice of so many bits; false and an error where they are not known. */
bool seki_lower_slice(struct lower *lw, const struct p4_expr *expr, uint32_t width, uint32_t *high,
		      uint32_t *low);

/* place.c: what can be written to */
/* Storage; for an element at an index that is known at run time only, values without variables. */
struct value *seki_lower_lvalue(struct lower *lw, const struct p4_expr *expr);
/*
 * Evaluates the run-time indices in `to`, once; until lw->places is put back to what it was, they
 * are not evaluated again.
 */
void seki_lower_places(struct lower *lw, const struct p4_expr *to);
/* Was the index evaluated so? */
bool seki_lower_is_placed(const struct lower *lw, const struct p4_expr *key);
/* Runs `use` for the storage that `to` stands for: with run-time indices, in a branch for each. */
typedef void (*seki_lower_use)(struct lower *lw, const struct value *at, void *data);
void seki_lower_at(struct lower *lw, const struct p4_expr *to, seki_lower_use use, void *data);
void seki_lower_store(struct lower *lw, const struct p4_expr *to, const struct value *from);
/* Is it stack.next or stack.last? */
bool seki_lower_is_end(const struct p4_expr *expr);
/*
 * The index (or low bit) `key` into `whole`: a constant, or what a variable holds. stack.next and
 * stack.last are keys themselves. Beyond any element: 2^32 - 1.
 */
const struct ir_expr *seki_lower_index(struct lower *lw, const struct value *whole,
				       const struct p4_expr *key);
/* How many of n elements an index of so many bits can mean. */
uint32_t seki_lower_reachable(uint32_t n, uint32_t width);
/* Does `key` match the keyset (a value, _, a &&& b, a .. b, a list of them)? */
const struct ir_expr *seki_lower_match(struct lower *lw, const struct value *key,
				       const struct p4_expr *keyset);

/* frame.c: what names mean */
struct value *seki_lower_find(struct lower *lw, const struct p4_decl *decl);
void seki_lower_bind(struct lower *lw, const struct p4_decl *decl, struct value *value);
void seki_lower_bind_in(struct lower *lw, struct frame *frame, const struct p4_decl *decl,
			struct value *value);
struct frame *seki_lower_frame(struct lower *lw, const struct p4_decl *decl, struct frame *outer);
/* In a parser, or in what one calls? */
bool seki_lower_in_parser(const struct lower *lw);

/* call.c: what the call gives, or NULL. */
struct value *seki_lower_call(struct lower *lw, const struct p4_expr *call);
/*
 * Binds the parameters of a callee in a new frame (out and inout to the arguments' storage where
 * nothing else can reach it, else to copies), runs `body`, copies out.
 */
typedef void (*seki_lower_body)(struct lower *lw, const struct p4_decl *callee);
struct value *seki_lower_inline(struct lower *lw, const struct p4_expr *call,
				const struct p4_decl *callee, struct instance *instance,
				seki_lower_body body);
/* An action of a table: each parameter gets an argument of `bound`, or what `data` has for it. */
void seki_lower_action(struct lower *lw, const struct p4_decl *action, struct p4_expr **bound,
		       struct value **data);
/* The same for a control or parser with storage for each parameter: of main. */
void seki_lower_block_of(struct lower *lw, struct instance *instance, struct value **data,
			 seki_lower_body body);
void seki_lower_control(struct lower *lw, const struct p4_decl *control);

/* method.c: isValid(), setValid(), push_front() ... */
struct value *seki_lower_method(struct lower *lw, const struct p4_expr *call);

/* stmt.c */
void seki_lower_stmt(struct lower *lw, const struct p4_stmt *stmt);
void seki_lower_stmts(struct lower *lw, const struct p4_stmt *list);
/* A variable or constant that is declared here. */
void seki_lower_decl(struct lower *lw, const struct p4_decl *decl);

/* loop.c */
void seki_lower_loop(struct lower *lw, const struct p4_stmt *stmt);

/* table.c */
struct ir_table *seki_lower_table(struct lower *lw, const struct instance *in,
				  const struct p4_decl *decl);
/* entry.c: the default action and the entries that the program gives. */
void seki_lower_entries(struct lower *lw, struct ir_table *table);
/* hit, action: NULL where they are not wanted. */
void seki_lower_apply(struct lower *lw, const struct p4_decl *table, struct ir_var *hit,
		      struct ir_var *action);

/* extern.c: calls of externs' functions and methods. */
struct value *seki_lower_extern(struct lower *lw, const struct p4_expr *call);

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
