#!/usr/bin/env python3
"""Everything by which an operator sees the platform, held against the programs that read it.

    scripts/services tests/monitoring.py FOLDER      FOLDER holds prometheus, promtool and amtool

Needs grafana-foundation-sdk, opentelemetry-proto and PyYAML, a redis-server on the PATH and a built `touchstone` with
its example `weeks`. Three platforms run: the demo with Redis, one with sources that fail, and one that has lived through
weeks. A Prometheus scrapes them all.
"""

import glob
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

import page
from collector import Collector, way_of
from page import ROOT, Server, check
from weeks import Weeks

MONITORING = pathlib.Path(ROOT) / "monitoring"
# Where an alert leads: below the address that Prometheus knows as the external label `runbooks`, else in this repository.
RUNBOOKS = "{{ with $externalLabels.runbooks }}{{ . }}{{ else }}docs/OPERATIONS.md{{ end }}"
LONGEST = 420  # seconds for everything to have a series: the models need a hundred signals


def free():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def until(holds, cap=60):
    end = time.monotonic() + cap
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(0.25)
    return found


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def ask(url, expr):
    """The series that Prometheus has for an expression, or its complaint."""
    try:
        answer = json.loads(fetch(f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": expr})))
    except urllib.error.HTTPError as error:
        return error.read().decode()
    return [series for series in answer["data"]["result"] if series["value"][1] != "NaN"]


def rules():
    for file in sorted(glob.glob(str(MONITORING / "rules" / "*.yml"))):
        for group in yaml.safe_load(open(file))["groups"]:
            for rule in group["rules"]:
                yield pathlib.Path(file).stem, rule


def panels():
    for file in sorted(glob.glob(str(MONITORING / "grafana" / "dashboards" / "*.json"))):
        board = json.load(open(file))
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield f"{board['title']} / {panel['title']} {target['refId']}", target["expr"]


def written(tools):
    """What can be held to itself without anything running."""
    promtool = os.path.join(tools, "promtool")
    files = sorted(glob.glob(str(MONITORING / "rules" / "*.yml")))
    checked = subprocess.run([promtool, "check", "rules", "--lint-fatal", *files], capture_output=True, text=True)
    check("promtool takes the rules", checked.returncode == 0, checked.stdout + checked.stderr)
    tests = sorted(glob.glob(str(MONITORING / "tests" / "*.yml")))
    raised = subprocess.run([promtool, "test", "rules", *tests], capture_output=True, text=True)
    check("each alert's condition is raised", raised.returncode == 0, raised.stdout + raised.stderr)

    docs = (pathlib.Path(ROOT) / "docs" / "OPERATIONS.md").read_text()
    sections = re.findall(r"^#### (\w+)\n(.*?)(?=^#|\Z)", docs, re.M | re.S)
    said = {name: text for name, text in sections if "**Do**" in text}
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", docs, re.M)}
    alerts = [rule["alert"] for _, rule in rules()]
    check("every alert has a section that says what to do, and the other way", sorted(alerts) == sorted(said), set(alerts) ^ set(said))
    for name, rule in rules():
        notes, alert = rule["annotations"], rule["alert"]
        whole = {"summary", "description", "runbook_url"} == set(notes) and rule["labels"].get("severity") in ("critical", "warning", "info")
        place, _, anchor = notes.get("runbook_url", "").partition("#")
        leads = place == RUNBOOKS and anchor == alert.lower() and anchor in anchors
        tested = f'alertname="{alert}"' in (MONITORING / "tests" / f"{name}.yml").read_text()
        check(f"{alert} is whole, leads to its section and is tested", whole and leads and tested, notes)

    for severity, receiver in (("critical", "awake"), ("warning", "morning"), ("info", "nobody")):
        routed = subprocess.run([os.path.join(tools, "amtool"), "config", "routes", "test", f"--config.file={MONITORING}/alertmanager.yml", f"--verify.receivers={receiver}", f"severity={severity}", "alertname=TouchstoneDown"], capture_output=True, text=True)
        check(f"the example of an Alertmanager brings `{severity}` to {receiver}", routed.returncode == 0, routed.stdout + routed.stderr)

    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, MONITORING / "grafana" / "dashboards.py", folder], check=True)
        for file in sorted(os.listdir(folder)):
            there = MONITORING / "grafana" / "dashboards" / file
            same = there.exists() and there.read_text() == (pathlib.Path(folder) / file).read_text()
            check(f"{file} is what dashboards.py writes", same)

    rows = [line.split("|")[1] for line in docs.splitlines() if line.startswith("| `touchstone_")]
    told = set(re.findall(r"touchstone_[a-z_]+", " ".join(rows)))
    queries = " ".join([expr for _, expr in panels()] + [rule["expr"] for _, rule in rules()])
    used = {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"touchstone_[a-z_]+", queries)}
    check("panels and alerts ask for metrics that there are", used <= told, used - told)
    check("every metric is in a panel or an alert", told <= used, told - used)


class Sources(Server):
    """A platform whose sources fail and answer: a feed, and a folder with a line that cannot be read."""

    def __init__(self, monitoring):
        super().__init__("1", {"TOUCHSTONE__MONITORING__LISTEN": f"127.0.0.1:{monitoring}"})
        self.feed = free()
        inbox = os.path.join(self.home, "inbox")
        os.mkdir(inbox)
        with open(os.path.join(inbox, "posts.jsonl"), "w") as lines:
            lines.write('{"id": "1", "text": "good morning"}\nno json\n')
        with open(os.path.join(self.home, "touchstone.toml"), "w") as config:
            config.write(
                "[simulator]\nenabled = false\n"
                f'[venues.far]\nkind = "binance-spot"\nws_url = "ws://127.0.0.1:{free()}"\nrest_url = "http://127.0.0.1:{free()}"\n'
                f'[channels.feed]\nsource = "rss"\nurl = "http://127.0.0.1:{self.feed}/feed"\nprivate_network = true\n'
                f'[channels.files]\nsource = "folder"\npath = "{inbox}"\n'
            )
        self.args = ["--config", os.path.join(self.home, "touchstone.toml")]


def prometheus(tools, home, targets):
    """A Prometheus with the rules, and its address."""
    port = free()
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(MONITORING / "rules" / "*.yml")],
        "scrape_configs": [{"job_name": "touchstone", "static_configs": [{"targets": [f"127.0.0.1:{target}" for target in targets]}]}],
    }
    with open(os.path.join(home, "prometheus.yml"), "w") as file:
        yaml.safe_dump(config, file)
    with open(os.path.join(home, "log"), "w") as log:
        process = subprocess.Popen(
            [os.path.join(tools, "prometheus"), f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log,
        )
    return process, f"http://127.0.0.1:{port}"


def listen(server, over):
    """Somebody who hears the stream until it is over."""
    def hear():
        try:
            with urllib.request.urlopen(server.url + "/v1/stream/sse?channels=*", timeout=30) as stream:
                while not over.is_set() and stream.readline():
                    pass
        except OSError:
            pass
    threading.Thread(target=hear, daemon=True).start()


def register(server):
    body = json.dumps({"email": "anna@example.org", "password": "correct horse battery staple"}).encode()
    request = urllib.request.Request(server.url + "/v1/auth/register", data=body, headers={"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=30).close()


def seen(url, tools, doors):
    """What Prometheus makes of the running platforms."""
    for door in doors:
        text = fetch(f"http://127.0.0.1:{door}/metrics")
        linted = subprocess.run([os.path.join(tools, "promtool"), "check", "metrics"], input=text, capture_output=True, text=True)
        check("promtool finds nothing to say of the metrics", linted.returncode == 0 and not linted.stderr.strip(), linted.stderr)
        bare = set(re.findall(r"^# TYPE (\S+)", text, re.M)) - set(re.findall(r"^# HELP (\S+) \S", text, re.M))
        check("every metric says what it means", not bare, bare)
    up = until(lambda: len(found := ask(url, 'up{job="touchstone"} == 1')) == len(doors) and found)
    check("Prometheus scrapes the second doors", bool(up), ask(url, "up"))

    def loaded():
        groups = json.loads(fetch(f"{url}/api/v1/rules"))["data"]["groups"]
        told = {rule["name"]: rule for group in groups for rule in group["rules"]}
        return told if all(rule["health"] == "ok" for rule in told.values()) and len(told) == len(list(rules())) else None
    check("Prometheus evaluates every rule", bool(until(loaded)), fetch(f"{url}/api/v1/rules")[:2000])

    waiting = {name: expr.replace("$instance", ".*").replace("$__rate_interval", "30s") for name, expr in panels()}
    end, complaints = time.monotonic() + LONGEST, {}
    total = len(waiting)
    while waiting and time.monotonic() < end:
        for name, expr in list(waiting.items()):
            found = ask(url, expr)
            if isinstance(found, str):
                complaints[name] = found
                del waiting[name]
            elif found:
                del waiting[name]
        time.sleep(1)
    check(f"each of the {total} queries of the panels parses", not complaints, complaints)
    check("and returns a series", not waiting, waiting)
    bad = ask(url, "sum by (instance) (touchstone_posts_received_total")
    check("a query that does not parse would be seen", isinstance(bad, str), bad)


def followed(collector, server):
    """The way of a post, from its receipt to Redis, as the collector has it."""
    whole = until(lambda: next((way for trace in collector.traces() if (way := way_of(trace)) and not way["wrong"] and way["scored"]), None))
    check("a post's way is one trace, each step in the one that caused it, in order", bool(whole), [way_of(trace) for trace in collector.traces()][:3])
    if not whole:
        return
    check("a trace says which post it was and what became of it", {"channel.id", "post.key", "post.outcome"} <= set(whole["said"]), whole["said"])
    check("and which release of which service", collector.resource().get("service.name") == "touchstone" and "service.version" in collector.resource(), collector.resource())
    check("what the operator wants to have said is sent along", collector.headers.get("x-tenant") == "desk", dict(collector.headers))
    check("nothing was handed in that is no trace", not collector.complaints, collector.complaints)
    lines = [json.loads(line) for line in log(server) if line.startswith("{")]
    known = {trace["id"] for trace in collector.traces()}
    check("the log names traces that the collector has", any(line.get("trace_id") in known for line in lines), len(lines))


def log(server):
    with open(os.path.join(server.home, "log"), errors="replace") as file:
        return file.read().splitlines()


def logged(server):
    """Every line of the log is one object with everything that it needs."""
    lines = log(server)
    others = [line for line in lines if not line.startswith("{")]
    check("whatever is said on either stream is JSON", lines and not others, others[:3])
    lines = [line for line in lines if line.startswith("{")]
    whole = [json.loads(line) for line in lines]
    stamp = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z")
    lacking = [line for line in whole if not (stamp.fullmatch(line["timestamp"]) and line["level"] in ("ERROR", "WARN", "INFO", "DEBUG") and line["target"])]
    check("each line has its time, level and module", not lacking, lacking[:3])
    check("and says what it is about in dotted fields", any("." in name for line in whole for name in line), whole[:3])


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    tools = os.path.abspath(sys.argv[1])
    written(tools)
    collector, redis_port, over = Collector(), free(), threading.Event()
    doors = [free(), free()]
    home = tempfile.mkdtemp(prefix="touchstone-monitoring-")
    demo = Server("100", {
        "TOUCHSTONE__MONITORING__LISTEN": f"127.0.0.1:{doors[0]}",
        "TOUCHSTONE__MONITORING__TRACES_URL": collector.url,
        "TOUCHSTONE__REDIS__URL": f"redis://127.0.0.1:{redis_port}",
        "TOUCHSTONE__LOG__FORMAT": "json",
        "TOUCHSTONE__LOG__FILTER": "info,sqlx=debug",
        "TOUCHSTONE__STORE__DURABILITY": "normal",
        "TOUCHSTONE__SCORING__ROUND_S": "5",
        "TOUCHSTONE__SCORING__MODELS": os.path.join(ROOT, "models"),
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=desk",
    })
    sources = Sources(doors[1])
    weeks = Weeks(os.path.dirname(demo.binary))
    redis = subprocess.Popen(["redis-server", "--port", str(redis_port), "--save", "", "--dir", home], stdout=subprocess.DEVNULL)
    scraper = None
    try:
        # Before the others: while it learns and plays, it needs both cores.
        doors.append(weeks.start())
        demo.start()
        sources.start()
        scraper, url = prometheus(tools, home, doors)
        until(lambda: ask_safely(url))
        for _ in range(3):
            listen(demo, over)
        register(demo)
        seen(url, tools, doors)
        followed(collector, demo)
        demo.stop(signal.SIGTERM)
        logged(demo)
    finally:
        over.set()
        for server in (demo, sources):
            server.stop(signal.SIGTERM)
            shutil.rmtree(server.home, ignore_errors=True)
        weeks.stop()
        for process in (scraper, redis):
            if process:
                process.terminate()
                process.wait(20)
        shutil.rmtree(home, ignore_errors=True)
        collector.close()
    print(f"{page.passed} passed, {page.failed} failed")
    sys.exit(1 if page.failed else 0)


def ask_safely(url):
    try:
        return ask(url, "up")
    except OSError:
        return None


if __name__ == "__main__":
    main()
