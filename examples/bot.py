"""A bot that acts on every event once, whatever dies meanwhile (docs/guide/bots.md).

    pip install websockets && python3 bot.py [ADDRESS] [FILE]
FILE has a line for each event that was acted on, and so is the memory after a kill.
"""
import asyncio, json, os, sys, time
import websockets

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8080/v1/stream?channels=*&heartbeat_s=2"
FILE = sys.argv[2] if len(sys.argv) > 2 else "bot.jsonl"

def act(frame):
    if frame["type"] == "signal" and frame["expires_at"] > time.time() * 1e6:  # later it is history
        print("trade", frame["symbol"], frame["data"]["side"], frame["data"]["entry"], flush=True)

async def follow(memory, file):
    at = memory["at"]
    async with websockets.connect(ADDRESS + (f"&from={at}" if at else "")) as stream:
        epoch = prev = None
        while True:
            frame = json.loads(await asyncio.wait_for(stream.recv(), 15))  # silence is a dead connection
            if "error" in frame:
                return frame["error"].get("retry_after_ms") or sys.exit(str(frame))
            if "ok" in frame:
                epoch = frame["epoch"]
                prev = int(at.split(":")[1]) if frame["resumed"] == "replay" else frame["head"]
                print("following after", prev, frame["resumed"], flush=True)  # reset: read the state anew
            elif frame["type"] == "heartbeat" and epoch:
                memory["at"] = f"{epoch}:{frame['positions']['1']}"
            elif frame["type"] == "gap" and frame["why"] != "slow":
                print("left out", frame, flush=True)
                prev = frame["to"]
            elif frame["type"] == "gap" or "seq" in frame and frame["prev"] != prev:
                return 0  # too slow, or a hole: what is missing comes after the last event
            elif "seq" in frame:
                prev = frame["seq"]
                memory["at"] = f"{epoch}:{prev}"
                if frame["id"] not in memory["done"]:
                    act(frame)
                    os.write(file, (json.dumps({"id": frame["id"], "at": memory["at"]}) + "\n").encode())
                memory["done"].add(frame["id"])

file = os.open(FILE, os.O_RDWR | os.O_CREAT | os.O_APPEND)
lines = [json.loads(line) for line in open(FILE)]
memory = {"at": lines[-1]["at"] if lines else None, "done": {line["id"] for line in lines}}
while True:
    wait_ms = 1_000
    try:
        wait_ms = asyncio.run(follow(memory, file))
    except websockets.ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
        if code // 100 == 44 or code in (1002, 1007):
            sys.exit(f"to be mended: {closed}")
        if code // 100 == 45:
            wait_ms = json.loads(closed.rcvd.reason).get("retry_after_ms", wait_ms)
    except (OSError, asyncio.TimeoutError, websockets.InvalidHandshake) as error:
        if isinstance(error, websockets.InvalidStatus) and error.response.status_code < 500:
            sys.exit(f"to be mended: {error.response.body.decode()}")
    time.sleep(wait_ms / 1_000)
