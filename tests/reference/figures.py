"""What independent libraries say of the same numbers. Writes figures.json beside this script;
domain/tests/figures.rs compares the platform's own figures with it.

    python3 -m venv .venv && .venv/bin/pip install scipy==1.17.1 statsmodels==0.15.0 quantstats==0.0.86
    .venv/bin/python tests/reference/figures.py
"""
import json
import pathlib

import numpy as np
import pandas as pd
import quantstats as qs
import scipy.linalg as linalg
import scipy.stats as st
import statsmodels.api as sm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

dice = np.random.default_rng(20261123)
DAY = 86_400


def trades(n, days, basket):
    """Baskets of trades of one hour that share most of their fate, over so many days."""
    out = []
    while len(out) < n:
        at = int(dice.integers(0, days * DAY))
        fate = dice.normal(0.05, 1.0)
        for _ in range(min(basket, n - len(out))):
            r = 0.8 * fate + 0.6 * dice.normal()
            out.append({"received": at, "ended": at + int(dice.integers(600, 7200)), "r": round(float(r), 6)})
    return sorted(out, key=lambda one: one["received"])


def blocked_means(sums, counts, draws=40_000):
    """The bootstrap over blocks, by scipy, on the ratio of sums to counts."""
    def ratio(a, b, axis):
        return a.sum(axis=axis) / b.sum(axis=axis)
    found = st.bootstrap((sums, counts), ratio, paired=True, vectorized=True, n_resamples=draws,
                         method="percentile", rng=np.random.default_rng(1))
    gains = int((found.bootstrap_distribution >= 0).sum())
    return found.standard_error, found.confidence_interval, (1 + gains) / (draws + 1)


def channel(n, days, basket):
    made = trades(n, days, basket)
    r = np.array([one["r"] for one in made])
    first = made[0]["received"]
    held = np.array([one["ended"] - one["received"] for one in made])
    length = max(DAY, float(np.percentile(held, 90)))
    group = np.array([int((one["received"] - first) // length) for one in made])
    fit = sm.OLS(r, np.ones(len(r))).fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": False, "df_correction": False})
    frame = pd.DataFrame({"g": group, "r": r}).groupby("g")["r"].agg(["sum", "count"])
    error, interval, of_gain = blocked_means(frame["sum"].to_numpy(), frame["count"].to_numpy(dtype=float))
    ends = pd.Series(r, index=pd.to_datetime([one["ended"] for one in made], unit="s", utc=True)).sort_index()
    days_r = ends.resample("D").sum()
    sums = ends.groupby(level=0).sum().cumsum()
    return {
        "trades": made,
        "mean": float(st.tmean(r)),
        "deviation": float(st.tstd(r)),
        "profit_factor": float(qs.stats.profit_factor(pd.Series(r))),
        "clustered_error": float(fit.bse[0]),
        "error": float(error),
        "low": float(interval.low),
        "high": float(interval.high),
        "p_of_gain": of_gain,
        "sharpe": float(qs.stats.sharpe(days_r, periods=1, annualize=False)),
        "sortino": float(qs.stats.sortino(days_r, periods=1, annualize=False)),
        "max_drawdown": fall(sums),
        "effective": min(float(len(r)), float(st.tvar(r) / error**2)),
    }


def fall(sums):
    """The deepest fall of a sum that begins at zero. The library knows falls of prices in shares of
    their height: of the exponential of a sum that is 1 - exp(-fall), to many digits where it is small."""
    heights = np.exp(np.concatenate([[0.0], sums]) / 100)
    prices = pd.Series(heights, index=pd.date_range("2026-01-01", periods=len(heights)))
    return float(-100 * np.log1p(qs.stats.max_drawdown(prices)))


def daily(n):
    """A trade a day, the last of which makes up for everything; how long the longest fall took."""
    r = [1.0, -1.0] + [round(float(x), 3) for x in dice.normal(0.05, 1.0, n)] + [1000.0]
    sums = np.cumsum(r)
    below = pd.Series(sums - np.maximum.accumulate(np.maximum(sums, 0.0)), index=pd.date_range("2026-01-01", periods=n + 3))
    return {"r": r, "under_water_days": int(qs.stats.drawdown_details(below)["days"].max())}


def stratified(days):
    """At least so many deleted losers, if each day's deletions fall on any of its signals: the sum of
    the days' hypergeometric numbers, exactly. A day is signals, lost, deleted, deleted losers."""
    chances = np.ones(1)
    for signals, lost, deleted, _ in days:
        chances = np.convolve(chances, st.hypergeom(signals, lost, deleted).pmf(np.arange(deleted + 1)))
    seen = sum(day[3] for day in days)
    return {"days": days, "greater": float(chances[seen:].sum())}


def ruin(risk, gain):
    """How often a fair walk that begins `risk` steps above its stop reaches its target `gain` steps
    above before: the fundamental equations of its chain, solved by scipy."""
    inner = risk + gain - 1
    bands = np.array([[0.0] + [-0.5] * (inner - 1), [1.0] * inner, [-0.5] * (inner - 1) + [0.0]])
    at_target = np.zeros(inner)
    at_target[-1] = 0.5
    return {"risk": risk, "gain": gain, "chance": float(linalg.solve_banded((1, 1), bands, at_target)[risk - 1])}


tables = [[[8, 2], [1, 5]], [[0, 5], [10, 3]], [[3, 3], [3, 3]], [[30, 5], [120, 200]], [[0, 0], [4, 4]]]
p_values = sorted(round(float(p), 6) for p in np.concatenate([dice.uniform(0, 0.02, 6), dice.uniform(0, 1, 34)]))
rates = [(0.5, 30.0), (0.0, 12.0), (1.0, 10.0), (0.498, 311.7), (0.62, 1988.0)]
answers = {
    "channels": [channel(120, 300, 1), channel(400, 200, 5), channel(35, 400, 2)],
    "wilson": [{"rate": rate, "n": n, "low": float(low), "high": float(high)}
               for rate, n in rates for low, high in [proportion_confint(rate * n, n, method="wilson")]],
    "fisher": [{"table": table,
                "greater": float(st.fisher_exact(table, "greater").pvalue),
                "two_sided": float(st.fisher_exact(table).pvalue)} for table in tables],
    "under_water": [daily(n) for n in (1, 40, 250)],
    "stratified": [stratified(days) for days in (
        [(8, 4, 2, 2), (6, 3, 1, 1), (9, 3, 3, 2)],
        [(8, 8, 8, 8), (8, 2, 0, 0), (8, 2, 2, 1)],
        [(20, 10, 5, 2), (12, 6, 4, 3)],
        [(10, 5, 4, 4), (10, 5, 4, 4), (10, 5, 3, 3)],
    )],
    "geometry": [ruin(risk, gain) for risk, gain in ((5, 5), (2, 7), (30, 1), (117, 340))],
    "discoveries": {"p": p_values, "q": 0.1, "found": [bool(x) for x in multipletests(p_values, 0.1, method="fdr_bh")[0]]},
}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(answers, indent=None, separators=(",", ":")) + "\n")
print(f"{target}: {target.stat().st_size} bytes")
