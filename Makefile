# README's two commands are `make serve` and `make test`; each sets up all that it needs.
PYTHON ?= python3
BIN := .venv/bin
HOST ?= 127.0.0.1
PORT ?= 8000
UV := 0.13.9
CYCLONEDX := 7.5.0
SCHEMATHESIS := 4.32.5
ATHERIS := 3.0.0

.PHONY: env lock sbom index serve test lint types browser bench soak fuzz accessibility evals

env: .venv/installed

# pip takes no file whose hash is not in requirements.lock. The project itself comes last, without looking anything up.
.venv/installed: pyproject.toml requirements.lock
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# Programs that look at the project and are no part of it; what they need must not be installed beside it.
var/tools/installed: Makefile
	$(PYTHON) -m venv var/tools
	var/tools/bin/pip install --quiet uv==$(UV) cyclonedx-bom==$(CYCLONEDX) schemathesis==$(SCHEMATHESIS)
	touch $@

# After a change of constraints.txt: the hashes of every file of these versions that the registries know. Of torch it is only
# the one for two cores without CUDA: of others with the same version pip would choose one that brings gigabytes along.
lock: var/tools/installed
	var/tools/bin/uv pip compile --quiet --no-deps --generate-hashes --no-annotate --no-header --python-version 3.11 \
		constraints.txt --output-file var/requirements.lock
	rm -rf var/torch
	$(PYTHON) -m pip download --quiet --no-deps --dest var/torch "$$(grep '^torch==' constraints.txt)"
	{ echo '# Made by `make lock` from constraints.txt.'; \
	  sed '/^torch==/,/[^\\]$$/{/^torch==/!d}' var/requirements.lock | \
	  sed "/^torch==/a \\    --hash=sha256:$$(sha256sum var/torch/torch-*+cpu-*.whl | cut -d' ' -f1)"; } > requirements.lock

# What is installed, as CycloneDX; an empty one is an error.
sbom: env var/tools/installed
	var/tools/bin/cyclonedx-py environment --pyproject pyproject.toml --output-file var/sbom.json .venv/bin/python
	$(BIN)/python -c "import json; found = len(json.load(open('var/sbom.json'))['components']); print(found, 'components'); assert found"

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

# What takes too long for the tests, half an hour and more on an idle machine; the figures go to var/soak.json.
SOAK ?= --seconds 600 --disconnects 500 --swaps 50 --kills 100 --examples 120
soak: index var/tools/installed
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -q -m hypothesis tests/unit tests/integration
	SOAK_TIMES=10 $(BIN)/python -m pytest -q tests/unit/test_index.py tests/integration/test_web_storage.py
	@status=0; $(BIN)/python -m web.soak $(SOAK) > var/soak.json || status=1; cat var/soak.json; exit $$status

# Coverage guides bytes into what reads documents and questions, ten minutes each; what breaks is left in var/.
FUZZ_S ?= 600
FUZZED := markdown text windows metadata question
fuzz: env
	$(BIN)/pip install --quiet --no-deps --target var/atheris --upgrade atheris==$(ATHERIS)
	for part in $(FUZZED); do PYTHONPATH=var/atheris $(BIN)/python -m tests.fuzz $$part -max_total_time=$(FUZZ_S) \
		-artifact_prefix=var/$$part- || exit 1; done

evals: index
	rm -rf var/evals
	$(BIN)/python -m evals run --cases evals/cases/tuning --out var/evals/tuning
	$(BIN)/python -m evals run --cases evals/cases/held_back --out var/evals/held_back
	$(BIN)/python -m evals run --cases evals/cases/calibration --out var/evals/calibration
	$(BIN)/python -m evals run --cases evals/cases/held_back_hard --out var/evals/held_back_hard
	$(BIN)/python -m evals run --cases evals/cases/calibration_hard --out var/evals/calibration_hard
	$(BIN)/python -m evals calibrate --cases evals/cases/calibration evals/cases/calibration_hard
	@if [ -d ../shared/data/kouhou ]; then \
		$(BIN)/python -m evals retrieval --beir ../shared/data/kouhou --out var/evals/kouhou; fi
