# SPDX-License-Identifier: Apache-2.0
"""Random packets and table entries for a random program."""


def some_bytes(rng, pool, n):
    out = bytearray()
    while len(out) < n:
        x = rng.random()
        if x < 0.5:
            value = rng.choice(pool)
            out += value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
        elif x < 0.7:
            out.append(rng.choice((0, 1, 2, 0x7f, 0x80, 0xff)))
        else:
            out.append(rng.getrandbits(8))
    return bytes(out[:n])


def packets(rng, program, n):
    """(port, bytes): most are long enough for all headers, of what the program compares with."""
    pool = sorted(c for c in program.consts if c < 1 << 64) or [0]
    found = []
    for _ in range(n):
        size = rng.randrange(100, 300)
        if rng.random() < 0.3:
            size = rng.choice((0, 1, 2, rng.randrange(40), rng.randrange(20, 120)))
        data = some_bytes(rng, pool, size)
        if found and rng.random() < 0.3:
            old = bytearray(rng.choice(found)[1])
            for _ in range(rng.randrange(1, 4)):
                if old:
                    old[rng.randrange(len(old))] = rng.choice((rng.getrandbits(8), rng.choice(pool) & 0xff))
            data = bytes(old)
        found.append((rng.choice((0, 1, 1, 7)), data))
    return found


def key_text(rng, t, match):
    width = 1 if t == ("bool",) else t[1]
    top = (1 << width) - 1
    value = rng.choice((0, 1, 2, 3, 5, 7, 8, top, rng.getrandbits(width))) & top
    if match in ("exact", "optional"):
        return hex(value)
    if match == "lpm":
        length = rng.randrange(width + 1)
        return f"{hex(value & (top ^ (top >> length)))}/{length}"
    if match == "ternary":
        mask = rng.choice((top, 1, top & 0xf0, rng.getrandbits(width)))
        return f"{hex(value & mask)}&&&{hex(mask)}"
    low, high = sorted((value, rng.getrandbits(width)))
    return f"{low}..{high}"


def entries(rng, program):
    """Lines of STF: `add` and `setdefault`."""
    out = []
    for name, keys, actions, fixed in program.tables:
        seen = set()
        for priority in range(0 if fixed else rng.randrange(6)):
            texts = [f"{n}:{key_text(rng, t, m)}" for n, t, m in keys]
            action, params = rng.choice(actions)
            if tuple(texts) in seen:
                continue
            seen.add(tuple(texts))
            args = ", ".join(f"{n}:{rng.getrandbits(t[1])}" for n, t in params)
            only_exact = all(m in ("exact", "lpm") for _, _, m in keys)
            prio = "" if only_exact else f"{priority + 1} "
            out.append(f"add pipe_{name} {prio}{' '.join(texts)} {action}({args})")
    return out
