/* SPDX-License-Identifier: Apache-2.0 */
/* -W of `sekisho p4 check` and `build`. */
#include <string.h>

#include "cli/p4.h"
#include "compiler/front/diag.h"
#include "lib/sys/log.h"

static bool complain_unknown(const char *name)
{
	const char *names[SEKI_WARNINGS];
	const char *near;

	for (uint32_t i = 0; i < SEKI_WARNINGS; i++)
		names[i] = seki_warning_name((enum seki_warning)i);
	near = seki_diag_suggest(name, names, SEKI_WARNINGS);
	seki_complain("sekisho", "there is no warning '%s'%s%s%s; sekisho-p4(1) lists them", name,
		      near ? ": did you mean '" : "", near ? near : "", near ? "'?" : "");
	return false;
}

/* What follows -W. */
static bool take(const char *name, uint32_t *off, bool *werror)
{
	bool no = strncmp(name, "no-", 3) == 0;
	enum seki_warning warning;

	name += no ? 3 : 0;
	if (strcmp(name, "error") == 0) {
		*werror = !no;
		return true;
	}
	if (strcmp(name, "all") == 0) {
		*off = no ? UINT32_MAX : 0;
		return true;
	}
	warning = seki_warning_find(name);
	if (warning == SEKI_WARNINGS)
		return complain_unknown(name);
	if (no)
		*off |= SEKI_WARNING_BIT(warning);
	else
		*off &= ~SEKI_WARNING_BIT(warning);
	return true;
}

bool seki_cli_p4_warnings(int *argc, char **argv, uint32_t *off, bool *werror)
{
	bool options = true;
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		options &= strcmp(argv[i], "--") != 0;
		if (!options || strncmp(argv[i], "-W", 2) != 0)
			argv[n++] = argv[i];
		else if (!take(argv[i] + 2, off, werror))
			return false;
	}
	*argc = n;
	argv[n] = NULL;
	return true;
}
