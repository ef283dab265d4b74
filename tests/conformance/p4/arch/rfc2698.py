# SPDX-License-Identifier: Apache-2.0
"""rfc2698.py > meters.stf: packets at random times, and what RFC 2698, section 4, says of each. In fractions."""
import random
from fractions import Fraction

RED, GREEN, YELLOW = 0, 1, 2
SECOND = 10 ** 9


class Meter:
    """Token buckets P and C, full at first."""

    def __init__(self, cir, cbs, pir, pbs):
        self.rates = (Fraction(cir, SECOND), Fraction(pir, SECOND))
        self.sizes = (cbs, pbs)
        self.config = (cir, cbs, pir, pbs)
        self.tokens = [Fraction(cbs), Fraction(pbs)]
        self.time = 0

    def execute(self, now, amount, color=GREEN):
        if color == RED:
            return RED
        for i in range(2):
            self.tokens[i] = min(self.sizes[i], self.tokens[i] + max(0, now - self.time) * self.rates[i])
        self.time = now
        if self.tokens[1] < amount:
            return RED
        self.tokens[1] -= amount
        if color == YELLOW or self.tokens[0] < amount:
            return YELLOW
        self.tokens[0] -= amount
        return GREEN

    def value(self):
        return "".join(v.to_bytes(8, "little").hex() for v in (*self.config, 0, 0, 0, 1 << 32))


class Unset:
    """One that nobody has set up."""

    def execute(self, _now, _amount, color=GREEN):
        return color


def main():
    rng = random.Random(2698)
    unset = Unset()
    of_bytes = {0: Meter(5_000, 75, 12_500, 175), 1: Meter(10 ** 11, 1 << 34, 10 ** 11, 1 << 34), 2: Meter(0, 25, 1, 50)}
    of_packets = {0: Meter(333, 2, 777, 5), 1: Meter(1, 1, 1, 1)}
    of_entries = {0: Meter(100, 3, 300, 4)}
    miss = Meter(50, 1, 200, 2)
    print("# SPDX-License-Identifier: Apache-2.0")
    print("# Made by rfc2698.py.")
    for name, meters in (("pipe_bytes", of_bytes), ("pipe_packets", of_packets)):
        for index, meter in meters.items():
            print(f"set {name} {index.to_bytes(4, 'little').hex()} {meter.value()}")
    print(f"set pipe_limits 00 {bytes(8).hex()}{of_entries[0].value()}")
    print(f"set pipe_limits_defaultAction 00000000 0100000000000000{miss.value()}")
    now = 1_700_000_000 * SECOND
    for n in range(200):
        now += rng.choice((0, 1, 999, 100_000, 3_000_000, 12_345_678, 40_000_000 if n % 50 else -5 * SECOND))
        index = rng.choice((0, 0, 0, 0, 1, 2, 3))
        color = rng.choice((GREEN, GREEN, GREEN, YELLOW, RED))
        size = rng.choice((6, 16, 25, 50, 60))
        first = of_bytes.get(index, unset).execute(now, size, color)
        second = of_packets.get(index, unset).execute(now, 1)
        entry = of_entries[0].execute(now, 1) if index == 0 else None
        other = miss.execute(now, 1, YELLOW) if index else None
        last = f"{entry:02x}00" if index == 0 else f"00{other:02x}"
        print(f"time {now}")
        print(f"packet 0 {index:02x}{color:02x}00000000 {'cc' * (size - 6)}")
        print(f"expect 0 {index:02x}{color:02x}{first:02x}{second:02x}{last} {'cc' * (size - 6)}")


if __name__ == "__main__":
    main()
