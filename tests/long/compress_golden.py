#!/usr/bin/env python3
"""compress_golden.py: prints tests/golden/compress.json, what the authors' code of GPTQ (IST-DASLab/gptq, gptq.py), SparseGPT
(IST-DASLab/sparsegpt, sparsegpt.py) and Wanda (locuslab/wanda, lib/prune.py) does to one matrix, in f64, with scales and codes
in f32; and codes to nearest by compressed-tensors. Needs torch and compressed-tensors. Weights and inputs are drawn by a linear
congruence, which tests/train/compress/second_order_test.cpp has too."""
import json
import torch

rows, cols, samples, block = 6, 160, 400, 128
state = 7


def draw(count):
    global state
    values = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 2**24 - 0.5)
    return torch.tensor(values, dtype=torch.float64)


weights = draw(rows * cols).reshape(rows, cols)
inputs = draw(samples * cols).reshape(samples, cols)
for j in range(1, cols):  # neighbours depend on one another
    inputs[:, j] += 0.5 * inputs[:, j - 1]
inputs[:, 5] = 0  # an input that is always 0
hessian = inputs.T @ inputs


def scale_of(group, bits):  # Quantizer.find_params with sym
    largest = group.to(torch.float32).abs().amax(dim=1)
    return torch.clamp(largest / torch.tensor((2**bits - 1) / 2, dtype=torch.float32), min=torch.finfo(torch.float32).eps)


def code_of(w, scale, bits):
    return torch.clamp(torch.round(w.to(torch.float32) / scale), -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def prepared():
    h, w = hessian.clone(), weights.clone()
    dead = torch.diag(h) == 0
    h[dead, dead] = 1
    w[:, dead] = 0
    h += torch.eye(cols, dtype=torch.float64) * 0.01 * torch.mean(torch.diag(h))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(h))
    return w, torch.linalg.cholesky(inverse, upper=True)


def gptq(bits, group):
    w, hinv = prepared()
    codes, scales = torch.zeros(rows, cols), []
    scale = scale_of(weights, bits)
    if group == cols:
        scales.append(scale)
    for i1 in range(0, cols, block):
        i2 = min(i1 + block, cols)
        w1, err = w[:, i1:i2].clone(), torch.zeros(rows, i2 - i1, dtype=torch.float64)
        h1 = hinv[i1:i2, i1:i2]
        for i in range(i2 - i1):
            if group != cols and (i1 + i) % group == 0:
                scale = scale_of(w[:, i1 + i:i1 + i + group], bits)
                scales.append(scale)
            code = code_of(w1[:, i], scale, bits)
            codes[:, i1 + i] = code
            e = (w1[:, i] - (code * scale).to(torch.float64)) / h1[i, i]
            w1[:, i:] -= e.unsqueeze(1).matmul(h1[i, i:].unsqueeze(0))
            err[:, i] = e
        w[:, i2:] -= err.matmul(hinv[i1:i2, i2:])
    return {"codes": codes.int().flatten().tolist(), "scales": torch.stack(scales, 1).flatten().tolist()}


def sparse_gpt(sparsity, n=0, m=0):
    w, hinv = prepared()
    result = torch.zeros(rows, cols, dtype=torch.float64)
    for i1 in range(0, cols, block):
        i2 = min(i1 + block, cols)
        w1, err, q1 = w[:, i1:i2].clone(), torch.zeros(rows, i2 - i1, dtype=torch.float64), None
        h1 = hinv[i1:i2, i1:i2]
        if n == 0:
            tmp = w1**2 / torch.diag(h1).reshape((1, -1)) ** 2
            mask = tmp <= torch.sort(tmp.flatten())[0][int(tmp.numel() * sparsity)]
        else:
            mask = torch.zeros_like(w1) == 1
        for i in range(i2 - i1):
            if n != 0 and i % m == 0:
                tmp = w1[:, i:i + m] ** 2 / torch.diag(h1)[i:i + m].reshape((1, -1)) ** 2
                mask.scatter_(1, i + torch.topk(tmp, n, dim=1, largest=False)[1], True)
            q = w1[:, i].clone()
            q[mask[:, i]] = 0
            result[:, i1 + i] = q
            e = (w1[:, i] - q) / h1[i, i]
            w1[:, i:] -= e.unsqueeze(1).matmul(h1[i, i:].unsqueeze(0))
            err[:, i] = e
        w[:, i2:] -= err.matmul(hinv[i1:i2, i2:])
    return [round(x, 7) for x in result.flatten().tolist()]


def wanda(sparsity):
    metric = weights.abs() * torch.sqrt((inputs**2).mean(0).reshape((1, -1)))
    mask = torch.zeros_like(metric) == 1
    mask.scatter_(1, torch.sort(metric, dim=-1, stable=True)[1][:, :int(cols * sparsity)], True)
    return mask.int().flatten().tolist()


def nearest(bits, group):
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle.forward import quantize
    from compressed_tensors.quantization.utils import calculate_qparams
    w = weights.to(torch.float32)
    args = QuantizationArgs(num_bits=bits, type="int", symmetric=True, strategy="group", group_size=group)
    groups = w.reshape(rows, cols // group, group)
    scale, zero = calculate_qparams(groups.amin(dim=-1), groups.amax(dim=-1), args)
    codes = quantize(w, scale, zero, args, dtype=torch.int8)
    return {"codes": codes.int().flatten().tolist(), "scales": scale.flatten().tolist()}


print(json.dumps({
    "gptq8": gptq(8, cols), "gptq4": gptq(4, 32), "sparse_gpt": sparse_gpt(0.5), "sparse_gpt_2_4": sparse_gpt(0, 2, 4),
    "wanda": wanda(0.5), "nearest8": nearest(8, cols), "nearest4": nearest(4, 32)}))
