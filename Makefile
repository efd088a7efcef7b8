# Needs python3 (3.11 or newer), git and make. Everything else is installed into .venv from requirements/*.txt, by hash.
# Written for GNU make 3.81 (macOS) and newer.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
UV     := $(BIN)/uv
# What the benches compare with; no part of the product or of its tests.
PEERS  := .cache/peers
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' src/claimlens/__init__.py)

# What the installed tools are told: stay in this environment, be patient on slow lines.
export UV_PYTHON_DOWNLOADS := never
UV_HTTP_TIMEOUT ?= 180
UV_LINK_MODE ?= copy
export UV_HTTP_TIMEOUT UV_LINK_MODE FUZZ_MINUTES
export PIP_DISABLE_PIP_VERSION_CHECK := 1

INSTALL = $(UV) pip install --quiet --python $(BIN)/python
PROJECT = $(INSTALL) --no-deps --no-build-isolation --editable .
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(UV) pip compile --quiet $(if $(UPGRADE),--upgrade) --universal \
          --python-version 3.11 --generate-hashes --no-emit-index-url --constraint requirements/constraints.txt

.DEFAULT_GOAL := help
.PHONY: help run test lint types contracts packs packs-test build image manifests smoke bench bench-all bench-guard bench-service bench-durable soak walk mutations fuzz eval facts-coverage docs lock hooks clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

# --- what people come for --------------------------------------------------------------------------------------------

run: $(VENV)/run.stamp ## set up, check the sample menus, print the verdicts, serve the API
	@sh samples/run.sh $(BIN)/claimlens

test: lint types contracts packs-test ## everything that must hold: lint, types, import contracts, rule examples, tests
	@# What fails beside others is tried once more alone, and only that counts: servers on a busy machine are late at times.
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder || \
	  { [ $$? -eq 1 ] && $(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 10; }

lint: $(VENV)/dev.stamp ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp ## mypy, strict
	$(BIN)/mypy

contracts: $(VENV)/dev.stamp ## the four import contracts
	$(BIN)/lint-imports --no-logo

packs-test: $(VENV)/dev.stamp ## lint the rule packs and run every rule's examples
	$(BIN)/claimlens rules lint
	$(BIN)/claimlens rules test

packs: $(VENV)/dev.stamp ## build the rule packs: manifests, digests, factor table
	$(BIN)/claimlens packs build

build: packs ## the wheel and the built rule packs, into dist/
	$(UV) build --quiet --wheel --no-build-isolation --python $(BIN)/python --out-dir dist
	@ls dist/*.whl

image: build ## the container image, tagged with its version; needs docker and signed packs in dist/packs
	docker build --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse --short HEAD) \
	  --tag claimlens/claimlens:$(VERSION) --tag claimlens/purge-job:$(VERSION) .

manifests: $(VENV)/dev.stamp ## render ops/manifests into the plain files of k8s/; needs kubectl or kustomize
	$(BIN)/python scripts/render-manifests.py

smoke: ## smoke tests against an environment [ENV=staging URL=https://… KEY=cl_live_…]
	@$(PYTHON) scripts/smoke.py --env $(or $(ENV),local) $(if $(URL),--url $(URL)) $(if $(KEY),--key $(KEY))

bench: $(VENV)/dev.stamp ## speed, beside a peer or a floor of the same run [ARGS="--only PART -- ..."]
	$(BIN)/python -m bench $(ARGS)

bench-all: $(VENV)/dev.stamp $(PEERS)/python.stamp $(PEERS)/textlint.stamp ## every bench at length, with the peers that it installs [ARGS="--json FOLDER"]
	$(BIN)/python -m bench --all $(ARGS)

bench-guard: $(VENV)/dev.stamp ## fails when judging became a third more work, by instructions and ratios [ARGS=--record]
	$(BIN)/python -m bench.guard $(ARGS)

bench-service: $(VENV)/dev.stamp ## the service under load, beside a bare echo; needs nothing installed [ARGS=...]
	$(BIN)/python -m bench.service $(ARGS)

bench-durable: $(VENV)/dev.stamp ## verdicts made durable a second, beside one transaction for each [ARGS=...]
	$(BIN)/python -m bench.durable $(ARGS)

soak: $(VENV)/dev.stamp ## half an hour of load while processes are killed; nothing answered is lost [ARGS="--minutes N --report FILE"]
	$(BIN)/python -m tests.soak $(ARGS)

walk: $(VENV)/dev.stamp ## the operators' runbook against a real system, promise by promise [ARGS="--only 5 6 --json"]
	$(BIN)/python -m tests.walk $(ARGS)

mutations: $(VENV)/dev.stamp ## 10,000 random mutations of sealed audits; each must be found [ARGS="--count N --seed N"]
	$(BIN)/python -m tests.mutations $(ARGS)

fuzz: $(VENV)/dev.stamp ## requests made from the OpenAPI document, on either store [FUZZ_MINUTES=20]
	$(BIN)/python -m tests.fuzz $(ARGS)

eval: $(VENV)/dev.stamp ## accuracy [DATA=folder]; without DATA the lawful corpora of the packs
	$(BIN)/claimlens eval $(DATA)

facts-coverage: $(VENV)/dev.stamp ## which rows of the facts tables no rule encodes, and why [FACTS=folder]
	@test -n "$(FACTS)" || { echo "facts-coverage: say where the tables are: make facts-coverage FACTS=../shared/facts" >&2; exit 1; }
	$(BIN)/claimlens rules coverage $(FACTS)

docs: $(VENV)/dev.stamp ## build the documentation as a site in site/, one page for each rule
	$(BIN)/claimlens rules docs --out docs/rules
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --jobs auto -d .cache/doctrees docs site
	@echo "site/index.html"

# --- upkeep ----------------------------------------------------------------------------------------------------------

lock: $(VENV)/setup.stamp ## compile requirements/*.txt from pyproject.toml [UPGRADE=1 takes the newest releases]
	$(COMPILE) pyproject.toml --extra ocr --extra otel --output-file requirements/run.txt
	$(COMPILE) --group setup --constraint requirements/run.txt --output-file requirements/setup.txt
	$(COMPILE) pyproject.toml --extra ocr --extra otel --extra batch --group setup --group dev --constraint requirements/run.txt \
	  --constraint requirements/setup.txt --output-file requirements/dev.txt
	$(COMPILE) --group bench --output-file requirements/bench.txt

hooks: $(VENV)/dev.stamp ## run the checks before each commit
	$(BIN)/pre-commit install

clean: ## remove everything that make made
	rm -rf $(VENV) build dist site docs/rules .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment, made once --------------------------------------------------------------------------------------
# setup.stamp: a venv with uv and the build backend; run.stamp: what the product needs; dev.stamp: what its makers need.

$(VENV)/setup.stamp: requirements/setup.txt
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "ClaimLens needs Python 3.11 or newer and found no '$(PYTHON)'; install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "ClaimLens needs Python 3.11 or newer; '$(PYTHON)' is $$($(PYTHON) -c 'import platform; print(platform.python_version())'). Name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "'$(PYTHON)' cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --require-hashes --requirement requirements/setup.txt
	@touch $@

$(VENV)/run.stamp: $(VENV)/setup.stamp requirements/run.txt pyproject.toml
	@$(INSTALL) --require-hashes --requirement requirements/run.txt
	@$(PROJECT)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/setup.stamp requirements/dev.txt pyproject.toml
	@echo "installing the development tools (once)"
	@$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@$(PROJECT)
	@touch $@

$(PEERS)/python.stamp: $(VENV)/setup.stamp requirements/bench.txt
	@echo "installing the peers of the benches (once)"
	@$(PYTHON) -m venv --clear $(PEERS)/python
	@$(UV) pip install --quiet --python $(PEERS)/python/bin/python --require-hashes --requirement requirements/bench.txt \
	  && touch $@ || { rm -rf $(PEERS)/python; echo "bench-all: Presidio cannot be installed here, so it is left out"; }

# Without npm the benches say that textlint is left out.
$(PEERS)/textlint.stamp: bench/peers/textlint/package.json
	@mkdir -p $(PEERS)/textlint && cp $< $(PEERS)/textlint/
	@command -v npm >/dev/null 2>&1 || { echo "bench-all: there is no npm here, so textlint is left out"; exit 0; }; \
	  cd $(PEERS)/textlint && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error \
	  && touch $(CURDIR)/$@ || echo "bench-all: textlint cannot be installed here, so it is left out"
