# Targets for people: `make help` lists them. Set-up is skipped while .venv matches requirements.lock and pyproject.toml.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup swebench locks repro test test-all check ui clean

# The interpreter to make .venv with; unless it is named, the first of python3 and python3.11 that is 3.11.
PYTHON ?=
UI_PORT ?= 5000
VENV := .venv/bin
STAMP := .venv/installed.lock
export MLFLOW_DISABLE_TELEMETRY := true
# every stage is a process of its own: where writing bytecode is switched off, each would compile its imports anew
export UV_COMPILE_BYTECODE := 1
# another environment that happens to be active must not receive our packages
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv from requirements.lock (hashes checked) and configure dvc; skipped when up to date
	@if cat requirements.lock pyproject.toml 2>/dev/null | cmp -s - $(STAMP); then $(scm); exit; fi; \
	$(check_python); $(make_venv); $(install_uv); $(install_rest); $(scm); \
	cat requirements.lock pyproject.toml > $(STAMP).part; mv $(STAMP).part $(STAMP)

swebench: setup ## add the official swebench package: test commands and log parsers of the dataset swe_bench
	@$(VENV)/uv pip install --quiet --python $(VENV)/python --no-deps --require-hashes -r requirements-swebench.lock || { echo "$(no_index)" >&2; exit 2; }

locks: setup ## write both lock files anew from pyproject.toml
	@$(compile) --extra dev -o requirements.lock; \
	$(compile) --extra swebench -c requirements.lock -o requirements-swebench.lock \
		$$(sed -n 's/^\([a-z0-9][a-z0-9.-]*\)==.*/--no-emit-package \1/p' requirements.lock)

repro: setup ## climb the phases that params.yaml names, then print the headline numbers
	@status=0; $(VENV)/dvc repro || status=$$?; \
	if [ $$status != 0 ]; then echo "dvc repro stopped early (exit $$status, reason above); below is what is there so far" >&2; fi; \
	$(VENV)/python -m stages.headline || status=$$?; exit $$status

test: setup ## run the tests: under 3 minutes, offline once set up
	@$(VENV)/python -m pytest -n logical --dist loadfile

test-all: setup ## run every test whose tool is present, the slow ones too
	@$(VENV)/python -m pytest -n logical --dist loadfile -m ""

check: setup ## ruff, mypy strict, import-linter
	@$(VENV)/ruff check; $(VENV)/ruff format --check; $(VENV)/mypy; $(VENV)/lint-imports

ui: setup ## open the MLflow UI on the runs (UI_PORT=5000)
	@mkdir -p .bugladder; exec $(VENV)/mlflow ui --port $(UI_PORT) --backend-store-uri "sqlite:///$(CURDIR)/.bugladder/mlflow.db"

clean: ## remove the tools' caches and temporary folders; results, store and .venv stay
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .bugladder/tmp; \
	find src stages tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

define check_python
version_of() { "$$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo missing; }; \
python="$(PYTHON)"; \
if [ -z "$$python" ]; then python=python3; \
	if [ "$$(version_of python3)" != 3.11 ] && [ "$$(version_of python3.11)" = 3.11 ]; then python=python3.11; fi; fi; \
found="$$(version_of "$$python")"; \
if [ "$$found" != 3.11 ]; then \
	echo "bugladder needs Python 3.11, and $$python is $$found: install 3.11 (Debian, Ubuntu: apt install python3.11-venv) or name it: make PYTHON=/path/to/python3.11" >&2; exit 2; fi; \
if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
	echo "$$python -m venv does not work here: install it (Debian, Ubuntu: apt install python3.11-venv) and run the same command again" >&2; exit 2; fi
endef

define make_venv
if ! $(VENV)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then \
	echo "setup: making .venv with $$python"; "$$python" -m venv --clear .venv; fi
endef

compile = $(VENV)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --custom-compile-command "make locks" pyproject.toml

# pip installs only uv, as pinned with its hashes; uv installs the rest
define install_uv
sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt; \
if [ "$$($(VENV)/uv --version 2>/dev/null | cut -d' ' -f2)" != "$$(sed -n 's/^uv==\([^ ;]*\).*/\1/p' .venv/uv.txt)" ]; then \
	echo "setup: installing uv"; \
	$(VENV)/python -m pip --version >/dev/null 2>&1 || $(VENV)/python -m ensurepip >/dev/null; \
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt || { echo "$(no_index)" >&2; exit 2; }; fi
endef

define install_rest
echo "setup: installing $$(grep -c '^[a-z].*==' requirements.lock) pinned packages"; \
started=$$SECONDS; $(VENV)/uv pip sync $$([ -t 2 ] || echo --quiet) --python $(VENV)/python --require-hashes requirements.lock || { echo "$(no_index)" >&2; exit 2; }; \
$(VENV)/uv pip install --quiet --python $(VENV)/python --no-build-isolation --no-deps -e .; \
echo "setup: done in $$((SECONDS - started)) s"
endef

no_index = setup: packages could not be installed; the package index is needed for this step. What was downloaded is kept: run the same command again

# unpacked from a zip there is no .git, and dvc has to be told
define scm
if [ ! -e .git ]; then grep -qs no_scm .dvc/config.local || $(VENV)/dvc config --local core.no_scm true; \
elif grep -qs no_scm .dvc/config.local; then $(VENV)/dvc config --local --unset core.no_scm; fi
endef
