/* SPDX-License-Identifier: Apache-2.0 */
/* A filter that takes any chain of IPv6 extension headers off. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

header ethernet_t {
    bit<48> dstAddr;
    bit<48> srcAddr;
    bit<16> etherType;
}
header ipv6_t {
    bit<4> version;
    bit<8> trafficClass;
    bit<20> flowLabel;
    bit<16> payloadLen;
    bit<8> nextHdr;
    bit<8> hopLimit;
    bit<128> srcAddr;
    bit<128> dstAddr;
}
header tcp_t {
    bit<16> srcPort;
    bit<16> dstPort;
    bit<32> seqNo;
    bit<32> ackNo;
    bit<4> dataOffset;
    bit<3> res;
    bit<3> ecn;
    bit<6> ctrl;
    bit<16> window;
    bit<16> checksum;
    bit<16> urgentPtr;
}
header udp_t {
    bit<16> srcPort;
    bit<16> dstPort;
    bit<16> length_;
    bit<16> checksum;
}
header icmp_t {
    bit<8> type_;
    bit<8> code;
    bit<16> checksum;
}
header ext_t {
    bit<8> next;
    bit<8> len;
    bit<48> rest;
}
header frag_t {
    bit<8> next;
    bit<8> res;
    bit<13> off;
    bit<2> r;
    bit<1> m;
    bit<32> id;
}
struct Headers {
    ethernet_t eth;
    ipv6_t ip6;
    tcp_t tcp;
    udp_t udp;
    icmp_t icmp;
}
struct metadata {
    bit<8> proto;
    bit<8> n;
    bit<16> gone;
}
parser prs(packet_in pk, out Headers h, inout metadata m, inout standard_metadata std) {
    ext_t e;
    frag_t f;
    state start {
        pk.extract(h.eth);
        transition select(h.eth.etherType) {
            0x86dd: ip6;
            default: accept;
        }
    }
    state ip6 {
        pk.extract(h.ip6);
        m.proto = h.ip6.nextHdr;
        transition chain;
    }
    state chain {
        transition select(m.proto) {
            0: ext;
            43: ext;
            60: ext;
            135: ext;
            51: ah;
            44: frag;
            6: tcp;
            17: udp;
            58: icmp;
            default: accept;
        }
    }
    state ext {
        pk.extract(e);
        m.proto = e.next;
        m.n = m.n + 1;
        m.gone = m.gone + 8 + ((bit<16>)e.len << 3);
        pk.advance((bit<32>)e.len << 6);
        transition chain;
    }
    state ah {
        pk.extract(e);
        m.proto = e.next;
        m.n = m.n + 1;
        m.gone = m.gone + 8 + ((bit<16>)e.len << 2);
        pk.advance((bit<32>)e.len << 5);
        transition chain;
    }
    state frag {
        pk.extract(f);
        m.proto = f.next;
        m.gone = m.gone + 8;
        transition select(f.off, f.m) {
            (0, 0): chain;
            default: reject;
        }
    }
    state tcp {
        pk.extract(h.tcp);
        transition accept;
    }
    state udp {
        pk.extract(h.udp);
        transition accept;
    }
    state icmp {
        pk.extract(h.icmp);
        transition accept;
    }
}
control pipe(inout Headers h, inout metadata m, inout standard_metadata std) {
    action drop() {
        mark_to_drop();
    }
    table t {
        key = {
            m.proto: exact;
            m.n: range;
            h.tcp.dstPort: ternary;
            h.udp.dstPort: ternary;
            h.icmp.type_: ternary;
        }
        actions = {
            drop;
            NoAction;
        }
        default_action = NoAction();
    }
    apply {
        if (!h.ip6.isValid()) return;
        t.apply();
        h.ip6.nextHdr = m.proto;
        h.ip6.payloadLen = h.ip6.payloadLen - m.gone;
    }
}
control dprs(packet_out packet, in Headers h) {
    apply {
        packet.emit(h);
    }
}
ubpf(prs(), pipe(), dprs()) main;
