# SPDX-License-Identifier: Apache-2.0
"""The reference interpreter as an engine of tests/conformance/p4/stf.py, which must be in sys.path."""
import re

import stf


class Engine(stf.Engine):
    """p4ref, which reads tables' entries as STF writes them."""

    def __init__(self, p4ref, program, compat):
        super().__init__(p4ref, program, *(["--compat"] if compat else []))


class Run(stf.Run):
    def add(self, text, default):
        self.engine.ask(("setdefault " if default else "add ") + text)

    def member(self, text):
        self.engine.ask("member " + text)

    def group(self, text):
        self.engine.ask("group " + text)

    def meter(self, text):
        self.engine.ask("meter " + " ".join(re.split(r"[() ]+", text)))

    def counter(self, name, index):
        return tuple(int(n) for n in self.engine.ask(f"counter {name} {index}").split())
