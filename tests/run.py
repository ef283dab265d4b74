# SPDX-License-Identifier: Apache-2.0
"""Runs every test and closes with one line, `N passed, N failed, N skipped`.

    style        clang-format, layers, sizes, licences, freestanding core
    unit         cmocka programs, built with AddressSanitizer and UndefinedBehaviorSanitizer
    conformance  data-driven cases, every engine
    fuzz         each libFuzzer target for a few seconds, random BPF programs for a minute
    system       pytest: real Open vSwitch, real virtual machines, network namespaces
    hygiene      nothing was left behind: processes, namespaces, interfaces, mounts

What fails does not stop the rest. Exit code 0 only if nothing failed.
"""
import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))
import hygiene  # noqa: E402


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, name, result, why=""):
        if result == "passed":
            self.passed += 1
        elif result == "skipped":
            self.skipped += 1
            print(f"  skipped: {name}{': ' + why if why else ''}", flush=True)
        else:
            self.failed += 1
            self.failures.append(name)
            print(f"  FAILED: {name}{': ' + why if why else ''}", flush=True)


class Runner:
    def __init__(self, build):
        self.build = build
        self.tally = Tally()
        self.logs = os.path.join(build, "test-logs")
        os.makedirs(self.logs, exist_ok=True)

    def run(self, name, argv, log_tail=60, env=None, live=False):
        """Runs argv with its output in test-logs/NAME.log (live: to the screen as well)."""
        path = os.path.join(self.logs, name + ".log")
        full = dict(os.environ, **(env or {}))
        with open(path, "w") as log:
            proc = subprocess.Popen(argv, cwd=TOP, env=full, text=True, errors="replace",
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT)
            try:
                for line in proc.stdout:
                    log.write(line)
                    if live:
                        print("  " + line, end="", flush=True)
                code = proc.wait()
            except KeyboardInterrupt:
                proc.send_signal(signal.SIGINT)
                proc.wait()
                raise
        if code and log_tail and not live:
            with open(path, errors="replace") as log:
                sys.stdout.writelines("    " + line for line in log.readlines()[-log_tail:])
        return code, path

    # The phases.

    def style(self):
        for check in ("format", "layers", "sizes", "licences", "wording", "freestanding"):
            code, _ = self.run(f"style-{check}",
                               [sys.executable, f"tests/style/{check}.py", "--build", self.build])
            self.tally.add(f"style/{check}", "failed" if code else "passed")

    def meson_dir(self, name, options, env=None):
        path = os.path.join(self.build, name)
        if not os.path.exists(os.path.join(path, "build.ninja")):
            code, _ = self.run(f"setup-{name}", ["meson", "setup", path, *options], env=env)
            if code:
                self.tally.add(f"build/{name}", "failed", "meson setup")
                return None
        code, _ = self.run(f"build-{name}", ["ninja", "-C", path])
        self.tally.add(f"build/{name}", "failed" if code else "passed")
        return None if code else path

    def meson_tests(self, path, suite):
        log = os.path.join(path, "meson-logs", "testlog.json")
        if os.path.exists(log):
            os.unlink(log)
        self.run(f"meson-{os.path.basename(path)}-{suite}",
                 ["meson", "test", "-C", path, "--no-rebuild", "--suite", suite,
                  "--print-errorlogs", "--num-processes", "2"], log_tail=0)
        if not os.path.exists(log):
            self.tally.add(f"{suite}", "failed", "no test ran")
            return
        with open(log) as lines:
            for line in lines:
                test = json.loads(line)
                verdict = {"OK": "passed", "SKIP": "skipped"}.get(test["result"], "failed")
                if not self.report_cases(test) or verdict != "skipped":
                    self.tally.add(test["name"], verdict)
                if verdict == "failed":
                    text = test.get("stdout", "") + test.get("stderr", "")
                    print("    " + "\n    ".join(text.splitlines()[-40:]))

    def report_cases(self, test):
        """A runner of data-driven cases prints how many it ran, and a line `skipped: WHY` for a set of
        cases that it could not find: a skip each, though the rest of the test passed. Returns whether
        there was such a line."""
        skipped = False
        for line in test.get("stdout", "").splitlines():
            if line.startswith("skipped: "):
                self.tally.add(test["name"], "skipped", line[len("skipped: "):])
                skipped = True
            elif re.match(r"(\w+:? )?\d+ of \d+ ", line):
                print(f"  {test['name']}: {line}", flush=True)
        return skipped

    def unit(self):
        path = self.meson_dir("asan", ["--buildtype=debugoptimized",
                                       "-Db_sanitize=address,undefined", "-Db_lundef=false"])
        if path:
            self.meson_tests(path, "unit")

    def conformance(self):
        self.meson_tests(os.path.join(self.build, "main"), "conformance")

    def fuzz(self, seconds):
        """libFuzzer's targets, the random programs for a minute, two of the targets with AFL++."""
        self.fuzz_with("fuzz", seconds, ["--diff-seconds", str(max(seconds, 60))])
        self.fuzz_with("fuzz-afl", seconds, ["--engine", "afl", "elf", "verifier"])

    def fuzz_with(self, name, seconds, options):
        code, path = self.run(name, [sys.executable, "tests/fuzz/run.py", "--build", self.build,
                                     "--seconds", str(seconds), *options], live=True)
        with open(path) as log:
            for target, result in re.findall(r"^fuzz (\S+): (\w+)", log.read(), re.M):
                self.tally.add(f"fuzz/{target}", {"ok": "passed"}.get(result, result))
        if code:
            self.tally.add(name, "failed", f"see {path}")

    def system(self):
        if os.geteuid() != 0:
            self.tally.add("system", "skipped", "needs root: namespaces, tap devices")
            return
        report = os.path.join(self.logs, "system.json")
        if os.path.exists(report):
            os.unlink(report)
        self.run("system", [sys.executable, "-m", "pytest", "-q", "-ra", "-p", "no:cacheprovider",
                            "tests/system", "--build", self.build, "--report", report], live=True)
        if not os.path.exists(report):
            self.tally.add("system", "failed", "pytest did not finish")
            return
        with open(report) as results:
            for name, result in json.load(results).items():
                self.tally.add(name, result)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--only", action="append", help="a phase; may be given more than once")
    parser.add_argument("--fuzz-seconds", type=int, default=8, help="for each target (default 8)")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))

    runner = Runner(os.path.abspath(args.build))
    before = hygiene.snapshot(runner.build)
    phases = {
        "style": runner.style, "unit": runner.unit, "conformance": runner.conformance,
        "fuzz": lambda: runner.fuzz(args.fuzz_seconds), "system": runner.system,
    }
    for name, phase in phases.items():
        if args.only and name not in args.only:
            continue
        start = time.monotonic()
        print(f"{name} ...", flush=True)
        phase()
        print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    left = hygiene.difference(before, hygiene.snapshot(runner.build))
    runner.tally.add("hygiene", "failed" if left else "passed", "; ".join(left))

    tally = runner.tally
    if tally.failures:
        print("failed: " + ", ".join(tally.failures))
    print(f"{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped")
    return 1 if tally.failed or not tally.passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
