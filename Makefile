# Two commands from a clean checkout: `make demo` (the core, no torch) and `make test` (everything).

PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
ALL := probes bases notebooks site dev
PYTEST_ARGS ?=

SWEEP := prose-python
# those on bases of equal tokens share their bases
SWEEPS := prose-code prose-german prose-metamath prose-code-branches prose-code-sampled prose-code-cosine

.PHONY: help demo demo-probes sweep sweeps smollm2 results docs test test-slow test-gpu lint types notebooks site readme installed core all clean

help:
	@echo "make demo         the shipped sweep: fit, plan, figures in out/ (no torch)"
	@echo "make demo-probes  the same from training on, under 10 minutes on 2 cores"
	@echo "make sweep        train the shipped sweep again, about 1.5 hours on 2 cores"
	@echo "make sweeps       the other sweeps on prose, about 2 hours; make smollm2, the one on SmolLM2-135M, half an hour"
	@echo "make results      the tables and pictures of the documents again, from the shipped sweeps"
	@echo "make docs         what code determines again: pages of docs/, the schema of plans, notebooks/*.ipynb"
	@echo "make test         the tests; also test-slow, test-gpu, lint, types, notebooks, readme"
	@echo "make site         the notebooks, then documents, reference and notebooks as a site in out/site/"
	@echo "make installed    the wheel in empty environments: newest and lowest versions, each Python that is here; 10 minutes"

core:
	@$(PYTHON) .ci/venv.py $(VENV)

all:
	@$(PYTHON) .ci/venv.py $(VENV) $(ALL)

demo: core
	@$(PY) -m scaling.cli demo data/runs/$(SWEEP).parquet --out out

demo-probes:
	@$(PYTHON) .ci/venv.py $(VENV) probes
	@$(PY) -m probes.cli run data/runs/demo.yaml --out out/demo/runs.parquet
	@$(PY) -m scaling.cli demo out/demo/runs.parquet --out out/demo

sweep:
	@$(PYTHON) .ci/venv.py $(VENV) probes
	@$(PY) -m probes.cli run data/runs/$(SWEEP).yaml --out out/sweep/$(SWEEP).parquet

sweeps:
	@$(PYTHON) .ci/venv.py $(VENV) probes
	@$(PY) data/corpora/build.py german metamath
	@for sweep in $(SWEEPS); do \
		$(PY) -m probes.cli run data/runs/$$sweep.yaml --out out/sweeps/$$sweep.parquet --work out/sweeps/work || exit 1; \
	done

smollm2:
	@$(PYTHON) .ci/venv.py $(VENV) probes bases
	@test -d data/bases/built/smollm2-135m || $(PY) data/bases/build.py smollm2
	@$(PY) -m probes.cli run data/runs/smollm2-code.yaml --out out/sweeps/smollm2-code.parquet

results: core
	@$(PY) tools/results.py

docs:
	@$(PYTHON) .ci/venv.py $(VENV) notebooks
	@$(PY) tools/laws.py
	@$(PY) tools/schema.py
	@$(PY) tools/notes.py
	@$(PY) tools/pairs.py

test: all
	@$(PY) -m pytest -m "not slow and not gpu" -n 2 --dist loadfile $(PYTEST_ARGS)

test-slow: all
	@$(PY) -m pytest -m "slow and not gpu" $(PYTEST_ARGS)

test-gpu: all
	@$(PY) -c "import torch; torch.cuda.is_available() or exit('no CUDA device, so nothing would be tested')"
	@$(PY) -m pytest -m gpu $(PYTEST_ARGS)

lint: all
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .

types: all
	@$(PY) -m mypy

notebooks: all
	@$(PY) tools/notebooks.py

site: notebooks
	@$(PY) tools/website.py

readme: all
	@$(PY) tools/readme.py

installed:
	@$(PYTHON) .ci/installed.py --out benchmarks/results/installed.md

clean:
	rm -rf .venv .venv-ci out build *.egg-info .pytest_cache .mypy_cache .ruff_cache
