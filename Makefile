# Two commands matter: `make demo` shows the product, `make test` proves it. Nothing else needs to be set up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LOCK := requirements/dev.lock

.PHONY: demo test lint bench docs golden lock clean help

help:            ## list the commands
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

$(READY): $(LOCK) pyproject.toml hatch_build.py assets/package-lock.json assets/collect.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Skuwise needs Python 3.11 or newer; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: on Debian or Ubuntu run 'apt-get install python3-venv'" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)   ## build the demo shop, plan it, show the result
	$(BIN)/skuwise demo --out out/demo

test: $(READY)   ## run every test, those of the server on both databases
	$(BIN)/python -m pytest -n 2 --dist loadfile
	SKUWISE_TEST_DATABASE=postgresql $(BIN)/python -m pytest -n 2 --dist loadfile tests/server

lint: $(READY)   ## style, types and the direction of dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:           ## measure, beside named peers in the same run (in an environment of its own)
	@$(MAKE) --no-print-directory VENV=.venv-bench LOCK=requirements/bench.lock .venv-bench/.ready
	.venv-bench/bin/python -m benchmarks.run

golden: $(READY) ## accept the plans of tests/golden as they are now
	$(BIN)/python -m tests.golden.accept

docs: $(READY)   ## write the generated pages of docs/ anew
	$(BIN)/python -m skuwise.cli.doc_pages docs

lock:            ## resolve the requirements anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group dev pyproject.toml -o requirements/dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group dev --group bench pyproject.toml -o requirements/bench.lock

clean:           ## remove what the other commands made
	rm -rf $(VENV) .venv-bench out build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
