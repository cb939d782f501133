"""h5py_test.py CHECKPOINT: h5py reads every dataset that the manifest names, with its type, shape and bytes in place."""
import json
import pathlib
import sys

import h5py

folder = pathlib.Path(sys.argv[1])
count = 0
for entry in json.loads((folder / "manifest.json").read_text())["files"]:
    raw = (folder / entry["name"]).read_bytes()
    with h5py.File(folder / entry["name"], "r") as file:
        for dataset in entry["datasets"]:
            values = file[dataset["name"]][()]
            assert list(values.shape) == dataset["shape"], dataset["name"]
            begin = dataset["offset"]
            if dataset["dtype"] == "bf16":  # numpy has none: h5py widens it
                values = (values.view("<u4") >> 16).astype("<u2")
            assert values.tobytes() == raw[begin : begin + dataset["bytes"]], dataset["name"]
            count += 1
assert count > 0
print(f"{count} datasets")
