/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of the packet: each load and store touches only the bytes that hold the field, so that no
 * access goes beyond what the length check before it covers.
 */
#include "compiler/p4/emit/emit.h"

#include <string.h>

#define LOADED_MAX 8u /* bytes of one load */

const char *seki_emit_base(struct emit *em, const struct ir_var *base)
{
	return base ? seki_emit_text(em, "pkt + %s", seki_emit_var(em, base)) : "pkt";
}

const char *seki_emit_place_text(struct emit *em, const struct ir_at *at)
{
	if (!at->base)
		return seki_emit_text(em, "%u", at->bits / 8);
	return seki_emit_text(em, "%s + %u", seki_emit_var(em, at->base), at->bits / 8);
}

/* To that byte of the packet: "0" or more. */
static const char *pointer(struct emit *em, const char *at)
{
	return strcmp(at, "0") == 0 ? "pkt" : seki_emit_text(em, "pkt + %s", at);
}

/* ---- loads ---- */

/* Bytes [byte, byte + n), n from 1 to 8, as one big-endian number. */
static const char *load_bytes(struct emit *em, const char *base, uint32_t byte, uint32_t n)
{
	uint32_t piece = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
	const char *first = seki_emit_text(em, "load%u(%s, %u)", piece * 8, base, byte);

	if (piece == n)
		return first;
	return seki_emit_text(em, "((u64)%s << %u | %s)", first, 8 * (n - piece),
			      load_bytes(em, base, byte + piece, n - piece));
}

const char *seki_emit_load(struct emit *em, const char *base, uint32_t off, uint32_t width)
{
	uint32_t byte = off / 8, skip = off % 8;
	uint32_t n = (skip + width + 7) / 8;
	uint32_t extra = n * 8 - skip - width;

	if (n > LOADED_MAX)
		return seki_emit_cut(em,
				     seki_emit_text(em, "((u64)%s << %u | %s >> %u)",
						    load_bytes(em, base, byte, 8), 8 - extra,
						    load_bytes(em, base, byte + 8, 1), extra),
				     width);
	return seki_emit_cut(
		em, seki_emit_text(em, "(%s >> %u)", load_bytes(em, base, byte, n), extra), width);
}

void seki_emit_load_to(struct emit *em, const struct ir_var *var, const char *base, uint32_t off)
{
	uint32_t end = off + var->width;

	if (!seki_emit_is_wide(var->width)) {
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, var),
			       seki_emit_load(em, base, off, var->width));
		return;
	}
	for (uint32_t i = 0; i < seki_emit_limbs(var->width); i++) {
		uint32_t above = off + 64 * (i + 1) < end ? 64 : end - off - 64 * i;

		seki_emit_line(em, "%s[%u] = %s;", seki_emit_var(em, var), i,
			       seki_emit_load(em, base, end - 64 * i - above, above));
	}
}

/* ---- the parser ---- */

/*
 * The empty asm keeps clang from making one test of several, for a range that wraps around: the
 * verifier would not know the length after it.
 */
static void need(struct emit *em, const struct ir_insn *insn, const char *bytes)
{
	seki_emit_line(em, "asm volatile(\"\" : : \"i\"(%u));", seki_emit_id(em));
	seki_emit_line(em, "if (pkt_len < %s) {\n\t%s = %u;\n\tgoto reject;\n}", bytes, em->site,
		       seki_emit_line_number(insn->tok));
}

/* The verifier does not conclude from the sum of two variables to one of them. */
void seki_emit_need(struct emit *em, const struct ir_insn *insn)
{
	const char *bytes = seki_emit_text(em, "%u", (insn->at.bits + insn->lo + 7) / 8);

	if (insn->at.base)
		bytes = seki_emit_text(em, "%s + %s", seki_emit_var(em, insn->at.base), bytes);
	if (insn->at.base || !insn->a)
		need(em, insn, bytes);
	if (insn->a)
		need(em, insn,
		     seki_emit_text(em, "(u64)%s + %s", seki_emit_value(em, insn->a), bytes));
}

void seki_emit_bound_place(struct emit *em, const char *name, const char *label)
{
	if (em->profile >= EMIT_OPAQUE)
		seki_emit_line(em, "if (%s > %u)\n\tgoto %s;", name, em->ir->plan->reach, label);
}

void seki_emit_need_again(struct emit *em, const struct ir_at *at, uint32_t bits)
{
	const char *now;

	if (em->profile < EMIT_OPAQUE || !at->base)
		return;
	now = seki_emit_text(em, "now%u", seki_emit_id(em));
	seki_emit_line(em, "u64 %s = %s;\nhide(%s);", now, seki_emit_var(em, at->base), now);
	seki_emit_bound_place(em, now, "reject");
	seki_emit_line(em, "if (pkt_len < %s + %u)\n\tgoto reject;", now,
		       (at->bits + bits + 7) / 8);
	em->vars[at->base->id] = now;
}

static void set_where(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_fate *fate = &em->ir->plan->fates[insn->header->id];

	if (fate->where)
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, fate->where),
			       seki_emit_place_text(em, &insn->at));
}

/* `bytes` NULL: of none. */
static void extract_varbit(struct emit *em, const struct ir_var *var, const struct ir_expr *bytes,
			   const char *at)
{
	const char *name = seki_emit_var(em, var), *count = seki_emit_count(em, var);

	seki_emit_line(em, "u64 %s = %s;", count, bytes ? seki_emit_value(em, bytes) : "0");
	seki_emit_line(em, "%s = (u32)%s << 3;", seki_emit_var(em, var->size), count);
	if (!em->needed[var->id])
		return;
	for (uint32_t i = 0; i < seki_emit_limbs(var->width); i++)
		seki_emit_line(em, "%s[%u] = 0;", name, i);
	seki_emit_line(em, "move_bytes(from_packet, %s, %s, %s, %u, reject);", name, at, count,
		       var->width / 8);
}

/* The place that the header's fields behind the varbit field count from, with a check of its own: what
 * is known of the length by the sizes before it, the verifier may have forgotten. */
static const char *behind_varbit(struct emit *em, const struct ir_insn *extract, const char *at)
{
	const struct ir_header *h = extract->header;
	const char *name = seki_emit_text(em, "behind%u", seki_emit_id(em));

	seki_emit_line(em, "u64 %s = %s + %s;\nhide(%s);\nif (pkt_len < %s + %u)\n\tgoto reject;",
		       name, at, seki_emit_count(em, h->varbit), name, name,
		       (extract->at.bits + h->bits + 7) / 8);
	return name;
}

/* How many fields from the i-th on one load of whole bytes gets, where they are put together. */
static uint32_t count_joined(const struct emit *em, const struct ir_header *h, uint32_t i,
			     uint32_t start)
{
	uint32_t n = 1, found = 1, bits = h->fields[i].var->width;

	for (; i + n < h->n_fields && em->joined[h->fields[i + n].var->id] && start % 8 == 0; n++) {
		bits += h->fields[i + n].var->width;
		if (bits == 16 || bits == 32 || bits == 64)
			found = n + 1;
	}
	return found;
}

static void load_joined(struct emit *em, const struct ir_field *fields, uint32_t n,
			const char *base, uint32_t start)
{
	uint32_t bits = fields[n - 1].off + fields[n - 1].var->width - fields[0].off, left = bits;

	seki_emit_line(em, "{\n\tu%u both = load%u(%s, %u);", bits, bits, base, start / 8);
	for (uint32_t i = 0; i < n; i++) {
		left -= fields[i].var->width;
		seki_emit_line(em, "%s = %s;", seki_emit_var(em, fields[i].var),
			       seki_emit_cut(em, seki_emit_text(em, "(both >> %u)", left),
					     fields[i].var->width));
	}
	seki_emit_line(em, "}");
}

/* What is behind a varbit field is as many bits further on as that has. */
void seki_emit_extract(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_header *h = insn->header;
	const char *at;

	seki_emit_need_again(em, &insn->at, h->bits);
	at = insn->at.base ? seki_emit_var(em, insn->at.base) : "0";
	seki_emit_line(em, "{");
	for (uint32_t i = 0; i < h->n_fields; i++) {
		const struct ir_field *f = &h->fields[i];
		uint32_t off = insn->at.bits + f->off, n = count_joined(em, h, i, off);

		if (n > 1) {
			load_joined(em, f, n, pointer(em, at), off);
			i += n - 1;
			continue;
		}
		if (f->var != h->varbit) {
			seki_emit_load_to(em, f->var, pointer(em, at), off);
			continue;
		}
		extract_varbit(em, f->var, insn->a, seki_emit_text(em, "%s + %u", at, off / 8));
		if (i + 1 < h->n_fields)
			at = behind_varbit(em, insn, at);
	}
	seki_emit_line(em, "}\n%s = 1;", seki_emit_var(em, h->valid));
	set_where(em, insn);
	seki_emit_trace_extract(em, insn);
}

/* ---- stores ---- */

/* The low 8 * n bits of a C value, at a byte, n from 1 to 8. */
static void store_bytes(struct emit *em, const char *value, const char *base, uint32_t byte,
			uint32_t n)
{
	uint32_t piece = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
	uint32_t rest = n - piece;

	seki_emit_line(em, "store%u(%s, %u, (u%u)(%s >> %u));", piece * 8, base, byte, piece * 8,
		       value, rest * 8);
	if (rest)
		store_bytes(em, value, base, byte + piece, rest);
}

/* A field that starts and ends with a byte. */
static void store_field(struct emit *em, const struct ir_var *var, const char *base, uint32_t byte)
{
	const char *name = seki_emit_var(em, var);
	uint32_t n = var->width / 8;

	if (!seki_emit_is_wide(var->width)) {
		store_bytes(em, name, base, byte, n);
		return;
	}
	for (uint32_t i = seki_emit_limbs(var->width); i-- > 0;) {
		uint32_t here = n % 8 ? n % 8 : 8;

		store_bytes(em, seki_emit_text(em, "%s[%u]", name, i), base, byte, here);
		byte += here;
		n -= here;
	}
}

/* Bits of a field that are in a byte which starts `from_end` bits before the field's end. */
static const char *bits_at(struct emit *em, const struct ir_var *var, int shift)
{
	const char *name = seki_emit_var(em, var);

	if (shift < 0)
		return seki_emit_text(em, "%s%s << %d", name,
				      seki_emit_is_wide(var->width) ? "[0]" : "", -shift);
	if (!seki_emit_is_wide(var->width))
		return seki_emit_text(em, "%s >> %d", name, shift);
	return seki_emit_wide_piece(em, name, seki_emit_limbs(var->width), (uint32_t)shift,
				    var->width - (uint32_t)shift < 8 ? var->width - (uint32_t)shift
								     : 8);
}

/* One byte that several fields share. */
static void store_shared(struct emit *em, const struct ir_header *h, uint32_t from, uint32_t bit,
			 const char *base, uint32_t byte)
{
	struct seki_strbuf text = {.arena = em->arena};

	for (uint32_t i = from; i < h->n_fields; i++) {
		const struct ir_field *f = &h->fields[i];
		int shift = (int)(f->off + f->var->width) - (int)(bit + 8);

		if (f->var == h->varbit || f->off >= bit + 8)
			break;
		if (f->off + f->var->width > bit)
			seki_strbuf_printf(&text, "%s%s", text.len ? " | " : "",
					   bits_at(em, f->var, shift));
	}
	seki_emit_line(em, "store8(%s, %u, (u8)(%s));", base, byte, text.data);
}

static void store_varbit(struct emit *em, const struct ir_var *var, const char *at, uint32_t byte)
{
	seki_emit_line(em, "move_bytes(to_packet, %s, %s + %u, %s, %u, drop);",
		       seki_emit_var(em, var), at, byte, seki_emit_count(em, var), var->width / 8);
}

/* May a field have changed, of those from `from` on, that has bits in the 8 from `bit` on? */
static bool is_byte_written(const struct ir_header *h, uint32_t from, uint32_t bit)
{
	for (uint32_t i = from; i < h->n_fields; i++) {
		const struct ir_field *f = &h->fields[i];

		if (f->var == h->varbit || f->off >= bit + 8)
			break;
		if (f->var->written && f->off + f->var->width > bit)
			return true;
	}
	return false;
}

/* As behind_varbit(). */
static const char *store_behind(struct emit *em, const struct ir_header *h, const char *at,
				uint32_t byte)
{
	const char *name = seki_emit_text(em, "behind%u", seki_emit_id(em));

	seki_emit_line(em, "u64 %s = %s + %s;\nhide(%s);\nif (pkt_len < %s + %u)\n\tgoto drop;",
		       name, at, seki_emit_count(em, h->varbit), name, name, byte + h->bits / 8);
	return name;
}

/* A varbit field's bits that were never looked at are where they belong. */
static void store(struct emit *em, const struct ir_header *h, const char *at, uint32_t byte,
		  bool all)
{
	uint32_t bit = 0;

	for (uint32_t i = 0; i < h->n_fields; i++) {
		const struct ir_field *f = &h->fields[i];
		const char *base = pointer(em, at);

		if (f->var == h->varbit) {
			if (all && em->needed[f->var->id])
				store_varbit(em, f->var, at, byte + f->off / 8);
			if (i + 1 < h->n_fields)
				at = store_behind(em, h, at, byte);
			continue;
		}
		if (f->off == bit && f->var->width % 8 == 0 && bit % 8 == 0) {
			if (all || f->var->written)
				store_field(em, f->var, base, byte + bit / 8);
			bit += f->var->width;
		}
		for (; bit < f->off + f->var->width; bit += 8)
			if (all || is_byte_written(h, i, bit))
				store_shared(em, h, i, bit, base, byte + bit / 8);
	}
}

void seki_emit_store(struct emit *em, const struct ir_header *h, const char *at, uint32_t byte)
{
	store(em, h, at, byte, true);
}

void seki_emit_store_changes(struct emit *em, const struct ir_header *h, const char *at,
			     uint32_t byte)
{
	store(em, h, at, byte, false);
}

const char *seki_emit_size(struct emit *em, const struct ir_header *header)
{
	if (!header->varbit)
		return seki_emit_text(em, "%u", header->bits / 8);
	return seki_emit_text(em, "%u + %s", header->bits / 8, seki_emit_count(em, header->varbit));
}
