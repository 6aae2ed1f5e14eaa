#!/bin/sh
# Builds the Debian package.
#
#   package.sh                  a release build, into dist/, with lintian's opinion
#   package.sh PROGRAM DIR      into DIR with this program in it, which is built already: for tests of
#                               what is around the program
set -eu
cd "$(dirname "$0")/.."
top=$PWD
program=
if [ $# -eq 2 ]; then
    program=$(readlink -f "$1")
    mkdir -p "$2"
    dist=$(readlink -f "$2")
    # Tests build several at a time.
    stage=$(mktemp -d)
    trap 'rm -rf "$stage"' EXIT
else
    dist=$top/dist
    stage=$top/target/package
    rm -rf "$stage"
    # cargo-auditable, where `make deps-release` has put it.
    PATH=$top/target/tools/bin:$PATH
fi

# Built in a copy: dpkg-buildpackage writes beside and below the tree it works in, and a package
# must not depend on what lies around there.
mkdir -p "$stage/source" "$dist"
tar -c --exclude=./target --exclude=./dist --exclude=./.git . | tar -x -C "$stage/source"
mkdir -p "$stage/source/target"
if [ -n "$program" ]; then
    strip -o "$stage/program" "$program"
    export PREBUILT="$stage/program"
else
    # The warm build cache, outside the copy.
    mkdir -p "$top/target/deb"
    ln -s "$top/target/deb" "$stage/source/target/deb"
fi

cd "$stage/source"
dpkg-buildpackage -us -uc -b
cd "$stage"
cp -- *.deb *.buildinfo *.changes "$dist/"
ls -l "$dist"
[ -z "$program" ] || exit 0

if command -v lintian >/dev/null; then
    echo 'lintian:'
    # A tag of whatever weight is a failure; what is overridden shows with its reason's line.
    lintian -EviIL +pedantic --profile debian --allow-root \
        --fail-on error,warning,info,pedantic,experimental -- *.changes
else
    echo 'package: left out: lintian is not installed'
fi
