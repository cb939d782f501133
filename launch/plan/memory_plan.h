// Computes before a run how many bytes each rank needs, by kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "launch/plan/run_shape.h"

namespace switchyard::plan {

struct MemoryKind {
  std::string name;
  std::int64_t bytes = 0;  // of the rank that needs the most
  bool on_gpu = false;     // with run.device = "cuda"
};

// "values", "rounded values", "gradients", "moments", "product scratch", "matrix updates", "decoded
// weights", "masked weights", "outer steps", "island exchange", "activations", "rounding scratch",
// "GPU libraries", "exchange window", "guests", "checkpoint copy", "parity on its way", "program".
// program_bytes: what a process needs besides the other kinds.
std::vector<MemoryKind> memory_plan(const RunShape& shape, std::int64_t program_bytes);
std::int64_t total_bytes(const std::vector<MemoryKind>& kinds);
std::int64_t gpu_bytes(const std::vector<MemoryKind>& kinds);   // of a rank, without CUDA's own
std::int64_t host_bytes(const std::vector<MemoryKind>& kinds);  // all of it without a GPU

// Return what is wrong and what would make it fit if the ranks of a node need more than
// `node_bytes` of its memory, or those that share a GPU more than `bytes` of the GPU's;
// std::nullopt if they fit.
std::optional<std::string> memory_problem(const RunShape& shape, std::int64_t program_bytes,
                                          std::int64_t node_bytes);
std::optional<std::string> gpu_memory_problem(const RunShape& shape, int ranks_per_gpu,
                                              std::int64_t bytes);

}  // namespace switchyard::plan
