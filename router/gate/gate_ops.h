// GateOps: the arithmetic of gates. Every result depends on the op's arguments alone, never on
// threads. All floats are f32.
#pragma once

#include <cstdint>

#include "router/config.h"
#include "router/gate/quantile_balance.h"
#include "router/gate/routing.h"
#include "router/math.h"
#include "runtime/device/stream.h"
#include "runtime/random.h"
#include "runtime/tensor.h"

namespace switchyard {

// The gradients of a gate's losses, apart from its logits.
struct GateSlopes {
  Tensor d_weight;       // [T, k]: by the weights
  Tensor balance_slope;  // [D, E]: of the balance loss, by the probabilities of a token; the tokens
                         // are in D equal runs
  float z_slope = 0.0F;  // of the z-loss: z_slope * log_sum_t * softmax_te
};

class GateOps {
 public:
  virtual ~GateOps() = default;
  static GateOps& on(Device device);

  // Noisy top-k (Shazeer 2017, arXiv:1701.06538): logits += n * softplus(width), with n normal,
  // number first + i of `random` for element i. width becomes the derivative of logits by it.
  virtual void add_noise(const Random& random, std::uint64_t first, Tensor width, Tensor logits,
                         Stream& stream) = 0;
  // out = in * u, u uniform in 1 +- amount, number first + i of `random` for element i. out may be
  // in.
  virtual void jitter(const Random& random, std::uint64_t first, float amount, Tensor in,
                      Tensor out, Stream& stream) = 0;
  // inout *= in, element by element.
  virtual void multiply(Tensor in, Tensor inout, Stream& stream) = 0;

  // Per row of logits [T, E]: probability [T, E], their softmax or their sigmoids over the sum of
  // all, and log_sum [T], the log of the sum of their exponentials. A row with a NaN or a positive
  // infinity becomes NaN altogether, logits included: its token goes to experts 0 to k - 1 with
  // weights of NaN, so that no rank blocks, and the NaN shows up in the loss.
  virtual void score(Weighing weighing, Tensor logits, Tensor probability, Tensor log_sum,
                     Stream& stream) = 0;
  // expert: [T, k] i32, the k best of each row, best first; ties go to the lower index. bias: [E],
  // added to the sigmoids for the choice alone; empty otherwise.
  virtual void pick(const GateRule& rule, Tensor logits, Tensor probability, Tensor bias,
                    Tensor expert, Stream& stream) = 0;
  // Expert choice (arXiv:2202.09368): each expert takes its `capacity` most probable tokens, ties
  // by token. expert: [T, E] i32, e in column e where expert e took the token, else ~e.
  virtual void pick_tokens(Tensor probability, std::int64_t capacity, Tensor expert,
                           Stream& stream) = 0;
  // Hash routing (router/gate/hash_choice.h). token: [T] i32; expert: [T, k] i32, k of num_experts.
  virtual void pick_by_hash(const Random& random, Tensor token, std::int64_t num_experts,
                            Tensor expert, Stream& stream) = 0;
  // weight: [T, k], the weights of the experts in `expert`, dropped ones included.
  virtual void weigh(const GateRule& rule, Tensor logits, Tensor probability, Tensor expert,
                     Tensor weight, Stream& stream) = 0;
  // Each expert keeps `capacity` of its choices in expert [T, k]: those of largest weight, or the
  // first; ties by token. The others become ~expert.
  virtual void drop(Tensor expert, Tensor weight, std::int64_t num_experts, std::int64_t capacity,
                    DropBy by, Stream& stream) = 0;

  // Overwrites d_logits [T, E] with the gradient of all losses. routing: logits, probability,
  // log_sum and expert.
  virtual void choose_backward(const GateRule& rule, const Routing& routing,
                               const GateSlopes& slopes, Tensor d_logits, Stream& stream) = 0;

  // counts: [D, 2, E] i64: for each of D equal runs of tokens, how many choices are e, first of the
  // kept ones, then of all. expert: [T, k].
  virtual void count_choices(Tensor expert, Tensor counts, Stream& stream) = 0;
  // sums: [D, E + 1] f64: over the tokens of each of D equal runs, in fixed chunks of 64, the sum
  // of probability [T, E], and behind it that of log_sum^2.
  virtual void sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums,
                                 Stream& stream) = 0;
  // For quantile balancing. counts: [E, BiasBins::count] i32, how many tokens would take an expert
  // at a bias in that bin. logits: [T, E], whose rows of NaN are not counted; bias: [E], within
  // `bins`; k < E.
  virtual void count_required_biases(Tensor logits, Tensor bias, std::int64_t k,
                                     const BiasBins& bins, Tensor counts, Stream& stream) = 0;
};

}  // namespace switchyard
