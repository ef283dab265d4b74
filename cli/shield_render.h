/* SPDX-License-Identifier: Apache-2.0 */
/* A view of shields (shield_view.h) as text, for `sekisho shield top`. */
#ifndef SEKI_CLI_SHIELD_RENDER_H
#define SEKI_CLI_SHIELD_RENDER_H

#include <stdbool.h>
#include <stdio.h>

struct json_object;

/* What comes first. */
enum seki_render_sort { SEKI_SORT_PACKETS, SEKI_SORT_DROPS, SEKI_SORT_NAME, SEKI_SORTS };

/* "packets", ... */
const char *seki_render_sort_name(enum seki_render_sort sort);

struct seki_render {
	enum seki_render_sort sort;
	bool colours;
	unsigned int columns; /* lines are cut to so many; 0: they are not */
};

/* Without rates in the view it shows what was counted so far, else what happened a second. */
void seki_render(struct json_object *view, const struct seki_render *render, FILE *out);

#endif
