/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings: passes over a checked program that has no errors. Each file is one of them: unused.c,
 * shadow.c, unreachable.c, entries.c, effect.c, atomic.c, and those that follow the packet: flow.c, emit.c,
 * lost.c.
 */
#ifndef SEKI_P4_LINT_H
#define SEKI_P4_LINT_H

#include "compiler/p4/ast.h"

struct p4_lint {
	struct seki_diags *diags;
	struct seki_arena *arena;
	const struct p4_program *program;
	const struct seki_source *main; /* the program's own file */
};

void seki_p4_lint(struct seki_diags *diags, const struct p4_program *program,
		  const struct seki_source *main);

/* Is it in the program's own file? What is included is there for other programs as well. */
bool seki_lint_is_own(const struct p4_lint *lint, const struct seki_token *tok);

/* In no header that comes with the compiler. */
bool seki_lint_is_users(const struct seki_token *tok);

/* The name that an expression such as a.b[i][7:0] begins with; NULL where it is none. */
const struct p4_expr *seki_lint_root(const struct p4_expr *expr);

/* walk.c: calls those that are not NULL for everything below, parents first. */
struct p4_walk {
	void *data;
	void (*decl)(void *data, const struct p4_decl *decl);
	void (*stmt)(void *data, const struct p4_stmt *stmt);
	void (*expr)(void *data, const struct p4_expr *expr);
};

void seki_walk_decls(const struct p4_walk *walk, const struct p4_decl *list);
void seki_walk_stmts(const struct p4_walk *walk, const struct p4_stmt *list);
void seki_walk_expr(const struct p4_walk *walk, const struct p4_expr *expr);

/* keyset.c: does the one keyset, of `count` values, take all that the other does? */
bool seki_keyset_covers(const struct p4_expr *a, const struct p4_expr *b, uint32_t count);

void seki_lint_unused(struct p4_lint *lint);
void seki_lint_shadow(struct p4_lint *lint);
void seki_lint_unreachable(struct p4_lint *lint);
void seki_lint_effect(struct p4_lint *lint);
void seki_lint_flow(struct p4_lint *lint);
void seki_lint_emit(struct p4_lint *lint);
void seki_lint_lost(struct p4_lint *lint);
void seki_lint_atomic(struct p4_lint *lint);
void seki_lint_entries(struct p4_lint *lint);

#endif
