// RecordedRouting: the choices of a run (router.record) as a workload of the routing benchmark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/folder/routing_log.h"
#include "router/exchange/workload.h"

namespace switchyard::bench {

class RecordedRouting {
 public:
  // Errors: Exit::data if the folder holds no recorded routing, or gates of several shapes.
  explicit RecordedRouting(const std::filesystem::path& folder);

  std::int64_t tokens() const { return shape_.tokens; }  // of a micro-batch
  int top_k() const { return shape_.choices; }

  // Returns what rank `rank` of `num_ranks` routes in an iteration: the first `tokens` tokens of a
  // recorded micro-batch. Ranks take the micro-batches of a step and layer in turn, then those of
  // the next layer, then of the next step. If a step has fewer micro-batches than there are ranks,
  // some are used twice. Errors: Exit::usage if the recording chose an expert that is not among
  // `num_experts`; Exit::data if it is damaged.
  DrawnRouting draw(int rank, int num_ranks, std::int64_t iteration, std::int64_t tokens,
                    int num_experts) const;

 private:
  RoutingLogReader log_;
  std::filesystem::path folder_;
  RoutingShape shape_;
  std::vector<std::vector<RoutingKey>> rounds_;  // the micro-batches of each (step, layer)
};

}  // namespace switchyard::bench
