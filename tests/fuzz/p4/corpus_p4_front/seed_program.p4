// SPDX-License-Identifier: Apache-2.0
#include <sekisho.p4>
header e_t { bit<48> d; bit<48> s; bit<16> t; }
header o_t { bit<4> v; bit<4> l; varbit<64> o; }
struct H { e_t e; o_t o; }
struct M { bit<32> x; }
parser P(packet_in p, out H h, inout M m, inout standard_metadata s) {
  bit<8> v;
  state start { p.extract(h.e); v = p.lookahead<bit<8>>(); transition select(h.e.t, v) { (0x800, _): n; (1 &&& 3, 4 .. 5): reject; default: accept; } }
  state n { p.extract(h.o, ((bit<32>)v[3:0]) << 3); p.advance(8); verify(v != 0, error.NoMatch); transition accept; }
}
control C(inout H h, inout M m, inout standard_metadata s) {
  Register<bit<32>, bit<32>>(16) r;
  action a(in bit<8> i, bit<48> d) { h.e.d = d; if (i == 1) { exit; } return; }
  table t { key = { h.e.t: exact; m.x: exact; } actions = { a(8w1); NoAction; } const entries = { (1, 2): a(8w1, 3); } default_action = NoAction(); size = 10; }
  apply { if (t.apply().hit && h.e.isValid()) { hash(m.x, HashAlgorithm.lookup3, { h.e.d, m.x }); } else { switch (t.apply().action_run) { a: { mark_to_drop(); } default: {} } }
    r.write(1, r.read(m.x) |+| 1); h.e.setInvalid(); h.e = { 1, 2, (bit<16>)m.x }; h.e.s[7:0] = 3; truncate(60);
    if (!checkUDPSent() || !vm_udp_sent(1, 2, 3, 4, 5)) { mark_to_pass(); } }
}
control D(packet_out p, in H h) { apply { p.emit(h); } }
ubpf(P(), C(), D()) main;
