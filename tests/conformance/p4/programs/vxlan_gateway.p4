/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway between VLANs and VXLAN networks: takes the tunnel off or puts packets into one. */
#include <core.p4>
#include <ubpf_model.p4>
#include <sekisho.p4>

header ethernet_t {
    bit<48> dstAddr;
    bit<48> srcAddr;
    bit<16> etherType;
}
header vlan_t {
    bit<3> pcp;
    bit<1> dei;
    bit<12> vid;
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
header vxlan_t {
    bit<8> flags;
    bit<24> reserved;
    bit<24> vni;
    bit<8> reserved2;
}
struct Headers {
    ethernet_t oeth;
    ipv4_t oip;
    udp_t oudp;
    vxlan_t vxlan;
    ethernet_t eth;
    vlan_t vlan;
    ipv4_t ip;
    ipv6_t ip6;
    tcp_t tcp;
    udp_t udp;
}
struct metadata {
    bit<24> vni;
    bit<32> vtep;
    bit<16> len;
    bit<32> entropy;
}
parser Inner(packet_in pk, inout Headers h) {
    state start {
        pk.extract(h.eth);
        transition select(h.eth.etherType) {
            0x8100: vlan;
            0x800: ip;
            0x86dd: ip6;
            default: accept;
        }
    }
    state vlan {
        pk.extract(h.vlan);
        transition select(h.vlan.etherType) {
            0x800: ip;
            0x86dd: ip6;
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
    state ip6 {
        pk.extract(h.ip6);
        transition select(h.ip6.nextHdr) {
            6: tcp;
            17: udp;
            default: accept;
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
}
parser prs(packet_in pk, out Headers h, inout metadata meta, inout standard_metadata std) {
    Inner() inner;
    state start {
        transition select(std.input_port) {
            0: outer;
            default: plain;
        }
    }
    state outer {
        pk.extract(h.oeth);
        transition select(h.oeth.etherType) {
            0x800: oip;
            default: reject;
        }
    }
    state oip {
        pk.extract(h.oip);
        verify(h.oip.ihl == 5, error.HeaderTooShort);
        transition select(h.oip.protocol) {
            17: oudp;
            default: reject;
        }
    }
    state oudp {
        pk.extract(h.oudp);
        transition select(h.oudp.dstPort) {
            4789: vx;
            default: reject;
        }
    }
    state vx {
        pk.extract(h.vxlan);
        transition plain;
    }
    state plain {
        inner.apply(pk, h);
        transition accept;
    }
}
control Decap(inout Headers h, inout metadata m) {
    action drop() {
        mark_to_drop();
    }
    action term(bit<12> vid) {
        h.oeth.setInvalid();
        h.oip.setInvalid();
        h.oudp.setInvalid();
        h.vxlan.setInvalid();
        if (vid != 0) {
            h.vlan.setValid();
            h.vlan.vid = vid;
            h.vlan.pcp = 0;
            h.vlan.dei = 0;
            h.vlan.etherType = h.eth.etherType;
            h.eth.etherType = 0x8100;
        }
    }
    table vnis {
        key = {
            h.oip.dstAddr: exact;
            h.vxlan.vni: exact;
        }
        actions = {
            term;
            drop;
        }
        default_action = drop();
        size = 4096;
    }
    apply {
        if (h.vxlan.flags[3:3] == 0) {
            drop();
        } else vnis.apply();
    }
}
control Encap(inout Headers h, inout metadata m) {
    InternetChecksum() sum;
    action drop() {
        mark_to_drop();
    }
    action to(bit<24> vni, bit<32> src, bit<32> dst, bit<48> smac, bit<48> dmac) {
        h.oeth = { dmac, smac, 0x800 };
        h.oip = { 4, 5, 0, m.len + 50, 0, 2, 0, 64, 17, 0, src, dst };
        h.oudp = { 0xc000 | m.entropy[15:0], 4789, m.len + 30, 0 };
        h.vxlan = { 8, 0, vni, 0 };
    }
    table fdb {
        key = {
            h.vlan.vid: exact;
            h.eth.dstAddr: exact;
        }
        actions = {
            to;
            drop;
        }
        default_action = drop();
        size = 65536;
    }
    apply {
        m.len = (bit<16>)h.ip.totalLen;
        if (h.ip.isValid()) hash(m.entropy, HashAlgorithm.lookup3, { h.ip.srcAddr, h.ip.dstAddr,
            h.ip.protocol, h.tcp.srcPort, h.udp.srcPort });
        fdb.apply();
        if (h.vlan.isValid()) {
            h.eth.etherType = h.vlan.etherType;
            h.vlan.setInvalid();
        }
        sum.add(h.oip);
        h.oip.hdrChecksum = sum.get();
    }
}
control pipe(inout Headers h, inout metadata m, inout standard_metadata std) {
    Decap() d;
    Encap() e;
    apply {
        if (h.vxlan.isValid()) d.apply(h, m);
        else e.apply(h, m);
    }
}
control dprs(packet_out packet, in Headers hdr) {
    apply {
        packet.emit(hdr.oeth);
        packet.emit(hdr.oip);
        packet.emit(hdr.oudp);
        packet.emit(hdr.vxlan);
        packet.emit(hdr.eth);
        packet.emit(hdr.vlan);
        packet.emit(hdr.ip);
        packet.emit(hdr.ip6);
        packet.emit(hdr.tcp);
        packet.emit(hdr.udp);
    }
}
ubpf(prs(), pipe(), dprs()) main;
