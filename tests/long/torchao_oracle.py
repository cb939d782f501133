#!/usr/bin/env python3
"""torchao_oracle.py MODEL CODES...: the codes of model folders that `model quantize` made of MODEL against those that torchao's
primitives, and for int8 its Int8WeightOnlyConfig, make of the same weights. A scale may differ by a rounding, and a code by one where the
quotient lies within a rounding of the middle between two, as that of each group's largest weight does."""
import json
import os
import sys

import numpy
import torch
from torchao.quantization import Int8WeightOnlyConfig, quantize_
from torchao.quantization.quant_primitives import MappingType, choose_qparams_affine, quantize_affine

types = {"f32": numpy.float32, "i8": numpy.int8, "u8": numpy.uint8}


def tensors(folder):
    found = {}
    with open(os.path.join(folder, "manifest.json")) as manifest:
        for file in json.load(manifest)["files"]:
            for extent in file["datasets"]:
                if extent["dtype"] in types:
                    data = numpy.fromfile(os.path.join(folder, file["name"]), types[extent["dtype"]],
                                          offset=extent["offset"], count=int(numpy.prod(extent["shape"])))
                    found[extent["name"]] = torch.from_numpy(data.reshape(extent["shape"]))
    return found


def unpacked(codes):  # two of four bits in a byte, the lower half first
    low, high = codes & 15, codes >> 4
    both = torch.stack((low, high), dim=-1).reshape(codes.shape[0], -1).to(torch.int16)
    return torch.where(both > 7, both - 16, both)


def compare(values, found, name):
    bits = 4 if found["code/" + name].dtype == torch.uint8 else 8
    weight, scale = values["value/" + name], found["scale/" + name]
    codes = unpacked(found["code/" + name]) if bits == 4 else found["code/" + name].to(torch.int16)
    group = weight.shape[1] // scale.shape[1]
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    eps = torch.finfo(torch.float32).eps
    their_scale, zero = choose_qparams_affine(weight, MappingType.SYMMETRIC, (1, group), torch.int8, low, high, eps, torch.float32)
    theirs = quantize_affine(weight, (1, group), their_scale, zero, torch.int8, low, high).to(torch.int16)
    assert ((scale - their_scale.reshape(scale.shape)).abs() <= 2e-7 * scale).all(), name
    if bits == 8 and scale.shape[1] == 1:
        layer = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=False)
        layer.weight = torch.nn.Parameter(weight)
        quantize_(layer, Int8WeightOnlyConfig())
        public = layer.weight.qdata if hasattr(layer.weight, "qdata") else layer.weight.tensor_impl.int_data
        assert (public.to(torch.int16) - codes).abs().max() <= 1, name
    other = theirs != codes
    quotient = (weight / scale.repeat_interleave(group, dim=1))[other]
    to_middle = ((quotient - quotient.floor()) - 0.5).abs()
    assert (theirs - codes).abs().max() <= 1 and (to_middle <= 1e-5).all(), (name, quotient, to_middle)
    return codes.numel(), int(other.sum())


values = tensors(sys.argv[1])
for folder in sys.argv[2:]:
    found = tensors(folder)
    counts = [compare(values, found, name[5:]) for name in found if name.startswith("code/")]
    assert counts, folder
    print(f"{folder}: of {sum(n for n, _ in counts)} codes of {len(counts)} matrices, {sum(n for _, n in counts)} lie beside torchao's")
