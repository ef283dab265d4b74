# SPDX-License-Identifier: Apache-2.0
"""What can be broken in the verifier's sources, one place at a time. Works on the text: comments and
strings are blanked out first, statements are found by their parentheses."""
import re
from dataclasses import dataclass

# Functions that decide by `return false` or NULL whether something is so: a `no` less is a check less.
DECIDES = re.compile(r"cover|holds|pair$|allows|compares_integers|is_never_null|is_set|is_new_length")
CHECK_CALL = re.compile(r"\b(?:check_\w+|seki_walk_readable|seki_walk_bytes|reject_unknown)\(")


@dataclass
class Mutant:
    path: str
    start: int
    end: int
    new: str
    kind: str  # "check": less is rejected or told apart; "rest": anything else
    old: str = ""
    function: str = ""
    line: int = 0
    context: str = ""

    def name(self):
        old = re.sub(r"\s+", " ", self.old)
        where = f" in {self.context}" if len(old) <= 2 else ""
        return f"{self.function}: {old} -> {self.new or 'nothing'}{where}"


def blank(text):
    """The same text, of the same length, with comments and what is in strings as spaces."""
    def spaces(match):
        s = match.group(0)
        if s[0] in "\"'":
            return s[0] + " " * (len(s) - 2) + s[-1]
        return re.sub(r"[^\n]", " ", s)
    text = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", spaces, text,
                  flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                  text, flags=re.M | re.S)


def closing(text, at):
    """Where the bracket that is open at `at` closes."""
    pairs = {"(": ")", "[": "]", "{": "}"}
    depth, close = 0, pairs[text[at]]
    for i in range(at, len(text)):
        if text[i] == text[at]:
            depth += 1
        elif text[i] == close:
            depth -= 1
            if not depth:
                return i
    raise ValueError("a bracket does not close")


def statement_end(text, at):
    """One past the statement that begins at `at`, which is a block or ends in a semicolon."""
    while text[at].isspace():
        at += 1
    if text[at] == "{":
        return closing(text, at) + 1
    head = re.compile(r"(?:if|for|while|switch)\s*\(").match(text, at)
    if head:
        return statement_end(text, closing(text, head.end() - 1) + 1)
    while text[at] != ";":
        at = closing(text, at) + 1 if text[at] in "({[" else at + 1
    return at + 1


def functions(text):
    """(name, start of the body, its end) of each function."""
    for body in re.finditer(r"^\{$", text, re.M):
        head = text[:body.start()].rstrip()
        start = max(head.rfind("\n}"), head.rfind(";\n"), head.rfind("\n\n"))
        name = re.search(r"(\w+)\s*\(", head[start:])
        if name:
            yield name.group(1), body.start(), closing(text, body.start()) + 1


def operands(text, start, end):
    """The operands of && and || in text[start:end], at every depth: (operator, start, end)."""
    found = []
    parts = {"&&": [], "||": []}
    i = start
    while i < end:
        if text[i] in "([":
            close = closing(text, i)
            if text[i] == "(":
                found += operands(text, i + 1, close)
            i = close
        elif text[i:i + 2] in parts:
            parts[text[i:i + 2]].append(i)
            i += 1
        i += 1
    splits = sorted(parts["||"]) or sorted(parts["&&"])
    if not splits:
        return found
    operator = "||" if parts["||"] else "&&"
    edges = [start] + [x for at in splits for x in (at, at + 2)] + [end]
    for a, b in zip(edges[::2], edges[1::2]):
        found.append((operator, a, b))
        if operator == "||":
            found += [o for o in operands(text, a, b) if o[0] == "&&" and o not in found]
    return found


def trim(text, start, end):
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


RELATION = re.compile(r"(?<![<>=!-])(<=|>=|==|!=|<|>)(?![<>=])")
LESS_IS = {"<": "< -1 +", ">": "> 1 +", "<=": "<", ">=": ">"}
MORE_IS = {"<": "<=", ">": ">=", "<=": "<= 1 +", ">=": ">= -1 +"}


class Source:
    def __init__(self, path, text):
        self.path, self.text, self.bare = path, text, blank(text)
        self.mutants = []
        self.covered = set()
        self.decided = []

    def add(self, start, end, new, kind):
        start, end = trim(self.bare, start, end)
        if (start, end, new) in self.covered or self.text[start:end] == new:
            return
        self.covered.add((start, end, new))
        number = self.text.count("\n", 0, start)
        self.mutants.append(Mutant(self.path, start, end, new, kind, self.text[start:end],
                                   self.function, number + 1,
                                   self.text.splitlines()[number].strip()))

    def condition(self, start, end, rejects):
        """`rejects`: what is in here said no where it was true (True), or where it was false (False);
        None: it says nothing of the kind."""
        weak = "check" if rejects is not None else "rest"
        for operator, a, b in operands(self.bare, start, end):
            # An operand that is neutral drops a reason; which one that is depends on the operator.
            neutral = "0" if operator == "||" else "1"
            less = (operator == "||") == bool(rejects)
            self.add(a, b, neutral, weak if less else "rest")
        for m in RELATION.finditer(self.bare, start, end):
            op = m.group(1)
            if op in LESS_IS:
                self.add(m.start(1), m.end(1), LESS_IS[op], weak if rejects else "rest")
                self.add(m.start(1), m.end(1), MORE_IS[op],
                         weak if rejects is False else "rest")
            else:
                self.add(m.start(1), m.end(1), {"==": "!=", "!=": "=="}[op], "rest")

    def decides(self, body):
        """Does an if's body say no?"""
        if "seki_walk_reject(" in body or re.search(r"return \"", body):
            return True
        return bool(DECIDES.search(self.function)) and bool(
            re.fullmatch(r"\s*\{?\s*return (?:false|NULL);\s*\}?\s*", body))

    def ifs(self, start, end):
        for m in re.finditer(r"\bif\s*\(", self.bare[start:end]):
            opened = start + m.end() - 1
            close = closing(self.bare, opened)
            body = self.bare[close + 1:statement_end(self.bare, close + 1)]
            rejects = True if self.decides(body) else None
            self.add(opened + 1, close, "0", "check" if rejects else "rest")
            if rejects:
                self.decided.append((close + 1, close + 1 + len(body)))
            if not rejects:
                self.add(opened + 1, close, "1", "rest")
            self.condition(opened + 1, close, rejects)

    def returns(self, start, end):
        for m in re.finditer(r"\breturn\b([^;]*);", self.bare[start:end]):
            a, b = start + m.start(1), start + m.end(1)
            value = self.bare[a:b].strip()
            if any(i <= a < k for i, k in self.decided):
                continue  # its if is broken already
            if value.startswith("seki_walk_reject("):
                self.add(a, b, "0", "check")
            elif CHECK_CALL.match(value):
                self.add(a, b, "0", "check")
            elif value in ("true", "false"):
                kind = "check" if DECIDES.search(self.function) and value == "false" else "rest"
                self.add(a, b, "false" if value == "true" else "true", kind)
            elif "&&" in value or "||" in value or RELATION.search(value):
                self.condition(a, b, False if DECIDES.search(self.function) else None)

    def assignments(self, start, end):
        pattern = r"^\t+(?:\w+ )?(?:\*?[\w.>\[\]-]+) ?(?:[-+|&]?=)([^=;][^;]*);"
        for m in re.finditer(pattern, self.bare[start:end], re.M):
            a, b = start + m.start(1), start + m.end(1)
            value = self.bare[a:b].strip()
            whole = start + m.start() + len(m.group(0)) - len(m.group(0).lstrip())
            check = CHECK_CALL.search(value)
            if check:
                self.add(a, b, "0" if "why" not in m.group(0)[:8] else "NULL", "check")
            elif re.search(r"&&|\|\|", value):
                self.condition(a, b, None)
            elif not re.match(r"\t+(?:const |struct |enum |unsigned |static )?\w+ \*?\w", m.group(0)):
                self.add(whole, start + m.end(), ";", "rest")
        for m in re.finditer(r"^\t+((?:\(void\))?\w+\([^;]*\));", self.bare[start:end], re.M):
            self.add(start + m.start(1), start + m.end(1), "", "rest")

    def words(self, start, end):
        for m in re.finditer(r"\b(seki_min|seki_max)\b", self.bare[start:end]):
            other = "seki_max" if m.group(1) == "seki_min" else "seki_min"
            self.add(start + m.start(), start + m.end(), other, "rest")

    def all(self):
        for name, start, end in functions(self.bare):
            self.function = name
            self.ifs(start, end)
            self.returns(start, end)
            self.assignments(start, end)
            self.words(start, end)
        return sorted(self.mutants, key=lambda m: (m.start, m.end))


def of_file(path, text):
    return Source(path, text).all()
