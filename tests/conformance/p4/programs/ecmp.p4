/* SPDX-License-Identifier: Apache-2.0 */
/* Routes over several next hops, counted by route. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

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
struct Headers {
    ethernet_t eth;
    ipv4_t ip;
    tcp_t tcp;
    udp_t udp;
}
struct metadata {
    bit<16> sp;
    bit<16> dp;
    bit<14> sel;
    bit<14> base;
    bit<32> nhop;
}
parser prs(packet_in pk, out Headers h, inout metadata m, inout standard_metadata std) {
    state start {
        pk.extract(h.eth);
        transition select(h.eth.etherType) {
            0x800: ip;
            default: accept;
        }
    }
    state ip {
        pk.extract(h.ip);
        transition select(h.ip.protocol) {
            6: tcp;
            17: udp;
            default: accept;
        }
    }
    state tcp {
        pk.extract(h.tcp);
        m.sp = h.tcp.srcPort;
        m.dp = h.tcp.dstPort;
        transition accept;
    }
    state udp {
        pk.extract(h.udp);
        m.sp = h.udp.srcPort;
        m.dp = h.udp.dstPort;
        transition accept;
    }
}
control pipe(inout Headers h, inout metadata m, inout standard_metadata std) {
    DirectCounter<bit<64>>(PSA_CounterType_t.PACKETS_AND_BYTES) hits;
    ActionSelector(PSA_HashAlgorithm_t.CRC16, 128, 16) ecmp;
    action drop() {
        mark_to_drop();
    }
    action nexthop(bit<48> d, bit<48> s) {
        hits.count();
        h.eth.dstAddr = d;
        h.eth.srcAddr = s;
        h.ip.ttl = h.ip.ttl - 1;
    }
    table routes {
        key = {
            h.ip.dstAddr: lpm;
            h.ip.srcAddr: selector;
            h.ip.dstAddr: selector;
            m.sp: selector;
            m.dp: selector;
            h.ip.protocol: selector;
        }
        actions = {
            nexthop;
            drop;
        }
        implementation = ecmp;
        counters = hits;
        size = 1024;
    }
    apply {
        if (h.ip.isValid()) routes.apply();
    }
}
control dprs(packet_out packet, in Headers h) {
    apply {
        packet.emit(h);
    }
}
ubpf(prs(), pipe(), dprs()) main;
