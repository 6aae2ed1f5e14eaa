#!/bin/sh
# Builds a sample host: materialise.sh NAME DEST
#
# Copies NAME/root to DEST, applies NAME/tree.tsv (what git cannot keep) and makes config.db from
# the files of /etc/pve. Owners are set when run as root, extended attributes where they can be.
#
# tree.tsv, tab-separated: path, type, mode, uid:gid, mtime, extra; `-` leaves a field alone.
# Types: file dir fifo; link and hard (extra = target), sparse (extra = size),
# xattr (extra = name=value).
set -eu
umask 022

[ $# -eq 2 ] || { echo "usage: $0 NAME DEST" >&2; exit 2; }
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
host=$here/$1
mkdir -p "$2"
dest=$(CDPATH='' cd -- "$2" && pwd)
[ -d "$host/root" ] || { echo "no such host: $1" >&2; exit 2; }
# A slip of the hand must not rewrite the machine's own files.
[ "$dest" != / ] || { echo "refusing to write to /" >&2; exit 2; }

cp -R "$host/root/." "$dest/"
# A fresh clone takes the user's umask; tree.tsv names what differs from this.
find "$dest" -type d -exec chmod 755 {} +
find "$dest" -type f -exec chmod u=rwX,go=rX {} +

make_entry() {
    case $2 in
        dir) mkdir -p "$1" ;;
        fifo) mkdir -p "$(dirname "$1")"; [ -p "$1" ] || mkfifo "$1" ;;
        link) mkdir -p "$(dirname "$1")"; ln -sfn "$3" "$1" ;;
        hard) mkdir -p "$(dirname "$1")"; ln -f "$dest/$3" "$1" ;;
        sparse) mkdir -p "$(dirname "$1")"; truncate -s "$3" "$1" ;;
        xattr)
            if command -v setfattr >/dev/null; then
                setfattr -n "${3%%=*}" -v "${3#*=}" "$1" 2>/dev/null || true
            fi ;;
    esac
}

# The database is made before modes and times are set: it carries the times of the files.
pmxcfs_database() {
    db=$dest/var/lib/pve-cluster/config.db
    mkdir -p "$(dirname "$db")"
    rm -f "$db" "$db-wal" "$db-shm"
    {
        echo "PRAGMA journal_mode=WAL;"
        echo "CREATE TABLE tree (inode INTEGER PRIMARY KEY NOT NULL, parent INTEGER NOT NULL,"
        echo " version INTEGER NOT NULL, writer INTEGER NOT NULL, mtime INTEGER NOT NULL,"
        echo " type INTEGER NOT NULL, name TEXT NOT NULL, data BLOB);"
        echo "BEGIN;"
        # The dot files at the top are made by pmxcfs and are not in its database.
        (cd "$dest/etc/pve" && find . -mindepth 1 \( -type d -o -type f \) \
            ! -path './.*' -printf '%y\t%P\n' | LC_ALL=C sort -k2) |
        awk -F '\t' -v root="$dest/etc/pve" '{
            inode = NR + 1
            at = match($2, /\/[^\/]*$/)
            parent = at ? inodes[substr($2, 1, at - 1)] : 0
            name = at ? substr($2, at + 1) : $2
            inodes[$2] = inode
            content = $1 == "d" ? "NULL" : "readfile(\x27" root "/" $2 "\x27)"
            printf "INSERT INTO tree VALUES(%d,%d,%d,1,1700000000,%d,\x27%s\x27,%s);\n", \
                inode, parent, inode, $1 == "d" ? 4 : 8, name, content
            last = inode
        } END {
            printf "INSERT INTO tree VALUES(0,0,%d,1,1700000000,8,\x27__version__\x27,NULL);\n", last
        }'
        echo "COMMIT;"
    } | sqlite3 "$db" >/dev/null
    chmod 600 "$db"
}
if [ -d "$dest/etc/pve/nodes" ] && command -v sqlite3 >/dev/null; then
    pmxcfs_database
fi

# pmxcfs computes its modes: 0640, below any `priv` 0600, everything root:www-data.
if [ -d "$dest/etc/pve/nodes" ]; then
    find "$dest/etc/pve" -type f -exec chmod 640 {} +
    find "$dest/etc/pve" -path '*/priv/*' -type f -exec chmod 600 {} +
    find "$dest/etc/pve" \( -name priv -o -path '*/priv/*' \) -type d -exec chmod 700 {} +
    if [ "$(id -u)" -eq 0 ]; then chown -R 0:33 "$dest/etc/pve"; fi
fi

[ -f "$host/tree.tsv" ] || exit 0
tab=$(printf '\t')

while IFS="$tab" read -r path type mode owner mtime extra; do
    case $path in ''|'#'*) continue ;; esac
    make_entry "$dest/$path" "$type" "$extra"
    if [ "$owner" != - ] && [ "$(id -u)" -eq 0 ]; then chown -h "$owner" "$dest/$path"; fi
    # After chown, which clears setuid bits.
    if [ "$mode" != - ]; then chmod "$mode" "$dest/$path"; fi
done <"$host/tree.tsv"

# Last: every change in a directory moves its time.
while IFS="$tab" read -r path type mode owner mtime extra; do
    case $path in ''|'#'*) continue ;; esac
    if [ "$mtime" != - ]; then touch -h -d "$mtime" "$dest/$path"; fi
done <"$host/tree.tsv"
