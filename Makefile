PYTHON ?= python3
VENV_PYTHON = .venv/bin/python
# Both do nothing where the packages are there already.
INSTALL = $(PYTHON) -I lumyx/local/install.py requirements.txt
# Not named as what the tests read, since make would hand its own value down to them.
LONG_TESTS = tests/privacy/test_large_exports.py tests/billing/test_returns.py tests/billing/test_money_machine.py tests/billing/test_kills.py
INSTALL_DEV = $(PYTHON) -I lumyx/local/install.py requirements-dev.txt

.DEFAULT_GOAL = help
.PHONY: run test stories mutants fuzz audit lint format bench chaos lock install clean help

run: ## run everything on this machine: http://127.0.0.1:8000 (PORT changes the port)
	@$(INSTALL) && exec $(VENV_PYTHON) -m lumyx.local.run

test: ## check and test everything (ARGS="-k words" goes to pytest)
	@$(INSTALL_DEV) && exec $(VENV_PYTHON) -m lumyx.local.test $(ARGS)

stories: ## tell the long stories: a copy of 1,000,000 calls, 1,000 mixed purchases, 500 machines, 100 kills
	@EXPORT_ROWS=1000000 STORIES=1000 MACHINES=500 KILLS=100 $(MAKE) test ARGS="$(LONG_TESTS)"

mutants: ## change the ledger and the pricing in small ways: a test must notice 90 % of them
	@$(INSTALL_DEV) && .venv/uv/bin/uv pip install --quiet --python $(VENV_PYTHON) mutmut==3.8.1 \
		&& exec $(VENV_PYTHON) -m lumyx.local.mutants

fuzz: ## send 100,000 malformed requests over all routes (FUZZ_SEED=7: others)
	@FUZZ=100000 $(MAKE) test ARGS="tests/fuzz tests/gateway/test_openapi.py"

audit: ## look for known holes: bandit in our code, pip-audit in what we install
	@$(INSTALL_DEV) && exec $(VENV_PYTHON) -m lumyx.local.audit

lint: ## check style, types and imports
	@$(INSTALL_DEV) && exec $(VENV_PYTHON) -m lumyx.local.checks

format: ## write the code as ruff would
	@$(INSTALL_DEV) && $(VENV_PYTHON) -m ruff check --quiet --fix-only && $(VENV_PYTHON) -m ruff format --quiet

bench: ## measure the gateway beside nginx and other gateways (ARGS="--only paced", --write, pages)
	@$(INSTALL) && exec $(VENV_PYTHON) -m lumyx.bench $(ARGS)

chaos: ## break one part after the other and check the money (ARGS="--soak 600 --write": docs/reliability.md)
	@$(INSTALL_DEV) && exec $(VENV_PYTHON) -m lumyx.chaos $(ARGS)

install: ## make .venv with all that runs, tests and checks need
	@$(INSTALL_DEV)

lock: ## pin requirements*.in in requirements*.txt (ARGS=--upgrade takes newer versions)
	@$(INSTALL_DEV)
	@for name in requirements requirements-observability requirements-dev; do \
		.venv/uv/bin/uv pip compile --quiet --universal --python-version 3.11 \
			--no-header --no-annotate $(ARGS) --output-file $$name.txt $$name.in || exit 1; \
	done

clean: ## remove .venv, caches and var/, with the local database and its secrets
	@if [ -x $(VENV_PYTHON) ]; then $(VENV_PYTHON) -m lumyx.local.clean; fi
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this list
	@sed -n 's/^\([a-z]*\): ## /make \1\t/p' Makefile | expand -t 16
