# Sixfold's commands. Nothing is assumed but make and Python 3.11 or newer.
# `make help` lists them; each may be called again at any time.

VENV := .venv
BIN := $(VENV)/bin

# The first of these that is new enough; `make PYTHON=/path/to/python3.12 …` names another.
PYTHON := $(shell for name in python3 python3.13 python3.12 python3.11 python3.14 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo $$name; break; }; done)
NEED_PYTHON = Sixfold needs Python 3.11 or newer; $(1): install it, or name it: make PYTHON=/path/to/python3.11

# What pip is told when it fetches torch, and only then, e.g. the index of the small CPU build.
TORCH_ARGS ?=

# Only for `make lock`. One version of a package for all Pythons, where there is one.
UV := uv==0.13.8
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --no-annotate --custom-compile-command 'make lock'
LOCK := $(VENV)/lock

# Only for `make words`: who marks a text, and where the catalogues lie.
WORDS := $(BIN)/pybabel
MARKS := -k _ -k later -k many:1,2
LOCALE := kb/pages/locale

PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
PLAIN := smoke or not (browser or soak or model_server or postgres)
EXTRA := browser or soak or model_server or postgres
# A file's tests run in one process, so that what they share is made once.
SHARED := -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help app install test check-all lint fuzz audit words pictures starter lock clean
.DEFAULT_GOAL := help
.NOTPARALLEL:

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

app: install ## Install, load the starter library if there is no library, open the app
	@if $(BIN)/kb --json status 2>/dev/null | grep -q '"code": "no_library"'; \
		then $(BIN)/kb init --starter; fi
	@$(BIN)/kb app

install: $(VENV)/.installed ## Make .venv with the command kb, ready to run offline
	@$(BIN)/python -m kb.embed

test: install $(VENV)/.dev lint ## Install, lint, check types, run the tests
	$(BIN)/python -m pytest -rs $(SHARED) -m "$(PLAIN)"

check-all: install $(VENV)/.dev $(VENV)/.model-server ## The long tests: browser, soak, language-model server
	$(BIN)/python -m pytest -rs -m "$(EXTRA)"

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fuzz: $(VENV)/.dev ## Every reader of strangers' files, with fifty times the inputs of a test run
	HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -q tests/fuzz --timeout=0

audit: $(VENV)/.dev ## Versions, files and licences against the locks; known advisories if reachable
	$(BIN)/python -m tests.dependencies
	@$(PYTHON) -m venv $(VENV)/audit && $(VENV)/audit/bin/pip install --quiet 'pip-audit>=2.9' \
		&& $(VENV)/audit/bin/pip-audit --disable-pip --require-hashes -s pypi -r requirements.lock; \
		found=$$?; [ $$found -ne 0 ] && echo 'Advisories: something is known (listed above), or' \
		'pypi.org cannot be reached from here: then nothing is known either way.'; exit $$found

words: $(VENV)/.dev ## Gather the app's words for translation, compile the translated ones
	@$(WORDS) --quiet extract -F $(LOCALE)/babel.cfg --no-default-keywords $(MARKS) --sort-output \
		--no-location --no-wrap -o $(VENV)/words.pot .
	@$(WORDS) --quiet update -i $(VENV)/words.pot -d $(LOCALE) -D sixfold -l zh_CN \
		--init-missing --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	@$(WORDS) compile -d $(LOCALE) -D sixfold --statistics

pictures: install $(VENV)/.dev ## Take the README's pictures anew, with Debian's Chromium
	SIXFOLD_PICTURES=data/pictures $(BIN)/python -m pytest -q -m browser \
		tests/browser/test_pictures.py

starter: install ## Rebuild data/starter.kbz
	$(BIN)/python -m kb.starter

lock: $(BIN)/python ## Pin the newest releases that pyproject.toml allows
	$(PIP) install --quiet '$(UV)'
	@rm -rf $(LOCK) && mkdir -p $(LOCK)
	$(COMPILE) --no-header pyproject.toml -o $(LOCK)/all
	@# torch, and what only its CUDA build needs: another build has other hashes and needs.
	@grep -E '^(torch|triton|cuda-[a-z0-9-]+|nvidia-[a-z0-9-]+)==' $(LOCK)/all > $(LOCK)/torch
	@sed 's/==.*//; s/^/--no-emit-package /' $(LOCK)/torch > $(LOCK)/omit
	$(COMPILE) --generate-hashes -c $(LOCK)/all $$(cat $(LOCK)/omit) \
		pyproject.toml -o $(LOCK)/requirements.lock
	$(COMPILE) --generate-hashes -c $(LOCK)/all --group dev -o $(LOCK)/requirements-dev.lock
	$(COMPILE) --generate-hashes --group model-server -o $(LOCK)/requirements-model-server.lock
	@{ echo '# torch, and what its CUDA build for Linux adds. Without hashes: the CPU build of the'; \
		echo '# same release has another, and must install too. Made by: make lock'; \
		cat $(LOCK)/torch; } > $(LOCK)/torch.lock
	@mv $(LOCK)/requirements*.lock $(LOCK)/torch.lock .

clean: ## Remove .venv and all caches (never a library)
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(if $(PYTHON),,$(error $(call NEED_PYTHON,none is found)))
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo '$(call NEED_PYTHON,$(PYTHON) is not)' >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no module venv:" \
		"install it (on Debian and Ubuntu: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

# The lock is complete, so pip need not look for dependencies: --no-deps. torch comes
# after what it needs, so that its own resolution finds all but the CUDA packages there.
$(VENV)/.installed: requirements.lock torch.lock pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	$(PIP) install -c torch.lock $(TORCH_ARGS) torch
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock | $(VENV)/.installed
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

$(VENV)/.model-server: requirements-model-server.lock | $(VENV)/.installed
	$(PIP) install --require-hashes --no-deps -r requirements-model-server.lock
	@touch $@
