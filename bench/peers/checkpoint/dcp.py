#!/usr/bin/env python3
"""Seconds of torch.distributed.checkpoint on the tensors of bench/checkpoint_bench, in each of some rounds.

    torchrun --nproc_per_node=RANKS dcp.py save FOLDER MIB ROUNDS     "save", "stall" and "background" of async_save, "load"
    torchrun --nproc_per_node=RANKS dcp.py load FOLDER MIB ROUNDS     "reshard": every rank loads an even share of the tensors

Each saving rank owns MIB MiB of f32 tensors of 4 MiB, under names of its own. Times are the slowest rank's.
"""

import os
import shutil
import sys
import time

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp

ELEMENTS = 1 << 20


def timed(work):
    dist.barrier()
    begin = time.perf_counter()
    result = work()
    seconds = torch.tensor([time.perf_counter() - begin])
    dist.all_reduce(seconds, dist.ReduceOp.MAX)
    return seconds.item(), result


def empty(folder):
    """Nothing there, and the disk has nothing to do."""
    dist.barrier()
    if dist.get_rank() == 0:
        shutil.rmtree(folder, ignore_errors=True)
        os.sync()
    dist.barrier()


def report(times):
    if dist.get_rank() == 0:
        for arm, seconds in times.items():
            print(arm, f"{sorted(seconds)[(len(seconds) - 1) // 2]:.5f}", flush=True)


def save(folder, mib, rounds):
    rank = dist.get_rank()
    values = ((torch.arange(mib << 18) * 2654435761 + rank) & 0xFFFF).float()
    state = {f"value/of_rank{rank}.tensor{i}": part for i, part in enumerate(values.split(ELEMENTS))}
    target = {name: torch.ones_like(part) for name, part in state.items()}
    behind = dist.new_group(backend="gloo")  # async_save's thread has collectives of its own
    times = {"save": [], "stall": [], "background": [], "load": []}
    for _ in range(rounds):
        empty(folder)
        times["save"].append(timed(lambda: dcp.save(state, checkpoint_id=folder + "/sync"))[0])
        empty(folder)
        stall, future = timed(lambda: dcp.async_save(state, checkpoint_id=folder + "/async", process_group=behind))
        times["stall"].append(stall)
        times["background"].append(stall + timed(future.result)[0])
        times["load"].append(timed(lambda: dcp.load(target, checkpoint_id=folder + "/async"))[0])
    report(times)
    assert all(torch.equal(target[name], state[name]) for name in state)


def load(folder, mib, rounds):
    names = sorted(dcp.FileSystemReader(folder + "/async").read_metadata().state_dict_metadata)
    mine = names[dist.get_rank() :: dist.get_world_size()]
    target = {name: torch.ones(ELEMENTS) for name in mine}
    work = lambda: dcp.load(target, checkpoint_id=folder + "/async")
    report({"reshard": [timed(work)[0] for _ in range(rounds)]})


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
    dist.init_process_group("gloo")
    {"save": save, "load": load}[sys.argv[1]](sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    dist.destroy_process_group()
