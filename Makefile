# make chat    set everything up and talk to the coach here
# make test    set everything up and run the tests
# make lint    style, types and import rules
# make bench   speed and memory beside their floors
# make soak    the long runs
# make vectors compile the curriculum and compute the shipped vectors anew, after a change of anything in knowledge/
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUTF8 := 1

.PHONY: chat vectors setup test lint format bench soak lock clean

chat: $(VENV)/.ready
	@$(BIN)/coach chat

vectors: $(VENV)/.ready
	$(BIN)/python -m knowledge.index.preparing

setup: $(VENV)/.ready-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name it with: make chat PYTHON=python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 2; }

$(VENV)/.ready: pyproject.toml requirements.lock | $(VENV)/bin/python
	@echo "Setting up in $(VENV), once; this takes about a minute ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --editable .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo "Installing what the tests and checks need ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

test: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -n 2

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.ready-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench

soak: $(VENV)/.ready-dev
	$(BIN)/python -m pytest -m soak --timeout=3600

# versions and hashes only, for every platform and Python from 3.11 on; run after changing dependencies
lock: $(VENV)/.ready-dev
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate \
		--no-header --extra documents pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-annotate \
		--no-header -c requirements.lock --group dev --extra documents pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
