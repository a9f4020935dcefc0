#!/usr/bin/env python3
"""Exports of a large record, read back by other readers and compared with the database itself.

    tests/exports.py [SIGNALS]     100,000 when nothing is said; needs a built `touchstone`, pyarrow and openpyxl

The real binary serves a record that is made here with SQL. Every format is fetched whole, every cell is
compared with what the database holds, and the memory of the server is measured while it writes. Then a
row is spoiled: every format has to be broken off, and the command line has to leave no file.
"""

import csv
import datetime
import decimal
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import openpyxl
import pyarrow.parquet

from page import Server

# What a server may grow by while it writes a file, in MB, whatever the length of the record.
ALLOWED_MB = 64
UTC = datetime.timezone.utc
NAMES = ["=cmd|' /C calc'!A0", "+1", "-2", "@SUM(A1)", "\t=1", "'quoted'", 'a "b", c', "line\nbreak", "ünïcode", "=1+1"]
RISKY = tuple("=+-@＝＋－＠\t\r\n'")
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)


def made(path, count):
    """Fills a database with signals, three of four of them judged."""
    dice = random.Random(7)
    db = sqlite3.connect(path)
    db.execute("INSERT INTO channels VALUES ('loud', 'file', 'Loud', 'live', 0)")
    start = 1_767_225_600_000_000
    columns = [row[1] for row in db.execute("PRAGMA table_info(signals)")]
    posts, signals, targets, outcomes = [], [], [], []
    for seq in range(1, count + 1):
        id = f"00000000-0000-5000-8000-{seq:012x}"
        post = NAMES[seq % len(NAMES)] + str(seq)
        at = start + seq * 61_000_007
        low = decimal.Decimal(dice.randrange(1, 10**9)).scaleb(-dice.randrange(0, 12)).normalize()
        low = format(low, "f")
        judged = seq % 4 != 0
        posts.append((seq, post, at))
        cells = dict.fromkeys(columns)
        cells.update(
            id=id, seq=seq, channel="loud", post=post, origin="live", instrument=f"sim:spot:{'BTC' if seq % 2 else 'ETH'}/USDT",
            pair=f"{'BTC' if seq % 2 else 'ETH'}/USDT", substituted=0, side="long" if seq % 3 else "short", entry="limit",
            entry_low=low, stop=low + ("1" if "." in low else ".5"), posted=at - 1_000_001, received=at, expires_at=at + 86_400_000_000,
            held_at_most=86_400_000_000, ambiguous=seq % 5 == 0, score_model="geometry/1", score_targets='["0.3333333333333333"]',
            score_first=0.3333333333333333, score_expected_r=dice.uniform(-1, 1), score_skill=dice.uniform(-1, 1) if seq % 3 else None, state="stopped-out" if judged else "pending",
            ended=judged, judged=judged, edited=seq % 7 == 0, deleted=seq % 11 == 0, leverage="10" if seq % 2 else None, retried=0)
        signals.append([cells[name] for name in columns])
        targets += [(id, 1, "123456789012.3456789", None), (id, 2, "0.00000001", "0.5")][: 1 + seq % 2]
        if judged:
            r = format(decimal.Decimal(dice.randrange(-10**7, 10**7)).scaleb(-6).normalize(), "f")
            outcomes.append((id, "default/1", 0, 0, *(["stopped-out", None, r, "0.3333333333333333333333333333", 0, at + 1, at + 2, None, "-1"] * 2)))
    db.executemany("INSERT INTO posts VALUES (?1, 'loud', ?2, 1, x'00', ?3, 1, 0, 0)", posts)
    db.executemany(f"INSERT INTO signals ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})", signals)
    db.executemany("INSERT INTO targets VALUES (?, ?, ?, ?)", targets)
    told = [row[1] for row in db.execute("PRAGMA table_info(outcomes)") if row[1] not in ("place", "policy")]
    db.executemany(f"INSERT INTO outcomes ({','.join(told)}) VALUES ({','.join('?' * len(told))})", outcomes)
    db.commit()
    return db


def wanted(db):
    """What has to stand in the files of signals, newest first: exact numbers as decimals, instants as microseconds."""
    targets = {}
    for signal, price, weight in db.execute("SELECT signal, price, weight FROM targets ORDER BY signal, k"):
        targets.setdefault(signal, []).append((price, weight or ""))
    exact = lambda text: None if text is None else decimal.Decimal(text)
    rows = db.execute("SELECT s.*, o.model AS model, o.p_r, o.o_r FROM signals s LEFT JOIN outcomes o ON o.signal = s.id ORDER BY seq DESC")
    rows.row_factory = sqlite3.Row
    for of in rows:
        mine = targets[of["id"]]
        yield {
            "id": of["id"], "seq": of["seq"], "channel": of["channel"], "post": of["post"], "origin": of["origin"], "symbol": of["pair"],
            "judged_on": of["instrument"], "market": "spot", "substituted": bool(of["substituted"]), "side": of["side"], "entry": of["entry"],
            "entry_low": exact(of["entry_low"]), "entry_high": exact(of["entry_low"]), "entry_rungs": None,
            "targets": ";".join(price for price, _ in mine), "target_weights": ";".join(weight for _, weight in mine) if len(mine) > 1 else None,
            "stop": exact(of["stop"]), "leverage": exact(of["leverage"]), "breakeven_after": None, "posted": of["posted"],
            "received": of["received"], "expires_at": of["expires_at"], "held_at_most_s": 86_400, "price_at_receipt": None,
            "score_model": of["score_model"], "score_first_target": 0.3333333333333333, "score_expected_r": of["score_expected_r"],
            "score_skill": of["score_skill"],
            "ambiguous": bool(of["ambiguous"]), "state": of["state"], "edited": bool(of["edited"]), "deleted": bool(of["deleted"]),
            "model": of["model"], "r": exact(of["p_r"]), "r_optimistic": exact(of["o_r"]),
        }


def spoiled(db, seq):
    """Makes one signal one that nobody understands, and all others as they were."""
    db.execute("UPDATE signals SET side = CASE WHEN seq % 3 THEN 'long' ELSE 'short' END WHERE side = 'sideways'")
    db.execute("UPDATE signals SET side = 'sideways' WHERE seq = ?", (seq,))
    db.commit()


TIMES = {"posted", "received", "expires_at"}
EXACT = {"entry_low", "entry_high", "stop", "leverage", "price_at_receipt", "r", "r_optimistic"}
WHOLE = {"seq", "breakeven_after", "held_at_most_s"}
REAL = {"score_first_target", "score_expected_r", "score_skill"}
FLAGS = {"substituted", "ambiguous", "edited", "deleted"}


def micros(at):
    return (at - EPOCH) // datetime.timedelta(microseconds=1)


def of_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            for name, cell in row.items():
                if cell == "":
                    row[name] = None
                elif name in TIMES:
                    row[name] = micros(datetime.datetime.fromisoformat(cell))
                elif name in EXACT:
                    row[name] = decimal.Decimal(cell)
                elif name in WHOLE:
                    row[name] = int(cell)
                elif name in REAL:
                    row[name] = float(cell)
                elif name in FLAGS:
                    row[name] = {"true": True, "false": False}[cell]
                else:
                    assert not cell.startswith(RISKY[:-1]), f"{cell!r} would be computed"
                    row[name] = cell[1:] if cell.startswith("'") else cell
            yield row


def of_json(path):
    with open(path, encoding="utf-8") as file:
        for row in json.load(file):
            for name, cell in row.items():
                if cell is not None and name in TIMES:
                    row[name] = micros(datetime.datetime.fromisoformat(cell))
                elif cell is not None and name in EXACT:
                    row[name] = decimal.Decimal(cell)
            yield row


def of_parquet(path):
    file = pyarrow.parquet.ParquetFile(path)
    for name in EXACT:
        assert str(file.schema_arrow.field(name).type) == "decimal128(38, 18)", name
    for batch in file.iter_batches():
        for row in batch.to_pylist():
            for name in TIMES:
                row[name] = row[name] and micros(row[name])
            yield row


def of_xlsx(path):
    sheet = openpyxl.load_workbook(path, read_only=True)["signals"]
    rows = sheet.iter_rows(values_only=True)
    names = next(rows)
    for cells in rows:
        row = dict(zip(names, cells))
        for name in TIMES:
            # To the millisecond: openpyxl rounds what a double holds.
            row[name] = micros(row[name].replace(tzinfo=UTC))
        for name in EXACT:
            row[name] = None if row[name] is None else decimal.Decimal(str(row[name]))
        yield row


READERS = {"csv": of_csv, "json": of_json, "parquet": of_parquet, "xlsx": of_xlsx}


def memory(server, what):
    with open(f"/proc/{server.process.pid}/status") as status:
        for line in status:
            if line.startswith(what):
                return int(line.split()[1]) / 1024


def fetch(server, path, to):
    """Fetches a file as it comes, and says how much of it there was; raises where it was broken off."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.request("GET", path)
    answer = connection.getresponse()
    assert answer.status == 200, (path, answer.status, answer.read())
    size = 0
    with open(to, "wb") as file:
        while piece := answer.read(1 << 16):
            file.write(piece)
            size += len(piece)
    return answer, size


def compared(form, file, db):
    count = 0
    have, want = READERS[form](file), wanted(db)
    for got, due in zip(have, want, strict=True):
        count += 1
        if form == "xlsx":
            for name in TIMES:
                assert abs(got[name] - due[name]) <= 1000, (name, got[name], due[name])
                got[name] = due[name]
        if got != due:
            differ = {name: (got.get(name), due.get(name)) for name in due | got if got.get(name, 0) != due.get(name, 0)}
            raise SystemExit(f"FAILED {form}, row {count}: {differ}")
    return count


def main(count):
    server = Server("1")
    os.environ.update(TOUCHSTONE__SIMULATOR__ENABLED="false")
    os.makedirs(os.path.join(server.home, "data"))
    run = lambda *words: subprocess.run([server.binary, *words], cwd=server.home, capture_output=True, text=True, check=False)
    try:
        said = run("migrate")
        assert said.returncode == 0, said.stderr
        db = made(os.path.join(server.home, "data", "touchstone.db"), count)
        server.start()
        for form in READERS:
            fetch(server, f"/v1/exports/signals?format={form}&to=2026-01-01T01:00:00Z", os.devnull)
        for form in READERS:
            with open(f"/proc/{server.process.pid}/clear_refs", "w") as clear:
                clear.write("5")
            before = memory(server, "VmRSS")
            begun = time.monotonic()
            file = os.path.join(server.home, f"signals.{form}")
            answer, size = fetch(server, f"/v1/exports/signals?format={form}", file)
            took, grown = time.monotonic() - begun, memory(server, "VmHWM") - before
            name = answer.getheader("Content-Disposition")
            assert name.startswith('attachment; filename="touchstone-signals-20') and name.endswith(f'.{form}"'), name
            rows = compared(form, file, db)
            assert rows == count, (form, rows)
            print(f"ok {form}: {rows} rows as they are stored, {size / 1e6:.1f} MB in {took:.1f} s, "
                  f"the server grew by {grown:.1f} MB from {before:.0f} MB")
            assert grown < ALLOWED_MB, f"FAILED the memory of {form} is not bounded"
        judged = count - count // 4
        outcomes = os.path.join(server.home, "outcomes.parquet")
        fetch(server, "/v1/exports/outcomes?format=parquet", outcomes)
        table = pyarrow.parquet.read_table(outcomes, columns=["r", "filled"])
        total = sum(decimal.Decimal(r) for r, in db.execute("SELECT p_r FROM outcomes"))
        assert table.num_rows == judged and sum(table["r"].to_pylist()) == total, (table.num_rows, judged)
        assert set(table["filled"].to_pylist()) == {decimal.Decimal("0.333333333333333333")}
        print(f"ok outcomes: {judged} rows, whose R sum to {total} as in the database")

        # Four that are not read hold the four turns; who goes away gives his back.
        def asked():
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            connection.request("GET", "/v1/exports/signals?format=json")
            return connection, connection.getresponse()

        if count >= 50_000:
            waiting = [asked() for _ in range(4)]
            assert {answer.status for _, answer in waiting} == {200}
            connection, answer = asked()
            assert answer.status == 429 and int(answer.getheader("Retry-After")) > 0, answer.status
            for connection, answer in waiting:
                answer.close()
                connection.close()
            for _ in range(100):
                connection, answer = asked()
                answer.close()
                connection.close()
                if answer.status == 200:
                    break
                time.sleep(0.1)
            else:
                raise SystemExit("FAILED those who went away keep their turns")
            print("ok four are written at once, and a client that goes away gives its turn back")

        # A row on the second page that nobody understands: the answer has to be broken off, not to end.
        spoiled(db, count - 700)
        for form in READERS:
            try:
                fetch(server, f"/v1/exports/signals?format={form}", os.devnull)
            except (http.client.IncompleteRead, ConnectionResetError):
                pass
            else:
                raise SystemExit(f"FAILED {form}: a file that is not whole ends like one that is")
        print("ok an answer that fails is broken off")
        spoiled(db, count)
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        connection.request("GET", "/v1/exports/signals")
        answer = connection.getresponse()
        assert answer.status >= 500 and json.load(answer)["code"], answer.status
        print("ok one that cannot begin is a problem")
        server.stop(signal.SIGTERM)

        # The command line, which needs the file to itself.
        for form in READERS:
            broken = os.path.join(server.home, f"broken.{form}")
            said = run("export", "signals", "--out", broken)
            assert said.returncode == 1 and "sideways" in said.stderr, said
            assert not os.path.exists(broken) and not os.path.exists(broken + ".unfinished")
        spoiled(db, 0)
        for form in READERS:
            file, beside = (os.path.join(server.home, f"{name}.{form}") for name in ("signals", "beside"))
            said = run("export", "signals", "--out", beside)
            assert said.returncode == 0 and f"{count} rows" in said.stdout, said
            if form != "xlsx":  # It tells when it was made.
                with open(file, "rb") as one, open(beside, "rb") as other:
                    assert one.read() == other.read(), f"FAILED {form}: the command line writes another file"
        print("ok the command line writes the same files, and leaves none where it fails")
    finally:
        server.stop()
        subprocess.run(["rm", "-rf", server.home], check=False)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
