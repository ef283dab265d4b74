# SPDX-License-Identifier: Apache-2.0
"""Random P4 statements. A place is "function", "action", "sub" or "apply": it decides what may stand there."""
from random_p4.expr import BOOL, Exprs, is_number, show
from random_p4.externs import Externs


class Stmts(Exprs, Externs):
    def __init__(self, rng, wide):
        super().__init__(rng, wide)
        self.actions = []      # (name, [(direction, param, type)])
        self.table_names = []  # (name, [action])
        self.register = None   # (value's type, key's)
        self.profile = None    # (key's type, [(action, [(param, type)])], is it a selector)
        self.cells = {}        # of counters and meters
        self.sub = None        # type of the sub-control's `x`
        self.match_kinds = ("exact", "exact", "exact", "lpm", "ternary", "range", "optional")
        self.locals = 0
        self.loops = 0

    def block(self, n, depth, place, result=None):
        """Lines of n statements, with a scope of their own."""
        self.scopes.append([])
        out = []
        for _ in range(n):
            out += [f"\t{line}" for line in self.statement(depth, place, result)]
        self.scopes.pop()
        return out

    def statement(self, depth, place, result):
        rng = self.rng
        x = rng.random()
        if depth > 0 and x < 0.16:
            return self.branch(depth, place, result)
        if depth > 0 and x < 0.22:
            return self.switch(depth, place, result)
        if depth > 0 and x < 0.29 and "loop" in self.has:
            return self.loop(depth, place, result)
        if x < 0.36:
            return self.local()
        if x < 0.43:
            return self.header_statement() or [self.assignment(3)]
        if x < 0.48:
            return self.call_statement() or [self.assignment(3)]
        if x < 0.5 and self.loops:
            return [f"if ({self.expr(BOOL, 2)}) {{ {rng.choice(('break', 'continue'))}; }}"]
        if x < 0.52:
            return self.leave(place, result)
        if place != "function" and x < 0.58:
            return self.extern_statement(place)
        if place == "apply" and x < 0.68:
            return self.apply_statement(depth) or [self.assignment(3)]
        if "varbit" in self.has and x < 0.72:
            return self.varbit_statement() or [self.assignment(3)]
        return [self.assignment(3)]

    # ---- assignments ----

    def assignment(self, depth):
        rng = self.rng
        parts = ("bit", "int", "bool", "enum", "error")
        found = self.variables(lambda t: t[0] in parts or ("aggregate" in self.has and t[0] not in ("varbit", "tuple")),
                               True)
        if not found:
            return ";"
        v = rng.choice(found)
        if is_number(v.type) and rng.random() < 0.12:
            high = rng.randrange(v.type[1])
            low = rng.randrange(high + 1)
            return f"{v.text}[{high}:{low}] = {self.expr(('bit', high - low + 1), depth - 1)};"
        if is_number(v.type) and rng.random() < 0.1:
            op = rng.choice(("+", "-", "*", "&", "|", "^"))
            return f"{v.text} {op}= {self.expr(v.type, depth - 1)};"
        if v.type[0] in ("stack", "ustack", "union"):
            return f"{v.text} = {self.variable(v.type)};"
        return f"{v.text} = {self.expr(v.type, depth)};"

    def local(self):
        rng = self.rng
        t = self.scalar_type()
        if "aggregate" in self.has and rng.random() < 0.4 and "S" in self.types:
            t = rng.choice((("struct", "S"), ("header", "First")))
        elif "tuple" in self.has and rng.random() < 0.2:
            t = ("tuple", self.number_type(), BOOL)
        self.locals += 1
        name = f"l{self.locals}"
        value = f" = {self.expr(t, 2)}" if rng.random() < 0.75 or t[0] == "tuple" else ""
        self.add(name, t, t[0] != "tuple")
        return [f"{show(t)} {name}{value};"]

    def header_statement(self):
        rng = self.rng
        headers = self.variables(lambda t: t[0] == "header", True)
        stacks = self.variables(lambda t: t[0] in ("stack", "ustack"), True)
        if stacks and rng.random() < 0.3:
            v = rng.choice(stacks)
            return [f"{v.text}.{rng.choice(('push_front', 'pop_front'))}({rng.randrange(1, v.type[2] + 2)});"]
        if not headers:
            return None
        v = rng.choice(headers)
        return [f"{v.text}.{rng.choice(('setValid', 'setValid', 'setInvalid'))}();"]

    def varbit_statement(self):
        to = self.variables(lambda t: t[0] == "varbit", True)
        if not to:
            return None
        v = self.rng.choice(to)
        other = self.variable(v.type)
        if self.rng.random() < 0.5:
            return [f"{v.text} = {other};"]
        return [f"if ({v.text} == {other}) {{ {self.assignment(2)} }}"]

    # ---- calls ----

    def arguments(self, params, named=""):
        """Text of arguments, or None where there is nothing to give; with names, in any order."""
        out = []
        for d, t in params:
            if d == "in":
                out.append(self.expr(t, 2))
                continue
            v = self.variable(t, True)
            if not v:
                return None
            out.append(v)
        if named:
            out = [f"{named}{i} = {a}" for i, a in enumerate(out)]
            self.rng.shuffle(out)
        return ", ".join(out)

    def call_statement(self):
        rng = self.rng
        if not self.functions:
            return None
        name, result, params = rng.choice(self.functions)
        args = self.arguments(params, "p" if rng.random() < 0.2 else "")
        if args is None:
            return None
        to = self.variable(result, True)
        return [f"{to} = {name}({args});" if to and rng.random() < 0.8 else f"{name}({args});"]

    def leave(self, place, result):
        what = f"return {self.expr(result, 2)};" if result else self.rng.choice(("return;", "return;", "exit;"))
        return [f"if ({self.expr(BOOL, 2)}) {{ {what} }}"]

    def extern_statement(self, place):
        rng = self.rng
        if self.cells and place != "sub" and rng.random() < 0.6:
            return self.object_statement()
        x = rng.random() * (0.8 if place == "sub" or not self.std else 1)
        if x < 0.25:
            return [f"if ({self.expr(BOOL, 2)}) {{ mark_to_{rng.choice(('drop', 'pass'))}(); }}"]
        if x < 0.3:
            return [f"if ({self.expr(BOOL, 2)}) {{ truncate({rng.randrange(1, 60)}); }}"]
        if x < 0.5 and self.register and place != "sub":
            return self.register_statement()
        if x < 0.65:
            v = self.variable(("bit", 32), True)
            if v:
                data = ", ".join(self.value(("bit", rng.choice((8, 16, 32, 64))), 1) for _ in range(rng.randrange(1, 4)))
                return [f"hash({v}, HashAlgorithm.lookup3, {{ {data} }});"]
        if x < 0.8:
            v = self.variable(("bit", 16), True)
            if v:
                w = rng.choice((2, 4))
                args = ", ".join(self.expr(("bit", b), 2) for b in (16, w * 8, w * 8))
                return [f"{v} = csum_replace{w}({args});"]
        if place == "sub" or not self.std:
            return ["mark_to_pass();"]
        if x < 0.9:
            return [f"std.output_action = ubpf_action.{rng.choice(('PASS', 'REDIRECT', 'DROP'))};"]
        return [f"std.output_port = {self.expr(('bit', 32), 2)};"]

    def register_statement(self):
        t, k = self.register
        v = self.variable(t, True)
        index = self.expr(k, 1) if k[1] == 8 else f"(bit<32>){self.value(('bit', 8), 1)}"
        if v and self.rng.random() < 0.5:
            return [f"{v} = reg.read({index});"]
        return [f"reg.write({index}, {self.expr(t, 2)});"]

    def apply_statement(self, depth):
        rng = self.rng
        if self.sub and rng.random() < 0.4:
            return self.apply_sub()
        if rng.random() < 0.2 and self.actions:
            name, params = rng.choice(self.actions)
            args = self.arguments([(d or "in", t) for d, _, t in params])
            return [f"{name}({args});"] if args is not None else None
        if not self.table_names:
            return None
        name, actions = self.table_names.pop() if rng.random() < 0.7 else rng.choice(self.table_names)
        x = rng.random()
        if x < 0.4 or depth <= 0:
            return [f"{name}.apply();"]
        if x < 0.7:
            return [f"if ({name}.apply().{rng.choice(('hit', 'miss'))}) {{", *self.block(2, depth - 1, "apply"), "}"]
        out = [f"switch ({name}.apply().action_run) {{"]
        for a in rng.sample(actions, rng.randrange(1, len(actions) + 1)):
            out.append(f"\t{a}:" + (" {" if rng.random() < 0.8 else ""))
            if out[-1].endswith("{"):
                out += [*(f"\t{s}" for s in self.block(1, depth - 1, "apply")), "\t}"]
        if not out[-1].endswith("}") or rng.random() < 0.5:
            out += ["\tdefault: {", *(f"\t{s}" for s in self.block(1, depth - 1, "apply")), "\t}"]
        return out + ["}"]

    def apply_sub(self):
        h, y = self.variable(("header", "First"), True), self.variable(("bit", 16), True)
        if not h or not y:
            return None
        whole = "hdr, " if self.sub_whole else ""
        name = self.rng.choice(("sub", "sub", "sub2"))
        return [f"{name}.apply({whole}{h}, {self.expr(self.sub, 2)}, {y});"]

    # ---- control flow ----

    def branch(self, depth, place, result):
        out = [f"if ({self.expr(BOOL, 3)}) {{", *self.block(2, depth - 1, place, result)]
        if self.rng.random() < 0.5:
            out += ["} else {", *self.block(2, depth - 1, place, result)]
        return out + ["}"]

    def switch(self, depth, place, result):
        rng = self.rng
        t = ("bit", rng.choice((2, 8, 16)))
        if rng.random() < 0.3 and self.enums:
            t = ("enum", rng.choice(sorted(self.enums)))
        labels = sorted({self.literal(t) for _ in range(rng.randrange(1, 4))})
        out = [f"switch ({self.expr(t, 2) if t[0] == 'bit' else self.value(t, 0)}) {{"]
        for label in labels:
            if rng.random() < 0.2:  # does what the next label says
                out.append(f"\t{label}:")
                continue
            out += [f"\t{label}: {{", *(f"\t{s}" for s in self.block(1, depth - 1, place, result)), "\t}"]
        out += ["\tdefault: {", *(f"\t{s}" for s in self.block(1, depth - 1, place, result)), "\t}"]
        return out + ["}"]

    def loop(self, depth, place, result):
        rng = self.rng
        self.locals += 1
        name = f"i{self.locals}"
        self.scopes.append([])
        x = rng.random()
        stacks = self.variables(lambda t: t[0] == "stack")
        if x < 0.4:
            head = f"for (bit<8> {name} = 0; {name} < {rng.randrange(1, 5)}; {name} = {name} + 1)"
            self.add(name, ("bit", 8), False)
        elif x < 0.8 or not stacks:
            low = rng.randrange(6)
            high = f"8w{max(low + rng.randrange(-1, 4), 0)}"
            small = self.variables(lambda t: t[0] == "bit" and 3 <= t[1] <= 8)
            if small and rng.random() < 0.2:
                v = rng.choice(small)
                high = f"(bit<8>){v.text}[2:0]"
            head = f"for (bit<8> {name} in 8w{low} .. {high})"
            self.add(name, ("bit", 8), False)
        else:
            v = rng.choice(stacks)
            head = f"for ({v.type[1]} {name} in {v.text})"
            self.add(name, ("header", v.type[1]), False)
        self.loops += 1
        out = [f"{head} {{", *self.block(2, depth - 1, place, result), "}"]
        self.loops -= 1
        self.scopes.pop()
        return out
