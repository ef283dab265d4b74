# SPDX-License-Identifier: Apache-2.0
"""Round after round of all parts and configurations, and what is found kept on disk after each turn: a turn that fails
is repeated once and then counts as missing, with its reason; a run that was ended goes on where it was (`--resume`).

A part has a `name`, the `configs` that it compares, `open(build)`, a context in which it measures, and
`measure(config)`, a turn: {figure: number}."""
import contextlib
import json
import os
import signal
import time

ATTEMPTS = 2
GIVE_UP = 2  # rounds in which a configuration failed: it is not tried again


class Record:
    """What was found: `found` is {part: [round]}, a round {configuration: {figure: number}}; `missing` is
    {part: {configuration: {round: reason}}}."""

    def __init__(self, path, settings):
        self.path, self.settings = path, settings
        self.found, self.missing = {}, {}

    def resume(self):
        """Takes over what an earlier run of the same settings found. What it missed is tried again."""
        with open(self.path, encoding="ascii") as text:
            before = json.load(text)
        if before["settings"] != self.settings:
            raise SystemExit(f"{self.path} is of a run with other settings, {before['settings']}: run with these, or "
                             "without --resume")
        self.found = before["found"]

    def has(self, part, number, config):
        rounds = self.found.get(part, [])
        return number < len(rounds) and config in rounds[number]

    def add(self, part, number, config, figures):
        rounds = self.found.setdefault(part, [])
        while len(rounds) <= number:
            rounds.append({})
        rounds[number][config] = figures
        self.save()

    def miss(self, part, number, config, why):
        self.missing.setdefault(part, {}).setdefault(config, {})[str(number + 1)] = why
        self.save()

    def given_up(self, part, config):
        return len(self.missing.get(part, {}).get(config, ())) >= GIVE_UP

    def save(self):
        """At once or not at all: a run may be ended at any moment."""
        new = self.path + ".new"
        with open(new, "w", encoding="ascii") as text:
            json.dump({"settings": self.settings, "found": self.found, "missing": self.missing}, text, indent=1)
        os.replace(new, self.path)


class Clock:
    """How long turns took, so how long what is left will."""
    GUESS = 10  # seconds of a turn, before there was one of its part

    def __init__(self):
        self.took = {}

    def add(self, part, config, seconds):
        self.took.setdefault(part, {}).setdefault(config, []).append(seconds)

    def expects(self, part, config):
        of_part = self.took.get(part, {})
        some = of_part.get(config) or [s for all_of in of_part.values() for s in all_of] or [self.GUESS]
        return sum(some) / len(some)


@contextlib.contextmanager
def limited(seconds, what):
    """Ends what takes longer with TimeoutError."""
    def end(_signal, _frame):
        raise TimeoutError(f"{what}: not within {seconds} s")
    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class Run:
    def __init__(self, build, parts, rounds, record, say, limit_s=100):
        self.build, self.parts, self.rounds, self.record, self.say = build, parts, rounds, record, say
        self.limit_s, self.clock = limit_s, Clock()

    def go(self):
        for number in range(self.rounds):
            for part in self.parts:
                if any(self._open(number, part, config) for config in part.configs):
                    self._part(number, part)

    def _open(self, number, part, config):
        """Is this turn still to be done?"""
        return not self.record.has(part.name, number, config) and not self.record.given_up(part.name, config)

    def _part(self, number, part):
        """Each round begins with another configuration."""
        at, up = number % len(part.configs), False
        try:
            with contextlib.ExitStack() as stack:
                with limited(self.limit_s, "the set-up"):
                    stack.enter_context(part.open(self.build))
                up = True
                for config in part.configs[at:] + part.configs[:at]:
                    if self._open(number, part, config):
                        self._turn(number, part, config)
        except Exception as error:  # pylint: disable=broad-except  # no part may cost the others theirs
            self.say(f"  {part.name}: {reason(error)}")
            for config in part.configs if not up else ():
                self.record.miss(part.name, number, config, reason(error))

    def _turn(self, number, part, config):
        self.say(f"round {number + 1} of {self.rounds}, {part.name}: {config}; about {self._left(number)} left")
        start = time.monotonic()
        for attempt in range(ATTEMPTS):
            try:
                with limited(self.limit_s, "a turn"):
                    figures = part.measure(config)
            except Exception as error:  # pylint: disable=broad-except  # as above
                why = reason(error)
                self.say(f"  failed{', again' if attempt else ''}: {why}")
            else:
                self.record.add(part.name, number, config, figures)
                self.clock.add(part.name, config, time.monotonic() - start)
                return
        self.record.miss(part.name, number, config, why)

    def _left(self, number):
        seconds = sum(self.clock.expects(part.name, config) for later in range(number, self.rounds)
                      for part in self.parts for config in part.configs if self._open(later, part, config))
        return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def reason(error):
    """In one line, for a table."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 200 else words[:200] + " ..."
