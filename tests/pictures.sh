#!/bin/sh
# Draws the pages of sample reports into docs/pictures: light and dark, on a telephone and on a screen.
set -eu
cd "$(dirname "$0")/.."
CARGO=${CARGO:-cargo}

for program in chromium python3; do
    command -v "$program" >/dev/null || { echo "pictures: $program is not installed (make deps)" >&2; exit 1; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

TZ=UTC $CARGO run --locked --quiet --example mail_pages "$dir/pages"
# What tries to break a page is no picture of one.
rm "$dir"/pages/hostile.*
mkdir -p "$dir/pictures" docs/pictures
python3 tests/pictures/browser.py "$dir/pages" "$dir/pictures" >"$dir/measured"
# A page has few colours.
if command -v pngquant >/dev/null; then
    pngquant --force --strip --ext .png --speed 1 64 "$dir"/pictures/*.png
else
    echo 'pictures: not made smaller: pngquant is not installed' >&2
fi
rm -f docs/pictures/*.png
cp "$dir"/pictures/*.png docs/pictures/
echo "pictures: $(find docs/pictures -name '*.png' | wc -l) files, $(du -sk docs/pictures | cut -f 1) KiB"
