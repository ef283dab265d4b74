# SPDX-License-Identifier: Apache-2.0
"""What became of mutants in earlier runs: a line of JSON each, in the build folder. A verdict holds
while the mutated source, the headers and the tests that it rests on are byte for byte the same."""
import hashlib
import json
import os
import threading


def digest(*parts):
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part if isinstance(part, bytes) else part.encode()).digest())
    return total.hexdigest()[:32]


def digest_of_files(paths):
    parts = []
    for path in sorted(paths):
        with open(path, "rb") as file:
            parts += [path, file.read()]
    return digest(*parts)


class Results:
    """`headers`: source -> digest of what its mutants are compiled with. `tests`: name -> digest of
    the program, the library in it included."""

    def __init__(self, path, headers, tests, fresh):
        self.path, self.headers, self.tests = path, headers, tests
        self.lines = {}  # file and name of a mutant -> its line
        self.lock = threading.Lock()
        if not fresh and os.path.exists(path):
            with open(path) as lines:
                for line in map(json.loads, lines):
                    self.lines[line["name"]] = line
        with open(path + ".new", "w") as file:
            for line in self.lines.values():
                print(json.dumps(line), file=file)
        os.replace(path + ".new", path)

    def digest_of(self, mutant):
        return digest(self.headers[mutant.path], mutant.path, mutant.source())

    def known(self, mutant, told):
        """(is its verdict known, and who killed it); `told`: the tests that are asked."""
        line = self.lines.get(mutant.full_name())
        if not line or line["mutant"] != self.digest_of(mutant):
            return False, None
        rests_on = [line["killer"]] if line["killer"] else told
        if any(line["tests"].get(t) != self.tests.get(t, "none") for t in rests_on):
            return False, None
        return True, line["killer"]

    def note(self, mutant, killer, told):
        line = {"mutant": self.digest_of(mutant), "name": mutant.full_name(), "killer": killer,
                "tests": {t: self.tests[t] for t in ([killer] if killer else told)}}
        with self.lock:
            self.lines[line["name"]] = line
            with open(self.path, "a") as file:
                print(json.dumps(line), file=file)

    def survived(self, mutant):
        """In the last run that tried it, or none has."""
        return not self.lines.get(mutant.full_name(), {}).get("killer")

    def order(self, mutant, names):
        """Who killed it last is asked first; then who killed most of its file."""
        kills = {}
        for name, line in list(self.lines.items()):
            if name.startswith(mutant.path + " "):
                kills[line["killer"]] = kills.get(line["killer"], 0) + 1
        last = self.lines.get(mutant.full_name(), {}).get("killer")
        return sorted(names, key=lambda n: (n != last, -kills.get(n, 0)))
