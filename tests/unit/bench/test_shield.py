# SPDX-License-Identifier: Apache-2.0
"""bench/shield without a switch: medians and ratios, rounds in which turns fail, tables, targets, the picture."""
import contextlib
import itertools
import json
import os
import re
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(TOP, "bench", "shield"), os.path.join(TOP, "tests", "lib")]

import figures  # noqa: E402
import plot  # noqa: E402
import polled  # noqa: E402
import report  # noqa: E402
import ring  # noqa: E402
import rounds  # noqa: E402
import sockets  # noqa: E402
import targets  # noqa: E402

NAMES = ["OVS(32)", "unused", "OVS(1)", "TCP", "inline", "process", "vm"]
RING = """batches of 32, ns a packet

| program | in place | hand-off | cycles | / memcpy of 54 bytes | two processes |
|---|--:|--:|--:|--:|--:|
| touches 54 bytes | 15.5 (14.9) | 40.0 (39.1) | 92 | 10.0 | 46.5 (40.0) |
| takes 100 ns | 140.5 (139.2) | 43.0 (40.1) | 99 | 11.0 | 190.1 (188.0) |
one packet at a time, there and back: 600 ns (590); a word in shared memory: 300 ns (290); ratio 2.00
memory of a queue: 2072 KiB shared
"""
SCALE = """| ports | ns a packet, 1 thread | ns a packet, 8 threads | ns a packet, to control |
|--:|--:|--:|--:|
| 1 | 50.0 | 55.0 | 1.00 |
| 64 | 60.0 | 110.0 | 1.10 |
"""


def whole_run(count=3):
    """Figures of all parts; the n-th round is n + 1 times as slow, so that only ratios of pairs are right."""
    found = {"veth": [], "tap": [], "polled": [], "ring": []}
    for slow in range(1, count + 1):
        for part in ("veth", "tap"):
            found[part].append({name: {figure: (10 + at) * slow for figure in sockets.UNITS}
                                for at, name in enumerate(NAMES)})
        found["polled"].append({name: {figure: (10 + at) * slow for figure in polled.UNITS}
                                for at, name in enumerate(NAMES) if name != "unused"})
        found["ring"].append({ring.HANDOFF: ring.parse(RING), ring.SCALE: ring.parse(SCALE)})
    return found


class Figures(unittest.TestCase):
    some = [{"a": {"x": 10}, "b": {"x": 5}}, {"a": {"x": 100}, "b": {"x": 90}}, {"a": {"x": 10}, "b": {"x": 8}},
            {"a": {"x": 1}}, {"a": {}, "b": {"x": 7}}]

    def test_median(self):
        self.assertEqual(figures.median(self.some, "b", "x"), 7.5)
        self.assertIsNone(figures.median(self.some, "b", "y"))
        self.assertIsNone(figures.median([], "b", "x"))

    def test_ratio_is_of_pairs(self):
        self.assertEqual(figures.ratio(self.some, "b", "x", "a"), (0.8, 0.5, 0.9))
        self.assertIsNone(figures.ratio(self.some, "b", "x", "c"))
        self.assertIsNone(figures.ratio([{"a": {"x": 0}, "b": {"x": 1}}], "b", "x", "a"))

    def test_difference_and_spread(self):
        self.assertEqual(figures.difference(self.some, "b", "a", "x"), -5)
        self.assertIsNone(figures.difference(self.some, "b", "c", "x"))
        self.assertEqual(figures.spread(self.some, "b", "x"), (7.5, 5, 90))

    def test_table(self):
        text = figures.table(self.some, ["a", "b", "c"], {"x": ("us", 1), "y": ("", 0)}, "a")
        self.assertEqual(text.splitlines(), ["| 5 rounds | a | b | c |", "|---|--:|--:|--:|",
                                             "| x | 10.0 us | 7.5 us (0.80) | missing |"])


class Part:
    name = "part"

    def __init__(self, turn, configs=("a", "b")):
        self.turn, self.configs, self.opened = turn, list(configs), 0

    @contextlib.contextmanager
    def open(self, _build):
        self.opened += 1
        yield

    def measure(self, config):
        return self.turn(config)


class Rounds(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path, self.said = os.path.join(folder.name, "shield.json"), []

    def run_part(self, part, count, record=None, **options):
        record = record or rounds.Record(self.path, {"seconds": 1})
        rounds.Run("/", [part], count, record, self.said.append, **options).go()
        return record

    def test_each_round_begins_with_another(self):
        order = []
        record = self.run_part(Part(lambda config: order.append(config) or {"x": len(order)}), 3)
        self.assertEqual(order, ["a", "b", "b", "a", "a", "b"])
        self.assertEqual(record.found["part"][1], {"b": {"x": 3}, "a": {"x": 4}})
        self.assertRegex(self.said[0], "round 1 of 3, part: a; about .* left")

    def test_one_failure_costs_nothing(self):
        tries = itertools.count()

        def turn(_config):
            if next(tries) == 0:
                raise TimeoutError("no answer")
            return {"x": 1}
        record = self.run_part(Part(turn), 1)
        self.assertEqual(record.found["part"], [{"a": {"x": 1}, "b": {"x": 1}}])
        self.assertEqual(record.missing, {})

    def test_what_fails_is_missing_with_its_reason_and_given_up(self):
        tries = []

        def turn(config):
            tries.append(config)
            if config == "b":
                raise KeyError("no\nbridge")
            return {"x": 1}
        record = self.run_part(Part(turn), 5)
        self.assertEqual(tries.count("b"), rounds.GIVE_UP * rounds.ATTEMPTS)
        self.assertEqual(tries.count("a"), 5)
        line, = report.what_is_missing(record.missing["part"])
        self.assertEqual(line, "Missing: b, rounds 1, 2: 'no\\nbridge'\n")

    def test_a_part_that_cannot_be_set_up(self):
        part = Part(None)
        part.open = lambda _build: contextlib.ExitStack().enter_context(open("/does/not/exist"))
        record = self.run_part(part, 3)
        self.assertIn("/does/not/exist", record.missing["part"]["a"]["1"])

    def test_a_turn_without_end_is_ended(self):
        record = self.run_part(Part(lambda _config: time.sleep(60), ["a"]), 1, limit_s=1)
        self.assertIn("not within 1 s", record.missing["part"]["a"]["1"])

    def test_resume_does_what_is_left(self):
        def turn(config):
            if config == "b" and len(done) > 1:
                raise SystemExit("ended")
            done.append(config)
            return {"x": len(done)}
        done = []
        with self.assertRaises(SystemExit):
            self.run_part(Part(turn), 3)
        record = rounds.Record(self.path, {"seconds": 1})
        record.resume()
        self.assertEqual(record.found["part"], [{"a": {"x": 1}, "b": {"x": 2}}])
        again = []
        self.run_part(Part(lambda config: again.append(config) or {"x": 0}), 2, record)
        self.assertEqual(again, ["b", "a"])
        with self.assertRaisesRegex(SystemExit, "other settings"):
            rounds.Record(self.path, {"seconds": 2}).resume()
        with open(self.path, encoding="ascii") as text:
            self.assertEqual(len(json.load(text)["found"]["part"]), 2)


class Report(unittest.TestCase):
    def setUp(self):
        self.record = rounds.Record("/dev/null", {})
        self.record.found = whole_run()

    def test_ring(self):
        found = ring.parse(RING)
        self.assertEqual(found["program touches 54 bytes: hand-off"], 40)
        self.assertEqual((found[ring.RING_NS], found[ring.WORD_NS], found[ring.TRIP_RATIO]), (600, 300, 2))
        self.assertEqual(found["text"], "batches of 32, ns a packet\nmemory of a queue: 2072 KiB shared")
        self.assertEqual(ring.first(self.record.found["ring"], "/ memcpy"), 10)

    def test_targets(self):
        rows = {text: (value, limit) for text, value, _, limit in targets.rows(self.record.found)}
        self.assertEqual(rows["veth: `process` to OVS(32), TCP"], (1.5, 0.95))
        # Beyond OVS(32) (15 - 10) us in the first round, half of it one way, in 300 ns; twice that in the second.
        self.assertAlmostEqual(rows["veth: TCP one way, `process` beyond OVS(32), to a word there and back between two "
                                    "processes"][0], 2 * 2.5 / 0.3)
        # Two cycles in the second round, 40 of 92 ns a cycle.
        self.assertAlmostEqual(rows["polled: ns of the switch a pass beyond `inline`, cheapest program"][0], 2 * 40 / 92)
        self.assertEqual(rows["ring: ns a packet between two processes, beyond the engine in place, batches of 32"], (31, 40))
        self.assertAlmostEqual(rows["ring: ns a packet, to control, ports 64"][0], 1.1)
        self.assertAlmostEqual(rows["ring: ns a packet, 8 threads, ports 64 to one"][0], 2)

    def test_verdicts(self):
        self.assertEqual(targets.verdict(0.95, ">=", 0.95), "met")
        self.assertEqual(targets.verdict(0.94, ">=", 0.95), "missed")
        self.assertEqual(targets.verdict(40.1, "<=", 40), "missed")
        self.assertEqual(targets.verdict(1, None, None), "")

    def test_whole(self):
        text = "\n".join(report.report(self.record, NAMES, spreads=True))
        for words in ("**Veth ports**", "**Tap port", "**Ports without system calls**", "/ memcpy of 54 bytes",
                      "| round trip, median, to OVS(1) |", "memory of the port, both", "A packet that goes round alone",
                      "TCP one way", "**What is to be reached**"):
            self.assertIn(words, text)
        self.assertNotIn("missing", text)

    def test_more_or_less(self):
        self.assertEqual(report.in_words(-38.12, -110), "38.1 us less")
        self.assertIn("0.65 us more, 1.9 times a word", report.in_words(0.654, 1.88))

    def test_of_parts_and_of_nothing(self):
        for part in self.record.found:
            some = rounds.Record("/dev/null", {})
            some.found = {part: self.record.found[part]}
            self.assertIn("What is to be reached", "\n".join(report.report(some, NAMES, spreads=False)))
            plot.draw(some.found, NAMES)
        nothing = rounds.Record("/dev/null", {})
        nothing.missing = {part: {name: {"1": "why"} for name in NAMES} for part in self.record.found}
        self.assertIn("Missing: vm, round 1: why", "\n".join(report.report(nothing, NAMES, spreads=False)))

    def test_readme(self):
        with open(os.path.join(TOP, "README.md"), encoding="utf-8") as text:
            before = text.read()
        after = report.between_marks(before, "TABLES")
        self.assertIn(f"{report.MARKS[0]}\nTABLES\n{report.MARKS[1]}", after)
        self.assertEqual(report.between_marks(after, "TABLES"), after)


class Picture(unittest.TestCase):
    def setUp(self):
        found = whole_run()
        for round_of in found["veth"]:  # some bars are cut
            for name, times in (("inline", 3), ("process", 10), ("vm", 50)):
                round_of[name] = {figure: value * times for figure, value in round_of[name].items()}
        self.root = xml.fromstring(plot.draw(found, NAMES).encode())

    def elements(self, kind):
        return [e for e in self.root.iter() if e.tag.endswith("}" + kind)]

    def boxes(self):
        """(left, top, right, bottom, words) of each text; 0.6 em a letter is more than it has."""
        for element in self.elements("text"):
            x, y, size = (float(element.get(key)) for key in ("x", "y", "font-size"))
            width = 0.6 * size * len(element.text)
            left = x - {"start": 0, "middle": width / 2, "end": width}[element.get("text-anchor")]
            yield left, y - size, left + width, y, element.text

    def test_charts(self):
        text = " ".join(e.text for e in self.elements("text"))
        for words in ("Veth ports", "Tap port", "Ports without system calls", "The ring alone", "program: cheapest",
                      "ports: 64"):
            self.assertIn(words, text)
        self.assertEqual(len(self.elements("path")), 2 * 12)  # the ports' ratios here are the same in all rounds

    def test_labels_do_not_overlap(self):
        for a, b in itertools.combinations(self.boxes(), 2):
            self.assertFalse(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3], f"{a} {b}")

    def test_nothing_sticks_out(self):
        width, height = float(self.root.get("width")), float(self.root.get("height"))
        for left, top, right, bottom, words in self.boxes():
            self.assertTrue(0 <= left and right <= width and 0 <= top and bottom <= height, words)
        for rect in self.elements("rect"):
            self.assertGreaterEqual(float(rect.get("height")), 0)

    def test_colours_are_readable_on_both_grounds(self):
        def luminance(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
            return sum(w * (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4)
                       for w, p in zip((0.2126, 0.7152, 0.0722), parts))
        used = set(re.findall(r"#[0-9a-f]{6}", xml.tostring(self.root).decode()))
        for colour in used - {"#24292f"}:  # of whiskers, in a light border
            for ground in ("#ffffff", "#0d1117"):
                light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
                self.assertGreater((light + 0.05) / (dark + 0.05), 2.2, f"{colour} on {ground}")

    def test_round_marks(self):
        self.assertEqual(plot.round_marks(17), [0, 5, 10, 15, 20])
        for most in (0.3, 1, 9.9, 41, 320):
            marks = plot.round_marks(most)
            self.assertTrue(3 <= len(marks) <= 7 and marks[-1] >= most > marks[-2], (most, marks))


if __name__ == "__main__":
    unittest.main()
