# make run     start everything here and print the address, logins and three things to try
# make test    set everything up and run all tests
# make races   the long races for one hour, and the control without guards that loses them
# make faults  attack a practice at every place on the way of a message, kill everything at random, and count
#              what the providers got: SIZE=small in minutes, SIZE=full for the whole matrix and 20,000 messages
# make cuts    cut the network 200 times under two tablets in a session room, and count what was lost or doubled
# make bench   speed at SIZE=small (tiny, medium, large, huge), and GROWTH=small,medium,large beside it
# make proofs  openings and their reasons against an oracle, around every change of a clock from 2025 to 2030
# make check   linters, types, layers, migrations, API schema
# make lock    renew requirements/*.txt after a change of pyproject.toml
#
# ARGS reach the tool: make test ARGS='tests/config -x', make lock ARGS=--upgrade.
# PORT=8000 and QUIETROOM_DATA=var choose the address and the data folder, PYTHON the interpreter for .venv.

SHELL := /bin/bash
PYTHON ?= python3
.DEFAULT_GOAL := run
# A start has a dozen processes of the same modules: let the first keep what it compiled, whatever the shell says.
export PYTHONDONTWRITEBYTECODE :=
.PHONY: run test races faults cuts proofs bench check lock

run:
	@$(PYTHON) tools/install.py run
	@exec .venv/bin/python -m config.run

test:
	@$(PYTHON) tools/install.py dev
	@.venv/bin/python -m pytest -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --dist worksteal $(ARGS)

races:
	@$(PYTHON) tools/install.py dev
	@RACE_ROUNDS=60 .venv/bin/python -m pytest -s tests/concurrency $(ARGS)

faults:
	@$(PYTHON) tools/install.py dev
	@.venv/bin/python -W ignore -m tests.faults --size $(or $(SIZE),small) $(ARGS)

cuts:
	@$(PYTHON) tools/install.py dev
	@CUTS=200 .venv/bin/python -m pytest -q -s -n 0 -p no:randomly tests/browser/test_session_room.py \
	    -k "cut or double" $(ARGS)

bench:
	@$(PYTHON) tools/install.py dev
	@.venv/bin/python -m benchmarks --size "$(or $(SIZE),small)" --growth "$(GROWTH)" $(ARGS)

proofs:
	@$(PYTHON) tools/install.py dev
	@EXAMPLES=20000 .venv/bin/python -m pytest -q -p no:randomly tests/scheduling/engine/test_openings_against_minutes.py $(ARGS)

check: export QUIETROOM_DEMO = 1
check:
	@$(PYTHON) tools/install.py dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-logo
	.venv/bin/mypy
	.venv/bin/python -W "ignore:Got an error checking a consistent" manage.py makemigrations --check --dry-run \
	    --settings config.settings_test
	.venv/bin/python manage.py spectacular --validate --fail-on-warn --file /dev/null

lock:
	@$(PYTHON) tools/install.py dev
	@bash tools/lock.sh $(ARGS)
