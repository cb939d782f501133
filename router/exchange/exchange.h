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

// A range of the experts of this rank whose rows are all here.
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

  virtual std::string name() const = 0;
  // Once per plan. The other calls take what this one returned; its tensors live in `arena`.
  virtual std::unique_ptr<const PreparedPlan> prepare(Plan plan, Arena& arena, Stream& stream);

  // x: [T, hidden], at home -> rows: [num_shard_rows, hidden], at the experts: x[t] for every
  // (t, c), times weight[t, c] unless weight is empty. Padding rows become zero.
  virtual void dispatch(Tensor x, Tensor weight, const PreparedPlan& prepared, Tensor rows,
                        Arena& arena, Stream& stream) = 0;
  // rows -> slots: [num_slots, hidden], at home, every choice a row of its own; padding rows stay
  // behind.
  virtual void combine(Tensor rows, const PreparedPlan& prepared, Tensor slots, Arena& arena,
                       Stream& stream) = 0;
  // Where to put what combine will carry home, so that it need not be copied first. Lives until the
  // next combine. -> [num_shard_rows, hidden]
  virtual Tensor take_results(const Plan& plan, std::int64_t hidden, Arena& arena);
  // Dispatches x into rows, calls `work` on ranges of experts in order, on each expert once, and
  // combines results into slots. work may not be collective.
  virtual void round_trip(const RoundTrip& trip, const PreparedPlan& prepared,
                          const ExpertWork& work, Arena& arena, Stream& stream);
};

}  // namespace switchyard
