# SPDX-License-Identifier: Apache-2.0
"""Random objects of sekisho.p4 in a program's control, and what is done with them: all that a packet or the control
plane can tell of."""

ALGORITHMS = ("IDENTITY", "CRC32", "CRC16", "ONES_COMPLEMENT16", "TARGET_DEFAULT", "CRC32C", "LOOKUP3")
SIZES = (8, 8, 16, 16, 32, 48, 64)


class Externs:
    """A part of Stmts; `self.has` has "externs"."""

    def declare_externs(self):
        rng = self.rng
        self.cells = {"Counter": rng.randrange(1, 9), "Meter": rng.randrange(1, 5)}
        self.hash_bits = rng.choice((8, 16, 20, 32))
        self.hash_limit = 1 << rng.randrange(1, 8)
        self.put(f"\tCounter<bit<64>, bit<8>>({self.cells['Counter']}, PSA_CounterType_t."
                 f"{rng.choice(('PACKETS', 'BYTES', 'PACKETS_AND_BYTES'))}) cnt;",
                 f"\tMeter<bit<8>>({self.cells['Meter']}, PSA_MeterType_t.{rng.choice(('PACKETS', 'BYTES'))}) met;",
                 f"\tDigest<Told>({rng.choice((1, 4, 16))}) dig;", "\tInternetChecksum() ck;",
                 f"\tHash<bit<{self.hash_bits}>>(PSA_HashAlgorithm_t.{rng.choice(ALGORITHMS)}) hsh;",
                 "\tRandom<bit<16>>(7, 7) rnd;")

    def declare_told(self):
        self.told = [("bit", self.rng.choice((1, 8, 9, 16, 32, 48, 64, 100))) for _ in range(self.rng.randrange(1, 5))]
        self.put("struct Told { " + " ".join(f"bit<{t[1]}> t{i};" for i, t in enumerate(self.told)) + " }")

    def declare_profile_table(self):
        """Its members have the actions that nothing is bound of."""
        rng = self.rng
        actions = [(a, [(n, t) for _, n, t in params]) for a, params in self.actions if not any(d for d, _, _ in params)]
        if not actions:
            return
        found = self.variables(lambda t: t[0] == "bit" and t[1] <= 32)
        selects = rng.random() < 0.6
        self.put(f"\tActionSelector(PSA_HashAlgorithm_t.{rng.choice(ALGORITHMS)}, 16, {rng.choice((8, 12, 16, 32))}) prof;"
                 if selects else "\tActionProfile(16) prof;", "\ttable tp {", "\t\tkey = {")
        key = rng.choice(found)
        self.put(f"\t\t\t{key.text}: exact @name(\"k0\");")
        for i in range(rng.randrange(1, 3) if selects else 0):
            self.put(f"\t\t\t{rng.choice(found).text}: selector @name(\"s{i}\");")
        self.put("\t\t}", "\t\tactions = { " + "".join(f"{a}; " for a, _ in actions) + "NoAction; }",
                 "\t\tpsa_implementation = prof;", "\t\tsize = 64;", "\t}")
        self.table_names.append(("tp", [a for a, _ in actions] + ["NoAction"]))
        self.profile = (key.type, actions, selects)

    def words(self):
        """A list of a multiple of 16 bits."""
        return "{ " + ", ".join(self.value(("bit", self.rng.choice((16, 32, 48))), 1)
                                for _ in range(self.rng.randrange(1, 4))) + " }"

    def object_statement(self):
        rng = self.rng
        x = rng.random()
        if x < 0.2:
            return [f"cnt.count({self.value(('bit', 8), 1)});"]
        if x < 0.4:
            return self.meter_statement()
        if x < 0.5:
            return ["dig.pack({ " + ", ".join(self.expr(t, 1) for t in self.told) + " });"]
        if x < 0.7:
            return [rng.choice((f"ck.add({self.words()});", f"ck.subtract({self.words()});", f"ck.add({self.words()});",
                                f"ck.set_state({self.value(('bit', 16), 1)});"))]
        if x < 0.8:
            v = self.variable(("bit", 16), True)
            return [f"{v} = {rng.choice(('ck.get()', 'ck.get_state()', 'rnd.read()'))};"] if v else ["ck.clear();"]
        if x < 0.9:
            v = self.variable(("bit", 64), True)
            if v:
                return [f"{v} = timestamp();"]
        return self.hash_statement()

    def meter_statement(self):
        given = self.rng.choice(("", ", PSA_MeterColor_t.YELLOW", ", PSA_MeterColor_t.GREEN", ", PSA_MeterColor_t.RED"))
        color = self.rng.choice(("RED", "YELLOW", "GREEN"))
        index = self.rng.randrange(self.cells["Meter"] + 1)
        return [f"if (met.execute({index}{given}) == PSA_MeterColor_t.{color}) {{ {self.assignment(1)} }}"]

    def hash_statement(self):
        v = self.variables(lambda t: t[0] == "bit", True)
        if not v:
            return ["ck.clear();"]
        v = self.rng.choice(v)
        data = ", ".join(self.value(("bit", self.rng.choice(SIZES)), 1) for _ in range(self.rng.randrange(1, 4)))
        bounds = self.rng.random() < 0.5
        b = self.hash_bits
        call = (f"hsh.get_hash({b}w{self.rng.randrange(100)}, {{ {data} }}, {b}w{self.hash_limit})" if bounds
                else f"hsh.get_hash({{ {data} }})")
        return [f"{v.text} = (bit<{v.type[1]}>){call};"]


def setup(rng, program):
    """Lines of STF for the objects."""
    out = ["time 1700000000000000000"]
    for i in range(program.cells["Meter"]):
        if rng.random() < 0.7:
            cbs, pbs = rng.choice((1, 3, 200, 2000)), rng.choice((1, 5, 500, 4000))
            out.append(f"meter pipe_met({i}) {rng.choice((0, 1, 50))} {cbs} {rng.choice((0, 1, 100))} {pbs}")
    if program.profile:
        out += profile(rng, program)
    return out


def profile(rng, program):
    key, actions, selects = program.profile
    out = []
    for member in range(rng.randrange(1, 6)):
        action, params = rng.choice(actions)
        args = ", ".join(f"{n}:{rng.getrandbits(t[1])}" for n, t in params)
        out.append(f"member pipe_prof {member} {action}({args})")
    for group in range(1, 4 if selects else 1):
        out.append(f"group pipe_prof {group} " + " ".join(str(rng.randrange(6)) for _ in range(rng.randrange(1, 9))))
    for value in {rng.choice((0, 1, 2, 7, rng.getrandbits(key[1]))) & ((1 << key[1]) - 1) for _ in range(4)}:
        choice = f"group({rng.randrange(1, 5)})" if selects and rng.random() < 0.7 else f"member({rng.randrange(7)})"
        out.append(f"add pipe_tp k0:{value} {choice}")
    return out


def times(rng, commands):
    """The same commands with the clock going on, and back, between them."""
    now = 1700000000000000000
    for command in commands:
        if rng.random() < 0.3:
            now += rng.choice((1, 1000, 10 ** 7, 10 ** 8, 10 ** 9, -10 ** 9))
            yield f"time {now}"
        yield command
