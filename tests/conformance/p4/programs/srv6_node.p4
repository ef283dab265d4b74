/* SPDX-License-Identifier: Apache-2.0 */
/* An SRv6 node (RFC 8986): End, End with PSP, End.DT6, and policies that insert a segment list. */
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
header srh_t {
    bit<8> nextHdr;
    bit<8> hdrExtLen;
    bit<8> routingType;
    bit<8> segmentsLeft;
    bit<8> lastEntry;
    bit<8> flags;
    bit<16> tag;
}
header seg_t {
    bit<128> sid;
}
struct Headers {
    ethernet_t eth;
    ipv6_t ip6;
    srh_t srh;
    seg_t[8] segs;
    ipv6_t inner6;
    ipv4_t inner4;
    tcp_t tcp;
    udp_t udp;
}
struct metadata {
    bit<8> left;
    bit<128> next;
    bit<8> n;
    bool local;
}
parser prs(packet_in pk, out Headers h, inout metadata m, inout standard_metadata std) {
    state start {
        pk.extract(h.eth);
        transition select(h.eth.etherType) {
            0x86dd: ip6;
            default: accept;
        }
    }
    state ip6 {
        pk.extract(h.ip6);
        transition select(h.ip6.nextHdr) {
            43: srh;
            41: in6;
            4: in4;
            6: tcp;
            17: udp;
            default: accept;
        }
    }
    state srh {
        pk.extract(h.srh);
        m.left = h.srh.lastEntry + 1;
        verify(h.srh.routingType == 4, error.NoMatch);
        transition seg;
    }
    state seg {
        pk.extract(h.segs.next);
        m.left = m.left - 1;
        transition select((bit<8>)h.segs.lastIndex == h.srh.segmentsLeft) {
            true: mark;
            false: more;
        }
    }
    state mark {
        m.next = h.segs.last.sid;
        transition more;
    }
    state more {
        transition select(m.left) {
            0: after;
            default: seg;
        }
    }
    state after {
        transition select(h.srh.nextHdr) {
            41: in6;
            4: in4;
            6: tcp;
            17: udp;
            default: accept;
        }
    }
    state in6 {
        pk.extract(h.inner6);
        transition accept;
    }
    state in4 {
        pk.extract(h.inner4);
        transition accept;
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
control pipe(inout Headers h, inout metadata m, inout standard_metadata std) {
    action drop() {
        mark_to_drop();
    }
    action end() {
        h.srh.segmentsLeft = h.srh.segmentsLeft - 1;
        h.ip6.dstAddr = h.segs[h.srh.segmentsLeft].sid;
    }
    action end_psp() {
        h.ip6.dstAddr = h.segs[0].sid;
        h.ip6.nextHdr = h.srh.nextHdr;
        h.ip6.payloadLen = h.ip6.payloadLen - (((bit<16>)h.srh.hdrExtLen + 1) << 3);
        h.srh.setInvalid();
        h.segs[0].setInvalid();
        h.segs[1].setInvalid();
        h.segs[2].setInvalid();
        h.segs[3].setInvalid();
        h.segs[4].setInvalid();
        h.segs[5].setInvalid();
        h.segs[6].setInvalid();
        h.segs[7].setInvalid();
    }
    action end_dt6() {
        h.ip6 = h.inner6;
        h.inner6.setInvalid();
        h.srh.setInvalid();
        h.segs[0].setInvalid();
        h.segs[1].setInvalid();
        h.segs[2].setInvalid();
        h.segs[3].setInvalid();
        h.segs[4].setInvalid();
        h.segs[5].setInvalid();
        h.segs[6].setInvalid();
        h.segs[7].setInvalid();
    }
    table my_sid {
        key = {
            h.ip6.dstAddr: lpm;
        }
        actions = {
            end;
            end_psp;
            end_dt6;
            drop;
            NoAction;
        }
        default_action = NoAction();
    }
    action insert2(bit<128> a) {
        h.srh.setValid();
        h.srh = { h.ip6.nextHdr, 4, 4, 1, 1, 0, 0 };
        h.segs[0].setValid();
        h.segs[0].sid = h.ip6.dstAddr;
        h.segs[1].setValid();
        h.segs[1].sid = a;
        h.ip6.dstAddr = a;
        h.ip6.nextHdr = 43;
        h.ip6.payloadLen = h.ip6.payloadLen + 40;
    }
    action insert3(bit<128> a, bit<128> b) {
        h.srh.setValid();
        h.srh = { h.ip6.nextHdr, 6, 4, 2, 2, 0, 0 };
        h.segs[0].setValid();
        h.segs[0].sid = h.ip6.dstAddr;
        h.segs[1].setValid();
        h.segs[1].sid = b;
        h.segs[2].setValid();
        h.segs[2].sid = a;
        h.ip6.dstAddr = a;
        h.ip6.nextHdr = 43;
        h.ip6.payloadLen = h.ip6.payloadLen + 56;
    }
    table transit {
        key = {
            h.ip6.dstAddr: lpm;
        }
        actions = {
            insert2;
            insert3;
            NoAction;
        }
        default_action = NoAction();
    }
    apply {
        if (!h.ip6.isValid()) return;
        h.ip6.hopLimit = h.ip6.hopLimit - 1;
        if (h.ip6.hopLimit == 0) {
            drop();
            return;
        }
        switch (my_sid.apply().action_run) {
            NoAction: {
                if (!h.srh.isValid()) transit.apply();
            }
            end: {
                m.n = 1;
            }
            default: {}
        }
    }
}
control dprs(packet_out packet, in Headers h) {
    apply {
        packet.emit(h);
    }
}
ubpf(prs(), pipe(), dprs()) main;
