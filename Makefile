# The main commands are `make run` and `make test`. Each installs what it needs, and again when the pins have changed:
# then its stamp file is older than they are.

PYTHON ?= python3
PORT ?= 8000
BOTS ?= 4
FUZZ_S ?= 60
SOAK_MIN ?= 30
KILLS ?= 50
ATTACK ?=

BIN := .venv/bin
# The environment of `make run` has no packages that only tests and checks need.
RUN_STAMP := .venv/.installed-run
DEV_STAMP := .venv/.installed-dev
FUZZ_STAMP := .venv/.installed-fuzz
CONFORMANCE_STAMP := .venv/.installed-conformance
COMPILED_STAMP := build/.installed-compiled
NODE_STAMP := node_modules/.installed
PEERS_STAMP := bench/peers/node_modules/.installed
SDK_REFERENCE_STAMP := tools/sdk_reference/node_modules/.installed
# Runs a command with the compiled package instead of the sources in this folder.
WITH_COMPILED := PYTHONSAFEPATH=1 PYTHONPATH=build/compiled:.
PINS := pyproject.toml constraints.txt tools/bootstrap.py

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

.PHONY: help
help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

.PHONY: run
run: $(RUN_STAMP) ## Serve the arena with a few bots, and the other pages of the gallery; PORT=8000 BOTS=4
	$(BIN)/gameserver run --bots $(BOTS) --port $(PORT)

.PHONY: test
test: $(DEV_STAMP) $(NODE_STAMP) chromium nginx systemd ## Run everything, live servers and browsers included
	@$(MAKE) --no-print-directory check
	@$(MAKE) --no-print-directory test-slow
	@$(MAKE) --no-print-directory test-compiled
	@$(MAKE) --no-print-directory test-live

# Two parts run at a time, the longest first. The output of each is printed whole, and all run even if one fails.
.PHONY: check
check: $(DEV_STAMP) $(NODE_STAMP) ## Run the fast checks, in under a minute: lint, types, layers, quick unit tests, JavaScript
	@$(MAKE) --no-print-directory -j2 -k --output-sync=target test-unit types lint layers test-js

.PHONY: lint
lint: $(DEV_STAMP) $(NODE_STAMP) ## Lint and check the format of Python and JavaScript
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	node_modules/.bin/biome check .

.PHONY: format
format: $(DEV_STAMP) $(NODE_STAMP) ## Format, and fix what can be fixed automatically
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	node_modules/.bin/biome check --write .

.PHONY: types
types: $(DEV_STAMP) $(NODE_STAMP) ## Check types: mypy --strict, tsc over JSDoc
	$(BIN)/mypy
	node_modules/.bin/tsc -p .
	node_modules/.bin/tsc -p tests/js

.PHONY: layers
layers: $(DEV_STAMP) ## Check that imports run downwards only
	$(BIN)/lint-imports --no-logo

.PHONY: test-unit
test-unit: $(DEV_STAMP) ## Run the quick Python tests that need no socket and no browser
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not live and not browser and not slow"

.PHONY: test-slow
test-slow: $(DEV_STAMP) $(SDK_REFERENCE_STAMP) ## Run the Python tests that play whole games or compile
	$(BIN)/python -m pytest -q -n auto --dist worksteal -m "slow"

# Each in an environment of its own, with the pinned packages. Compiled modules are for one version; the rest runs on all.
.PHONY: test-pythons
test-pythons: $(NODE_STAMP) $(SDK_REFERENCE_STAMP) ## Run the unit tests on each CPython from 3.11 on that is on this machine
	$(PYTHON) tools/pythons.py

.PHONY: compiled
compiled: $(COMPILED_STAMP) ## Make build/compiled, the package as machine code; needs a C compiler

# These folders have the tests of the compiled modules; tests of this checkout itself are left out. CI runs Hypothesis
# with many examples on the sources, and with the usual number here.
.PHONY: test-compiled
test-compiled: $(COMPILED_STAMP) ## Run the unit tests of what is compiled against the compiled build
	CI= $(WITH_COMPILED) $(BIN)/python -m pytest -q -n auto --dist worksteal -o pythonpath="build/compiled ." \
		-m "not live and not browser" --ignore tests/protocol/test_export.py \
		tests/client tests/games tests/hub tests/native tests/net tests/protocol tests/recording tests/room tests/shared_step tests/sim \
		tests/state tests/sync

# Each wheel is for one version, and is used in an empty environment before it is kept. VERSION=3.13 makes that one.
.PHONY: wheels
wheels: ## Make a compiled wheel in dist/ for each CPython from 3.11 on that is on this machine, and check it
	$(PYTHON) -m tools.wheels $(VERSION)

.PHONY: test-js
test-js: $(NODE_STAMP) ## Run the JavaScript tests
	node --test --test-reporter=spec $(sort $(shell find tests/js -name '*.test.js'))

# Most of what happens between processes is waiting, so two files run at a time. Pages need a processor of their own.
.PHONY: test-live
test-live: $(DEV_STAMP) $(NODE_STAMP) chromium nginx systemd ## Run the tests with real servers, sockets and browsers
	$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "live and not browser"
	$(BIN)/python -m pytest -m "browser"

# `make test-live` uses the polled transport and the interpreter. This runs the same tests on the alternatives.
.PHONY: test-builds
test-builds: $(COMPILED_STAMP) $(NODE_STAMP) chromium nginx systemd ## Run the live tests on the ordinary transport, and on the compiled build
	GAMESERVER_RUN_TRANSPORT=ordinary $(BIN)/python -m pytest -m "live or browser"
	$(WITH_COMPILED) $(BIN)/python -m pytest -o pythonpath="build/compiled ." -m "live or browser"

# `make test` runs the short form in the engines that are there.
.PHONY: test-engines
test-engines: $(DEV_STAMP) $(NODE_STAMP) ## Run the browser client and the shared step in Firefox, WebKit and jsc
	@$(PYTHON) tools/bootstrap.py engines
	GAMESERVER_TEST_ENGINES=long $(BIN)/python -m pytest tests/live/test_engines.py tests/live/test_engine_reloads.py

.PHONY: coverage
coverage: $(DEV_STAMP) ## Show the lines and branches that the unit tests do not run
	$(BIN)/python -m pytest -q -m "not live and not browser" --cov --cov-report=term

.PHONY: fuzz
fuzz: $(FUZZ_STAMP) $(NODE_STAMP) ## Fuzz whole rooms, and every decoder with coverage guidance; FUZZ_S=60 seconds each
	$(BIN)/python -m tests.fuzz.rooms --seconds $(FUZZ_S)
	@set -e; for target in $(notdir $(wildcard tests/fuzz/corpus/*)); do \
		$(BIN)/python -m tests.fuzz.run $$target -max_total_time=$(FUZZ_S); \
	done

# ATTACK takes options, such as ATTACK="--workers 2", ATTACK="--tls --transport ordinary", and names of attacks.
.PHONY: attack
attack: $(DEV_STAMP) ## Attack a server, and show what ten players felt, on a machine without other load; ATTACK="--workers 2"
	$(BIN)/python -m tests.attacks $(ATTACK)

.PHONY: attack-compiled
attack-compiled: $(COMPILED_STAMP) ## Attack the compiled build
	$(WITH_COMPILED) $(BIN)/python -m tests.attacks $(ATTACK)

.PHONY: conformance
conformance: $(CONFORMANCE_STAMP) ## Run Autobahn's WebSocket cases on each transport
	$(BIN)/python -m tests.conformance.autobahn

.PHONY: kill
kill: $(DEV_STAMP) ## Kill a server again and again while people play, and check that all goes on; KILLS=50
	$(BIN)/python -m tests.scenarios.kill --kills $(KILLS)

.PHONY: soak
soak: $(DEV_STAMP) ## Run a server under changing load and lost links, and check that nothing leaks; SOAK_MIN=30 minutes
	$(BIN)/python -m bench.soak --minutes $(SOAK_MIN)

.PHONY: bench
bench: $(COMPILED_STAMP) $(PEERS_STAMP) ## Measure this server and comparable ones: 40 minutes, on a machine without other load
	$(BIN)/python -m bench.run

.PHONY: bench-quick
bench-quick: $(COMPILED_STAMP) $(PEERS_STAMP) ## Run the main cases of bench once, in about two minutes
	$(BIN)/python -m bench.run --quick

.PHONY: venv
venv: $(DEV_STAMP) ## Make .venv with everything for development

.PHONY: chromium
chromium:
	@$(PYTHON) tools/bootstrap.py chromium

.PHONY: nginx
nginx:
	@$(PYTHON) tools/bootstrap.py nginx

.PHONY: systemd
systemd:
	@$(PYTHON) tools/bootstrap.py systemd

.PHONY: docs
docs: $(DEV_STAMP) $(SDK_REFERENCE_STAMP) ## Build the documentation site in build/site/html; a warning is an error
	$(BIN)/python tools/docs_site.py build

.PHONY: docs-serve
docs-serve: $(DEV_STAMP) $(SDK_REFERENCE_STAMP) ## Serve the documentation site on http://localhost:8001/
	$(BIN)/python tools/docs_site.py serve

.PHONY: lock
lock: ## Pin the newest versions that pyproject.toml and package.json allow
	$(PYTHON) tools/lock.py

.PHONY: vendor
vendor: $(NODE_STAMP) ## Copy into client_demo/vendor what pages use of packages from npm
	$(PYTHON) tools/vendor.py

.PHONY: clean
clean: ## Remove what make made
	rm -rf .venv node_modules build dist .coverage htmlcov
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment for development that is current serves for `make run` as well, and must not be replaced.
$(RUN_STAMP): $(PINS)
	@for pin in $(PINS); do [ $(DEV_STAMP) -nt $$pin ] || exec $(PYTHON) tools/bootstrap.py python all; done
	@touch $@

$(DEV_STAMP): $(PINS)
	@$(PYTHON) tools/bootstrap.py python dev
	@touch $@

$(FUZZ_STAMP): $(DEV_STAMP)
	@$(PYTHON) tools/bootstrap.py python dev fuzz
	@touch $@

$(CONFORMANCE_STAMP): $(DEV_STAMP)
	@$(PYTHON) tools/bootstrap.py python dev conformance
	@touch $@

$(COMPILED_STAMP): $(DEV_STAMP) hatch_build.py $(shell find gameserver client_demo -type f -not -path '*/__pycache__/*')
	@$(PYTHON) tools/bootstrap.py compiled
	@touch $@

$(NODE_STAMP): package.json package-lock.json .npmrc
	@$(PYTHON) tools/bootstrap.py node
	@touch $@

$(SDK_REFERENCE_STAMP): tools/sdk_reference/package.json tools/sdk_reference/package-lock.json tools/sdk_reference/.npmrc
	cd tools/sdk_reference && npm install --no-save --loglevel=error
	@touch $@

# Not `npm ci`: it requires packages for other systems, which not every registry has.
$(PEERS_STAMP): bench/peers/package.json bench/peers/package-lock.json bench/peers/.npmrc
	cd bench/peers && npm install --no-save --loglevel=error
	@touch $@
