// LossHead: the final norm, the projection to the vocabulary and the cross-entropy. Logits exist
// for a chunk of rows at a time only.
#pragma once

#include <cstdint>

#include "model/blocks/norm.h"
#include "model/config.h"
#include "runtime/batch.h"
#include "runtime/params/params.h"

namespace switchyard {

// Rows of one chunk of logits: a function of the vocabulary alone.
std::int64_t logit_chunk_rows(std::int64_t vocabulary);

class LossHead {
 public:
  // Declares final_norm and, unless the embedding table serves as the head, head [V, hidden].
  LossHead(Params& params, ParamId embedding, const ModelConfig& config, std::int64_t vocabulary);

  std::int64_t chunk_rows() const { return logit_chunk_rows(vocabulary_); }

  void normalize(const Params& params, Tensor x, Norm::Saved& saved, Arena& arena,
                 Stream& stream) const;
  // Sum over the batch's targets of the cross-entropy, in nats, divided by loss_tokens.
  double loss(const Params& params, const Batch& batch, const Norm::Saved& saved,
              std::int64_t loss_tokens, Arena& scratch, Stream& stream) const;
  // The same, and its gradients: d_x [T, hidden] is overwritten with the gradient by x, the input
  // of normalize.
  double loss_and_gradient(Params& params, const Batch& batch, Tensor x, const Norm::Saved& saved,
                           std::int64_t loss_tokens, Tensor d_x, Arena& scratch,
                           Stream& stream) const;
  // Logits of the rows from `first` on; out: [rows, V].
  void logits(const Params& params, const Norm::Saved& saved, std::int64_t first, Tensor out,
              Arena& scratch, Stream& stream) const;

 private:
  template <class UseChunk>
  double for_chunks(const Params& params, const Batch& batch, Tensor hidden,
                    std::int64_t loss_tokens, Arena& scratch, Stream& stream, UseChunk use) const;

  Norm norm_;
  ParamId table_;
  std::int64_t vocabulary_;
};

}  // namespace switchyard
