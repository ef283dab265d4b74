/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of the packet: each load and store touches only the bytes that hold the field, at constant
 * offsets, so that no access goes beyond what the length check before it covers.
 */
#include "compiler/p4/emit.h"

/* Bytes [byte, byte + n), n from 1 to 8, as one big-endian number. */
static const char *load_bytes(struct p4_emit *em, uint32_t byte, uint32_t n)
{
	uint32_t piece = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
	const char *first = seki_olde_text(em, "load%u(pkt, %u)", piece * 8, byte);

	if (piece == n)
		return first;
	return seki_olde_text(em, "((u64)%s << %u | %s)", first, 8 * (n - piece),
			      load_bytes(em, byte + piece, n - piece));
}

const char *seki_olde_load(struct p4_emit *em, uint32_t off, uint32_t width)
{
	uint32_t byte = off / 8, skip = off % 8;
	uint32_t n = (skip + width + 7) / 8;
	uint32_t extra = n * 8 - skip - width;

	if (width > 64)
		return seki_olde_text(em, "((u128)%s << 64 | %s)",
				      seki_olde_load(em, off, width - 64),
				      seki_olde_load(em, off + width - 64, 64));
	if (n > 8)
		return seki_olde_cut(em,
				     seki_olde_text(em, "((u64)%s << %u | %s >> %u)",
						    load_bytes(em, byte, 8), 8 - extra,
						    load_bytes(em, byte + 8, 1), extra),
				     width);
	return seki_olde_cut(em, seki_olde_text(em, "(%s >> %u)", load_bytes(em, byte, n), extra),
			     width);
}

/*
 * The empty asm keeps clang from making one test of several, for a range that wraps around: the
 * verifier would not know the length after it.
 */
void seki_olde_check_length(struct p4_emit *em, uint32_t end, const struct seki_token *tok)
{
	seki_olde_line(em, "asm volatile(\"\" : : \"i\"(%u));", (end + 7) / 8);
	seki_olde_line(em, "if (pkt_len < %u) {", (end + 7) / 8);
	seki_olde_line(em, "\tsite = %u;\n\t\tgoto reject;\n\t}", seki_olde_line_number(tok));
	em->rejects = true;
}

/* A walk over the scalar fields of a header, structs in it opened up. */
struct walk {
	const char *cname;
	const struct p4_type *type;
	uint32_t off; /* bits from the header's start */
};

static uint32_t list_fields(struct p4_emit *em, const struct p4_type *type, const char *cname,
			    uint32_t off, struct walk *out, uint32_t max, uint32_t *n)
{
	for (const struct p4_decl *f = type->decl->members; f; f = f->next) {
		const char *name = seki_olde_text(em, "%s.f_%s", cname, f->name);

		if (f->type->kind == P4_T_VARBIT)
			continue;
		if (f->type->kind == P4_T_STRUCT) {
			off = list_fields(em, f->type, name, off, out, max, n);
			continue;
		}
		if (*n < max)
			out[*n] = (struct walk){.cname = name, .type = f->type, .off = off};
		++*n;
		off += seki_olde_width(f->type);
	}
	return off;
}

static struct walk *fields_of(struct p4_emit *em, const struct p4_type *type, const char *cname,
			      uint32_t *n)
{
	struct walk *list;

	*n = 0;
	list_fields(em, type, cname, 0, NULL, 0, n);
	list = seki_arena_alloc(em->arena, (*n + 1) * sizeof(*list));
	*n = 0;
	list_fields(em, type, cname, 0, list, UINT32_MAX, n);
	return list;
}

void seki_olde_extract(struct p4_emit *em, const struct p4_type *type, const char *cname,
		       uint32_t off)
{
	uint32_t n;
	struct walk *f = fields_of(em, type, cname, &n);

	for (uint32_t i = 0; i < n; i++)
		seki_olde_line(em, "%s = %s;", f[i].cname,
			       seki_olde_load(em, off + f[i].off, seki_olde_width(f[i].type)));
	seki_olde_line(em, "%s.valid = 1;", cname);
}

/* The low 8 * n bits of a C value, at a byte, n from 1 to 16. */
static void store_bytes(struct p4_emit *em, const char *value, uint32_t byte, uint32_t n)
{
	uint32_t piece = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
	uint32_t rest = n - piece;

	seki_olde_line(em, "store%u(pkt, %u, (u%u)(%s >> %u));", piece * 8, byte, piece * 8, value,
		       rest * 8);
	if (rest)
		store_bytes(em, value, byte + piece, rest);
}

/* One byte that several fields share. */
static void store_shared(struct p4_emit *em, const struct walk *f, uint32_t n, uint32_t bit,
			 uint32_t byte)
{
	struct seki_strbuf text = {.arena = em->arena};

	for (uint32_t i = 0; i < n; i++) {
		uint32_t end = f[i].off + seki_olde_width(f[i].type);
		int shift = (int)end - (int)(bit + 8);

		if (end <= bit || f[i].off >= bit + 8)
			continue;
		seki_strbuf_printf(&text, "%s%s %s %d", text.len ? " | " : "", f[i].cname,
				   shift >= 0 ? ">>" : "<<", shift >= 0 ? shift : -shift);
	}
	seki_olde_line(em, "store8(pkt, %u, (u8)(%s));", byte, text.data);
}

void seki_olde_store(struct p4_emit *em, const struct p4_type *type, const char *cname,
		     uint32_t byte)
{
	uint32_t n, bit = 0, i = 0, total = 0;
	struct walk *f = fields_of(em, type, cname, &n);

	if (n)
		total = f[n - 1].off + seki_olde_width(f[n - 1].type);
	while (bit < total) {
		uint32_t width;

		while (f[i].off < bit && i + 1 < n)
			i++;
		width = seki_olde_width(f[i].type);
		if (f[i].off == bit && width % 8 == 0) {
			store_bytes(em, f[i].cname, byte + bit / 8, width / 8);
			bit += width;
		} else {
			store_shared(em, f, n, bit, byte + bit / 8);
			bit += 8;
		}
	}
}
