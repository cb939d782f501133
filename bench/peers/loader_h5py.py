#!/usr/bin/env python3
"""The rows that bench/loader_bench.cpp times, read in the same kind of order through h5py.

    SWITCHYARD_BENCH_DATA=/tmp/loader build/release/bench/loader_bench
    python3 bench/peers/loader_h5py.py /tmp/loader 512 4096

Reads the row table once into memory; then, row by row in random order, every piece from its shard
into tokens and targets, and positions, as the loader makes them. Needs h5py and numpy.
"""

import json
import pathlib
import sys
import time

import h5py
import numpy


def open_shards(tokens):
    """The split's datasets in the order of its stream, and the first token of each."""
    manifest = json.loads((tokens / "manifest.json").read_text())
    names = manifest["splits"]["train"]["shards"]
    shards = [h5py.File(tokens / name, "r")["tokens"] for name in names]
    first = numpy.cumsum([0] + [shard.shape[0] for shard in shards])
    return shards, first, manifest["tokenizer"]["boundary"]


def read_rows(folder):
    """For each row its pieces: (start, length) pairs."""
    rows = []
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["splits"]["train"]["files"]:
        with h5py.File(folder / name, "r") as file:
            bounds, pieces = file["row_first_piece"][:], file["pieces"][:]
        rows += [pieces[begin:end] for begin, end in zip(bounds[:-1], bounds[1:])]
    return rows


def fill(row, shards, first, boundary, tokens, targets, positions):
    at = 0
    for start, length in row:
        shard = numpy.searchsorted(first, start, side="right") - 1
        begin = start - first[shard]
        text = shards[shard][begin : begin + length + 1]
        tokens[at : at + length] = text[:length]
        targets[at : at + len(text) - 1] = text[1:]
        if len(text) == length:
            targets[at + length - 1] = boundary
        positions[at : at + length] = numpy.arange(length)
        at += length
    tokens[at:] = boundary
    targets[at:] = -1
    positions[at:] = numpy.arange(len(tokens) - at)


def main():
    folder = pathlib.Path(sys.argv[1])
    dataset = folder / "dataset"
    shards, first, boundary = open_shards(dataset / "tokens")
    for length in map(int, sys.argv[2:] or ["512", "4096"]):
        rows = read_rows(next(dataset.glob(f"rows-{length}-*")))
        order = numpy.random.default_rng(1).permutation(len(rows))[: 20_000_000 // length]
        arrays = [numpy.empty(length, numpy.int32) for _ in range(3)]
        wall, cpu = time.perf_counter(), time.process_time()
        for row in order:
            fill(rows[row], shards, first, boundary, *arrays)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        count = len(order) * length
        print(
            f"h5py {h5py.__version__}, rows of {length}: {count / wall / 1e6:.1f} M tokens/s, "
            f"{count / cpu / 1e6:.1f} M tokens/s of CPU time"
        )


if __name__ == "__main__":
    main()
