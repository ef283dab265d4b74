// SPDX-License-Identifier: Apache-2.0
/* The verifier: helper calls and what they do to the packet, functions, exits. */
#include "core/bpf/verify/relate.h"

#include <string.h>

#include "core/base/check.h"
#include "core/bpf/verify/low.h"
#include "core/bpf/packet.h"
#include "core/bpf/text.h"

static int reject_unknown(struct seki_walk *w, int64_t number)
{
	char names[400];
	struct seki_text text = seki_text_on(names, sizeof(names));

	for (int64_t i = 0; i < SEKI_HELPER_MAX; i++)
		if (seki_bpf_proto(i))
			seki_text_add(&text, "%s%d %s", text.len ? ", " : "", i,
				      seki_bpf_proto(i)->name);
	return seki_walk_reject(w, -1, "there is no helper %d; there are %s", number, names);
}

static int check_number(struct seki_walk *w, unsigned int reg)
{
	int err = seki_walk_readable(w, reg);

	if (!err && seki_reg_is_pointer(seki_walk_reg(w, reg)))
		err = seki_walk_reject(w, (int)reg, "the helper wants a number, not an address");
	return err;
}

static int check_type(struct seki_walk *w, unsigned int reg, enum seki_reg_type type,
		      const char *wanted)
{
	if (seki_walk_reg(w, reg)->type != type)
		return seki_walk_reject(w, (int)reg, "the helper's argument must be %s", wanted);
	return 0;
}

/* The numbers that the format asks for follow in the next registers. */
static int check_format(struct seki_walk *w, unsigned int reg)
{
	const struct seki_reg *r = seki_walk_reg(w, reg);
	int args, err = check_type(w, reg, SEKI_REG_DATA, "a constant format string");

	if (err)
		return err;
	if (!seki_scalar_is_const(&r->v) || r->v.n.umin >= w->image->data_size)
		return seki_walk_reject(w, (int)reg, "the format string is not a constant");
	args = seki_bpf_format_args((const char *)w->image->data + r->v.n.umin,
				    w->image->data_size - r->v.n.umin);
	if (args < 0)
		return seki_walk_reject(
			w, (int)reg,
			"the format may have %%d %%u %%x %%lld %%llu %%llx %%c %%%%, "
			"at most 4, and nothing else");
	for (unsigned int i = 1; !err && i <= (unsigned int)args; i++)
		err = check_number(w, reg + i);
	return err;
}

static int check_sized(struct seki_walk *w, unsigned int reg)
{
	const struct seki_reg *size = seki_walk_reg(w, reg + 1);
	int err = check_number(w, reg + 1);

	if (err)
		return err;
	if (size->v.n.umax > SEKI_HASH_BYTES_MAX)
		return seki_walk_reject(w, (int)reg + 1, "the size may be more than %u bytes",
					(uint64_t)SEKI_HASH_BYTES_MAX);
	return seki_walk_bytes(w, reg, (uint32_t)size->v.n.umax);
}

static int check_arg(struct seki_walk *w, enum seki_bpf_arg arg, unsigned int reg)
{
	int err = seki_walk_readable(w, reg);
	const struct seki_map_def *map;

	if (err)
		return err;
	switch (arg) {
	case SEKI_ARG_CTX:
		return check_type(w, reg, SEKI_REG_CTX, "the packet context");
	case SEKI_ARG_MAP:
		return check_type(w, reg, SEKI_REG_MAP, "a map");
	case SEKI_ARG_KEY:
	case SEKI_ARG_VALUE:
		map = &w->image->maps[seki_walk_reg(w, 1)->map]; /* the map comes first */
		return seki_walk_bytes(w, reg,
				       arg == SEKI_ARG_KEY ? map->key_size : map->value_size);
	case SEKI_ARG_QUERY:
		return seki_walk_bytes(w, reg, sizeof(struct seki_udp_query));
	case SEKI_ARG_MEM:
		return check_sized(w, reg);
	case SEKI_ARG_FORMAT:
		return check_format(w, reg);
	default:
		return check_number(w, reg);
	}
}

static void make_stale(struct seki_reg *reg, void *arg)
{
	(void)arg;
	if (reg->type != SEKI_REG_PACKET)
		return;
	*reg = seki_reg_pointer(SEKI_REG_STALE);
}

/* Is the register, in full, what the packet has bytes? A rest is that in its low half, not negative. */
static bool is_length(const struct seki_path_state *p, const struct seki_reg *reg)
{
	if (reg->type != SEKI_REG_NUMBER || reg->shifted || reg->id_off != p->grown)
		return false;
	if (!p->less)
		return reg->id == SEKI_SYM_LEN;
	return seki_reg_is_rest_of(reg, SEKI_REST_OF_LEN) && reg->id == p->less &&
	       reg->v.n.umax <= UINT32_MAX;
}

/* The length becomes a new symbol. What was the length exactly is so no more, but BEFORE it; and
 * what an earlier truncation cut off is nothing any more. */
static void retie(struct seki_reg *reg, void *arg)
{
	const struct seki_path_state *p = arg;
	bool relative = reg->id &&
			(reg->id < SEKI_SYM_FRESH || seki_reg_is_rest_of(reg, SEKI_REST_OF_LEN));
	bool was_length = is_length(p, reg);

	if (reg->type == SEKI_REG_PACKET && relative) { /* where the end was is a place still */
		reg->id = SEKI_SYM_NONE;
		reg->id_off = 0;
	}
	if (reg->type != SEKI_REG_NUMBER || !relative)
		return;
	reg->id = was_length ? SEKI_SYM_BEFORE : SEKI_SYM_NONE;
	reg->id_off = 0;
	reg->shifted = false;
	reg->rest = SEKI_REST_NONE;
}

static void new_length(struct seki_state *s, int64_t min, int64_t max)
{
	seki_state_each(s, retie, &s->p);
	s->p.meta_is_len = false;
	s->p.n_facts = 0; /* the sums hold still */
	s->p.less = SEKI_SYM_NONE;
	s->p.grown = 0;
	s->p.len_min = min;
	s->p.len_max = max;
}

static int64_t clamp(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* The machine stops the program where the head cannot move as asked: after the call it has. */
static int adjust_head(struct seki_walk *w)
{
	struct seki_state *s = w->state;
	struct seki_num by = seki_scalar_low(&seki_walk_reg(w, 2)->v);
	int64_t min = seki_state_len_min(s) + by.smin, max = seki_state_len_max(s) + by.smax;

	if (min > SEKI_BPF_PACKET_MAX || max < 0)
		return WALK_END;
	s->p.moved_min = clamp(s->p.moved_min + by.smin, -(int64_t)SEKI_BPF_PACKET_MAX, INT64_MAX);
	seki_walk_touch(w, 0);
	if (!seki_num_is_const(&by)) {
		if (seki_relate_shorten(&s->p, seki_walk_reg(w, 2), min)) {
			seki_low_forget(s);
			return 0;
		}
		seki_low_change(s, seki_walk_reg(w, 2));
		new_length(s, clamp(min, 0, SEKI_BPF_PACKET_MAX),
			   clamp(max, 0, SEKI_BPF_PACKET_MAX));
		return 0;
	}
	if (s->p.less) {
		seki_relate_grow(&s->p, by.smin);
		return 0;
	}
	seki_low_grow(s, by.smin);
	s->p.grown += by.smin;
	if (!seki_state_narrow_len(s, -s->p.grown, SEKI_BPF_PACKET_MAX - s->p.grown))
		return WALK_END;
	return 0;
}

/* r0 is what was cut off. */
static void truncate(struct seki_walk *w, struct seki_reg *r0)
{
	struct seki_state *s = w->state;
	struct seki_num keep = seki_scalar_low(&seki_walk_reg(w, 2)->v);
	int64_t min = seki_state_len_min(s), max = seki_state_len_max(s);

	*r0 = seki_reg_number(seki_scalar_range(0, (uint64_t)max));
	r0->id = SEKI_SYM_CUT;
	seki_low_cut(s);
	new_length(s, clamp(keep.smin, 0, min), clamp(keep.smax, 0, max));
}

static struct seki_reg returned(struct seki_walk *w, const struct seki_bpf_proto *proto,
				int64_t number)
{
	struct seki_reg r0 = seki_reg_number(seki_scalar_unknown());
	struct seki_scalar unknown = seki_scalar_unknown();

	if (proto->ret == SEKI_RET_PACKET)
		return seki_reg_pointer(SEKI_REG_PACKET);
	if (proto->ret == SEKI_RET_VALUE) {
		r0 = seki_reg_pointer(SEKI_REG_MAYBE);
		r0.map = seki_walk_reg(w, 1)->map;
		r0.id = w->next_id++;
	}
	if (number == SEKI_HELPER_HASH || number == SEKI_HELPER_RSS_HASH ||
	    number == SEKI_HELPER_CRC)
		r0.v = seki_scalar_cut(&unknown, 4, false);
	if (proto->may_wait)
		r0.v = seki_scalar_range(0, 1);
	return r0;
}

static void destroy_args(struct seki_frame *f)
{
	for (int i = 1; i <= 5; i++)
		f->regs[i].type = SEKI_REG_GONE;
}

/* A classifier's entries have keys of another size. */
static int check_changeable(struct seki_walk *w)
{
	if (w->image->maps[seki_walk_reg(w, 1)->map].type != SEKI_MAP_CLASSIFIER)
		return 0;
	return seki_walk_reject(w, 1,
				"programs only look up in classifiers; their entries are the "
				"control plane's");
}

int seki_walk_helper(struct seki_walk *w, const struct seki_bpf_op *op, int64_t number)
{
	const struct seki_bpf_proto *proto = seki_bpf_proto(number);
	struct seki_node *node = &w->nodes[w->state->p.pc];
	struct seki_reg r0;
	int err = proto ? 0 : reject_unknown(w, number);

	(void)op;
	for (unsigned int i = 0; !err && i < SEKI_HELPER_ARGS && proto->args[i]; i++)
		err = check_arg(w, proto->args[i], i + 1);
	if (!err && proto->changes_map)
		err = check_changeable(w);
	if (err)
		return err;
	node->wait_seen |= proto->may_wait;
	node->wait_changed |= proto->may_wait && w->state->p.map_changed;
	w->state->p.map_changed |= proto->changes_map;
	r0 = returned(w, proto, number);
	w->proof.packet_written |= proto->changes_packet;
	if (proto->moves_packet)
		seki_state_each(w->state, make_stale, NULL);
	if (number == SEKI_HELPER_ADJUST_HEAD)
		err = adjust_head(w);
	else if (number == SEKI_HELPER_TRUNCATE)
		truncate(w, &r0);
	destroy_args(seki_state_top(w->state));
	*seki_walk_reg(w, 0) = r0;
	w->state->p.pc++;
	return err;
}

int seki_walk_callx(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_reg *reg = seki_walk_reg(w, op->dst);
	int err = check_number(w, op->dst);

	if (err)
		return err;
	if (!seki_scalar_is_const(&reg->v))
		return seki_walk_reject(w, op->dst,
					"which helper is called is not known beforehand");
	return seki_walk_helper(w, op, (int64_t)reg->v.n.umin);
}

int seki_walk_local(struct seki_walk *w, const struct seki_bpf_op *op)
{
	struct seki_state *s = w->state;
	struct seki_frame *caller = seki_state_top(s), *callee = caller + 1;

	if (s->p.depth + 1 == SEKI_BPF_FRAMES)
		return seki_walk_reject(w, -1, "calls nest deeper than %u frames",
					(uint64_t)SEKI_BPF_FRAMES);
	memset(callee, 0, offsetof(struct seki_frame, spills));
	callee->call = s->p.pc;
	s->work += SEKI_BPF_REGS;
	for (int i = 1; i <= 5; i++)
		callee->regs[i] = caller->regs[i];
	destroy_args(caller);
	s->p.depth++;
	callee->regs[SEKI_BPF_FP] = seki_reg_pointer(SEKI_REG_STACK);
	callee->regs[SEKI_BPF_FP].frame = (uint8_t)s->p.depth;
	s->p.pc = (uint32_t)op->off;
	return 0;
}

static int return_to_caller(struct seki_walk *w)
{
	struct seki_state *s = w->state;
	struct seki_frame *callee = seki_state_top(s);
	struct seki_reg r0 = callee->regs[0];

	if (r0.type == SEKI_REG_STACK && r0.frame == s->p.depth)
		return seki_walk_reject(w, 0, "returns the address of its own stack frame");
	s->p.depth--;
	s->p.pc = callee->call + 1;
	*seki_walk_reg(w, 0) = r0;
	return 0;
}

int seki_walk_exit(struct seki_walk *w)
{
	int err;

	if (w->state->p.depth)
		return return_to_caller(w);
	err = seki_walk_readable(w, 0);
	if (!err && seki_reg_is_pointer(seki_walk_reg(w, 0)))
		err = seki_walk_reject(w, 0, "returns an address to whoever runs the program");
	return err ? err : WALK_END;
}
