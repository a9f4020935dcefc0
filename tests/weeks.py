"""A platform that has run for weeks: what a model learned of the weeks before, played on.

`tests/recorded/weeks.rs`, an example to cargo, plays candles and posts by a clock in the hand, to a platform whose model was trained by
`touchstone train` on the weeks before them. Everything is made by dice of a known seed.
"""

import datetime
import json
import os
import random
import select
import shutil
import subprocess
import tempfile

BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
LEARNED, PLAYED = 40, 17  # days; a signal's time is up after 14
HOUR = 60


def market(dice, price, days):
    """Candles of a minute of a market that wanders: open, high, low, close."""
    for _ in range(days * 24 * HOUR):
        opened = price
        price *= 1 + (dice.random() - 0.5) * 0.003
        yield opened, max(opened, price) * (1 + dice.random() * 0.0005), min(opened, price) * (1 - dice.random() * 0.0005), price


def rows(candles, begin):
    yield "open_time,open,high,low,close,volume"
    for minute, prices in enumerate(candles):
        at = int((begin + datetime.timedelta(minutes=minute)).timestamp() * 1000)
        yield f"{at}," + ",".join(f"{price:.3f}" for price in prices) + f",{1 + minute % 7}"


def posts(dice, coins, begin):
    """An hour after the other somebody calls one of the coins, at its price."""
    minutes = min(len(candles) for candles in coins.values())
    for nth, minute in enumerate(range(HOUR, minutes - HOUR, HOUR)):
        coin = dice.choice(sorted(coins))
        price, side = coins[coin][minute][0], dice.choice((1, -1))
        risk = price * dice.uniform(0.004, 0.02)
        levels = [price + side * risk * far for far in (-1, dice.uniform(0.5, 1.5), dice.uniform(2, 3))]
        text = "{}/USDT {}\nEntry: market\nStop: {:.2f}\nTP1: {:.2f}\nTP2: {:.2f}".format(coin, "LONG" if side > 0 else "SHORT", *levels)
        at = begin + datetime.timedelta(minutes=minute, seconds=7)
        yield json.dumps({"msg_id": str(nth), "ts": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "channel": dice.choice(("one", "two")), "text": text})


class Weeks:
    """The platform, once it has lived through them."""

    def __init__(self, built):
        self.binary, self.example = os.path.join(built, "touchstone"), os.path.join(built, "examples", "weeks")
        self.home = tempfile.mkdtemp(prefix="touchstone-weeks-")
        self.process = None
        dice, later = random.Random(8), BEGIN + datetime.timedelta(days=LEARNED)
        whole = {coin: list(market(dice, price, LEARNED + PLAYED)) for coin, price in (("BTC", 50_000), ("ETH", 2_000))}
        cut = LEARNED * 24 * HOUR
        for place, begin, part in (("past", BEGIN, slice(cut)), ("", later, slice(cut, None))):
            coins = {coin: candles[part] for coin, candles in whole.items()}
            for coin, candles in coins.items():
                name = f"binance_spot/{coin}USDT-1m-2025.csv" if place else f"{coin}USDT.csv"
                self.write(os.path.join(place, "candles", name), rows(candles, begin))
            self.write(os.path.join(place, "posts.jsonl"), posts(dice, coins, begin))

    def write(self, name, lines):
        path = os.path.join(self.home, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.writelines(line + "\n" for line in lines)

    def start(self):
        """Learns and plays, and gives the door at which it tells how it is."""
        learn = [self.binary, "train", "--name", "real", "--candles", "past/candles/binance_spot", "--posts", "past/posts.jsonl", "--quick", "--quiet"]
        trained = subprocess.run(learn, cwd=self.home, capture_output=True, text=True)
        if trained.returncode:
            raise SystemExit("nothing can be learned: " + trained.stderr[-2000:])
        with open(os.path.join(self.home, "log"), "w") as log:
            self.process = subprocess.Popen([self.example, self.home], cwd=self.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True)
        select.select([self.process.stdout], [], [], 600)
        said = self.process.stdout.readline().strip()
        if not said:
            raise SystemExit("the weeks cannot be played: " + "\n".join(self.words()))
        return int(said.rsplit(":", 1)[1])

    def words(self):
        with open(os.path.join(self.home, "log"), errors="replace") as log:
            return log.read().splitlines()[-20:]

    def stop(self):
        if self.process:
            self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.home, ignore_errors=True)
