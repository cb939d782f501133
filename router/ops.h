// The arithmetic of routing. Every result depends on the op's arguments alone, never on threads.
// All floats f32.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

enum class GateOrder : std::uint8_t {
  softmax_topk,  // weights are the chosen probabilities, not renormalised (OLMoE, arXiv:2409.02060)
  topk_softmax   // weights are the softmax of the chosen logits (Mixtral, arXiv:2401.04088)
};

class RouterOps {
 public:
  virtual ~RouterOps() = default;
  static RouterOps& on(Device device);

  // Per row of logits [T, E]: softmax, its log-sum, the k best (ties go to the lower index) and
  // their weights. probability: [T, E]; log_sum: [T]; expert: [T, k] i32; weight: [T, k]. Errors:
  // Exit::numerical for a NaN logit.
  virtual void choose(Tensor logits, GateOrder order, Tensor probability, Tensor log_sum,
                      Tensor expert, Tensor weight, Stream& stream) = 0;
  // d_logits: [T, E], overwritten, from d_weight [T, k], plus aux_slope[e] * dP_te (the balance
  // loss's gradient by each token's probability) plus z_slope * log_sum_t * probability_te (the
  // z-loss).
  virtual void choose_backward(Tensor probability, Tensor log_sum, Tensor expert, Tensor weight,
                               GateOrder order, Tensor d_weight, std::span<const float> aux_slope,
                               float z_slope, Tensor d_logits, Stream& stream) = 0;
  // sums[e] = sum over tokens of probability [T, E], in fixed chunks of 64 tokens. Returns the same
  // sum of log_sum^2.
  virtual double sum_probabilities(Tensor probability, Tensor log_sum, std::span<double> sums,
                                   Stream& stream) = 0;

  // out[i] = in[index[i]] for rows; index: i32.
  virtual void gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) = 0;
  // out[index[i]] = in[i] for rows; indices are distinct.
  virtual void scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) = 0;
  // out[slot] = d_out[t] * weight[t, c] for every choice; out: [T k, H].
  virtual void spread_choices(Tensor d_out, Tensor weight, Tensor slot_of_choice, Tensor out,
                              Stream& stream) = 0;
  // out[t] = sum over choices c, in order, of slots[slot_of_choice[t, c]], times weight[t, c] if
  // weight is not empty.
  virtual void sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                           Stream& stream) = 0;
  // d_weight[t, c] = dot(d_out[t], slots[slot_of_choice[t, c]]).
  virtual void dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                           Stream& stream) = 0;
};

}  // namespace switchyard
