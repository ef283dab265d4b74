# SPDX-License-Identifier: Apache-2.0
"""Random P4 programs of ubpf_model: program(seed) is one, always the same for a seed."""
import random

from random_p4.expr import BOOL, show
from random_p4.stmt import Stmts

INDENT = "\t"


class Program(Stmts):
    """Declarations: types, functions, the three blocks."""

    def __init__(self, seed):
        rng = random.Random(seed)
        super().__init__(rng, wide=rng.random() < 0.25)
        self.seed = seed
        if random.Random(f"externs {seed}").random() < 0.3:  # the others are as they were without
            self.has.add("externs")
        self.text = []
        self.pairs = []
        self.items = 0
        self.sub_whole = False
        old = "std" not in self.has and rng.random() < 0.5
        self.std = "" if old else ", inout standard_metadata std"
        self.compat = "std" not in self.has and rng.random() < 0.3
        self.tables = []  # (name, [(key's name, type, match)], [(action, [(param, type)])])

    def put(self, *lines):
        self.text.extend(lines)

    # ---- types ----

    def declare_enums(self):
        self.enums["E"] = (0, ["A", "B", "C"])
        self.put("enum E { A, B, C }", "error { Mine, Other }")
        if "externs" not in self.has:
            self.put("match_kind { range, optional }")
        if self.rng.random() < 0.6:
            w = self.rng.choice((4, 8, 8, 16))
            self.enums["N"] = (w, ["P", "Q", "R"])
            self.put(f"enum bit<{w}> N {{ P = 0, Q = 3, R = {self.rng.randrange(4, 1 << w)} }}")

    def field_type(self):
        x = self.rng.random()
        if x < 0.8:
            return ("bit", self.width())
        if x < 0.9:
            return ("int", max(2, self.width()))
        if "N" in self.enums and x < 0.95:
            return ("enum", "N")
        return BOOL

    def bits_of(self, t):
        if t[0] == "enum":
            return self.enums[t[1]][0]
        return 1 if t == BOOL else t[1]

    def fields(self, n, budget):
        """n fields or fewer, whole bytes together, of at most `budget` bits."""
        out, total = [], 0
        for i in range(n):
            t = self.field_type()
            if total + self.bits_of(t) > budget - 8:
                break
            out.append((f"f{i}", t))
            total += self.bits_of(t)
        if total % 8 or not out:
            out.append((f"f{n}", ("bit", 8 - total % 8)))
        return out

    def declare_header(self, name, fields):
        self.types[name] = fields
        self.put(f"header {name} {{ " + " ".join(f"{show(t)} {n};" for n, t in fields) + " }")

    def declare_struct(self, name, fields):
        self.types[name] = fields
        self.put(f"struct {name} {{ " + " ".join(f"{show(t)} {n};" for n, t in fields) + " }")

    def declare_headers(self):
        rng = self.rng
        budget = 1024 if self.wide else 128
        self.declare_header("First", [("sel", ("bit", 8)), ("len", ("bit", 8)), *self.fields(3, budget)])
        if "nested" in self.has:
            self.declare_struct("Part", self.fields(2, 64))
        self.declare_header("Out", [(f"o{i}", ("bit", 8 * rng.randrange(1, 5))) for i in range(4)])
        headers = [("out_", ("header", "Out")), ("first", ("header", "First"))]
        for i in range(rng.randrange(1, 6 if "large" in self.has else 3)):
            fields = self.fields(rng.randrange(1, 6), budget)
            if "Part" in self.types and rng.random() < 0.5:
                fields.insert(rng.randrange(len(fields) + 1), ("part", ("struct", "Part")))
            self.declare_header(f"H{i}", fields)
            headers.append((f"h{i}", ("header", f"H{i}")))
        if "stack" in self.has:
            self.declare_header("Item", [("more", ("bit", 8)), *self.fields(1, 32)])
            self.items = rng.randrange(1, 5)
            headers.append(("items", ("stack", "Item", self.items)))
        if "union" in self.has:
            members = [("a", ("header", "H0")), ("b", ("header", "First"))]
            self.types["U"] = members
            self.put("header_union U { H0 a; First b; }")
            headers.append(("u", ("union", "U")))
            if "unions" in self.has:
                headers.append(("us", ("ustack", "U", rng.randrange(1, 4))))
        if "varbit" in self.has:
            most = 8 * rng.randrange(1, 9)
            fields = [("n", ("bit", 8)), ("rest", ("varbit", most))]
            self.declare_header("Var", fields + ([("tail", ("bit", 8))] if rng.random() < 0.3 else []))
            headers.append(("v", ("header", "Var")))
        if rng.random() < 0.2:
            self.declare_struct("Inner", headers[-1:])
            headers[-1:] = [("inner", ("struct", "Inner"))]
        self.declare_struct("headers", headers)

    def declare_generic(self):
        """A generic struct, known here by its two instances."""
        self.put("struct Pair<T> { T x; T y; }")
        for t in (self.number_type(), BOOL):
            self.types[f"Pair<{show(t)}>"] = [("x", t), ("y", t)]
            self.pairs.append(f"Pair<{show(t)}>")

    def declare_meta(self):
        if "generic_types" in self.has:
            self.declare_generic()
        self.declare_struct("S", [(f"s{i}", self.scalar_type()) for i in range(self.rng.randrange(1, 4))])
        fields = [(f"m{i}", self.scalar_type()) for i in range(self.rng.randrange(2, 6))]
        fields.append(("idx", ("bit", 8)))
        fields.append(("s", ("struct", "S")))
        fields += [(f"pair{i}", ("struct", name)) for i, name in enumerate(self.pairs)]
        if self.rng.random() < 0.3:
            fields.append(("h", ("header", "H0")))
        self.declare_struct("metadata", fields)

    # ---- functions ----

    def declare_functions(self):
        for i in range(self.rng.randrange(3)):
            self.declare_function(f"fn{i}")
        if "generic" in self.has:
            self.put("T pick<T>(in bool c, in T x, in T y) {", "\tif (c) { return x; }", "\treturn y;", "}")
            self.generics.append("pick")

    def params(self, n, directions):
        return [(self.rng.choice(directions), self.param_type()) for _ in range(n)]

    def param_type(self):
        found = [t for t in (("struct", "S"), ("header", "First"), ("header", "H0"), ("struct", "metadata"),
                             ("stack", "Item", self.items)) if t[1] in self.types]
        return self.rng.choice(found) if "big_params" in self.has and self.rng.random() < 0.4 else self.scalar_type()

    def show_params(self, params, names):
        return ", ".join(f"{d} {show(t)} {n}".strip() for (d, t), n in zip(params, names))

    def enter(self, params, prefix="p"):
        """A scope with only the parameters in it. Returns their names."""
        names = [f"{prefix}{i}" for i in range(len(params))]
        self.saved = self.scopes
        self.scopes = [[]]
        for (d, t), name in zip(params, names):
            self.add(name, t, d in ("out", "inout"))
        return names

    def declare_function(self, name):
        result = self.scalar_type()
        params = self.params(self.rng.randrange(1, 4), ("in", "in", "in", "inout", "out"))
        names = self.enter(params)
        saved, self.scopes = self.saved, self.scopes
        body = self.block(3, 2, "function", result)
        body.append(f"\treturn {self.expr(result, 2)};")
        self.put(f"{show(result)} {name}({self.show_params(params, names)}) {{", *body, "}")
        self.scopes = saved
        self.functions.append((name, result, params))

    # ---- the parser ----

    def top_scope(self, writable=True):
        self.scopes = [[]]
        self.add("hdr", ("struct", "headers"), writable)
        self.add("meta", ("struct", "metadata"), writable)
        if self.std:
            self.add("std.input_port", ("bit", 32), False)
            self.add("std.packet_length", ("bit", 32), False)

    def extracts(self):
        """What states extract: (statements, can it be looped on)."""
        found = []
        for name, t in self.types["headers"]:
            path = f"hdr.{name}"
            if t[0] == "struct":
                name, t = self.types[t[1]][0]
                path += f".{name}"
            if name in ("out_", "first"):
                continue
            if t[0] == "stack":
                found.append(([f"packet.extract({path}.next);"], f"{path}.last.more"))
            elif t[0] == "ustack":
                lines = [f"packet.extract({path}.next.{self.rng.choice('ab')});" for _ in range(self.rng.randrange(1, 3))]
                found.append((lines, None))
            elif t[0] == "union":
                found.append(([f"packet.extract({path}.{self.rng.choice('ab')});"], None))
            elif self.has_varbit(t):
                most = next(x[1] for _, x in self.types[t[1]] if x[0] == "varbit")
                size = f"(bit<32>)(packet.lookahead<bit<8>>() & {most // 8 | 7}) << 3"
                found.append(([f"packet.extract({path}, {size});"], None))
            else:
                keys = [n for n, x in self.types[t[1]] if x[0] == "bit" and 3 <= x[1] <= 16]
                cycle = "cycles" in self.has and keys and self.rng.random() < 0.5
                found.append(([f"packet.extract({path});"], f"{path}.{keys[0]}[2:0]" if cycle else None))
        return found

    def declare_sub_parser(self):
        self.scopes = [[]]
        self.add("h", ("header", "H0"))
        self.add("m", ("struct", "metadata"))
        self.add("n", ("bit", 8), False)
        self.put("parser SubP(packet_in packet, inout H0 h, inout metadata m, in bit<8> n) {", "\tbit<8> count = 0;")
        self.add("count", ("bit", 8))
        self.put("\tstate start {", *self.parser_statements(),
                 f"\t\ttransition select(n, {self.variable(('bit', 8))}) {{",
                 f"\t\t\t({self.keyset(('bit', 8))}, _): one;", f"\t\t\t(_, {self.keyset(('bit', 8))}): accept;",
                 "\t\t\tdefault: one;", "\t\t}", "\t}")
        self.put("\tstate one {", "\t\tpacket.extract(h);", *self.parser_statements(), "\t\ttransition accept;", "\t}",
                 "}")

    def declare_parser(self):
        if "subparser" in self.has:
            self.declare_sub_parser()
        self.top_scope()
        extracts = self.extracts()
        if "subparser" in self.has:
            extracts.insert(self.rng.randrange(len(extracts) + 1),
                            ([f"subp.apply(packet, {self.variable(('header', 'H0'), True)}, meta, hdr.first.len);"] * self.rng.randrange(1, 3), None))
        if "large" in self.has:
            extracts += self.extracts()
        states = ["start"] + [f"s{i}" for i in range(len(extracts))]
        self.put("parser prs(packet_in packet, out headers hdr, inout metadata meta" + self.std + ") {")
        if "subparser" in self.has:
            self.put("\tSubP() subp;")
        if self.rng.random() < 0.3:
            t = self.number_type()
            self.put(f"\t{show(t)} pv = {self.literal(t)};")
            self.add("pv", t)
        for i, state in enumerate(states):
            body, loop = extracts[i - 1] if i else (["packet.extract(hdr.first);"], None)
            self.put(f"\tstate {state} {{", *(f"\t\t{s}" for s in body), *self.parser_statements())
            self.put(*self.transition(states[i + 1:], state if loop else None, loop), "\t}")
        self.put("}")

    def parser_statements(self):
        out = []
        for _ in range(self.rng.randrange(3)):
            x = self.rng.random()
            if x < 0.6:
                out.append(self.assignment(2))
            elif x < 0.7:
                out.append(f"verify(({self.expr(BOOL, 2)} || {self.expr(BOOL, 2)}), error.{self.rng.choice(('NoMatch', 'Mine'))});")
            elif x < 0.8:
                by = self.rng.choice(("8", "16", "32", "(bit<32>)(packet.lookahead<bit<8>>() & 3) << 3"))
                out.append(f"packet.advance({by});")
            elif x < 0.83 and "S" in self.types and not self.has_odd("S"):
                found = self.variable(("struct", "S"), True)
                if found:
                    out.append(f"{found} = packet.lookahead<S>();")
            elif x < 0.84:
                found = self.variable(("header", "First"), True)
                if found:
                    out.append(f"{found} = packet.lookahead<First>();")
            elif x < 0.86:
                found = self.variable(("bit", 32), True)
                if found:
                    out.append(f"{found} = packet.length();")
            elif x < 0.9:
                found = self.variables(lambda t: t[0] == "bit" and t[1] <= 64, True)
                if found:
                    v = self.rng.choice(found)
                    out.append(f"{v.text} = packet.lookahead<{show(v.type)}>();")
            else:
                t = self.number_type()
                out.append(f"if ({self.expr(BOOL, 2)}) {{ {self.assignment(2)} }}")
        return [f"\t\t{s}" for s in out]

    def has_odd(self, name):
        """Is there a field that a packet cannot have?"""
        return any(t[0] in ("error", "struct") or t == ("enum", "E") for _, t in self.types[name])

    def keyset(self, t):
        rng = self.rng
        x = rng.random()
        if t[0] != "bit" or x < 0.6:
            return self.literal(t)
        top = (1 << t[1]) - 1
        if x < 0.8:
            return f"{t[1]}w{rng.getrandbits(t[1])} &&& {t[1]}w{rng.choice((1, 3, top, top & 0xf0, rng.getrandbits(t[1]), 0)) & top}"
        low, high = sorted((rng.getrandbits(t[1]), rng.getrandbits(t[1])))
        return f"{t[1]}w{low} .. {t[1]}w{high}"

    def transition(self, after, again, loop_key):
        rng = self.rng
        targets = after + ["accept"]
        if loop_key:
            top = 3 if loop_key.endswith("[2:0]") else 127
            return [f"\t\ttransition select({loop_key}) {{", f"\t\t\t1 .. {top}: {again};",
                    f"\t\t\tdefault: {rng.choice(targets)};", "\t\t}"]
        if rng.random() < 0.2:
            return [f"\t\ttransition {rng.choice(targets[:2])};"]
        keys = [("hdr.first.sel", ("bit", 8))]
        if rng.random() < 0.4:
            found = self.variables(lambda t: (t[0] == "bit" and t[1] <= 32) or t == BOOL or t[0] == "enum")
            v = rng.choice(found)
            keys.append((v.text, v.type))
        out = [f"\t\ttransition select({', '.join(k for k, _ in keys)}) {{"]
        for _ in range(rng.randrange(1, 4)):
            sets = ", ".join(self.keyset(t) if rng.random() < 0.85 else "_" for _, t in keys)
            out.append(f"\t\t\t{'(' + sets + ')' if len(keys) > 1 else sets}: {rng.choice(targets * 4 + ['reject'])};")
        if rng.random() < 0.9:
            out.append(f"\t\t\tdefault: {rng.choice(targets[:2])};")
        return out + ["\t\t}"]

    # ---- the control ----

    def declare_sub_control(self):
        t = self.number_type()
        self.scopes = [[]]
        self.sub_whole = self.rng.random() < 0.4
        if self.sub_whole:
            self.add("all", ("struct", "headers"))
        self.add("h", ("header", "First"))
        self.add("x", t, False)
        self.add("y", ("bit", 16))
        whole = "inout headers all, " if self.sub_whole else ""
        self.put(f"control Sub({whole}inout First h, in {show(t)} x, out bit<16> y)(bit<8> c) {{")
        self.add("c", ("bit", 8), False)
        if self.rng.random() < 0.5:
            v = self.number_type()
            self.put(f"\t{show(v)} kept = {self.expr(v, 1)};")
            self.add("kept", v)
        self.put("\tapply {", *self.block(4, 2, "sub"), "\t}", "}")
        self.sub = t

    def declare_actions(self):
        """Parameters with a direction first: tables bind them in their list of actions."""
        rng = self.rng
        for i in range(rng.randrange(1, 4)):
            bound = self.params(rng.randrange(3), ("in", "inout", "out")) if "bound" in self.has else []
            params = [(d, f"b{k}", t) for k, (d, t) in enumerate(bound)]
            params += [("", f"d{k}", ("bit", rng.choice(NARROW_PARAMS))) for k in range(rng.randrange(3))]
            self.scopes.append([])
            for d, n, t in params:
                self.add(n, t, d in ("inout", "out"))
            body = self.block(3, 2, "action")
            self.scopes.pop()
            shown = ", ".join(f"{d} {show(t)} {n}".strip() for d, n, t in params)
            self.put(f"\taction act{i}({shown}) {{", *(f"\t{s}" for s in body), "\t}")
            self.actions.append((f"act{i}", params))

    def bind_actions(self, actions):
        """[(name, the arguments that the table binds, parameters of the control plane)]"""
        out = []
        for name, params in actions:
            args = self.arguments([(d, t) for d, _, t in params if d])
            if args is not None:
                out.append((name, args, [(n, t) for d, n, t in params if not d]))
        return out

    def choice(self, bound):
        name, args, params = self.rng.choice(bound)
        return f"{name}({', '.join([args] * bool(args) + [self.literal(t) for _, t in params])})"

    def declare_table(self, name):
        rng = self.rng
        keys = self.table_keys()
        actions = self.bind_actions(rng.sample(self.actions, rng.randrange(1, len(self.actions) + 1)))
        if not actions:
            return
        self.put(f"\ttable {name} {{", "\t\tkey = {")
        self.put(*(f"\t\t\t{text}: {m} @name(\"{n}\");" for n, text, _, m in keys), "\t\t}")
        shown = "".join(f"{a}({args}); " if args else f"{a}; " for a, args, _ in actions)
        self.put("\t\tactions = { " + shown + "NoAction; }")
        if rng.random() < 0.5:
            self.put(f"\t\t{rng.choice(('const ', ''))}default_action = {self.choice(actions)};")
        fixed = rng.random() < 0.5
        if fixed:
            self.put("\t\tconst entries = {", *self.entries(keys, actions), "\t\t}")
        else:
            self.put("\t\tsize = 64;")
        self.put("\t}")
        self.table_names.append((name, [a for a, _, _ in actions] + ["NoAction"]))
        self.tables.append((name, [(n, t, m) for n, _, t, m in keys], [(a, p) for a, _, p in actions], fixed))

    def table_keys(self):
        """[(name, text, type, match)]"""
        rng, keys, lpms = self.rng, [], 0
        found = self.variables(lambda t: (t[0] == "bit" and t[1] <= 64) or t == BOOL)
        for i in range(rng.randrange(1, 4)):
            v = rng.choice(found)
            text = v.text if rng.random() < 0.8 else self.expr(v.type, 2)
            match = rng.choice(self.match_kinds) if v.type[0] == "bit" and "keys" in self.has else "exact"
            if match == "lpm" and lpms:
                match = "exact"
            lpms += match == "lpm"
            keys.append((f"k{i}", text, v.type, match))
        return keys

    def entries(self, keys, actions):
        out = []
        for _ in range(self.rng.randrange(1, 5)):
            sets = ", ".join(self.entry_key(t, m) for _, _, t, m in keys)
            out.append(f"\t\t\t({sets}): {self.choice(actions)};")
        return out

    def entry_key(self, t, match):
        rng = self.rng
        if match == "exact":
            return self.literal(t)
        if rng.random() < 0.2:
            return "_"
        top = (1 << t[1]) - 1
        if match == "lpm":
            mask = top ^ (top >> rng.randrange(t[1] + 1))
            return f"{t[1]}w{rng.getrandbits(t[1]) & mask} &&& {t[1]}w{mask}"
        if match == "ternary":
            mask = rng.choice((1, top, 0x80, rng.getrandbits(t[1]))) & top
            return f"{t[1]}w{rng.getrandbits(t[1]) & mask} &&& {t[1]}w{mask}"
        if match == "range":
            return "{}w{} .. {}w{}".format(t[1], *[x for v in [sorted((rng.getrandbits(t[1]), rng.getrandbits(t[1])))]
                                                  for x in (v[0], t[1], v[1])])
        return self.literal(t)

    def declare_pipe(self):
        rng = self.rng
        self.put("control pipe(inout headers hdr, inout metadata meta" + self.std + ") {")
        self.top_scope()
        if rng.random() < 0.4:
            t, k = ("bit", rng.choice((8, 16, 32, 64))), ("bit", rng.choice((8, 32)))
            if "lookups" in self.has:
                t = rng.choice((self.scalar_type(), ("struct", "S"), ("bit", 128)))
            self.put(f"\tRegister<{show(t)}, {show(k)}>(300) reg;")
            self.register = (t, k)
        for i in range(rng.randrange(3)):
            t = self.scalar_type()
            self.put(f"\t{show(t)} v{i}" + (f" = {self.expr(t, 1)};" if rng.random() < 0.6 else ";"))
            self.add(f"v{i}", t)
        if self.sub:
            self.put(f"\tSub({rng.randrange(256)}) sub;", f"\tSub({rng.randrange(256)}) sub2;")
        if "externs" in self.has:
            self.declare_externs()
        self.declare_actions()
        for i in range(rng.randrange(3)):
            self.declare_table(f"t{i}")
        if "externs" in self.has:
            self.declare_profile_table()
        self.put("\tapply {")
        if rng.random() < 0.85:
            self.put("\t\thdr.out_.setValid();")
        if self.table_names and rng.random() < 0.4:
            self.applies.append(self.table_names[-1][0])
        self.put(*(f"\t{s}" for s in self.block(rng.randrange(*((10, 25) if "large" in self.has else (4, 12))), 3, "apply")))
        self.applies = []
        self.put(*self.show_state(), "\t}", "}")

    def show_state(self):
        """Puts what variables hold into the packet."""
        found = [v for scope in self.scopes for v in scope if v.text != "hdr" and not v.text.startswith("std")]
        leaves = [v for var in found for v in self.leaves(var) if v.type[0] in ("bit", "int", "bool")]
        for v in self.rng.sample(leaves, min(len(leaves), 6)):
            i = self.rng.randrange(4)
            w = self.types["Out"][i][1][1]
            text = v.text
            if v.type == BOOL:
                text = f"(bit<1>){text}"
            elif v.type[0] == "int":
                text = f"(bit<{v.type[1]}>){text}"
            yield f"\t\thdr.out_.o{i} = hdr.out_.o{i} ^ (bit<{w}>){text};"

    def declare_deparser(self):
        rng = self.rng
        self.put("control dprs(packet_out packet, in headers hdr) {", "\tapply {")
        self.scopes = [[]]
        self.add("hdr", ("struct", "headers"), False)
        if "deparser" not in self.has:
            self.put("\t\tpacket.emit(hdr);" if rng.random() < 0.3 else "")
            self.put(*(f"\t\tpacket.emit(hdr.{n});" for n, _ in self.types["headers"] if "emit(hdr);" not in self.text[-1]))
        else:
            for n, t in self.types["headers"]:
                path = f"hdr.{n}"
                if t[0] == "stack" and rng.random() < 0.3:
                    path += f"[{rng.randrange(t[2])}]"
                if rng.random() < 0.25:
                    self.put(f"\t\tif ({self.expr(BOOL, 2)}) {{ packet.emit({path}); }}")
                elif rng.random() < 0.9:
                    self.put(f"\t\tpacket.emit({path});")
        self.put("\t}", "}")

    def make(self):
        self.put(f"/* seed {self.seed} */")
        if not self.std:
            self.put("#define UBPF_MODEL_VERSION 20200304")
        self.put(f"#include <{'sekisho' if 'externs' in self.has else 'ubpf_model'}.p4>")
        self.declare_enums()
        self.declare_headers()
        self.declare_meta()
        if "externs" in self.has:
            self.declare_told()
        self.declare_functions()
        if "sub" in self.has:
            self.declare_sub_control()
        self.declare_parser()
        self.declare_pipe()
        self.declare_deparser()
        self.put("ubpf(prs(), pipe(), dprs()) main;", "")
        return "\n".join(self.text)


NARROW_PARAMS = (1, 7, 8, 9, 16, 32, 48, 64)
