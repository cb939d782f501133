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
  };

  // Collective over the expert group, for T = 0 too, as is backward. x, out: [T, hidden]; weight:
  // [T, k].
  void forward(Tensor x, Tensor weight, const Plan& plan, const ExpertPass& experts, Saved& saved,
               Tensor out, Arena& kept, Arena& scratch, Stream& stream) const;
  // Overwrites d_weight [T, k], d_x [T, hidden] and saved.results. experts: turns the gradients of
  // results into those of rows.
  void backward(Tensor d_out, Tensor weight, const Plan& plan, const ExpertPass& experts,
                const Saved& saved, Tensor d_weight, Tensor d_x, Arena& scratch,
                Stream& stream) const;

 private:
  Exchange& exchange_;
};

}  // namespace switchyard
