/* SPDX-License-Identifier: Apache-2.0 */
/* Generated C to an object by clang, and what is then written into it. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "abi/p4obj.h"
#include "compiler/p4/compile.h"
#include "compiler/p4/tool.h"

int seki_p4_object_build(const struct seki_p4_code *code, void **object, size_t *len, char *log,
			 size_t log_size)
{
	const char *clang = getenv("SEKISHO_CLANG");
	const char *argv[] = {clang && *clang ? clang : "clang",
			      "-target",
			      "bpf",
			      "-mcpu=v3",
			      "-O2",
			      "-g",
			      "-ffreestanding",
			      "-fno-stack-protector",
			      "-fdebug-compilation-dir=.",
			      "-w",
			      "-x",
			      "c",
			      "-c",
			      "-",
			      "-o",
			      "-",
			      code->in_order ? "-mllvm" : NULL,
			      "-disable-block-placement",
			      NULL};

	return seki_tool_run((char *const *)argv, code->text, object, len, log, log_size);
}

/* The bytes of a section, or NULL; the object is clang's. */
static void *find_section(void *object, size_t len, const char *name, size_t size)
{
	const Elf64_Ehdr *elf = object;
	const Elf64_Shdr *sections, *names;

	if (len < sizeof(*elf) || elf->e_shoff > len ||
	    (len - elf->e_shoff) / sizeof(*sections) < elf->e_shnum ||
	    elf->e_shstrndx >= elf->e_shnum)
		return NULL;
	sections = (const void *)((char *)object + elf->e_shoff);
	names = &sections[elf->e_shstrndx];
	for (uint32_t i = 0; i < elf->e_shnum; i++) {
		const Elf64_Shdr *s = &sections[i];

		if (names->sh_offset + s->sh_name + strlen(name) < len && s->sh_size == size &&
		    s->sh_offset <= len - size &&
		    strcmp((char *)object + names->sh_offset + s->sh_name, name) == 0)
			return (char *)object + s->sh_offset;
	}
	return NULL;
}

void seki_p4_object_set_bounds(void *object, size_t len, const struct seki_obj_bounds *bounds)
{
	void *to = find_section(object, len, SEKI_OBJ_BOUNDS, sizeof(*bounds));

	if (to)
		memcpy(to, bounds, sizeof(*bounds));
}
