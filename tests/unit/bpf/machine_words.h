/* SPDX-License-Identifier: Apache-2.0 */
/* What the machine computes and compares, by the words of RFC 9669 and nothing of the verifier's. */
#ifndef SEKI_TESTS_UNIT_BPF_MACHINE_WORDS_H
#define SEKI_TESTS_UNIT_BPF_MACHINE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* `op` and `cond` as in asm.h; `wide`: 64 bits, else 32. */
uint64_t machine_compute(uint8_t op, bool is_signed, uint64_t a, uint64_t b, bool wide);
bool machine_compares(uint8_t cond, uint64_t a, uint64_t b, bool wide);

#endif
