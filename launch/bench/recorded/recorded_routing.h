// RecordedRouting: choices that were recorded, as a workload of the routing benchmark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "router/exchange/workload.h"

namespace switchyard::bench {

class RecordedRouting {
 public:
  virtual ~RecordedRouting() = default;

  // What a rank routes in an iteration, if the recording says; 0: any number of tokens.
  virtual std::int64_t tokens() const = 0;
  virtual int top_k() const = 0;

  // Returns what rank `rank` of `num_ranks` routes in an iteration: `tokens` tokens of one layer.
  // Ranks take pieces of a layer in turn, and iterations go from piece to piece and from layer to
  // layer. What is too short for the ranks is used again. Errors: Exit::usage if the recording
  // chose an expert that is not among `num_experts`; Exit::data if it is damaged.
  virtual DrawnRouting draw(int rank, int num_ranks, std::int64_t iteration, std::int64_t tokens,
                            int num_experts) const = 0;
};

// A folder that router.record wrote, or a file of another program (see RecordedTrace). Errors:
// Exit::data if it is neither.
std::unique_ptr<const RecordedRouting> open_recorded(const std::filesystem::path& path);

}  // namespace switchyard::bench
