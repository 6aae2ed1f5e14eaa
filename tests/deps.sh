#!/bin/sh
# Installs what the tests call. Does nothing when all of it is there; never removes anything.
set -eu

# Without these, tests fail. gcc builds the C parts of the dependencies.
needed='gcc libc6-dev make tar zstd xz-utils bzip2 gzip pigz sqlite3 age openssh-client openssl bindfs fuse3 strace'
# Without these, a check is left out and says so.
wanted='acl attr dosfstools e2fsprogs libcap2-bin time shellcheck lintian debhelper dpkg-dev man-db'

is_there() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
    for package in "$@"; do
        is_there "$package" || printf '%s ' "$package"
    done
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

# The second implementation of age is no Debian package. Built for use, not for speed.
build_rage() {
    tools=$(dirname "$0")/../target/tools
    if command -v rage >/dev/null || [ -x "$tools/bin/rage" ]; then
        return
    fi
    echo 'deps: building rage'
    mkdir -p "$tools"
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --root "$tools" --version 0.12.1 rage </dev/null ||
        echo 'deps: cannot build rage' >&2
    rm -rf "$tools/build"
}

command -v dpkg-query >/dev/null || { echo 'deps: not a Debian system, install by hand:' "$needed $wanted"; exit 0; }
# Word splitting makes the lists.
# shellcheck disable=SC2086
missing=$(missing_of $needed $wanted)
[ -n "$missing" ] || { build_rage; echo 'deps: all there'; exit 0; }
[ "$(id -u)" -eq 0 ] || { echo "deps: run as root to install: $missing" >&2; exit 1; }

echo "deps: installing $missing"
# A fresh image has no package lists, an old one stale ones.
apt-get update -qq </dev/null || echo 'deps: apt-get update failed, going on with the lists there are' >&2
# shellcheck disable=SC2086
if ! install $missing; then
    # One package that cannot be had must not keep the others away.
    for package in $missing; do
        install "$package" || echo "deps: cannot install $package" >&2
    done
fi
# shellcheck disable=SC2086
missing=$(missing_of $needed)
[ -z "$missing" ] || { echo "deps: still missing: $missing" >&2; exit 1; }
build_rage
