#!/usr/bin/env python3
"""mergekit_oracle.py BASE ONE TWO: merges the folders by mergekit into merged-METHOD, and writes METHOD.toml, the same for `model make`.
mergekit_oracle.py compare METHOD...: the largest difference of any value in merged-METHOD and ours-METHOD must be at most 1e-6."""
import json
import sys

weights, density = (1.0, 0.5), 0.3
toml = {"linear": 'method = "average"', "task_arithmetic": 'method = "task_arithmetic"\nbase = "{base}"',
        "ties": f'method = "ties"\nover = "tensor"\ndensity = {density}\nbase = "{{base}}"'}


def merge(base, models):
    from mergekit.config import MergeConfiguration
    from mergekit.merge import MergeOptions, run_merge
    for method, head in toml.items():
        def parameters(weight):
            return {"weight": weight, "density": density} if method == "ties" else {"weight": weight}
        config = {"merge_method": method, "dtype": "float32", "parameters": {"normalize": method != "task_arithmetic"},
                  "models": [{"model": m, "parameters": parameters(w)} for m, w in zip(models, weights)]}
        if method != "linear":
            config["base_model"] = base
        run_merge(MergeConfiguration.model_validate(config), out_path=f"merged-{method}",
                  options=MergeOptions(copy_tokenizer=False, write_model_card=False))
        with open(f"{method}.toml", "w") as file:
            file.write(head.format(base=base) + "".join(f'\n[[input]]\npath = "{m}"\nweight = {w}' for m, w in zip(models, weights)) + "\n")


def tensors(folder):
    import glob
    from safetensors.numpy import load_file
    found = {}
    for path in glob.glob(f"{folder}/*.safetensors"):
        found.update(load_file(path))
    return found


def compare(methods):
    import numpy
    worst = {}
    for method in methods:
        ours, theirs = tensors(f"ours-{method}"), tensors(f"merged-{method}")
        assert ours.keys() == theirs.keys(), sorted(ours.keys() ^ theirs.keys())
        worst[method] = max(float(numpy.abs(ours[name] - theirs[name]).max()) for name in ours)
    print(json.dumps(worst))
    return all(difference <= 1e-6 for difference in worst.values())


if sys.argv[1] == "compare":
    sys.exit(0 if compare(sys.argv[2:]) else 1)
merge(sys.argv[1], sys.argv[2:4])
