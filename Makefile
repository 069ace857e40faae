# Every target does its own set-up: a machine with Python 3.11, make and git is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# Commands start hundreds of times in the tests: let Python keep what it compiled.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo test lint check format bench bench-peers clean

help:  ## what there is to make
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml scripts/install
	@scripts/install "$(PYTHON)" "$(VENV)"
	@touch $@

demo: $(STAMP)  ## the whole story on a temporary database
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/quickstart.sh

test: $(STAMP)  ## the tests
	@$(BIN)/python -m pytest -n 2 $(PYTEST)

lint: $(STAMP)  ## format, lint, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint  ## all that must hold: the above, and the tests with branch coverage and its floor
	@$(MAKE) --no-print-directory test PYTEST="--cov --cov-report=term"

format: $(STAMP)  ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(STAMP)  ## measure what docs/performance.md promises: a quarter of an hour on two cores
	@$(BIN)/python -m benchmarks

bench-peers: $(STAMP)  ## the same next to Dagster and APScheduler, which it installs
	@$(BIN)/python -m benchmarks.peers --venvs $(VENV)/peers

clean:  ## remove what the other targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
