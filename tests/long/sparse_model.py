#!/usr/bin/env python3
"""sparse_model.py TEMPLATE OUT BILLIONS: writes a model folder of BILLIONS of bf16 parameters that takes no room on the disk: its
file is a hole, which reads as zeros. What the template's manifest says of the model is copied; tensors have 64 million elements."""
import ctypes
import ctypes.util
import json
import os
import sys

chunk, rows, cols = 1 << 20, 8000, 8000
xxhash = ctypes.CDLL(ctypes.util.find_library("xxhash") or "libxxhash.so.0")


class Hash(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint64), ("high", ctypes.c_uint64)]


xxhash.XXH3_128bits.restype = Hash
xxhash.XXH3_128bits.argtypes = [ctypes.c_char_p, ctypes.c_size_t]


def digest(data):
    found = xxhash.XXH3_128bits(data, len(data))
    return f"{found.high:016x}{found.low:016x}"


template, out, billions = sys.argv[1], sys.argv[2], float(sys.argv[3])
with open(os.path.join(template, "manifest.json")) as file:
    manifest = json.load(file)
os.makedirs(out)
size = rows * cols * 2
hashes = [digest(bytes(chunk))] * (size // chunk) + ([digest(bytes(size % chunk))] if size % chunk else [])
tensors = int(billions * 1e9 / (rows * cols))
extents = [{"name": f"value/layer{i}.ffn.up", "dtype": "bf16", "shape": [rows, cols], "offset": i * size, "bytes": size,
            "chunk_bytes": chunk, "hashes": hashes} for i in range(tensors)]
with open(os.path.join(out, "rank-00000.h5"), "wb") as file:
    file.truncate(tensors * size)
small = [entry for entry in manifest["files"] if not entry["datasets"]]
for entry in small:
    with open(os.path.join(template, entry["name"]), "rb") as source, open(os.path.join(out, entry["name"]), "wb") as copy:
        copy.write(source.read())
manifest["files"] = [{"name": "rank-00000.h5", "bytes": tensors * size, "rest_hash": digest(b""), "datasets": extents}] + small
del manifest["hash"]
manifest["hash"] = digest(json.dumps(manifest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
with open(os.path.join(out, "manifest.json"), "w") as file:
    json.dump(manifest, file, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
