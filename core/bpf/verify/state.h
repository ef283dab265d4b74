/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier knows at one instruction on one path: registers, stack, the packet's length.
 *
 * Numbers may be tied to a symbol: register = value of symbol `id` + id_off, exactly, as integers.
 * So a comparison of one register tells of its copies. The packet's length is such a symbol.
 */
#ifndef SEKI_CORE_BPF_STATE_H
#define SEKI_CORE_BPF_STATE_H

#include "core/bpf/packet.h"
#include "core/bpf/verify/scalar.h"

enum seki_reg_type {
	SEKI_REG_NONE, /* never written */
	SEKI_REG_GONE, /* destroyed by a call */
	SEKI_REG_NUMBER,
	SEKI_REG_CTX,
	SEKI_REG_META,	 /* struct seki_std_meta + v */
	SEKI_REG_STACK,	 /* end of frame `frame` + v */
	SEKI_REG_PACKET, /* head of the packet + v */
	SEKI_REG_STALE,	 /* what pointed into the packet before it moved */
	SEKI_REG_MAP,	 /* handle of map `map` */
	SEKI_REG_VALUE,	 /* a value of map `map` + v */
	SEKI_REG_MAYBE,	 /* a value of map `map`, or NULL; `id` ties copies together */
	SEKI_REG_DATA,	 /* read-only data + v */
};

enum {
	SEKI_SYM_NONE,
	SEKI_SYM_LEN,	 /* packet length: now it is this plus state.grown less state.less */
	SEKI_SYM_BEFORE, /* packet length before its last change other than by a constant */
	SEKI_SYM_CUT,	 /* where that was a truncation, what it cut off: LEN = BEFORE - CUT */
	SEKI_SYM_FRESH,	 /* first of the others: names that tidy.c gives */
	SEKI_SYM_NEW = SEKI_SYM_FRESH + 64, /* from here on as they come, never used twice */
};

/* How a number is tied to its symbol. */
enum seki_tie {
	SEKI_TIE_EXACT, /* it is symbol + id_off, as integers */
	SEKI_TIE_HIGH,	/* it is that << 32 */
	SEKI_TIE_LOW,	/* its low half is that, modulo 2^32; only of SEKI_SYM_LEN */
};

/* Number: its low half, or where `high` the other one, is n * length + x * X + off, modulo 2^32
 * (low.c); n and x are 0: nothing is known. Kept states have none. */
struct seki_low {
	int8_t n;
	int8_t x : 4;
	uint8_t high : 4;
	int16_t off;
};

/* What a number is that is tied to its symbol by its low 32 bits, read signed: see relate.c. */
enum {
	SEKI_REST_NONE,	    /* nothing of that: the number is the symbol + id_off */
	SEKI_REST_OF_LEN,   /* the length's symbol less its own, + id_off */
	SEKI_REST_OF_CONST, /* id_off less its symbol */
};

struct seki_reg {
	uint8_t type;
	union {
		uint8_t frame; /* pointer into the stack */
		uint8_t rest;  /* number: one of SEKI_REST_* */
	};
	uint8_t map;
	uint8_t shifted; /* number: enum seki_tie */
	uint32_t id;
	int32_t id_off;
	struct seki_low low;
	struct seki_scalar v; /* the number, or the offset of the pointer */
};

/* A register's content kept in the stack. */
struct seki_spill {
	uint16_t at; /* byte of the frame, from its low end */
	uint16_t bytes;
	uint32_t unused; /* 0 */
	struct seki_reg reg;
};

#define SEKI_SPILLS	 (SEKI_BPF_FRAME_BYTES / 8)

#define SEKI_FRAME_WORDS (SEKI_BPF_FRAME_BYTES / 64)

struct seki_frame {
	struct seki_reg regs[SEKI_BPF_REGS];
	uint64_t set[SEKI_FRAME_WORDS];	    /* a bit for each byte that was written */
	uint64_t written[SEKI_FRAME_WORDS]; /* of these, since the last kept state */
	uint32_t call;			    /* the call that made this frame; unused in frame 0 */
	uint32_t n_spills;
	struct seki_spill spills[SEKI_SPILLS];
};

/* "packet length symbol >= (symbol id << shift) + off"; where id is none, >= off. */
struct seki_fact {
	uint32_t id;
	int32_t off;
	uint32_t shift;
};

#define SEKI_FACTS 6

enum seki_term_kind {
	SEKI_TERM_SUM,	    /* symbol id = symbol a + symbol b, as integers */
	SEKI_TERM_SHIFT,    /* symbol a = symbol id >> b, rounded down: id >= a << b */
	SEKI_TERM_QUOTIENT, /* symbol id = symbol a / b, rounded down */
	SEKI_TERM_MULTIPLE, /* symbol id = symbol a / b, rounded down, * b */
};

/* What one symbol is in terms of others. */
struct seki_term {
	uint32_t id, a, b;
	uint32_t kind;
};

#define SEKI_TERMS 4

/* "symbol id is not value" */
struct seki_hole {
	uint32_t id;
	int32_t value;
};

#define SEKI_HOLES 4

struct seki_path_state {
	/* How the path came here: no part of what states are compared by. */
	uint32_t branch; /* last entry of the history, + 1 */
	uint32_t keeper; /* the last kept state on the way: offset into the arena */
	uint32_t since;	 /* instructions from there to here */
	uint32_t back;	 /* the last jump back, + 1 */
	bool forked;	 /* a branch since then went both ways */

	uint32_t pc;
	uint32_t depth;	  /* innermost frame */
	bool meta_is_len; /* std_meta.packet_length is SEKI_SYM_LEN */
	bool map_changed;
	uint16_t rank; /* the ranked loop that the path is in (rank.c), 0: none ... */
	uint32_t n_facts;
	uint32_t n_terms;
	uint32_t n_holes;
	uint32_t x_id;	 /* the symbol X of the registers' `low`; 0 in kept states */
	uint32_t less;	 /* the symbol that the packet is shorter by, beside `grown` */
	uint32_t anchor; /* ... and the symbol of what grew when this round began */
	struct seki_fact facts[SEKI_FACTS];
	struct seki_term terms[SEKI_TERMS];
	struct seki_hole holes[SEKI_HOLES];
	int64_t len_min, len_max; /* of SEKI_SYM_LEN */
	int64_t grown;		  /* packet length + symbol less - SEKI_SYM_LEN */
	int64_t moved_min;	  /* the head is at most this far after where it was, negated */
};

struct seki_state {
	uint64_t
		work; /* registers looked at or copied in it so far, about; not part of the state */
	struct seki_path_state p;
	struct seki_frame frames[SEKI_BPF_FRAMES];
};

static inline struct seki_frame *seki_state_top(struct seki_state *s)
{
	return &s->frames[s->p.depth];
}

static inline bool seki_reg_is_pointer(const struct seki_reg *reg)
{
	return reg->type > SEKI_REG_NUMBER;
}

static inline bool seki_reg_is_rest(const struct seki_reg *reg)
{
	return reg->type == SEKI_REG_NUMBER && reg->rest;
}

static inline bool seki_reg_is_rest_of(const struct seki_reg *reg, uint8_t of)
{
	return reg->type == SEKI_REG_NUMBER && reg->rest == of;
}

static inline bool seki_reg_holds_something(const struct seki_reg *reg)
{
	return reg->type != SEKI_REG_NONE && reg->type != SEKI_REG_GONE;
}

struct seki_reg seki_reg_number(struct seki_scalar v);
struct seki_reg seki_reg_pointer(enum seki_reg_type type);

/* Copies the frames that are in use, and of them what is. */
void seki_state_copy(struct seki_state *to, const struct seki_state *from);

/* What it costs to narrow a number, next to looking at a register. */
#define SEKI_NARROW_WORK 32

/* Calls fn for every register and spill of all frames. */
void seki_state_each(struct seki_state *s, void (*fn)(struct seki_reg *reg, void *arg), void *arg);

/* Shortest and longest that the packet can be now. */
int64_t seki_state_len_min(const struct seki_state *s);

static inline int64_t seki_state_len_max(const struct seki_state *s)
{
	return s->p.less ? SEKI_BPF_PACKET_MAX : s->p.len_max + s->p.grown;
}

/* Narrows the length's symbol and all that is tied to it. False, and nothing is changed: no length
 * is left. */
bool seki_state_narrow_len(struct seki_state *s, int64_t min, int64_t max);

/* Stack of one frame; `at` + bytes <= 512. */
bool seki_frame_is_set(const struct seki_frame *f, uint32_t at, uint32_t bytes);
void seki_frame_mark(struct seki_frame *f, uint32_t at, uint32_t bytes);
void seki_frame_unmark(struct seki_frame *f, uint32_t at, uint32_t bytes);
bool seki_frame_has_pointer(const struct seki_frame *f, uint32_t at, uint32_t bytes);

/* What was known of these bytes is so no more. Pointers that they are a part of are gone as a
 * whole: what is left of one counts as never written, so that nobody reads it. */
void seki_frame_forget(struct seki_frame *f, uint32_t at, uint32_t bytes);
void seki_frame_spill(struct seki_frame *f, uint32_t at, uint32_t bytes,
		      const struct seki_reg *reg);
const struct seki_reg *seki_frame_fill(const struct seki_frame *f, uint32_t at, uint32_t bytes);

#endif
