# What CI runs; each target can be run alone.
GO ?= go
TOOLS = $(CURDIR)/.build/bin
RT_URL = http://127.0.0.1:8101
RT_TOKENS = $(CURDIR)/.build/rt

.PHONY: check format lint workflowcheck generated test gen desks e2e dev browser fmt tools

check: format lint workflowcheck generated test

tools: $(TOOLS)/golangci-lint $(TOOLS)/workflowcheck

$(TOOLS)/golangci-lint: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

$(TOOLS)/workflowcheck: internal/tools/go.mod
	$(GO) build -C internal/tools -o $@ go.temporal.io/sdk/contrib/tools/workflowcheck

format:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "not formatted, run make fmt:"; echo "$$unformatted"; exit 1; }

fmt:
	gofmt -w $$(git ls-files '*.go')

lint: $(TOOLS)/golangci-lint
	$< run ./...
	cd internal/devserver && $< run --config ../../.golangci.yml ./...

workflowcheck: $(TOOLS)/workflowcheck
	$< -config .workflowcheck.yaml ./workflows/...

gen:
	$(GO) run ./internal/gen

generated:
	$(GO) run ./internal/gen -check
	$(GO) mod tidy -diff
	$(GO) mod verify

# All tests, with the replay of recorded histories among them.
test:
	$(GO) test -race ./...

# The conformance suite, the same cases, on the simulated desk and on the real Request Tracker.
desks:
	.ci/rt.sh start
	$(GO) test -c -o .build/rt.test ./providers/rt
	cd providers/rt && ../../.build/rt.test -test.run TestSimulatedDeskConforms -test.v > ../../.build/simulated.txt || { cat ../../.build/simulated.txt; exit 1; }
	cd providers/rt && DESKBRIDGE_TEST_RT_URL=$(RT_URL) DESKBRIDGE_TEST_RT_TOKENS=$(RT_TOKENS) ../../.build/rt.test -test.run TestRealDeskConforms -test.v > ../../.build/real.txt || { cat ../../.build/real.txt; exit 1; }
	.ci/same-cases .build/simulated.txt .build/real.txt

# The main job with the real programs, the embedded Temporal server and the real Request Tracker.
e2e:
	.ci/rt.sh start
	DESKBRIDGE_TEST_RT_URL=$(RT_URL) DESKBRIDGE_TEST_RT_TOKENS=$(RT_TOKENS) $(GO) test ./internal/e2e -count=1 -timeout 20m -v

# The Temporal UI and the agent's page in a real browser; screenshots go to .build/screenshots.
browser:
	.ci/browser.sh

dev:
	$(GO) run ./starter dev
