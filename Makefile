# Four commands: install, demo, test, long. Each works on a fresh machine with Python >= 3.11 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Where it is set, each test process and each child would compile all modules anew: minutes in all.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install demo test long lint types bench lock clean

install: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: install
	$(BIN)/connector demo

test: install lint types
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "not long"

# What takes minutes: a year of 10,000 subscriptions, a night of 20,000 renewals, 2,000 orders under fire, every tree of
# slips, twenty kills, every answer to a stop, 300 doubles in three shops, each way of a warehouse, foul weather. Their
# figures are printed at the end.
long: install
	$(BIN)/python -m pytest -n 2 --dist worksteal -m long

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy

bench: install
	$(BIN)/connector bench --quick

# Only for maintainers: resolves the versions again. No index address is written into the lock.
lock:
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
	  --extra address --extra dev --extra imap --extra postgres -o requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
