# SPDX-License-Identifier: Apache-2.0
"""Makes a program smaller while something stays true of it: deletes statements, blocks and declarations, then
puts operands in the place of operators."""
import re


def spans(lines):
    """[(first, last)] of lines that go together: a block with its braces, or one line. Large ones first."""
    found, open_at = [], []
    for i, line in enumerate(lines):
        text = re.sub(r"/\*.*?\*/", "", line)
        depth = text.count("{") - text.count("}")
        if text.strip().startswith("} else"):
            start = open_at.pop() if open_at else i
            found.append((i, None))
            open_at.append(start)
            continue
        if depth > 0:
            open_at.append(i)
        elif depth < 0 and open_at:
            found.append((open_at.pop(), i))
        else:
            found.append((i, i))
    closed = [(a, b) for a, b in found if b is not None]
    return sorted(closed, key=lambda s: s[0] - s[1])


def smaller(lines, first, last):
    """Without those lines; and with the body of a block without the braces around it."""
    yield lines[:first] + lines[last + 1:]
    if last > first + 1:
        yield lines[:first] + lines[first + 1:last] + lines[last + 1:]


def delete_one(lines, holds, failed):
    """The largest part that can go, of those that were not tried; None where there is none."""
    for first, last in spans(lines):
        part = tuple(lines[first:last + 1])
        if part in failed:
            continue
        for less in smaller(lines, first, last):
            if holds("\n".join(less)):
                return less
        failed.add(part)
    return None


def delete_lines(lines, holds):
    """Until nothing of what is left can go; what could not before may go later."""
    before = None
    while before != lines:
        before, failed = lines, set()
        while (less := delete_one(lines, holds, failed)) is not None:
            lines = less
    return lines


def groups(text):
    """(start, end) of what is in parentheses."""
    found, stack = [], []
    for i, c in enumerate(text):
        if c == "(":
            stack.append(i)
        elif c == ")" and stack:
            found.append((stack.pop(), i + 1))
    return sorted(found, key=lambda s: s[0] - s[1])


def operands(inner):
    """The two sides of the operator that stands outside of all parentheses."""
    depth = 0
    for m in re.finditer(r"[([{]|[)\]}]| (\|\+\||\|-\||&&|\|\||<<|>>|\+\+|[-+*/%&|^]|==|!=|<=|>=|<|>|\?|:) ", inner):
        c = m.group(0)
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif depth == 0:
            return [inner[:m.start()], inner[m.end():]]
    return []


def simplify(line, keep):
    """`keep(line)` says whether a line does as well."""
    again = True
    while again:
        again = False
        for start, end in groups(line):
            for less in operands(line[start + 1:end - 1]):
                candidate = line[:start] + less.strip() + line[end:]
                if len(candidate) < len(line) and keep(candidate):
                    line, again = candidate, True
                    break
            if again:
                break
    return line


def shrink(text, holds):
    lines = delete_lines(text.split("\n"), holds)
    for i in range(len(lines)):
        lines[i] = simplify(lines[i], lambda new, i=i: holds("\n".join(lines[:i] + [new] + lines[i + 1:])))
    return "\n".join(delete_lines(lines, holds))
