/* SPDX-License-Identifier: Apache-2.0 */
/* The P4 VMs inside a switch: see abi/inline.h. */
#ifndef SEKI_P4VM_INLINE_H
#define SEKI_P4VM_INLINE_H

#include "abi/inline.h"

extern const struct seki_inline seki_inline;

#endif
