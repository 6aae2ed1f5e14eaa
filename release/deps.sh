#!/bin/sh
# Installs what only a release needs, into target/tools: CI has no use for it.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}
auditable=0.7.7

if target/tools/bin/cargo-auditable --version 2>/dev/null | grep -qF "$auditable"; then
    echo 'deps-release: all there'
    exit 0
fi
echo "deps-release: building cargo-auditable $auditable"
$CARGO install --quiet --locked --force --root target/tools --target-dir target/tools/build \
    --version "$auditable" cargo-auditable </dev/null
rm -rf target/tools/build
