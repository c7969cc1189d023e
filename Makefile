# Two commands from a clean checkout: `make demo` (the core, no torch) and `make test` (everything).

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
ALL := probes notebooks dev
PYTEST_ARGS ?=

# What the demos run; each is a module or a script, handed to the environment's Python.
DEMO ?= -m scaling.demo
DEMO_PROBES ?= -m probes.demo

.PHONY: help demo demo-probes test test-slow test-gpu lint types notebooks readme core all clean

help:
	@echo "make demo         the shipped sweep: fit, plan, figures in out/ (no torch)"
	@echo "make demo-probes  the same from training on, about 10 minutes on 2 cores"
	@echo "make test         the tests; also test-slow, test-gpu, lint, types, notebooks, readme"

core:
	@$(PYTHON) .ci/venv.py $(VENV)

all:
	@$(PYTHON) .ci/venv.py $(VENV) $(ALL)

demo: core
	@$(PY) $(DEMO)

demo-probes:
	@$(PYTHON) .ci/venv.py $(VENV) probes
	@$(PY) $(DEMO_PROBES)

test: all
	@$(PY) -m pytest -m "not slow and not gpu" $(PYTEST_ARGS)

test-slow: all
	@$(PY) -m pytest -m "slow and not gpu" $(PYTEST_ARGS)

test-gpu: all
	@$(PY) -m pytest -m gpu $(PYTEST_ARGS)

lint: all
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: all
	@$(PY) -m mypy

notebooks: all
	@$(PY) .ci/notebooks.py

readme: all
	@$(PY) .ci/readme.py

clean:
	rm -rf .venv .venv-ci out build *.egg-info .pytest_cache .mypy_cache .ruff_cache
