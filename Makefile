# Two commands do everything on a bare machine: `make sweep` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
GARMENT_HOME ?= .garment
SEED ?= 7
SWEEP ?= quickstart
WORKERS ?= 2
# One more than the cores of a small machine, since tests wait for leases, ends and servers.
TEST_WORKERS ?= 3
TORCH ?= 2.13.0
export GARMENT_HOME

.PHONY: sweep test test-busy figures surface lint install install-test install-lint lock clean

sweep: install
	@GARMENT=$(BIN)/garment SEED=$(SEED) SWEEP=$(SWEEP) WORKERS=$(WORKERS) bash infra/quickstart.sh

test: install-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup --no-loadscope-reorder

# The same beside two programs that take all they get of the processor: no test may depend on the machine's speed. Each has
# a session of its own, as another user's would.
test-busy: install-test
	@setsid $(BIN)/python -c "while True: pass" & one=$$!; setsid $(BIN)/python -c "while True: pass" & two=$$!; \
	trap "kill $$one $$two" EXIT INT TERM; $(MAKE) test

# Record anew the figures that a change must not change (tests/unchanged); say in the change which changed and why.
figures: install-test
	RECORD_FIGURES=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/unchanged

# Record anew what the rooms show (tests/surface/surface.txt).
surface: install-test
	RECORD_SURFACE=1 $(BIN)/python -m pytest tests/surface

# What holds the order, from the quickest to the slowest: form, layers, dead code, changelog, types.
lint: install-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PYTHONPATH=model:platform $(BIN)/lint-imports --no-logo
	$(BIN)/python infra/changes.py
	$(BIN)/vulture
	$(BIN)/mypy

install: $(VENV)/.installed
$(VENV)/.installed: pyproject.toml infra/requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement infra/requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	$(BIN)/garment doctor --warm
	@touch $@

install-test: $(VENV)/.installed-test
$(VENV)/.installed-test: $(VENV)/.installed infra/requirements-test.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement infra/requirements-test.lock
	@touch $@

install-lint: $(VENV)/.installed-lint
$(VENV)/.installed-lint: $(VENV)/.installed infra/requirements-lint.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement infra/requirements-lint.lock
	@touch $@

# Resolve the newest versions that pyproject.toml allows and pin them for everybody.
lock:
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet torch==$(TORCH) .
	build/lock/bin/python -m pip freeze --exclude garment-sweeps > infra/requirements.lock
	build/lock/bin/python -m pip install --quiet ".[test]"
	build/lock/bin/python -m pip freeze --exclude garment-sweeps > infra/requirements-test.lock
	build/lock/bin/python -m pip install --quiet ".[lint]"
	build/lock/bin/python -m pip freeze --exclude garment-sweeps > infra/requirements-lint.lock
	sed -i 's/^\(torch==[0-9.]*\)+cpu$$/\1/' infra/requirements*.lock
	rm -rf build/lock

clean:
	rm -rf $(VENV) $(GARMENT_HOME) build *.egg-info
