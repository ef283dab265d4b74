/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of the generated C: what comes first, maps, the function `entry`. */
#include "compiler/p4/emit/emit.h"

#include <errno.h>
#include <string.h>

#include "compiler/p4/info/info.h"

/* The ends of a packet's walk but for the deparser's. */
static void emit_ends(struct emit *em)
{
	seki_emit_line(em, "return 1;");
	if (em->ir->compat)
		seki_emit_line(em, "reject: __attribute__((unused));\n\treturn 1;\n"
				   "drop: __attribute__((unused));\n\treturn 0;");
	else
		seki_emit_line(em,
			       "reject: __attribute__((unused));\n"
			       "drop: __attribute__((unused));\n"
			       "drop_site(%s);\nreturn 0;",
			       em->site);
}

static void emit_entry(struct emit *em)
{
	seki_emit_place(em, em->ir->parser->tok);
	seki_emit_line(em, "u64 entry(void *ctx, struct std_meta *std)\n{");
	seki_emit_declare_vars(em);
	seki_emit_declare_tables(em);
	seki_emit_declare_states(em);
	seki_emit_line(em, "u8 *pkt = ubpf_packet_data(ctx);\n"
			   "u32 pkt_len = std->packet_length, site = 0;");
	seki_emit_blocks(em);
	seki_emit_deparser(em);
	emit_ends(em);
	seki_emit_line(em, "}");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void emit_info(struct emit *em)
{
	uint8_t *data;
	size_t len;

	seki_p4_info(em->ir, &data, &len);
	seki_strbuf_printf(em->out, "static const u8 info$[] "
				    "__attribute__((section(\"" SEKI_OBJ_P4INFO "\"), used)) = {");
	for (size_t i = 0; i < len; i++)
		seki_strbuf_printf(em->out, "%s%u,", i % 24 ? "" : "\n\t", data[i]);
	seki_strbuf_printf(em->out, "\n};\n");
}

int seki_emit_program(const struct ir_program *ir, const char *source, const struct emit_opts *opts,
		      struct seki_strbuf *out)
{
	struct seki_strbuf entry = {.arena = ir->arena};
	struct emit em = {.ir = ir,
			  .diags = ir->diags,
			  .arena = ir->arena,
			  .out = out,
			  .place = "",
			  .profile = opts->profile,
			  .site = opts->profile >= EMIT_OPAQUE ? "scratch->site" : "site",
			  .trace = opts->trace};

	seki_emit_name_vars(&em);
	seki_strbuf_printf(out, "/* Made by sekisho p4 build. */\n%s%s%s", seki_emit_prelude,
			   seki_emit_forget[opts->profile],
			   opts->trace ? "HELPER(7, void, ubpf_printf, const char *, ...)\n" : "");
	seki_strbuf_printf(out,
			   "static const char source$[] "
			   "__attribute__((section(\"" SEKI_OBJ_SOURCE "\"), used)) = %s;\n",
			   seki_emit_string(&em, base_name(source)));
	seki_strbuf_printf(out, "static const struct { u64 worst; u32 insns, touch; } bounds$ "
				"__attribute__((section(\"" SEKI_OBJ_BOUNDS "\"), used)) = {0};\n");
	emit_info(&em);
	seki_emit_tables(&em);
	seki_emit_externs(&em, opts->extern_code);
	em.out = &entry;
	emit_entry(&em);
	em.out = out;
	em.place = "";
	seki_emit_scratch_map(&em); /* what is in it is known only now */
	seki_strbuf_printf(out, "%s", entry.data);
	return ir->diags->errors ? -EINVAL : 0;
}
