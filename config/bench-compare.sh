#!/usr/bin/env bash
# This revision against an older one, each with its own bench, in turns on this machine: bench-compare.sh REV [seconds] [row] [turns].
# Prints each row's rate of both, and what became slower by more than 15 %.
set -euo pipefail
cd "$(dirname "$0")/.."
. config/setup.sh
need_bench
rev=$(git rev-parse --verify "$1^{commit}") seconds=${2:-3} row=${3:-} turns=${4:-2}
there=target/compare/$rev said=target/compare/said
# target/ may have been deleted since.
git worktree prune
[ -d "$there" ] || git worktree add --detach --quiet "$there" "$rev"
build() { (cd "$1" && CARGO_TARGET_DIR=$2 cargo build --quiet --release -p cheapbob-http -p cheapbob-test-support --bins); }
build . "$PWD/target"
build "$there" "$PWD/target/compare/target"
rm -rf "$said" && mkdir -p "$said"
for turn in $(seq "$turns"); do
    for which in old new; do
        programs=target/release
        [ $which = new ] || programs=target/compare/target/release
        echo "turn $turn, $which"
        "$programs/with-servers" --durable "$programs/bench" "$seconds" ${row:+"$row"} >"$said/$which.$turn"
    done
done
# A row begins with its name in 34 columns; then comes its rate.
awk -v turns="$turns" '
    { name = substr($0, 1, 34); sub(/ +$/, "", name); split(substr($0, 35), part, " ") }
    part[1] ~ /^[0-9]+$/ && name ~ /^[a-zA-Z]/ && name !~ /^(memory|ready)/ { rate[FILENAME ~ /old/ ? "old" : "new", name] += part[1] / turns; seen[name] }
    END {
        printf "%-34s%12s%12s%10s\n", "", "old/s", "new/s", "change"
        for (name in seen) if (rate["old", name] && rate["new", name]) {
            change = (rate["new", name] / rate["old", name] - 1) * 100
            printf "%-34s%12.0f%12.0f%+9.0f%%%s\n", name, rate["old", name], rate["new", name], change, change < -15 ? "  slower" : "" | "sort"
        }
    }' "$said"/*
