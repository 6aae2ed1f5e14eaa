#!/bin/sh
# Everything that is given to people, into dist/: the Debian package, the source it is built from,
# the bill of materials (CycloneDX), and SHA256SUMS over all of it.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
version=$(sed -n '/^version = /{s/.*"\(.*\)"/\1/p;q}' Cargo.toml)
name=proxmox-config-backup-$version

die() {
    printf 'dist: %s\n' "$*" >&2
    exit 1
}

changed=$(git status --porcelain) || die 'a release is made in a git checkout'
[ -z "$changed" ] || die "what is not committed would be in the package, not in the source: $changed"
PATH=$PWD/target/tools/bin:$PATH command -v cargo-auditable >/dev/null ||
    die 'the program must carry the list of its crates: cargo-auditable is not installed, make deps-release installs it'
command -v lintian >/dev/null || die 'the package must be looked at: lintian is not installed, make deps installs it'

rm -rf dist
sh release/package.sh
sh release/crates-of.sh dist/proxmox-config-backup_"$version"_*.deb >/dev/null

git -c tar.umask=0022 archive --format=tar --prefix="$name/" HEAD | gzip -9n >"dist/$name.tar.gz"
# The commit's time, so that the same commit has the same bill.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) $CARGO run --quiet --locked --example bill_of_materials -- cyclonedx \
    >"dist/$name.cdx.json"

cd dist
export LC_ALL=C
sums=$(sha256sum -- *)
printf '%s\n' "$sums" >SHA256SUMS
sha256sum --check --strict --quiet SHA256SUMS
cat SHA256SUMS
