/* SPDX-License-Identifier: Apache-2.0 */
/* What a name that nothing declares here was probably meant to be. */
#include <string.h>

#include "compiler/p4/builtin.h"
#include "compiler/p4/check/check.h"

/* ---- names of what was not included ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* Behind white space and one comment, where there are. */
static const char *skip_space(const char *s)
{
	s += strspn(s, " \t\n");
	if (strncmp(s, "/*", 2) == 0 && strstr(s, "*/"))
		s = strstr(s, "*/") + 2;
	return s + strspn(s, " \t\n");
}

/* Where the line starts that has s in it. */
static const char *line_of(const char *text, const char *s)
{
	while (s > text && s[-1] != '\n')
		s--;
	return s;
}

/*
 * Does the text declare the name at its top level? There it is the first name of a line that is not
 * indented, or a member, alone on its line: parameters are behind a parenthesis or '<'.
 */
static bool declares(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = strstr(text, name); s; s = strstr(s + 1, name)) {
		const char *line = line_of(text, s), *after = skip_space(s + n);
		size_t indent = strspn(line, "\t ");

		if (is_word(s[n]) || (s > text && is_word(s[-1])) || !*after)
			continue;
		if (indent && s == line + indent && strchr(",}", *after))
			return true;
		if (*after == '=' && strncmp(line, "const ", 6) == 0)
			return true;
		if (!indent && s > line && strcspn(line, "(<*") >= (size_t)(s - line) &&
		    strchr("(<{", *after))
			return true;
	}
	return false;
}

/* The file that comes with the compiler and declares the name, or NULL. */
static const char *file_of(const char *name)
{
	static const char *const files[] = {"core.p4", "ubpf_model.p4", "sekisho.p4"};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (declares(seki_p4_builtin(files[i]), name))
			return files[i];
	return NULL;
}

/* Of other architectures, whose programs are brought here. */
static const char *foreign(const char *name)
{
	static const struct {
		const char *name, *here;
	} names[] = {
		{"V1Switch", "v1model's: here 'ubpf(parser(), control(), deparser()) main;'"},
		{"PSA_Switch", "PSA's: here 'ubpf(parser(), control(), deparser()) main;'"},
		{"standard_metadata_t", "v1model's: here 'standard_metadata' of <ubpf_model.p4>"},
		{"register", "v1model's: here 'Register<T, S>' of <ubpf_model.p4>"},
		{"counter", "v1model's: here 'Counter<W, S>' of <sekisho.p4>"},
		{"direct_counter", "v1model's: here 'DirectCounter<W>' of <sekisho.p4>"},
		{"meter", "v1model's: here 'Meter<S>' of <sekisho.p4>"},
		{"direct_meter", "v1model's: here 'DirectMeter' of <sekisho.p4>"},
		{"action_profile", "v1model's: here 'ActionProfile' of <sekisho.p4>"},
		{"action_selector", "v1model's: here 'ActionSelector' of <sekisho.p4>"},
		{"update_checksum", "v1model's: here 'InternetChecksum' of <sekisho.p4>"},
		{"verify_checksum", "v1model's: here 'InternetChecksum' of <sekisho.p4>"},
		{"valid", "P4_14's: here 'x.isValid()'"},
		{"apply", "P4_14's: here 'x.apply()'"},
		{"modify_field", "P4_14's: here 'x = y;'"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].here;
	return NULL;
}

const char *seki_hint_origin(struct p4_check *cx, const char *name)
{
	const char *where = foreign(name);

	if (where)
		return seki_arena_printf(cx->arena, ": it is %s", where);
	where = file_of(name);
	return where ? seki_arena_printf(cx->arena, ": '#include <%s>' declares it", where) : NULL;
}

/* ---- other spellings ---- */

/* x.name, of the variable or parameter of a struct with such a field that is nearest. */
const char *seki_hint_field(struct p4_check *cx, const char *name)
{
	for (const struct p4_scope *s = cx->scope; s; s = s->parent)
		for (uint32_t i = 0; i < s->names.size; i++) {
			const struct p4_decl *decl = s->names.slots[i].value;

			if (s->names.slots[i].name && decl &&
			    (decl->kind == P4_D_VAR || decl->kind == P4_D_PARAM) && decl->type &&
			    decl->type->kind == P4_T_STRUCT &&
			    seki_member_find(decl->type->decl, name))
				return seki_arena_printf(cx->arena, "%s.%s", decl->name, name);
		}
	return NULL;
}

/* 0xNAME, where it has a digit or is all f: others may be words. */
static const char *as_hex(struct p4_check *cx, const char *name)
{
	size_t n = strspn(name, "0123456789abcdefABCDEF");

	if (name[n] || n < 2 || (!strpbrk(name, "0123456789") && strspn(name, "fF") != n))
		return NULL;
	return seki_arena_printf(cx->arena, "0x%s", name);
}

/* bit8, int_16 ... */
static const char *as_sized(struct p4_check *cx, const char *name)
{
	static const char *const bases[] = {"bit", "int", "varbit", "uint"};

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		size_t n = strlen(bases[i]);
		const char *digits = name + n + (strncmp(name, bases[i], n) == 0 && name[n] == '_');

		if (strncmp(name, bases[i], n) == 0 && *digits >= '1' && *digits <= '9' &&
		    !digits[strspn(digits, "0123456789")])
			return seki_arena_printf(cx->arena, "%s<%s>", i == 3 ? "bit" : bases[i],
						 digits);
	}
	return NULL;
}

const char *seki_hint_spelling(struct p4_check *cx, const char *name, bool type)
{
	return type ? as_sized(cx, name) : as_hex(cx, name);
}
