# What one does here, in the order in which one needs it.
GO ?= go
PACKAGES = ./...

.PHONY: build test check bench fuzz golden docs mutants large interop peers growth crash faults bench-compare clean reproducible sbom vulnerabilities seeds mutations slurm beam flink

build: ## the program, the same bytes from the same tree
	CGO_ENABLED=0 $(GO) build -trimpath -o avstam ./cmd/avstam

test: ## every test
	$(GO) test $(PACKAGES)

check: ## what must hold before a change lands: format, vet, staticcheck, tests under the race detector, every benchmark once, a clean tree
	./.ci/check

bench: ## the benchmarks; ARGS="-bench Parse -count 6" narrows them
	$(GO) test -run '^$$' -bench . -benchmem $(ARGS) $(PACKAGES)

FUZZTIME ?= 20s
fuzz: ## every fuzzer for FUZZTIME
	./.ci/fuzz $(FUZZTIME)

golden: ## rewrites golden files and the generated parts of README and docs; look at the diff
	AVSTAM_GOLDEN=write $(GO) test ./cmd/avstam ./report ./config ./rules ./casework

docs: golden ## the same: the catalogue in README comes from the rules

mutants: ## turns each condition of each rule round and sees its cases fail
	AVSTAM_MUTANTS=1 $(GO) test -count=1 -timeout 60m -run TestMutants -v ./rules

large: ## 20 million records against 12 million numbers: time and memory
	./benchmarks/large.sh

peers: ## the race with DuckDB, Polars and plain Go, into benchmarks/RESULTS.md; ROUNDS and AVSTAM_PEERS_RECORDS as docs/operations.md says; needs Python
	$(GO) run ./benchmarks/peers

MILLIONS ?= 1000
growth: ## time per record and memory from 1 to 1,000 million records (MILLIONS), into benchmarks/RESULTS.md; half an hour and 40 GB of disk
	$(GO) run ./benchmarks/peers -growth $(MILLIONS)

KILLS ?= 500
SIGNALS ?= 50
crash: ## runs killed at KILLS random moments and at each kind of system call, SIGNALS times asked to end, under limits of memory, with ten and a hundred million rows; half an hour and 3 GB of disk, as root and with strace for all of it
	AVSTAM_KILLS=$(KILLS) AVSTAM_SIGNALS=$(SIGNALS) AVSTAM_MEMORY_ROWS=10000000 $(GO) test -count=1 -timeout 90m -v \
		-run 'Killed|Signal|Waiting|TwoRuns|AtOnce|Memory|HardLimit' ./cmd/avstam

faults: ## every call of a run and of the other commands fails, in every way, one after the other: a quarter of an hour, half of that where TMPDIR is in memory; with strace also system calls of the real program
	AVSTAM_FAULTS=1 bash -o pipefail -c "$(GO) test -count=1 -timeout 120m -v -run 'Faults|WrongClock' ./cmd/avstam | grep -vE '^ *(=== |--- PASS: .*/)'"

SEEDS ?= 100
SEED_ROWS ?= 1000000
PEER_SEEDS ?= 0
seeds: ## SEEDS runs of SEED_ROWS records each against the naive reference; half a minute and 3 GB of memory for each. PEER_SEEDS more against DuckDB; needs Python
	AVSTAM_SEEDS=$(SEEDS) AVSTAM_SEED_ROWS=$(SEED_ROWS) $(GO) test -count=1 -timeout 600m -v -run '^TestSeeds$$' ./job
	$(if $(filter-out 0,$(PEER_SEEDS)),AVSTAM_PEERS_RECORDS=$(SEED_ROWS) $(GO) run ./benchmarks/peers -seeds $(PEER_SEEDS))

MUTATIONS ?= 100000
mutations: ## MUTATIONS changed copies each of Parquet, of CSV and Arrow, of snapshots, of files of a report, of decisions; a quarter of an hour
	AVSTAM_MUTATIONS=$(MUTATIONS) $(GO) test -count=1 -timeout 180m -v -run 'Mutations$$' ./readers ./register ./report ./casework

BASE ?= HEAD
BENCH ?= .
ROUNDS ?=
bench-compare: ## is the working tree slower than BASE, beyond the machine's noise? PACKAGES, BENCH and ROUNDS narrow it
	./.ci/bench-compare -base '$(BASE)' -packages '$(PACKAGES)' -bench '$(BENCH)' $(if $(ROUNDS),-rounds $(ROUNDS))

beam: ## avstam-beam, which has engines of Apache Beam do a job in parts
	cd beam && CGO_ENABLED=0 $(GO) build -trimpath -o ../avstam-beam ./cmd/avstam-beam

flink: ## the same job by avstam run and on Flink, of whose two TaskManagers one is killed: the same findings; two minutes, Java and Maven
	./.ci/flink

interop: ## writes testdata/interop anew with every program; needs Python, and Maven for the files of parquet-java
	./.ci/interop

slurm: ## a job in parts on a real Slurm on this machine, of whose two nodes one is killed: the findings of avstam run; two minutes, Debian's packages, root to install them
	./deploy/slurm/trial

reproducible: ## builds the last commit twice, in two folders and with two caches, and compares the bytes
	./.ci/reproducible

SBOM ?= avstam.cdx.json
sbom: build ## what the program is built of, as CycloneDX JSON
	./.ci/sbom $(SBOM)

vulnerabilities: ## govulncheck
	./.ci/vulnerabilities

clean:
	rm -rf avstam avstam-demo out avstam.cdx.json
