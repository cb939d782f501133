// RecordedRun: the choices of a run (router.record) as a workload of the routing benchmark.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/folder/routing_log.h"
#include "launch/bench/recorded/recorded_routing.h"

namespace switchyard::bench {

class RecordedRun : public RecordedRouting {
 public:
  // Errors: Exit::data if the folder holds no recorded routing, or gates of several shapes.
  explicit RecordedRun(const std::filesystem::path& folder);

  std::int64_t tokens() const override { return shape_.tokens; }  // of a micro-batch
  int top_k() const override { return shape_.choices; }

  // A piece is a micro-batch; its first `tokens` tokens count. After the last layer of a step comes
  // the next step.
  DrawnRouting draw(int rank, int num_ranks, std::int64_t iteration, std::int64_t tokens,
                    int num_experts) const override;

 private:
  RoutingLogReader log_;
  std::filesystem::path folder_;
  RoutingShape shape_;
  std::vector<std::vector<RoutingKey>> rounds_;  // the micro-batches of each (step, layer)
};

}  // namespace switchyard::bench
