# SPDX-License-Identifier: Apache-2.0
"""What can be broken in the verifier's sources, one place at a time. Works on the text: comments and
strings are blanked out first, statements are found by their parentheses."""
import re
from dataclasses import dataclass, field

# Functions that decide by `return false` or NULL whether something is so: a `no` less is a check less.
DECIDES = re.compile(
    r"cover|holds|pair$|pair_|allow|is_never_null|is_set|is_new_length|is_plain|fits|is_offset|"
    r"is_small_symbol|splits|stays_exact|compares_|rest_is_positive|is_symbol|same_object|"
    r"moves_freely|closed_in|is_null|is_zero|may_go_on|ends_soon|^counts|^limits|^counter|"
    r"^seki_bpf_proto|is_helper|find_|kept_same|least$|len_min$|is_head|^seki_rank_end")
# The same, where `true` is the no.
REFUSES = re.compile(r"has_pointer|overlaps|is_exhausted|matters|may_stop")
# The same, where 0 is the no.
GOES_ON = re.compile(r"^seki_rank_end$")
CHECK_CALL = re.compile(r"\b(?:check_\w+|seki_walk_readable|seki_walk_bytes|reject_\w+)\(")
SAYS_NO = re.compile(
    r"\bseki_walk_(?:reject|endless|too_complex)\(|reject_\w+\(|return \"|return -E(?!NOENT)|return err;|"
    r"goto (?:fault|too_long|stopped);|no_helper|->fault")
# Sources that conclude things, from which an early return keeps them; and what a conclusion looks like.
CONCLUDES = re.compile(r"/(?:relate|low|check_\w+|state|scalar|num|assume|packet)\.c$")
BELIEF = re.compile(
    r"\b(?:add_fact|put_fact|make_rest|learn_\w+|copy_tie|tie_sum|inherit|seki_scalar_clamp|"
    r"seki_scalar_equate|raise_low|seki_relate_(?:sum|rest|divide|multiply|shift))\(|"
    r"\bresult[.>-]+(?:id|v)\b|\b(?:n|s->n)[.>-]+[us](?:min|max)\b")
# Statements that take back what was believed, or keep a run from going on for ever.
FORGETS = re.compile(
    r"\b(?:untie|seki_frame_forget|seki_frame_unmark|make_stale|new_length|destroy_args|"
    r"seki_walk_read|seki_walk_read_as|seki_walk_read_by|seki_walk_touch|seki_x86_use_fuel|"
    r"add)\(|make_stale|retie|X86_(?:AE|NE|B), g->|SEKI_REG_(?:GONE|NONE|STALE)\b|= SEKI_SYM_NONE|n_facts = 0|"
    r"meta_is_len (?:&?)=|map_changed |wait_(?:seen|changed) |read\[i\] \|=|rest = false|"
    r"rank\.(?:head|base|step|most) =|p->(?:rank|anchor) =|read_as_head\(|->(?:cost|again) \+?=|"
    r"packet_touch = ")


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
    nth: int = 1  # of those that are called the same
    text: str = field(default="", repr=False)  # of the whole source

    def name(self):
        old = re.sub(r"\s+", " ", self.old)
        where = f" in {self.context}" if len(old) <= 2 else ""
        nth = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.function}: {old} -> {self.new or 'nothing'}{where}{nth}"

    def full_name(self):
        return f"{self.path} {self.name()}"

    def source(self):
        return self.text[:self.start] + self.new + self.text[self.end:]


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


def choice(text, start, end):
    """The operands of what stands between the parts of a ?: expression, or between brackets of one."""
    edges, found, i = [start], [], start
    while i < end:
        if text[i] in "([":
            close = closing(text, i)
            found += operands(text, i + 1, close) if text[i] == "(" else []
            i = close
        elif text[i] in "?:":
            edges += [i, i + 1]
        i += 1
    if len(edges) == 1:
        return found
    edges.append(end)
    for a, b in zip(edges[::2], edges[1::2]):
        found += [o for o in operands(text, a, b) if o not in found]
    return found


def operands(text, start, end):
    """The operands of && and || in text[start:end], at every depth: (operator, start, end)."""
    found = []
    parts = {"&&": [], "||": []}
    i = start
    if "?" in text[start:end]:
        return choice(text, start, end)
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


# Limits that are far from where they are needed: one more is as good.
MARGIN = re.compile(r" -?(?:OFFSET_MAX|TIE_MAX|SCALE_MAX|ROUNDS_MAX|WORK_MAX|INSNS_MAX|SHIFT_MAX|1ll << 40|\(1ll << 40)")
RELATION = re.compile(r"(?<![<>=!-])(<=|>=|==|!=|<|>)(?![<>=])")
LESS_IS = {"<": "< -1ll +", ">": "> 1ll +", "<=": "<", ">=": ">"}
MORE_IS = {"<": "<=", ">": ">=", "<=": "<= 1ll +", ">=": ">= -1ll +"}


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
            if op in LESS_IS and (MARGIN.match(self.bare, m.end()) or
                                  self.bare[:m.start()].endswith("(err ")):
                continue  # and -1 is no error of ours
            if op in LESS_IS:
                self.add(m.start(1), m.end(1), LESS_IS[op], weak if rejects else "rest")
                self.add(m.start(1), m.end(1), MORE_IS[op],
                         weak if rejects is False else "rest")
            else:
                self.add(m.start(1), m.end(1), {"==": "!=", "!=": "=="}[op], "rest")

    def says_yes_or_no(self):
        return bool(DECIDES.search(self.function) or REFUSES.search(self.function))

    def decides(self, body):
        """Does an if's body say no?"""
        if SAYS_NO.search(body):
            return True
        if CONCLUDES.search(self.path) and re.fullmatch(r"\s*\{?\s*return;\s*\}?\s*", body):
            return True
        no = ("0" if GOES_ON.search(self.function) else
              "true" if REFUSES.search(self.function) else "false|NULL")
        return bool(DECIDES.search(self.function) or REFUSES.search(self.function)) and bool(
            re.fullmatch(r"\s*\{?\s*return (?:%s);\s*\}?\s*" % no, body))

    def says_yes(self, body):
        """Does an if's body say that it is so?"""
        yes = "false|NULL|0" if REFUSES.search(self.function) else r"(?!false|NULL)[^;]+"
        return self.says_yes_or_no() and bool(
            re.fullmatch(r"\s*\{?\s*return (?:%s);\s*\}?\s*" % yes, body))

    def ifs(self, start, end):
        for m in re.finditer(r"\bif\s*\(", self.bare[start:end]):
            opened = start + m.end() - 1
            close = closing(self.bare, opened)
            body = self.bare[close + 1:statement_end(self.bare, close + 1)]
            weighs = re.search(r"!seki_kept_covers\(|\b(?:same|old)->open$", self.bare[opened:close])
            rejects = True if weighs or self.decides(body) else None
            if rejects is None and (self.says_yes(body) or CONCLUDES.search(self.path)
                                    and BELIEF.search(body)):
                rejects = False
            self.add(opened + 1, close, "0", "check" if rejects else "rest")
            if rejects:
                self.decided.append((close + 1, close + 1 + len(body)))
            else:
                self.add(opened + 1, close, "1", "rest" if rejects is None else "check")
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
                no = "true" if REFUSES.search(self.function) else "false"
                kind = "check" if self.says_yes_or_no() and value == no else "rest"
                self.add(a, b, "false" if value == "true" else "true", kind)
            elif re.search(r"[(!]|&&|\|\|", value) or RELATION.search(value):
                refuses = bool(REFUSES.search(self.function))
                if self.says_yes_or_no() and not value.startswith("("):
                    self.add(a, b, "0" if refuses else "1", "check")
                self.condition(a, b, refuses if self.says_yes_or_no() else None)

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
                self.add(whole, start + m.end(), ";",
                         "check" if FORGETS.search(m.group(0)) else "rest")
        for m in re.finditer(r"^\t+((?:\(void\))?\w+\([^;]*\));", self.bare[start:end], re.M):
            self.add(start + m.start(1), start + m.end(1), "",
                     "check" if FORGETS.search(m.group(0)) else "rest")

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
        found, seen = sorted(self.mutants, key=lambda m: (m.start, m.end)), {}
        for m in found:
            name = m.name()
            seen[name] = m.nth = seen.get(name, 0) + 1
            m.text = self.text
        return found


def of_file(path, text):
    return Source(path, text).all()
