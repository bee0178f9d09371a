# A part of the tests: just test journey
test *ARGS:
    ./test {{ARGS}}

# One crate's unit tests, without servers: just quick [crate] [name]
quick CRATE="domain" *ARGS:
    cargo nextest run -p cheapbob-{{CRATE}} {{ARGS}}

# Changes the rules of orders one by one: which change does no test notice? (.cargo/mutants.toml)
mutants *ARGS:
    cargo mutants --version >/dev/null 2>&1 || cargo install --quiet --locked cargo-mutants
    cargo mutants --package cheapbob-domain --output target {{ARGS}}

# What CI runs.
ci:
    bash .ci/run

# Common client libraries, pinned, against the sandbox: passport's strategies, PortOne's SDKs. Node.js 20 and the network are needed.
clients:
    tests/clients/run

# Both images, built with buildah as root, and their sizes: just images, or just images --stand-in where the bases cannot be pulled.
images *ARGS:
    config/images.sh {{ARGS}}

# Speed against pgbench on the same statements; figures for the README: just bench [seconds] [row]
bench *ARGS:
    config/bench.sh {{ARGS}}

# This build against an older one, in turns: just bench-compare REV [seconds] [row] [turns]
bench-compare REV *ARGS:
    config/bench-compare.sh {{REV}} {{ARGS}}

# More than can be served, at a fixed rate of arrivals: what is still served, and how late: just overload [seconds for each load]
overload *ARGS:
    cargo build --quiet --release -p cheapbob-http -p cheapbob-test-support --bins
    # Half of the cores for what is measured, the others for what measures.
    half=$(($(nproc) / 2)) && CHEAPBOB_GENERATOR_CORES="$half-$(($(nproc) - 1))" \
        taskset -c "0-$((half - 1))" target/release/with-servers --durable target/release/overload {{ARGS}}

# Ordinary customers beside 2,000 slow bodies and 2,000 readers that do not read: latencies and memory, as ratios: just bench-slow [seconds]
bench-slow *ARGS:
    cargo build --quiet --release -p cheapbob-http -p cheapbob-test-support --bins
    target/release/with-servers target/release/bench-slow {{ARGS}}

# Memory of 2,000 open streams of orders, and how soon they tell
bench-live:
    cargo build --quiet --release -p cheapbob-http -p cheapbob-test-support --bins
    target/release/with-servers target/release/bench-live

# schemathesis for longer, as every kind of caller: just fuzz [examples for each endpoint] [seed]
fuzz EXAMPLES="200" SEED=`date +%s`:
    CHEAPBOB_FUZZ_ROUNDS=1 CHEAPBOB_FUZZ_EXAMPLES={{EXAMPLES}} CHEAPBOB_FUZZ_SEED={{SEED}} CHEAPBOB_FUZZ_PHASES=examples,coverage,fuzzing,stateful \
        NEXTEST_PROFILE=long ./test -p cheapbob-tests fuzz::

# More random schedules of money and death: just torture [in process] [with real processes]
torture SCHEDULES="20000" REAL="200":
    CHEAPBOB_SCHEDULES={{SCHEDULES}} CHEAPBOB_REAL_SCHEDULES={{REAL}} NEXTEST_PROFILE=long ./test -p cheapbob-tests torture:: --no-capture

# Floods of everything beside fifty ordinary people: how much later these are answered: just floods [seconds]
floods SECONDS="60":
    CHEAPBOB_FLOOD_SECONDS={{SECONDS}} NEXTEST_PROFILE=long ./test -p cheapbob-tests floods:: --no-capture

# Plays one schedule in process again: just replay SEED
replay SEED:
    CHEAPBOB_SEED={{SEED}} CHEAPBOB_SCHEDULES=1 ./test -p cheapbob-tests torture::schedules_in_process

# Accept changed snapshots after looking at the diff.
snapshots:
    INSTA_UPDATE=always ./test -p cheapbob-tests

# The deployed topology from the binaries, until Ctrl-C: 2 http behind nginx, 2 jobs, PostgreSQL, Redis, MongoDB-wire, S3 and SMTP sinks.
cluster:
    ./test -p cheapbob-tests deployment::
    target/debug/with-servers target/debug/cluster

# A year (400 days) of trade and daily rollovers with three runners, two of them killed at random: just year [days] [seed]
year DAYS="400" SEED=`date +%s`:
    CHEAPBOB_DAYS={{DAYS}} CHEAPBOB_SEED={{SEED}} NEXTEST_PROFILE=long ./test -p cheapbob-tests year:: --no-capture

# A million orders go to the archive: the memory that it takes against that of 20,000. (Memory, not speed: the debug build will do.)
bench-archive ORDERS="1000000":
    ./test -p cheapbob-tests layers::
    target/debug/with-servers target/debug/bench-archive {{ORDERS}}

# An old service of the Python kind moves in: time, rate and memory of the import: just bench-import [orders] [customers]
bench-import ORDERS="1000000" CUSTOMERS="100000":
    cargo build --quiet --release -p cheapbob-jobs -p cheapbob-test-support --bins
    target/release/with-servers target/release/bench-import {{ORDERS}} {{CUSTOMERS}}

# The README's tour in a real browser, by clicks and by keyboard, and every page; pictures in target/clicks.
clicks:
    cargo build
    bash -c '. config/setup.sh && need_browser'
    node config/clicks.mjs

# A store with 100,000 favourites has something to tell in a rush: until everybody is told, and what a checkout takes meanwhile: just bench-notices [people] [checkouts a second]
bench-notices *ARGS:
    cargo build --quiet --release -p cheapbob-http -p cheapbob-jobs -p cheapbob-test-support --bins
    target/release/with-servers target/release/bench-notices {{ARGS}}

# A round of tasks through the queue: fresh, beside a transaction that stays open, a million tasks done: just bench-queue [seconds open]
bench-queue *ARGS:
    ./test -p cheapbob-tests layers::
    target/debug/with-servers target/debug/bench-queue {{ARGS}}

# Each page of the operators' console beside 100,000 orders: none may take more than 300 ms (the debug build)
bench-console:
    CHEAPBOB_TIMED=1 ./test -p cheapbob-tests operators::

# The nightly comparison with PortOne's books, for 2,000 stores with 400,000 holds: just bench-reconcile [stores] [holds]
bench-reconcile *ARGS:
    ./test -p cheapbob-tests layers::
    target/debug/with-servers target/debug/bench-reconcile {{ARGS}}
