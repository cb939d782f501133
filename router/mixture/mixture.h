// Mixture: out[t] = sum over choices c of weight[t, c] * expert(x[t]), for experts on many ranks,
// and its gradients.
#pragma once

#include <functional>

#include "router/exchange/exchange.h"

namespace switchyard {

// Computes the chunk's rows of `out` from those of `in`. Both: [num_shard_rows, hidden].
using ExpertPass = std::function<void(const Chunk&, Tensor in, Tensor out)>;

// Every choice returns to its token's rank as a row, where it is weighted and summed in choice
// order: no bit depends on the layout.
class Mixture {
 public:
  // The exchange must outlive the mixture.
  explicit Mixture(Exchange& exchange) : exchange_(exchange) {}

  // What backward needs, in the arena that forward kept it in.
  struct Saved {
    Tensor rows;     // [num_shard_rows, hidden]: what this rank's experts received
    Tensor results;  // [num_slots, hidden]: what the experts computed, by slot
    static Saved take(Arena& arena, std::int64_t shard_rows, std::int64_t slots,
                      std::int64_t hidden);
  };

  // What the passes of a micro-batch have in common.
  struct Call {
    Tensor weight;  // [T, k]
    const PreparedPlan& prepared;
    const ExpertPass& experts;
    Arena& scratch;
    Stream& stream;
  };

  // Collective over the expert group, for T = 0 too, as is backward. x, out: [T, hidden].
  void forward(Tensor x, const Call& call, Saved& saved, Tensor out, Arena& kept) const;
  // Overwrites d_weight [T, k], d_x [T, hidden] and saved.results. call.experts turns the gradients
  // of results into those of rows.
  void backward(Tensor d_out, const Call& call, const Saved& saved, Tensor d_weight,
                Tensor d_x) const;

 private:
  Exchange& exchange_;
};

}  // namespace switchyard
