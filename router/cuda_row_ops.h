// RowOps on a GPU.
#pragma once

#include "router/row_ops.h"

namespace switchyard {

class CudaRowOps final : public RowOps {
 public:
  // plan/plan_kernels.cu
  void sort_choices(Tensor expert, Tensor copy, std::int64_t num_copies, Tensor token_of_slot,
                    Tensor slot_of_choice, Stream& stream) override;
  void number_rows(Tensor runs, Tensor out, Stream& stream) override;

  // row_kernels.cu
  void gather_rows(Tensor in, Tensor index, Tensor out, Stream& stream) override;
  void scatter_rows(Tensor in, Tensor index, Tensor out, Stream& stream) override;
  void zero_rows(Tensor index, Tensor out, Stream& stream) override;
  void place_choices(Tensor weight, Tensor slot_of_choice, Tensor out, Stream& stream) override;
  void sum_choices(Tensor slots, Tensor weight, Tensor slot_of_choice, Tensor out,
                   Stream& stream) override;
  void dot_choices(Tensor d_out, Tensor slots, Tensor slot_of_choice, Tensor d_weight,
                   Stream& stream) override;

  // payload_kernels.cu
  void pack_rows(Payload payload, Tensor in, Tensor from, Tensor out, Stream& stream) override;
  void unpack_rows(Payload payload, Tensor in, Tensor from, Tensor weight, Tensor out, Tensor to,
                   Stream& stream) override;
};

// The ops above, or an Error in a program linked without the kernels (no_cuda.cpp).
RowOps& cuda_row_ops();

}  // namespace switchyard
