# Sieve. Each target sets up what it needs; see tools/need.

# Debug information about the commit goes in where git answers; sieve --version tells it.
vcs     := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo auto || echo false)
build    = go build -buildvcs=$(vcs)
# Window tests run on Fyne's software driver: no C compiler, no system package.
software = CGO_ENABLED=0 go test -timeout 30m -tags ci,migrated_fynedo

.PHONY: help run build headless test window-test shots bench ci clean

help: ## lists what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

run: build ## builds Sieve and opens the window; ARGS='a.png b.png' opens these
	./sieve $(ARGS)

build: ## builds ./sieve, window and command line
	@tools/need go build
	$(build) -tags migrated_fynedo -o sieve .

headless: ## builds ./sieve without the window: one static file, for servers
	@tools/need go
	CGO_ENABLED=0 $(build) -tags headless -o sieve .

test: ## runs the tests; needs Go alone
	@tools/need go
	$(software) ./...
	$(software),purego ./model/internal/kernel

window-test: build ## drives the real window on a virtual display: clicks, keys, dropped files
	@tools/need window
	/usr/bin/python3 tools/window/checks.py ./sieve

shots: build ## takes pictures of every page, light and dark, into ./shots
	@tools/need window
	/usr/bin/python3 tools/window/shots.py ./sieve shots

bench: ## measures speed, against PyTorch where it can be had; prints Markdown, takes ten minutes
	@tools/need go
	@tools/need torch || echo 'Without PyTorch: Sieve alone is measured.'
	@CGO_ENABLED=0 $(build) -tags headless -o tools/bench/ .
	@go run ./tools/bench -sieve tools/bench/sieve $(ARGS)

ci: ## runs everything that a commit must pass
	.ci/run

clean: ## removes what was built
	rm -rf sieve sieve.exe shots tools/bench/sieve tools/bench/sieve.exe
