/* SPDX-License-Identifier: Apache-2.0 */
/* A VXLAN tunnel end point: port 0 is the underlay, the others bring Ethernet frames of a tenant. */
#include <core.p4>
#include <ubpf_model.p4>
typedef bit<48> mac_t; typedef bit<32> ip4_t;
const bit<16> TYPE_IPV4 = 0x800;
header ethernet_t { mac_t dst; mac_t src; bit<16> type; }
header ipv4_t { bit<4> version; bit<4> ihl; bit<8> tos; bit<16> len; bit<16> id; bit<3> flags; bit<13> frag; bit<8> ttl; bit<8> proto; bit<16> csum; ip4_t src; ip4_t dst; }
header udp_t { bit<16> sport; bit<16> dport; bit<16> len; bit<16> csum; }
header vxlan_t { bit<8> flags; bit<24> r1; bit<24> vni; bit<8> r2; }
struct headers { ethernet_t outer_eth; ipv4_t outer_ip; udp_t outer_udp; vxlan_t vxlan; ethernet_t eth; ipv4_t ip; }
struct meta { bit<24> vni; ip4_t tep; bool encap; }
parser prs(packet_in p, out headers h, inout meta m, inout standard_metadata s) {
  state start { transition select(s.input_port) { 0: outer; default: inner; } }
  state outer { p.extract(h.outer_eth); transition select(h.outer_eth.type) { TYPE_IPV4: outer_ip; default: accept; } }
  state outer_ip { p.extract(h.outer_ip); verify(h.outer_ip.ihl == 5, error.HeaderTooShort); transition select(h.outer_ip.proto, h.outer_ip.frag) { (17, 0): outer_udp; default: accept; } }
  state outer_udp { p.extract(h.outer_udp); transition select(h.outer_udp.dport) { 4789: vx; default: accept; } }
  state vx { p.extract(h.vxlan); transition inner; }
  state inner { p.extract(h.eth); transition select(h.eth.type) { TYPE_IPV4: ip; default: accept; } }
  state ip { p.extract(h.ip); transition accept; }
}
control ipcsum(inout ipv4_t ip) {
  apply {
    bit<32> sum = 0;
    ip.csum = 0;
    sum = (bit<32>)(ip.version ++ ip.ihl ++ ip.tos) + (bit<32>)ip.len + (bit<32>)ip.id + (bit<32>)(ip.flags ++ ip.frag) + (bit<32>)(ip.ttl ++ ip.proto) + (bit<32>)ip.src[31:16] + (bit<32>)ip.src[15:0] + (bit<32>)ip.dst[31:16] + (bit<32>)ip.dst[15:0];
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    ip.csum = ~sum[15:0];
  }
}
control pipe(inout headers h, inout meta m, inout standard_metadata s) {
  ipcsum() c;
  action drop() { mark_to_drop(); }
  action decap(bit<24> vni) { m.vni = vni; h.outer_eth.setInvalid(); h.outer_ip.setInvalid(); h.outer_udp.setInvalid(); h.vxlan.setInvalid(); }
  action encap(bit<24> vni, ip4_t src, ip4_t dst, mac_t gw) {
    h.outer_eth = { gw, 0x020000000001, TYPE_IPV4 };
    h.outer_ip = { 4, 5, 0, (bit<16>)s.packet_length + 36, 0, 2, 0, 64, 17, 0, src, dst };
    h.outer_udp = { 2w3 ++ h.eth.dst[13:0], 4789, (bit<16>)s.packet_length + 16, 0 };
    h.vxlan = { 8, 0, vni, 0 };
    m.encap = true;
  }
  table term { key = { h.outer_ip.dst: exact; h.vxlan.vni: exact; } actions = { decap; drop; } default_action = drop(); }
  table fwd { key = { h.eth.dst: exact; } actions = { encap; drop; } default_action = drop(); size = 1024; }
  apply {
    if (h.vxlan.isValid()) { term.apply(); s.output_port = 1; }
    else if (h.eth.isValid()) { if (fwd.apply().hit) c.apply(h.outer_ip); s.output_port = 0; }
    s.output_action = ubpf_action.REDIRECT;
  }
}
control dep(packet_out p, in headers h) { apply { p.emit(h.outer_eth); p.emit(h.outer_ip); p.emit(h.outer_udp); p.emit(h.vxlan); p.emit(h.eth); p.emit(h.ip); } }
ubpf(prs(), pipe(), dep()) main;
