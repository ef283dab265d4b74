/* SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front/warning.h"

#include <assert.h>
#include <string.h>

static const char *const names[] = {
	"cpp",
	"overflow",
	"unused",
	"unreachable",
	"shadow",
	"invalid-header",
	"uninitialized",
	"table-not-applied",
	"no-effect",
	"constant-condition",
	"shift",
	"prefix",
	"missing-emit",
	"never-valid",
	"annotation",
	"deprecated",
	"atomic",
	"duplicate-priorities",
	"entries-out-of-priority-order",
};

static_assert(sizeof(names) / sizeof(names[0]) == SEKI_WARNINGS, "a name for each");

const char *seki_warning_name(enum seki_warning warning)
{
	return names[warning];
}

enum seki_warning seki_warning_find(const char *name)
{
	uint32_t i = 0;

	while (i < SEKI_WARNINGS && strcmp(names[i], name) != 0)
		i++;
	return (enum seki_warning)i;
}
