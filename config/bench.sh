#!/usr/bin/env bash
# Speed as shares of pgbench on the same statements. Arguments: seconds for each measurement (4), of which each row has six; a part of a
# row's name, for that row alone.
set -euo pipefail
cd "$(dirname "$0")/.."
. config/setup.sh
need_bench
cargo build --quiet --release -p cheapbob-http -p cheapbob-test-support --bins
exec target/release/with-servers --durable target/release/bench "$@"
