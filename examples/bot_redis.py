#!/usr/bin/env python3
"""A bot that reads Touchstone's signals in Redis alone: bot_redis.py HOST PORT POSITION_FILE

It goes on where it stopped, acts once on each signal and on none that has expired, and says what it missed.
It needs nothing but Python; the package `redis` takes the place of the class below."""
import functools, json, os, socket, sys, time

host, port, file = sys.argv[1], int(sys.argv[2]), sys.argv[3]
say = functools.partial(print, flush=True)

class Redis:
    def __init__(self):
        self.socket = socket.create_connection((host, port), timeout=10)
        self.bytes = self.socket.makefile("rb")
    def ask(self, *words):
        words = [str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words))
        return self.answer()

    def answer(self):
        kind, rest = (line := self.bytes.readline())[:1], line[1:-2]
        if kind in (b"", b"-"):
            raise ConnectionError(rest.decode() or "Redis hung up")
        if kind in (b"+", b":"):
            return rest.decode()
        if int(rest) < 0:
            return None
        return [self.answer() for _ in range(int(rest))] if kind == b"*" else self.bytes.read(int(rest) + 2)[:-2].decode()

def take(state, event):
    if event["seq"] > state["seq"] + 1:  # trimmed: /v1/events still has it
        say("missed", state["seq"] + 1, "to", event["seq"] - 1)
    if event["type"] == "signal" and event["signal"] not in state["done"]:
        fresh = event["expires_at"] > time.time() * 1e6
        say("act" if fresh else "too-late", event["signal"], event["symbol"], event["data"]["side"])
        state["done"] = state["done"][-9_999:] + [event["signal"]]  # this id is the same in every epoch
    state["seq"] = event["seq"]

def keep(state):
    with open(file + ".new", "w") as new:
        json.dump(state, new)
    os.replace(file + ".new", file)

state = json.load(open(file)) if os.path.exists(file) else {"epoch": None, "seq": 0, "done": []}
while True:
    try:
        redis = Redis()
        while True:
            epoch = redis.ask("GET", "touchstone:{signals}:epoch")
            if epoch != state["epoch"]:
                say("epoch", epoch)  # another history: its numbers say nothing about the ones before
                state.update(epoch=epoch, seq=0)
            words = "XREAD COUNT 100 BLOCK 1000 STREAMS touchstone:{signals}:%s %d-0" % (epoch, state["seq"])
            for _, entries in redis.ask(*words.split()) or []:
                for _, members in entries:
                    take(state, json.loads(members[1]))
                    keep(state)  # acted, then kept: if it dies in between, it acts on this one signal again, and an
                                 # order with the signal's id as client id is placed once all the same
    except OSError as error:
        say("away:", error)
        time.sleep(1)
