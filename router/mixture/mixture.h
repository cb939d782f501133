// Mixture: out[t] = sum over choices c of weight[t, c] * expert(x[t]), for experts on many ranks,
// and its gradients. The two kinds differ in where a token's choices are weighted and summed.
#pragma once

#include <functional>
#include <memory>

#include "router/exchange/exchange.h"

namespace switchyard {

// What the experts of this rank make of the chunk's rows of `in`, into those of `out`. Both:
// [num_shard_rows, hidden].
using ExpertPass = std::function<void(const Chunk&, Tensor in, Tensor out)>;

class Mixture {
 public:
  // What backward needs, in the arena that forward kept it in.
  struct Saved {
    Tensor rows;     // [num_shard_rows, hidden]: what my experts received
    Tensor results;  // what they made of it, where it is summed: by slot at home, or by shard row
    Tensor weights;  // [num_received], per node: of the received rows
  };
  virtual ~Mixture() = default;
  Mixture() = default;
  Mixture(const Mixture&) = delete;
  Mixture& operator=(const Mixture&) = delete;

  // Collective over the expert group, for T = 0 too, as is backward. x, out: [T, hidden]; weight:
  // [T, k].
  virtual void forward(Tensor x, Tensor weight, const Plan& plan, const ExpertPass& experts,
                       Saved& saved, Tensor out, Arena& kept, Arena& scratch,
                       Stream& stream) const = 0;
  // Overwrites d_weight [T, k], d_x [T, hidden] and saved.results. experts: from gradients by what
  // they made to gradients by what they received.
  virtual void backward(Tensor d_out, Tensor weight, const Plan& plan, const ExpertPass& experts,
                        const Saved& saved, Tensor d_weight, Tensor d_x, Arena& scratch,
                        Stream& stream) const = 0;
};

// Every choice comes home as a row, where it is weighted and summed in choice order: no bit depends
// on the layout. The exchange must outlive it.
std::unique_ptr<Mixture> mixture_at_home(Exchange& exchange);
// Weights travel to the experts, and what comes home are sums (Exchange::combine_sums), whose last
// bits depend on the layout. experts: the exchange's group; both must outlive it.
std::unique_ptr<Mixture> mixture_per_node(Exchange& exchange, Comm& experts);

}  // namespace switchyard
