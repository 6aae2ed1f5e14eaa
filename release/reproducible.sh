#!/bin/sh
# Builds the package twice and compares the bytes.
#
#   reproducible.sh             the real one, each time from nothing: takes its time
#   reproducible.sh PROGRAM     with a program that is built already
#
# The second time from a copy elsewhere, checked out long ago with other modes, with the crates in
# another place, one job, another umask, time zone, locale, home, user name and, as root, another host
# name and no network.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
one=$work/one/source
two=$work/another/place/with-a-longer-name
# Both times with cargo-auditable, or neither.
PATH=$PWD/target/tools/bin:$PATH
if [ $# -eq 1 ]; then
    strip -o "$work/program" "$1"
    export PREBUILT="$work/program"
fi

first() (
    cd "$one" || exit
    umask 022
    env TZ=UTC LC_ALL=C.UTF-8 dpkg-buildpackage -us -uc -b
)

second() (
    ln -s "${CARGO_HOME:-$HOME/.cargo}" "$work/another/crates"
    mkdir "$work/another/home"
    cd "$two" || exit
    chmod -R go= .
    find . -exec touch --no-dereference --date='2001-02-03 04:05:06' {} +
    umask 077
    elsewhere env TZ=Pacific/Kiritimati LC_ALL=C HOME="$work/another/home" USER=nobody LOGNAME=nobody \
        CARGO_HOME="$work/another/crates" RUSTUP_HOME="${RUSTUP_HOME:-$HOME/.rustup}" \
        CARGO_BUILD_JOBS=1 DEB_BUILD_OPTIONS=parallel=1 dpkg-buildpackage -us -uc -b
)

# elsewhere COMMAND…: on a host of another name without network, where that may be had.
elsewhere() {
    if unshare --uts --net true 2>/dev/null; then
        unshare --uts --net sh -c 'hostname elsewhere && exec "$@"' elsewhere "$@"
    else
        "$@"
    fi
}

failed() {
    echo "reproducible: the $1 build failed" >&2
    tail -n 40 "$work/$1.log" >&2
    exit 1
}

# The files and what they are: a start for whoever looks for the reason.
listed() {
    dpkg-deb --raw-extract "$1" "$work/files"
    (cd "$work/files" && find . -type f -exec sha256sum {} + | LC_ALL=C sort -k2)
    rm -rf "$work/files"
    dpkg-deb --contents "$1"
}

for copy in "$one" "$two"; do
    mkdir -p "$copy"
    tar -c --exclude=./target --exclude=./dist --exclude=./.git . | tar -x -C "$copy"
done
echo 'reproducible: the first build'
first >"$work/first.log" 2>&1 || failed first
echo 'reproducible: the second build'
second >"$work/second.log" 2>&1 || failed second

one=$(echo "$work"/one/*.deb)
two=$(echo "$work"/another/place/*.deb)
if cmp "$one" "$two"; then
    echo "reproducible: $(sha256sum <"$one" | cut -d' ' -f1) both times"
    exit 0
fi
echo 'reproducible: the packages differ' >&2
listed "$one" >"$work/one.listed"
listed "$two" >"$work/two.listed"
diff "$work/one.listed" "$work/two.listed" >&2 || true
exit 1
