# Thin: what builds and tests is Swift's package manager. `make` alone lists the targets.
SWIFT   ?= swift
CONFIG  ?= examples/quickstart.yaml
PREFIX  ?= /usr/local
DESTDIR ?=
# More options for `make run`: make run ARGS='--listen 127.0.0.1:26000'
ARGS    ?=

sources = Package.swift Sources filters examples Tests Benchmarks Plugins bpf

.DEFAULT_GOAL := help
.PHONY: help setup build release demo demo-ebpf test examples docs run install format lint clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

setup: ## Install the packages of the system that are missing (Debian, Ubuntu)
	@scripts/setup

build: setup ## Build the proxy for development
	$(SWIFT) build --product proxy

release: setup ## Build the proxy for production, the Swift runtime linked in
	$(SWIFT) build -c release --static-swift-stdlib --product proxy

demo: build ## See the proxy at work: two servers, two clients, good and bad tokens
	@$(SWIFT) build --product Demo
	@"$$($(SWIFT) build --show-bin-path)/Demo"

demo-ebpf: build ## See the kernel path at work, between network namespaces; needs root
	@$(SWIFT) build --product Demo
	@"$$($(SWIFT) build --show-bin-path)/Demo" ebpf

# Allocations are counted in a release build.
test: setup ## Build and run all tests
	$(SWIFT) build -c release --product proxy
	$(SWIFT) test

examples: setup ## Build and test the packages of filters in examples/, and a new one
	@scripts/test-examples "$(SWIFT)"

docs: setup ## Write the documentation for authors of filters to .build/docs
	@scripts/docs "$(SWIFT)"

run: build ## Serve with CONFIG=file until Ctrl-C
	@exec "$$($(SWIFT) build --show-bin-path)/proxy" --config "$(CONFIG)" $(ARGS)

install: release ## Put the proxy into PREFIX/bin (below DESTDIR, if given)
	install -d "$(DESTDIR)$(PREFIX)/bin"
	install -s -m 755 "$$($(SWIFT) build -c release --show-bin-path)/proxy" "$(DESTDIR)$(PREFIX)/bin/proxy"

format: ## Format the sources
	$(SWIFT) format --in-place --recursive --parallel $(sources)

lint: ## Check the format of the sources
	$(SWIFT) format lint --strict --recursive --parallel $(sources)

clean: ## Remove what was built
	$(SWIFT) package clean
