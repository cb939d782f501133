// ExchangeBed: the tensors that an exchange of the benchmark moves, and the oracle's check of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "launch/bench/bench_ranks.h"
#include "router/exchange/exchange.h"
#include "router/exchange/exchange_oracle.h"
#include "router/exchange/workload.h"

namespace switchyard::bench {

// Returns what a rank of this expert group routes in an iteration, by the case's workload.
using Draw = std::function<DrawnRouting(int rank, std::int64_t iteration)>;
// group: how many consecutive ranks share the experts.
Draw draw_of(const RoutingCase& what, const RoutingSweep& sweep, const BenchRanks& ranks,
             int group);

// What one iteration moves. The tensors come from an arena, on huge pages, as in training.
class ExchangeBed {
 public:
  ExchangeBed(const RoutingCase& what, Exchange& exchange, Comm& experts, Stream& stream)
      : what_(what),
        exchange_(exchange),
        experts_(experts),
        stream_(stream),
        arena_(stream.device()) {}

  // Collective over the expert group. Makes the plan of what this rank routes and writes all
  // tensors, so that each iteration finds its pages and caches alike.
  void make(const DrawnRouting& drawn);
  // The same, with rows that the oracle can tell apart. weighted: dispatch weights the rows.
  void make(const ExchangeOracle& oracle, bool weighted = false);

  void run(const std::string& mode);  // dispatch, combine or round_trip, with no experts' work
  // A round trip in which the oracle works for the experts.
  void run_with(const ExchangeOracle& oracle);
  // Rows of this rank that the last run got wrong.
  std::int64_t wrong(const ExchangeOracle& oracle, const std::string& mode,
                     bool weighted = false) const;

  const Plan& plan() const { return prepared_->plan; }

 private:
  void fill(Tensor tensor, float value);

  RoutingCase what_;
  Exchange& exchange_;
  Comm& experts_;
  Stream& stream_;
  Arena arena_;
  std::unique_ptr<const PreparedPlan> prepared_;
  Tensor x_, weight_, rows_, results_, slots_;
};

// The oracle of an iteration on this rank.
ExchangeOracle oracle_of(const RoutingCase& what, const Draw& draw, std::int64_t iteration,
                         const Comm& experts);

// Collective. Returns how many rows, over all ranks, a weighted round trip of an iteration gets
// wrong.
std::int64_t wrong_in_round_trip(const RoutingCase& what, const Draw& draw, std::int64_t iteration,
                                 Exchange& exchange, BenchRanks& ranks, Stream& stream);

}  // namespace switchyard::bench
