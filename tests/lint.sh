#!/bin/sh
# Format, clippy, shellcheck. A tool that is not installed is named and left out.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}

if $CARGO fmt --version >/dev/null 2>&1; then
    echo 'lint: cargo fmt'
    $CARGO fmt --check
else
    echo 'lint: left out: rustfmt is not installed'
fi

if $CARGO clippy --version >/dev/null 2>&1; then
    echo 'lint: cargo clippy'
    $CARGO clippy --locked --quiet --all-targets -- -D warnings
else
    echo 'lint: left out: clippy is not installed'
fi

if command -v shellcheck >/dev/null; then
    echo 'lint: shellcheck'
    find .ci debian hooks release tests -type f ! -path 'tests/hosts/*/*' ! -path 'tests/config/*' ! -path 'debian/.debhelper/*' \
        ! -path 'debian/proxmox-config-backup/*' ! -path 'debian/tmp/*' -exec sh -c '
        for file; do
            # Maintainer scripts have no ending; the first line tells.
            case $(head -c 32 "$file" | head -n 1 | tr -d "\0") in
                "#!"*/sh*|"#!"*bash*) printf "%s\n" "$file" ;;
            esac
        done' sh {} + | LC_ALL=C sort | xargs shellcheck -x
else
    echo 'lint: left out: shellcheck is not installed'
fi
