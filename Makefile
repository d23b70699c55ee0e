# `make` alone says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# `dtw` needs no model and no torch; the model's packages are installed where it is asked for.
ALIGNER_EXTRA := $(if $(filter qwen3,$(SOW_QWEN3_ALIGNER))$(if $(SOW_QWEN3_ALIGNER),,$(SOW_QWEN3_MODEL_PATH)),qwen3)
PYTHON := .venv/bin/python
DOCKERFILES := Dockerfile.api Dockerfile.worker

.PHONY: help
help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: demo
# LANGUAGE is also a variable of gettext's: it is the song's where it stands on make's command line
demo: export DEMO_LANGUAGE = $(if $(findstring command,$(origin LANGUAGE)),$(LANGUAGE))
demo: ## align a song and print its LRC: a made one, or AUDIO=… LYRICS=… LANGUAGE=…
	@scripts/setup.sh api worker flower $(ALIGNER_EXTRA)
	@exec $(PYTHON) -m scripts.demo

.PHONY: run
run: ## the whole service, staying up: API_PORT=8000 FLOWER_PORT=5555 SOW_QWEN3_…=…
	@scripts/setup.sh api worker flower $(ALIGNER_EXTRA)
	@exec $(PYTHON) -m scripts.run

.PHONY: test
test: setup-test lint types unit ## every check that CI runs

.PHONY: bench
bench: setup-test ## the speed table
	@exec $(PYTHON) -m bench

.PHONY: setup-test
setup-test:
	@scripts/setup.sh api worker flower qwen3 dev

.PHONY: lint
lint: setup-test ## rules of style, of imports, and of the Dockerfiles
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports
	.venv/bin/hadolint $(DOCKERFILES)

.PHONY: types
types: setup-test ## types
	.venv/bin/mypy

.PHONY: unit
unit: setup-test ## tests, with what they cover
	$(PYTHON) -m pytest --cov

.PHONY: format
format: setup-test ## put the code in its form
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

.PHONY: env
env: ## write .env for docker compose, with fresh passwords
	@scripts/make-env.sh

.PHONY: constraints
constraints: setup-test ## write down the versions of everything that is installed
	@{ echo '# Every package that the extras of pyproject.toml bring along, by `make constraints`.'; \
	   $(PYTHON) -m pip freeze --all --exclude pip --exclude-editable | sed 's/+[a-z0-9.]*$$//'; } >constraints.new
	@mv constraints.new constraints.txt
