/* SPDX-License-Identifier: Apache-2.0 */
/* The P4 files that come with the compiler: compiler/p4/include, made into C by embed.py. */
#ifndef SEKI_P4_BUILTIN_H
#define SEKI_P4_BUILTIN_H

/* The text of "core.p4", "ubpf_model.p4" or "sekisho.p4", else NULL. */
const char *seki_p4_builtin(const char *name);

#endif
