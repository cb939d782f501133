// The arithmetic of routing. Every result depends on the op's arguments alone, never on threads.
// All floats f32.
#pragma once

#include <cstdint>

#include "router/config.h"
#include "router/math.h"
#include "router/payload.h"
#include "runtime/device/stream.h"
#include "runtime/random.h"
#include "runtime/tensor.h"

namespace switchyard {

class RouterOps {
 public:
  virtual ~RouterOps() = default;
  static RouterOps& on(Device device);

  // Per row of logits [T, E]: probability [T, E], their softmax or their sigmoids over the sum of
  // all, and log_sum [T], the log of the sum of their exponentials. A row with a NaN or an infinity
  // that is not negative becomes NaN altogether, logits included: its token goes to experts 0 to
  // k - 1 with weights of NaN, so that no rank waits for another, and the losses tell.
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
  // Hash routing (router/gate/hash_gate.h). token: [T] i32; expert: [T, k] i32, k of num_experts.
  virtual void pick_by_hash(const Random& random, Tensor token, std::int64_t num_experts,
                            Tensor expert, Stream& stream) = 0;
  // weight: [T, k], of the experts in `expert`, dropped ones too.
  virtual void weigh(const GateRule& rule, Tensor logits, Tensor probability, Tensor expert,
                     Tensor weight, Stream& stream) = 0;
  // Each expert keeps `capacity` of its choices in expert [T, k]: those of largest weight, or the
  // first; ties by token. The others become ~expert.
  virtual void drop(Tensor expert, Tensor weight, std::int64_t num_experts, std::int64_t capacity,
                    DropBy by, Stream& stream) = 0;
  // d_logits: [T, E], overwritten, from d_weight [T, k], plus balance_slope[d, e] * dP_te (the
  // balance loss's gradient by each token's probability; balance_slope: [D, E], the tokens in D
  // equal runs) plus z_slope * log_sum_t * softmax_te (the z-loss).
  virtual void choose_backward(const GateRule& rule, Tensor logits, Tensor probability,
                               Tensor log_sum, Tensor expert, Tensor d_weight, Tensor balance_slope,
                               float z_slope, Tensor d_logits, Stream& stream) = 0;
  // sums: [D, E + 1] f64: over the tokens of each of D equal runs, in fixed chunks of 64, the sum
  // of probability [T, E], and behind it that of log_sum^2.
  virtual void sum_probabilities(Tensor probability, Tensor log_sum, Tensor sums,
                                 Stream& stream) = 0;
  // counts: [D, 2, E] i64: of the choices of each of D equal runs of tokens, how many are e: those
  // that were not dropped, and all. expert: [T, k].
  virtual void count_choices(Tensor expert, Tensor counts, Stream& stream) = 0;

  // Slots are numbered by (copy of the expert, token, choice); dropped choices have none. expert:
  // [T, k]; copy: [E] i32, below num_copies, another one for each expert that was chosen.
  // token_of_slot: [slots] i32; slot_of_choice: [T, k] i32, -1 for a dropped choice.
  virtual void sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies,
                            Tensor token_of_slot, Tensor slot_of_choice, Stream& stream) = 0;
  // out[begin + i] = first + i for i < count, for each row (begin, count, first) of runs [R, 3].
  // All i32.
  virtual void number_rows(Tensor runs, Tensor out, Stream& stream) = 0;

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

  // out[i] = in[index[i]] for rows; index: i32.
  virtual void gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) = 0;
  // out[index[i]] = in[i] for rows; indices are distinct.
  virtual void scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) = 0;

  // Of the following, slot_of_choice is [T, k] i32, -1 for a dropped choice.
  // out[slot] = weight[t, c] for every choice; out: [slots].
  virtual void place_choices(Tensor weight, Tensor slot_of_choice, Tensor out, Stream& stream) = 0;
  // out[t] = sum over choices c, in order, of slots[slot_of_choice[t, c]], times weight[t, c] if
  // weight is not empty. Zero where all were dropped.
  virtual void sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                           Stream& stream) = 0;
  // d_weight[t, c] = dot(d_out[t], slots[slot_of_choice[t, c]]); 0 where it was dropped.
  virtual void dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                           Stream& stream) = 0;
  // The gradients of rows[row[i]] * weight[i]: d_weight[i] = dot(d_rows[row[i]], rows[row[i]]), and
  // then d_rows[row[i]] *= weight[i]. rows, d_rows: [n, hidden]; row: i32, distinct.
  virtual void weigh_rows_backward(Tensor rows, Tensor row, Tensor weight, Tensor d_rows,
                                   Tensor d_weight, Stream& stream) = 0;

  // See router/payload.h; sizes are checked there.
  virtual void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) = 0;
  virtual void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out,
                           Tensor to, Stream& stream) = 0;
};

}  // namespace switchyard
