/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See the header. An error has the first code of the table of which its format has one of the words: so
 * what is special comes before what is common, and a new message needs no new line where its words
 * are those of its kind.
 */
#include "compiler/front/code.h"

#include <string.h>

#define MAX_WORDS 24

static const struct {
	const char *code;
	const char *words[MAX_WORDS];
	const char *about;
} kinds[] = {
	{"P4002",
	 {"unknown directive", "#%s", "macro", "#if", "<file>", "\"file\"", "line number",
	  "cannot find '%s'", "files include", "files are included", "nested conditions",
	  "more than %u tokens", "no token together", "more than %u parameters"},
	 "The preprocessor cannot do what a line that starts with '#' says.\n"
	 "#include looks in the folder of the including file, in those of -I and -isystem, and in what\n"
	 "comes with the compiler: <core.p4>, <ubpf_model.p4>, <sekisho.p4>."},
	{"P4004",
	 {"calls itself", "nested more than", "nested too deeply", "in a row", "has at most",
	  "more than %u steps", "more than %u variables", "more than %u instances",
	  "more than %u others", "more than %u fields", "more than %u methods",
	  "more than %u functions", "more than %u values", "annotations '@noWarn'",
	  "bytes of stack", "more memory than", "%s (%.*s)"},
	 "The program is larger, deeper or longer than this compiler or a BPF program can be.\n"
	 "Split what is nested, call less, or use smaller structs, stacks and tables."},
	{"P4010",
	 {"no %s '%s' here", "no state '%s' here", "no match kind", "has no member",
	  "has no method '", "has no field", "has no parameter '", "has no abstract",
	  "a table has no", "used %s its", "no declaration starts", "no 'error' is declared",
	  "not an action of table", "not in the table's list", "has no state 'start'"},
	 "A name is used that nothing declares at this place.\n"
	 "It may be misspelt, declared further down (only states of a parser may be), a field of a struct\n"
	 "that has to be named before it, as in 'hdr.ipv4', or from a file that is not included."},
	{"P4011",
	 {"declared twice", "a second", "is there already", "listed twice", "given twice",
	  "there twice", "would know two", "name of another map", "a method cannot have the name"},
	 "Two things have one name where each must have its own.\n"
	 "The control plane's names, which @name gives, count as well: what is in a map of the object has\n"
	 "its name with '_' for '.'."},
	{"P4021",
	 {"known at compile time", "known when the program is compiled",
	  "known here, not parameters"},
	 "A value is wanted that is known when the program is compiled: a literal, a 'const', sizes and\n"
	 "members of enums, and what operators make of these.\n"
	 "Parameters without a direction want such values in calls; only those of actions do not."},
	{"P4022",
	 {"not from 0 to", "does not fit", "needs a width", "need a width", "the width",
	  "has no width", "a width that", "at least one bit", "at most %u", "bits are more than",
	  "is above the high", "more than %u bits", "only 0 and 1", "must be 1 or more",
	  "division by zero", "by a negative number", "are not negative", "only be shifted by"},
	 "A number is outside of what its place or its type holds, or has no width where it needs one.\n"
	 "8w5 is 5 as bit<8>, 8s5 as int<8>; '(bit<8>)x' casts. The width in a type that is not a number is\n"
	 "in parentheses: bit<(W)>."},
	{"P4031",
	 {"cannot be written to", "direction", "'_' is only for", "cannot write to all"},
	 "Something is written that cannot be, or a parameter's direction is not right.\n"
	 "'in' and directionless parameters, constants and results of calls are not written to; arguments\n"
	 "for 'out' and 'inout' are variables, fields, or slices of them."},
	{"P4030",
	 {"argument for", "argument%s", "these arguments", "its argument", "not the argument",
	  "need names", "cannot tell what type", "takes %u", "takes other arguments",
	  "takes no arguments", "arguments are named", "extract() with a size",
	  "extract() needs its size"},
	 "A call does not have the arguments that what it calls takes.\n"
	 "All arguments are by position, or all are by name: f(a = 1, b = 2)."},
	{"P4050",
	 {"cannot be a key",
	  "%u key",
	  "an %s key matches",
	  "an lpm key",
	  "entries",
	  "priorit",
	  "list of actions",
	  "has no keys",
	  "key '%s' is matched",
	  "is a bool that is known",
	  "default action",
	  "ActionSelector",
	  "psa_direct",
	  "is direct of table",
	  "'%s' is for %s only",
	  "the keys of an entry",
	  "what a table keeps",
	  "for entries only",
	  "expected an action",
	  "is not an action",
	  "share '%s'"},
	 "A table is not as tables are.\n"
	 "Keys are numbers, truth values, enums and errors, each with a match kind: 'key = { x : exact; }'.\n"
	 "'actions = { a; b; }' comes before 'default_action = a(1);'. Entries have a keyset for each key,\n"
	 "and actions of the list with all their data."},
	{"P4070",
	 {"'@", "annotation", "is not hidden from it"},
	 "An annotation is not as it is to be, or where it cannot be.\n"
	 "@name, @deprecated and @noWarn have a string in parentheses; @hidden, @atomic, @optional, @pure,\n"
	 "@tableonly and @defaultonly have nothing; of [ ] there is one of a name."},
	{"P4023",
	 {"cannot be of type",
	  "cannot be in a",
	  "there are no stacks",
	  "there are no value sets",
	  "cannot return",
	  "'type' makes new types",
	  "has no other names",
	  "would be of type",
	  "is its own type argument",
	  "is not a type",
	  "type argument",
	  "type parameter",
	  "parameters of type",
	  "needs its type arguments",
	  "cannot have a direction",
	  "cannot be given",
	  "'_' is not a type",
	  "no fixed size",
	  "of fixed size",
	  "has no size in bits",
	  "values of enum",
	  "enum with a type"},
	 "A type is used where types of its kind cannot be.\n"
	 "Section 7.2.8 of the P4_16 specification has the table of what may be in what."},
	{"P4024",
	 {"has no methods", "does not apply", "cannot be cast", "cannot be indexed",
	  "no bits to slice", "cannot be called", "cannot select", "cannot switch", "cannot walk",
	  "can be emitted", "can be extracted", "emit() takes", "is not a value",
	  "has no constructor", "expected a value", "is only a type", "only for keysets"},
	 "An operation is not defined for values of this type.\n"
	 "There are no operators on headers and structs but '==' and '!='; bits are bit<> and int<>, truth\n"
	 "values bool; casts go between widths or between signed and not, one at a time."},
	{"P4020",
	 {"of type", "of one type", "needs a bool", "of types %s and", "elements", "a value ('%s'",
	  "element%s", "needs a value of type", "'...' must", "needs a value", "value to return",
	  "return a value", "the key is"},
	 "Two types must be the same here, and are not.\n"
	 "Only numbers without a width and enums with a type are converted on their own; all else wants a\n"
	 "cast, '(bit<16>)x'. For a struct, write '{ a, b }' or '{ x = a, y = b }' with all its fields."},
	{"P4040",
	 {"for parsers only",
	  "not for parsers",
	  "not for functions",
	  "belongs in",
	  "can only be applied",
	  "can call actions",
	  "no loop here",
	  "the last label",
	  "last statement of a state",
	  "last of a control",
	  "has no 'switch'",
	  "nothing to return to",
	  "in a block",
	  "top level",
	  "a %s has no %s",
	  "are in another block",
	  "no instances of",
	  "only an instance",
	  "comes before",
	  "is not a statement",
	  "only what a switch",
	  "must come"},
	 "This is at a place where it cannot be.\n"
	 "Parsers extract, look ahead, verify and go from state to state; controls apply tables and call\n"
	 "actions in their 'apply { }'; functions and actions compute."},
	{"P4080",
	 {"is abstract", "abstract method", "'main'", "needs an instance", "expected an instance",
	  "expected a parser or control", "static_assert"},
	 "What the program is made of does not fit together: its instances, or what 'main' is given.\n"
	 "Here that is: ubpf(parser(), control(), deparser()) main;"},
	{"P4090",
	 {"a size is from", "the size of", "is from %s to", "whole bytes", "what is hashed",
	  "data of a checksum", "has no result here"},
	 "The language allows this, but not the architecture that the program is built for: docs/p4.md."},
	{"P4001",
	 {""},
	 "The text is not as the grammar of P4_16 has it (appendix G of the specification).\n"
	 "Where the message says what was expected, look before that place, too: what is missing is missing\n"
	 "there."},
	{"P4099",
	 {NULL},
	 "The program may be right, but this compiler cannot build that yet. 'sekisho p4 check' takes it."},
};

#define KINDS	    (sizeof(kinds) / sizeof(kinds[0]))
#define UNSUPPORTED (KINDS - 1)

const char *seki_code_find(const char *fmt, bool unsupported)
{
	if (unsupported)
		return kinds[UNSUPPORTED].code;
	for (size_t i = 0; i < UNSUPPORTED; i++)
		for (size_t k = 0; k < MAX_WORDS && kinds[i].words[k]; k++)
			if (strstr(fmt, kinds[i].words[k]))
				return kinds[i].code;
	return NULL;
}

const char *seki_code_explain(const char *code)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].code, code) == 0)
			return kinds[i].about;
	return NULL;
}
