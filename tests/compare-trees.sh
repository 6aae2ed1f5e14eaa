#!/usr/bin/env bash
# Compares an unpacked backup with the tree it was made from: compare-trees.sh SOURCE COPY
#
# Every entry of COPY must be in SOURCE with the same kind, mode, owner, size, time to the
# nanosecond, link target, hard-linked names, extended attributes and content. What SOURCE has
# beyond that was left out of the backup and is no difference.
# Not compared: what the backup generates below var/lib/proxmox-config-backup. Of a database copied
# through SQLite the rows are compared, not the bytes: its free pages and write-ahead log differ.
# Prints the differences and a line with the counts; exit code 1 when there are any.
set -euo pipefail
export LC_ALL=C

[ $# -eq 2 ] || { echo "usage: $0 SOURCE COPY" >&2; exit 2; }
source_tree=$(realpath "$1") copy=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
databases=(./var/lib/pve-cluster/config.db)

is_database() {
    local database
    for database in "${databases[@]}"; do [ "$1" = "$database" ] && return 0; done
    return 1
}

# The entries of the copy, NUL-separated. Directories that exist only to hold generated files are
# generated too.
entries() {
    local own=./var/lib/proxmox-config-backup
    (cd "$copy" && find . -mindepth 1 ! -path "$own" ! -path "$own/*" -print0) | sort -z
}

# One line of metadata per entry; the path comes last. What is missing has none, and so differs.
metadata() {
    xargs -0 -a "$work/entries" sh -c 'find "$@" -maxdepth 0 \
        \( -type f -printf "%y %m %U:%G %T@ size=%s %p\n" \) -o \
        \( -type l -printf "%y %U:%G %T@ -> %l %p\n" \) -o \
        -printf "%y %m %U:%G %T@ %p\n"' sh 2>/dev/null |
        sed -E '/ \.\/var\/lib\/pve-cluster\/config\.db$/s/size=[0-9]+ //' || true
}

# Which names are one file: each hard-linked name with the first name of its group.
hard_links() {
    xargs -0 -a "$work/entries" sh -c 'find "$@" -maxdepth 0 -type f -links +1 -printf "%i %p\n"' sh 2>/dev/null |
        sort -k2 | awk '{ inode = $1; sub(/^[0-9]+ /, ""); if (!(inode in first)) first[inode] = $0
                          names[inode]++; line[NR] = $0; of[NR] = inode }
                        END { for (i = 1; i <= NR; i++) if (names[of[i]] > 1) print "hard", first[of[i]], line[i] }' || true
}

contents() {
    local path
    while IFS= read -r -d '' path; do
        if [ ! -f "$path" ] || [ -L "$path" ]; then continue; fi
        if is_database "$path" && command -v sqlite3 >/dev/null; then
            printf '%s  %s\n' "$(rows "$path" | sha256sum | cut -d ' ' -f 1)" "$path"
        else
            sha256sum -- "$path"
        fi
    done <"$work/entries"
}

# Read from a copy: opening a database may write beside it.
rows() {
    rm -f "$work"/database*
    cp "$1" "$work/database"
    if [ -f "$1-wal" ]; then cp "$1-wal" "$work/database-wal"; fi
    sqlite3 "$work/database" .dump
}

attributes() {
    xargs -0 -a "$work/entries" getfattr -h -d -m - -e hex -- 2>/dev/null |
        awk '/^# file: / { path = substr($0, 9); next } NF { print "xattr", $0, path }' | sort || true
}

describe() (
    cd "$1"
    metadata
    hard_links
    contents
    if command -v getfattr >/dev/null; then attributes; fi
)

entries >"$work/entries"
count=$(tr -cd '\0' <"$work/entries" | wc -c)
[ "$count" -gt 0 ] || { echo "nothing to compare in $copy" >&2; exit 1; }
describe "$source_tree" >"$work/source.list"
describe "$copy" >"$work/copy.list"

# An entry that differs has a line on either side, one that is missing on one only.
diff "$work/source.list" "$work/copy.list" >"$work/diff" || true
only_source=$(grep -c '^<' "$work/diff" || true)
only_copy=$(grep -c '^>' "$work/diff" || true)
differences=$((only_source > only_copy ? only_source : only_copy))
grep '^[<>]' "$work/diff" | head -n 20 || true
command -v getfattr >/dev/null || echo 'extended attributes were not compared: attr is not installed'
echo "$count entries compared, $differences differences"
[ "$differences" -eq 0 ]
