/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier from the inside: one walk over all paths of a program, and the checks that its files
 * share. Functions return 0 to go on, WALK_END where the path ends here, or a negative errno with
 * the rejection written.
 */
#ifndef SEKI_CORE_BPF_WALK_H
#define SEKI_CORE_BPF_WALK_H

#include "core/bpf/helper.h"
#include "core/bpf/verify/state.h"
#include "core/bpf/verify/verify.h"

#define WALK_END 1

/* What is known of an instruction before the walk, and during it. */
struct seki_node {
	uint64_t live_slots; /* 8-byte slots of the frame whose number a later load by r10 needs */
	uint32_t seen;	     /* newest finished state kept here: offset into the arena, 0: none */
	uint32_t link;	     /* while searching: where it was reached from; then: the instruction
				finished next */
	uint32_t rounds;     /* jumps back from here that were followed */
	uint32_t nest;	     /* loops that it is in, by the order of the code */
	uint32_t nest_end;   /* of those, how many end here */
	uint16_t live_regs;
	uint16_t value_regs; /* of these, where it matters what number is in them */
	uint8_t color;
	uint8_t next_edge;
	uint8_t visits;	   /* paths set out here, up to VISITS_MAX */
	uint8_t finished;  /* kept states that are, up to GUESS_AFTER */
	uint8_t wrong;	   /* guesses here that were */
	uint8_t kept;	   /* states that were kept here, up to SEKI_RANK_AFTER */
	uint8_t ranked;	   /* loops that were thought to begin here */
	bool join;	   /* states are compared here: paths meet */
	bool busy;	   /* and here: many paths set out */
	bool entered;	   /* some edge leads here */
	bool wait_seen;	   /* a call that may wait is reached ... */
	bool wait_changed; /* ... on a path that has changed a map */
};

/* Scratch memory: kept states from the low end, states still to be walked from the high end. */
struct seki_arena {
	uint8_t *base;
	size_t low, high;
	size_t keep_end; /* kept states end before here */
};

/*
 * A state that was kept where paths meet. Kept states are a tree: the parent is the one that the
 * path came through. While `open`, it is on the path that is being walked now; when no path from it
 * is open any more, it is finished: all that can come of it was seen, was safe, and ended.
 */
struct seki_kept {
	uint32_t older;	  /* of finished ones: the one that was finished before it here */
	uint32_t chained; /* the next one in its bucket */
	uint32_t bytes;	  /* with the packed state behind it */
	uint32_t hash;
	uint32_t open;	  /* paths from here that have not ended */
	uint32_t guessed; /* it is a guess, of a guess ... */
	uint64_t cost;	  /* most instructions to the end, on the paths that have ended; 0: none */
	uint64_t again;	  /* ... and to where the ranked loop begins its next round */
	struct seki_path_state p; /* p.keeper: the parent, p.since: instructions from there */
};

#define SEKI_KEPT_DEAD UINT32_MAX /* it was given up: no state to compare with */

struct seki_history {
	uint32_t parent;     /* entry + 1 */
	uint32_t insn_taken; /* insn << 1 | taken */
};

/* The loop that is walked as one round, of any (rank.c). At most one is open. */
#define SEKI_RANK_AFTER 200 /* states that were kept at an instruction */
#define SEKI_GROWN_MAX	((1ull << 28) - 1)
#define SEKI_RANKS_MAX	20 /* tries at one instruction */

/* A register of the innermost frame, or a spill at that byte of it. */
struct seki_place {
	uint32_t where;
	bool spilled;
};

struct seki_rank {
	uint32_t head; /* its state: offset into the arena, 0: none is open */
	uint16_t serial;
	struct seki_place grown;
	int32_t base;	/* it is the anchor and that when the round begins */
	uint32_t scale; /* (`scaled` >> scale) + more is it, 0: nothing is */
	int32_t more;
	struct seki_place scaled;
	uint32_t guess;	 /* set aside for it */
	uint32_t touch;	 /* what was touched before it */
	uint64_t wasted; /* steps on loops that were none */
	uint32_t wider;	 /* a state that the head must cover too, 0: none */
	int64_t gap;	 /* the length's symbol less what grows, at least; or < 0 */
	uint64_t step;	 /* it grows by this at least in a round, UINT64_MAX: none came back ... */
	uint64_t most;	 /* ... and is no more than this when the next one begins */
};

struct seki_walk {
	struct seki_bpf_image *image;
	struct seki_node *nodes;
	struct seki_arena arena;
	struct seki_history *history;
	uint32_t n_history, max_history;
	uint32_t *buckets;  /* kept states by hash: offsets into the arena, 0: none */
	uint32_t n_buckets; /* a power of two */
	uint32_t root;
	bool calls; /* there are local calls */
	struct seki_state *state;
	struct seki_state *other; /* the other side of a branch */
	uint32_t pending;	  /* states at the arena's high end */
	uint32_t guess;		  /* the last one there that a guess was made of; 0: none */
	uint32_t first_guess;	  /* where there is one, the first */
	uint64_t guess_until;	  /* steps after which that is given up, and all that came of it */
	uint64_t wasted;	  /* steps on guesses that were wrong ... */
	uint64_t wrong_at;	  /* ... up to that one */
	bool no_guess;		  /* the present state is one that a wrong guess was made of */
	uint64_t work;		  /* registers compared or copied, about: bounded, as steps are */
	uint64_t max_steps;
	uint32_t max_packet;
	uint8_t rank_after;
	uint32_t next_id;
	struct seki_rank rank;
	struct seki_bpf_proof proof;
	struct seki_bpf_rejection *why;
};

static inline struct seki_reg *seki_walk_reg(struct seki_walk *w, unsigned int reg)
{
	return &seki_state_top(w->state)->regs[reg];
}

static inline const struct seki_bpf_op *seki_walk_op(const struct seki_walk *w)
{
	return &w->image->ops[w->state->p.pc];
}

static inline struct seki_kept *seki_walk_kept(const struct seki_walk *w, uint32_t at)
{
	return (struct seki_kept *)(void *)(w->arena.base + at);
}

/* cfg.c: fills the nodes; recursion is rejected. */
int seki_walk_cfg(struct seki_walk *w);

/* tidy.c: forgets what no later instruction can see, and brings the rest into one form. */
void seki_walk_tidy(struct seki_walk *w);

/*
 * prune.c: does a finished state kept here cover the present one, which is tidy? Then its path ends
 * here (WALK_END). Else it is kept, and becomes the parent of what follows. A state that is the same
 * as an open one comes back to itself for ever: rejected.
 */
int seki_walk_prune(struct seki_walk *w);

/*
 * prune.c: the path has ended, `cost` instructions after the last kept state on it; or is where the
 * ranked loop begins its next round, after `again` instructions. (0: it is not.)
 */
void seki_walk_end(struct seki_walk *w, uint64_t cost, uint64_t again);

/* join.c: widens s to a state that covers it and the other, `far`: in steps so large that few of
 * them reach the end. False: there is none (and s is spoilt). */
bool seki_walk_join(struct seki_state *s, const struct seki_state *with, bool far);

/* pack.c: the bytes that a state takes when packed, and the packing of it behind a head of its own:
 * parts are multiples of 8 bytes. */
size_t seki_walk_packed_size(const struct seki_state *s);
void seki_walk_pack(struct seki_walk *w, uint8_t *at, const struct seki_state *s);
void seki_walk_unpack(struct seki_walk *w, const struct seki_kept *kept, struct seki_state *s);

/* pack.c: sets a state aside to be walked later, and takes the last such one back (WALK_END: there
 * is none). */
int seki_walk_push(struct seki_walk *w, struct seki_state *s);
int seki_walk_pop(struct seki_walk *w);

/*
 * pack.c: sets the present state aside in case that what is guessed of it turns out wrong (false:
 * no room); takes it back as if nothing had been guessed; lets go of it.
 */
bool seki_walk_guess_begin(struct seki_walk *w);
void seki_walk_guess_wrong(struct seki_walk *w);
void seki_walk_guess_drop(struct seki_walk *w);

/* pack.c: what was set aside. */
void seki_walk_guess_origin(struct seki_walk *w, struct seki_state *s);

/* check_*.c: one instruction each; they set the state's pc. */
int seki_walk_alu(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_load(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_store(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_atomic(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_jump(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_helper(struct seki_walk *w, const struct seki_bpf_op *op, int64_t number);
int seki_walk_callx(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_local(struct seki_walk *w, const struct seki_bpf_op *op);
int seki_walk_exit(struct seki_walk *w);

/* Has the register a value to use? */
int seki_walk_readable(struct seki_walk *w, unsigned int reg);

/* check_mem.c: bytes of the packet up to `end`, from where its head is now, are touched. They
 * cannot lie beyond the end that the longest packet has. */
void seki_walk_touch(struct seki_walk *w, int64_t end);

/* reads.c: these bytes of the frame are read. */
void seki_walk_read(struct seki_walk *w, uint32_t frame, uint32_t at, uint32_t bytes);

/* check_mem.c: may `bytes` at the pointer in `reg` be read as plain bytes? */
int seki_walk_bytes(struct seki_walk *w, unsigned int reg, uint32_t bytes);

/* check_alu.c: do both point into one object, wherever in it? */
bool seki_walk_same_object(const struct seki_reg *a, const struct seki_reg *b);

/* A number that r is tied to may have copies: gives it a symbol if it has none. */
void seki_walk_tie(struct seki_walk *w, struct seki_reg *r);

/* explain.c: -EACCES, with the reason, and what is known of `reg` (-1: none). */
int seki_walk_reject(struct seki_walk *w, int reg, const char *format, ...);
int seki_walk_too_complex(struct seki_walk *w, const char *what);
int seki_walk_endless(struct seki_walk *w);

#endif
