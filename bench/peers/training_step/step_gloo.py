#!/usr/bin/env python3
"""Seconds of one training step of step.py's `sorted` model on several ranks, in PyTorch with gloo.

    torchrun --nproc_per_node=RANKS step_gloo.py f32|bf16 LAYERS SEQUENCES STEPS

Data parallel and expert parallel over the same ranks, as Switchyard's: each has SEQUENCES / RANKS rows of tokens and 8 / RANKS experts of
every layer; rows travel by all_to_all_single, gradients of what all ranks have by one all_reduce. Rank 0 prints for each step after two
that are not counted its seconds and the CPU seconds of all ranks.
"""

import sys
import time

import torch
import torch.distributed as dist
from torch import nn

from step import EXPERTS, LENGTH, VOCABULARY, Experts, SortedModel


class Exchange(torch.autograd.Function):
    @staticmethod
    def forward(ctx, rows, send, receive):
        ctx.send, ctx.receive = send, receive
        out = rows.new_empty(sum(receive), rows.shape[1])
        dist.all_to_all_single(out, rows.contiguous(), receive, send)
        return out

    @staticmethod
    def backward(ctx, d_out):
        d_rows = d_out.new_empty(sum(ctx.send), d_out.shape[1])
        dist.all_to_all_single(d_rows, d_out.contiguous(), ctx.send, ctx.receive)
        return d_rows, None, None


class ShardedExperts(nn.Module):
    """This rank's experts; rows come sorted by expert, and their results go back in the same order."""

    def __init__(self):
        super().__init__()
        self.mine = Experts(EXPERTS // dist.get_world_size())

    def forward(self, rows, counts):
        ranks = dist.get_world_size()
        sent = torch.tensor(counts).view(ranks, -1)
        received = torch.empty_like(sent)
        dist.all_to_all_single(received, sent)
        send, receive = sent.sum(dim=1).tolist(), received.sum(dim=1).tolist()
        parts = Exchange.apply(rows, send, receive).split(received.flatten().tolist())  # by rank, then expert
        here = EXPERTS // ranks
        by_expert = [parts[rank * here + expert] for expert in range(here) for rank in range(ranks)]
        results = self.mine(torch.cat(by_expert), received.sum(dim=0).tolist())
        results = results.split(received.t().flatten().tolist())  # by expert, then rank
        by_rank = [results[expert * ranks + rank] for rank in range(ranks) for expert in range(here)]
        return Exchange.apply(torch.cat(by_rank), receive, send)


def reduce_gradients(model, sharded):
    """Means over all ranks' tokens, clipped to a norm of 1 over all parameters."""
    ranks = dist.get_world_size()
    shared = [p.grad for p in model.parameters() if p not in sharded]
    flat = torch._utils._flatten_dense_tensors(shared)
    dist.all_reduce(flat)
    for gradient, sum_ in zip(shared, torch._utils._unflatten_dense_tensors(flat, shared)):
        gradient.copy_(sum_)
    mine = [p.grad for p in sharded]
    square = sum(gradient.square().sum() for gradient in mine)
    dist.all_reduce(square)
    norm = (square + flat.square().sum()).sqrt() / ranks
    for gradient in shared + mine:
        gradient.mul_(torch.clamp(1.0 / norm, max=1.0) / ranks)


def main():
    precision, layers, sequences, steps = sys.argv[1], *map(int, sys.argv[2:5])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    torch.manual_seed(1)
    model = SortedModel(layers)
    for block in model.blocks:
        block.experts = ShardedExperts()
    sharded = {p for block in model.blocks for p in block.experts.parameters()}
    torch.manual_seed(2 + dist.get_rank())
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1, fused=True)
    for step in range(steps + 2):
        tokens = torch.randint(VOCABULARY, (sequences // dist.get_world_size(), LENGTH))
        dist.barrier()
        start, cpu_start = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = model(tokens)
        loss.backward()
        reduce_gradients(model, sharded)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        cpu = torch.tensor([time.process_time() - cpu_start])
        dist.all_reduce(cpu)
        if step >= 2 and dist.get_rank() == 0:
            print(time.perf_counter() - start, cpu.item(), flush=True)
    dist.destroy_process_group()


main()
