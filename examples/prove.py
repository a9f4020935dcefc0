#!/usr/bin/env python3
"""Hashes a Touchstone record again, without Touchstone: prove.py DATABASE

Reads the SQLite file (a backup is best) and makes every day's root, figures and hash from the rows themselves, as
docs/guide/proof.md says. It needs nothing but Python."""
import hashlib, json, sqlite3, sys
from decimal import Decimal

BOUND = "ending ending_k r filled targets entered_at ended_at mfe mae".split()
HASHED = {  # in the order in which they are hashed, each with its place, its key and its columns
    "events": ("events x", "x.seq", "CAST(x.seq AS TEXT)", "seq signal instrument type stored body".split()),
    "outcomes": ("outcomes x", "x.place", "x.signal", "signal model ambiguous incomplete".split() + [f"{b}_{name}" for b in "po" for name in BOUND] + ["policy"]),
    "predictions": ("predictions x JOIN signals s ON s.id = x.signal", "s.seq", "x.signal || '/' || x.model",
                    "signal model speaks targets first expected_r skill moved predicted".split()),
    "readings": ("readings x JOIN versions v USING (channel, key, version)", "v.place", "x.channel || '/' || x.key || '/' || x.version",
                 "channel key version parser class reason drafts claim_pair claim_percent".split()),
    "retrials": ("retrials x", "x.place", "x.signal || '/' || x.model || '/' || x.policy || '/' || x.revision",
                 "signal model policy revision tried source span path_from path_to ticks gaps missing ambiguous incomplete".split() + [f"{b}_{name}" for b in "po" for name in BOUND]),
    "signals": ("signals x", "x.seq", "x.id", ("id seq channel post origin instrument pair substituted side entry entry_low entry_high entry_rungs stop leverage "
                "breakeven_after posted received expires_at held_at_most price_at_receipt ambiguous score_model score_targets score_first score_expected_r score_skill score_moved").split()),
    "targets": ("targets x JOIN signals s ON s.id = x.signal", "s.seq", "x.signal || '/' || x.k", "signal k price weight".split()),
    "versions": ("versions x", "x.place", "x.channel || '/' || x.key || '/' || x.version",
                 "channel key version digest action author text media reply_to forwarded_from posted received origin".split()),
}

def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

def said(column, value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float):
        text = format(Decimal(repr(value)), "f")  # the shortest text that reads back, never with an exponent
        return text[:-2] if text.endswith(".0") else text
    return bool(value) if column in ("ambiguous", "incomplete", "substituted", "speaks") else value

def leaves(after, through):
    for record, (table, place, key, columns) in HASHED.items():
        wanted = ", ".join(f"x.{column} AS {column}" for column in columns)
        rows = db.execute(f"SELECT {wanted} FROM {table} WHERE {place} > ? AND {place} <= ? ORDER BY {place}, {key}", (after, through))
        for row in rows:
            cells = {column: said(column, value) for column, value in zip(columns, row) if value is not None}
            yield sha(b"\0", json.dumps({"record": record, **cells}, ensure_ascii=False, separators=(",", ":")).encode())

def root(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else sha()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1", root(leaves[:left]), root(leaves[left:]))

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
before, wrong = bytes(32), 0
for day, epoch, after, through, records, *hashes in db.execute("SELECT day, epoch, after, through, records, root, figures, previous, hash FROM seals ORDER BY day"):
    published = db.execute("SELECT channel, origin, model, rules, body FROM published WHERE day = ? ORDER BY channel, origin, model", (day,))
    lines = ["touchstone figures 1", *(cell for row in published for cell in row)]
    made = list(leaves(after, through))
    ours = [root(made), sha("".join(f"{line}\n" for line in lines).encode()), before]
    seal = ["touchstone seal 1", epoch, day // 86_400_000_000, after, through, len(made), *(each.hex() for each in ours)]
    ours.append(sha("".join(f"{line}\n" for line in seal).encode()))
    holds = ours == hashes and len(made) == records
    wrong += not holds
    print(f"{seal[2]}: {len(made)} records,", "holds" if holds else f"does not hold: {ours[-1].hex()} and not {hashes[-1].hex()}")
    before = hashes[-1]
sys.exit(wrong > 0)
