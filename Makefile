# Everything a contributor does starts here; `make` alone lists it.
# The scripts lie under tests/ and release/: each runs by hand as well.

CARGO ?= cargo
# The shipped build; `make bench BENCH_PROFILE=ci` measures a faster-built one.
BENCH_PROFILE ?= release

# Many scenarios wait: for a time limit, a server, a system that boots.
TEST_THREADS ?= $(shell expr 2 \* $$(nproc))

.DEFAULT_GOAL := help
.PHONY: help build deps quick lint test test-package docs docs-check pictures demo bench deb deps-release dist reproducible \
    clean-dist

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build target/debug/proxmox-backup
	$(CARGO) build --locked

deps: ## install what the tests call (Debian packages, as root)
	@sh tests/deps.sh

quick: ## under three minutes: format, lints, unit tests
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) test --locked --lib

lint: ## format, clippy, shellcheck
	@sh tests/lint.sh

# Only the CI machine is ours to install packages on. cargo test comes last, so that its results
# end the output; no test reads standard input.
test: ## everything; CI runs exactly this
	@if [ -n "$${CI:-}" ] && [ "$$(id -u)" -eq 0 ]; then sh tests/deps.sh; fi
	@sh tests/lint.sh
	@CARGO="$(CARGO)" sh tests/generated.sh check
	RUST_TEST_THREADS=$(TEST_THREADS) $(CARGO) test --locked --no-fail-fast </dev/null

# What is missing is a failure here, as it is in CI. `make deps` installs it.
test-package: ## build the package; install, upgrade, remove it in Debian 12 and 13 (as root)
	CI=true $(CARGO) test --locked --test all package </dev/null

docs: ## write man/, completions/, debian/copyright and generated docs
	@CARGO="$(CARGO)" sh tests/generated.sh write

docs-check: ## fail when they are behind the program
	@CARGO="$(CARGO)" sh tests/generated.sh check

pictures: ## draw the pages of sample messages into docs/pictures (needs chromium)
	@CARGO="$(CARGO)" sh tests/pictures.sh

demo: build ## back up a sample host, look inside, unpack twice, compare
	@bash tests/demo.sh target/debug/proxmox-backup

bench: ## measure against the bars (needs zstd and time; strace for two rows)
	$(CARGO) build --locked --profile $(BENCH_PROFILE)
	@bash tests/bench.sh target/$(BENCH_PROFILE)/proxmox-backup

deb: ## build and check the Debian package, into dist/
	@sh release/package.sh

deps-release: ## install what `make dist` needs besides
	@CARGO="$(CARGO)" sh release/deps.sh

dist: ## all that is released, into dist/: package, source, bill of materials, SHA256SUMS
	@CARGO="$(CARGO)" sh release/dist.sh

reproducible: ## build the package twice, each time elsewhere and from nothing, and compare
	@sh release/reproducible.sh

clean-dist: ## remove dist/
	rm -rf dist
