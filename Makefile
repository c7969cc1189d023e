# Two commands from a clean checkout: `make demo` (the core, no torch) and `make test` (everything).

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
ALL := probes notebooks dev
PYTEST_ARGS ?=

SWEEP := prose-python

.PHONY: help demo demo-probes sweep results test test-slow test-gpu lint types notebooks readme core all clean

help:
	@echo "make demo         the shipped sweep: fit, plan, figures in out/ (no torch)"
	@echo "make demo-probes  the same from training on, under 10 minutes on 2 cores"
	@echo "make sweep        train the shipped sweep again, about 1.5 hours on 2 cores"
	@echo "make results      the README's tables and pictures again, from the shipped sweep"
	@echo "make test         the tests; also test-slow, test-gpu, lint, types, notebooks, readme"

core:
	@$(PYTHON) .ci/venv.py $(VENV)

all:
	@$(PYTHON) .ci/venv.py $(VENV) $(ALL)

demo: core
	@$(PY) -m scaling.demo data/runs/$(SWEEP).parquet out

demo-probes:
	@$(PYTHON) .ci/venv.py $(VENV) probes
	@$(PY) -m probes.cli run data/runs/demo.yaml --out out/demo/runs.parquet
	@$(PY) -m scaling.demo out/demo/runs.parquet out/demo

sweep:
	@$(PYTHON) .ci/venv.py $(VENV) probes
	@$(PY) -m probes.cli run data/runs/$(SWEEP).yaml --out out/sweep/$(SWEEP).parquet

results: core
	@$(PY) .ci/results.py

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
