#include <core.p4>
#define BITS(n, ...) bit<n>
#define CAT(a, b) a##b
#define TEXT(x) #x
#if (1 << 3) == 8 && CAT(1, 0) ? 1 : 0
#endif
@a[k = 1, m = TEXT(x y)] @name("n" ++ "m") typedef struct s_t { BITS(8) a; bool b; } t_t;
type bit<8> n_t;
enum bit<8> E { A = 1, B = 2 }
struct G<T> { T x; tuple<T, bool> y; }
const G<bit<8>> g = { x = 1, ... };
const bit<256> w = 256w0xffffffffffffffffffffffffffffffffffff << 3;
extern X<T> { X(bit<8> n); abstract T f(in T x, @optional in bool y); void put(in T x); }
extern R<T> { R(); void put(in T x); }
T id<T>(in T x) { return x; }
control d(inout bit<8> v)(bit<8> k) { apply { v = k; } }
control c(inout bit<8> v, inout s_t s) {
	X<bit<8>>(4) x = { bit<8> f(in bit<8> x) { this.put(x); return x; } };
	R<bit<8>>() many[3];
	d(3) i;
	action set(in bit<8> p, bit<8> q) { v = p + q; }
	action NoOp() { }
	table t {
		key = { v : exact; s.a : ternary @name("k"); }
		actions = { set(v); @defaultonly NoOp; }
		largest_priority_wins = false;
		entries = { priority = 3 : (1, 2 &&& 3) : set(v, q = 4); (2, _) : set(p = v, q = 1); }
		default_action = NoOp;
		size = 1 << 4;
	}
	apply {
		for (bit<8> j = 0, bit<8> k = 1; j < 3; j += 1, k |+|= 2) { v[1 +: 2] = j[v +: 2]; break; }
		for (bit<8> j in 1 .. 3) { continue; }
		switch (t.apply().action_run) { set: { i.apply(v); } default: { exit; } }
		s = (s_t){ a = id(8w1), b = s == { 1, true } };
		many[v].put(g.y[1] ? E.A : (bit<8>)E.B);
	}
}
control C<S>(inout bit<8> v, inout S s);
package P<S>(C<S> c, @optional C<S> e);
P(c()) main;
