# One way in for people and machines. Each target does its own set-up.
.DEFAULT_GOAL := help
.PHONY: help run build test bench bench-live bench-store eval models torture fmt lint docs deb

CARGO ?= cargo
BIN := $(or $(CARGO_TARGET_DIR),target)/release/anomalyzer
# What the demonstration holds besides an office at work.
DEMO := port-scan-syn,host-sweep-icmp,keyword,flood-syn,ddos-reflection

# Installs the Debian packages that are missing: only when there are any, and only with apt-get.
# usage: $(call need,package package ...)
define need
	@missing=""; for p in $(1); do \
	  dpkg-query -W -f='$${Status}' "$$p" 2>/dev/null | grep -q 'install ok installed' \
	    || missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	command -v apt-get >/dev/null || { echo "please install:$$missing"; exit 1; }; \
	sudo=""; [ "$$(id -u)" = 0 ] || sudo="sudo"; \
	if [ -n "$$sudo" ] && ! command -v sudo >/dev/null; then \
	  echo "please install as root: apt-get install$$missing"; exit 1; fi; \
	echo "installing$$missing"; \
	$$sudo apt-get update -qq \
	  && DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $$missing \
	  || { echo "could not install$$missing: please install by hand"; exit 1; }
endef

# As `need`, for tools that are compared with: goes on without them.
define want
	@$(MAKE) --no-print-directory -s .want PACKAGES="$(1)" || true
endef

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 18

out/demo.pcapng: build
	@mkdir -p out
	$(BIN) scenario write $@ --seed 1 --minutes 10 --attack $(DEMO) --truth out/demo-truth.csv

run: build ## the demonstration in the browser; IFACE=eth0 watches an interface, PCAP=file replays a capture
ifdef IFACE
	$(BIN) run -i $(IFACE)
else ifdef PCAP
	$(BIN) run --pcap $(PCAP)
else
	$(BIN) demo
endif

build: .setup .console ## the release binary: target/release/anomalyzer
	$(CARGO) build --release --locked --package anomalyzer

test: .setup .console ## the whole gate: format, lints, house rules, documents, tests, live and in a browser
	$(call need,iproute2 iputils-ping curl nmap hping3 iperf3 tcpreplay chromium)
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) xtask tidy
	$(CARGO) xtask docs --check
	@$(CARGO) xtask skipped
	cd console && npm run --silent check && npm test --silent
	$(CARGO) test --workspace --locked
	cd console && npm run --silent e2e

lint: .setup ## lints and house rules only
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) xtask tidy

fmt: .rust ## format the code
	$(CARGO) fmt --all

docs: out/demo.pcapng ## write the documents that are made from tables, and the picture
	$(CARGO) xtask docs
	$(BIN) analyze out/demo.pcapng --plot docs/demo.svg >/dev/null

bench: build ## speed and memory beside argus, Suricata, tshark and nDPI; writes docs/benchmark.md
	$(call want,argus-server tshark libndpi-bin)
	$(CARGO) xtask bench

bench-live: build .suricata ## the highest rate on a wire without loss; adds to docs/benchmark.md
	$(call need,iproute2 tcpreplay tcpdump curl)
	$(CARGO) xtask bench live

bench-store: .rust ## the store with ten million flows and a week of series; adds to docs/benchmark.md
	$(CARGO) run --quiet --release --package xtask -- bench store --page

eval: build ## every labelled capture; writes docs/evaluation.md
	$(CARGO) xtask eval
	$(CARGO) run --quiet --package anomalyzer-engine --example models -- judge $(or $(ANOMALYZER_DATA),../shared/data) crates/learn/models docs/evaluation.md

models: .rust ## trains the models that come with the program, on the scenario only; writes docs/models.md
	$(CARGO) run --quiet --package anomalyzer-engine --example models -- train crates/learn/models docs/models.md

torture: build ## floods, kills, full disks and the like; writes docs/reliability.md
	$(call need,iproute2 iputils-ping tcpreplay curl)
	$(CARGO) xtask torture

deb: build ## a Debian package: out/anomalyzer_VERSION_ARCH.deb
	$(call need,dpkg-dev)
	packaging/debian/build $(BIN) out

# The console's files, which the binary holds: made anew when a source is newer.
.PHONY: .console
.console: console/dist/index.html

CONSOLE := $(shell find console/src console/public -type f 2>/dev/null) \
  $(addprefix console/,index.html package.json package-lock.json vite.config.ts svelte.config.js tsconfig.json)

console/dist/index.html: console/node_modules/.package-lock.json $(CONSOLE)
	cd console && npm run --silent build

console/node_modules/.package-lock.json: console/package-lock.json
	@command -v npm >/dev/null || { echo "Node with npm is missing: version 20.19 or later"; exit 1; }
	cd console && npm ci --no-audit --no-fund --silent
	@touch $@

.PHONY: .setup .rust .want
.setup: .rust
	$(call need,build-essential libpcap-dev)

.rust:
	@command -v $(CARGO) >/dev/null || { \
	  echo "Rust is missing: install it with your package manager or rustup (https://rustup.rs)"; exit 1; }

.want:
	$(call need,$(PACKAGES))

# Suricata 7 is in the backports of Debian 12: their source is made of the one that is there.
.PHONY: .suricata
.suricata:
	@command -v suricata >/dev/null || [ "$$(id -u)" != 0 ] || { \
	  list=/etc/apt/sources.list.d; \
	  sed -n '1,/^$$/p' $$list/debian.sources \
	    | sed 's/^Suites:.*/Suites: bookworm-backports/' > $$list/anomalyzer-backports.sources \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
	    --no-install-recommends -t bookworm-backports suricata; \
	} || echo "suricata could not be installed: it is left out"
