#!/usr/bin/env bash
# Licences, banned crates, sources; advisories as far as their database can be reached.
set -euo pipefail
cd "$(dirname "$0")/.."
. config/setup.sh
need_check_programs
deny=(target/checks/bin/cargo-deny --log-level error)
"${deny[@]}" check --hide-inclusion-graph bans licenses sources
if timeout 60 "${deny[@]}" fetch db >/dev/null 2>&1; then
    "${deny[@]}" check --hide-inclusion-graph --disable-fetch advisories
else
    echo "advisories: NOT CHECKED, their database (github.com/rustsec/advisory-db) cannot be reached from here"
fi
