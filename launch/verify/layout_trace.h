// LayoutTrace: what the steps of a run computed on one layout, as hashes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/state/step_hashes.h"

namespace switchyard {

struct LayoutTrace {
  std::string layout;  // VerifiedLayout::name()
  std::vector<std::vector<TensorHash>> steps;
  std::vector<std::string> problems;  // of each step: replicas that differ; empty if none do
  double seconds = 0.0;               // of the steps, without their hashes
  double hash_seconds = 0.0;
};

// The first place where the bits of two traces part.
struct TraceDifference {
  std::size_t step = 0;
  StepPart part{};
  std::vector<std::string> tensors;  // of this part of the step, those that differ, in order
};
std::optional<TraceDifference> first_difference(const LayoutTrace& a, const LayoutTrace& b);

// Files of JSON, to compare what other builds or machines compute. Errors: Exit::data for a file
// that is no trace, Exit::storage.
void write_traces(const std::vector<LayoutTrace>& traces, const std::filesystem::path& file);
std::vector<LayoutTrace> read_traces(const std::filesystem::path& file);

}  // namespace switchyard
