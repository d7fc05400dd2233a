# The two commands of the README; both set up everything on a fresh machine (Python 3.11 or newer, make, internet).
PYTHON ?= python3
VENV ?= .venv
ESCNN_VENV ?= .venv-escnn
EMLP_VENV ?= .venv-emlp
BIN := $(VENV)/bin
DEMO := build/demo

.PHONY: demo check test test-all golden oracles oracles-emlp oracles-escnn gpu-check lint types imports boards clean

# torch first and pinned: the constraints hold the versions that the committed boards were made with.
$(BIN)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

demo: $(BIN)/.ready
	$(BIN)/python -m bench run --method semola --task nbody_1step_id --budget small --results $(DEMO)/results
	$(BIN)/python -m bench leaderboard --results $(DEMO)/results
	cat $(DEMO)/boards/nbody_1step_id.md

# A file's tests stay together, in one process: many share a cluster, a browser or a trained method.
# Slow ones start processes, a cluster, a browser or a compiler: `make test-all` runs them too.
test: $(BIN)/.ready
	$(BIN)/python -m pytest -n auto --dist loadfile -m "not slow"

test-all: $(BIN)/.ready
	$(BIN)/python -m pytest -n auto --dist loadfile

# On a machine with a GPU: its tests, the same cells on CPU and GPU, speeds; writes benchmarks/reports/<GPU>.md.
gpu-check: $(BIN)/.ready
	$(BIN)/python -m pytest -m cuda
	$(BIN)/python benchmarks/gpu_check.py

check: lint types imports boards

# The smoke scores that tests compare with; who moves a number raises the version of its task or method, then this.
golden: $(BIN)/.ready
	$(BIN)/python -m tests.golden.make

# The packages that our code is compared with: live, and whether they still give the arrays of tests/oracles, which
# `make test` compares it with.
oracles: oracles-emlp oracles-escnn

# escnn needs numpy 1, so it has an environment of its own; the import fails here where pip left it out (Python 3.13).
$(ESCNN_VENV)/bin/.ready: pyproject.toml constraints-escnn.txt
	$(PYTHON) -m venv $(ESCNN_VENV)
	$(ESCNN_VENV)/bin/python -m pip install --quiet -c constraints-escnn.txt torch
	$(ESCNN_VENV)/bin/python -m pip install --quiet -c constraints-escnn.txt -e ".[test,escnn]"
	$(ESCNN_VENV)/bin/python -c "import escnn"
	touch $@

# Also the groups of gcnn but p4, whose layers are escnn's.
oracles-escnn: $(ESCNN_VENV)/bin/.ready
	$(ESCNN_VENV)/bin/python -m pytest tests/nn/test_escnn_oracle.py tests/nn/test_steerable_cnn.py tests/methods/test_gcnn.py

# The emlp package brings jax; it is an oracle of tests and a benchmark, nothing else needs it.
$(EMLP_VENV)/bin/.ready: pyproject.toml constraints-emlp.txt
	$(PYTHON) -m venv $(EMLP_VENV)
	$(EMLP_VENV)/bin/python -m pip install --quiet -c constraints-emlp.txt torch
	$(EMLP_VENV)/bin/python -m pip install --quiet -c constraints-emlp.txt -e ".[test,emlp]"
	$(EMLP_VENV)/bin/python -c "import emlp"
	touch $@

oracles-emlp: $(EMLP_VENV)/bin/.ready
	$(EMLP_VENV)/bin/python -m pytest tests/nn/test_emlp_oracle.py

lint: $(BIN)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# mypy and import-linter cannot map our folders to bench.methods etc. in the tree, so they check an installed copy.
build/typed: $(BIN)/.ready $(shell find bench methods tasks datasets leaderboard -name '*.py' 2>/dev/null)
	rm -rf build/typed build/lib
	$(BIN)/python -m pip install --quiet --no-deps --target build/typed .
	touch $@

types: build/typed
	cd build && MYPYPATH=typed ../$(BIN)/mypy --config-file ../pyproject.toml -p bench

imports: build/typed
	cd build && PYTHONPATH=typed ../$(BIN)/lint-imports ../pyproject.toml

boards: $(BIN)/.ready
	$(BIN)/python -m bench leaderboard --check

clean:
	rm -rf build $(VENV) $(ESCNN_VENV) $(EMLP_VENV)
