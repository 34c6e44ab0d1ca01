# Two commands: `make demo` sets everything up and runs the main job; `make test` passes all tests.
PYTHON ?= python3
BIN := .venv/bin
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: demo ui test test-services laws lint format bench chaos lock clean
.DEFAULT_GOAL := demo

.venv/installed: requirements.lock pyproject.toml
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --no-deps --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

demo: .venv/installed
	@$(BIN)/clayload demo

# Prefect's UI with all deployments, a worker, and a stand-in of Clay; until Ctrl-C.
ui: .venv/installed
	@$(BIN)/clayload serve --standin

# Beside real servers: all that `clayload serve` starts, by its API and in a Chromium (Debian:
# apt-get install chromium), flows in processes of their own, workers, a Dask cluster, and an S3 server.
SERVICES := tests/served tests/integration/objects \
  $(addprefix tests/flows/test_,dask_runner.py flow_command.py resumed_runs.py)

test: .venv/installed
	$(BIN)/pytest --numprocesses 3 $(SERVICES:%=--ignore %)

test-services: .venv/installed
	$(BIN)/pytest $(SERVICES)

# The laws with examples drawn anew, where `make test` draws the same each time; a few times over.
laws: .venv/installed
	@for time in 1 2 3; do $(BIN)/pytest --numprocesses 2 --hypothesis-profile anew \
	  -m hypothesis || exit 1; done

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: .venv/installed
	@failed=0; for bench in data_path sending_loop prefect_cost simulate start; do \
	  $(BIN)/python benchmarks/$$bench.py || failed=1; done; exit $$failed

# Kills, faults and rushes by the hundred, and all that is promised by the clock: on a machine with
# nothing else to do, for as long as it takes. The table is kept in docs/promises.md.
chaos: .venv/installed
	PYTHONPATH=tests $(BIN)/python -m chaos --write

# Needs uv on the PATH. No index address may get into the file.
lock:
	uv pip compile pyproject.toml --extra dev --extra server --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --quiet --custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf .venv .clayload build *.egg-info
