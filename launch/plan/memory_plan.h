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
};

// "values", "gradients", "moments", "product scratch", "activations", "exchange window",
// "checkpoint copy", "parity on its way", "program". program_bytes: what a process needs besides
// the other kinds.
std::vector<MemoryKind> memory_plan(const RunShape& shape, std::int64_t program_bytes);
std::int64_t total_bytes(const std::vector<MemoryKind>& kinds);

// Returns what is wrong and what to do if the ranks of a node need more than `node_bytes`;
// std::nullopt if they fit.
std::optional<std::string> memory_problem(const RunShape& shape, std::int64_t program_bytes,
                                          std::int64_t node_bytes);

}  // namespace switchyard::plan
