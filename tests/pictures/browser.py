"""Looks at pages as a mail program's window would, with headless Chromium over its DevTools pipe.

usage: browser.py PAGES [PICTURES]

Each *.html of the directory PAGES is shown 360 and 1200 pixels wide, light and dark. One JSON object per
view is printed: what overflows, the lowest contrast of text and its ground with the text it is of, what the
page asked for over the network, and under "plain" the same without its style sheet. With PICTURES, each view is written there as PNG.
"""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--font-render-hinting=none", "--disable-lcd-text", "--remote-debugging-pipe",
]

# Seconds for all views; they take half a minute on a busy machine.
LIMIT = 400

# Contrast as WCAG 2 defines it. A part that no ancestor paints lies on the page's own ground.
MEASURE = r"""
(() => {
  const rgba = css => (css.match(/[\d.]+/g) || []).map(Number);
  const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = c => 0.2126 * channel(c[0]) + 0.7152 * channel(c[1]) + 0.0722 * channel(c[2]);
  const ground = element => {
    for (; element; element = element.parentElement) {
      const c = rgba(getComputedStyle(element).backgroundColor);
      if (c.length && (c.length < 4 || c[3] === 1)) return c;
      if (c.length === 4 && c[3] > 0) throw new Error('a ground that shines through');
    }
    return [255, 255, 255];
  };
  let lowest = { ratio: 99, text: '' }, texts = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility()) continue;
    texts += 1;
    const [a, b] = [rgba(getComputedStyle(element).color), ground(element)].map(luminance);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < lowest.ratio) lowest = { ratio, text: node.data.trim().slice(0, 60) };
  }
  const root = document.scrollingElement;
  const over = [...document.querySelectorAll('body *')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 0.5 || e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
    .map(e => e.tagName + '.' + e.className).slice(0, 5);
  return {
    inner: innerWidth, scroll: root.scrollWidth, over, texts, lowest, title: document.title,
    ground: getComputedStyle(document.body).backgroundColor,
    height: Math.ceil(document.body.getBoundingClientRect().height),
    foreign: document.querySelectorAll('script,img,iframe,object,embed,link,a,form,base').length,
  };
})()
"""


class Browser:
    """One Chromium; commands go in and answers come out as JSON between zero bytes."""

    def __init__(self, profile):
        read_in, self.into = os.pipe()
        self.out, write_out = os.pipe()
        # Chromium expects the pipe at 3 and 4. The one that was made first has the lower numbers, so that
        # neither overwrites the other.
        command = ["bash", "-c", f'exec "$0" "$@" 3<&{read_in} 4>&{write_out}', "chromium", *FLAGS,
                   f"--user-data-dir={profile}", "about:blank"]
        log = open(os.path.join(profile, "log"), "wb")
        self.process = subprocess.Popen(command, pass_fds=(read_in, write_out), stdin=subprocess.DEVNULL,
                                        stdout=log, stderr=log)
        os.close(read_in)
        os.close(write_out)
        self.buffer, self.number, self.events = b"", 0, []

    def call(self, method, session=None, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.into, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def next(self):
        while b"\0" not in self.buffer:
            piece = os.read(self.out, 1 << 16)
            if not piece:
                raise RuntimeError("chromium has ended")
            self.buffer += piece
        one, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(one)

    def wait(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next())

    def close(self):
        try:
            self.call("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def view(browser, session, page, width, scheme, picture):
    call = lambda method, **params: browser.call(method, session, **params)

    def evaluate(script):
        answer = call("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{page.name}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    call("Page.navigate", url=page.as_uri())
    browser.wait("Page.loadEventFired")
    found = evaluate(MEASURE)
    asked = [event["params"]["request"]["url"] for event in browser.events
             if event.get("method") == "Network.requestWillBeSent"]
    found["asked"] = [url for url in asked if url != page.as_uri()]
    if picture:
        clip = {"x": 0, "y": 0, "width": width, "height": found["height"], "scale": 1}
        shot = call("Page.captureScreenshot", format="png", clip=clip, captureBeyondViewport=True)
        picture.write_bytes(base64.b64decode(shot["data"]))
    # Some mail programs drop the style sheet.
    evaluate("document.querySelector('style').remove()")
    return {"page": page.stem, "width": width, "scheme": scheme, **found, "plain": evaluate(MEASURE)}


def too_late(*_):
    raise TimeoutError(f"no end after {LIMIT} seconds")


def main():
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(LIMIT)
    pages = sorted(Path(sys.argv[1]).resolve().glob("*.html"))
    pictures = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            target = browser.call("Target.createTarget", url="about:blank")["targetId"]
            session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network"):
                browser.call(f"{domain}.enable", session)
            for page in pages:
                for width in (360, 1200):
                    for scheme in ("light", "dark"):
                        picture = pictures and pictures / f"{page.stem}-{width}-{scheme}.png"
                        print(json.dumps(view(browser, session, page, width, scheme, picture)), flush=True)
        finally:
            browser.close()


main()
