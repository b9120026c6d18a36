# Two commands do everything: make run, make test. The others are parts of them,
# or take longer.

GO       ?= go
BIN      := bin/moorfast
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  := -s -w -X moorfast/internal/server.described=$(VERSION)
# The race detector needs a C compiler; the program does not.
RACE     := $(if $(shell command -v gcc 2>/dev/null),-race,)
FUZZTIME ?= 30s
# What the tests run beside the program, built once for each version.
S3SERVER := v1.8.0
ACMESERVER := v2.10.1
VULNCHECK := v1.9.0
PROMTOOL := v0.316.0
TOOLS    ?= $(or $(XDG_CACHE_HOME),$(if $(HOME),$(HOME)/.cache,/tmp))/moorfast/tools

comma    := ,

export CGO_ENABLED := 0

.DEFAULT_GOAL := help

help: ## show this
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: build ## build, and serve on http://127.0.0.1:8080 with data in ./data
	$(BIN) serve

build: ## build bin/moorfast
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/moorfast

check: ## format, vet, lint and the unit tests: under a minute
	@test -z "$$(gofmt -l cmd internal test)" || { gofmt -l cmd internal test; echo 'run: gofmt -w the files above'; exit 1; }
	$(GO) vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo 'golangci-lint is not installed: lint was left out'; fi
	$(GO) test ./internal/... ./cmd/...

test: build ## every test: units, engines, crashes, and the official SDKs against the program
	@test -z "$$(gofmt -l cmd internal test)" || { gofmt -l cmd internal test; echo 'run: gofmt -w the files above'; exit 1; }
	$(GO) vet ./...
	CGO_ENABLED=$(if $(RACE),1,0) $(GO) test $(RACE) -count=1 -timeout 20m ./...
	$(if $(RACE),$(GO) test -count=1 -run 'Kill|Dying' ./internal/server)
	@if [ -n "$$MOORFAST_TEST_POSTGRES" ]; then \
		echo 'on PostgreSQL:'; MOORFAST_TEST_SERVER=postgres $(GO) test -count=1 ./internal/audit/... ./internal/core/... ./internal/server/... ./internal/service/...; fi
	$(MAKE) --no-print-directory sdk
	@left=; add() { left="$$left$${left:+, }$$1"; }; \
	[ -n "$$MOORFAST_TEST_POSTGRES" ] || add 'the PostgreSQL engine (set MOORFAST_TEST_POSTGRES to a URL to run it)'; \
	[ -n "$$MOORFAST_TEST_S3" ] || add 'the S3 engine (set MOORFAST_TEST_S3 to http://key:secret@host:port/bucket to run it)'; \
	[ -n "$$MOORFAST_TEST_PEBBLE" ] || add 'an ACME authority (set MOORFAST_TEST_PEBBLE to what make acme-server prints)'; \
	[ -n "$$MOORFAST_TEST_PROMTOOL" ] || add 'the alert rules (set MOORFAST_TEST_PROMTOOL to what make promtool prints)'; \
	[ -n "$$MOORFAST_TEST_BROWSER" ] || add 'files in a browser (set MOORFAST_TEST_BROWSER to a headless Chromium to open them)'; \
	[ -n "$$MOORFAST_TEST_DISK" ] || unshare -m true 2>/dev/null || add 'the full disk (as root on Linux, a small one is mounted)'; \
	echo "not run: $${left:-nothing}"

s3-server: $(TOOLS)/versitygw-$(S3SERVER)/versitygw ## build the S3 server of the tests, and print where it is
	@echo $<

$(TOOLS)/versitygw-$(S3SERVER)/versitygw:
	@GOBIN=$(@D) GOFLAGS= $(GO) install github.com/versity/versitygw/cmd/versitygw@$(S3SERVER) >&2

acme-server: $(TOOLS)/pebble-$(ACMESERVER)/pebble ## build the ACME server of the tests, and print where it is
	@echo $<

$(TOOLS)/pebble-$(ACMESERVER)/pebble:
	@GOBIN=$(@D) GOFLAGS= $(GO) install github.com/letsencrypt/pebble/v2/cmd/pebble@$(ACMESERVER) >&2

promtool: $(TOOLS)/promtool-$(PROMTOOL)/promtool ## build what checks the alert rules, and print where it is
	@echo $<

$(TOOLS)/promtool-$(PROMTOOL)/promtool:
	@GOBIN=$(@D) GOFLAGS= $(GO) install github.com/prometheus/prometheus/cmd/promtool@$(PROMTOOL) >&2

sdk: build ## the official SDKs, from npm, as clients of the program
	cd test/sdk && npm ci --no-audit --no-fund --loglevel=error && MOORFAST=$(CURDIR)/$(BIN) npm test

compat: build ## which calls of the official SDKs have an endpoint, by service
	cd test/sdk && npm ci --no-audit --no-fund --loglevel=error && MOORFAST=$(CURDIR)/$(BIN) node compat.mjs

bench: build ## server CPU per operation, as a table
	$(GO) run ./test/load -binary $(BIN)

bench-scale: build ## lists of 10,000 and 100,000 rows against each other; SCALE=10000,1000000 for others
	$(GO) run ./test/load -binary $(BIN) -scale $(or $(SCALE),10000$(comma)100000)

bench-compare: build ## the same operations on a PocketBase that is on PATH, as ratios
	$(GO) run ./test/load -binary $(BIN) -compare

fuzz: ## each fuzz target for FUZZTIME (30s)
	@for pkg in $$($(GO) list ./...); do \
		for target in $$($(GO) test -list '^Fuzz' $$pkg 2>/dev/null | grep '^Fuzz'); do \
			echo "$$pkg $$target"; $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$pkg || exit 1; \
		done; \
	done

supply: sbom reproducible fips vulncheck ## what the program is made of: its list, two equal builds, FIPS 140, known holes

sbom: build ## bin/moorfast.cdx.json: what the program is made of, as CycloneDX
	$(BIN) version --sbom >$(BIN).cdx.json
	$(GO) mod verify

# Two clones in two directories, with caches of their own: what a builder has,
# and where, must not show in the program.
reproducible: ## build the last commit twice, in different places, and compare the two programs
	@work=$$(mktemp -d) && trap 'chmod -R u+w "$$work"; rm -rf "$$work"' EXIT && set -e && \
	for one in first second/place; do \
		git clone -q . "$$work/$$one" && GOCACHE="$$work/cache-$${one%%/*}" $(MAKE) --no-print-directory -s -C "$$work/$$one" build VERSION='$(VERSION)' >/dev/null; \
	done && cd "$$work" && sha256sum first/$(BIN) second/place/$(BIN) | sed 's| .*||' | uniq >sums && cat sums && \
	{ [ "$$(wc -l <sums)" = 1 ] || { echo 'the two builds differ' >&2; exit 1; }; }

fips: ## the units that hold keys, on Go's FIPS 140-3 module; docs/decisions/0022 says how far that goes
	GODEBUG=fips140=on $(GO) test -count=1 ./internal/vault/... ./internal/seal/... ./internal/rootkey/... ./internal/token/... ./internal/password/... ./internal/audit/... ./internal/certs/...

vulncheck: ## known holes in what the program calls; needs the network, or VULNDB=file:///a/copy
	$(GO) run golang.org/x/vuln/cmd/govulncheck@$(VULNCHECK) $(if $(VULNDB),-db $(VULNDB)) ./...

soak: ## kill the program a thousand times each while it writes, changes keys and records, and look for what is lost
	MOORFAST_CRASH_ROUNDS=1000 $(GO) test -count=1 -timeout 3h ./test/crash
	MOORFAST_KILL_ROUNDS=1000 $(GO) test -count=1 -timeout 6h -run 'Kill|Dying' ./internal/server

clean: ## remove what was built
	rm -rf bin test/sdk/node_modules

.PHONY: help run build check test s3-server acme-server promtool sdk compat bench bench-scale bench-compare fuzz supply sbom reproducible fips vulncheck soak clean
