# All of it works without make too: README.md, "Without make".
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build test spark test-spark lint docs validate bench clean

VENV := .venv
PYTHON := $(VENV)/bin/python
DBT := $(VENV)/bin/dbt

export DBT_PROFILES_DIR := $(CURDIR)
export LIFECYCLE_DB ?= warehouse/lifecycle.duckdb
export LIFECYCLE_STATE ?= warehouse/state.duckdb
export LIFECYCLE_PUBLISH ?= published
export LIFECYCLE_SPARK_WAREHOUSE ?= warehouse/spark

# Whose data: a directory of one's own, a public data set, or else the demo shop.
ifdef RAW
  export LIFECYCLE_RAW := $(RAW)
else ifdef DATASET
  export LIFECYCLE_RAW := datasets/$(DATASET)
  LIFECYCLE_DB := warehouse/$(DATASET).duckdb
  LIFECYCLE_STATE := warehouse/$(DATASET)_state.duckdb
  LIFECYCLE_PUBLISH := published/$(DATASET)
  LIFECYCLE_SPARK_WAREHOUSE := warehouse/spark_$(DATASET)
  LIFECYCLE_HASH_SALT ?= demo
  MAKE_RAW := $(PYTHON) -m lifecycle dataset $(DATASET) --out datasets/$(DATASET) $(if $(FROM),--from $(FROM))
else
  export LIFECYCLE_RAW ?= raw
  LIFECYCLE_HASH_SALT ?= demo
  MAKE_RAW := $(PYTHON) -m lifecycle demo --out $(LIFECYCLE_RAW)
endif
export LIFECYCLE_HASH_SALT

# On Spark dbt runs in the process that has the session: docs/spark.md.
ifeq ($(LIFECYCLE_TARGET),spark)
  EXTRA := $(VENV)/.stamp-spark
  BUILD := $(PYTHON) -m lifecycle spark build
else
  BUILD := $(DBT) build
endif

# step(what it does, command): a step that fails is named, and nothing after it runs.
step = @echo "==> $(1)"; $(2) || { code=$$?; echo "make $@: failed at: $(1)" >&2; exit $$code; }

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

build: $(VENV)/.stamp $(EXTRA) ## Build and test all layers: the demo, RAW=<dir> or DATASET=<name> [FROM=<file>]
ifdef MAKE_RAW
	$(call step,make the raw data,$(MAKE_RAW))
endif
	$(call step,build and test every layer,$(BUILD) --exclude-resource-type unit_test --vars "$$(cat $(LIFECYCLE_RAW)/vars.yml 2>/dev/null || echo '{}')")
ifdef EXTRA
	@echo "==> the marts are tables of Spark in $(LIFECYCLE_SPARK_WAREHOUSE)/marts"
else
	$(call step,publish the marts,$(PYTHON) -m lifecycle publish)
	$(call step,report,$(PYTHON) -m lifecycle report)
endif

# A file's builds are made once: by the worker that has the file. The longest files start first.
test: $(VENV)/.stamp lint ## Lint, then all tests
	$(call step,tests,$(PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder)

spark: $(VENV)/.stamp-spark ## Add Spark to the environment: nobody else needs it

test-spark: export LIFECYCLE_TEST_SPARK := 1
test-spark: $(VENV)/.stamp $(VENV)/.stamp-spark ## Install Spark, and compare what it builds with DuckDB
	$(call step,tests,$(PYTHON) -m pytest tests/python/test_spark.py tests/python/test_engine_macros.py)

lint: export LIFECYCLE_DB := target/lint/warehouse.duckdb
lint: export LIFECYCLE_STATE := target/lint/state.duckdb
lint: export LIFECYCLE_HASH_SALT := demo
lint: $(VENV)/.stamp ## Python and SQL style, and that dbt parses without a warning
	$(call step,ruff,$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check .)
	$(call step,dbt parse,$(DBT) parse --warn-error)
	$(call step,sqlfluff,$(VENV)/bin/sqlfluff lint --processes 2 models tests analyses)

docs: $(VENV)/.stamp ## One page that documents all models, in target/static_index.html
	$(call step,docs,$(DBT) docs generate --static)

validate: $(VENV)/.stamp ## Shape of the raw extracts and drift of the marts against the kept baseline
	$(call step,raw extracts,$(PYTHON) -m lifecycle validate-raw --raw $(LIFECYCLE_RAW))
	$(call step,marts,$(PYTHON) -m lifecycle validate-marts)

bench: $(VENV)/.stamp ## What a build costs beside plain SQL: SCALE=S, M or L, MORE='--add 0.01'
	$(call step,bench,$(PYTHON) bench/build.py --scale $(or $(SCALE),S) $(MORE))

clean: ## Remove what can be made again; the state is kept
	rm -rf target logs published gx $(LIFECYCLE_DB) $(LIFECYCLE_DB).wal
	@if [ -d $(LIFECYCLE_SPARK_WAREHOUSE) ]; then \
		find $(LIFECYCLE_SPARK_WAREHOUSE) -mindepth 1 -maxdepth 1 ! -name state -exec rm -rf {} +; fi

$(VENV)/.stamp: requirements.txt
	@echo "==> set up $(VENV)"
	@python3.11 -c 'import ensurepip' 2>/dev/null || { apt-get update -qq && apt-get install -y -qq python3.11-venv; }
	python3.11 -m venv $(VENV)
	$(VENV)/bin/pip install -q uv==0.13.9
	$(VENV)/bin/uv pip install -q --python $(PYTHON) --require-hashes --compile-bytecode -r requirements.txt
	@touch $@

$(VENV)/.stamp-spark: requirements-spark.txt $(VENV)/.stamp
	@echo "==> add Spark to $(VENV)"
	$(VENV)/bin/uv pip install -q --python $(PYTHON) --require-hashes --compile-bytecode -r requirements-spark.txt
	@touch $@
