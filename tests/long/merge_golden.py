#!/usr/bin/env python3
"""merge_golden.py: prints tests/golden/merge.json, numbers of merging by the authors' own formulas in numpy, in f32 as they
compute. TIES over a model is the code of prateeky2806/ties-merging (topk_values_mask, resolve_sign, disjoint_merge "dis-mean");
over a tensor that of mergekit (sparsify.magnitude, get_mask "sum", normalize)."""
import json
import numpy as np

random = np.random.default_rng(20)
sizes, k = [24, 40], 3
base = [random.standard_normal(n).astype(np.float32) for n in sizes]
models = [[(b + 0.1 * random.standard_normal(b.size)).astype(np.float32) for b in base] for _ in range(k)]
weights, scale, density = [1.0, 0.5, 2.0], 0.7, 0.3


def flat(tensors):
    return np.concatenate(tensors)


def split(vector):
    return np.split(vector, np.cumsum(sizes)[:-1])


def ties_of_authors():
    vectors = np.stack([flat(m) - flat(base) for m in models])
    n = vectors.shape[1]
    kth = np.sort(np.abs(vectors), axis=1)[:, n - int(n * density) - 1]  # torch.kthvalue counts from 1
    trimmed = np.where(np.abs(vectors) >= kth[:, None], vectors, np.float32(0))
    sign = np.sign(trimmed.sum(axis=0))
    majority = np.sign(sign.sum())
    sign[sign == 0] = majority
    selected = np.where(np.where(sign > 0, trimmed > 0, trimmed < 0), trimmed, np.float32(0))
    counts = np.maximum((selected != 0).sum(axis=0), 1)
    return split(flat(base) + np.float32(scale) * selected.sum(axis=0) / counts)


def ties_of_mergekit(normalize):
    merged = []
    for i, b in enumerate(base):
        deltas = np.stack([m[i] - b for m in models])
        for delta in deltas:
            smallest = np.argsort(np.abs(delta), kind="stable")[: delta.size - int(density * delta.size)]
            delta[smallest] = 0
        w = np.array(weights, np.float32)[:, None]
        weighted = deltas * w
        majority = np.where(weighted.sum(axis=0) >= 0, 1, -1)
        mask = np.sign(weighted) == majority
        mixed = (weighted * mask).sum(axis=0)
        if normalize:
            divisor = (w * mask).sum(axis=0)
            divisor[divisor == 0] = 1
            mixed /= divisor
        merged.append(b + np.float32(scale) * mixed)
    return merged


def task_arithmetic():
    return [b + sum(np.float32(scale * w) * (m[i] - b) for w, m in zip(weights, models)) for i, b in enumerate(base)]


def average():
    return [sum(np.float32(w) * m[i] for w, m in zip(weights, models)) / np.float32(sum(weights)) for i in range(len(sizes))]


def numbers(tensors):
    return [[float(x) for x in tensor] for tensor in tensors]


print(json.dumps({"weights": weights, "scale": scale, "density": density, "base": numbers(base), "models": [numbers(m) for m in models],
                  "ties_over_model": numbers(ties_of_authors()), "ties_over_tensor": numbers(ties_of_mergekit(True)),
                  "ties_of_sums": numbers(ties_of_mergekit(False)), "task_arithmetic": numbers(task_arithmetic()),
                  "average": numbers(average())}))
