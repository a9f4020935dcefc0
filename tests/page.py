#!/usr/bin/env python3
"""The pages in a real browser, against the real binary and its simulator.

    tests/page.py                  all checks; needs `chromium` and a built `touchstone`
    tests/page.py --shots DIR      only pictures, after AFTER (40) seconds at PACE (5)

The standard library is enough: Chromium is driven over its debugging pipe. Everything that is
started here is stopped here. Prints `ok …` or `FAILED …` for each check, then the count.
"""

import base64
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PHONE, DESKTOP = (390, 844), (1280, 800)


class Server:
    """The binary with its simulator, in a directory of its own, on one port for life."""

    def __init__(self, pace, env=()):
        self.env = dict(env)
        target = os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target"))
        self.binary = os.path.join(target, "debug", "touchstone")
        self.home = tempfile.mkdtemp(prefix="touchstone-page-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.pace = pace
        self.args, self.process = [], None

    def start(self):
        env = dict(os.environ, TOUCHSTONE__HTTP__LISTEN=f"127.0.0.1:{self.port}", TOUCHSTONE__SIMULATOR__PACE=self.pace, **self.env)
        self.begun = time.monotonic()
        with open(os.path.join(self.home, "log"), "ab") as log:
            self.process = subprocess.Popen([self.binary, *self.args], cwd=self.home, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        for _ in range(300):
            try:
                return urllib.request.urlopen(self.url + "/healthz", timeout=2).close()
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.1)
        raise SystemExit("the server does not start: " + "\n".join(self.words()))

    def words(self):
        with open(os.path.join(self.home, "log"), errors="replace") as log:
            lines = re.sub(r"\x1b\[[0-9;]*m", "", log.read()).splitlines()
        return [line[:400] for line in lines if " ERROR " in line][-3:] or lines[-5:]

    def stop(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)


class Browser:
    """Headless Chromium with one page, over `--remote-debugging-pipe`."""

    def __init__(self):
        binary = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        if not binary:
            raise SystemExit("there is no chromium here: apt-get install chromium")
        self.home = tempfile.mkdtemp(prefix="touchstone-browser-")
        to_it, self.write_end = os.pipe()
        self.read_end, from_it = os.pipe()

        def wire():  # it reads commands from 3 and writes answers to 4
            reads, writes = os.dup(to_it), os.dup(from_it)
            os.dup2(reads, 3)
            os.dup2(writes, 4)

        flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars --remote-debugging-pipe"
        self.process = subprocess.Popen(
            [binary, *flags.split(), f"--user-data-dir={self.home}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=wire, pass_fds=(3, 4), start_new_session=True,
        )
        os.close(to_it)
        os.close(from_it)
        self.buffer, self.number, self.complaints = b"", 0, []
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def _begin(self):
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(domain + ".enable")

    def _messages(self, until):
        while True:
            while b"\0" in self.buffer:
                text, self.buffer = self.buffer.split(b"\0", 1)
                yield json.loads(text)
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.read_end], [], [], left)[0]:
                return
            part = os.read(self.read_end, 1 << 20)
            if not part:
                raise SystemExit("the browser has gone")
            self.buffer += part

    def ask(self, method, **params):
        self.number += 1
        command = {"id": self.number, "method": method, "params": params}
        if getattr(self, "session", None):
            command["sessionId"] = self.session
        os.write(self.write_end, json.dumps(command).encode() + b"\0")
        for message in self._messages(time.monotonic() + 30):
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self._note(message)
        raise RuntimeError(f"{method}: no answer in 30 s")

    def _note(self, message):
        method, params = message.get("method"), message.get("params", {})
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            entry = params["entry"]
            self.complaints.append(f"{entry['source']}: {entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.complaints.append("exception: " + details.get("exception", {}).get("description", details["text"]))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.complaints.append("console: " + str([arg.get("value") for arg in params["args"]]))

    def run(self, script):
        result = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{script[:80]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def until(self, script, cap, every=0.1):
        """The script's value once it is truthy; whatever it was last when the time is over."""
        end = time.monotonic() + cap
        while True:
            value = self.run(script)
            if value or time.monotonic() > end:
                return value
            time.sleep(every)

    def go(self, url):
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'", 15)

    def size(self, width, height, mobile=False):
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if mobile else 1, mobile=mobile)

    def scheme(self, name):
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def shot(self, path):
        time.sleep(0.4)
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def key(self, key):
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        code = {"Enter": 13, "Escape": 27}.get(key, ord(key[0].upper()))
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **(text if kind == "keyDown" else {}))

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        os.close(self.write_end)
        os.close(self.read_end)


passed = failed = 0


def check(name, holds, seen=""):
    global passed, failed
    passed, failed = (passed + 1, failed) if holds else (passed, failed + 1)
    print(f"ok {name}" if holds else f"FAILED {name}: {seen!r}", flush=True)


LOOK = "touchstone.look()"
STATE = "document.getElementById('badge').dataset.is"
SHOWN = "document.querySelectorAll('.row').length"
DOUBLES = "(() => { const ids = [...document.querySelectorAll('.row')].map((row) => row.dataset.id); return ids.length - new Set(ids).size; })()"
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
EVIL = "<script>window.harm=1</script><img src=x onerror=\"window.harm=2\"><svg onload=\"window.harm=3\">"


def live(server, browser):
    browser.ask("Page.addScriptToEvaluateOnNewDocument", source="""
        window.shift = 0; window.violations = [];
        new PerformanceObserver((list) => { for (const e of list.getEntries()) if (!e.hadRecentInput) { window.shift += e.value; window.shifted = e.sources.map((s) => s.node && (s.node.id || s.node.className || s.node.parentNode?.className)); } }).observe({ type: "layout-shift", buffered: true });
        document.addEventListener("securitypolicyviolation", (e) => window.violations.push(e.violatedDirective + " " + e.blockedURI));""")
    browser.size(*DESKTOP)
    begun = time.monotonic()
    browser.go(server.url + "/")
    check("rows appear within 15 s", browser.until(SHOWN, 15), browser.run(LOOK))
    took = time.monotonic() - begun
    check(f"the stream is live (rows after {took:.1f} s)", browser.until(STATE + " === 'live'", 10), browser.run(STATE))
    said = browser.run("document.getElementById('plain').textContent")
    check("the page says that it is simulated", "nothing here is real" in said, said)
    models = browser.run("[...document.querySelectorAll('.row .prob small')].map((small) => small.textContent)")
    alone = any(model.startswith("geometry/") for model in models)
    shown = browser.run("!document.getElementById('alone').hidden")
    check("and where geometry speaks that nothing is learned", models and shown == alone, (shown, models))
    clipped = browser.run("[...document.querySelectorAll('.row .prob > :first-child, .row .r > *')].filter((p) => p.getBoundingClientRect().left < p.parentElement.getBoundingClientRect().left - 1).length")
    check("no chance and no R is cut off", clipped == 0, clipped)
    judged = browser.until("[...document.querySelectorAll('.row .r span')].map((r) => r.textContent).find((t) => / R$/.test(t))", 60)
    check(f"an outcome's R appears ({judged})", re.fullmatch(r"[+−\u2007 ]?\d+\.\d\d R", judged or ""), judged)
    place = browser.until("/^[^:]+:\\d+$/.test(document.getElementById('place').textContent) && document.getElementById('place').textContent", 5)
    check(f"the position is shown ({place})", place, place)
    legs = browser.until("/stored.*\\d/.test(document.getElementById('legs').textContent) && [...document.querySelectorAll('#legs b')].slice(0, 3).every((b) => / m?s$/.test(b.textContent)) && document.getElementById('legs').textContent", 30)
    check("the latency is read off the stamps", legs, browser.run("document.getElementById('legs').textContent"))
    newest = browser.run("(() => { const seqs = touchstone.look().ids; return seqs.length; })()")
    check("a row shows what the record says", same(server, browser), newest)

    check("nothing jumps (layout shift)", browser.run("window.shift") <= 0.005, browser.run("[window.shift, window.shifted]"))

    hands(browser)
    safe(server, browser)
    wire(server, browser)
    phone(browser)
    check("no violation of the content policy", not browser.run("window.violations"), browser.run("window.violations"))


def same(server, browser):
    """The newest judged signal on the page, and its record."""
    for record in server.get("/v1/signals?limit=20&open=false")["signals"]:
        row = browser.run("[...document.querySelectorAll('.row')].find((row) => row.dataset.id === %s)?.textContent" % json.dumps(record["id"]))
        outcome = record["outcome"]
        if row and outcome and outcome["pessimistic"]["r"] is not None:
            r = float(outcome["pessimistic"]["r"])
            return f"{abs(r):.2f} R" in row and record["channel"] in row and record["idea"]["side"] in row and record["state"].replace("-", " ") in row
    return True


def hands(browser):
    browser.run("document.activeElement.blur()")
    browser.key("j")
    browser.key("j")
    chosen = browser.run("[...document.querySelectorAll('.row')].findIndex((row) => row === document.activeElement && row.getAttribute('aria-selected') === 'true') >= 0")
    check("j moves and focuses a row", chosen)
    browser.key("Enter")
    told = browser.until("document.querySelector('.story .version pre') && document.querySelectorAll('.story .line li').length", 5)
    check("Enter tells a signal's story", told, browser.run("document.getElementById('story').textContent"))
    browser.key("Escape")
    check("Escape closes it", browser.run("document.getElementById('story').hidden"))
    browser.key("/")
    check("/ goes to the filter", browser.run("document.activeElement.id") == "find")
    for letter in "zzzz":
        browser.key(letter)
    check("a filter that leaves nothing says so", browser.until("!document.getElementById('none').hidden && document.querySelectorAll('.row').length === 0", 3))
    browser.key("Escape")
    check("Escape clears the filter", browser.until(SHOWN, 3))


def safe(server, browser):
    evil = json.dumps(EVIL)
    frame = {"seq": 10**12, "type": "signal", "id": "x", "signal": "evil", "channel": EVIL, "symbol": EVIL, "origin": "simulator",
             "at": {"posted": 1, "received": 1, "scored": None, "stored": 1},
             "data": {"post": EVIL, "judged_on": EVIL, "market": "spot", "substituted": False, "side": "long", "entry": {"kind": EVIL, "low": EVIL, "high": EVIL},
                      "targets": [{"price": EVIL, "weight": None}], "stop": EVIL, "leverage": EVIL, "breakeven_after": None, "held_at_most_s": 60,
                      "price_at_receipt": EVIL, "score": {"model": EVIL, "targets": [0.5], "expected_r": None}}}
    record = server.get("/v1/signals?limit=1")["signals"][0]
    story = server.get("/v1/signals/" + record["id"])
    for version in story["versions"]:
        version.update(text=EVIL, parser=EVIL, reason=EVIL)
    story["signal"].update(channel=EVIL, symbol=EVIL)
    browser.run(f"touchstone.take({json.dumps(frame)}); touchstone.show({json.dumps(story)})")
    drawn = browser.until(f"document.querySelector('.row[data-id=evil] .channel')?.textContent === {evil}", 3)
    check("markup in a record is shown as text", drawn and browser.run(f"document.querySelector('.story pre').textContent === {evil}"))
    time.sleep(0.5)
    harm = browser.run("[window.harm ?? null, document.querySelectorAll('#rows script, #rows img, #story img, #story script, #story svg').length]")
    check("and does not execute", harm == [None, 0], harm)
    browser.go(server.url + "/")
    browser.until(SHOWN + " > 0 && " + STATE + " === 'live'", 15)


def wire(server, browser):
    # The same page all along: this mark would not survive a reload.
    browser.run("window.mark = 'same page'")
    server.process.send_signal(signal.SIGSTOP)
    check("a silent server is shown as stale", browser.until(STATE + " === 'stale'", 15), browser.run(STATE))
    server.process.send_signal(signal.SIGCONT)
    check("and as live when it speaks again", browser.until(STATE + " === 'live'", 15), browser.run(STATE))
    before = browser.run(LOOK)
    noted = len(browser.complaints)
    server.stop()
    check("a killed server is shown as offline", browser.until(STATE + " === 'offline' || " + STATE + " === 'connecting'", 12), browser.run(STATE))
    counts = browser.until("/again in \\d+ s/.test(document.getElementById('since').textContent)", 10)
    check("with the time until the next try", counts, browser.run("document.querySelector('.wire').textContent"))
    kept = browser.run(LOOK)
    check("the rows stay", browser.run(SHOWN) > 0 and kept["rows"] >= before["rows"], (before["rows"], kept["rows"]))
    server.start()
    check("the server comes back: live again", browser.until(STATE + " === 'live'", 40), browser.run(STATE))
    check("without a reload", browser.run("window.mark") == "same page")
    after = browser.until(f"touchstone.look().seq > {kept['seq']} && touchstone.look()", 30)
    check("the stream goes on", after, browser.run(LOOK))
    browser.run("new Promise(requestAnimationFrame)")
    check("without double rows", browser.run(DOUBLES) == 0, browser.run(DOUBLES))
    try:
        records = [record["id"] for record in server.get("/v1/signals?limit=500")["signals"]]
        browser.until(f"{json.dumps(records)}.every((id) => touchstone.look().ids.includes(id))", 5)
        lacking = sorted(set(records) - set(browser.run(LOOK)["ids"]))[:3]
    except OSError as error:
        lacking = [str(error)]
    check("and without a hole", not lacking, lacking)
    # While it was away the browser itself complains that nobody answered: that is expected.
    browser.run("1")
    expected = re.compile(r"WebSocket connection|ERR_CONNECTION|Failed to load resource|WebSocket is closed")
    browser.complaints[noted:] = [c for c in browser.complaints[noted:] if not expected.search(c)]


def phone(browser):
    browser.size(*PHONE, mobile=True)
    time.sleep(0.5)
    check("a phone has nothing to scroll sideways", browser.run(WIDER) <= 0 and browser.run(SHOWN) > 0, browser.run(WIDER))
    out = browser.run("[...document.querySelectorAll('body > * , .row > *')].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.className).slice(0, 5)")
    check("and nothing sticks out", not out, out)
    browser.run("document.querySelector('.row').click()")
    browser.until("document.querySelector('.story pre')", 5)
    check("nor has a story", browser.run(WIDER) <= 0 and browser.run("document.getElementById('story').scrollWidth <= innerWidth"), browser.run(WIDER))
    browser.run("document.querySelector('.story header button').click()")
    browser.size(*DESKTOP)


def docs(server, browser):
    browser.size(*DESKTOP)
    browser.go(server.url + "/docs")
    paths = server.get("/openapi.json")["paths"]
    shown = browser.until("document.querySelectorAll('[data-path]').length", 10)
    operations = sum(1 for path in paths.values() for method in path if method in ("get", "post", "put", "patch", "delete"))
    check(f"the documentation shows every operation ({operations})", shown == operations, shown)
    with open(os.path.join(ROOT, "src/http/error.rs"), encoding="utf-8") as source:
        codes = set(re.findall(r'^\s*\(?"([a-z_]+)",', source.read().split("fn problem")[0], re.M)) | {"not_found", "forbidden"}
    missing = [code for code in sorted(codes) if not browser.run(f"!!document.getElementById('errors-{code}')")]
    check(f"and explains every error code ({len(codes)})", browser.run("document.getElementById('errors')?.tagName") == "H2" and not missing, missing)
    browser.size(*PHONE, mobile=True)
    time.sleep(0.3)
    check("and fits a phone", browser.run(WIDER) <= 0, browser.run(WIDER))
    browser.size(*DESKTOP)


def shots(server, browser, directory):
    os.makedirs(directory, exist_ok=True)
    browser.scheme("dark")
    browser.size(*DESKTOP)
    browser.go(server.url + "/")
    time.sleep(float(os.environ.get("AFTER", "40")))
    browser.shot(f"{directory}/desktop.png")
    browser.scheme("light")
    browser.shot(f"{directory}/desktop-light.png")
    browser.scheme("dark")
    ended = "[...document.querySelectorAll('.row')].find((row) => / R$/.test(row.lastChild.textContent))"
    browser.run(f"({ended} || document.querySelector('.row')).click()")
    browser.until("document.querySelector('.story pre')", 5)
    browser.shot(f"{directory}/story.png")
    browser.size(*PHONE, mobile=True)
    browser.shot(f"{directory}/phone-story.png")
    browser.run("document.querySelector('.story header button').click()")
    browser.shot(f"{directory}/phone.png")
    browser.size(*DESKTOP)
    browser.go(server.url + "/docs")
    browser.shot(f"{directory}/docs.png")
    browser.run("document.getElementById('errors').scrollIntoView()")
    browser.shot(f"{directory}/docs-errors.png")
    browser.size(*PHONE, mobile=True)
    browser.shot(f"{directory}/docs-phone.png")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    server, browser = Server(os.environ.get("PACE", "5")), None
    try:
        server.start()
        browser = Browser()
        if "--shots" in sys.argv:
            return shots(server, browser, sys.argv[sys.argv.index("--shots") + 1])
        docs(server, browser)
        live(server, browser)
        time.sleep(max(0.0, server.begun + 8 - time.monotonic()))  # it gives a failing part some seconds
        gone = server.process.poll()
        check("the server has not given up after it was killed", gone is None, (gone, server.words()))
        browser.run("1")
        check("no errors in the console", not browser.complaints, browser.complaints[:5])
    finally:
        if browser:
            browser.close()
            shutil.rmtree(browser.home, ignore_errors=True)
        server.stop(signal.SIGTERM)
        shutil.rmtree(server.home, ignore_errors=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
