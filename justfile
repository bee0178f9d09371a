# A part of the tests: just test journey
test *ARGS:
    ./test {{ARGS}}

# What CI runs.
ci:
    bash .ci/run

# Speed against pgbench on the same statements; figures for the README.
bench *ARGS:
    config/bench.sh {{ARGS}}

# Accept changed snapshots after looking at the diff.
snapshots:
    INSTA_UPDATE=always ./test -p cheapbob-tests
