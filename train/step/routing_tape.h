// RunTape: the gates' choices of a run, written to a folder, and read from one or made up.
#pragma once

#include <memory>
#include <optional>

#include "io/folder/routing_log.h"
#include "router/config.h"
#include "router/gate/routing_tape.h"
#include "runtime/comm/comm.h"

namespace switchyard {

class RunTape final : public RoutingTape {
 public:
  // Not collective. Records if router.record names a folder, replays if router.replay does, and
  // makes choices up if router.force names some: a function of the seed, the step, the layer and
  // the micro-batch. Errors: see RoutingLogWriter and RoutingLogReader.
  RunTape(const RouterConfig& router, int num_experts, std::uint64_t seed, int attempt, int rank);

  // Errors: Exit::data if it replays but lacks one of the steps [first, end).
  void require_steps(std::int64_t first, std::int64_t end, int layer) const;

  bool replay(const Batch& batch, int layer, Tensor expert) override;
  void record(const Batch& batch, int layer, Tensor expert) override;

 private:
  void make_up(const Batch& batch, int layer, Tensor expert) const;

  ForcedRouting forced_;
  std::string replayed_;
  int num_experts_;
  std::uint64_t seed_;
  std::optional<RoutingLogWriter> writer_;
  std::optional<RoutingLogReader> reader_;
};

// Collective. nullptr if the run neither records, replays nor makes up routing. Errors: agreed,
// those of RunTape.
std::unique_ptr<RunTape> make_run_tape(const RouterConfig& router, int num_experts,
                                       std::uint64_t seed, int attempt, Comm& world);

}  // namespace switchyard
