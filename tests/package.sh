#!/bin/sh
# Builds the Debian package into dist/ and has lintian look at it.
set -eu
cd "$(dirname "$0")/.."
top=$PWD

# Built in a copy: dpkg-buildpackage writes beside and below the tree it works in, and a package
# must not depend on what lies around there.
stage=$top/target/package
rm -rf "$stage"
mkdir -p "$stage/source" "$top/target/deb" "$top/dist"
tar -c --exclude=./target --exclude=./dist --exclude=./.git . | tar -x -C "$stage/source"
# The warm build cache, outside the copy.
mkdir -p "$stage/source/target"
ln -s "$top/target/deb" "$stage/source/target/deb"

cd "$stage/source"
dpkg-buildpackage -us -uc -b
cd "$stage"
cp -- *.deb *.buildinfo *.changes "$top/dist/"
ls -l "$top/dist"

if command -v lintian >/dev/null; then
    echo 'lintian:'
    # A tag of whatever weight is a failure; what is overridden shows with its reason's line.
    lintian -EviIL +pedantic --profile debian --allow-root \
        --fail-on error,warning,info,pedantic,experimental -- *.changes
else
    echo 'package: left out: lintian is not installed'
fi
