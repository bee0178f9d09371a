# A part of the tests: just test journey
test *ARGS:
    ./test {{ARGS}}

# What CI runs.
ci:
    bash .ci/run

# Speed against pgbench on the same statements; figures for the README.
bench *ARGS:
    config/bench.sh {{ARGS}}

# schemathesis for longer, as every kind of caller: just fuzz [examples for each endpoint] [seed]
fuzz EXAMPLES="200" SEED=`date +%s`:
    CHEAPBOB_FUZZ_EXAMPLES={{EXAMPLES}} CHEAPBOB_FUZZ_SEED={{SEED}} CHEAPBOB_FUZZ_PHASES=examples,coverage,fuzzing,stateful \
        NEXTEST_PROFILE=long ./test -p cheapbob-tests fuzz::

# Accept changed snapshots after looking at the diff.
snapshots:
    INSTA_UPDATE=always ./test -p cheapbob-tests
