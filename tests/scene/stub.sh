# What all stand-ins share; read by them, never run.
#
# Below $scene: calls (the log), root (the host), state (what the programs remember), settings.
# shellcheck shell=sh
set -eu
scene=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
name=${0##*/}
root=$scene/root
state=$scene/state
# Sets: node (the running host's name), pmxcfs (the program).
# shellcheck source=/dev/null
. "$scene/settings"

# One line per call, whatever the arguments hold.
record() {
    line=$name
    for argument; do line="$line $argument"; done
    printf '%s\n' "$line" | tr '\n' ' ' | sed 's/ $//' >>"$scene/calls"
    echo >>"$scene/calls"
}

say_error() {
    printf '%s\n' "$*" >&2
}

# A prepared answer ends the program: `/` in the command line is `%2F` in the file's name.
answer_prepared() {
    file=$state/answers/$(printf '%s' "$name $*" | sed 's/%/%25/g; s,/,%2F,g')
    [ -f "$file" ] || return 0
    cat "$file"
    [ ! -f "$file.stderr" ] || cat "$file.stderr" >&2
    exit "$(cat "$file.exit" 2>/dev/null || echo 0)"
}

has_cluster_file_system() {
    [ -d "$root/etc/pve/local/" ]
}

is_clustered() {
    [ -f "$root/etc/pve/corosync.conf" ]
}

has_quorum() {
    [ ! -e "$state/quorum-lost" ]
}
