#!/usr/bin/env bash
# .ci/run compiles our crates with this in place of rustc (RUSTC_WORKSPACE_WRAPPER): with clippy, which compiles as well as it lints, and
# then with rustdoc. So dependencies are built once, not once for the tests, once for lints and once for the documentation.
# Arguments: the compiler that Cargo would run, and its arguments.
set -euo pipefail
clippy-driver "$@"
shift
arguments=() kind='' folder=''
while [ $# -gt 0 ]; do
    case "$1" in
        # Cargo asks what the compiler can do; or this is a test's build of what is documented without.
        - | -vV | --test) exit ;;
        --crate-type) kind=$2 arguments+=("$1" "$2") && shift ;;
        --out-dir) folder=$2 && shift ;;
        # Not rustdoc's.
        --emit=* | incremental=*) [ "$1" = "${1#incremental=}" ] || unset 'arguments[-1]' ;;
        *) arguments+=("$1") ;;
    esac
    shift
done
case "$kind" in
    lib) exec rustdoc "${arguments[@]}" --out-dir "$folder/../../doc" -D warnings ;;
    # A binary and its library may have the same name.
    bin) exec rustdoc "${arguments[@]}" --out-dir "$folder/../../doc/bin" -D warnings --document-private-items ;;
esac
