#!/usr/bin/env bash
# Shows a whole round on a sample host: back up, look inside, unpack with GNU tar and with the
# program, compare both with the source. demo.sh PROGRAM
#
# Nothing outside a temporary directory is written. With --root no command is run, so the sample
# host needs no Proxmox.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "${1:-$here/../target/debug/proxmox-backup}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 0700 "$work"
host=$work/host
umask 077

# The command lines are shown also where the answer goes elsewhere.
exec 3>&1
title() { printf '\n== %s\n' "$*"; }
proxmox_backup() {
    printf '$ proxmox-backup %s\n' "$*" >&3
    "$program" --config "$work/backup.env" --root "$host" "$@"
}

title 'A sample host: one Proxmox VE 8 node'
sh "$here/hosts/materialise.sh" pve-8-single "$host"
find "$host" | wc -l | xargs printf '%s entries\n'
cat >"$work/backup.env" <<END
BACKUP_PATH=$work/backups
LOG_PATH=$work/logs
LOCK_PATH=$work/lock
MIN_DISK_SPACE_PRIMARY_GB=0
END

title 'Back up'
proxmox_backup backup --reason demo
bundles=("$work"/backups/*.bundle.tar)
bundle=${bundles[0]}
if [ ${#bundles[@]} -ne 1 ] || [ ! -f "$bundle" ]; then
    echo "expected one bundle in $work/backups" >&2
    exit 1
fi
archive=$(basename "$bundle" .bundle.tar)

title 'What there is, and whether it is intact'
proxmox_backup list
proxmox_backup verify latest

title 'Look inside'
proxmox_backup ls latest /etc/pve/nodes/pve1/qemu-server
guest=/etc/pve/nodes/pve1/qemu-server/100.conf
proxmox_backup cat latest "$guest" | tee "$work/guest.conf"
cmp "$work/guest.conf" "$host$guest"

title 'By hand: checksum, then GNU tar and zstd'
(
    cd "$work"
    tar -xf "$bundle" "$archive" "$archive.sha256"
    sha256sum -c "$archive.sha256"
    rm -f "$archive" "$archive.sha256"
)
mkdir "$work/by-tar"
tar -xOf "$bundle" "$archive" | zstd -dc |
    tar -x -C "$work/by-tar" --numeric-owner --delay-directory-restore -p --xattrs --xattrs-include='*' --acls
bash "$here/compare-trees.sh" "$host" "$work/by-tar"

title 'By the program'
mapfile -t top < <(cd "$work/by-tar" && find . -mindepth 1 -maxdepth 1 -printf '/%P\n' | LC_ALL=C sort)
proxmox_backup extract latest "${top[@]}" --to "$work/by-program"
bash "$here/compare-trees.sh" "$host" "$work/by-program"

title 'A disk that has lost files, restored and taken back'
cp -a "$host" "$work/disk"
rm -rf "$work/disk/etc/vzdump.conf" "$work/disk/etc/cron.d" "$work/disk/usr/local/sbin/trim-guests"
echo 'PermitRootLogin yes' >"$work/disk/etc/ssh/sshd_config"
cp -a "$work/disk" "$work/lost"
# What is known of each restore lies on the disk itself.
record=var/lib/proxmox-config-backup
on_disk() {
    printf '$ proxmox-backup --root DISK %s\n' "$*" >&3
    "$program" --config "$work/backup.env" --root "$work/disk" "$@"
}
on_disk restore "$bundle" --yes
test -s "$work/disk/etc/vzdump.conf" && test -x "$work/disk/usr/local/sbin/trim-guests"
cmp "$host/etc/ssh/sshd_config" "$work/disk/etc/ssh/sshd_config"
on_disk undo --yes
rm -r "${work:?}/disk/$record"
# All but the times of directories, in which files came and went.
state() (
    cd "$1"
    find . \( -type f -printf '%y %m %U:%G %s %T@ %p\n' \) -o -printf '%y %m %U:%G %p -> %l\n' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
)
state "$work/lost" >"$work/lost.state"
state "$work/disk" >"$work/disk.state"
cmp "$work/lost.state" "$work/disk.state"
echo "undone: $(grep -c '  ' "$work/disk.state") files as before"

title 'Both are the same as the source'
