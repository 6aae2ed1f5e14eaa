#!/bin/sh
# Becomes the host of a scene, for this process and its children: enter.sh ROOT VIEW SCRIPT RAN
#
# Called in mount and host name namespaces of its own. The host's /etc, /var and /root lie over the
# machine's in a copy of the tree at VIEW, the programs stay the machine's; nothing outside changes.
set -eu
root=$1
view=$2
script=$3
ran=$4

hostname "$(cat "$root/etc/hostname")"
# Shared, so that what is mounted on ROOT/etc/pve is mounted on /etc/pve as well.
mount --bind "$root" "$root"
mount --make-shared "$root"
mount --rbind / "$view"
for dir in etc var root; do
    mount --bind "$root/$dir" "$view/$dir"
done
exec chroot "$view" sh -e "$script" 9>"$ran"
