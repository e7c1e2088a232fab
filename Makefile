# README's two commands are `make serve` and `make test`; each sets up all that it needs.
PYTHON ?= python3
BIN := .venv/bin
HOST ?= 127.0.0.1
PORT ?= 8000

.PHONY: env index serve test lint types browser bench soak accessibility evals

env: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[evals,training,dev]'
	touch $@

index: env
	$(BIN)/python -m index build

serve: index
	$(BIN)/python -m web --host $(HOST) --port $(PORT)

test: env lint types browser
	$(BIN)/python -m pytest

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: env
	$(BIN)/mypy

# The tests in a real browser want Debian's Chromium and a Japanese font; those of deploy/ a real nginx.
browser:
	@command -v chromium >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk; }
	@command -v pdftotext >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends poppler-utils; }
	@command -v nginx >/dev/null || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends nginx-light; }

bench: index browser
	@status=0; $(BIN)/python -m web.bench || status=1; $(BIN)/python -m web.counter.bench || status=1; exit $$status

# What the accessibility statement says: tested anew, then put where the server reads it.
accessibility: env browser
	$(BIN)/python -m pytest tests/e2e/test_accessibility.py
	cp var/accessibility.json web/accessibility.json

soak: index
	@mkdir -p var
	$(BIN)/python -m web.soak --seconds 600 --disconnects 500 | tee var/soak.json

evals: index
	rm -rf var/evals
	$(BIN)/python -m evals run --cases evals/cases/tuning --out var/evals/tuning
	$(BIN)/python -m evals run --cases evals/cases/held_back --out var/evals/held_back
	$(BIN)/python -m evals calibrate --cases evals/cases/tuning
	@if [ -d ../shared/data/kouhou ]; then \
		$(BIN)/python -m evals retrieval --beir ../shared/data/kouhou --out var/evals/kouhou; fi
