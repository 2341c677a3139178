# make run [EXPERIMENT=name]   the environment, then the workflow, then its report
# make test                    the environment, then the tests
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXPERIMENT ?=
CONFIG := $(if $(EXPERIMENT),--configfile experiments/$(EXPERIMENT).yaml)
ifneq ($(EXPERIMENT),)
ifeq ($(wildcard experiments/$(EXPERIMENT).yaml),)
$(error there is no experiments/$(EXPERIMENT).yaml; there are: $(basename $(notdir $(wildcard experiments/*.yaml))))
endif
endif
REPORT := results/$(or $(EXPERIMENT),default)/report.html

.PHONY: run test lint format env clean
.DEFAULT_GOAL := run

env: $(VENV)/.made

# The stamp is written last: an environment that was interrupted is made again.
$(VENV)/.made: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[dev,slurm]"
	touch $@

run: env
	$(BIN)/python -m graphprune.pipeline.lock
	$(BIN)/snakemake --cores all --resources gpu=1 $(CONFIG)
	$(BIN)/snakemake --cores 1 $(CONFIG) --report $(REPORT)
	@echo $(REPORT)

test: env
	$(BIN)/pytest --numprocesses auto --dist loadgroup

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/snakemake --lint

format: env
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile rules

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache .hypothesis
