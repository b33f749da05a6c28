# Two commands: `make demo` sets up and runs the main job, `make test` sets up and runs every check.
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
READY := $(VENV)/.ready
TORCH := torch==2.13.0

.PHONY: demo release loop serve test check prove docs bench lock clean

demo: release
	cd examples/retail && $(BIN)/python ask.py

# The closed loop, on the days of the demo's table: after `make demo`.
loop: $(READY)
	cd examples/retail && $(BIN)/python loop.py

serve: release
	cd examples/retail && exec $(BIN)/mainspring serve retail@champion \
	  --fallback retail-usual@champion --fallback retail-last-week@champion

release: $(READY)
	cd examples/retail && $(BIN)/mainspring run && $(BIN)/python release.py

# The tests come last, so that their closing line is the last one.
test: $(READY)
	$(MAKE) -j 2 check docs
	$(BIN)/pytest -n 2 --dist worksteal -m "not prove"

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

prove: $(READY)
	$(BIN)/pytest -n 2 --dist worksteal -m prove --timeout=3600 -p no:randomly

docs: $(READY)
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

bench: $(READY)
	$(BIN)/python bench/engine/run.py
	$(BIN)/python bench/contract/run.py
	$(BIN)/python bench/retail/run.py
	$(BIN)/python bench/serving/run.py
	$(BIN)/python bench/batch/run.py
	$(BIN)/python bench/gates/run.py
	$(BIN)/python bench/properties/run.py
	$(BIN)/python bench/monitoring/run.py

# What pip installs is compiled afterwards, on all processors, and so is what is here: the first command need not wait,
# nor every command where Python may not keep what it compiles. Some packages hold files that are not for this Python.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Mainspring needs Python 3.11 or newer; set PYTHON=..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --no-compile --no-deps "$(TORCH)"
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib src examples > /dev/null || true
	touch $(READY)

# Needs uv. Addresses stay out of the lock, so that it works with any index.
lock:
	uv pip compile pyproject.toml --extra data --extra s3 --extra serve --extra train --extra postgres --group dev --group torch-needs \
	  --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock

clean:
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
