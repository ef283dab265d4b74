/* SPDX-License-Identifier: Apache-2.0 */
/* For programs of one header struct `headers`: the parser and deparser are the program's. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

struct metadata {
}
