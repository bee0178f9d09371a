#!/usr/bin/env bash
# Builds both images, compile stage and all, into buildah's store (as root), and says how large they are. Arguments: --stand-in, for bases
# made here of Debian's packages and this machine's Rust; what else there is goes to buildah build.
set -euo pipefail
cd "$(dirname "$0")/.."
. config/setup.sh
need_buildah
engine() { as_root buildah "$@"; }
base=gcr.io/distroless/cc-debian12:nonroot
arguments=()
if [ "${1:-}" = --stand-in ]; then
    shift
    need_cargo
    need_image_base
    base=localhost/cheapbob-base
    container=$(engine from scratch)
    engine add --quiet "$container" target/image-base.tar / >/dev/null
    engine commit --quiet --rm "$container" "$base" >/dev/null
    as_root mmdebstrap --quiet --variant=apt --include=gcc,libc6-dev "$(. /etc/os-release && echo "$VERSION_CODENAME")" \
        target/image-builder.tar
    container=$(engine from scratch)
    engine add --quiet "$container" target/image-builder.tar / >/dev/null
    rust=$(rustc --print sysroot)
    engine add --quiet "$container" "$rust/bin" /usr/local/bin >/dev/null
    engine add --quiet "$container" "$rust/lib" /usr/local/lib >/dev/null
    # This machine's: between it and crates.io there may be a proxy that only it knows.
    engine add --quiet "$container" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ >/dev/null
    engine config --env CARGO_HOME=/usr/local/cargo "$container"
    engine commit --quiet --rm "$container" localhost/cheapbob-builder >/dev/null
    as_root rm -f target/image-builder.tar
    arguments=(--build-arg "BASE=$base" --build-arg BUILDER=localhost/cheapbob-builder)
fi

# bytes IMAGE: of all its files.
bytes() {
    local container
    container=$(engine from "$1")
    as_root du --bytes --summarize "$(engine mount "$container")" | cut -f1
    engine rm "$container" >/dev/null
}

for image in http jobs; do
    # docker's format: OCI's has no health check.
    engine build --isolation chroot --format docker --target "$image" --tag "cheapbob-$image" "${arguments[@]}" "$@" .
done
below=$(bytes "$base")
for image in http jobs; do
    ours=$((($(bytes "cheapbob-$image") - below) / 1000000))
    echo "cheapbob-$image: $ours MB over its base of $((below / 1000000)) MB"
    [ "$ours" -le 60 ] || { echo "that is more than 60 MB" >&2; exit 1; }
done
