# SPDX-License-Identifier: Apache-2.0
"""Runs a P4 program's STF file through both engines: the BPF machine and native code.

STF: `packet PORT HEX`, `expect PORT HEX` (`*` matches a nibble, a trailing `$` pins the length),
`add TABLE [PRIO] key.FIELD:VALUE ... ACTION(ARG:VALUE, ...)`, `setdefault TABLE ACTION(...)`, where a
field's value may be `V/BITS`, `V&&&MASK`, `LOW..HIGH`, or have `*` for digits that do not matter. Ours:
`sent 4|6 SADDR DADDR SPORT DPORT` (hex) makes the VM have sent a UDP datagram, `drop [LINE]` says that
the last packet was dropped, at that line of the program, `time NS` stops the clock there, `digest NAME
RECORD|none` takes a digest's next record, `set MAP KEY VALUE` and `value MAP KEY VALUE` write and compare bytes of a
map in hex, `member PROFILE NUMBER ACTION(...)` and `group SELECTOR NUMBER MEMBER ...` fill action profiles, whose
tables' entries have the action `member(NUMBER)` or `group(NUMBER)`, `meter NAME(INDEX) CIR CBS PIR PBS` sets a
meter, `check_counter NAME(INDEX) packets|bytes NUMBER` compares a counter, `#: compat` builds as p4c would, and
`#: extern FILE` names the C of the program's own functions.
"""
import contextlib
import pathlib
import re
import struct
import subprocess

WIDTHS = {"u8": 1, "u16": 2, "u32": 4, "u64": 8}


class Failure(Exception):
    """What a program did and should not have done, or the reverse."""


def parse_fields(body):
    """[(name, bytes, alignment)] of the members of a struct of the generated C."""
    fields = []
    for kind, name, count in re.findall(r"(u\d+) \$(\w+)(?:\[(\d+)\])?;", body):
        size = WIDTHS[kind]
        fields.append((name, int(count) if count else size, size))
    return fields


def pack(fields, values, what):
    """The bytes of a struct of C, with its padding."""
    out = bytearray()
    align = 1
    left = dict(values)
    for name, size, alignment in fields:
        align = max(align, alignment)
        out += bytes(-len(out) % alignment)
        if name not in left:
            raise Failure(f"{what}: no value for {name}")
        out += left.pop(name).to_bytes(size, "little")
    if left:
        raise Failure(f"{what}: no field {', '.join(left)}")
    return bytes(out) + bytes(-len(out) % align), align


def number(text):
    return int(text, 0)


def pattern(text, width):
    """(first, second, bits): value and mask, or with `..` low and high end; bits of a prefix."""
    every = (1 << width) - 1
    if ".." in text:
        low, high = text.split("..")
        return number(low), number(high), None
    if "&&&" in text:
        value, mask = (number(t) for t in text.split("&&&"))
        return value & mask, mask, None
    if "/" in text:
        value, bits = text.split("/")
        mask = every ^ (every >> int(bits))
        return number(value) & mask, mask, int(bits)
    if "*" in text:
        base, digits = (text[:2], text[2:]) if text[:2] in ("0x", "0b") else ("0x", text)
        one = "f" if base == "0x" else "1"
        mask = 0 if digits == "*" else int("".join("0" if d == "*" else one for d in digits),
                                           16 if base == "0x" else 2)
        return number(base + digits.replace("*", "0")), mask, 0 if mask == 0 else None
    return number(text), every, width


class Layout:
    """Where tables keep their keys and actions, as the generated C says."""

    def __init__(self, code):
        self.keys = {name: parse_fields(body)
                     for name, body in re.findall(r"struct (?:__\w+\(\(packed\)\) )?(\w+)\$key \{(.*?)\n\t\};", code, re.S)}
        self.actions = {name: {a: int(i) for a, i in re.findall(name + r"\$(\w+)\$\d+ = (\d+)", body)}
                        for name, body in re.findall(r"enum (\w+)\$actions \{(.*?)\n\t\};", code, re.S)}
        self.matches = {}
        for name, field, match, width in re.findall(r"/\* match (\w+) (\w+) (\w+) (\d+) \*/", code):
            self.matches.setdefault(name, []).append((field, match, int(width)))
        self.data = {}
        for name, body in re.findall(r"struct (\w+)\$value \{(.*?)\} u;", code, re.S):
            self.data[name] = {a: parse_fields(b)
                               for b, a in re.findall(r"struct \{(.*?)\} (\w+)\$\d+;", body, re.S)}
        self.profiles = dict(re.findall(r"\$map asm\(\"(\w+)\"\) = \{4u, sizeof\(u32\), "
                                        r"sizeof\(struct (\w+)\$value\)", code))
        self.choices = {name: 2 if groups else 1 for name, groups in
                        re.findall(r"struct (\w+)\$entry \{\s+u32 member(, group)?;", code)}
        self.direct = {name: 16 * body.count("struct counter") + 64 * body.count("struct meter")
                       for name, body in re.findall(r"struct (\w+)\$(?:value|entry) \{(.*?)\n\t\};", code, re.S)}

    def field(self, table, text):
        """The field that a script calls "key.hdr_x_y", "hdr.x.y" or "hdr_x_y"."""
        names = [name for name, *_ in self.matches.get(table, self.keys.get(table, []))]
        whole = text.replace(".", "_")
        return whole if whole in names else text.split(".")[-1]

    def key(self, table, values, priority):
        if table not in self.keys:
            raise Failure(f"there is no table {table}")
        if table not in self.matches:
            return pack(self.keys[table], {n: number(v) for n, v in values.items()}, table)[0]
        matches = self.matches[table]
        if [f for f, _, _ in matches if f not in values] or len(values) != len(matches):
            raise Failure(f"{table}: its keys are {', '.join(f for f, _, _ in matches)}")
        if {m for _, m, _ in matches} <= {"exact", "lpm"} and len([m for m in matches if m[1] == "lpm"]) == 1:
            return self.prefix_key(matches, values)
        return self.classifier_key(matches, values, priority)

    @staticmethod
    def prefix_key(matches, values):
        """The prefix's length, exact fields, the front bits of the field that has one."""
        bits, out = 0, b""
        for field, match, width in matches:
            value, _, prefix = pattern(values[field], width)
            size = -(-width // 8)
            if match == "lpm":
                value <<= 8 * size - width
                bits += prefix
            else:
                bits += 8 * size
            out += value.to_bytes(size, "big")
        return bits.to_bytes(4, "little") + out

    @staticmethod
    def classifier_key(matches, values, priority):
        """Priority, then for all fields the values or low ends, then the masks or high ends."""
        first, second = b"", b""
        for field, match, width in matches:
            low, high, _ = pattern(values[field], width)
            size = -(-width // 8)
            if match == "range" and ".." not in values[field]:
                low, high = (0, (1 << width) - 1) if values[field] == "*" else (low, low)
            first += low.to_bytes(size, "big")
            second += high.to_bytes(size, "big")
        return priority.to_bytes(4, "little") + first + second

    def value(self, table, action, values):
        """u32 action, then the union of all actions' data."""
        if action not in self.actions.get(table, {}):
            action = action.split("_", 1)[-1]
        if action not in self.actions.get(table, {}):
            raise Failure(f"table {table} has no action {action}")
        unions = [pack(f, {n: 0 for n, _, _ in f}, table) for f in self.data[table].values()]
        align = max([a for _, a in unions], default=1)
        size = max([len(b) for b, _ in unions], default=0)
        size += -size % align
        body = pack(self.data[table].get(action, []), values, action)[0].ljust(size, b"\0")
        head = self.actions[table][action].to_bytes(4, "little")
        head += bytes(-4 % align)
        whole = head + body
        direct = 0 if table in self.choices else self.direct.get(table, 0)
        return whole + bytes(-len(whole) % (8 if direct else max(4, align))) + bytes(direct)


    def choice(self, table, kind, number):
        """Of a table with an action profile: u32 member, and u32 group if it is a selector."""
        words = (0, int(number)) if kind == "group" else (int(number), 0)
        direct = self.direct.get(table, 0)
        return struct.pack("<2I", *words)[:8 if direct else 4 * self.choices[table]] + bytes(direct)


class Engine:
    """A p4run process: a command and its answer a line."""

    def __init__(self, p4run, program, *options, env=None):
        self.process = subprocess.Popen([p4run, program, *options], env=env, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, command):
        try:
            self.process.stdin.write(command + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        answer = self.process.stdout.readline().strip()
        if not answer or answer.startswith("error"):
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            raise Failure(f"{command[:60]}: {answer or self.process.stderr.read().strip()}")
        return answer

    def close(self):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.process.kill()
        self.process.wait()


def matches(expected, exact, got):
    if len(got) < len(expected) or (exact and len(got) != len(expected)):
        return False
    return all(e in ("*", g) for e, g in zip(expected, got))


class Run:
    """One STF file on one engine."""

    def __init__(self, engine, layout, compat):
        self.engine = engine
        self.layout = layout
        self.compat = compat
        self.out = {}
        self.last = None

    def packet(self, port, data):
        answer = self.engine.ask(f"packet {port} {data or '-'}")
        result, action, out_port, site, body = answer.split()
        body = "" if body == "-" else body
        self.last = (int(result), int(site), body)
        if int(result):
            out = int(out_port) if self.compat or int(action) == 3 else port
            self.out.setdefault(out, []).append(body)

    def expect(self, port, data):
        exact = data.endswith("$") or self.compat
        data = data.rstrip("$")
        got = self.out.get(port, [])
        if not got:
            raise Failure(f"nothing came out of port {port}")
        body = got.pop(0)
        if not matches(data, exact, body):
            raise Failure(f"port {port}: {body}\n  instead of {data}")

    def drop(self, line):
        result, site, _ = self.last
        if result:
            raise Failure("the packet was not dropped")
        if line and site != line:
            raise Failure(f"dropped at line {site}, not {line}")

    def add_to_set(self, text):
        """A value set's entries have no action."""
        table, *keys = text.split()
        pairs = [k.split(":") for k in keys]
        key = self.layout.key(table, {self.layout.field(table, k): v for k, v in pairs}, 0)
        self.engine.ask(f"set {table} {key.hex()} {bytes(4).hex()}")

    def add(self, text, default):
        if text.split()[0] in self.layout.keys and text.split()[0] not in self.layout.actions:
            self.add_to_set(text)
            return
        found = re.match(r"(\w+)\s+(?:(\d+)\s+)?(.*?)(\w+)\((.*)\)", text)
        table, priority, keys, action, args = found.groups()
        if table in self.layout.choices and not default:
            value = self.layout.choice(table, action, args)
        else:
            value = self.action(table, action, args)
        if default:
            self.engine.ask(f"set {table}_defaultAction 00000000 {value.hex()}")
            return
        pairs = [k.split(":") for k in keys.split()]
        key = self.layout.key(table, {self.layout.field(table, k): v for k, v in pairs}, int(priority or 0))
        self.engine.ask(f"set {table} {key.hex()} {value.hex()}")

    def action(self, table, action, args):
        values = [a.split(":") for a in re.split(r"[,\s]+", args) if a]
        return self.layout.value(table, action, {n: number(v) for n, v in values})

    def member(self, text):
        profile, index, action, args = re.match(r"(\w+)\s+(\d+)\s+(\w+)\((.*)\)", text).groups()
        value = self.action(self.layout.profiles[profile], action, args)
        self.engine.ask(f"set {profile} {struct.pack('<I', int(index)).hex()} {value.hex()}")

    def group(self, text):
        selector, index, *members = text.split()
        value = struct.pack("<65I", len(members), *map(int, members), *[0] * (64 - len(members)))
        self.engine.ask(f"set {selector}_groups {struct.pack('<I', int(index)).hex()} {value.hex()}")

    def meter(self, text):
        name, index, *rates = re.split(r"[() ]+", text)
        value = struct.pack("<7Q2I", *map(int, rates), 0, 0, 0, 0, 1)
        self.engine.ask(f"set {name} {struct.pack('<I', int(index)).hex()} {value.hex()}")

    def counter(self, name, index):
        """(packets, bytes)"""
        return struct.unpack("<2Q", bytes.fromhex(self.engine.ask(f"get {name} {struct.pack('<I', index).hex()}")))

    def check_counter(self, text):
        name, index, unit, wanted = re.split(r"[() ]+", text)
        got = self.counter(name, int(index))[unit == "bytes"]
        if got != int(wanted):
            raise Failure(f"{name}: {got} {unit}, not {wanted}")

    def line(self, text):
        word, _, rest = text.partition(" ")
        rest = rest.strip()
        if word in ("packet", "expect"):
            port, _, data = rest.partition(" ")
            getattr(self, word)(int(port), data.replace(" ", "").lower())
        elif word == "drop":
            self.drop(int(rest) if rest else 0)
        elif word in ("add", "setdefault"):
            self.add(rest, word == "setdefault")
        elif word in ("member", "group", "meter", "check_counter"):
            getattr(self, word)(rest)
        elif word in ("sent", "time", "set"):
            self.engine.ask(text)
        elif word == "digest":
            name, record = rest.split()
            got = self.engine.ask(f"digest {name}")
            if not matches(record, True, got):
                raise Failure(f"{name}: {got}\n  instead of {record}")
        elif word == "value":
            name, key, value = rest.split()
            got = self.engine.ask(f"get {name} {key}")
            if not matches(value, True, got):
                raise Failure(f"{name}: {got}\n  instead of {value}")
        else:
            raise Failure(f"unknown command {word}")

    def finish(self):
        left = {port: out for port, out in self.out.items() if out}
        if left:
            raise Failure(f"packets that nothing was said about: {left}")


def run_stf(path, engine, layout, compat):
    return run_lines(path, Run(engine, layout, compat))


def run_lines(path, run):
    """Raises Failure with the line. Returns how many expectations were met."""
    met = 0
    number_of = 0
    try:
        for number_of, text in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
            text = text.split("#")[0].strip()
            if text:
                run.line(text)
                met += text.split()[0] in ("expect", "drop", "digest", "value", "check_counter")
        run.finish()
    except Failure as failure:
        raise Failure(f"{path}:{number_of}: {failure}") from failure
    return met


def options(stf, compat):
    """What the script wants of `p4 build`."""
    found = re.search(r"#: extern (\S+)", pathlib.Path(stf).read_text()) if stf else None
    return ((["--compat=p4c"] if compat else []) +
            (["--extern", pathlib.Path(stf).with_name(found[1])] if found else []))


def build(sekisho, source, folder, more):
    """[(engine's name, file)] and the layout."""
    base = pathlib.Path(folder) / pathlib.Path(source).stem
    obj, code, lib = (base.with_suffix(s) for s in (".o", ".c", ".so"))
    command = [sekisho, "p4", "build", source, "-o", obj, "--emit-c", code]
    done = subprocess.run(command + more, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"{source}: {done.stderr.strip()}")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-w", "-DSEKISHO_NATIVE", code, "-o", lib],
                   check=True)
    return [("bpf", obj), ("native", lib)], Layout(code.read_text())


def run_program(sekisho, p4run, source, stf, folder, compat):
    """Builds and runs; returns how many expectations were met on each engine."""
    programs, layout = build(sekisho, source, folder, options(stf, compat))
    met = 0
    for name, program in programs:
        engine = Engine(p4run, program)
        try:
            met = run_stf(stf, engine, layout, compat) if stf else 0
        except Failure as failure:
            raise Failure(f"{name}: {failure}") from failure
        finally:
            engine.close()
    return met
