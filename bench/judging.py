#!/usr/bin/env python3
"""The simple case in vectorised Python, the baseline of bench-judging: in at the open of the next
candle, out at one stop or one target, the stop first where a candle touches both.

    judging.py FOLDER SIGNALS HELD_MICROSECONDS

FOLDER has NNN.candles and NNN.signals for each instrument. Prints the seconds that a core judged,
without reading files, and the most memory in MiB; writes one byte for each signal to `endings`.
No costs, no R, one bound: which level came first, and nothing else.
"""
import pathlib
import sys
import time

import numpy as np

folder, count, held = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
OPEN, STOPPED, WON, EXPIRED, NO_TRADE = range(5)
MINUTE = 60_000_000
candle = np.dtype([("at", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8")])
signal = np.dtype([("number", "<i8"), ("row", "<i8"), ("side", "<i8"), ("stop", "<f8"), ("target", "<f8")])
endings = np.zeros(count, dtype=np.uint8)
spent = 0.0


def judge(at, opens, tops, bottoms, row, stop, target):
    """One signal; prices are turned upside down for a short, so that up is always good."""
    if opens[row] <= stop or opens[row] >= target:
        return NO_TRADE
    ends = at[row] + MINUTE + held
    last = int(np.searchsorted(at, ends))
    # A window that grows: most signals are over long before the longest time.
    start, width = row, 512
    while start < last:
        stop_at = min(start + width, last)
        stopped = bottoms[start:stop_at] <= stop
        won = tops[start:stop_at] > target
        if start == row:
            won[0] = False  # a target in the candle of the entry waits for the next
        first_stop = int(stopped.argmax()) if stopped.any() else width
        first_won = int(won.argmax()) if won.any() else width
        if min(first_stop, first_won) < width:
            # The open comes first: a gap over the target wins before the stop below can be met.
            gap = first_stop == first_won and opens[start + first_won] > target
            return WON if first_won < first_stop or gap else STOPPED
        start, width = stop_at, width * 4
    if last == len(at):
        return OPEN
    if at[last] == ends:  # the candle that begins as time is up decides by its open alone
        if opens[last] <= stop:
            return STOPPED
        if opens[last] > target:
            return WON
    return EXPIRED


for path in sorted(folder.glob("*.candles")):
    candles = np.fromfile(path, candle)
    signals = np.fromfile(path.with_suffix(".signals"), signal)
    begun = time.process_time()
    at = np.ascontiguousarray(candles["at"])
    up = [np.ascontiguousarray(candles[name]) for name in ("open", "high", "low")]
    down = [-up[0], -up[2], -up[1]]
    for number, row, side, stop, target in signals.tolist():
        opens, tops, bottoms = up if side > 0 else down
        endings[number] = judge(at, opens, tops, bottoms, row, side * stop, side * target)
    spent += time.process_time() - begun
endings.tofile(folder / "endings")
status = pathlib.Path("/proc/self/status").read_text()
print(spent, int(status.split("VmHWM:")[1].split()[0]) // 1024)
