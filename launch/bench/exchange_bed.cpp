#include "launch/bench/exchange_bed.h"

#include <algorithm>

#include "launch/bench/recorded/recorded_routing.h"
#include "runtime/device/host_access.h"

namespace switchyard::bench {

Draw draw_of(const RoutingCase& what, const RoutingSweep& sweep, const BenchRanks& ranks,
             int group) {
  const int index = ranks.world.rank() / group;
  if (what.workload == "replay") {
    return [recorded = std::shared_ptr(open_recorded(sweep.replay)), what, first = index * group,
            num_ranks = ranks.world.size()](int rank, std::int64_t iteration) {
      return recorded->draw(first + rank, num_ranks, iteration, what.tokens, what.experts);
    };
  }
  const Workload workload(
      what.workload,
      {.tokens = what.tokens,
       .top_k = what.top_k,
       .num_experts = what.experts,
       .num_ranks = group,
       .ranks_per_node = std::min(group, static_cast<int>(ranks.topology.ranks[0].size())),
       .seed = static_cast<std::uint64_t>(sweep.seed) + static_cast<std::uint64_t>(index)});
  return [workload](int rank, std::int64_t iteration) { return workload.draw(rank, iteration); };
}

void ExchangeBed::fill(Tensor tensor, float value) {
  HostWrite filled(tensor, stream_);
  std::fill_n(filled.as<float>(), tensor.size(), value);
  filled.send();
}

void ExchangeBed::make(const DrawnRouting& drawn) {
  arena_.reset();
  const Placement placement(what_.experts, experts_.size());
  experts_.barrier();  // the time for the plan is not one of waiting for others to get here
  prepared_ = exchange_.prepare(make_plan(drawn.routing, placement, experts_, arena_, stream_),
                                arena_, stream_);
  x_ = arena_.take({drawn.tokens(), what_.hidden});
  rows_ = arena_.take({plan().num_shard_rows, what_.hidden});
  results_ = exchange_.take_results(plan(), what_.hidden, arena_);
  slots_ = arena_.take({plan().num_slots, what_.hidden});
  weight_ = Tensor{};
  for (const Tensor tensor : {x_, rows_, results_, slots_}) fill(tensor, 0.5F);
  stream_.synchronize();
}

void ExchangeBed::make(const ExchangeOracle& oracle, bool weighted) {
  make(oracle.mine());
  HostWrite x(x_, stream_), results(results_, stream_);
  oracle.fill(x.tensor());
  oracle.fill_results(results.tensor(), row_tile_on(stream_.device()));
  x.send();
  results.send();
  if (weighted) {
    const Tensor given = oracle.mine().routing.weight;
    HostWrite weight(arena_.take(given.shape), stream_);
    std::copy_n(given.as<float>(), given.size(), weight.as<float>());
    weight_ = weight.send();
  }
  stream_.synchronize();
}

void ExchangeBed::run(const std::string& mode) {
  if (mode == "dispatch") {
    exchange_.dispatch(x_, weight_, *prepared_, rows_, arena_, stream_);
  } else if (mode == "combine") {
    exchange_.combine(results_, *prepared_, slots_, arena_, stream_);
  } else {
    exchange_.round_trip(
        {x_, weight_, rows_, results_, slots_}, *prepared_, [](const Chunk&) {}, arena_, stream_);
  }
  stream_.synchronize();
}

void ExchangeBed::run_with(const ExchangeOracle& oracle) {
  HostWrite results(results_, stream_);
  const auto work = [&](const Chunk& chunk) {
    const HostRead rows(rows_, stream_);
    oracle.work(chunk, rows.tensor(), results.tensor());
    results.send();  // sends the unchanged results of earlier chunks again
  };
  exchange_.round_trip({x_, weight_, rows_, results_, slots_}, *prepared_, work, arena_, stream_);
  stream_.synchronize();
}

std::int64_t ExchangeBed::wrong(const ExchangeOracle& oracle, const std::string& mode,
                                bool weighted) const {
  std::int64_t wrong = 0;
  if (mode != "combine") {
    const HostRead rows(rows_, stream_);
    wrong += oracle.wrong_rows(rows.tensor(), weighted, row_tile_on(stream_.device()));
  }
  if (mode != "dispatch") {
    const HostRead slots(slots_, stream_);
    wrong += oracle.wrong_slots(slots.tensor(), weighted);
  }
  return wrong;
}

ExchangeOracle oracle_of(const RoutingCase& what, const Draw& draw, std::int64_t iteration,
                         const Comm& experts) {
  return {[&](int rank) { return draw(rank, iteration); }, Placement(what.experts, experts.size()),
          what.payload, what.hidden, experts.rank()};
}

std::int64_t wrong_in_round_trip(const RoutingCase& what, const Draw& draw, std::int64_t iteration,
                                 Exchange& exchange, BenchRanks& ranks, Stream& stream) {
  const ExchangeOracle oracle = oracle_of(what, draw, iteration, *ranks.experts);
  ExchangeBed bed(what, exchange, *ranks.experts, stream);
  bed.make(oracle, true);
  bed.run_with(oracle);
  return reduce_one(ranks.world, bed.wrong(oracle, "round_trip", true), Reduce::sum);
}

}  // namespace switchyard::bench
