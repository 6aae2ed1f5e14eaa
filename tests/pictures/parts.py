"""What an HTML document consists of, as Python's own parser reads it; one JSON object is printed.

usage: parts.py FILE

`wrong` names what is not well formed: a tag that is closed in the wrong place or never, an attribute twice, a
reference to a character that does not exist. `text` is what a reader sees.
"""

import html.entities
import json
import re
import sys
from html.parser import HTMLParser

VOID = {"meta", "br", "hr", "img", "input", "link", "area", "base", "col", "embed", "source", "track", "wbr"}


class Parts(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=False)
        self.open, self.wrong, self.tags, self.names, self.comments, self.text = [], [], set(), set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        names = [name for name, _ in attrs]
        self.names.update(names)
        if len(names) != len(set(names)):
            self.wrong.append(f"an attribute twice: {self.get_starttag_text()}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self.open[-3:]} in line {self.getpos()[0]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "style" in self.open:
            return
        if "<" in data or ">" in data or "&" in data:
            self.wrong.append(f"not escaped: {data[:60]!r}")
        bad = [c for c in data if ord(c) < 32 and c not in "\n" or 0x7F <= ord(c) < 0xA0]
        if bad:
            self.wrong.append(f"control characters: {bad[:3]}")
        self.text.append(data)

    def handle_entityref(self, name):
        if name not in html.entities.name2codepoint:
            self.wrong.append(f"no such character: {name}")
        self.text.append(chr(html.entities.name2codepoint.get(name, 63)))

    def handle_charref(self, name):
        self.text.append(chr(int(name)))

    def handle_comment(self, data):
        self.comments.append(data)


parts = Parts()
document = open(sys.argv[1], encoding="utf-8", errors="strict").read()
parts.feed(document)
parts.close()
if parts.open:
    parts.wrong.append(f"never closed: {parts.open}")
if not re.match(r"<!DOCTYPE html>\n<html ", document):
    parts.wrong.append("does not begin as a document")
print(json.dumps({
    "wrong": parts.wrong, "tags": sorted(parts.tags), "attributes": sorted(parts.names),
    "comments": sorted(set(parts.comments)), "text": "".join(parts.text),
}))
