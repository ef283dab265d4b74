# SPDX-License-Identifier: Apache-2.0
"""Random P4 expressions of a wanted type, over what a scope has.

Types are tuples: ("bit", W), ("int", W), ("bool",), ("enum", NAME), ("error",), ("struct", NAME), ("header", NAME),
("union", NAME), ("stack", HEADER, SIZE), ("ustack", UNION, SIZE), ("varbit", W), ("tuple", T, ...).
"""
import dataclasses

BOOL = ("bool",)
ERROR = ("error",)
NARROW = (1, 2, 3, 4, 5, 7, 8, 8, 8, 9, 12, 13, 16, 16, 16, 20, 24, 31, 32, 32, 32, 33, 40, 47, 48, 63, 64, 64)
WIDE = (65, 80, 96, 100, 127, 128, 128, 129, 160, 192, 255, 256, 300, 512)
FEATURES = ("stack", "union", "varbit", "loop", "generic", "keys", "compare", "tuple", "aggregate", "subparser", "sub",
            "deparser", "big_params", "bound", "unions", "std", "generic_types", "nested", "lookups",
            "cycles", "large")
ERRORS = ("NoError", "PacketTooShort", "NoMatch", "Mine", "Other")


@dataclasses.dataclass
class Var:
    text: str
    type: tuple
    writable: bool = True


def show(t):
    if t[0] in ("bit", "int", "varbit"):
        return f"{t[0]}<{t[1]}>"
    if t[0] in ("stack", "ustack"):
        return f"{t[1]}[{t[2]}]"
    if t[0] == "tuple":
        return "tuple<" + ", ".join(show(x) for x in t[1:]) + ">"
    return t[0] if len(t) == 1 else t[1]


def is_number(t):
    return t[0] in ("bit", "int")


class Exprs:
    """The part of a program's generator that makes expressions. `self.types`: fields by a type's name."""

    def __init__(self, rng, wide):
        self.rng = rng
        self.wide = wide
        # Each program has only some of these: what there is less of is tried more thoroughly.
        self.has = {f for f in FEATURES if rng.random() < 0.55}
        self.types = {}    # struct, header, union: [(field, type)]
        self.enums = {}    # name: (bits or 0, members)
        self.functions = []  # (name, result, [(dir, type)])
        self.generics = []   # names of: T f<T>(in bool, in T, in T)
        self.consts = set()  # numbers that the program compares with
        self.scopes = [[]]
        self.calls = True
        self.applies = []  # tables that the expression may apply

    # ---- what there is ----

    def width(self):
        return self.rng.choice(WIDE) if self.wide and self.rng.random() < 0.3 else self.rng.choice(NARROW)

    def number_type(self):
        w = self.width()
        return ("int", max(w, 2)) if self.rng.random() < 0.2 else ("bit", w)

    def scalar_type(self):
        x = self.rng.random()
        if x < 0.75:
            return self.number_type()
        if x < 0.88:
            return BOOL
        if x < 0.97 and self.enums:
            return ("enum", self.rng.choice(sorted(self.enums)))
        return ERROR

    def add(self, text, t, writable=True):
        self.scopes[-1].append(Var(text, t, writable))

    def leaves(self, var):
        """The variable and all that is in it; elements of stacks by a random index each."""
        yield var
        kind = var.type[0]
        if kind in ("struct", "header", "union"):
            for name, t in self.types[var.type[1]]:
                yield from self.leaves(Var(f"{var.text}.{name}", t, var.writable))
        elif kind == "stack":
            yield from self.leaves(Var(f"{var.text}[{self.index(var.type[2])}]", ("header", var.type[1]),
                                       var.writable))
        elif kind == "ustack":
            yield from self.leaves(Var(f"{var.text}[{self.index(var.type[2])}]", ("union", var.type[1]), var.writable))
        elif kind == "tuple":
            for i, t in enumerate(var.type[1:]):
                yield from self.leaves(Var(f"{var.text}[{i}]", t, False))

    def index(self, size):
        if self.rng.random() < 0.6:
            return str(self.rng.randrange(size))
        fields = [v for scope in self.scopes for v in scope if v.type[0] == "bit" and v.type[1] <= 8]
        return self.rng.choice(fields).text if fields else str(self.rng.randrange(size))

    def variables(self, want, writable=False):
        return [leaf for scope in self.scopes for var in scope for leaf in self.leaves(var)
                if want(leaf.type) and (leaf.writable or not writable)]

    def keys_of(self, t):
        """Can a value be looked up, or selected on?"""
        return (t[0] == "bit" and t[1] <= 64) or t == BOOL or t[0] == "enum"

    def variable(self, t, writable=False):
        found = self.variables(lambda x: x == t, writable)
        return self.rng.choice(found).text if found else None

    # ---- values ----

    def literal(self, t):
        kind, rng = t[0], self.rng
        if kind == "bool":
            return rng.choice(("true", "false"))
        if kind == "error":
            return "error." + rng.choice(ERRORS)
        if kind == "enum":
            return f"{t[1]}.{rng.choice(self.enums[t[1]][1])}"
        if is_number(t):
            return self.number(t)
        return self.aggregate(t, lambda x: self.literal(x))

    def number(self, t):
        w, rng = t[1], self.rng
        top = w - (t[0] == "int")
        value = rng.choice((0, 1, 2, 3, 5, 7, 8, 15, 16, 0x7f, 0x80, 0xff, 0xfffe, (1 << top) - 1, 1 << (top - 1) if top else 0,
                            rng.getrandbits(top) if top else 0)) & ((1 << top) - 1)
        if t[0] == "bit":
            self.consts.add(value)
            return f"{w}w{value}"
        return f"{w}s{value}" if rng.random() < 0.6 else f"(-{w}s{value})"

    def aggregate(self, t, make):
        if t[0] == "tuple":
            return "{" + ", ".join(make(x) for x in t[1:]) + "}"
        if t[0] == "ustack":
            return self.variable(t)
        if t[0] == "stack":
            return f"({show(t)}){{" + ", ".join(make(("header", t[1])) for _ in range(t[2])) + "}"
        fields = self.types[t[1]]
        if t[0] == "union" or any(x[0] in ("varbit", "union") for _, x in fields):
            return f"({t[1]}){{#}}" if t[0] != "struct" else self.variable(t) or "{...}"
        if t[0] == "header" and self.rng.random() < 0.2:
            return f"({t[1]}){{#}}"
        if self.rng.random() < 0.5:
            return f"({t[1]}){{" + ", ".join(make(x) for _, x in fields) + "}"
        return f"({t[1]}){{" + ", ".join(f"{n} = {make(x)}" for n, x in fields) + "}"

    def expr(self, t, depth=3):
        rng = self.rng
        if depth <= 0 or rng.random() < 0.15:
            return self.leaf(t) if rng.random() < 0.8 else self.literal(t)
        if self.calls and rng.random() < 0.08:
            found = self.call(t, depth)
            if found:
                return found
        if rng.random() < 0.08:
            return f"({self.expr(BOOL, depth - 1)} ? {self.value(t, depth - 1)} : {self.value(t, depth - 1)})"
        if t[0] == "bool":
            return self.boolean(depth)
        if t[0] == "bit":
            return self.bits(t, depth)
        if t[0] == "int":
            return self.signed(t, depth)
        if t[0] == "enum" and self.enums[t[1]][0] and rng.random() < 0.3:
            return f"({t[1]}){self.expr(('bit', self.enums[t[1]][0]), depth - 1)}"
        found = self.variable(t)
        if found and rng.random() < 0.6:
            return found
        if t[0] in ("struct", "header", "tuple"):
            return self.aggregate(t, lambda x: self.expr(x, depth - 2))
        return found or self.literal(t)

    def leaf(self, t):
        """A variable, cut or widened where there is none of the type."""
        found = self.variable(t)
        if found or not is_number(t):
            return found or self.literal(t)
        found = self.variables(lambda x: x[0] == "bit")
        if not found:
            return self.literal(t)
        v = self.rng.choice(found)
        if v.type[1] > t[1] and t[0] == "bit":
            return f"{v.text}[{t[1] - 1}:0]"
        cast = f"(bit<{t[1]}>)" if v.type[1] != t[1] else ""
        return ("" if t[0] == "bit" else f"({show(t)})") + cast + v.text

    def value(self, t, depth):
        """An expression whose type can be told without the place where it stands."""
        return f"({self.expr(t, depth)})" if is_number(t) or t == BOOL else self.variable(t) or self.literal(t)

    def call(self, t, depth):
        usable = [f for f in self.functions if f[1] == t and all(d == "in" for d, _ in f[2])]
        if self.generics and self.rng.random() < 0.3:
            return f"{self.rng.choice(self.generics)}<{show(t)}>({self.expr(BOOL, depth - 1)}, " \
                   f"{self.expr(t, depth - 1)}, {self.expr(t, depth - 1)})"
        if not usable:
            return None
        name, _, params = self.rng.choice(usable)
        args = [self.expr(p, depth - 1) for _, p in params]
        if self.rng.random() < 0.2:
            args = [f"p{i} = {a}" for i, a in enumerate(args)]
            self.rng.shuffle(args)
        return f"{name}(" + ", ".join(args) + ")"

    def comparable(self):
        x = self.rng.random()
        if x < 0.7 or "compare" not in self.has:
            return self.number_type()
        found = self.variables(lambda t: t[0] in ("struct", "header", "stack", "union", "enum", "error", "tuple"))
        found = [v for v in found if not self.has_varbit(v.type)]
        return self.rng.choice(found).type if found else BOOL

    def has_varbit(self, t):
        if t[0] in ("stack", "ustack"):
            return self.has_varbit(("header", t[1]))
        return t[0] == "varbit" or any(self.has_varbit(x) for _, x in self.types.get(t[-1], []))

    def boolean(self, depth):
        rng = self.rng
        x = rng.random()
        if x < 0.2:
            return f"({self.expr(BOOL, depth - 1)} {rng.choice(('&&', '||'))} {self.expr(BOOL, depth - 1)})"
        if x < 0.28:
            return f"(!{self.expr(BOOL, depth - 1)})"
        if x < 0.4:
            found = self.variables(lambda t: t[0] in ("header", "union"))
            if found:
                return rng.choice(found).text + ".isValid()"
        if x < 0.45:
            return f"(bool){self.expr(('bit', 1), depth - 1)}"
        if x < 0.5 and self.applies:
            return f"{self.applies.pop()}.apply().{rng.choice(('hit', 'miss'))}"
        if x < 0.65:
            t = self.number_type()
            op = rng.choice(("<", "<=", ">", ">="))
            return f"({self.expr(t, depth - 1)} {op} {self.expr(t, depth - 1)})"
        t = self.comparable()
        left = self.variable(t) if t[0] in ("struct", "header", "stack", "union", "tuple") else self.expr(t, depth - 1)
        right = self.variable(t) if t[0] in ("stack", "union") else self.expr(t, depth - 1)
        return f"({left or self.literal(t)} {rng.choice(('==', '!='))} {right})"

    def bits(self, t, depth):
        rng, w = self.rng, t[1]
        x = rng.random()
        if x < 0.4:
            op = rng.choice(("+", "-", "*", "&", "|", "^", "|+|", "|-|", "+", "-", "^"))
            return f"({self.expr(t, depth - 1)} {op} {self.expr(t, depth - 1)})"
        if x < 0.46:
            return self.division(t, depth)
        if x < 0.56:
            return self.shift(t, depth)
        if x < 0.63:
            return f"({rng.choice('~-')}{self.expr(t, depth - 1)})"
        if x < 0.72 and w >= 2:
            k = rng.randrange(1, w)
            return f"({self.expr(('bit', w - k), depth - 1)} ++ {self.expr(('bit', k), depth - 1)})"
        if x < 0.82:
            return self.slice(t, depth)
        return self.cast(t, depth)

    def division(self, t, depth):
        rng = self.rng
        divisor = self.variable(t)
        if not divisor or rng.random() < 0.5:
            divisor = f"{t[1]}w{rng.choice((1, 2, 3, 7, 10, 16, 255)) & ((1 << t[1]) - 1) or 1}"
        return f"({self.expr(t, depth - 1)} {rng.choice('/%')} {divisor})"

    def shift(self, t, depth):
        rng = self.rng
        by = str(rng.choice((0, 1, 2, 3, 7, 8, 15, t[1] - 1, t[1], t[1] + 1, rng.randrange(t[1] + 1))))
        if rng.random() < 0.4:
            by = self.expr(("bit", rng.choice((3, 5, 8, 8, 16))), depth - 2)
        return f"({self.expr(t, depth - 1)} {rng.choice(('<<', '>>'))} {by})"

    def slice(self, t, depth):
        rng, w = self.rng, t[1]
        more = self.variables(lambda x: is_number(x) and x[1] >= w)
        if not more:
            return self.cast(t, depth)
        of = rng.choice(more)
        low = rng.randrange(of.type[1] - w + 1)
        if rng.random() < 0.2:
            return f"{of.text}[{low}+:{w}]"
        return f"{of.text}[{low + w - 1}:{low}]"

    def cast(self, t, depth):
        rng, w = self.rng, t[1]
        x = rng.random()
        if x < 0.15 and w > 1:
            return f"(bit<{w}>){self.value(('int', w), depth - 1)}"
        if x < 0.25 and w == 1:
            return f"(bit<1>){self.value(BOOL, depth - 1)}"
        numbered = [n for n, (bits, _) in self.enums.items() if bits == w]
        if x < 0.4 and numbered:
            return f"(bit<{w}>){self.value(('enum', rng.choice(numbered)), 0)}"
        return f"(bit<{w}>){self.value(('bit', self.width()), depth - 1)}"

    def signed(self, t, depth):
        rng, w = self.rng, t[1]
        x = rng.random()
        if x < 0.5:
            op = rng.choice(("+", "-", "*", "&", "|", "^", "|+|", "|-|"))
            return f"({self.expr(t, depth - 1)} {op} {self.expr(t, depth - 1)})"
        if x < 0.65:
            return self.shift(t, depth)
        if x < 0.75:
            return f"({rng.choice('~-')}{self.expr(t, depth - 1)})"
        if x < 0.88:
            return f"(int<{w}>){self.value(('bit', w), depth - 1)}"
        return f"(int<{w}>){self.value(('int', max(2, self.width())), depth - 1)}"
