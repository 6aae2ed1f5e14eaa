#!/usr/bin/env bash
# Measures the program against its bars: bench.sh PROGRAM
#
# Ratios compare with `tar | zstd` and sha256sum over the same files, in the same run on the same
# machine. Wall times are medians of five. With --root no command is run: what is measured is the
# program. Under heavy load of other processes the absolute times mean little, the ratios more.
# A missed bar is reported, not an error: a shared machine cannot be a gate.
set -euo pipefail
export LC_ALL=C
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(realpath "${1:?usage: bench.sh PROGRAM}")
for tool in /usr/bin/time zstd tar; do
    command -v "$tool" >/dev/null || { echo "bench needs $tool (make deps)" >&2; exit 1; }
done

work=$(mktemp -d)
# Not this machine's own places.
export STATE_DIRECTORY=$work/state RUNTIME_DIRECTORY=$work/run
trap 'rm -rf "$work"' EXIT
umask 077
# The default codec; docs/decisions/0002 has the reason.
level=8
missed=0

# --- measuring -----------------------------------------------------------------------------------

# Wall time of one run in microseconds; nothing when it failed, and then its row says so.
wall_once() {
    local start=${EPOCHREALTIME/./}
    "$@" >/dev/null 2>&1 </dev/null || return
    echo $((${EPOCHREALTIME/./} - start))
}

median() { sort -n | awk '{ value[NR] = $1 } END { if (NR) print value[int((NR + 1) / 2)] }'; }

# wall RUNS COMMAND…: median; `fresh` runs before each, outside the measurement.
wall() {
    local runs=$1 i
    shift
    for ((i = 0; i < runs; i++)); do
        fresh
        wall_once "$@" || true
    done | median
}

fresh() { :; }

# Peak resident memory in KiB.
memory() { /usr/bin/time -f '%M' -o "$work/time" "$@" >/dev/null 2>&1 </dev/null; tail -n 1 "$work/time"; }

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (a != "" && b > 0) printf "%.2f", a / b }'; }
ms() { awk -v us="$1" 'BEGIN { if (us != "") printf "%.1f ms", us / 1000 }'; }
mib() { awk -v kib="$1" 'BEGIN { printf "%.1f MiB", kib / 1024 }'; }

# row NAME BAR FIGURE VALUE LIMIT: the last two are compared as numbers.
row() {
    local verdict=ok
    if [ -z "$4" ]; then
        verdict=failed
        missed=$((missed + 1))
    elif ! awk -v value="$4" -v limit="$5" 'BEGIN { exit !(value <= limit) }'; then
        verdict=missed
        missed=$((missed + 1))
    fi
    printf '| %-48s | %-24s | %-22s | %-6s |\n' "$1" "$2" "$3" "$verdict"
}

not_measured() { printf '| %-48s | %-24s | %-22s | %-6s |\n' "$1" "$2" "$3" '-'; }

# --- material ------------------------------------------------------------------------------------

# make_host DIR FILES: a host with text like configuration, 10 KB per file, in 500s.
make_host() {
    mkdir -p "$1/etc" "$1/srv/bench"
    echo bench >"$1/etc/hostname"
    echo 12.0 >"$1/etc/debian_version"
    awk -v dir="$1/srv/bench" -v files="$2" 'BEGIN {
        srand(1)
        keys = split("name memory cores net0 scsi0 bridge tag firewall address gateway mtu comment", key, " ")
        for (f = 0; f < files; f++) {
            if (f % 500 == 0) system("mkdir -p " dir "/" int(f / 500))
            file = dir "/" int(f / 500) "/" f ".conf"
            size = 0
            while (size < 10000) {
                line = key[int(rand() * keys) + 1] ": value" int(rand() * 1000) ",id=" int(rand() * 1000000)
                print line >file
                size += length(line) + 1
            }
            close(file)
        }
    }'
}

# settings NAME HOST: a configuration that takes only HOST's bench files beside the basics.
settings() {
    mkdir -p "$work/$1"
    cat >"$work/$1/backup.env" <<END
BACKUP_PATH=$work/$1/backups
LOG_PATH=$work/$1/logs
LOCK_PATH=$work/$1/lock
MIN_DISK_SPACE_PRIMARY_GB=0
CUSTOM_BACKUP_PATHS=/srv/bench
END
}

ours() { # ours NAME ARGUMENTS…
    local name=$1
    shift
    "$program" --config "$work/$name/backup.env" --root "$work/$name/host" --quiet "$@"
}

pipeline() { # pipeline NAME: the same files to a file, then its checksum
    tar -C "$work/$1/host" -c etc srv | zstd -q -f -"$level" -T0 -o "$work/$1/reference.tar.zst"
    sync "$work/$1/reference.tar.zst"
    sha256sum "$work/$1/reference.tar.zst"
}

for set in small:500 large:20000; do
    name=${set%%:*}
    make_host "$work/$name/host" "${set##*:}"
    settings "$name"
done
mkdir -p "$work/sample"
sh "$here/hosts/materialise.sh" pve-8-single "$work/sample/host"
settings sample

# --- the table -----------------------------------------------------------------------------------

echo "$(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg), $("$program" --version 2>/dev/null || echo '?')"
printf '| %-48s | %-24s | %-22s | %-6s |\n' figure bar measured ''
printf '|%s|%s|%s|%s|\n' "$(printf -- '-%.0s' {1..50})" "$(printf -- '-%.0s' {1..26})" \
    "$(printf -- '-%.0s' {1..24})" "$(printf -- '-%.0s' {1..8})"

for option in --version --help; do
    time_us=$(wall 21 "$program" "$option")
    row "$option: time" '<= 3 ms' "$(ms "$time_us")" "$time_us" 3000
    kib=$(memory "$program" "$option")
    row "$option: memory" '<= 8 MiB' "$(mib "$kib")" "$kib" 8192
done

# Exit code 1 is a backup with warnings, and a figure.
backup() { ours "$1" backup || [ $? -eq 1 ]; }
# 16: nothing has changed; a backup here would be a failure.
unchanged() {
    local code=0
    ours "$1" backup --if-changed || code=$?
    [ "$code" -eq 16 ]
}

dry_run() { ours sample backup --dry-run || [ $? -eq 1 ]; }
time_us=$(wall 5 dry_run)
row 'dry run of the sample host' '<= 30 ms' "$(ms "$time_us")" "$time_us" 30000
check() { ours sample check || [ $? -eq 1 ]; }
time_us=$(wall 5 check)
row 'check of the sample host' '<= 30 ms' "$(ms "$time_us")" "$time_us" 30000

declare -A took
for name in small large; do
    case $name in small) what='500 files, 5 MB' runs=5 ;; large) what='20,000 files, 200 MB' runs=3 ;; esac
    # A name that exists makes the next run wait for the next second.
    fresh() { rm -rf "$work/$name/backups" "$work/$name/logs"; }
    took[$name]=$(wall "$runs" backup "$name")
    fresh() { rm -rf "$work/$name/logs"; }
    time_us=$(wall "$runs" unchanged "$name")
    factor=$(ratio "$time_us" "${took[$name]}")
    row "--if-changed of $what, nothing changed" '<= 0.33 x of a full one' "$factor x ($(ms "$time_us"))" "$factor" 0.33
    fresh() { :; }
    reference=$(wall "$runs" pipeline "$name")
    factor=$(ratio "${took[$name]}" "$reference")
    # Our run verifies while writing and reads back, the pipeline does not.
    row "backup of $what, to tar+zstd" '<= 2.5 x, verified' \
        "$factor x ($(ms "${took[$name]}"))" "$factor" 2.5
    rm -rf "$work/$name/backups" "$work/$name/logs"
    kib=$(memory "$program" --config "$work/$name/backup.env" --root "$work/$name/host" --quiet backup || true)
    row "backup of $what: memory" '<= 48 MiB' "$(mib "$kib")" "$kib" $((48 * 1024))
done
factor=$(ratio "${took[large]}" "${took[small]}")
row 'growth: 20,000 files against 500' '<= 40 x' "$factor x" "$factor" 40

if command -v strace >/dev/null; then
    rm -rf "$work/small/backups" "$work/small/logs"
    strace -f -qq -o "$work/trace" -e trace=execve,write,pwrite64,writev,pwritev,copy_file_range,sendfile,splice \
        "$program" --config "$work/small/backup.env" --root "$work/small/host" --quiet backup >/dev/null 2>&1 || true
    written=$(awk '/(write|writev|pwritev|pwrite64|copy_file_range|sendfile|splice)[( ]/ && $NF ~ /^[0-9]+$/ { sum += $NF }
        END { print sum + 0 }' "$work/trace")
    stored=$(find "$work/small/backups" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum + 0 }')
    row 'bytes written beyond what is stored' '<= 64 KiB' "$((written - stored)) bytes" $((written - stored)) 65536
    programs=$(grep -c 'execve(.* = 0$' "$work/trace" || true)
    row 'processes started without commands to collect' '0' "$((programs - 1))" $((programs - 1)) 0
else
    not_measured 'bytes written beyond what is stored' '<= 64 KiB' 'strace is missing'
    not_measured 'processes started without commands to collect' '0' 'strace is missing'
fi

# A thousand names for one bundle; each still says its own name inside.
bundle=$(find "$work/small/backups" -name '*.bundle.tar' | head -n 1)
if [ -n "$bundle" ]; then
    base=$(basename "$bundle")
    suffix=${base##*-backup-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9][0-9][0-9][0-9]}
    stem=${base%-backup-*}
    for ((i = 0; i < 999; i++)); do
        stamp=$(printf '2024%02d%02d-%02d0000' $((i / 28 % 12 + 1)) $((i % 28 + 1)) $((i / 336)))
        cp "$bundle" "$work/small/backups/$stem-backup-$stamp$suffix"
    done
    list() { ours small list || [ $? -eq 1 ]; }
    time_us=$(wall 5 list)
    row 'list of 1,000 backups' '<= 150 ms' "$(ms "$time_us")" "$time_us" 150000
else
    not_measured 'list of 1,000 backups' '<= 150 ms' 'no bundle was made'
fi

bytes=$(stat -c %s "$program")
case $program in
    */release/*) row 'size of the program' '<= 8 MiB' "$(mib $((bytes / 1024)))" "$bytes" $((8 * 1024 * 1024)) ;;
    *) not_measured 'size of the program' '<= 8 MiB, release' "$(mib $((bytes / 1024)))" ;;
esac
echo "bars missed: $missed"
