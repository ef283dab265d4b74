# SPDX-License-Identifier: Apache-2.0
"""Options and fixtures that all system tests share."""
import json
import os
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

_results = {}


def pytest_addoption(parser):
    parser.addoption("--build", default=os.path.join(TOP, "build"), help="the build folder")
    parser.addoption("--packets", default=1_000_000, help="of the run with random faults")
    parser.addoption("--report", help="write {test: passed|failed|skipped} as JSON to this file")


@pytest.fixture(scope="session")
def build(request):
    """The build folder: main/ (our programs), ovs/ (Open vSwitch with the hook)."""
    return os.path.abspath(request.config.getoption("--build"))


@pytest.fixture(scope="session")
def top():
    return TOP


def pytest_runtest_logreport(report):
    if report.failed:
        _results[report.nodeid] = "failed"
    elif report.skipped:
        _results[report.nodeid] = "skipped"
    elif report.when == "call":
        _results.setdefault(report.nodeid, "passed")


def pytest_collectreport(report):
    if report.failed:
        _results[report.nodeid or "collection"] = "failed"


def pytest_sessionfinish(session):
    path = session.config.getoption("--report")
    if path:
        with open(path, "w") as out:
            json.dump(_results, out)
