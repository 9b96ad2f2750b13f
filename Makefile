# make demo   a network trained, quantized, run on the generated hardware and compared with golden
# make test   everything that is checked: lint, types, tests, testbenches, proofs
# make check  the everyday part of it
# make campaign  a thousand random networks on simulated hardware
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CORES  := $(shell nproc 2>/dev/null || echo 2)

.PHONY: demo test check lint bench campaign clean

demo: $(VENV)/run
	$(BIN)/lastbit demo

test: $(VENV)/dev lint
	$(BIN)/pytest -n $(CORES)

check: $(VENV)/dev lint
	$(BIN)/pytest -n $(CORES) -m "not long"

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev
	$(BIN)/python -m bench

campaign: $(VENV)/run
	$(BIN)/python -m flow.network_campaign

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/run: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/dev: $(BIN)/python pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev]"
	touch $(VENV)/run $@

$(VENV)/torch: $(VENV)/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -e ".[dev,torch]"
	touch $(VENV)/run $(VENV)/dev $@

clean:
	rm -rf build
