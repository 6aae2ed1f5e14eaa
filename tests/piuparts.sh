#!/bin/sh
# Has piuparts install, upgrade, remove and purge the package in a Debian: nothing may be left.
#
#   piuparts.sh PACKAGE SUITE
#
# Needs root, piuparts and dpkg-dev, and no network: the older version that the upgrade begins with is
# made of the package itself, and lies in a repository of its own.
set -eu
package=$(readlink -f "$1")
suite=$2
tests=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

root=$work/root
cp -a "$(sh "$tests/scene/debootstrap.sh" make "$suite")" "$root"
# The Debian that the tests boot came without manual pages and the like. What is not there must not be
# on dpkg's lists, and what the package brings of the kind must be unpacked.
rm -f "$root"/etc/dpkg/dpkg.cfg.d/*
sed -i -E '\,(^|/| )usr/share/(man|doc|locale)/,d' "$root"/var/lib/dpkg/info/*.list "$root"/var/lib/dpkg/info/*.md5sums
# Made by the first package that apt unpacks, whichever it is.
mkdir -p "$root/var/cache/debconf/tmp.ci"
find "$root/var/lib/dpkg/info" -name '*.md5sums' -empty -delete

older=$root/srv/older
mkdir -p "$older"
dpkg-deb -R "$package" "$work/older"
sed -i 's/^Version: .*/Version: 0~older/' "$work/older/DEBIAN/control"
dpkg-deb -Znone -b "$work/older" "$older/older.deb" >/dev/null
(cd "$older" && dpkg-scanpackages . >Packages 2>/dev/null)
rm -f "$root"/etc/apt/sources.list.d/*
echo 'deb [trusted=yes] file:/srv/older ./' >"$root/etc/apt/sources.list"

unshare --net -- piuparts --existing-chroot "$root" --hard-link --keep-sources-list --distribution "$suite" \
    --no-eatmydata --fail-if-inadequate --tmpdir "$work" "$package" >"$work/log" 2>&1 || {
    grep -v 'install ok installed' "$work/log" >&2
    exit 1
}
# Debian itself has links that lead nowhere, so piuparts only warns of them.
if grep -E ' -> .*proxmox-config-backup' "$work/log" >&2; then exit 1; fi
grep -o 'PASS: .*' "$work/log"
