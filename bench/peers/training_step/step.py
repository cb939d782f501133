#!/usr/bin/env python3
"""Seconds of one training step of the model of bench/step_bench, in PyTorch.

    python3 step.py ARM f32|bf16 LAYERS SEQUENCES STEPS

ARM: mixtral          Hugging Face MixtralForCausalLM as it comes
     mixtral_grouped  the same with its grouped_mm experts
     sorted           written for speed: rows sorted by expert, one product per expert and weight, fused AdamW
     sorted_compiled  the same with torch.compile around everything but the experts' row counts

A step is forward, backward, gradient clipping and AdamW on SEQUENCES rows of 512 random tokens; f32 weights; bf16 by autocast.
Prints for each step after two that are not counted its seconds and its seconds of CPU time. Threads: OMP_NUM_THREADS.
"""

import sys
import time

import torch
from torch import nn
from torch.nn import functional

HIDDEN, HEADS, HEAD_DIM, EXPERTS, TOP_K, WIDTH, VOCABULARY, LENGTH = 512, 8, 64, 8, 2, 1024, 4096, 512


def mixtral(layers, experts):
    from transformers import MixtralConfig, MixtralForCausalLM

    config = MixtralConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN, intermediate_size=WIDTH, num_hidden_layers=layers, num_attention_heads=HEADS,
        num_key_value_heads=HEADS, head_dim=HEAD_DIM, num_local_experts=EXPERTS, num_experts_per_tok=TOP_K,
        tie_word_embeddings=True, use_cache=False, attn_implementation="sdpa", experts_implementation=experts)
    model = MixtralForCausalLM(config)
    return model, lambda tokens: model(input_ids=tokens, labels=tokens).loss


class Experts(nn.Module):
    def __init__(self, count=EXPERTS):
        super().__init__()
        self.gate_up = nn.Parameter(torch.randn(count, 2 * WIDTH, HIDDEN) * 0.02)
        self.down = nn.Parameter(torch.randn(count, HIDDEN, WIDTH) * 0.02)

    def forward(self, rows, counts):
        results = []
        for expert, part in enumerate(rows.split(counts)):
            gate, up = functional.linear(part, self.gate_up[expert]).chunk(2, dim=-1)
            results.append(functional.linear(functional.silu(gate) * up, self.down[expert]))
        return torch.cat(results)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norms = nn.ModuleList(nn.RMSNorm(HIDDEN, eps=1e-6) for _ in range(2))
        self.qk_norms = nn.ModuleList(nn.RMSNorm(HEAD_DIM, eps=1e-6) for _ in range(2))
        self.qkv = nn.Linear(HIDDEN, 3 * HIDDEN, bias=False)
        self.out = nn.Linear(HIDDEN, HIDDEN, bias=False)
        self.router = nn.Linear(HIDDEN, EXPERTS, bias=False)
        self.experts = Experts()

    def attend(self, x, cosine, sine):
        batch, length, _ = x.shape
        q, k, v = (part.view(batch, length, HEADS, HEAD_DIM).transpose(1, 2) for part in self.qkv(self.norms[0](x)).chunk(3, dim=-1))

        def turn(y):
            low, high = y.chunk(2, dim=-1)
            return torch.cat([low * cosine - high * sine, high * cosine + low * sine], dim=-1)

        q, k = turn(self.qk_norms[0](q)).to(v.dtype), turn(self.qk_norms[1](k)).to(v.dtype)
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return x + self.out(mixed.transpose(1, 2).reshape(batch, length, HIDDEN))

    def route(self, x):
        rows = self.norms[1](x).view(-1, HIDDEN)
        with torch.autocast("cpu", enabled=False):
            probability = functional.linear(rows.float(), self.router.weight).softmax(dim=-1)
        weight, expert = probability.topk(TOP_K, dim=-1)
        order = expert.flatten().argsort(stable=True)
        return rows[order // TOP_K], weight, order, expert.flatten().bincount(minlength=EXPERTS)

    @staticmethod
    def combine(x, results, weight, order):
        home = torch.empty_like(results).index_copy(0, order, results).view(-1, TOP_K, HIDDEN)
        return x + (home * weight.unsqueeze(-1)).sum(dim=1).view(x.shape)


class SortedModel(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, HIDDEN)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.blocks = nn.ModuleList(Block() for _ in range(layers))
        self.norm = nn.RMSNorm(HIDDEN, eps=1e-6)
        angles = torch.outer(torch.arange(LENGTH), 10000.0 ** (-torch.arange(0, HEAD_DIM, 2) / HEAD_DIM))
        self.register_buffer("cosine", angles.cos())
        self.register_buffer("sine", angles.sin())
        self.attend, self.route, self.combine, self.head = Block.attend, Block.route, Block.combine, self.loss_of

    def loss_of(self, x, tokens):
        logits = functional.linear(self.norm(x), self.embedding.weight)
        return functional.cross_entropy(logits.float().view(-1, VOCABULARY), tokens.view(-1))

    def compile_parts(self):
        self.attend, self.route, self.combine, self.head = (
            torch.compile(part) for part in (self.attend, self.route, self.combine, self.head))

    def forward(self, tokens):
        x = self.embedding(tokens)
        for block in self.blocks:
            x = self.attend(block, x, self.cosine, self.sine)
            rows, weight, order, counts = self.route(block, x)
            x = self.combine(x, block.experts(rows, counts.tolist()), weight, order)
        return self.head(x, tokens)


def model_of(arm, layers):
    if arm.startswith("mixtral"):
        return mixtral(layers, "grouped_mm" if arm == "mixtral_grouped" else "eager")
    model = SortedModel(layers)
    if arm == "sorted_compiled":
        model.compile_parts()
    return model, model


def main():
    arm, precision, layers, sequences, steps = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    torch.manual_seed(1)
    model, loss_of = model_of(arm, layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=0.1, fused=True)
    for step in range(steps + 2):
        tokens = torch.randint(VOCABULARY, (sequences, LENGTH))
        start, cpu_start = time.perf_counter(), time.process_time()
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            loss = loss_of(tokens)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if step >= 2:
            print(time.perf_counter() - start, time.process_time() - cpu_start, flush=True)


if __name__ == "__main__":
    main()
