/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Neutral programs in the Linux kernel (BPF_PROG_TEST_RUN, as XDP programs): see neutral_start() in
 * typed.c for what they have in common.
 */
#ifndef SEKI_TESTS_FUZZ_BPF_KERNEL_H
#define SEKI_TESTS_FUZZ_BPF_KERNEL_H

#include "core/bpf/map/map.h"
#include "tests/fuzz/bpf/attempt.h"

/* Begins to use the kernel. 0, or negative errno where it lets us not: *what was tried. */
int kernel_open(const char **what);

/* Has kernel_open() succeeded? */
bool kernel_is_there(void);

/* A descriptor; -1: the kernel refuses the program; `log` (NULL, or of 64 KiB) says why. */
int kernel_load(const struct attempt *a, char *log);
void kernel_unload(int fd);

void kernel_set_maps(const struct seki_bpf_map *maps);

/* NULL: the kernel's maps hold just what these hold. */
const char *kernel_maps_differ(const struct seki_bpf_map *maps);

/* Runs it on the packet, which becomes what the program makes of it. 0 or negative errno. */
int kernel_run(int fd, uint8_t packet[NEUTRAL_PACKET], uint32_t *r0);

#endif
