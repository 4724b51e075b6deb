.DEFAULT_GOAL := help
SHELL := /bin/bash
python := .venv/bin/python
export COVERAGE_CORE ?= ctrace

.PHONY: help
help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what demo and tests need (packages as root, Python packages into .venv)
	@dev/setup

.PHONY: toolchain
toolchain: setup ## Make the compiler for the test that compiles the example for real (as root, some minutes)
	@dev/toolchain

.PHONY: demo
demo: setup ## Show pinbot at work: a registry, a test build, a pull request
	@$(python) -m dev.demo

.PHONY: test
test: setup ## Run all tests
	@$(python) -m coverage erase
	$(python) -m coverage run -m pytest --numprocesses 2 --dist loadfile $(PYTEST)
	@$(python) -m coverage combine --quiet

.PHONY: check
check: lint test ## Run every check: linters, types, layering, tests with coverage
	@$(MAKE) --no-print-directory coverage

.PHONY: lint
lint: setup ## Run the static checks alone
	$(python) -m ruff check
	$(python) -m ruff format --check
	$(python) -m mypy
	.venv/bin/lint-imports --no-logo --no-cache
	.venv/bin/zizmor --offline --quiet action.yml .github

.PHONY: coverage
coverage: .coverage ## Show which lines and branches the tests do not reach
	$(python) -m coverage report

.coverage:
	$(MAKE) test

.PHONY: bench
bench: setup ## Measure; prints ratios within one run, writes benchmarks/results
	$(python) -m benchmarks.startup
	$(python) -m benchmarks.scan
	$(python) -m benchmarks.resolve
	$(python) -m benchmarks.update
	$(python) -m benchmarks.fleet
	$(python) -m benchmarks.layers
	$(python) -m benchmarks.diff

.PHONY: rules
rules: ## Write docs/rules.md from the rules in the code
	$(python) -m dev.rules

.PHONY: schema
schema: ## Write docs/schema/pinbot-yaml.json, for editors, from the code and docs/configuration.md
	$(python) -m dev.schema

.PHONY: lock
lock: ## Renew requirements/*.txt from pyproject.toml (needs uv: pipx install uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade pyproject.toml -o requirements/runtime.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade --group dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt

.PHONY: clean
clean: ## Remove what was made here
	rm -rf .venv .cache .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache benchmarks/results
