# Every target works on a fresh checkout: what it needs is set up first, and that takes seconds when it is there.
SHELL := /bin/bash
PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo test check lint format nightly clean

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 12

setup: ## Install Breakwatch into .venv
	@scripts/setup.sh

setup-dev: ## The same with what tests need, servers and browser included
	@scripts/setup.sh --dev
	@scripts/setup-servers.sh
	@scripts/ensure-duckdb-1.1.3.sh >/dev/null
	@scripts/ensure-node-tools.sh >/dev/null
	@scripts/ensure-envoy.sh >/dev/null

demo: setup ## Collect the recorded sample and open the dashboard (PORT=8501)
	@.venv/bin/breakwatch demo --dir demo-data --port $(or $(PORT),8501)

test: setup-dev ## Run every test but the nightly ones
	@$(PYTHON) -m pytest -m "not nightly" $(TESTS)

check: lint ## What must hold before a commit, apart from the tests

lint: setup-dev ## Format, lint, types, import contracts
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: setup-dev ## Put the code in form
	@.venv/bin/ruff check --fix .
	@.venv/bin/ruff format .

nightly: setup-dev ## The tests that take minutes
	@scripts/ensure-litellm.sh >/dev/null
	@$(PYTHON) -m pytest -m nightly $(TESTS)

clean: ## Remove what was built and the demo's data
	rm -rf .venv .tools tests/real/node/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache demo-data dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
