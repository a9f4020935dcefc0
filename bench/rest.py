#!/usr/bin/env python3
"""`GET /v1/signals` beside the same list served by FastAPI and uvicorn from the same database.

    bench/rest.py [BINARY] [DATABASE] [SECONDS]   defaults: target/release/touchstone, one that it fills, 10

DATABASE is a record's file, or the URL of a PostgreSQL that holds one (the user's own schema). The simulator fills
one for half a minute where none is named. Needs `ab` (Debian: apache2-utils) and `pip install fastapi uvicorn asyncpg`.
Both answers are compared first: they say the same, member for member. Each has two processes' worth of threads:
two workers there, two threads here.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import datetime, timezone
from decimal import Decimal

LIMIT, CLIENTS = 100, 16
BOUND = ("ending", "r", "filled", "targets", "entered_at", "ended_at", "mfe", "mae")
SELECT = f"""SELECT s.*, o.signal AS judged_signal, o.model AS o_model, o.ambiguous AS o_ambiguous,
    o.incomplete AS o_incomplete, {', '.join(f'o.{side}_{name}' for side in 'po' for name in BOUND)}
    FROM signals s LEFT JOIN outcomes o ON o.signal = s.id ORDER BY s.seq DESC LIMIT {LIMIT}"""
TARGETS = f"""SELECT signal, price, weight FROM targets
    WHERE signal IN (SELECT id FROM signals ORDER BY seq DESC LIMIT {LIMIT}) ORDER BY signal, k"""


def plain(value):
    """A value as the JSON says it: decimals as canonical text, times as microseconds."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime):
        since = value - datetime(1970, 1, 1, tzinfo=timezone.utc)
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return value


def bound(row, side):
    names = {"ending": "state", "targets": "targets_hit"}
    return {names.get(name, name): row[f"{side}_{name}"] for name in BOUND}


def listed(rows, targets):
    """What the platform answers, of rows of either database."""
    of = {}
    for target in targets:
        of.setdefault(target["signal"], []).append({"price": plain(target["price"]), "weight": plain(target["weight"])})
    signals = []
    for row in rows:
        row = {name: plain(value) for name, value in dict(row).items()}
        idea = {name: row[name] for name in ("post", "side", "stop", "leverage", "breakeven_after", "price_at_receipt")}
        idea |= {"judged_on": row["instrument"], "market": row["instrument"].split(":")[1], "substituted": bool(row["substituted"])}
        idea |= {"entry": {"kind": row["entry"], "low": row["entry_low"], "high": row["entry_high"] or row["entry_low"]}}
        idea |= {"targets": of.get(row["id"], []), "held_at_most_s": row["held_at_most"] // 1_000_000}
        if row["score_model"]:
            idea["score"] = {"model": row["score_model"], "targets": [float(it) for it in json.loads(row["score_targets"])], "expected_r": row["score_expected_r"]}
        outcome = row["judged_signal"] and {
            "model": row["o_model"], "pessimistic": bound(row, "p"), "optimistic": bound(row, "o"), "funding": "not counted",
            "ambiguous": bool(row["o_ambiguous"]), "incomplete": bool(row["o_incomplete"])}
        signal = {name: row[name] for name in ("id", "seq", "channel", "origin", "posted", "received", "expires_at", "state")}
        signal |= {"symbol": row["pair"], "edited": bool(row["edited"]), "deleted": bool(row["deleted"])}
        signals.append(signal | {"idea": idea, "outcome": outcome})
    return {"signals": signals, "next": signals[-1]["seq"] if len(signals) == LIMIT else None}


def application():
    """The list as one would write it with FastAPI; uvicorn's workers call this."""
    import contextlib
    import sqlite3
    import threading

    import fastapi

    database = os.environ["DATABASE"]
    if "://" not in database:
        app, local = fastapi.FastAPI(), threading.local()

        @app.get("/v1/signals")
        def of_file():
            if not hasattr(local, "connection"):
                local.connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
                local.connection.row_factory = sqlite3.Row
            return listed(local.connection.execute(SELECT), local.connection.execute(TARGETS))

        return app

    import asyncpg

    @contextlib.asynccontextmanager
    async def pool(app):
        async with asyncpg.create_pool(database, min_size=4, max_size=8) as app.state.pool:
            yield

    app = fastapi.FastAPI(lifespan=pool)

    @app.get("/v1/signals")
    async def of_postgres():
        async with app.state.pool.acquire() as connection:
            return listed(await connection.fetch(SELECT), await connection.fetch(TARGETS))

    return app


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def start(url, command, **environment):
    """Starts a server and waits until it answers there."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE__")}
    process = subprocess.Popen(command, env=known | environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(300):
        try:
            ask(url)
            return process
        except OSError:
            time.sleep(0.1)
    process.kill()
    raise SystemExit(f"does not answer: {command}")


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait()


def platform(binary, simulated, **environment):
    port = free_port()
    url = f"http://127.0.0.1:{port}/v1/signals?limit={LIMIT}"
    keys = {"HTTP__LISTEN": f"127.0.0.1:{port}", "HTTP__DRAIN_MS": "0", "SIMULATOR__ENABLED": simulated} | environment
    return url, start(url, [binary], **{f"TOUCHSTONE__{key}": value for key, value in keys.items()})


def filled(binary, folder):
    path = os.path.join(folder, "simulator.db")
    _, server = platform(binary, "true", SIMULATOR__PATH=path, SIMULATOR__PACE="60")
    time.sleep(30)
    stop(server)
    return path


def measure(name, url, seconds):
    run = ["ab", "-q", "-k", "-c", str(CLIENTS), "-t", str(seconds), "-n", "10000000", url]
    said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    number = lambda pattern: float(re.search(pattern, said).group(1))
    if "Non-2xx" in said or number(r"Failed requests: +(\d+)"):
        raise SystemExit(f"{name} failed:\n{said}")
    rate = number(r"Requests per second: +([\d.]+)")
    print(f"| {name} | {rate:.0f} | {number(r' 50% +(.+)'):.0f} | {number(r' 99% +(.+)'):.0f} |", flush=True)
    return rate


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else "target/release/touchstone"
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    with tempfile.TemporaryDirectory(prefix="touchstone-rest-") as folder:
        database = sys.argv[2] if len(sys.argv) > 2 else filled(binary, folder)
        store = {"STORE__URL" if "://" in database else "STORE__PATH": database}
        ours, here = platform(binary, "false", **store)
        port = free_port()
        theirs = f"http://127.0.0.1:{port}/v1/signals"
        command = [sys.executable, "-m", "uvicorn", "--factory", "rest:application", "--workers", "2", "--port", str(port), "--log-level", "warning"]
        there = start(theirs, command, DATABASE=database, PYTHONPATH=os.path.dirname(os.path.abspath(__file__)))
        try:
            said, expected = ask(theirs), ask(ours)
            # The platform's `next` is opaque; the signals are what a client came for.
            said, expected = said["signals"], expected["signals"]
            if said != expected:
                differing = next((pair for pair in zip(said, expected) if pair[0] != pair[1]), "their number")
                raise SystemExit(f"the two answers differ, nothing was measured: {differing}")
            print(f"{len(expected)} signals an answer, {CLIENTS} clients, {seconds} s each\n")
            print("| server | answers/s | p50 ms | p99 ms |\n| --- | --- | --- | --- |")
            bare = measure("FastAPI and uvicorn, 2 workers", theirs, seconds)
            print(f"\nratio: {measure('the platform, 2 threads', ours, seconds) / bare:.1f}")
        finally:
            stop(here)
            stop(there)


if __name__ == "__main__":
    main()
