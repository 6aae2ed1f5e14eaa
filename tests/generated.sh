#!/bin/sh
# Man pages, completions, debian/copyright: `write` makes them, `check` fails when the
# committed ones differ from what the program prints.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT

generate() {
    mkdir -p "$new/man" "$new/completions"
    $CARGO build --locked --quiet
    target/debug/proxmox-backup man "$new/man"
    target/debug/proxmox-backup completions bash >"$new/completions/proxmox-backup.bash"
    target/debug/proxmox-backup completions zsh >"$new/completions/_proxmox-backup"
    target/debug/proxmox-backup completions fish >"$new/completions/proxmox-backup.fish"
    $CARGO run --locked --quiet --example bill_of_materials -- copyright >"$new/copyright"
    # An empty file would hide that nothing was generated.
    find "$new" -type f -empty -delete
}

# Documents that tests derive from tables in the code are checked by those tests.
write() {
    UPDATE_DOCS=1 $CARGO test --locked --quiet --lib
    generate
    mkdir -p man completions
    find man -maxdepth 1 -type f -name '*.[58]' -delete
    find completions -maxdepth 1 -type f -delete
    cp "$new"/man/* man/
    cp "$new"/completions/* completions/
    cp "$new/copyright" debian/copyright
    echo "docs: $(find man completions -maxdepth 1 -type f | wc -l) files written"
}

check() {
    generate
    mkdir -p "$new/old"
    if [ -d man ]; then find man -maxdepth 1 -type f -name '*.[58]' -exec cp {} "$new/old/" \; ; fi
    if [ -d completions ]; then find completions -maxdepth 1 -type f -exec cp {} "$new/old/" \;; fi
    mkdir -p "$new/fresh"
    find "$new/man" "$new/completions" -type f -exec cp {} "$new/fresh/" \;
    diff -ru "$new/old" "$new/fresh" || { echo 'docs: behind the program, run make docs' >&2; exit 1; }
    diff -u debian/copyright "$new/copyright" || { echo 'docs: debian/copyright is behind Cargo.lock, run make docs' >&2; exit 1; }
    syntax
    echo "docs: $(find "$new/fresh" -type f | wc -l) files up to date"
}

# A check whose program is missing is said, and fails where all of them must be done.
lacks() {
    command -v "$1" >/dev/null && return 1
    echo "docs: SKIPPED: $1 is not installed: make deps"
    [ -z "${CI:-}" ] || exit 1
}

# Runs a check on each page; what it prints is a problem.
each_page() {
    find "$new/man" -type f | LC_ALL=C sort | while read -r page; do
        problems=$("$@" "$page" 2>&1) || true
        [ -z "$problems" ] || { printf '%s: %s\n' "${page##*/}" "$problems" >&2; exit 1; }
    done
}

printable() {
    LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$1" >/dev/null
}

# The index that apropos(1) reads finds the page by its own name.
indexable() {
    name=${1##*/}
    lexgrog "$1" | grep -qF ": \"${name%.*} - " || echo "lexgrog finds no name: $(lexgrog "$1")"
}

# Everything mandoc has to say, down to style.
well_written() {
    mandoc -T lint -W all "$1"
}

syntax() {
    lacks man || each_page printable
    lacks lexgrog || each_page indexable
    lacks mandoc || each_page well_written
    if [ -f "$new/completions/proxmox-backup.bash" ]; then bash -n "$new/completions/proxmox-backup.bash"; fi
}

case ${1:-} in
    write) write ;;
    check) check ;;
    *) echo "usage: $0 write|check" >&2; exit 2 ;;
esac
