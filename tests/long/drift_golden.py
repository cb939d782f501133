#!/usr/bin/env python3
"""drift_golden.py: prints tests/golden/drift.json: statistics of drift by other people's code. KS is scipy.stats.ks_2samp, PSI and
CUSUM are formulas in numpy."""
import json
import numpy as np
from scipy.stats import ks_2samp

random = np.random.default_rng(21)


def psi(p, q):
    return float(np.sum((q - p) * np.log(q / p)))


def cusum(values, slack):
    up = down = 0.0
    highest = []
    for value in values:
        up, down = max(0.0, up + value - slack), max(0.0, down - value - slack)
        highest.append(max(up, down))
    return highest


def sample(size, shift, digits):
    return np.round(random.normal(shift, 1.0, size), digits).tolist()


ks = []
for sizes, shift, digits in [((10, 10), 0.0, 9), ((50, 7), 0.5, 9), ((200, 300), 0.1, 1), ((1, 5), 2.0, 9), ((40, 40), 0.0, 0)]:
    a, b = sample(sizes[0], 0.0, digits), sample(sizes[1], shift, digits)
    ks.append({"a": a, "b": b, "statistic": float(ks_2samp(a, b).statistic)})
psis = [{"p": [0.5, 0.5], "q": [0.6, 0.4], "psi": psi(np.array([0.5, 0.5]), np.array([0.6, 0.4]))}]
for bins in (3, 20):
    p, q = random.dirichlet(np.ones(bins)), random.dirichlet(np.ones(bins))
    psis.append({"p": p.tolist(), "q": q.tolist(), "psi": psi(p, q)})
values = sample(30, 0.4, 6)
print(json.dumps({"ks": ks, "psi": psis, "cusum": {"values": values, "slack": 0.5, "highest": cusum(values, 0.5)}}))
