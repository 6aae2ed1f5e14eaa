#!/bin/sh
# Prints the list of crates that a program carries (cargo-auditable's JSON, in the section .dep-v0),
# and fails where there is none or it names a crate that Cargo.lock does not: crates-of.sh PROGRAM|DEB
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

program=$1
case $program in
    *.deb)
        dpkg-deb --fsys-tarfile "$program" | tar -x -C "$work" ./usr/sbin/proxmox-backup
        program=$work/usr/sbin/proxmox-backup
        ;;
esac
# Which machine the program is for does not matter to readelf; objcopy knows its own only.
place=$(readelf --section-headers --wide "$program" | awk '{ sub(/^ *\[ *[0-9]+\] */, "") } $1 == ".dep-v0" { print $4, $5 }')
[ -n "$place" ] || { echo "crates-of: $1 carries no list of its crates: it was built without cargo-auditable" >&2; exit 1; }
offset=$(printf '%d' "0x${place% *}")
size=$(printf '%d' "0x${place#* }")
tail -c "+$((offset + 1))" "$program" | head -c "$size" |
    perl -MIO::Uncompress::Inflate=inflate -e 'inflate("-", "-") or die "crates-of: the list cannot be read\n"' >"$work/list"

# Each crate is `"name":"x","version":"1.2.3"` there, and two lines in Cargo.lock.
grep -o '"name":"[^"]*","version":"[^"]*"' "$work/list" | sed 's/"name":"\(.*\)","version":"\(.*\)"/\1 \2/' |
    LC_ALL=C sort -u >"$work/carried"
sed -n '/^name = /{s/.*"\(.*\)"/\1/;N;s/\nversion = "\(.*\)"/ \1/;p}' "$top/Cargo.lock" | LC_ALL=C sort -u >"$work/locked"
unknown=$(LC_ALL=C comm -23 "$work/carried" "$work/locked")
[ -z "$unknown" ] || { echo "crates-of: not in Cargo.lock: $unknown" >&2; exit 1; }
grep -q '^proxmox-config-backup ' "$work/carried" || { echo 'crates-of: the program itself is not in its list' >&2; exit 1; }
cat "$work/list"
