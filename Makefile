# Faktura: `make help` lists what can be done. Paths are relative, so a folder may have spaces.

SHELL := /bin/sh
.SHELLFLAGS := -eu -c
.DEFAULT_GOAL := help

BIN := .venv/bin
LOCKS := requirements.lock requirements-dev.lock requirements-uv.lock package.json package-lock.json
# The name of the stamp holds the lock files and the folder: a change of either installs again.
KEY := $(shell { cat $(LOCKS) pyproject.toml deploy/install.sh; pwd; } | cksum | tr -d ' ')
INSTALLED := .venv/.installed-$(KEY)
INSTALLED_DEV := .venv/.installed-dev-$(KEY)

# Arguments for pytest, as in: make test PYTEST="tests/shared -k money"
PYTEST ?=
# Test processes at once; each has PostgreSQL and NATS servers of its own.
WORKERS ?= 3
# These start the whole platform, which wants the machine and its ports for itself.
ALONE := tests/deploy/test_whole_platform.py tests/journeys
# So do these, whose platform is one that is killed all the time, or which measure time.
STAND := tests/faults/whole tests/faults/test_cluster.py tests/faults/test_telemetry.py
TOGETHER = -n $(WORKERS) --dist loadfile --max-worker-restart=1 --durations=20 \
	$(ALONE:%=--ignore=%) $(STAND:%=--ignore=%)
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url \
	--no-header --python-version 3.11

.PHONY: help
help:  ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

.PHONY: up
up: $(INSTALLED)  ## start everything here and load the demo; Ctrl-C stops it
	@exec $(BIN)/faktura up

.PHONY: test
test: $(INSTALLED_DEV) chromium promtool  ## run all tests, or some: PYTEST="tests/shared -k money"
ifdef PYTEST
	@$(BIN)/pytest $(PYTEST)
else
	@$(BIN)/pytest -m "not long and not server" $(TOGETHER) --cov
	@$(BIN)/pytest -m "not long and server" $(TOGETHER)
	@$(BIN)/pytest -m "not long" $(ALONE)
	@$(BIN)/pytest -m "not long" $(STAND)
endif

.PHONY: faults
faults: $(INSTALLED_DEV)  ## every fault, also those that take long, and the ten-minute soak
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile tests/faults $(STAND:%=--ignore=%)
	@$(BIN)/pytest $(STAND)

.PHONY: check
check: $(INSTALLED_DEV)  ## lint, format, types, imports, sizes, lock files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/pytest -q tests/test_tidy.py tests/test_linters.py tests/test_repository.py

# How many seeds, and the first of them: make simulate SEEDS=1 FROM=4711
SEEDS ?= 5000
FROM ?= 0

.PHONY: simulate
simulate: $(INSTALLED_DEV)  ## run the kernel over in-memory servers in virtual time: SEEDS= FROM=
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --first $(FROM)

# A year of which seed, of how many accounts and days: make year SEED=7 ACCOUNTS=100
SEED ?= 1
ACCOUNTS ?= 1000
DAYS ?= 365

.PHONY: year
year: $(INSTALLED_DEV)  ## play a year of billing over in-memory servers: SEED= ACCOUNTS= DAYS=
	@$(BIN)/python -m tests.year --seed $(SEED) --accounts $(ACCOUNTS) --days $(DAYS)

# Which mutants, as in: make mutate MUTANTS="services.billing.tax.*"
MUTANTS ?=

.PHONY: mutate
mutate: $(INSTALLED_DEV)  ## break the sums of money on purpose and count what the tests notice
	@rm -rf mutants && mkdir -p artefacts
	@$(BIN)/mutmut run $(if $(MUTANTS),"$(MUTANTS)") >artefacts/mutmut.log 2>&1 \
		|| { tail -n 20 artefacts/mutmut.log; exit 1; }
	@$(BIN)/mutmut results
	@$(BIN)/mutmut results --all true | $(BIN)/python -m tests.mutation

.PHONY: bench
bench: $(INSTALLED_DEV)  ## measure, each figure against its baseline; writes bench/results.json
	@$(BIN)/python -m bench

.PHONY: verify
verify: $(INSTALLED)  ## check hash chains, positions, ledger and views of the running installation
	@$(BIN)/faktura verify

.PHONY: demo-reset
demo-reset: $(INSTALLED)  ## stop and throw all local data away; `make up` then begins afresh
	@$(BIN)/faktura down
	@$(BIN)/faktura demo reset

.PHONY: install
install: $(INSTALLED)  ## install what `up` needs (done by itself when lock files change)

.PHONY: schemas
schemas: $(INSTALLED)  ## write docs/events from shared/contracts
	@$(BIN)/python -m deploy.schemas

.PHONY: golden
golden: $(INSTALLED_DEV)  ## add samples of new events to tests/golden; those of before stay
	@$(BIN)/python -m tests.golden.write

.PHONY: lock
lock: $(BIN)/uv  ## compile the lock files from pyproject.toml and package.json
	@echo 'uv==0.13.9' | $(COMPILE) --no-annotate --output-file requirements-uv.lock -
	@$(COMPILE) --output-file requirements.lock pyproject.toml
	@$(COMPILE) --output-file requirements-dev.lock --constraint requirements.lock \
		--group dev pyproject.toml
	@for peer in tryton django_ledger; do \
		$(COMPILE) --output-file bench/peers/$$peer.lock bench/peers/$$peer.in || exit; done
	@sh deploy/npm.sh install --package-lock-only

# --------------------------------------------------------------------------------- installation

define install
	@echo "Installing ($(1)), once for these lock files ..."
	@sh deploy/install.sh $(1)
	@rm -f .venv/.installed-*
endef

$(INSTALLED):
	$(call install,requirements.lock)
	@touch $@

$(BIN)/uv:
	$(call install,requirements.lock)

$(INSTALLED_DEV):
	$(call install,requirements-dev.lock)
	@touch $(INSTALLED) $@

.PHONY: chromium
chromium:
	@if [ "$$(id -u)" = 0 ] && ! command -v chromium >/dev/null \
		&& command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests ..."; \
		{ apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 \
			|| echo "Chromium could not be installed: the browser tests will be skipped."; \
	fi

# Prometheus' own checker, out of Debian's package into .venv: nothing is installed.
.PHONY: promtool
promtool:
	@if ! [ -x $(BIN)/promtool ] && command -v apt-get >/dev/null; then \
		{ cd .venv && apt-get download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb \
			| tar -xO ./usr/bin/promtool >bin/promtool && chmod 755 bin/promtool; \
			rm -f prometheus_*.deb; } >/dev/null 2>&1 \
			|| { rm -f bin/promtool; echo "No promtool: alarms are checked by their names only."; }; \
	fi
