# SPDX-License-Identifier: Apache-2.0
# The commands of the README. Everything is built in build/ and nothing is written elsewhere.
.DEFAULT_GOAL := build
BUILD := $(CURDIR)/build
PYTHON := /usr/bin/python3
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help setup build ovs demo check faults bench bench-bpf bench-p4 bench-ring fuzz mutation format install clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST)

setup: ## install the Debian packages that are missing (asks for root)
	@./scripts/setup

$(BUILD)/main/build.ninja: | setup
	@meson setup $(BUILD)/main --buildtype=debugoptimized >/dev/null

build: setup $(BUILD)/main/build.ninja ## build everything but Open vSwitch
	@ninja -C $(BUILD)/main

ovs: build ## build Open vSwitch with the hook (cached; rebuilt only when its inputs change)
	@./host/ovs/build $(BUILD)/ovs $(BUILD)/main

demo: build ovs ## the experiment: a tenant's P4 program filters a real VM's packets
	@$(PYTHON) demo/shield.py --build $(BUILD)

check: build ovs ## every test
	@$(PYTHON) tests/run.py --build $(BUILD)

faults: build ovs ## what each fault costs, and random ones: make faults PACKETS=10000000
	@$(PYTHON) -m pytest -q -s tests/system/test_faults.py --build $(BUILD) --packets $(or $(PACKETS),1000000)

bench: build ovs ## every figure of the README; with ARGS, of shielded ports only: make bench ARGS='--only veth --rounds 3'
	@$(PYTHON) bench/run.py --build $(BUILD) $(ARGS)
	@$(if $(ARGS),,$(MAKE) --no-print-directory bench-bpf bench-p4)

bench-bpf: build ## those of the BPF machine only, beside native code and DPDK's machine
	@ninja -C $(BUILD)/main bench/bpf/bpf_bench bench/bpf/classifier_bench >/dev/null
	@$(BUILD)/main/bench/bpf/bpf_bench $(BUILD)/main/bench/bpf $(ARGS)
	@$(if $(ARGS),,$(BUILD)/main/bench/bpf/classifier_bench)

bench-p4: build ## BPF instructions of P4 programs beside those of C by hand, and the time to compile
	@$(PYTHON) bench/p4/bench.py $(BUILD)/main/cli/sekisho $(ARGS)

bench-ring: build ## what the ring between a switch and a P4 VM costs, beside the same engine run in place
	@$(PYTHON) bench/run.py --build $(BUILD) --only ring

fuzz: setup ## fuzz for TIME seconds each (default 60): make fuzz TIME=3600 ENGINE=afl ONLY=elf
	@$(PYTHON) tests/fuzz/run.py --build $(BUILD) --seconds $(or $(TIME),60) \
		--engine $(or $(ENGINE),libfuzzer) $(ONLY)

mutation: setup ## break each check of the BPF verifier in turn: some test must see it
	@$(PYTHON) tests/mutation/run.py --build $(BUILD)

format: setup ## lay the C sources out as .clang-format says
	@git ls-files '*.c' '*.h' | xargs clang-format -i

install: build ## install the programs and man pages (PREFIX, DESTDIR)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)/main

clean: ## remove build/
	rm -rf $(BUILD)
