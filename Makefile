# The two commands: `make demo` shows the main job, `make test` passes the tests.

VENV := .venv/bin

# A file time that changed in a checkout costs every start a compilation; this lets it be kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test unit lint kernels bench setup clean

demo: ## build a website into a VM, boot it, fetch a page from it
	@tools/setup
	@$(VENV)/python tools/demo.py

test: lint kernels ## all tests, those that boot VMs among them
	@$(VENV)/python -m pytest -q -n 2 --dist loadgroup --no-loadscope-reorder $(ARGS)

unit: setup ## the tests that take no more than a moment each
	@$(VENV)/python -m pytest -q -n 2 -m "not e2e" $(ARGS)

lint: setup ## types, style, and the arrows between the packages
	@$(VENV)/ruff check -q .
	@$(VENV)/ruff format -q --check .
	@$(VENV)/mypy --no-error-summary
	@$(VENV)/lint-imports --no-cache >.venv/arrows.log || { cat .venv/arrows.log; exit 1; }

kernels: setup ## what the guests of most tests run on, from the user's cache or built now
	@$(VENV)/fata kernel build --profile virtio >/dev/null
	@$(VENV)/fata kernel build --profile virtio-block >/dev/null
	@$(VENV)/fata kernel build --profile xen >/dev/null

bench: ## image bytes, start times and memory beside a baseline; writes bench/results.json
	@tools/setup --bench
	@$(VENV)/python bench/bench.py $(ARGS)

setup: ## install everything that the other targets need
	@tools/setup --test

clean: ## remove what was made in this checkout; caches of the user stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis bench/results.json
	rm -rf examples/*/_fata examples/*/dist
	find packages examples tests bench tools -name __pycache__ -prune -exec rm -rf {} +
