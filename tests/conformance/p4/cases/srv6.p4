/* SPDX-License-Identifier: Apache-2.0 */
/* Segment routing over IPv6: the segment that is next becomes the destination, or all is taken off. */
#include <sekisho.p4>
header eth_t { bit<48> dst; bit<48> src; bit<16> type; }
header ipv6_t { bit<4> ver; bit<8> tc; bit<20> flow; bit<16> plen; bit<8> next; bit<8> hlim; bit<128> src; bit<128> dst; }
header srh_t { bit<8> next; bit<8> len; bit<8> rtype; bit<8> left; bit<8> last; bit<8> flags; bit<16> tag; }
header seg_t { bit<128> a; }
struct headers { eth_t eth; ipv6_t ip6; srh_t srh; seg_t[6] segs; ipv6_t inner; }
struct meta { bit<8> n; bit<128> next_seg; }
parser prs(packet_in p, out headers h, inout meta m, inout standard_metadata s) {
  state start { p.extract(h.eth); transition select(h.eth.type) { 0x86dd: v6; default: accept; } }
  state v6 { p.extract(h.ip6); transition select(h.ip6.next) { 43: srh; default: accept; } }
  state srh { p.extract(h.srh); m.n = h.srh.last + 1; transition select(h.srh.rtype) { 4: seg; default: reject; } }
  state seg { p.extract(h.segs.next); m.n = m.n - 1; m.next_seg = (bit<8>)h.segs.lastIndex + 1 == h.srh.left ? h.segs.last.a : m.next_seg; transition select(m.n) { 0: inner; default: seg; } }
  state inner { transition select(h.srh.next) { 41: inner6; default: accept; } }
  state inner6 { p.extract(h.inner); transition accept; }
}
control pipe(inout headers h, inout meta m, inout standard_metadata s) {
  action end_() { h.srh.left = h.srh.left - 1; h.ip6.dst = m.next_seg; }
  action end_dt6() { h.ip6.setInvalid(); h.srh.setInvalid(); h.segs.pop_front(6); }
  action drop() { mark_to_drop(); }
  table sids { key = { h.ip6.dst: lpm; } actions = { end_; end_dt6; drop; NoAction; } default_action = NoAction; }
  apply {
    if (h.ip6.isValid()) {
      if (h.ip6.hlim <= 1) { drop(); exit; }
      if (h.srh.isValid()) { if (h.srh.left == 0 || h.inner.isValid()) sids.apply(); else end_(); }
      h.ip6.hlim = h.ip6.hlim - 1;
    }
  }
}
control dep(packet_out p, in headers h) { apply { p.emit(h); } }
ubpf(prs(), pipe(), dep()) main;
