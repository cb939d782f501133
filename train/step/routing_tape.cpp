#include "train/step/routing_tape.h"

#include <algorithm>

#include "router/exchange/workload.h"
#include "router/math.h"
#include "runtime/comm/agree.h"

namespace switchyard {
namespace {

RoutingKey key_of(const Batch& batch, int layer) { return {batch.step, batch.index, layer}; }

RoutingShape shape_of(Tensor expert) {
  return {static_cast<std::int32_t>(expert.rows()), static_cast<std::int32_t>(expert.cols())};
}

std::span<std::int32_t> values_of(Tensor expert) {
  return {expert.as<std::int32_t>(), static_cast<std::size_t>(expert.size())};
}

}  // namespace

RunTape::RunTape(const RouterConfig& router, int num_experts, std::uint64_t seed, int attempt,
                 int rank)
    : forced_(router.force), replayed_(router.replay), num_experts_(num_experts), seed_(seed) {
  if (!router.replay.empty()) reader_.emplace(router.replay);
  if (!router.record.empty()) writer_.emplace(router.record, attempt, rank);
}

void RunTape::require_steps(std::int64_t first, std::int64_t end, int layer) const {
  for (std::int64_t step = first; reader_ && step < end; ++step) {
    require(reader_->holds({step, 0, layer}), Exit::data,
            "router.replay: {} holds no experts for step {}; this run goes from step {} to {}",
            replayed_, step, first, end);
  }
}

// Layers are far apart in the draws' numbers, so that none shares another's.
void RunTape::make_up(const Batch& batch, int layer, Tensor expert) const {
  constexpr std::int64_t layers = 1 << 16;
  const WorkloadShape shape{.tokens = expert.rows(),
                            .top_k = static_cast<int>(expert.cols()),
                            .num_experts = num_experts_,
                            .seed = seed_ + static_cast<std::uint64_t>(batch.index)};
  const Workload workload(std::string(name_of(forced_)), shape);
  const DrawnRouting drawn = workload.draw(0, batch.step * layers + layer);
  std::copy(drawn.expert.begin(), drawn.expert.end(), expert.as<std::int32_t>());
}

bool RunTape::replay(const Batch& batch, int layer, Tensor expert) {
  if (forced_ != ForcedRouting::off) make_up(batch, layer, expert);
  if (!reader_) return forced_ != ForcedRouting::off;
  reader_->read(key_of(batch, layer), shape_of(expert), values_of(expert));
  for (const std::int32_t choice : values_of(expert)) {
    require(expert_of(choice) < num_experts_, Exit::data,
            "router.replay: {} chose expert {} in step {}, but model.num_experts = {}", replayed_,
            expert_of(choice), batch.step, num_experts_);
  }
  return true;
}

void RunTape::record(const Batch& batch, int layer, Tensor expert) {
  if (writer_) writer_->append(key_of(batch, layer), shape_of(expert), values_of(expert));
}

std::unique_ptr<RunTape> make_run_tape(const RouterConfig& router, int num_experts,
                                       std::uint64_t seed, int attempt, Comm& world) {
  std::unique_ptr<RunTape> tape;
  if (router.record.empty() && router.replay.empty() && router.force == ForcedRouting::off)
    return tape;
  agree(world, [&] {
    tape = std::make_unique<RunTape>(router, num_experts, seed, attempt, world.rank());
  });
  return tape;
}

}  // namespace switchyard
