// RecordedTrace: the experts that another program's router chose, as a workload of the routing
// benchmark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "launch/bench/recorded/recorded_routing.h"

namespace switchyard::bench {

// The choices of every layer for the same tokens. A dropped choice is negative.
struct TraceChoices {
  int top_k = 0;
  std::vector<std::vector<std::int32_t>> layers;  // each [tokens, k]
};

// Reads one of these, as its name ends:
//   .npy: an array of integers [tokens, layers, k], or [tokens, k] of one layer, in C order;
//   .jsonl: lines of {"experts": ...} with [tokens, layers, k] of a request or [layers, k] of a
//     token, or of {"layer": L, "experts": ...} with [tokens, k] or [k]. "routed_experts" and
//     "topk_ids" are other names of "experts".
// A layer that holds nothing but zeros, with k above 1, is a dense one and left out. Errors:
// Exit::data, with the file and the line or token, for anything else: a layer with other
// tokens than the first, choices that differ in number, an expert chosen twice.
TraceChoices read_trace(const std::filesystem::path& path);

class RecordedTrace : public RecordedRouting {
 public:
  RecordedTrace(TraceChoices choices, std::string name)
      : choices_(std::move(choices)), name_(std::move(name)) {}
  std::int64_t tokens() const override { return 0; }
  int top_k() const override { return choices_.top_k; }

  // A piece is `tokens` tokens that follow each other; after the last token comes the first.
  DrawnRouting draw(int rank, int num_ranks, std::int64_t iteration, std::int64_t tokens,
                    int num_experts) const override;

 private:
  TraceChoices choices_;
  std::string name_;  // for errors
};

}  // namespace switchyard::bench
