// Exchange: how rows travel between the ranks of an expert group. The backward of dispatch is
// combine, and the reverse. One file per strategy; every strategy gives the same bits.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "router/plan/plan.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// A range of this rank's experts whose rows have all arrived.
struct Chunk {
  std::span<const Segment> segments;
};
using ExpertWork = std::function<void(const Chunk&)>;

// A plan that an exchange is ready to carry out. A strategy that needs more than the plan derives
// from this.
struct PreparedPlan {
  explicit PreparedPlan(Plan of) : plan(std::move(of)) {}
  virtual ~PreparedPlan() = default;

  const Plan plan;
};

// The tensors of a round trip, as dispatch and combine take them.
struct RoundTrip {
  Tensor x, weight;      // on the tokens' rank
  Tensor rows, results;  // on the experts' rank: the work computes results from rows
  Tensor slots;          // on the tokens' rank
};

// Collective over the expert group, with zero rows too; all ranks make the same calls.
class Exchange {
 public:
  virtual ~Exchange() = default;
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // The strategy that serves the next plan on this rank.
  virtual std::string name() const = 0;
  // Once per plan. The other calls take what this one returned; its tensors live in `arena`.
  virtual std::unique_ptr<const PreparedPlan> prepare(Plan plan, Arena& arena, Stream& stream);

  // From x [T, hidden] on the tokens' ranks to rows [num_shard_rows, hidden] on the experts' ranks:
  // x[t] for every (t, c), times weight[t, c] unless weight is empty. Padding rows become zero.
  virtual void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows,
                        Arena& arena, Stream& stream) = 0;
  // From rows to slots [num_slots, hidden] on the tokens' ranks, one row for every choice. Padding
  // rows do not travel.
  virtual void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
                       Stream& stream) = 0;
  // Returns [num_shard_rows, hidden], where results for combine belong: combine need not copy them
  // first. Lives until the next combine.
  virtual Tensor take_results(const Plan& plan, std::int64_t hidden, Arena& arena);
  // Dispatches x into rows, calls `work` on ranges of experts in order, on each expert once, and
  // combines results into slots. work may not be collective.
  virtual void round_trip(const RoundTrip& trip, const PreparedPlan& prepared,
                          const ExpertWork& work, Arena& arena, Stream& stream);
};

}  // namespace switchyard
