/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of the generated C: what comes first, types, maps, the function `entry`. */
#include "compiler/p4/emit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char prelude[] =
	"typedef unsigned char u8;\n"
	"typedef unsigned short u16;\n"
	"typedef unsigned int u32;\n"
	"typedef unsigned long long u64;\n"
	"typedef long long i64;\n"
	"typedef unsigned __int128 u128;\n"
	"typedef __int128 i128;\n"
	"typedef u16 __attribute__((may_alias)) u16_in_packet;\n"
	"typedef u32 __attribute__((may_alias)) u32_in_packet;\n"
	"typedef u64 __attribute__((may_alias)) u64_in_packet;\n"
	"struct map_def { u32 type, key_size, value_size, max_entries, nb_hash_functions; };\n"
	"struct udp_query { u8 family, pad[3]; u16 sport, dport; u8 saddr[16], daddr[16]; };\n"
	"#define INIT __attribute__((section(\"sekisho.init\"), used))\n"
	"#ifdef SEKISHO_NATIVE\n"
	"#define HELPER(n, type, name, ...) type name(__VA_ARGS__) asm(\"helper$\" #name);\n"
	"#else\n"
	"#define HELPER(n, type, name, ...) \\\n"
	"\tstatic type (*name)(__VA_ARGS__) asm(\"helper$\" #name) = (void *)n;\n"
	"#endif\n"
	"HELPER(1, void *, ubpf_map_lookup, void *, const void *)\n"
	"HELPER(2, int, ubpf_map_update, void *, const void *, const void *)\n"
	"HELPER(5, u64, ubpf_time_get_ns, void)\n"
	"HELPER(6, u32, ubpf_hash, const void *, u64)\n"
	"HELPER(8, void *, ubpf_adjust_head, void *, int)\n"
	"HELPER(9, void *, ubpf_packet_data, void *)\n"
	"HELPER(11, u32, ubpf_truncate_packet, void *, int)\n"
	"HELPER(32, u64, vm_udp_sent, const struct udp_query *, u64)\n"
	"HELPER(33, u64, vm_udp_sent_any, u64)\n"
	"HELPER(34, void, drop_site, u32)\n"
	"#define load8(p, o) (*(const u8 *)((p) + (o)))\n"
	"#define load16(p, o) __builtin_bswap16(*(const u16_in_packet *)((p) + (o)))\n"
	"#define load32(p, o) __builtin_bswap32(*(const u32_in_packet *)((p) + (o)))\n"
	"#define load64(p, o) __builtin_bswap64(*(const u64_in_packet *)((p) + (o)))\n"
	"#define store8(p, o, v) (*(u8 *)((p) + (o)) = (v))\n"
	"#define store16(p, o, v) (*(u16_in_packet *)((p) + (o)) = __builtin_bswap16(v))\n"
	"#define store32(p, o, v) (*(u32_in_packet *)((p) + (o)) = __builtin_bswap32(v))\n"
	"#define store64(p, o, v) (*(u64_in_packet *)((p) + (o)) = __builtin_bswap64(v))\n"
	"static inline void put4(u8 *to, u32 addr)\n"
	"{\n\taddr = __builtin_bswap32(addr);\n\t__builtin_memcpy(to, &addr, 4);\n}\n"
	"static inline void put16(u8 *to, u128 addr)\n"
	"{\n\tu64 high = __builtin_bswap64(addr >> 64), low = __builtin_bswap64(addr);\n"
	"\t__builtin_memcpy(to, &high, 8);\n\t__builtin_memcpy(to + 8, &low, 8);\n}\n"
	"/* The same values, unknown to the compiler: BPF has no product of 128 bits, so that sums and\n"
	" * narrow products must not become one. */\n"
	"static inline u128 wide(u64 v)\n"
	"{\n\tasm volatile(\"\" : \"+r\"(v));\n\treturn v;\n}\n"
	"static inline u128 apart(u128 v)\n"
	"{\n\tu64 high = v >> 64, low = v;\n"
	"\tasm volatile(\"\" : \"+r\"(high), \"+r\"(low));\n"
	"\treturn (u128)high << 64 | low;\n}\n"
	"/* Shifts of 128 bits by 0 to 127: BPF has only those of 64. */\n"
	"static inline u128 shl128(u128 v, u32 n)\n"
	"{\n\tu64 high = v >> 64, low = v;\n"
	"\tif (n >= 64)\n\t\treturn (u128)(low << (n - 64)) << 64;\n"
	"\tif (n)\n\t\thigh = high << n | low >> (64 - n);\n"
	"\treturn (u128)high << 64 | low << n;\n}\n"
	"static inline u128 shr128(u128 v, u32 n)\n"
	"{\n\tu64 high = v >> 64, low = v;\n"
	"\tif (n >= 64)\n\t\treturn high >> (n - 64);\n"
	"\tif (n)\n\t\tlow = low >> n | high << (64 - n);\n"
	"\treturn (u128)(high >> n) << 64 | low;\n}\n"
	"static inline u16 fold16(u32 sum)\n"
	"{\n\tsum = (sum & 0xffff) + (sum >> 16);\n\tsum = (sum & 0xffff) + (sum >> 16);\n"
	"\treturn ~sum;\n}\n"
	"static inline u16 replace2(u16 csum, u16 old, u16 new)\n"
	"{\n\treturn fold16((u32)(u16)~csum + (u16)~old + new);\n}\n"
	"static inline u16 replace4(u16 csum, u32 old, u32 new)\n"
	"{\n\treturn fold16((u32)(u16)~csum + (u16)~(old >> 16) + (u16)~old + (new >> 16) +\n"
	"\t\t\t (u16)new);\n}\n";

/*
 * Each line of C says which line of P4 it is of: a compiler counts on where none says so. Text may
 * hold statements that were written out before, with #lines of their own.
 */
static void put_lines(struct p4_emit *em, const char *text)
{
	bool placed = em->place[0] == '\0';

	if (!em->out->len) /* in the middle of an expression */
		seki_strbuf_printf(em->out, "\n");
	for (const char *end; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (end == text)
			continue;
		seki_strbuf_printf(em->out, "%s%s%.*s\n", placed || *text == '#' ? "" : em->place,
				   *text == '#' ? "" : "\t", (int)(end - text), text);
		placed = *text == '#' || em->place[0] == '\0';
	}
}

void seki_olde_line(struct p4_emit *em, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = seki_arena_vprintf(em->arena, fmt, ap);
	va_end(ap);
	put_lines(em, s);
}

char *seki_olde_text(struct p4_emit *em, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = seki_arena_vprintf(em->arena, fmt, ap);
	va_end(ap);
	return s;
}

uint32_t seki_olde_line_number(const struct seki_token *tok)
{
	struct seki_span at = tok->at;

	while (at.src->included.src)
		at = at.src->included;
	return seki_source_place(at.src, at.off).line;
}

/* A string of C, whatever is in it. */
static void put_string(struct seki_strbuf *out, const char *s)
{
	seki_strbuf_printf(out, "\"");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\' || c < ' ')
			seki_strbuf_printf(out, "\\%03o", c);
		else
			seki_strbuf_printf(out, "%c", c);
	}
	seki_strbuf_printf(out, "\"");
}

/* The next lines are of that place of the P4 program. */
void seki_olde_place(struct p4_emit *em, const struct seki_token *tok)
{
	struct seki_strbuf text = {.arena = em->arena};

	if (tok->at.src->name[0] == '<')
		return;
	seki_strbuf_printf(&text, "#line %u ", seki_source_place(tok->at.src, tok->at.off).line);
	put_string(&text, tok->at.src->name);
	seki_strbuf_printf(&text, "\n");
	em->place = text.data;
}

uint32_t seki_olde_id(struct p4_emit *em)
{
	return ++em->n_ids;
}

const char *seki_olde_cname(struct p4_emit *em, const struct p4_decl *decl)
{
	const char *fixed = em->lower->cnames[decl->id];

	return fixed ? fixed : seki_olde_text(em, "%s$%u", decl->name, decl->id);
}

static void emit_locals(struct p4_emit *em)
{
	const struct p4_decl *hdr = em->lower->hdr_param[0], *meta = em->lower->meta_param[0];

	seki_olde_line(em, "%s hdr = {0};", seki_olde_ctype(em, hdr->type, hdr->tok));
	if (meta)
		seki_olde_line(em, "%s meta = %s;", seki_olde_ctype(em, meta->type, meta->tok),
			       seki_olde_is_scalar(meta->type) ? "0" : "{0}");
	seki_olde_line(em, "u8 *pkt = ubpf_packet_data(ctx);");
	seki_olde_line(em, "u32 pkt_len = std->f_packet_length;");
	seki_olde_line(
		em, "u32 hdr_len = 0, site = 0, pass = 1, exiting = 0, trunc = 0, trunc_len = 0;");
	for (const struct p4_header *h = em->lower->headers; h; h = h->next)
		if (h->n_offsets > 1)
			seki_olde_line(em, "u32 at_%u = 0;", h->id);
}

static void emit_pipeline(struct p4_emit *em)
{
	const struct p4_decl *pipe = em->lower->pipeline;
	struct p4_frame frame = {.id = seki_olde_id(em), .decl = pipe};

	em->frame = &frame;
	seki_olde_line(em, "{");
	for (const struct p4_decl *d = pipe->members; d; d = d->next)
		if (d->kind == P4_D_VAR)
			seki_olde_var(em, d);
	seki_olde_stmt(em, pipe->body);
	seki_olde_line(em, "}");
	if (frame.returns)
		seki_olde_line(em, "end_%u:;", frame.id);
	em->frame = NULL;
}

static void emit_end(struct p4_emit *em)
{
	seki_olde_line(em, "return 1;");
	if (em->lower->compat) {
		seki_olde_line(em, "reject: __attribute__((unused)); return 1;");
		seki_olde_line(em, "drop: __attribute__((unused)); return 0;");
	} else {
		seki_olde_line(em, "reject: __attribute__((unused));\n"
				   "\tdrop: __attribute__((unused));\n"
				   "\tdrop_site(site);\n\treturn 0;");
	}
}

static void emit_entry(struct p4_emit *em)
{
	seki_olde_place(em, em->lower->parser->tok);
	seki_olde_line(em, "u64 entry(void *ctx, struct s$standard_metadata *std)");
	seki_olde_line(em, "{");
	emit_locals(em);
	seki_olde_parser(em);
	emit_pipeline(em);
	seki_olde_line(em, "if (!pass)\n\t\tgoto drop;");
	seki_olde_deparser(em);
	emit_end(em);
	seki_olde_line(em, "}");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int seki_p4_emit(const struct p4_lower *lower, const char *source, struct seki_strbuf *out)
{
	struct p4_emit em = {.lower = lower,
			     .diags = lower->diags,
			     .arena = lower->arena,
			     .out = out,
			     .place = ""};

	seki_strbuf_printf(out, "/* Made by sekisho p4 build. */\n%s", prelude);
	seki_strbuf_printf(out, "static const char source$[] "
				"__attribute__((section(\"sekisho.source\"), used)) = ");
	put_string(out, base_name(source));
	seki_strbuf_printf(out, ";\n");
	seki_olde_types(&em);
	seki_olde_maps(&em);
	emit_entry(&em);
	return lower->diags->errors ? -EINVAL : 0;
}
