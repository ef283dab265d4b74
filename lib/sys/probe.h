/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Static probes (USDT) of the programs that packets go through: an instruction that does nothing, and
 * a note in the ELF file that says where it is and where its arguments are. bpftrace, perf and
 * SystemTap put a breakpoint there. docs/shield.md lists them; all are of the provider `sekisho`.
 */
#ifndef SEKI_LIB_SYS_PROBE_H
#define SEKI_LIB_SYS_PROBE_H

#define SDT_USE_VARIADIC
#include <sys/sdt.h>

/* SEKI_PROBE(name, arguments...): 1 to 12 integers or pointers. */
#define SEKI_PROBE(...) STAP_PROBEV(sekisho, __VA_ARGS__)

#endif
