# From a fresh clone, with Python >= 3.11 and make: `make dev` serves the example application, `make test` checks and tests everything.
# What the targets need comes into .venv and .tools, both inside this folder; nothing is installed elsewhere.

PORT ?= 3000
PYTEST_ARGS ?=
# How many processes run the tests; 0 runs them in one, as a debugger needs it.
WORKERS ?= auto
# The first Python that is new enough; `make PYTHON=...` chooses another.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	found=$$(command -v $$name) && $$found -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$found && break; done)

OWN_UV := .tools/uv/bin/uv
UV := $(or $(shell command -v uv 2>/dev/null),$(OWN_UV))
BIN := .venv/bin
SYNCED := .venv/.synced

# The SAM CLI, in an environment of its own because its dependencies are not ours; the Lambda runtime emulator is a program inside it.
SAM_VERSION := 1.170.0
SAM := .tools/bin/sam
# Older clients of Lambda's runtime, under which functions may still run: streaming hooks each of them.
RUNTIME_CLIENTS := $(addprefix .tools/awslambdaric/,3.0.2 3.1.1 4.0.1)
# What `make deploy` hands to `sam deploy`; the first time, DEPLOY_ARGS=--guided.
DEPLOY_ARGS ?=

FUZZ_SECONDS ?= 120

# The Pythons of `make pythons`; one that is neither installed nor can be fetched is skipped.
PYTHONS ?= 3.12 3.13 3.14
# What `make floors` and `make pythons` run: the tests of what depends on the versions of Python and of libraries.
VERSION_TESTS ?= tests/adapters tests/cli tests/functions tests/http tests/observability tests/plan tests/routing tests/runtime \
	tests/services tests/template tests/testing

.PHONY: help dev test packages fuzz floors pythons audit check format lock sam deploy bench clean

help:
	@echo "make dev       serve the example application in functions/ on http://127.0.0.1:$(PORT)"
	@echo "make test      check, then run every test (PYTEST_ARGS='-k ...' chooses)"
	@echo "make packages  build every case of tests/packages: real distributions, from the source tree, from the bundle, and for arm64"
	@echo "make fuzz      try random requests and project files, FUZZ_SECONDS for each test"
	@echo "make floors    run the tests with the lowest versions of the direct dependencies that pyproject.toml allows"
	@echo "make pythons   run the tests under Python $(PYTHONS), as far as they are there"
	@echo "make audit     look up known vulnerabilities of the versions in uv.lock"
	@echo "make check     lint, formatting, types (the package and every route file), import contracts"
	@echo "make format    format, and fix what the linter can fix"
	@echo "make lock      bring uv.lock up to date with pyproject.toml"
	@echo "make sam       fetch the SAM CLI, and in it the Lambda runtime emulator, for the system tests"
	@echo "make deploy    put the example application on AWS (the first time: make deploy DEPLOY_ARGS=--guided)"
	@echo "make bench     how long matching, requests and cold starts take"
	@echo "make clean     remove everything that the other targets made"

dev: $(SYNCED)
	$(BIN)/edgeroutes dev --port $(PORT)

test: check
	$(BIN)/pytest -n $(WORKERS) --dist loadfile $(PYTEST_ARGS)

packages: $(SYNCED)
	PACKAGES=all $(BIN)/pytest -n $(WORKERS) tests/packages $(PYTEST_ARGS)

fuzz: $(SYNCED)
	FUZZ_SECONDS=$(FUZZ_SECONDS) $(BIN)/pytest tests/fuzz --timeout 0 $(PYTEST_ARGS)

floors: | $(UV)
	$(UV) venv --quiet --clear --python 3.11 .tools/floors
	$(UV) pip install --quiet --resolution lowest-direct --python .tools/floors/bin/python --editable '.[dev,testing]' --group dev
	.tools/floors/bin/pytest -n $(WORKERS) --dist loadfile $(VERSION_TESTS) $(PYTEST_ARGS)

pythons: $(PYTHONS:%=python-%)

python-%: | $(UV)
	@if ! $(UV) venv --quiet --clear --python $* .tools/python$* 2>/dev/null; then \
		echo "Python $* is skipped: it is not installed, and uv cannot fetch it"; exit; fi; \
	set -ex; UV_PROJECT_ENVIRONMENT=.tools/python$* $(UV) sync --quiet --frozen; \
	.tools/python$*/bin/pytest -n $(WORKERS) --dist loadfile $(VERSION_TESTS) $(PYTEST_ARGS)

# uv exits with 1 for a vulnerability, and with 2 where the service cannot be reached or uv is too old to have the command.
audit: | $(UV)
	@$(UV) audit --frozen || { code=$$?; test $$code = 2 && echo "The audit is skipped, for the reason above"; }

check: $(SYNCED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/edgeroutes typecheck
	$(BIN)/lint-imports
	$(BIN)/edgeroutes template --check

format: $(SYNCED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: | $(UV)
	$(UV) lock

sam: $(SAM) $(RUNTIME_CLIENTS)

deploy: $(SYNCED) | $(if $(shell command -v sam 2>/dev/null),,$(SAM))
	$(BIN)/edgeroutes template --check
	PATH="$$PATH:$(CURDIR)/.tools/bin" sam build
	PATH="$$PATH:$(CURDIR)/.tools/bin" sam deploy $(DEPLOY_ARGS)

bench: $(SYNCED)
	$(BIN)/python benchmarks/matching.py
	$(BIN)/python benchmarks/requests.py
	$(BIN)/python benchmarks/streaming.py
	$(BIN)/python benchmarks/cold_start.py
	$(BIN)/python benchmarks/caching.py
	$(BIN)/python benchmarks/dev_cdn.py

clean:
	rm -rf .venv .tools dist .bench .edgeroutes .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(SYNCED): pyproject.toml uv.lock | $(UV)
	$(UV) sync --quiet --frozen --compile-bytecode $(if $(PYTHON),--python $(PYTHON))
	@touch $@

$(SAM): | $(SYNCED)
	@rm -rf .tools/sam
	$(UV) venv --quiet --python $(BIN)/python .tools/sam
	$(UV) pip install --quiet --compile-bytecode --python .tools/sam/bin/python aws-sam-cli==$(SAM_VERSION)
	@mkdir -p .tools/bin && ln -sf ../sam/bin/sam $@

$(RUNTIME_CLIENTS): | $(SYNCED)
	$(UV) pip install --quiet --python $(BIN)/python --target $@ awslambdaric==$(notdir $@)

$(OWN_UV):
	@test -n "$(PYTHON)" || { echo "edgeroutes needs Python 3.11 or newer, and found none: install one, or name it: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Fetching uv into .tools, with $(PYTHON)"
	@$(PYTHON) -m venv .tools/uv >/dev/null 2>&1 && .tools/uv/bin/python -m pip install --quiet uv \
		|| { rm -rf .tools/uv; $(PYTHON) -m pip install --quiet --target .tools/uv uv; } \
		|| { rm -rf .tools/uv; echo "uv could not be fetched with $(PYTHON): the reason stands above."; \
		     echo "If it has neither venv nor pip (Debian, Ubuntu): apt install python3-venv. Or install uv by yourself."; exit 1; }

# `sam build` makes build-<LogicalId> for every function: the first builds all of them, the others link what it built.
EDGEROUTES_ROOT := $(patsubst Makefile,.,$(patsubst %/Makefile,%,$(strip $(MAKEFILE_LIST))))
export EDGEROUTES_MAKEFILE := $(MAKEFILE_LIST)
EDGEROUTES ?= "$$edgeroutes"
build-%:
	@case $$EDGEROUTES_MAKEFILE in *[/\\]Makefile*) root=$${EDGEROUTES_MAKEFILE%%[/\\]Makefile*} root=$${root# } ;; *) root=. ;; esac; \
	sh "$$root/.edgeroutes/store/link.sh" $* "$$ARTIFACTS_DIR" 2>/dev/null && exit; \
	edgeroutes=; up=$$(cd "$$root" && pwd); while [ "$$up" ] && [ ! "$$edgeroutes" ]; do \
	for each in "$$up/.venv/bin/edgeroutes" "$$up/.venv/Scripts/edgeroutes.exe"; do [ ! -x "$$each" ] || edgeroutes=$$each; done; \
	up=$${up%/*}; done; edgeroutes=$${edgeroutes:-edgeroutes}; \
	$(EDGEROUTES) bundle $* --root "$$root" --to "$$ARTIFACTS_DIR"
