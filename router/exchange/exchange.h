// Exchange: how rows travel between the ranks of an expert group. The backward of dispatch is
// combine, and the reverse. One file per strategy; every strategy gives the same bits,
// combine_sums excepted.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "router/config.h"
#include "router/payload.h"
#include "router/plan/plan.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// A range of the experts of this rank whose rows are all here.
struct Chunk {
  std::span<const Segment> segments;
};
using ExpertWork = std::function<void(const Chunk&)>;

// Collective over the expert group, with zero rows too; all ranks make the same calls.
class Exchange {
 public:
  virtual ~Exchange() = default;
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  virtual std::string name() const = 0;
  // Once per plan, after make_plan and before any of the calls below.
  virtual void prepare(Plan& plan, Arena& arena, Stream& stream);

  // x: [T, hidden], at home -> rows: [num_shard_rows, hidden], at the experts: x[t] for every
  // (t, c), times weight[t, c] unless weight is empty. Padding rows become zero.
  virtual void dispatch(Tensor x, Tensor weight, const Plan& plan, Tensor rows, Arena& arena,
                        Stream& stream) = 0;
  // rows -> slots: [num_slots, hidden], at home, every choice a row of its own; padding rows stay
  // behind.
  virtual void combine(Tensor rows, const Plan& plan, Tensor slots, Arena& arena,
                       Stream& stream) = 0;
  // As combine, but home comes one row for each token: the sum over its choices of rows, times
  // weights unless that is empty, zero where all were dropped. Only the order of the sum, and where
  // a payload rounds, are the exchange's own. weights: [num_received] (weights_of_received); out:
  // [T, hidden]. An exchange that knows no better brings every choice home and sums there.
  virtual void combine_sums(Tensor rows, Tensor weights, const Plan& plan, Tensor out, Arena& arena,
                            Stream& stream);
  // Where to put what combine will carry home, so that it need not be copied first. Lives until the
  // next combine. -> [num_shard_rows, hidden]
  virtual Tensor take_results(const Plan& plan, std::int64_t hidden, Arena& arena);
  // dispatch x into rows, `work` on ranges of experts in order, all of them once, and combine
  // `results`, which the work fills, into slots. work may not be collective.
  virtual void round_trip(Tensor x, Tensor weight, const Plan& plan, Tensor rows,
                          const ExpertWork& work, Tensor results, Tensor slots, Arena& arena,
                          Stream& stream);
};

// What the exchanges of a model need to know. experts: the expert group, which must outlive them.
struct ExchangeShape {
  std::int64_t hidden;
  int num_experts;
  std::int64_t tokens;  // of a micro-batch: what "auto" measures
  Device device{};      // of the rows
};

struct ChosenExchange {
  std::unique_ptr<Exchange> exchange;
  std::string why;  // one line for the log
};

// Collective over `experts`. "auto" measures the strategies that this layout allows on made-up
// tokens, once; rank 0 decides for all. Errors: Exit::usage for a strategy that the device cannot
// have.
ChosenExchange make_exchange(const RouterConfig& config, const ExchangeShape& shape, Comm& experts,
                             Stream& stream);

// Every strategy.
inline constexpr std::array<ExchangeKind, 4> exchange_kinds = {
    ExchangeKind::flat, ExchangeKind::shared_memory, ExchangeKind::hierarchical,
    ExchangeKind::pipelined};

}  // namespace switchyard
