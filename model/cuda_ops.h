// ModelOps on a GPU. Each member is defined in the file that its heading names.
#pragma once

#include "model/ops.h"

namespace switchyard {

class CudaModelOps final : public ModelOps {
 public:
  // ops.cu
  void embed(Tensor token, Tensor table, Tensor out, Stream& stream) override;
  void embed_backward(Tensor token, Tensor d_out, Tensor d_table, Stream& stream) override;

  // norm_kernels.cu
  void rms_norm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverse,
                Stream& stream) override;
  void rms_norm_backward(const RmsNormGradients& gradients, Tensor scratch,
                         Stream& stream) override;
  std::int64_t rms_norm_scratch(std::int64_t rows, std::int64_t n) const override;

  // shared_gate_kernels.cu
  void add_gated(const GatedRows& tensors, Tensor out, Stream& stream) override;
  void add_gated_backward(const GatedRows& tensors, const GatedRowsGradients& gradients,
                          Stream& stream) override;

  // rotary_kernels.cu
  void rotate(Tensor x, Tensor position, const RotaryTable& table, int direction,
              Stream& stream) override;

  // attention_kernels.cu
  void attention(const AttentionTensors& tensors, const AttentionShape& shape, Tensor scratch,
                 Stream& stream) override;
  void attention_backward(const AttentionTensors& tensors, const AttentionGradients& gradients,
                          const AttentionShape& shape, Tensor scratch, Stream& stream) override;
  std::int64_t attention_scratch(const AttentionShape& shape, const Stream& stream) const override;

  // attention_past_kernels.cu
  void attention_past(const PastAttentionTensors& tensors, Stream& stream) override;

  // cross_entropy_kernels.cu
  void cross_entropy(Tensor logits, Tensor target, float scale, Tensor loss,
                     Stream& stream) override;
  void token_scores(Tensor logits, Tensor target, const TokenScores& scores,
                    Stream& stream) override;
};

// Returns the kernels above. In a program linked without them it throws an Error (no_cuda.cpp).
ModelOps& cuda_model_ops();

}  // namespace switchyard
