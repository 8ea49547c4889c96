# `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help setup test test-long sim matrix bench bench-provision lint demo lab

# Options of lab/setup, such as --with-tofu or --without-aws.
SETUP ?=

# How many worlds `make sim` goes through.
SEEDS ?= 100000

# Tests wait for machines and deadlines more than they compute.
TEST_THREADS ?= 6

# The module of those that take minutes each.
LONG := long::

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## what tests and demonstration need and this machine has not: the lab's programs, moto
	@lab/setup $(SETUP)

# All of these tests; then those that this machine could not run.
define run-tests
	@cargo build --locked --workspace --all-targets
	@rm -f target/lab/skipped
	@RUST_TEST_THREADS=$(TEST_THREADS) cargo test --locked --workspace $(1); status=$$?; lab/skipped; exit $$status
endef

test: setup ## the tests, but for the long ones; those that this machine cannot run are named at the end
	$(call run-tests,-- --skip=$(LONG))

test-long: setup ## workflows that take minutes each: over SSH, at boot, on AWS, under signals: half an hour
	$(call run-tests,--test e2e --test provisioning -- $(LONG))

sim: ## operations in worlds by chance, SEEDS of them, and the death matrix with every second death
	@SIM_SEEDS=$(SEEDS) cargo test --locked --workspace --lib -- simulation::random --nocapture
	@SIM_MATRIX=all cargo test --locked --workspace --lib -- simulation::matrix --nocapture

matrix: setup ## the program killed at each of its points, on a folder, S3 and Azure Blob: hours
	@cargo build --locked --workspace --all-targets
	@SCALER_MATRIX=all cargo test --locked --workspace --test e2e -- matrix --nocapture --test-threads=1
	@SCALER_MATRIX=all cargo test --locked --workspace --test e2e -- matrix::joining --ignored --nocapture --test-threads=1

bench: setup ## what the commands cost beside their peers; figures go to target/bench/
	@cargo build --locked --release -p scaler
	@cargo bench --locked --workspace --profile dev --bench commands -- --program target/release/scaler help render plan
	@# This one calls the library, so it is built as the program is.
	@cargo bench --locked --workspace --bench commands -- --program target/release/scaler store

bench-provision: setup ## new nodes by SSH and at boot, 1 and 20, beside the playbooks over all hosts: as root, half an hour, 8 GB
	@cargo build --locked --release -p scaler
	@cargo bench --locked --workspace --profile dev --bench commands -- --program target/release/scaler ssh boot

lint: ## formatting, clippy, licences and sources of dependencies, Go's vet, ansible-lint
	@cargo fmt --all --check
	@cargo clippy --locked --workspace --all-targets -- --deny warnings
	@cargo deny --locked --log-level error check licenses bans sources
	@test -z "$$(gofmt -l lab/kubernetes lab/supervisor lab/host)" || { gofmt -d lab/kubernetes lab/supervisor lab/host; exit 1; }
	@# With the flags that setup builds with, so that both share one cache.
	@cd lab/kubernetes && CGO_ENABLED=0 go vet -trimpath ./...
	@cd lab/supervisor && CGO_ENABLED=0 go vet -trimpath ./...
	@cd lab/host && CGO_ENABLED=0 go vet -trimpath ./...
	@if [ -x .venv/bin/ansible-lint ]; then PATH="$$PWD/.venv/bin:$$PATH" ansible-lint --offline --nocolor -qq playbooks; fi
	@if command -v terraform >/dev/null; then terraform fmt -check -recursive terraform; fi

demo: ## the main job on this machine: make a cluster, grow it, shrink it with its pods kept, destroy it
	@demo/run

lab: setup ## start a lab for a person; Ctrl-C stops it
	@cargo run --locked --quiet -p scaler-lab -- up
