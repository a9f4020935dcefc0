#!/usr/bin/env python3
"""The example bots against the real binary, which is killed, stopped and started again.

    tests/bots.py NODE      needs a built `touchstone`, the package `websockets`, and a Node that runs TypeScript

Each bot is killed once, too. At the end each has every event once, in order. Everything that is
started here is stopped here.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(os.environ.get("CARGO_TARGET_DIR", os.path.join(ROOT, "target")), "debug", "touchstone")
HOME = tempfile.mkdtemp(prefix="touchstone-bots-")
PATIENCE_S = 60

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]
started = []


def start(name, *command):
    env = dict(os.environ, TOUCHSTONE__HTTP__LISTEN=f"127.0.0.1:{PORT}", TOUCHSTONE__SIMULATOR__PACE="60")
    with open(os.path.join(HOME, f"{name}.log"), "ab") as log:
        process = subprocess.Popen(command, cwd=HOME, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    started.append(process)
    return process


def end(process, how):
    process.send_signal(how)
    process.wait(timeout=PATIENCE_S)


def wait(what, holds):
    until = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > until:
            for name in sorted(os.listdir(HOME)):
                if name.endswith(".log"):
                    print(f"-- {name}", open(os.path.join(HOME, name), errors="replace").read()[-1500:], sep="\n")
            raise SystemExit(f"FAILED {what}")
        time.sleep(0.05)


def ask(path):
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=5) as answer:
        return json.load(answer)


def serves():
    try:
        return ask("/v1/stream/position")
    except OSError:
        return None


class Bot:
    """A bot with its file."""

    def __init__(self, name, *program):
        self.name, self.program = name, program
        self.file = os.path.join(HOME, f"{name}.jsonl")
        self.start()

    def start(self):
        address = f"ws://127.0.0.1:{PORT}/v1/stream?channels=*&heartbeat_s=2"
        self.process = start(self.name, *self.program, address, self.file)

    def lines(self):
        if not os.path.exists(self.file):
            return []
        with open(self.file) as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def reaches(self, head):
        last = (self.lines() or [{"at": ":0"}])[-1]["at"]
        return int(last.split(":")[1]) >= head


def all_reach(what, bots, more):
    head = serves()["head"] + more
    wait(what, lambda: all(bot.reaches(head) for bot in bots))


def events():
    """Every event that is kept, in order."""
    kept, after = [], 0
    while page := ask(f"/v1/events?from={after}&limit=500")["events"]:
        kept += page
        after = page[-1]["seq"]
    return kept


def main():
    server = start("server", BINARY)
    wait("the server starts", serves)
    bots = [Bot("python", sys.executable, os.path.join(ROOT, "examples", "bot.py")), Bot("node", sys.argv[1], os.path.join(ROOT, "examples", "bot.ts"))]
    all_reach("both bots follow", bots, 5)
    end(server, signal.SIGKILL)
    server = start("server", BINARY)
    wait("the server starts after kill -9", serves)
    all_reach("both bots come back after kill -9 of the server", bots, 5)
    for bot in bots:
        end(bot.process, signal.SIGKILL)
    head = serves()["head"]
    wait("events happen while no bot runs", lambda: serves()["head"] >= head + 5)
    for bot in bots:
        bot.start()
    all_reach("both bots go on after kill -9 of their own", bots, 5)
    end(server, signal.SIGTERM)
    server = start("server", BINARY)
    wait("the server starts after a stop", serves)
    all_reach("both bots come back after a drain", bots, 5)
    for bot in bots:
        end(bot.process, signal.SIGTERM)
    kept = [event["id"] for event in events()]
    for bot in bots:
        acted = [line["id"] for line in bot.lines()]
        due = kept[kept.index(acted[0]): kept.index(acted[-1]) + 1]
        if acted != due:
            raise SystemExit(f"FAILED {bot.name}: {len(acted)} of {len(due)} events, {len(acted) - len(set(acted))} twice")
        print(f"ok {bot.name}: {len(acted)} events, each once and in order, over two kills and a drain")


try:
    main()
finally:
    for process in started:
        if process.poll() is None:
            process.kill()
