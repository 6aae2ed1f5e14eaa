#!/bin/sh
# The full form of a scene: a Debian with systemd as PID 1, in namespaces of its own, with units
# that stand in for Proxmox's services and record when they start and stop.
#
#   debootstrap.sh make SUITE           makes target/scenes/SUITE (bookworm, trixie), prints its path
#   debootstrap.sh copy SUITE DIR [PMXCFS]
#                                       copies it to DIR and adds the stand-in units; with the
#                                       program PMXCFS, pve-cluster mounts it on /etc/pve
#   debootstrap.sh bare SUITE DIR       copies it without them
#   debootstrap.sh boot DIR COMMAND...  boots DIR, runs the command in it, ends all of it
#
# Needs root, mmdebstrap and, for `make`, a Debian mirror. Works where unshare may make mount, pid,
# net, uts, ipc and cgroup namespaces; systemd-nspawn is not needed. Tried with systemd 252 and 257.
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cache=${SCENES:-$top/target/scenes}
# What a restore calls or changes, and fuse3 for examples/pmxcfs.
packages=systemd,systemd-sysv,dbus,udev,procps,iproute2,passwd,tar,zstd,xz-utils,sqlite3,fuse3,kmod,attr
units='pve-cluster corosync pvedaemon pveproxy pvestatd proxmox-backup proxmox-backup-proxy'

die() {
    printf 'debootstrap.sh: %s\n' "$*" >&2
    exit 1
}

make_root() {
    case $1 in bookworm | trixie) ;; *) die "suite is bookworm or trixie, not $1" ;; esac
    if [ -d "$cache/$1" ]; then
        echo "$cache/$1"
        return
    fi
    command -v mmdebstrap >/dev/null || die 'mmdebstrap is not installed'
    mkdir -p "$cache"
    # Half a root must not be taken for a whole one.
    rm -rf --one-file-system "$cache/$1.part"
    mmdebstrap --quiet --mode=root --variant=minbase --include="$packages" \
        --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' "$1" "$cache/$1.part" >&2
    mv "$cache/$1.part" "$cache/$1"
    echo "$cache/$1"
}

# Each start and stop is a line in /var/log/scene-calls, in the order of time.
unit_file() {
    after=network.target
    case $1 in
        pvedaemon | pveproxy | pvestatd) after='pve-cluster.service corosync.service' ;;
        proxmox-backup-proxy) after=proxmox-backup.service ;;
    esac
    printf '[Unit]\nDescription=Stand-in for %s\nAfter=%s\n' "$1" "$after"
    case $1 in
        pve-cluster) echo 'Before=corosync.service' ;;
        corosync) echo 'ConditionPathExists=/etc/corosync/corosync.conf' ;;
    esac
    printf '\n[Service]\n'
    recorded="/bin/sh -c 'echo %s $1 >>/var/log/scene-calls'\n"
    if [ "$1" = pve-cluster ] && [ -n "$2" ]; then
        # shellcheck disable=SC2059 # the format is the line above
        printf "ExecStartPre=$recorded" start
        printf 'Type=forking\nPIDFile=/run/pmxcfs.pid\n'
        printf 'ExecStart=/usr/local/bin/pmxcfs --db /var/lib/pve-cluster/config.db --mount /etc/pve'
        printf ' --node %%l --hosts /etc/hosts --host-corosync /etc/corosync/corosync.conf --pid-file /run/pmxcfs.pid\n'
    else
        printf 'Type=oneshot\nRemainAfterExit=yes\n'
        # shellcheck disable=SC2059
        printf "ExecStart=$recorded" start
    fi
    # shellcheck disable=SC2059
    printf "ExecStop=$recorded" stop
    printf '\n[Install]\nWantedBy=multi-user.target\n'
}

copy_root() {
    from=$(make_root "$1")
    [ ! -e "$2" ] || die "$2 is there already"
    cp -a "$from" "$2"
    wants=$2/etc/systemd/system/multi-user.target.wants
    mkdir -p "$wants" "$2/usr/lib/systemd/system"
    for unit in $units; do
        unit_file "$unit" "${3-}" >"$2/usr/lib/systemd/system/$unit.service"
        ln -sf "/usr/lib/systemd/system/$unit.service" "$wants/$unit.service"
    done
    mkdir -p "$2/etc/pve" "$2/var/lib/pve-cluster"
    [ -z "${3-}" ] || install -D -m 0755 "$3" "$2/usr/local/bin/pmxcfs"
    echo scene >"$2/etc/hostname"
    echo '192.0.2.10 scene' >>"$2/etc/hosts"
    # Nothing may wait for a device, a network or a first boot's questions.
    : >"$2/etc/fstab"
    echo 5ce5ce5ce5ce5ce5ce5ce5ce5ce5ce5c >"$2/etc/machine-id"
    for unit in systemd-firstboot.service systemd-networkd-wait-online.service systemd-udevd.service; do
        ln -sf /dev/null "$2/etc/systemd/system/$unit"
    done
}

# First process of the new namespaces: leaves this machine's control group.
enter() {
    echo 0 >"$2/cgroup.procs"
    exec unshare --cgroup -- "$0" init "$1"
}

# Then, before systemd: the file systems it expects, and this root as `/`.
start_init() {
    mount --make-rprivate /
    mount --rbind "$1" "$1"
    cd "$1"
    mount -t proc proc proc
    mount -t sysfs sysfs sys
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    for device in null zero full random urandom tty fuse; do
        if [ -e "/dev/$device" ]; then
            : >"dev/$device"
            mount --bind "/dev/$device" "dev/$device"
        fi
    done
    : >dev/console
    hostname "$(cat etc/hostname)"
    mkdir -p run/outside
    pivot_root . run/outside
    umount -l /run/outside
    exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init --log-target=journal
}

clean_up() {
    kill -9 "$outer" 2>/dev/null || true
    wait "$outer" 2>/dev/null || true
    tries=0
    # Groups can be removed when the kernel has let go of the last process.
    until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || [ "$tries" -gt 50 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
    rm -f "$log"
}

boot() {
    root=$(readlink -f "$1")
    shift
    [ -x "$root/sbin/init" ] || die "$root has no /sbin/init"
    log=$(mktemp)
    # Without a group of its own, systemd would share this machine's, and stopping a unit in there
    # would end the processes of the unit of that name out here.
    group=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
    [ -n "$group" ] || die 'no cgroup2 is mounted'
    group=$group/scene-$$
    mkdir "$group" || die 'cannot make a control group'
    unshare --mount --pid --uts --ipc --net --fork --kill-child "$0" enter "$root" "$group" >"$log" 2>&1 </dev/null &
    outer=$!
    trap clean_up EXIT
    init=
    tries=0
    until [ -n "$init" ] && is_up "$init"; do
        kill -0 "$outer" 2>/dev/null || { cat "$log" >&2; die 'systemd did not start'; }
        tries=$((tries + 1))
        [ "$tries" -lt 300 ] || { cat "$log" >&2; die 'systemd was not up within 60 s'; }
        sleep 0.2
        # unshare has one child: PID 1 of the new namespace.
        init=$(tr -d ' ' <"/proc/$outer/task/$outer/children" 2>/dev/null) || true
    done
    status=0
    inside "$init" "$@" || status=$?
    return "$status"
}

inside() {
    pid=$1
    shift
    nsenter -t "$pid" --mount --pid --uts --ipc --net --cgroup --root --wd -- \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 "$@"
}

is_up() {
    case $(inside "$1" systemctl is-system-running 2>/dev/null) in running | degraded) ;; *) return 1 ;; esac
}

[ "$(id -u)" -eq 0 ] || die 'needs root'
case ${1-}:$# in
    make:2) make_root "$2" ;;
    copy:3) copy_root "$2" "$3" ;;
    bare:3) units='' && copy_root "$2" "$3" ;;
    copy:4) copy_root "$2" "$3" "$4" ;;
    enter:3) enter "$2" "$3" ;;
    init:2) start_init "$2" ;;
    boot:[3-9] | boot:[1-9][0-9]) shift; boot "$@" ;;
    *) sed -n '2,15p' "$0" >&2; exit 2 ;;
esac
