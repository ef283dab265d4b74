/* SPDX-License-Identifier: Apache-2.0 */
/* Cells that are read and then written, and fields that are put together: what comes between them. */
#include <ubpf_model.p4>

header h_t {
    bit<8>  op;
    bit<8>  i;
    bit<4>  a;
    bit<4>  b;
    bit<8>  c;
    bit<16> x;
    bit<16> y;
}

struct headers {
    h_t h;
}

struct metadata {
}

parser prs(packet_in packet, out headers hdr, inout metadata meta, inout standard_metadata std) {
    state start {
        packet.extract(hdr.h);
        transition accept;
    }
}

control pipe(inout headers hdr, inout metadata meta, inout standard_metadata std) {
    Register<bit<16>, bit<32>>(64) cells;

    apply {
        bit<16> t = 0;
        bit<16> u = 0;
        if (hdr.h.op == 0) {
            hdr.h.x = hdr.h.a ++ hdr.h.b ++ hdr.h.c;
            hdr.h.a = 5;
            hdr.h.y = hdr.h.a ++ hdr.h.b ++ hdr.h.c;
        } else if (hdr.h.op == 1) {
            t = cells.read((bit<32>)hdr.h.i);
            cells.write((bit<32>)hdr.h.i, t + 1);
            hdr.h.x = t;
        } else if (hdr.h.op == 2) {
            t = cells.read((bit<32>)hdr.h.i);
            hdr.h.i = hdr.h.i + 1;
            cells.write((bit<32>)hdr.h.i, t + 16);
            hdr.h.x = t;
        } else {
            t = cells.read((bit<32>)hdr.h.i);
            u = cells.read((bit<32>)hdr.h.i + 1);
            cells.write((bit<32>)hdr.h.i, u);
            cells.write((bit<32>)hdr.h.i + 1, t);
            hdr.h.x = t;
            hdr.h.y = u;
        }
    }
}

control dprs(packet_out packet, in headers hdr) {
    apply {
        packet.emit(hdr.h);
    }
}

ubpf(prs(), pipe(), dprs()) main;
