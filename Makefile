# Chiso's commands. `make help` lists them; each installs what it needs into .venv, once.

PYTHON ?= python3
ARGS   ?=
LONDON := $(or $(CHISO_LONDON),../shared/data/london)

VENV   := .venv
BIN    := $(VENV)/bin
STAMPS := $(VENV)/.stamps

# What is locked is what is installed: no dependency is looked up, every file is checked by hash,
# and nothing is built but the one package published as source only (see pyproject.toml).
PIP     = $(BIN)/python -m pip -qq --disable-pip-version-check install
LOCKED  = $(PIP) --no-deps --require-hashes --no-build-isolation \
          --only-binary=:all: --no-binary=face_recognition_models -r $< || \
          { echo "Installing $< failed. The first run needs the network." >&2; exit 6; }
CODE   := $(wildcard src tests bench scripts)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo volunteers volunteer-set test bench docs messages starter check format lock clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(STAMPS)/chiso ## the whole story, in a temporary home: enrol, recognise, withdraw, report
	@$(BIN)/chiso demo $(ARGS)

volunteers: $(STAMPS)/volunteers ## install what renders people who do not exist (optional)

volunteer-set: $(STAMPS)/volunteers ## render the volunteers that Chiso carries anew
	@scripts/make-volunteers $(ARGS)

test: check $(STAMPS)/volunteers ## check, then every test
	@echo "running the tests …"
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --durations=10 $(ARGS)

bench: $(STAMPS)/bench ## speed and error rates, beside the peer
	@$(BIN)/python -m bench $(ARGS)

messages: $(STAMPS)/dev ## list the pages' messages and compile each language; ARGS=nd begins one
	@$(BIN)/python -m scripts.messages $(ARGS)

docs: $(STAMPS)/dev ## the documentation as a site, in site/index.html
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --site-dir site
	@echo "site/index.html"

starter: $(STAMPS)/chiso ## fit the starter threshold anew on the London photos
	@$(BIN)/chiso threshold fit --from $(LONDON) --consent $(LONDON)/README.md --by ethnicity \
	    --target-fmr 0.001 --policy worst-group --target-fpir 0.01 --model offline \
	    --out src/chiso/adapters/starter/offline.json

check: $(STAMPS)/dev ## style, types and layers, without running anything
	@echo "checking style, types and layers …"
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --check --quiet $(CODE) || \
	    { echo "Some files are not formatted: make format" >&2; exit 1; }
	@$(BIN)/mypy --strict --no-error-summary $(CODE)
	@$(BIN)/lint-imports --no-logo

format: $(STAMPS)/dev ## put the code in its one format
	@$(BIN)/ruff check --quiet --fix-only $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

lock: ## remake requirements/*.lock; ARGS=--upgrade for the newest versions
	@scripts/lock $(ARGS)

clean: ## remove caches, build output and the demo's report; .venv and every home stay
	@rm -rf build dist site chiso-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
	    .hypothesis .coverage src/*.egg-info
	@find $(CODE) -type d -name __pycache__ -prune -exec rm -rf {} +

# --- .venv: a stamp for each step, so that a second run installs nothing ---------------------

$(STAMPS)/build: requirements/build.lock
	@command -v $(PYTHON) >/dev/null || \
	    { echo "Chiso needs Python 3.11 or newer, and there is no $(PYTHON) here." \
	           "Install it, or name it: make PYTHON=/path/to/python3.11 …" >&2; exit 6; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "Chiso needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	           "Name a newer one: make PYTHON=python3.11 …" >&2; exit 6; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "$(PYTHON) cannot make a virtual environment: its venv module is not installed." \
	           "On Debian and Ubuntu: sudo apt install python3-venv, then again." >&2; exit 6; }
	@echo "making $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(LOCKED)
	@mkdir -p $(@D) && touch $@

$(STAMPS)/runtime: requirements/runtime.lock $(STAMPS)/build
	@echo "installing Chiso's packages and models into $(VENV) (first run only, 750 MB on disk) …"
	@$(LOCKED)
	@touch $@

$(STAMPS)/chiso: pyproject.toml src/chiso/__init__.py $(STAMPS)/runtime
	@$(PIP) --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(STAMPS)/volunteers: requirements/volunteers.lock $(STAMPS)/chiso
	@echo "installing what renders volunteers into $(VENV) (first run only, 320 MB) …"
	@$(LOCKED)
	@touch $@

$(STAMPS)/postgresql: requirements/postgresql.lock $(STAMPS)/chiso
	@echo "installing what talks to PostgreSQL into $(VENV) (first run only, 20 MB) …"
	@$(LOCKED)
	@touch $@

$(STAMPS)/dev: requirements/dev.lock $(STAMPS)/chiso $(STAMPS)/postgresql
	@echo "installing the test tools (first run only) …"
	@$(LOCKED)
	@touch $@

$(STAMPS)/bench: requirements/bench.lock $(STAMPS)/chiso
	@echo "installing the peer to measure against (first run only) …"
	@$(LOCKED)
	@touch $@
