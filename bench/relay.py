#!/usr/bin/env python3
"""From stored to received: a listener on the WebSocket and one that reads Redis alone, in one run.

    bench/relay.py [BINARY] [SECONDS] [PACE]      defaults: target/release/touchstone, 30, 40

Needs redis-server on the PATH and `pip install websockets redis`. Both listeners are threads of this process, so its
own slowness is in both figures, and the ratio is what counts.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import redis
from websockets.sync.client import connect


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, holds):
    for _ in range(300):
        try:
            if answer := holds():
                return answer
        except OSError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"never: {what}")


def on_socket(port, times, end):
    with connect(f"ws://127.0.0.1:{port}/v1/stream?channels=*", max_size=None) as stream:
        while time.time() < end:
            try:
                event = json.loads(stream.recv(timeout=1))
            except TimeoutError:
                continue
            if "at" in event:
                times[event["seq"]] = time.time_ns() // 1_000 - event["at"]["stored"]


def on_redis(port, times, end):
    bus = redis.Redis(port=port)
    epoch = until("an epoch in Redis", lambda: bus.get("touchstone:{signals}:epoch")).decode()
    key, last = f"touchstone:{{signals}}:{epoch}", "$"
    while time.time() < end:
        for _, entries in bus.xread({key: last}, block=1_000) or []:
            for last, fields in entries:
                event = json.loads(fields[b"event"])
                times[event["seq"]] = time.time_ns() // 1_000 - event["at"]["stored"]


def main():
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/touchstone")
    seconds, pace = int(sys.argv[2]) if len(sys.argv) > 2 else 30, sys.argv[3] if len(sys.argv) > 3 else "40"
    port, there = free_port(), free_port()
    with tempfile.TemporaryDirectory(prefix="touchstone-redis-") as folder:
        bus = subprocess.Popen(["redis-server", "--port", str(there), "--dir", folder, "--save", ""], stdout=subprocess.DEVNULL)
        keys = {"HTTP__LISTEN": f"127.0.0.1:{port}", "SIMULATOR__PACE": pace, "REDIS__URL": f"redis://127.0.0.1:{there}"}
        environment = os.environ | {f"TOUCHSTONE__{key}": value for key, value in keys.items()}
        server = subprocess.Popen([binary], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until("it is ready", lambda: urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz").status == 200)
            time.sleep(5)  # what the channels had posted before the start is none of this
            end, heard, read = time.time() + seconds, {}, {}
            listeners = [threading.Thread(target=on_socket, args=(port, heard, end)), threading.Thread(target=on_redis, args=(there, read, end))]
            for listener in listeners:
                listener.start()
            for listener in listeners:
                listener.join()
        finally:
            server.terminate()
            server.wait()
            bus.terminate()
            bus.wait()
    both = sorted(heard.keys() & read.keys())
    if len(both) < 100:
        raise SystemExit(f"only {len(both)} events were seen by both")
    print(f"{len(both)} events, each seen by both\n\n| stored → | p50 ms | p99 ms |\n| --- | --- | --- |")
    middle = {}
    for name, times in [("WebSocket", heard), ("Redis reader", read)]:
        taken = sorted(times[seq] for seq in both)
        middle[name] = taken[len(taken) // 2]
        print(f"| {name} | {middle[name] / 1e3:.2f} | {taken[len(taken) * 99 // 100] / 1e3:.2f} |")
    print(f"\nratio of the middles: {middle['Redis reader'] / middle['WebSocket']:.2f}")


if __name__ == "__main__":
    main()
