#!/usr/bin/env bash
# Licences, banned crates, sources; advisories as far as their database can be reached.
set -euo pipefail
cd "$(dirname "$0")/.."
VERSION=0.20.2
deny=target/tools/bin/cargo-deny
if ! command -v cargo-deny >/dev/null && [ ! -x "$deny" ]; then
    cargo install --quiet --locked cargo-deny --version "$VERSION" --root target/tools
fi
command -v cargo-deny >/dev/null && deny=cargo-deny
"$deny" --log-level error check --hide-inclusion-graph bans licenses sources
if timeout 60 "$deny" --log-level error fetch db >/dev/null 2>&1; then
    "$deny" --log-level error check --hide-inclusion-graph --disable-fetch advisories
else
    echo "advisories: NOT CHECKED, their database (github.com/rustsec/advisory-db) cannot be reached from here"
fi
