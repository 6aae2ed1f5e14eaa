#!/bin/sh
# Builds the Debian package into dist/ and has lintian look at it.
#
#   package.sh                  the package that is given to people: a release build
#   package.sh PROGRAM DIR      into DIR with this program in it, which is built already: for tests of
#                               what is around the program
set -eu
cd "$(dirname "$0")/.."
top=$PWD
program=
dist=$top/dist
stage=$top/target/package
if [ $# -eq 2 ]; then
    program=$(readlink -f "$1")
    dist=$2
    stage=$top/target/package-of-tests
fi

# Built in a copy: dpkg-buildpackage writes beside and below the tree it works in, and a package
# must not depend on what lies around there.
rm -rf "$stage"
mkdir -p "$stage/source" "$top/target/deb" "$dist"
tar -c --exclude=./target --exclude=./dist --exclude=./.git . | tar -x -C "$stage/source"
mkdir -p "$stage/source/target"
if [ -n "$program" ]; then
    strip -o "$stage/program" "$program"
    export PREBUILT="$stage/program"
else
    # The warm build cache, outside the copy.
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
