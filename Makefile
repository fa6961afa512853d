# Every target sets up what it needs in .venv, from a fresh clone: Python >= 3.11, git and make are enough.
# (The tests also need a Python of at most 3.12, for StackStorm's client: scripts/st2.sh.)
.DEFAULT_GOAL := help
.PHONY: help demo test soak lint check programs bench clean

BIN := .venv/bin
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
ST2 := .venv/.installed-st2
export PYTHON PYTHON_ST2

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 14

$(RUN): pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh .
	@touch $@

$(DEV): pyproject.toml scripts/venv.sh
	@sh scripts/venv.sh '.[dev]'
	@touch $(RUN) $@

# After the environment that it lies in, which is made from nothing when it does not fit.
$(ST2): scripts/st2.sh | $(DEV)
	@sh scripts/st2.sh
	@touch $@

demo: $(RUN) ## run a workflow, let it fail, and re-run it from the task that failed
	@PATH="$(CURDIR)/$(BIN):$$PATH" bash examples/demo.sh

check: $(DEV) ## format check, lint, types, import contracts
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	$(BIN)/lint-imports --no-logo

programs:
	@sh scripts/debian.sh

test: programs check $(ST2) ## everything that CI runs
	$(BIN)/pytest -n 2 --dist worksteal

soak: programs check $(ST2) ## the same with larger counts (takes long)
	ORCHESTRION_SOAK=1 $(BIN)/pytest -n 2 --dist worksteal

lint: $(DEV) ## repair format and lint where a tool can, then check
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	@$(MAKE) --no-print-directory check

bench: $(DEV) ## measure: everything, or what NAMES says (NAMES="durable cli")
	$(BIN)/python -m benchmarks $(NAMES)

clean: ## remove the virtual environment and all caches
	rm -rf .venv .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
