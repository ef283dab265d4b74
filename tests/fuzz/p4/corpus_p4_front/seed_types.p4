// SPDX-License-Identifier: Apache-2.0
#include <core.p4>
#define N 4
typedef bit<8> b8;
type b8 strange;
enum bit<8> E { a = 1, b = N }
error { Mine }
header h_t { bit<3> x; int<5> y; varbit<16> z; }
header_union u_t { h_t a; h_t b; }
struct s_t<T> { T t; h_t[N] stack; tuple<bit<8>, bool> u; }
extern X<T> { X(bit<8> n); T get<U>(in U u, out T t); abstract void f(); }
const bit<16> c = (8w5 ++ 8w0xff) << 2 | 16w1 & ~16w3;
const int big = -(1 << 100) / 3;
bit<8> f<T>(in T t, inout bit<8> x = 3) { for (bit<8> i = 0; i < 3; i += 1) { break; } return x[7:0]; }
control c_t<H>(inout H h);
package p_t<H>(c_t<H> c);
