/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines that a program built for `sekisho p4 trace` prints as it runs. First a letter, names last:
 *
 *   S LINE STATE         a parser's state             T LINE TABLE    a lookup,
 *   X LINE HEADER        a header was extracted       K BITS HEX KEY  with this key;
 *   F BITS HEX FIELD     and this was in it           H 0|1           was there an entry?
 *   A LINE ACTION        an action begins             D BITS HEX PARAMETER  from its entry
 *   + HEX                the next 64 bits of what is wider
 */
#include "compiler/p4/emit/emit.h"

#include <string.h>

/* As a string of a format. */
static const char *escape(struct emit *em, const char *name)
{
	struct seki_strbuf text = {.arena = em->arena};

	for (; *name; name++)
		seki_strbuf_printf(&text, *name == '%' ? "%%%%" : "%c", *name);
	return text.data ? text.data : "";
}

static void say(struct emit *em, const char *format, const char *args)
{
	seki_emit_line(em, "ubpf_printf(%s%s);", seki_emit_string(em, format), args);
}

void seki_emit_trace(struct emit *em, char kind, const struct seki_token *tok, const char *name)
{
	if (em->trace)
		say(em,
		    seki_emit_text(em, "%c %u %s", kind, seki_emit_line_number(tok),
				   escape(em, name)),
		    "");
}

void seki_emit_trace_number(struct emit *em, char kind, const char *name, uint32_t width,
			    const char *value)
{
	uint32_t limb = seki_emit_limbs(width);

	if (!em->trace)
		return;
	if (!seki_emit_is_wide(width)) {
		say(em, seki_emit_text(em, "%c %u %%llx %s", kind, width, escape(em, name)),
		    seki_emit_text(em, ", (u64)(%s)", value));
		return;
	}
	say(em, seki_emit_text(em, "%c %u %%llx %s", kind, width, escape(em, name)),
	    seki_emit_text(em, ", %s[%u]", value, limb - 1));
	while (--limb > 0)
		say(em, "+ %llx", seki_emit_text(em, ", %s[%u]", value, limb - 1));
}

void seki_emit_trace_extract(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_header *h = insn->header;

	seki_emit_trace(em, 'X', insn->tok, h->path);
	for (uint32_t i = 0; i < h->n_fields; i++)
		if (h->fields[i].var != h->varbit)
			seki_emit_trace_number(em, 'F', h->fields[i].var->name,
					       h->fields[i].var->width,
					       seki_emit_var(em, h->fields[i].var));
}

void seki_emit_trace_keys(struct emit *em, const struct ir_insn *insn)
{
	const struct ir_table *table = insn->table;

	seki_emit_trace(em, 'T', insn->tok, table->name);
	for (uint32_t i = 0; em->trace && i < table->n_keys; i++) {
		const struct ir_expr *value = insn->args[i].value;

		seki_emit_trace_number(em, 'K', table->keys[i].name, value->width,
				       seki_emit_is_wide(value->width)
					       ? seki_emit_wide(em, value)
					       : seki_emit_value(em, value));
	}
}

void seki_emit_trace_hit(struct emit *em, const char *value)
{
	if (em->trace)
		seki_emit_line(em,
			       "{\n\tu32 found = %s != 0;\n\tasm(\"\" : \"+r\"(found));\n"
			       "\tubpf_printf(\"H %%u\", found);\n}",
			       value);
}
