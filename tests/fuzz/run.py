# SPDX-License-Identifier: Apache-2.0
"""Builds the fuzzers with clang and the sanitizers, and runs each for a while.

Targets are programs tests/fuzz/*/fuzz_NAME.c, for libFuzzer or for AFL++ (--engine afl), and three
without an engine: bpf-differential (random BPF programs in every engine of ours), bpf-kernel (the
same against the Linux kernel, as root) and p4-differential (random P4 programs, compiled, against the
reference interpreter). A line `fuzz NAME: ok|crash, ...` a target.

Seeds are tests/fuzz/*/corpus_NAME, words tests/fuzz/*/NAME.dict; what is found grows in
build/fuzz/corpus/NAME (AFL++: build/afl/corpus/NAME). A crashing input is kept in
build/fuzz/crashes/NAME-*; run it again with `build/fuzz/tests/fuzz/*/fuzz_NAME FILE`. A failing
random program prints how to have it again.
"""
import argparse
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COMPILERS = {"libfuzzer": "clang", "afl": "afl-clang-fast"}
DIFFERENTIAL = {"bpf-differential": ["--kind", "mixed"],
                "bpf-kernel": ["--kind", "neutral", "--kernel"],
                "p4-differential": ["cli/sekisho", "tests/conformance/p4/p4run", "tests/p4ref/p4ref"]}


def say(line):
    print(line, flush=True)


def environment(compiler):
    """Of compilers: what AFL++ shall not instrument is in a file."""
    return dict(os.environ, CC=compiler, AFL_QUIET="1",
                AFL_LLVM_DENYLIST=os.path.join(TOP, "tests", "fuzz", "afl.denylist"))


def configure(path, compiler):
    """Returns the targets by name."""
    env = environment(compiler)
    if not os.path.exists(os.path.join(path, "build.ninja")):
        subprocess.run(["meson", "setup", path, "--buildtype=debugoptimized", "-Dfuzz=true",
                        "-Db_lundef=false"], cwd=TOP, check=True, stdout=subprocess.DEVNULL,
                       env=env)
    text = subprocess.run(["ninja", "-C", path, "-t", "targets", "all"], check=True, env=env,
                          capture_output=True, text=True).stdout
    found = re.findall(r"^(tests/fuzz/[^/]+/(?:fuzz_|diff_)(\w+)): c_LINKER", text, re.M)
    targets = {name: target for target, name in found if "/fuzz_" in target}
    diff = [target for target, _ in found if "/diff_" in target]
    return targets, diff


def build(path, targets, compiler):
    done = subprocess.run(["ninja", "-C", path, *targets], stdout=subprocess.PIPE,
                          env=environment(compiler), stderr=subprocess.STDOUT, text=True,
                          errors="replace")
    if done.returncode:
        print(done.stdout[-4000:])
        sys.exit("the fuzzers do not build")


def files(kind, name):
    return glob.glob(os.path.join(TOP, "tests", "fuzz", "*", kind.format(name)))


def fuzz(path, name, target, seconds):
    grown = os.path.join(path, "corpus", name)
    crashes = os.path.join(path, "crashes", "")
    os.makedirs(grown, exist_ok=True)
    os.makedirs(crashes, exist_ok=True)
    run = subprocess.run([os.path.join(path, target), f"-max_total_time={seconds}",
                          f"-artifact_prefix={crashes}{name}-", "-timeout=20", "-rss_limit_mb=2048",
                          "-print_final_stats=1", *(f"-dict={d}" for d in files("{}.dict", name)),
                          grown, *files("corpus_{}", name)],
                         capture_output=True, text=True, errors="replace")
    units = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    count = units.group(1) if units else "0"
    if run.returncode:
        kept = re.search(r"Test unit written to (\S+)", run.stderr)
        print(run.stderr[-4000:])
        say(f"fuzz {name}: crash after {count} inputs; again: {os.path.join(path, target)} "
            f"{kept.group(1) if kept else crashes}")
        return False
    say(f"fuzz {name}: ok, {count} inputs in {seconds} s")
    return True


def fuzz_afl(path, name, target, seconds):
    """Fails where AFL++ kept a crash or did not run."""
    seeds = os.path.join(path, "seeds", name)
    out = os.path.join(path, "corpus", name)
    shutil.rmtree(seeds, ignore_errors=True)
    os.makedirs(seeds)
    os.makedirs(out, exist_ok=True)
    for folder in files("corpus_{}", name):
        for seed in os.listdir(folder):
            shutil.copy(os.path.join(folder, seed), seeds)
    if not os.listdir(seeds):
        with open(os.path.join(seeds, "empty"), "wb") as seed:
            seed.write(bytes(64))
    env = dict(os.environ, AFL_NO_UI="1", AFL_NO_COLOR="1", AFL_SKIP_CPUFREQ="1", AFL_QUIET="1",
               AFL_AUTORESUME="1", AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES="1", AFL_NO_AFFINITY="1",
               ASAN_OPTIONS="abort_on_error=1:symbolize=0:detect_leaks=0")
    run = subprocess.run(["afl-fuzz", "-V", str(seconds), "-t", "5000+", "-m", "none",
                          *(f"-x{d}" for d in files("{}.dict", name)), "-i", seeds, "-o", out, "--",
                          os.path.join(path, target)],
                         capture_output=True, text=True, errors="replace", env=env)
    crashes = glob.glob(os.path.join(out, "default", "crashes", "id:*"))
    if crashes:
        say(f"fuzz afl-{name}: crash; again: {os.path.join(path, target)} {crashes[0]}")
        return False
    stats = os.path.join(out, "default", "fuzzer_stats")
    if run.returncode or not os.path.exists(stats):
        print(run.stdout[-2000:] + run.stderr[-2000:])
        say(f"fuzz afl-{name}: failed, afl-fuzz did not run")
        return False
    with open(stats) as text:
        count = re.search(r"execs_done\s*: (\d+)", text.read())
    say(f"fuzz afl-{name}: ok, {count.group(1)} inputs in {seconds} s")
    return True


def random_command(path, name):
    if name != "p4-differential":
        return [os.path.join(path, "tests/fuzz/bpf/diff_bpf"), *DIFFERENTIAL[name]]
    return [sys.executable, os.path.join(TOP, "tests/p4ref/run_random.py"),
            *(os.path.join(path, tool) for tool in DIFFERENTIAL[name])]


def differ(path, names, seconds, seed):
    """Side by side: they are the longest."""
    runs = {name: subprocess.Popen([*random_command(path, name), "--seconds", str(seconds),
                                    "--seed", str(seed)],
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace") for name in names}
    good = True
    for name, run in runs.items():
        text = run.communicate()[0]
        lines = text.splitlines()
        for line in lines:
            if line.startswith("skipped: "):
                say(f"fuzz {name}: skipped, {line[len('skipped: '):]}")
        if run.returncode:
            print(text[-6000:])
        verdict = "crash" if run.returncode else "ok"
        say(f"fuzz {name}: {verdict}, seed {seed}: {lines[-1] if lines else 'no output'}")
        good = good and not run.returncode
    return good


def chosen(args, known):
    """The names to run; all where none was given."""
    names = set(args.only or []) | set(args.target)
    if names - known:
        sys.exit(f"no such target: {', '.join(sorted(names - known))}; there are "
                 f"{', '.join(sorted(known))}")
    return names or known


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(TOP, "build"))
    parser.add_argument("--engine", choices=COMPILERS, default="libfuzzer")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--diff-seconds", type=int,
                        help="for the ones that run side by side (as --seconds)")
    parser.add_argument("--seed", type=int, help="of the random programs (default: the time)")
    parser.add_argument("--only", action="append", metavar="NAME", help="may be given again")
    parser.add_argument("--list", action="store_true", help="name the targets")
    parser.add_argument("target", nargs="*", help="as --only")
    args = parser.parse_args()
    path = os.path.join(os.path.abspath(args.build), "afl" if args.engine == "afl" else "fuzz")
    targets, diff = configure(path, COMPILERS[args.engine])
    if args.list:
        print("\n".join(sorted([*targets, *DIFFERENTIAL])))
        return 0
    wanted = chosen(args, {*targets, *DIFFERENTIAL})
    names = sorted(wanted & {*targets})
    random = sorted(wanted & {*DIFFERENTIAL}) if args.engine == "libfuzzer" else []
    diff += DIFFERENTIAL["p4-differential"]
    build(path, [targets[name] for name in names] + (diff if random else []),
          COMPILERS[args.engine])
    run = fuzz_afl if args.engine == "afl" else fuzz
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:  # a fuzzer has one thread
        results = list(pool.map(lambda name: run(path, name, targets[name], args.seconds), names))
    if random:
        seed = int(time.time()) if args.seed is None else args.seed
        results.append(differ(path, random, args.diff_seconds or args.seconds, seed))
    say(f"{sum(results)} of {len(results)} without a crash")
    return 0 if all(results) and results else 1


if __name__ == "__main__":
    sys.exit(main())
