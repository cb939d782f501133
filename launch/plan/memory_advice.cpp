#include "launch/plan/memory_advice.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "launch/host/counted.h"
#include "runtime/comm/mesh.h"
#include "runtime/product/matmul.h"

namespace switchyard::plan {
namespace {

using Fits = std::function<bool(const RunShape&)>;

struct Change {
  RunShape shape;
  std::string words;
};

// Each list has changes of one kind, the smallest first.
using Changes = std::vector<Change>;

Changes fewer_ranks_per_node(const RunShape& shape) {
  Changes changes;
  for (int ranks = shape.ranks_per_node - 1; ranks > 0; --ranks) {
    if (shape.num_ranks % ranks != 0) continue;
    RunShape other = shape;
    other.ranks_per_node = ranks;
    changes.push_back({other, fmt::format("{} per node on {}", counted(ranks, "rank"),
                                          counted(shape.num_ranks / ranks, "node"))});
  }
  return changes;
}

// More ranks share the moments and the experts, as far as there are micro-batches for them.
Changes more_nodes(const RunShape& shape) {
  Changes changes;
  const std::int64_t most = shape.step_tokens / shape.micro_batch_tokens;
  const int nodes = std::max(1, shape.num_ranks / shape.ranks_per_node);
  for (int times = 2; std::int64_t{times} * shape.num_ranks <= most; times *= 2) {
    RunShape other = shape;
    other.num_ranks *= times;
    other.expert_degree = largest_divisor(other.num_ranks, shape.model.num_experts);
    std::string words = fmt::format("{} of {}", counted(nodes * times, "node"),
                                    counted(shape.ranks_per_node, "rank"));
    if (shape.num_moe_layers() > 0)
      words += fmt::format(" with parallel.experts = {}", other.expert_degree);
    changes.push_back({other, std::move(words)});
  }
  return changes;
}

Changes larger_degree(const RunShape& shape) {
  Changes changes;
  const int most = std::min(shape.num_ranks, shape.model.num_experts);
  for (int degree = shape.expert_degree + 1; degree <= most; ++degree) {
    if (shape.num_ranks % degree != 0) continue;
    RunShape other = shape;
    other.expert_degree = degree;
    changes.push_back({other, fmt::format("parallel.experts = {}", degree)});
  }
  return changes;
}

Changes recomputed_layers(const RunShape& shape) {
  if (shape.recompute_layers >= shape.model.num_layers) return {};
  RunShape other = shape;
  other.recompute_layers = shape.model.num_layers;
  return {{other, fmt::format("train.recompute_layers = {}", shape.model.num_layers)}};
}

Changes smaller_micro_batches(const RunShape& shape) {
  Changes changes;
  RunShape other = shape;
  while (other.micro_batch_tokens % (2 * shape.sequence_length) == 0 &&
         other.micro_batch_tokens / 2 % row_tile == 0) {
    other.micro_batch_tokens /= 2;
    changes.push_back({other, fmt::format("train.micro_batch_size = {}",
                                          other.micro_batch_tokens / shape.sequence_length)});
  }
  return changes;
}

Changes smaller_moments(const RunShape& shape) {
  if (shape.moment_bytes == 2) return {};
  RunShape other = shape;
  other.moment_bytes = 2;
  return {{other, "train.moments = \"bf16\""}};
}

// Settings of the run that can be combined, each at its smallest.
std::string all_together(const RunShape& shape, const Fits& fits) {
  RunShape other = shape;
  std::vector<std::string> words;
  for (const auto kind : {recomputed_layers, smaller_micro_batches, smaller_moments}) {
    const Changes changes = kind(other);
    if (changes.empty()) continue;
    other = changes.back().shape;
    words.push_back(changes.back().words);
  }
  for (const auto kind : {fewer_ranks_per_node, more_nodes}) {
    for (const Change& change : kind(other)) {
      if (!fits(change.shape)) continue;
      words.insert(words.begin(), change.words);
      return fmt::format("What makes it fit: {}, together", fmt::join(words, ", "));
    }
  }
  if (words.size() > 1 && fits(other))
    return fmt::format("What makes it fit: {}, together", fmt::join(words, ", "));
  return "No layout and no setting of the run makes it fit: use a smaller model, or more memory";
}

}  // namespace

std::string memory_advice(const RunShape& shape, const Fits& fits) {
  std::vector<std::string> words;
  for (const auto kind : {fewer_ranks_per_node, more_nodes, larger_degree, recomputed_layers,
                          smaller_micro_batches, smaller_moments}) {
    const Changes changes = kind(shape);
    const auto first = std::find_if(changes.begin(), changes.end(),
                                    [&](const Change& change) { return fits(change.shape); });
    if (first != changes.end()) words.push_back(first->words);
  }
  if (words.empty()) return all_together(shape, fits);
  return fmt::format("{}: {}",
                     words.size() == 1 ? "What makes it fit" : "Any of these makes it fit",
                     fmt::join(words, "; "));
}

}  // namespace switchyard::plan
