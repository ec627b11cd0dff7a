# Two commands are enough: `make run` and `make test`. The rest is for those who work on the house.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PRISM := var/prism/node_modules/.bin/prism
.DEFAULT_GOAL := help
.PHONY: help run test check prism lint format lock update previous chaos bench clean

help:
	@echo "make run    install, prepare the database, load the demo and serve (PORT=8000)"
	@echo "make test   install what the tests need and run them all"
	@echo "make check  formatting, types, arrows between the rooms, migrations, production settings"
	@echo "make prism  install the mock that the contract tests want (needs Node); without it they are skipped"
	@echo "make lock   after a change to a requirements*.in: the hashed files anew (needs the network)"
	@echo "make update the same with the newest releases of what nobody named (indirect packages)"
	@echo "make previous RELEASE=v1.2.0  pack the release that the roll-out test runs beside this one"
	@echo "make chaos  300 customers order while web and worker are killed again and again"
	@echo "make bench  webhooks and answers per second, with the database's bare floor beside them"

run: $(VENV)/run.stamp
	@exec $(BIN)/python manage.py serve

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python -m tests.locked
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m tests.migrations
	$(BIN)/python -m tests.production

prism: $(PRISM)

# The tests' file is the widest: the other two take their versions from it.
LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock"

lock: | $(BIN)/uv
	$(LOCK) $(UPGRADE) -o requirements-dev.txt requirements-dev.in
	$(LOCK) -c requirements-dev.txt -o requirements.txt requirements-laptop.in
	$(LOCK) -c requirements-dev.txt -o requirements-production.txt requirements.in

update:
	$(MAKE) lock UPGRADE=--upgrade

previous: $(VENV)/test.stamp
	$(BIN)/python -m tests.releases $(RELEASE)

format: $(VENV)/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

chaos: $(VENV)/test.stamp
	$(BIN)/python -m tests.chaos $(ARGS)

bench: $(VENV)/test.stamp
	$(BIN)/python -m tests.bench $(ARGS)

clean:
	rm -rf $(VENV) var

$(PRISM):
	@echo "Installing Prism, which plays Twilio by Twilio's own specification (once, 20 seconds) …"
	@npm install --silent --no-audit --no-fund --prefix var/prism @stoplight/prism-cli@5.14.2

# The locker comes before the lock: with a broken lock it must still be there to mend it.
$(BIN)/uv: | $(BIN)/python
	@$(BIN)/python -m pip install -qq --disable-pip-version-check "$$(grep '^uv==' requirements-dev.in)"

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { \
		echo "Python is missing: install Python 3.11 or newer, or name it: make run PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $$($(PYTHON) --version) was found. Name another one: make run PYTHON=python3.11"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "The virtual environment could not be made. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	@echo "Installing what Sufrah needs (once, about a minute) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.txt || { \
		echo "The packages could not be installed: see the lines above; often the network or the disk."; exit 1; }
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt | $(VENV)/bin/python
	@echo "Installing what the tests need (once, about a minute) …"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.txt || { \
		echo "The packages could not be installed: see the lines above; often the network or the disk."; exit 1; }
	@touch $@ $(VENV)/run.stamp
