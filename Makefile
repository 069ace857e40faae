# Every target does its own set-up: a machine with Python 3.11, make and git is enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PROGRAM := $(VENV)/.program

# Commands start hundreds of times in the tests: let Python keep what it compiled.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint check format bench bench-peers faults fuzz mutants clean

help:  ## what there is to make
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml scripts/install
	@scripts/install "$(PYTHON)" "$(VENV)" dev
	@touch $@ $(PROGRAM)

$(PROGRAM): pyproject.toml scripts/install
	@scripts/install "$(PYTHON)" "$(VENV)"
	@touch $@

demo: $(PROGRAM)  ## the whole story on a temporary database
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/quickstart.sh

test: $(STAMP)  ## the tests
	@$(BIN)/python -m pytest -n 2 $(PYTEST)

quick: $(STAMP)  ## the tests but for those that take seconds or start many processes: half a minute
	@$(BIN)/python -m pytest -n 2 -m "not slow" $(PYTEST)

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

bench: $(STAMP)  ## measure what docs/performance.md promises: ten minutes on two idle cores
	@$(BIN)/python -m benchmarks

bench-peers: $(STAMP)  ## the same next to Dagster, APScheduler, Celery and task-spooler
	@$(BIN)/python -m benchmarks.peers --venvs $(VENV)/peers
	@$(BIN)/python -m benchmarks.peers.executing --venvs $(VENV)/peers

KILLS   ?= 3000
SPOILED ?= 2000
FUZZ    ?= 2000
SECONDS ?= 120
MINUTES ?= 30

faults: $(STAMP)  ## kill, fill the disk, break every write, spoil files: half an hour (KILLS=3000 SPOILED=2000)
	@$(BIN)/python -m tests.system.storm --kills $(KILLS)
	@$(BIN)/python -m tests.execution.storm $(KILLS)
	@$(BIN)/python -W ignore::DeprecationWarning -m tests.execution.work_storm --kills $(KILLS)
	@$(BIN)/python -m tests.system.injector
	@$(BIN)/python -m tests.execution.slurm_storm 300
	@ARCO_SLURM_FAULTS=1 $(BIN)/python -m pytest tests/execution/test_slurm.py
	@ARCO_SPOILED_FILES=$(SPOILED) $(BIN)/python -m pytest -n 2 tests/system

fuzz: $(STAMP)  ## hostile input at random (FUZZ=2000 command lines a test, SECONDS=120 of atheris a reader)
	@ARCO_FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest -n 2 tests/system/test_fuzz.py
	@$(BIN)/pip install --quiet --only-binary :all: atheris || echo "no atheris for this machine: the rest is left out"
	@! $(BIN)/python -c "import atheris" 2>/dev/null || for reader in cron stored; do \
	    $(BIN)/python -m tests.system.fuzz_atheris $$reader -max_total_time=$(SECONDS) -verbosity=0 -print_final_stats=1 || exit 1; done

mutants: $(STAMP)  ## change the core in small ways and see whether the tests notice; goes on where it stopped (MINUTES=30)
	@$(BIN)/python scripts/mutants --minutes $(MINUTES)

clean:  ## remove what the other targets made
	rm -rf $(VENV) mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
