#!/usr/bin/env bash
# A .env file that python-dotenv reads stops Rust's dotenvy half-way.
#
# Seen with: crates.io dotenvy 0.15.7, PyPI python-dotenv 1.2.2 (Python 3.11).
# The file: FIRST=1 / NAME=Lunch Box / LAST=3.
#   python-dotenv: FIRST=1, NAME="Lunch Box", LAST=3.
#   dotenvy:       an error at the second line; FIRST is set by then, NAME and LAST are not.
# dotenvy sets the variables as it reads, so that a caller who goes on after the error (the usual `dotenv().ok()`) runs with the part of
# the file above the first such line. Why it matters: a service that moves from Python to Rust keeps its .env; below a sender's name
# with a space stand, say, the addresses of its real servers.
#
# Needs cargo and python3. Exits 0 while the behaviour is as described, 1 when it has changed.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
cd "$folder"
printf 'FIRST=1\nNAME=Lunch Box\nLAST=3\n' >.env
python3 -m venv venv && venv/bin/pip install --quiet --disable-pip-version-check python-dotenv==1.2.2
mkdir -p rust/src && cat >rust/Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
dotenvy = "=0.15.7"
TOML
cat >rust/src/main.rs <<'RS'
fn main() {
    let read = dotenvy::from_filename(std::env::args().nth(1).unwrap());
    let shown = ["FIRST", "NAME", "LAST"].map(|name| format!("{name}={}", std::env::var(name).unwrap_or_else(|_| "-".into())));
    println!("dotenvy: {} {}", if read.is_ok() { "ok" } else { "error" }, shown.join(" "));
}
RS
venv/bin/python -c 'from dotenv import dotenv_values as v; print("python-dotenv:", "ok", *(f"{k}={x}" for k, x in v(".env").items()))' >out
cargo run --quiet --manifest-path rust/Cargo.toml -- "$PWD/.env" >>out
cat out
diff out - <<'WANT' || { echo "the behaviour has changed" >&2; exit 1; }
python-dotenv: ok FIRST=1 NAME=Lunch Box LAST=3
dotenvy: error FIRST=1 NAME=- LAST=-
WANT
