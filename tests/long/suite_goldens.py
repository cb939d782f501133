"""Prints tests/launch/suites/goldens.json: what scipy 1.18, numpy and rouge-score 0.1.2 say of the same numbers.

    python tests/long/suite_goldens.py >tests/launch/suites/goldens.json

torchmetrics 1.9.0 (multiclass_calibration_error, 15 bins, l1, in f32) gives 0.1226116 for the calibration error.
"""
import json
import random

import numpy as np
from rouge_score import rouge_scorer
from scipy import stats
from scipy.optimize import minimize_scalar

random.seed(7)
rng = np.random.default_rng(7)
out = {}

drawn = rng.uniform(0.05, 0.999, 200).round(6)
right = (rng.uniform(size=200) < drawn**1.3).astype(int)
confidence = np.maximum(drawn, 0.34)
out["confidence"] = confidence.tolist()
out["right"] = right.tolist()
parts = np.array_split(np.argsort(confidence, kind="stable"), 15)
out["ece_equal_counts"] = sum(abs(right[part].sum() - confidence[part].sum()) for part in parts) / 200
out["brier"] = np.mean((confidence - right) ** 2)

inside = rng.normal(size=40).round(1)
outside = rng.normal(0.7, size=30).round(1)
out["inside"], out["outside"] = inside.tolist(), outside.tolist()
out["auroc"] = stats.mannwhitneyu(outside, inside).statistic / (40 * 30)

out["wilson"] = []
for successes, cases in [(14, 20), (70, 100), (0, 7), (9, 9), (1, 3)]:
    interval = stats.binomtest(successes, cases).proportion_ci(method="wilson")
    out["wilson"].append([successes, cases, interval.low, interval.high])

questions = []
for _ in range(300):
    logs = rng.normal(size=4) * 3
    share = np.exp(logs / 2 - np.max(logs / 2))
    share /= share.sum()
    questions.append((logs.round(5).tolist(), int(rng.choice(4, p=share))))
questions = questions[:60]


def loss(temperature):
    return float(np.mean([np.log(np.exp(np.array(logs) / temperature).sum()) - logs[answer] / temperature
                          for logs, answer in questions]))


out["questions"] = questions
out["temperature"] = minimize_scalar(loss, bounds=(0.2, 10), method="bounded", options={"xatol": 1e-10}).x

scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=False)
words = ("the a of to fix new release upstream bug crash file library, version. Update! debian build-depends (closes: #12) "
         "naïve x86_64 it's").split()
out["rouge"] = []
for _ in range(50):
    text, reference = (" ".join(random.choice(words) for _ in range(random.randint(1, 30))) for _ in range(2))
    scores = scorer.score(reference, text)
    out["rouge"].append([text, reference] + [scores[kind].fmeasure for kind in ("rouge1", "rouge2", "rougeL")])

bins = np.zeros((15, 2))
for chance, is_right in zip(confidence, right):
    bins[min(14, int(chance * 15))] += chance, is_right
out["ece"] = np.abs(bins[:, 0] - bins[:, 1]).sum() / 200

lines = (f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}" for name, value in out.items())
print("{\n" + ",\n".join(lines) + "\n}")
