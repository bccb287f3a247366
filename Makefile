# Everything starts here. `make demo` and `make test` need only Python (3.11 or later), make and git.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test suite whole run lint crash faults hostile container bench lock clean

$(READY): requirements-dev.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

demo: $(READY)  ## two months of a fictitious municipality on a real homeserver (ONCE=1 ends by itself)
	$(BIN)/python -m tests.demo $(if $(ONCE),--once)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: $(READY)  ## everything, real homeserver and real databases included
	$(MAKE) --jobs=2 lint suite

suite: $(READY)
	$(BIN)/pytest -n 3 --maxschedchunk 1

whole: $(READY)  ## the targets that take longer, as tests: the demo, a small bench
	$(BIN)/pytest -m whole

run: $(READY)  ## the bot, on lagesbot.toml
	$(BIN)/python -m bot run

crash: $(READY)  ## N kills at random moments; every message must stand exactly once
	$(BIN)/python -m tests.live.crash --kills $(or $(N),200) $(if $(PLAIN),--plain)

faults: $(READY)  ## N faults on the line to the homeserver; every message must stand exactly once
	$(BIN)/python -m tests.live.faults --faults $(or $(N),1000) $(if $(PLAIN),--plain)

hostile: $(READY)  ## N poisons from strangers and a lying homeserver; the bot must not notice
	$(BIN)/python -m tests.live.hostile --poisons $(or $(N),5000)

container: $(READY)  ## every command of Dockerfile and compose.yaml, without a container engine
	$(BIN)/python -m tests.container

bench: $(READY)  ## speed and size as ratios against a bare client; writes bench.json
	$(BIN)/python -m tests.benchmarks

lock: $(READY)  ## remake both lock files; run on Python 3.11
	$(BIN)/pip-compile -q --extra dev $(LOCK) -o requirements-dev.lock pyproject.toml
	$(BIN)/pip-compile -q $(LOCK) -c requirements-dev.lock -o requirements.lock pyproject.toml
LOCK := --generate-hashes --allow-unsafe --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

clean:
	rm -rf $(VENV) demo-output bench.json .mypy_cache .ruff_cache .pytest_cache .hypothesis
