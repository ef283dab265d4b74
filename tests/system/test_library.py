# SPDX-License-Identifier: Apache-2.0
"""libsekisho-bpf as others meet it: installed, found by pkg-config, in C and in C++."""
import os
import shutil
import subprocess

import pytest

EXPECTED = "verdict: pass\npackets: 1\n"


def output(*argv, **options):
    return subprocess.run(argv, check=True, capture_output=True, text=True, **options).stdout


def find(folder, name):
    for where, _, files in os.walk(folder):
        if name in files:
            return os.path.join(where, name)
    raise AssertionError(f"{name} is not installed")


@pytest.fixture(scope="module")
def installed(build):
    root = os.path.join(build, "test-install")
    shutil.rmtree(root, ignore_errors=True)
    subprocess.run(["meson", "install", "-C", os.path.join(build, "main"), "--no-rebuild",
                    "--destdir", root], check=True, capture_output=True)
    yield root
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def flags(installed):
    """pkg-config's answer, with the prefix that DESTDIR has put before the real one."""
    pc = find(installed, "sekisho-bpf.pc")
    env = dict(os.environ, PKG_CONFIG_PATH=os.path.dirname(pc))
    prefix = output("pkg-config", "--variable=prefix", "sekisho-bpf", env=env).strip()

    def ask(*what):
        return output("pkg-config", f"--define-variable=prefix={installed}{prefix}", *what,
                      "sekisho-bpf", env=env).split()
    return ask


@pytest.fixture(scope="module")
def counter(installed, flags, top):
    path = os.path.join(installed, "counter.o")
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-ffreestanding", *flags("--cflags"), "-c",
                    os.path.join(top, "examples/embed/counter.c"), "-o", path], check=True)
    return path


@pytest.mark.parametrize("compiler", [["cc", "-std=c11"], ["c++", "-std=c++17", "-x", "c++"]])
@pytest.mark.parametrize("linking", ["shared", "static"])
def test_example_embeds_it(installed, flags, counter, top, compiler, linking):
    program = os.path.join(installed, "embed")
    static = ["--static"] if linking == "static" else []
    subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", *flags("--cflags"),
                    os.path.join(top, "examples/embed/embed.c"), "-x", "none",
                    *(["-static"] if static else []), *flags(*static, "--libs"), "-o", program],
                   check=True)
    library = find(installed, "libsekisho-bpf.so.0")
    env = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(library))
    assert output(program, counter, env=env) == EXPECTED
    needs = subprocess.run(["objdump", "-p", program], check=True, capture_output=True, text=True)
    assert ("libsekisho-bpf.so.0" in needs.stdout) == (linking == "shared")


def test_example_is_short_and_says_why_it_refuses(installed, flags, top):
    with open(os.path.join(top, "examples/embed/embed.c")) as source:
        assert len(source.readlines()) <= 40
    program = os.path.join(installed, "embed-refuses")
    subprocess.run(["cc", *flags("--cflags"), os.path.join(top, "examples/embed/embed.c"),
                    "-static", *flags("--static", "--libs"), "-o", program], check=True)
    run = subprocess.run([program, os.path.join(top, "README.md")], capture_output=True, text=True)
    assert run.returncode == 1 and run.stderr.startswith("refused: ") and len(run.stderr) > 20


def test_shows_what_the_header_declares_and_nothing_else(installed):
    with open(find(installed, "bpf.h")) as header:
        text = header.read()
    names = output("nm", "-D", "--defined-only", find(installed, "libsekisho-bpf.so.0"))
    shown = {line.split()[-1] for line in names.splitlines()}
    assert "SEKISHO_BPF_0" in shown
    for symbol in shown - {"SEKISHO_BPF_0"}:
        name, version = symbol.split("@@")
        assert version == "SEKISHO_BPF_0" and f"{name}(" in text
    # Every function that the header declares, as the compiler sees it, is there.
    declared = output("sh", "-c", 'gcc -fsyntax-only -aux-info /dev/stdout -x c "$0"',
                      find(installed, "bpf.h"))
    functions = {line.split("(")[0].split()[-1].lstrip("*") for line in declared.splitlines()
                 if "/* " in line and "seki_bpf" in line.split("*/", 1)[-1]}
    assert functions == {symbol.split("@@")[0] for symbol in shown - {"SEKISHO_BPF_0"}}


@pytest.mark.parametrize("compile", [["cc", "-std=c11", "-x", "c"], ["cc", "-std=gnu11", "-x", "c"],
                                     ["c++", "-std=c++11", "-x", "c++"],
                                     ["clang", "-target", "bpf", "-ffreestanding", "-x", "c"]])
def test_header_stands_alone(flags, compile):
    subprocess.run([*compile, "-Wall", "-Wextra", "-Werror", *flags("--cflags"), "-fsyntax-only", "-"],
                   input="#include <sekisho/bpf.h>\n", text=True, check=True)


def test_man_pages_are_installed(installed):
    for page in ("libsekisho-bpf.3", "sekisho-bpf.1", "sekisho-bpf-plugin.1"):
        path = find(installed, page)
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True,
                              text=True)
        assert not [line for line in lint.stdout.splitlines() if "WARNING" in line or "ERROR" in line]
