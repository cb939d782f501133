"""Prints tests/reference/ignore_index_golden.h: the loss of answers alone as PyTorch computes it, in double precision.

    python ignore_index_golden.py > tests/reference/ignore_index_golden.h
"""
import torch

torch.manual_seed(3)
logits = torch.randn(6, 5).float()
targets = torch.tensor([-1, -1, 3, 0, 4, -1])  # a prompt, an answer, the end of a row
exact = logits.double().requires_grad_()
loss = torch.nn.functional.cross_entropy(exact, targets, ignore_index=-1)
loss.backward()


def numbers(tensor, form):
    return ", ".join(form % x for x in tensor.flatten().tolist())


print(f"""// Written by tests/long/ignore_index_golden.py with PyTorch {torch.__version__.split("+")[0]}.
#pragma once

#include <cstdint>
#include <vector>

namespace switchyard::reference::ignore_index {{

inline const std::vector<float> logits = {{{numbers(logits, "%.9gF")}}};  // [6, 5]
inline const std::vector<std::int32_t> targets = {{{numbers(targets, "%d")}}};
inline constexpr double loss = {loss.item():.17g};  // the mean over rows with a target
inline const std::vector<double> gradient = {{{numbers(exact.grad, "%.17g")}}};

}}  // namespace switchyard::reference::ignore_index""")
