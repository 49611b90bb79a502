# What CI runs; each target can be run alone.
GO ?= go
TOOLS = $(CURDIR)/.build/bin

.PHONY: bench bench-large microbench compose release check format lint workflowcheck generated test contracts gen licenses supply vuln desks e2e chaos fuzz rt-server znuny-server dev browser fmt tools

check: format lint workflowcheck generated test contracts compose

tools: $(TOOLS)/golangci-lint $(TOOLS)/workflowcheck $(TOOLS)/oapi-codegen $(TOOLS)/go-licenses $(TOOLS)/cyclonedx-gomod

$(TOOLS)/golangci-lint: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(TOOLS)/workflowcheck: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ go.temporal.io/sdk/contrib/tools/workflowcheck

$(TOOLS)/oapi-codegen: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen

$(TOOLS)/govulncheck: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ golang.org/x/vuln/cmd/govulncheck

$(TOOLS)/go-licenses: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ github.com/google/go-licenses/v2

$(TOOLS)/benchstat: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ golang.org/x/perf/cmd/benchstat

$(TOOLS)/cyclonedx-gomod: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

format:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }

fmt:
	gofmt -w $$(git ls-files '*.go')

lint: $(TOOLS)/golangci-lint
	$< run ./...
	cd internal/devserver && $< run --config ../../.golangci.yml ./...
	cd internal/contracts && $< run --config ../../.golangci.yml ./...

workflowcheck: $(TOOLS)/workflowcheck
	$< -config .workflowcheck.yaml ./workflows/...

gen:
	$(GO) run ./internal/gen
	$(GO) run ./starter openapi > starter/openapi.json

generated:
	$(GO) run ./internal/gen -check
	@$(GO) run ./starter openapi | cmp -s - starter/openapi.json || { echo "starter/openapi.json is out of date; run make gen and commit the result"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) mod verify

# All tests, with the replay of recorded histories among them. Those of the clouds' blob stores run
# without -race: compiling the clouds' SDKs for it takes minutes on a fresh machine.
test:
	$(GO) test -race -tags nocloud ./...
	$(GO) test ./internal/files

# The conformance suite, the same cases, on every simulated desk and on the real Request Tracker
# and Znuny. Where Debian's package of Znuny cannot be had this fails; DESKBRIDGE_WITHOUT=znuny
# goes on without it.
desks: rt-server znuny-server
	GO=$(GO) .ci/desks.sh

# The main job with the real programs, the embedded Temporal server and the real desks.
e2e: rt-server znuny-server $(TOOLS)/oapi-codegen
	. .ci/desks.env && $(GO) test ./internal/e2e -count=1 -timeout 20m -v

# The desks whose vendors have OpenAPI documents.
DOCUMENTED = freshservice jira servicenow topdesk zendesk

# What the desks and the simulators say is held against the vendors' OpenAPI documents.
contracts:
	rm -rf .build/recorded
	DESKBRIDGE_RECORD=$(CURDIR)/.build/recorded $(GO) test -count=1 -run TestSimulatedDeskConforms $(DOCUMENTED:%=./providers/%)
	cd internal/contracts && DESKBRIDGE_RECORD=$(CURDIR)/.build/recorded $(GO) test -count=1 ./...

# Deskbridge beside what an engineer would write from Temporal's samples, in one run; about 35 minutes,
# with nothing else on the machine. The table is printed, and drawn for this README.
bench:
	$(GO) run ./internal/bench
	$(GO) run -C internal/tools ./plot $(CURDIR)/.build/bench/results.json $(CURDIR)/internal/bench/bench.svg

# What a ticket costs as their number grows; an hour, with nothing else on the machine.
bench-large:
	$(GO) run ./internal/bench -parts waiting -alone -sizes 1000,10000,100000

# What codecs and decoders cost; beside the run before, if there is one.
microbench: $(TOOLS)/benchstat
	@test ! -f .build/microbench.txt || mv .build/microbench.txt .build/microbench.before.txt
	$(GO) test -run '^$$' -bench . -count 6 ./internal/payloads ./providers/rt ./providers/internal/soap >.build/microbench.txt
	@$< $(wildcard .build/microbench.before.txt) .build/microbench.txt

# docker-compose.yml as `docker compose config` checks it, by the client or, without it, by its library.
compose:
	@if docker compose version >/dev/null 2>&1; then docker compose config -q && echo "docker compose config: ok"; else $(GO) run -C internal/tools ./compose $(CURDIR)/docker-compose.yml; fi

# Archives of both programs for each system, with checksums and SBOMs, in .build/release: make release VERSION=1.0.0
release: $(TOOLS)/cyclonedx-gomod
	.ci/release.sh $(VERSION)

rt-server:
	.ci/rt.sh start

znuny-server:
	@[ "$(DESKBRIDGE_WITHOUT)" = znuny ] && echo "WITHOUT THE REAL ZNUNY, as DESKBRIDGE_WITHOUT says" || .ci/znuny.sh start

# Every fuzz test for a while: make fuzz FUZZTIME=10s
fuzz:
	FUZZTIME=$(FUZZTIME) .ci/fuzz.sh

FUZZTIME ?= 60s

# Nothing lost, doubled or leaked: N onboardings among broken desks, killed programs and busy agents.
# A seed reproduces a finding: make chaos N=1000 SEED=7
chaos:
	$(GO) run ./internal/chaos -n $(N) -seed $(SEED)

N ?= 100
SEED ?= 0

# Licences of all dependencies, held against the list that is checked in, and an SBOM a program.
supply: $(TOOLS)/go-licenses $(TOOLS)/cyclonedx-gomod
	.ci/supply.sh list

licenses: $(TOOLS)/go-licenses $(TOOLS)/cyclonedx-gomod
	UPDATE=1 .ci/supply.sh list

# Known vulnerabilities in what our code calls; fails with 75 where the database cannot be had.
vuln: $(TOOLS)/govulncheck
	.ci/supply.sh vuln

# The Temporal UI, the agent's page and the portal in a real browser; screenshots go to .build/screenshots.
browser:
	.ci/browser.sh

dev:
	$(GO) run ./starter dev
