# Commands for people and for CI. `make` alone lists them.

GO       ?= go
FUZZTIME ?= 20s
BENCH    ?= .
BENCHFLAGS ?=
# Another seed each time finds more; a run prints the command that repeats it.
JEPSEN_SEED ?= $(shell date +%s)
# Integration tests start real servers and clusters: minutes, not seconds, on a small machine.
TIMEOUT  ?= 30m

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Tools are run at exact versions and are no dependencies of the product.
GOFUMPT     = $(GO) run mvdan.cc/gofumpt@v0.9.2
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.7.0

.PHONY: help build deb deps test test-embedded lint demo fuzz bench bench-directory microbench clients mtr upgrade-test failover jepsen jepsen-short jepsen-mutants clean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build bin/mysqlda
	$(GO) build -trimpath -ldflags '-X main.version=$(VERSION)' -o bin/mysqlda ./cmd/mysqlda

# CGO_ENABLED=0: the program needs no library of the machine that it is installed on.
deb: ## build a Debian package into dist/
	@mkdir -p dist
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o dist/mysqlda ./cmd/mysqlda
	@arch=$$($(GO) env GOARCH); case $$arch in 386) arch=i386 ;; arm) arch=armhf ;; esac; \
	scripts/deb/build.sh dist/mysqlda '$(VERSION)' $$arch dist/mysqlda_$$arch.deb

deps: ## install what the tests need beside Go (MariaDB, its test suite, clients)
	@scripts/deps.sh

# Nothing is taken from the test cache: it does not see that a test runs the
# program or the go command. The product's tests come last: what they print ends
# what CI shows.
test: deps test-embedded ## run every test with the race detector, against real servers and clients
	$(GO) test -race -count=1 -timeout $(TIMEOUT) ./...

test-embedded:
	$(GO) -C test/embedded test -race -count=1 -timeout $(TIMEOUT) ./...

lint: ## check format, vet, staticcheck and the import rules
	@unformatted=$$($(GOFUMPT) -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted with gofumpt:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) -C test/embedded vet ./...
	$(STATICCHECK) ./...
	cd test/embedded && $(STATICCHECK) ./...
	$(GO) test -count=1 ./test/imports

demo: build ## a tour of the product on this machine; Ctrl-C ends it
	@$(GO) build -o bin/demo ./scripts/demo
	@bin/demo -mysqlda bin/mysqlda

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@scripts/fuzz.sh $(FUZZTIME)

# The report of a whole run is kept; a run with other BENCHFLAGS is for the eyes.
bench: build ## the relay beside HAProxy, about 14 minutes (BENCHFLAGS=-quick: two), into docs/benchmarks.md
	@scripts/deps.sh bench
	$(GO) build -o bin/bench ./test/bench
	bin/bench -mysqlda bin/mysqlda $(if $(BENCHFLAGS),$(BENCHFLAGS),-o docs/benchmarks.md)

# So here. With BENCHFLAGS='-sizes 1' it takes a minute and a half.
bench-directory: build ## the directory with 1, 10 and 50 million core objects, 20 minutes, 16 GiB of memory (BENCHFLAGS='-sizes 1'), into docs/benchmarks.md
	@scripts/deps.sh bench
	$(GO) build -o bin/bench-directory ./test/benchdirectory
	bin/bench-directory -mysqlda bin/mysqlda $(if $(BENCHFLAGS),$(BENCHFLAGS),-o docs/benchmarks.md)

microbench: ## the Go benchmarks that match BENCH (all)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

clients: deps ## which client finds what through a node as at the server: a table
	@matrix=$$(mktemp); CLIENT_MATRIX=$$matrix $(GO) test -count=1 -timeout $(TIMEOUT) ./test/clients; failed=$$?; \
	cat $$matrix; rm -f $$matrix; exit $$failed

# With MTR=find it tries every test that could pass and rewrites the lists.
mtr: deps ## the server project's own test suite through a node, about 10 minutes (MTR=SUITE.NAME,SUITE.NAME: those)
	MTR=$${MTR:-all} MTR_STAGES=$${MTR_STAGES:-2} $(GO) test -count=1 -v -timeout 60m ./test/mtr

# UPGRADE_FROM=REVISION upgrades from another than the previous commit.
upgrade-test: deps ## restart three nodes in place as another release, 10 times each under load, and count what failed
	UPGRADE_ROUNDS=$${UPGRADE_ROUNDS:-10} $(GO) test -count=1 -v -timeout $(TIMEOUT) -run TestRollingUpgrade ./test/integration

failover: deps build ## break servers, nodes and the network under load and look for what was lost, two hours, as root (FAILOVER='-scenario kill -runs 1')
	$(GO) build -o bin/failover ./test/failover
	bin/failover -mysqlda bin/mysqlda $(FAILOVER)

# Each run takes some 20 s more than its duration. JEPSEN='--seed 7 --nodes 5' repeats one.
jepsen: deps ## break a cluster in every way and hold what clients were told against its promises, 10 minutes, as root
	$(GO) build -race -o bin/jepsen ./test/jepsen
ifdef JEPSEN
	bin/jepsen $(JEPSEN)
else
	bin/jepsen --nodes 3 --seeds 4 --duration 60s --seed $(JEPSEN_SEED) --out jepsen-report/3-nodes
	bin/jepsen --nodes 5 --seeds 3 --duration 60s --seed $(JEPSEN_SEED) --out jepsen-report/5-nodes
endif

jepsen-short: deps ## one such run, 90 seconds
	$(GO) build -race -o bin/jepsen ./test/jepsen
	bin/jepsen --duration 60s --seed $(JEPSEN_SEED)

jepsen-mutants: deps ## see that deliberately broken programs are caught by such runs
	$(GO) run ./test/jepsen/mutants

clean: ## remove what build and tests left behind
	rm -rf bin dist
	scripts/clean.sh
