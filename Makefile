# Two commands do everything on a fresh machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

# What is imported is compiled once, whatever the environment says, not in each of the many processes that tests start.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-spark check bench docs lock clean install

demo: install        ## the whole chain on a simulated county, into out/demo
	$(BIN)/riskmodel demo --out out/demo

test: install        ## all tests
	$(BIN)/pytest -n 2 --dist worksteal

test-spark: install  ## the tests that need the extra spark; brings PySpark, and a Java where there is none
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements-spark.lock
	$(BIN)/pytest -m spark tests/spark

check: install       ## what must hold besides the tests: lint, format, types, import directions, doctests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest --doctest-modules src/riskmodel -p no:randomly

bench: install       ## features, the simulated county, validating, training, explaining, scoring, the watch and the list beside what they are measured by: benchmarks/*.csv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	$(BIN)/python benchmarks/features.py --households 1000000 --scaling
	$(BIN)/python benchmarks/simulate.py --scaling
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/train.py
	$(BIN)/python benchmarks/explain.py
	$(BIN)/python benchmarks/score.py --folder out/bench --twice
	$(BIN)/python benchmarks/tables.py
	$(BIN)/python benchmarks/monitor.py --write
	$(BIN)/python benchmarks/list.py
	$(BIN)/python benchmarks/list_year.py

docs: install        ## the data dictionary, and the tables in the READMEs (these need the data of the real panels)
	$(BIN)/riskmodel features --dictionary --out docs/data_dictionary.md
	$(BIN)/python experiments/make_tables.py

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("riskmodel needs Python 3.11, 3.12 or 3.13; this is " + sys.version.split()[0] + ". Name one: make PYTHON=python3.12 ...") if not ((3, 11) <= sys.version_info[:2] <= (3, 13)) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@# By all cores, where pip would take one; libraries bring templates that are no whole Python files.
	@$(BIN)/python -m compileall -q -j 0 .venv/lib >/dev/null 2>&1 || true
	@touch $@

UV_COMPILE := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet

lock:                ## pin everything anew (needs uv)
	$(UV_COMPILE) --upgrade --extra dev -o requirements.lock
	for extra in spark review scorecard notebooks bench postgresql; do $(UV_COMPILE) --extra $$extra -c requirements.lock -o requirements-$$extra.lock; done

clean:
	rm -rf .venv out build dist
