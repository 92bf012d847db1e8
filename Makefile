# Everything that a developer or a stranger runs. `make help` lists it. Only Python 3.11+ and make are needed.

# The first Python that is new enough; PYTHON=/path/to/python overrides.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# On a machine with one core, or many: as many workers as cores, eight at most.
# One more than there are cores: the tests that kill and restart processes wait more than they work.
TESTS ?= -n $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1) --maxprocesses 8 --dist worksteal
# --no-strip-extras: pip 23.2 reads "coverage[toml]" as a package apart, and would take a newer one that has no hash here.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --no-strip-extras --extra export --group build $(UPGRADE)

CHROMIUM := [ -n "$$CHROMIUM" ] || command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null

.DEFAULT_GOAL := help
.PHONY: help run test check format bench soak platforms screenshots lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(VENV)/.run ## install, migrate and start everything with the demo campaigns
	@$(BIN)/groundswell up --demo

# Half of what the many processes of the tests cost is compiling, where the environment keeps Python from storing it.
test soak: export PYTHONDONTWRITEBYTECODE =

test: $(VENV)/.test ## install what the tests need and run all of them
	@$(BIN)/python -m pytest $(TESTS)

check: $(VENV)/.test ## lint, formatting and types, as CI runs them
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(wildcard app collectors sandbox migrations tests bench)

format: $(VENV)/.test ## put the code into its form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

bench: $(VENV)/.test ## measure, and print the tables of bench/README.md
	@$(BIN)/python -m bench

soak: $(VENV)/.test ## the long runs: random kills while collecting and while delivering, on both databases
	@$(BIN)/python -m pytest -n 0 -m soak --timeout 3600 tests

platforms: $(VENV)/.test ## write docs/platforms.md from what the collectors declare
	@$(BIN)/python -m collectors.described > docs/platforms.md

screenshots: $(VENV)/.test ## a picture of every page into screenshots/ (PAGES="today campaign" for some)
	@$(BIN)/python -m tests.browser.screenshots $(PAGES)

lock: $(VENV)/.test ## compile the lock files again (UPGRADE=--upgrade takes newer versions)
	@$(LOCK) --group dev pyproject.toml --output-file requirements-dev.lock
	@$(LOCK) --constraint requirements-dev.lock pyproject.toml --output-file requirements.lock

clean: ## remove what was installed and cached; data/ stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Groundswell needs Python 3.11 or newer: install it, or name it with PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Groundswell needs Python 3.11 or newer; $(PYTHON) is older")'
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Could not make $(VENV): on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }

# The stamps make a second run start at once. --no-build-isolation: the builder is in the lock too, so that
# nothing comes in without a hash.
$(VENV)/.run: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing Groundswell into $(VENV) (once, about a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.test: requirements-dev.lock pyproject.toml tests/alerts/node/package-lock.json tests/browser/node/package-lock.json | $(BIN)/python
	@echo "Installing what the tests need into $(VENV) (once, about a minute)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@$(BIN)/npm ci --silent --no-audit --no-fund --prefix tests/alerts/node && \
		$(BIN)/npm ci --silent --no-audit --no-fund --prefix tests/browser/node || \
		echo "npm reached no registry: the webhook guide's Node example and the pages in a browser will not be tested" >&2
	@$(CHROMIUM) || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "Installing Chromium for the tests" && \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
		echo "No Chromium: the pages will not be tested in a browser (on Debian: apt install chromium)" >&2
	@touch $@
