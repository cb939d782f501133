// RowOps: arithmetic on rows and on the choices that say where each row goes. Every result depends
// on the op's arguments alone, never on threads. All floats are f32.
#pragma once

#include <cstdint>

#include "router/payload.h"
#include "runtime/device/stream.h"
#include "runtime/tensor.h"

namespace switchyard {

class RowOps {
 public:
  virtual ~RowOps() = default;
  static RowOps& on(Device device);

  // Numbers slots by (copy of the expert, token, choice); a dropped choice has no slot. expert:
  // [T, k]; copy: [E] i32, below num_copies, distinct for experts that were chosen. token_of_slot:
  // [slots] i32; slot_of_choice: [T, k] i32, -1 for a dropped choice.
  virtual void sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies,
                            Tensor token_of_slot, Tensor slot_of_choice, Stream& stream) = 0;
  // out[begin + i] = first + i for i < count, for each row (begin, count, first) of runs [R, 3].
  // All i32.
  virtual void number_rows(Tensor runs, Tensor out, Stream& stream) = 0;

  // out[i] = in[index[i]] for rows; index: i32.
  virtual void gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) = 0;
  // out[index[i]] = in[i] for rows; indices are distinct.
  virtual void scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) = 0;
  // out[index[i]] = 0 for rows.
  virtual void zero_rows(Tensor index, Tensor out, Stream& stream) = 0;

  // In the following, slot_of_choice is [T, k] i32, -1 for a dropped choice.
  // out[slot] = weight[t, c] for every choice; out: [slots].
  virtual void place_choices(Tensor weight, Tensor slot_of_choice, Tensor out, Stream& stream) = 0;
  // out[t] = sum over choices c, in order, of slots[slot_of_choice[t, c]], times weight[t, c] if
  // weight is not empty. Zero where all choices were dropped.
  virtual void sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                           Stream& stream) = 0;
  // d_weight[t, c] = dot(d_out[t], slots[slot_of_choice[t, c]]); 0 for a dropped choice.
  virtual void dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                           Stream& stream) = 0;

  // See router/payload.h, which checks the sizes.
  virtual void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) = 0;
  virtual void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out,
                           Tensor to, Stream& stream) = 0;
};

}  // namespace switchyard
