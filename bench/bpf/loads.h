/* SPDX-License-Identifier: Apache-2.0 */
/* Time and memory that it takes to judge and to compile a program. */
#ifndef SEKI_BENCH_BPF_LOADS_H
#define SEKI_BENCH_BPF_LOADS_H

#include <stdbool.h>

void bench_print_loads(bool json);

/* CPU time of this thread, in ns. */
double bench_now(void);

/* Sorts the values. */
double bench_median(double *values, unsigned int n);

#endif
