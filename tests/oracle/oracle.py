"""oracle.py DUMP_MODEL CASE [--notices]: Switchyard's losses and every gradient against PyTorch's.

DUMP_MODEL runs one step of a small model in f32; reference.py computes the same step in f64, with
the gradients of autograd. --notices: shows also that no wrong or missing result passes.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch

from reference import Reference

TOLERANCE = 1e-4  # of the largest error, and of the error's norm, each relative to the reference's
NEAR_TIE = 1e-4   # f32 and f64 may choose other experts where logits are closer than this


def read(path, dtype, shape):
    return torch.from_numpy(numpy.fromfile(path, dtype).reshape(shape))


def run_program(dump_model, case):
    """The config, the weights, [tokens, targets, positions] and the losses and gradients."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([dump_model, case, name], check=True)
        step = json.loads((folder / "step.json").read_text())
        results = {key: torch.tensor(value) for key, value in step["losses"].items()}
        weights = {}
        for parameter in step["parameters"]:
            key, shape = parameter["name"], parameter["shape"]
            weights[key] = read(folder / f"{key}.value.f32", numpy.float32, shape).double()
            results[key] = read(folder / f"{key}.gradient.f32", numpy.float32, shape).double()
        tokens = [read(folder / f"{part}.i32", numpy.int32, step["tokens_shape"]).long()
                  for part in ("tokens", "targets", "positions")]
    return step["config"], weights, tokens, results


def run_reference(config, weights, tokens):
    for weight in weights.values():
        weight.requires_grad_()
    model = Reference(config, weights)
    results = model.step(*tokens)
    if model.narrowest_choice <= NEAR_TIE:
        sys.exit(f"two experts' logits are {model.narrowest_choice:.1e} apart: take another seed")
    used = {name: weight for name, weight in weights.items() if weight.grad is not None}
    results.update({name: weight.grad for name, weight in used.items()})
    return results


def errors(result, expected):
    """The largest error and the norm of all, relative to the reference's; NaN for a NaN."""
    difference = result - expected
    largest, norm = expected.abs().max(), expected.norm()
    if largest == 0:
        return difference.abs().max().item(), difference.norm().item()
    return (difference.abs().max() / largest).item(), (difference.norm() / norm).item()


def compare(results, reference, show=lambda line: None):
    """The names that do not agree, or that only one of the two has."""
    misses = []
    show(f"{'':28} {'shape':>10} {'largest':>9} {'max error':>9} {'norm error':>10}")
    for name in {**results, **reference}:
        if name not in results or name not in reference:
            show(f"{name:28} not in the {'reference' if name in results else 'program'}   MISS")
            misses.append(name)
            continue
        expected = reference[name]
        max_error, norm_error = errors(results[name], expected)
        agrees = max_error <= TOLERANCE and norm_error <= TOLERANCE
        notes = "" if agrees else "   MISS"
        if not expected.any():
            notes += "   all zero"
        show(f"{name:28} {'x'.join(map(str, expected.shape)):>10} {expected.abs().max():9.2e} "
             f"{max_error:9.1e} {norm_error:10.1e}{notes}")
        if not agrees:
            misses.append(name)
    return misses


def unnoticed(results, reference):
    """The changes of one result, by 1 %, to NaN or to nothing, that compare() lets pass."""
    passed = []
    for name, result in results.items():
        one_wrong = torch.where(result.abs() == result.abs().max(), 1.01 * result, result)
        for change, changed in [("1 % of all elements", {name: 1.01 * result}),
                                ("1 % of its largest element", {name: one_wrong}),
                                ("NaN", {name: result * torch.nan}),
                                ("missing", {})]:
            if compare(changed, {name: reference[name]}) != [name]:
                passed.append(f"{name}: {change}")
        if compare({name: result}, {}) != [name]:
            passed.append(f"{name}: not in the reference")
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dump_model")
    parser.add_argument("case")
    parser.add_argument("--notices", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)

    config, weights, tokens, results = run_program(options.dump_model, options.case)
    reference = run_reference(config, weights, tokens)
    misses = compare(results, reference, print)
    zeros = [name for name, expected in reference.items() if not expected.any()]
    print(f"{options.case}: {len(reference)} compared, {len(misses)} missed, all zero: "
          f"{', '.join(zeros) or 'none'}")
    if misses:
        sys.exit("missed: " + ", ".join(misses))
    if options.notices:
        passed = unnoticed(results, reference)
        print(f"{5 * len(results)} wrong results tried, {len(passed)} passed")
        if passed:
            sys.exit("passed unnoticed: " + ", ".join(passed))


if __name__ == "__main__":
    main()
