/* SPDX-License-Identifier: Apache-2.0 */
/* A service function forwarder (RFC 8300): the tenant is in a TLV among others of NSH's metadata, which
 * is taken off. */
#include <core.p4>
#include <ubpf_model.p4>

header ethernet_t {
    bit<48> dstAddr;
    bit<48> srcAddr;
    bit<16> etherType;
}
header ipv4_t {
    bit<4> version;
    bit<4> ihl;
    bit<8> diffserv;
    bit<16> totalLen;
    bit<16> identification;
    bit<3> flags;
    bit<13> fragOffset;
    bit<8> ttl;
    bit<8> protocol;
    bit<16> hdrChecksum;
    bit<32> srcAddr;
    bit<32> dstAddr;
}
header nsh_t {
    bit<2> ver;
    bit<1> o;
    bit<1> u;
    bit<6> ttl;
    bit<6> len;
    bit<4> u2;
    bit<4> md;
    bit<8> next;
    bit<24> spi;
    bit<8> si;
}
header ctx_t {
    bit<128> c;
}
header tlv_t {
    bit<16> class;
    bit<8> type;
    bit<1> u;
    bit<7> len;
}
header found_t {
    bit<32> v;
}
struct Headers {
    ethernet_t eth;
    nsh_t nsh;
    ctx_t ctx;
    ipv4_t ip;
}
struct metadata {
    bit<8> left;
    bit<32> tenant;
    bool seen;
}
parser P(packet_in b, out Headers h, inout metadata m, inout standard_metadata s) {
    tlv_t t;
    found_t f;
    state start {
        b.extract(h.eth);
        transition select(h.eth.etherType) {
            0x894f: nsh;
            0x800: ip;
            default: accept;
        }
    }
    state nsh {
        b.extract(h.nsh);
        m.left = ((bit<8>)h.nsh.len << 2) - 8;
        transition select(h.nsh.md) {
            1: ctx;
            2: more;
            default: reject;
        }
    }
    state ctx {
        b.extract(h.ctx);
        transition nxt;
    }
    state more {
        transition select(m.left) {
            0: nxt;
            default: tlv;
        }
    }
    state tlv {
        b.extract(t);
        m.left = m.left - 4;
        transition select(t.class, t.type, t.len) {
            (0x100, 7, 4): mine;
            default: skip;
        }
    }
    state mine {
        b.extract(f);
        m.tenant = f.v;
        m.seen = true;
        m.left = m.left - 4;
        transition more;
    }
    state skip {
        verify(m.left >= (bit<8>)t.len, error.HeaderTooShort);
        b.advance((bit<32>)((t.len + 3) & 0x7c) << 3);
        m.left = m.left - (bit<8>)((t.len + 3) & 0x7c);
        transition more;
    }
    state nxt {
        transition select(h.nsh.next) {
            1: ip;
            default: accept;
        }
    }
    state ip {
        b.extract(h.ip);
        transition accept;
    }
}
control C(inout Headers h, inout metadata m, inout standard_metadata s) {
    action fwd(bit<8> si) {
        h.nsh.si = h.nsh.si - si;
        h.nsh.ttl = h.nsh.ttl - 1;
    }
    action drop() {
        mark_to_drop();
    }
    table t {
        key = {
            h.nsh.spi: exact;
            h.nsh.si: exact;
            m.tenant: ternary;
        }
        actions = {
            fwd;
            drop;
        }
        default_action = drop();
    }
    apply {
        if (!h.nsh.isValid()) return;
        t.apply();
        if (h.nsh.md == 2) h.nsh.len = 2;
    }
}
control D(packet_out b, in Headers h) {
    apply {
        b.emit(h.eth);
        b.emit(h.nsh);
        b.emit(h.ctx);
        b.emit(h.ip);
    }
}
ubpf(P(), C(), D()) main;
