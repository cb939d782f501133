"""Fits a Chinchilla law to noisy runs with SciPy, for tests/launch/scaling/fit_test.cpp.

    python scaling_golden.py tests/golden/scaling      # needs numpy and scipy

Writes runs.csv, 24 runs of a hidden law with noise, and scipy.json: the constants of the lowest sum of Huber losses (delta 1e-3) of ln L
that BFGS finds from a grid of starts, as Hoffmann et al. (arXiv:2203.15556) fit, polished by Nelder-Mead.
"""
import itertools
import json
import sys

import numpy as np
from scipy.optimize import minimize
from scipy.special import huber, logsumexp

folder = sys.argv[1]
rng = np.random.default_rng(5)
runs = [(n, n * ratio) for n in (1e7, 3e7, 1e8, 3e8, 1e9, 3e9) for ratio in (5, 15, 40, 120)]
n, d = np.array(runs).T
hidden = 1.8 + 420 / n**0.34 + 1100 / d**0.33
loss = np.round(hidden * np.exp(rng.normal(0, 0.004, len(n))), 6)
loss[7] *= 1.05  # one run went wrong
loss = np.round(loss, 6)
with open(f"{folder}/runs.csv", "w") as file:
    file.write("parameters,tokens,loss\n")
    for row in zip(n, d, loss):
        file.write("%.17g,%.17g,%.17g\n" % row)


def objective(p):
    log_a, alpha, log_b, beta, log_e = p
    terms = np.stack([log_a - alpha * np.log(n), log_b - beta * np.log(d), np.full_like(n, log_e)])
    return huber(1e-3, logsumexp(terms, axis=0) - np.log(loss)).sum()


best = None
for start in itertools.product((0, 5, 10), (0.1, 0.4, 0.8), (0, 5, 10), (0.1, 0.4, 0.8), (-0.5, 0.5)):
    found = minimize(objective, start, method="BFGS", options={"gtol": 1e-9})
    if best is None or found.fun < best.fun:
        best = found
for _ in range(20):  # BFGS stops early at the corners of a nearly absolute loss
    best = minimize(objective, best.x, method="Nelder-Mead", options={"xatol": 1e-11, "fatol": 1e-16, "maxiter": 20000, "maxfev": 20000})
log_a, alpha, log_b, beta, log_e = best.x
constants = {"a": np.exp(log_a), "alpha": -alpha, "b": np.exp(log_b), "beta": -beta, "c": np.exp(log_e)}
with open(f"{folder}/scipy.json", "w") as file:
    json.dump({"objective": best.fun, "constants": constants}, file, indent=1)
    file.write("\n")
