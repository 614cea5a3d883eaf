# Two commands do everything on a machine with Python 3.11+ and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo month-end month test lint types imports check bench lock clean

install: $(VENV)/.installed ## set up .venv with everything, pinned by hash

$(VENV)/.installed: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Forebay needs Python 3.11 or newer; try: make install PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: install ## the main job: SQL files in, results landed under out/, against a local Stripe
	@$(BIN)/forebay demo

month-end: install ## 12 reports of each of 38 accounts, tied out, checked and published together, against a local Stripe
	@$(BIN)/forebay demo month-end

month: install ## the whole simulated month: minutes, where `make test` tells its last ten days
	@FOREBAY_TEST_MONTH=whole $(BIN)/python -m pytest -q tests/system/test_month.py

test: install ## all tests; starts the servers it needs on free loopback ports
	@$(BIN)/python -m pytest

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: install
	@$(BIN)/mypy

imports: install
	@$(BIN)/lint-imports

check: lint types imports

bench: install ## how full the slots are kept, beside what one would write or take today; some 20 minutes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps dtex==0.21.0
	$(BIN)/python -m bench.saturation --scenario all

lock: ## renew the lock files (needs uv on the PATH); no registry's address goes into them
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade --extra sandbox pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--upgrade --all-extras --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
