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
    return found.standard_error, found.confidence_interval


def channel(n, days, basket):
    made = trades(n, days, basket)
    r = np.array([one["r"] for one in made])
    first = made[0]["received"]
    held = np.array([one["ended"] - one["received"] for one in made])
    length = max(DAY, float(np.percentile(held, 90)))
    group = np.array([int((one["received"] - first) // length) for one in made])
    fit = sm.OLS(r, np.ones(len(r))).fit(cov_type="cluster", cov_kwds={"groups": group, "use_correction": False, "df_correction": False})
    frame = pd.DataFrame({"g": group, "r": r}).groupby("g")["r"].agg(["sum", "count"])
    error, interval = blocked_means(frame["sum"].to_numpy(), frame["count"].to_numpy(dtype=float))
    ends = pd.Series(r, index=pd.to_datetime([one["ended"] for one in made], unit="s", utc=True)).sort_index()
    days_r = ends.resample("D").sum()
    sums = ends.groupby(level=0).sum().cumsum()
    # Sums of R are no returns: the fall of a sum is its own maximum before, from zero.
    fall = float((np.maximum.accumulate(np.concatenate([[0.0], sums])) - np.concatenate([[0.0], sums])).max())
    return {
        "trades": made,
        "mean": float(st.tmean(r)),
        "deviation": float(st.tstd(r)),
        "profit_factor": float(qs.stats.profit_factor(pd.Series(r))),
        "clustered_error": float(fit.bse[0]),
        "error": float(error),
        "low": float(interval.low),
        "high": float(interval.high),
        "sharpe": float(qs.stats.sharpe(days_r, periods=1, annualize=False)),
        "sortino": float(qs.stats.sortino(days_r, periods=1, annualize=False)),
        "max_drawdown": fall,
    }


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
    "discoveries": {"p": p_values, "q": 0.1, "found": [bool(x) for x in multipletests(p_values, 0.1, method="fdr_bh")[0]]},
}
target = pathlib.Path(__file__).with_suffix(".json")
target.write_text(json.dumps(answers, indent=None, separators=(",", ":")) + "\n")
print(f"{target}: {target.stat().st_size} bytes")
