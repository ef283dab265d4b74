# SPDX-License-Identifier: Apache-2.0
"""A small assembler for the text of the conformance suite's `-- asm` sections (RFC 9669)."""
import re
import struct

ALU = {name: code << 4 for code, name in enumerate(
    "add sub mul div or and lsh rsh neg mod xor mov arsh".split())}
SIGNED = {"sdiv": "div", "smod": "mod"}
JUMPS = {"jeq": 0x10, "jgt": 0x20, "jge": 0x30, "jset": 0x40, "jne": 0x50, "jsgt": 0x60,
         "jsge": 0x70, "jlt": 0xa0, "jle": 0xb0, "jslt": 0xc0, "jsle": 0xd0}
SIZES = {"w": 0x00, "h": 0x08, "b": 0x10, "dw": 0x18}
ATOMICS = {"add": 0x00, "or": 0x40, "and": 0x50, "xor": 0xa0, "xchg": 0xe0, "cmpxchg": 0xf0}
FETCH = 1


class AsmError(Exception):
    pass


def insn(opcode, dst=0, src=0, off=0, imm=0):
    imm &= 0xffffffff
    return struct.pack("<BBhI", opcode, src << 4 | dst, off, imm)


def is_reg(text):
    return re.fullmatch(r"%r\d+", text) is not None


def reg(text):
    if not is_reg(text):
        raise AsmError(f"not a register: {text}")
    return int(text[2:])


def number(text):
    return int(text, 0)


def place(text):
    m = re.fullmatch(r"\[(%r\d+)\s*(?:([+-])\s*(\w+))?\]", text)
    if not m:
        raise AsmError(f"not a place in memory: {text}")
    off = number(m[3]) if m[3] else 0
    return reg(m[1]), -off if m[2] == "-" else off


def alu(name, args):
    bits = 32 if name.endswith("32") else 64
    name = name[:-2] if name.endswith("32") else name
    off = 1 if name in SIGNED else 0
    opcode = ALU[SIGNED.get(name, name)] | (0x04 if bits == 32 else 0x07)
    if name == "neg":
        return insn(opcode, reg(args[0]))
    if is_reg(args[1]):
        return insn(opcode | 8, reg(args[0]), reg(args[1]), off)
    return insn(opcode, reg(args[0]), 0, off, number(args[1]))


def movsx(name, args):
    m = re.fullmatch(r"movsx(8|16|32)(32|64)", name)
    return insn(0xbc if m[2] == "32" else 0xbf, reg(args[0]), reg(args[1]), int(m[1]))


def swap(name, args):
    m = re.fullmatch(r"(le|be|swap|bswap)(16|32|64)", name)
    opcode = {"le": 0xd4, "be": 0xdc}.get(m[1], 0xd7)
    return insn(opcode, reg(args[0]), imm=int(m[2]))


def memory(name, args):
    if name.startswith("ldxs"):
        src, off = place(args[1])
        return insn(0x81 | SIZES[name[4:]], reg(args[0]), src, off)
    if name.startswith("ldx"):
        src, off = place(args[1])
        return insn(0x61 | SIZES[name[3:]], reg(args[0]), src, off)
    dst, off = place(args[0])
    if name.startswith("stx"):
        return insn(0x63 | SIZES[name[3:]], dst, reg(args[1]), off)
    return insn(0x62 | SIZES[name[2:]], dst, 0, off, number(args[1]))


def atomic(words, args):
    fetch = FETCH if words[0] == "fetch" else 0
    name = words[-1]
    opcode = 0xc3 if name.endswith("32") else 0xdb
    name = name[:-2] if name.endswith("32") else name
    if name in ("xchg", "cmpxchg"):
        fetch = FETCH
    dst, off = place(args[0])
    return insn(opcode, dst, reg(args[1]), off, ATOMICS[name] | fetch)


class Program:
    """Two passes: slots first, then jumps, whose labels are known by then."""

    def __init__(self):
        self.slots = []
        self.labels = {}
        self.fixups = []

    def jump_to(self, target, wide=False):
        if re.fullmatch(r"[+-]\d+", target):
            return int(target)
        self.fixups.append((len(self.slots), target, wide))
        return 0

    def jump(self, name, args):
        bits32 = name.endswith("32")
        opcode = JUMPS[name[:-2] if bits32 else name] | (0x06 if bits32 else 0x05)
        off = self.jump_to(args[2])
        if is_reg(args[1]):
            return insn(opcode | 8, reg(args[0]), reg(args[1]), off)
        return insn(opcode, reg(args[0]), 0, off, number(args[1]))

    def call(self, args):
        if args[0].startswith("local"):
            target = args[0].split()[1]
            return insn(0x85, 0, 1, 0, self.jump_to(target, wide=True))
        if is_reg(args[0]):
            return insn(0x8d, reg(args[0]))
        return insn(0x85, imm=number(args[0]))

    def statement(self, text):
        words = text.split(None, 1)
        name, args = words[0], [a.strip() for a in words[1].split(",")] if len(words) > 1 else []
        if name == "exit":
            return insn(0x95)
        if name == "lddw":
            value = number(args[1]) & (1 << 64) - 1
            return insn(0x18, reg(args[0]), imm=value) + insn(0, imm=value >> 32)
        if name == "lock":
            head, rest = args[0].rsplit("[", 1)
            return atomic(head.split(), ["[" + rest] + args[1:])
        if name == "call":
            return self.call(args)
        if name == "ja":
            return insn(0x05, off=self.jump_to(args[0]))
        if name in ("ja32", "gotol"):
            return insn(0x06, imm=self.jump_to(args[0], wide=True))
        if name.startswith("movsx"):
            return movsx(name, args)
        if re.fullmatch(r"(le|be|swap|bswap)(16|32|64)", name):
            return swap(name, args)
        if name.removesuffix("32") in JUMPS:
            return self.jump(name, args)
        if name.removesuffix("32") in ALU or name.removesuffix("32") in SIGNED:
            return alu(name, args)
        if name.startswith(("ldx", "st")):
            return memory(name, args)
        raise AsmError(f"unknown instruction: {text}")

    def fix(self, at, target, wide):
        where = self.labels.get(target)
        if where is None:
            raise AsmError(f"unknown label: {target}")
        opcode, regs, off, imm = struct.unpack("<BBhI", self.slots[at])
        if wide:
            imm = where - at - 1 & 0xffffffff
        else:
            off = where - at - 1
        self.slots[at] = struct.pack("<BBhI", opcode, regs, off, imm)

    def add(self, text):
        code = self.statement(text)
        if text == "exit":
            self.labels.setdefault("exit", len(self.slots))
        self.slots += [code[i:i + 8] for i in range(0, len(code), 8)]


def assemble(text):
    program = Program()
    for line in text.splitlines():
        line = line.split("#")[0].strip()
        m = re.match(r"(\w+):\s*(.*)", line)
        if m:
            program.labels[m[1]] = len(program.slots)
            line = m[2]
        if line:
            program.add(line)
    for fixup in program.fixups:
        program.fix(*fixup)
    return b"".join(program.slots)
