// SPDX-License-Identifier: Apache-2.0
/* The verifier: loads, stores and atomics, by what the pointer points at. */
#include "core/bpf/verify/relate.h"

#include "core/base/check.h"
#include "core/bpf/packet.h"

struct access {
	int reg;
	int64_t off; /* the instruction's displacement */
	uint32_t bytes;
	bool write;
};

int seki_walk_readable(struct seki_walk *w, unsigned int reg)
{
	uint8_t type = seki_walk_reg(w, reg)->type;

	if (type == SEKI_REG_NONE)
		return seki_walk_reject(w, -1, "r%u is read before anything was put into it",
					(uint64_t)reg);
	if (type == SEKI_REG_GONE)
		return seki_walk_reject(w, -1, "r%u does not keep its value over a call",
					(uint64_t)reg);
	return 0;
}

static const char *verb(const struct access *a)
{
	return a->write ? "writes" : "reads";
}

/* The object has `size` bytes. */
static int check_object(struct seki_walk *w, const struct access *a, const char *what,
			uint64_t size)
{
	const struct seki_num *v = &seki_walk_reg(w, (unsigned int)a->reg)->v.n;
	int64_t first = v->smin + a->off, end = v->smax + a->off + a->bytes;

	if (first < 0)
		return seki_walk_reject(w, a->reg, "%s bytes before the start of %s (at %d)",
					verb(a), what, first);
	if ((uint64_t)end > size)
		return seki_walk_reject(w, a->reg, "%s %s up to byte %d, but it has %u", verb(a),
					what, end, size);
	return 0;
}

void seki_walk_touch(struct seki_walk *w, int64_t end)
{
	int64_t at = end - w->state->p.moved_min;

	if (at > w->max_packet)
		at = w->max_packet;
	if (at > w->proof.packet_touch)
		w->proof.packet_touch = (uint32_t)at;
}

static int check_packet(struct seki_walk *w, const struct access *a)
{
	const struct seki_reg *reg = seki_walk_reg(w, (unsigned int)a->reg);
	int64_t first = reg->v.n.smin + a->off, end = reg->v.n.smax + a->off + a->bytes;

	if (reg->id == SEKI_SYM_LEN && first < w->state->p.len_min + reg->id_off + a->off)
		first = w->state->p.len_min + reg->id_off + a->off;
	if (first < 0)
		return seki_walk_reject(w, a->reg,
					"%s bytes before the start of the packet (at %d)", verb(a),
					first);
	if (end > seki_state_len_min(w->state) && !seki_relate_allows(w, reg, a->off + a->bytes))
		return seki_walk_reject(w, a->reg,
					"%s the packet up to byte %d, but it may be shorter: check "
					"its length first",
					verb(a), end);
	seki_walk_touch(w, end);
	w->proof.packet_written |= a->write;
	return 0;
}

/* Fields of struct seki_std_meta, by offset. */
static int check_meta(struct seki_walk *w, const struct access *a)
{
	static const struct {
		uint8_t at, bytes;
		bool writable;
	} fields[] = {{0, 4, false}, {4, 4, false}, {8, 4, true},
		      {12, 4, true}, {16, 1, true}, {20, 4, true}};
	const struct seki_num *v = &seki_walk_reg(w, (unsigned int)a->reg)->v.n;
	int64_t at = v->smin + a->off;

	if (!seki_num_is_const(v))
		return seki_walk_reject(w, a->reg,
					"standard_metadata is accessed at an unknown place");
	for (size_t i = 0; i < SEKI_COUNT(fields); i++) {
		if (fields[i].at != at || fields[i].bytes != a->bytes)
			continue;
		if (a->write && !fields[i].writable)
			return seki_walk_reject(w, a->reg,
						"this field of standard_metadata is "
						"read-only");
		return 0;
	}
	return seki_walk_reject(w, a->reg, "standard_metadata has no field of %u bytes at %d",
				(uint64_t)a->bytes, at);
}

/* 512 + offset is the byte of the frame. */
static int check_stack(struct seki_walk *w, const struct access *a)
{
	const struct seki_reg *reg = seki_walk_reg(w, (unsigned int)a->reg);
	const struct seki_num *v = &reg->v.n;
	int64_t first = v->smin + a->off, end = v->smax + a->off + a->bytes;

	if (first < -SEKI_BPF_FRAME_BYTES || end > 0)
		return seki_walk_reject(w, a->reg,
					"%s outside the stack frame of 512 bytes (at %d to %d)",
					verb(a), first, end);
	w->work += w->state->frames[reg->frame].n_spills + (uint64_t)(end - first);
	return 0;
}

static int check_data(struct seki_walk *w, const struct access *a)
{
	if (a->write)
		return seki_walk_reject(w, a->reg, "writes read-only data");
	return check_object(w, a, "the read-only data", w->image->data_size);
}

static int check_value(struct seki_walk *w, const struct access *a)
{
	const struct seki_reg *reg = seki_walk_reg(w, (unsigned int)a->reg);

	if (a->write)
		w->state->p.map_changed = true;
	return check_object(w, a, "the map's value", w->image->maps[reg->map].value_size);
}

static int check_access(struct seki_walk *w, const struct access *a)
{
	const struct seki_reg *reg = seki_walk_reg(w, (unsigned int)a->reg);
	int err = seki_walk_readable(w, (unsigned int)a->reg);

	if (err)
		return err;
	switch (reg->type) {
	case SEKI_REG_META:
		return check_meta(w, a);
	case SEKI_REG_STACK:
		return check_stack(w, a);
	case SEKI_REG_PACKET:
		return check_packet(w, a);
	case SEKI_REG_VALUE:
		return check_value(w, a);
	case SEKI_REG_DATA:
		return check_data(w, a);
	case SEKI_REG_MAYBE:
		return seki_walk_reject(w, a->reg,
					"uses what a lookup gave without comparing it "
					"with NULL first");
	case SEKI_REG_STALE:
		return seki_walk_reject(w, a->reg,
					"uses a pointer into the packet from before it "
					"was moved or cut");
	case SEKI_REG_NUMBER:
		return seki_walk_reject(w, a->reg, "uses a number as an address");
	default:
		return seki_walk_reject(w, a->reg, "%s what is none of the program's memory",
					verb(a));
	}
}

/* Bytes of the frame that an access may cover: exact where the pointer is. */
static uint32_t stack_span(const struct seki_reg *reg, const struct access *a, uint32_t *at)
{
	*at = (uint32_t)(SEKI_BPF_FRAME_BYTES + reg->v.n.smin + a->off);
	return (uint32_t)(reg->v.n.smax - reg->v.n.smin) + a->bytes;
}

/* Plain bytes: written before, and no part of a pointer. */
static int check_stack_bytes(struct seki_walk *w, const struct access *a)
{
	const struct seki_reg *reg = seki_walk_reg(w, (unsigned int)a->reg);
	const struct seki_frame *f = &w->state->frames[reg->frame];
	uint32_t at, span = stack_span(reg, a, &at);

	seki_walk_read(w, reg->frame, at, span);
	for (uint32_t i = at; i < at + span; i++)
		if (!seki_frame_is_set(f, i, 1))
			return seki_walk_reject(w, a->reg,
						"reads byte %d of the stack, which was never "
						"written",
						(int64_t)i - SEKI_BPF_FRAME_BYTES);
	if (seki_frame_has_pointer(f, at, span))
		return seki_walk_reject(w, a->reg, "reads a pointer in the stack as plain bytes");
	return 0;
}

static struct seki_reg loaded(struct seki_scalar v, const struct seki_bpf_row *row)
{
	return seki_reg_number(
		seki_scalar_cut(&v, row->bytes, row->sub == SEKI_LOAD_SIGN && row->bytes < 8));
}

static int load_stack(struct seki_walk *w, const struct seki_bpf_op *op, const struct access *a)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	const struct seki_reg *reg = seki_walk_reg(w, op->src), *spill;
	uint32_t at, span = stack_span(reg, a, &at);
	struct seki_reg result;
	int err;

	spill = span == a->bytes ? seki_frame_fill(&w->state->frames[reg->frame], at, span) : NULL;
	if (spill) {
		seki_walk_read(w, reg->frame, at, span);
		result = *spill;
		if (row->sub == SEKI_LOAD_SIGN)
			result = loaded(spill->v, row);
	} else {
		err = check_stack_bytes(w, a);
		if (err)
			return err;
		result = loaded(seki_scalar_unknown(), row);
	}
	*seki_walk_reg(w, op->dst) = result;
	return 0;
}

static struct seki_reg load_meta(const struct seki_path_state *p, const struct seki_reg *reg,
				 const struct access *a)
{
	struct seki_reg result = seki_reg_number(seki_scalar_unknown());

	if (reg->v.n.smin + a->off != (int64_t)offsetof(struct seki_std_meta, packet_length))
		return result;
	if (!p->meta_is_len)
		return seki_reg_number(seki_scalar_range(0, SEKI_BPF_PACKET_MAX));
	result = seki_reg_number(seki_scalar_range((uint64_t)p->len_min, (uint64_t)p->len_max));
	if (p->len_min != p->len_max)
		result.id = SEKI_SYM_LEN;
	return result;
}

int seki_walk_load(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct access a = {op->src, op->off, row->bytes, false};
	struct seki_reg *src = seki_walk_reg(w, op->src);
	int err = check_access(w, &a);

	if (err)
		return err;
	if (src->type == SEKI_REG_STACK) {
		err = load_stack(w, op, &a);
	} else {
		struct seki_reg v = seki_reg_number(seki_scalar_unknown());

		if (src->type == SEKI_REG_META)
			v = load_meta(&w->state->p, src, &a);
		if (!v.id)
			v = loaded(v.v, row);
		*seki_walk_reg(w, op->dst) = v;
	}
	if (!err)
		w->state->p.pc++;
	return err;
}

/* What the stack remembers of a number stored in `bytes`. */
static struct seki_reg stored(const struct seki_reg *value, uint32_t bytes)
{
	struct seki_reg cut = seki_reg_number(seki_scalar_cut(&value->v, bytes, false));

	if (bytes == 8 || value->v.n.umax < 1ull << (bytes * 8) ||
	    (bytes == 4 && seki_reg_is_rest(value) && !value->shifted)) {
		cut.id = value->id;
		cut.id_off = value->id_off;
		cut.shifted = value->shifted;
		cut.rest = seki_reg_is_rest(value) ? value->rest : SEKI_REST_NONE;
	}
	return cut;
}

static int store_stack(struct seki_walk *w, const struct access *a, const struct seki_reg *value)
{
	const struct seki_reg *reg = seki_walk_reg(w, (unsigned int)a->reg);
	struct seki_frame *f = &w->state->frames[reg->frame];
	bool pointer = seki_reg_is_pointer(value);
	uint32_t at, span = stack_span(reg, a, &at);
	struct seki_reg kept;

	if (pointer && (a->bytes != 8 || span != 8 || at % 8))
		return seki_walk_reject(w, a->reg,
					"a pointer is stored in the stack, but not in 8 "
					"bytes aligned to 8");
	if (value->type == SEKI_REG_STACK && value->frame > reg->frame)
		return seki_walk_reject(w, a->reg,
					"stores the address of a stack frame where it "
					"outlives the frame");
	if (span != a->bytes) { /* somewhere in there */
		seki_frame_forget(f, at, span);
		return 0;
	}
	kept = pointer ? *value : stored(value, a->bytes);
	seki_frame_spill(f, at, span, &kept);
	return 0;
}

int seki_walk_store(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct access a = {op->dst, op->off, row->bytes, true};
	struct seki_reg value = seki_reg_number(seki_scalar_const((uint64_t)op->imm));
	int err = 0;

	if (row->operand == SEKI_OPERAND_REG) {
		err = seki_walk_readable(w, op->src);
		seki_walk_tie(w, seki_walk_reg(w, op->src));
		value = *seki_walk_reg(w, op->src);
	}
	if (!err)
		err = check_access(w, &a);
	if (err)
		return err;
	if (seki_walk_reg(w, op->dst)->type == SEKI_REG_STACK)
		err = store_stack(w, &a, &value);
	else if (seki_reg_is_pointer(&value))
		err = seki_walk_reject(w, op->src, "stores an address where others could read it");
	if (!err)
		w->state->p.pc++;
	return err;
}

static int check_atomic(struct seki_walk *w, const struct seki_bpf_op *op, const struct access *a)
{
	const struct seki_reg *reg = seki_walk_reg(w, op->dst);
	uint64_t low = (reg->v.n.t.value + (uint64_t)a->off) | reg->v.n.t.mask;
	int err;

	if (reg->type != SEKI_REG_STACK && reg->type != SEKI_REG_VALUE)
		return seki_walk_reject(
			w, op->dst, "atomic operations work on the stack and on map values only");
	err = check_access(w, a);
	if (!err && low % a->bytes)
		err = seki_walk_reject(w, op->dst, "an atomic operation must be aligned");
	if (!err && reg->type == SEKI_REG_STACK) {
		uint32_t at, span = stack_span(reg, a, &at);

		err = check_stack_bytes(w, a);
		if (!err)
			seki_frame_forget(&w->state->frames[reg->frame], at, span);
	}
	return err;
}

static int check_atomic_operand(struct seki_walk *w, unsigned int reg)
{
	int err = seki_walk_readable(w, reg);

	if (!err && seki_reg_is_pointer(seki_walk_reg(w, reg)))
		err = seki_walk_reject(w, (int)reg, "stores an address where others could read it");
	return err;
}

int seki_walk_atomic(struct seki_walk *w, const struct seki_bpf_op *op)
{
	const struct seki_bpf_row *row = seki_bpf_row(op);
	struct access a = {op->dst, op->off, row->bytes, true};
	struct seki_scalar unknown = seki_scalar_unknown();
	struct seki_reg old = seki_reg_number(seki_scalar_cut(&unknown, row->bytes, false));
	int err = check_atomic_operand(w, op->src);

	if (!err && row->sub == SEKI_ATOMIC_CMPXCHG)
		err = check_atomic_operand(w, 0);
	if (!err)
		err = seki_walk_readable(w, op->dst);
	if (!err)
		err = check_atomic(w, op, &a);
	if (err)
		return err;
	if (row->sub == SEKI_ATOMIC_CMPXCHG)
		*seki_walk_reg(w, 0) = old;
	else if (row->sub >= SEKI_ATOMIC_FETCH_ADD)
		*seki_walk_reg(w, op->src) = old;
	w->state->p.pc++;
	return 0;
}

int seki_walk_bytes(struct seki_walk *w, unsigned int reg, uint32_t bytes)
{
	struct access a = {(int)reg, 0, bytes, false};
	uint8_t type = seki_walk_reg(w, reg)->type;
	int err;

	if (type == SEKI_REG_META)
		return seki_walk_reject(w, (int)reg, "standard_metadata is read field by field");
	err = check_access(w, &a);
	if (!err && type == SEKI_REG_STACK)
		err = check_stack_bytes(w, &a);
	return err;
}
