#!/bin/sh
# Installs what the tests call. Does nothing when all of it is there; never removes a package.
# Run from the top of the repository.
set -eu

# Without these, tests fail. gcc builds the C parts of the dependencies.
needed='gcc libc6-dev make tar zstd xz-utils bzip2 gzip pigz sqlite3 age openssh-client openssl bindfs fuse3 strace rclone'
# Without these, a check is left out and says so.
wanted='acl attr dosfstools e2fsprogs libcap2-bin time shellcheck lintian debhelper dpkg-dev man-db python3-venv chromium fonts-liberation pngquant msmtp mmdebstrap piuparts zsh fish mandoc'

is_there() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
    for package in "$@"; do
        is_there "$package" || printf '%s ' "$package"
    done
}

install() {
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
}

# The second implementation of age is no Debian package. Built for use, not for speed.
build_rage() {
    tools=$(dirname "$0")/../target/tools
    if command -v rage >/dev/null || [ -x "$tools/bin/rage" ]; then
        return
    fi
    echo 'deps: building rage'
    mkdir -p "$tools"
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        CARGO_TARGET_DIR=$tools/build cargo install --quiet --locked --root "$tools" --version 0.12.1 rage </dev/null ||
        echo 'deps: cannot build rage' >&2
    rm -rf "$tools/build"
}

# What Debian does not have, from the Python package index: servers for the cloud and for mail, and
# the schema of bills of materials.
install_servers() {
    install_server 'an S3 server' target/s3-server moto_server 'moto[s3]==5.2.5' flask==3.1.3 flask-cors==6.0.5
    install_server 'a mail server' target/smtp-server aiosmtpd aiosmtpd==1.4.6
    install_server 'the schema of CycloneDX' target/cyclonedx jsonschema cyclonedx-python-lib==11.12.0 jsonschema==4.26.0
}

# What it is, where, the program that marks it as whole, packages.
install_server() {
    what=$1 server=$2 program=$3
    shift 3
    [ ! -x "$server/bin/$program" ] || return 0
    [ -x /usr/bin/python3 ] || { echo "deps: cannot install $what: python3 is not there" >&2; return 0; }
    echo "deps: installing $what into $server"
    rm -rf "$server"
    # A virtual environment knows its own path, so it is made in place and marked by its program.
    if ! /usr/bin/python3 -m venv "$server" ||
        ! "$server/bin/pip" install -q --disable-pip-version-check "$@" </dev/null; then
        rm -rf "$server"
        echo "deps: cannot install $what, its scenarios will be left out" >&2
    fi
}

# Prometheus' checker and node_exporter, the programs alone: their packages would start servers.
install_prometheus() {
    install_program prometheus promtool
    install_program prometheus-node-exporter prometheus-node-exporter
}

# One program of a Debian package that is not installed.
install_program() {
    bin=$(dirname "$0")/../target/tools/bin
    if command -v "$2" >/dev/null || [ -x "$bin/$2" ]; then
        return
    fi
    echo "deps: taking $2 out of $1"
    fresh=$(mktemp -d)
    mkdir -p "$bin"
    # A fresh image has no package lists, and only root may fetch them.
    apt-cache show "$1" >/dev/null 2>&1 || apt-get update -qq </dev/null || true
    # The sandbox user of apt may not write into the directory.
    if (cd "$fresh" && apt-get download -qq -o APT::Sandbox::User=root "$1" </dev/null) &&
        dpkg-deb --fsys-tarfile "$fresh"/*.deb | tar -x -C "$fresh" "./usr/bin/$2"; then
        mv "$fresh/usr/bin/$2" "$bin/$2"
    else
        echo "deps: cannot get $2" >&2
    fi
    rm -rf "$fresh"
}

# A syslogd, the program alone: its package would start it. It lies in a directory of its own.
install_syslogd() {
    bin=$(dirname "$0")/../target/tools/bin
    [ ! -x "$bin/inetutils-syslogd" ] || return 0
    echo 'deps: taking syslogd out of inetutils-syslogd'
    fresh=$(mktemp -d)
    mkdir -p "$bin"
    apt-cache show inetutils-syslogd >/dev/null 2>&1 || apt-get update -qq </dev/null || true
    if (cd "$fresh" && apt-get download -qq -o APT::Sandbox::User=root inetutils-syslogd </dev/null) &&
        dpkg-deb --fsys-tarfile "$fresh"/*.deb | tar -x -C "$fresh" ./usr/sbin/syslogd; then
        mv "$fresh/usr/sbin/syslogd" "$bin/inetutils-syslogd"
    else
        echo 'deps: cannot get a syslogd' >&2
    fi
    rm -rf "$fresh"
}

# A Debian whose systemd the tests boot; made once, and kept below target/.
make_scene() {
    [ "$(id -u)" -eq 0 ] && command -v mmdebstrap >/dev/null || return 0
    sh "$(dirname "$0")/scene/debootstrap.sh" make "$1" >/dev/null ||
        echo "deps: cannot make $1 to boot, tests of systemd will be left out" >&2
}

# All that is no package, side by side: one waits for the network while another computes.
make_the_rest() {
    build_rage &
    make_scene bookworm &
    make_scene trixie &
    install_servers
    install_prometheus
    install_syslogd
    wait
}

command -v dpkg-query >/dev/null || { echo 'deps: not a Debian system, install by hand:' "$needed $wanted"; exit 0; }
# Word splitting makes the lists.
# shellcheck disable=SC2086
missing=$(missing_of $needed $wanted)
[ -n "$missing" ] || { make_the_rest; echo 'deps: all there'; exit 0; }
[ "$(id -u)" -eq 0 ] || { echo "deps: run as root to install: $missing" >&2; exit 1; }

echo "deps: installing $missing"
# A fresh image has no package lists, an old one stale ones.
apt-get update -qq </dev/null || echo 'deps: apt-get update failed, going on with the lists there are' >&2
# shellcheck disable=SC2086
if ! install $missing; then
    # One package that cannot be had must not keep the others away.
    for package in $missing; do
        install "$package" || echo "deps: cannot install $package" >&2
    done
fi
# shellcheck disable=SC2086
missing=$(missing_of $needed)
[ -z "$missing" ] || { echo "deps: still missing: $missing" >&2; exit 1; }
make_the_rest
