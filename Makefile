# Every target sets up what it needs in .venv; the second time that costs nothing.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
USER_VENV := .venv-user
# uv must trust the certificates that pip trusts on this machine.
export UV_SYSTEM_CERTS := 1
# Tests start some hundred programs of ours. Where Python may keep no bytecode, each compiles the whole project anew.
unexport PYTHONDONTWRITEBYTECODE
UV := $(BIN)/uv

.PHONY: demo run test shuffle check format bench fuzz soak lock pages clean

demo: $(VENV)/.installed
	@$(BIN)/mochi-server demo

run: $(VENV)/.installed
	@$(BIN)/mochi-server

test: $(VENV)/.installed-dev
	@$(BIN)/pytest -n auto

# The same in random orders, each with a seed that is told: make shuffle RUNS=20, or SEED=7 for one of them again
RUNS ?= 1
shuffle: $(VENV)/.installed-dev
	@$(BIN)/python -m tests.shuffled --runs $(RUNS) $(if $(SEED),--seed $(SEED)) -n auto

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# What a user has is measured in a user's environment: some packages load more where others happen to be installed.
bench: $(VENV)/.installed-dev $(USER_VENV)/.installed
	BENCH_PYTHON=$(USER_VENV)/bin/python $(BIN)/python -m benchmarks --write

# Requests made of the OpenAPI document, as many as are asked for: make fuzz REQUESTS=5000
REQUESTS ?= 100000
fuzz: $(VENV)/.installed-dev
	$(BIN)/python -m tests.fuzzing.campaign --requests $(REQUESTS)

# For hours of use, in a quarter of an hour: many streams, idle ones, ten thousand turns, a stop.
soak: $(VENV)/.installed-dev
	@$(BIN)/python -m benchmarks.endurance

# The locks carry hashes and name no host; uv.lock would, so it stays out of the repository.
lock: $(UV)
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate requirements-bootstrap.in -o requirements-bootstrap.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml -o requirements.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --constraint requirements.txt --all-extras pyproject.toml -o requirements-extras.txt
	$(UV) pip compile --quiet --universal --generate-hashes --no-header --no-annotate --constraint requirements-extras.txt --group dev pyproject.toml -o requirements-dev.txt

# What the pages /docs and /redoc are made of: fetched by npm, checked by hash, laid into the repository.
pages: $(VENV)/.installed-dev
	$(BIN)/python -m maintenance.vendor_pages

clean:
	rm -rf $(VENV) $(USER_VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit("mochi-server needs Python 3.11 or newer (make PYTHON=python3.11 ...)" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt

$(VENV)/.installed: $(UV) requirements.txt requirements-bootstrap.txt pyproject.toml
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-bootstrap.txt -r requirements.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	@$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

$(USER_VENV)/.installed: $(UV) requirements.txt requirements-bootstrap.txt pyproject.toml
	@$(PYTHON) -m venv $(USER_VENV)
	@$(UV) pip install --quiet --compile-bytecode --python $(USER_VENV)/bin/python --require-hashes -r requirements-bootstrap.txt -r requirements.txt
	@$(UV) pip install --quiet --python $(USER_VENV)/bin/python --no-deps --no-build-isolation --editable .
	@touch $@
