# Every recipe is a line or two around an ordinary command, so all of it works without make too.
SHELL = /bin/sh
PYTHON ?= python3
ARGS ?=
BIN = .venv/bin
BENCHES = $(patsubst serai/engines/%/bench.py,bench-%,$(sort $(wildcard serai/engines/*/bench.py)))
PO = $(wildcard serai/locale/*/LC_MESSAGES/*.po)
# Tests run in a node of their own; what they start ends with them.
TEST_HOME = $(if $(SERAI_HOME),$(SERAI_HOME),$(CURDIR)/.serai/test)
IN_TEST_HOME = export SERAI_HOME="$(TEST_HOME)"; trap '$(BIN)/serai down >/dev/null' EXIT; trap 'exit 130' INT TERM;

.DEFAULT_GOAL = help
.PHONY: help install demo test test-long check fix docs messages bench $(BENCHES) bench-pages lock
.DELETE_ON_ERROR:

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.base $(PO:.po=.mo) ## install what a node needs into .venv

demo: install ## install, fill an empty node with the demo network, serve it
	@$(BIN)/serai up --foreground --next-free-port --demo

test: .venv/.dev $(PO:.po=.mo) ## run the tests; ARGS="tests/events -x" runs some
	@.ci/system-packages chromium fonts gettext
	@$(IN_TEST_HOME) $(BIN)/pytest -n 2 -m "not slow" $(ARGS)

test-long: .venv/.dev $(PO:.po=.mo) ## run all tests, the long ones too
	@.ci/system-packages chromium fonts gettext
	@$(IN_TEST_HOME) $(BIN)/pytest -n 2 -p tests.long_report --long-report docs/reference/test-long.md $(ARGS)

check: .venv/.dev ## all else that must hold: format, lint, types, imports, migrations, docs, translations
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(IN_TEST_HOME) set -ex; $(BIN)/serai makemigrations --check --dry-run; \
		$(BIN)/serai docs --check; $(BIN)/serai messages --check

fix: .venv/.dev ## repair what a tool can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.dev ## rebuild docs/reference: diagrams, API file, command help
	@$(IN_TEST_HOME) $(BIN)/serai docs

messages: .venv/.dev ## collect the texts to translate and compile the catalogues
	@.ci/system-packages gettext
	@$(IN_TEST_HOME) $(BIN)/serai messages

bench: $(BENCHES) bench-pages ## measure every engine and the pages, print the tables; bench-matching and so on: one of them

$(BENCHES): bench-%: .venv/.dev
	$(BIN)/python -m serai.engines.$* bench $(ARGS)

bench-pages: .venv/.dev $(PO:.po=.mo) ## time the pages of a node with 100,000 organisations and listings (filling it: minutes)
	@export SERAI_HOME="$(CURDIR)/.serai/bench"; set -e; trap '$(BIN)/serai down >/dev/null' EXIT; \
		$(BIN)/serai seed --scale; $(BIN)/serai up --next-free-port; $(BIN)/serai measure $(ARGS)

UV_COMPILE = build/lock/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate pyproject.toml --group build

lock: ## rebuild requirements/*.txt from pyproject.toml
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install -q uv
	$(UV_COMPILE) -o requirements/base.txt
	$(UV_COMPILE) --group dev -c requirements/base.txt -o requirements/dev.txt
	rm -rf build/lock

# --- what the targets above stand on ---

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Serai needs Python 3.11 or newer ($$($(PYTHON) --version 2>&1)). Try: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "Python's venv module is incomplete. On Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.base: requirements/base.txt pyproject.toml | .venv/bin/python
	$(BIN)/pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements/base.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements/dev.txt .venv/.base
	$(BIN)/pip install -q --disable-pip-version-check --no-compile --require-hashes -r requirements/dev.txt
	@touch $@

%.mo: %.po | .venv/.base
	@$(BIN)/pybabel -q compile --input-file $< --output-file $@
