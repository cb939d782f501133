// LossHead: the final norm, the projection to the vocabulary and the cross-entropy. Only
// one chunk of rows has logits at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/config.h"
#include "model/head/next_token.h"
#include "model/norm/norm.h"
#include "runtime/batch.h"
#include "runtime/params/params.h"

namespace switchyard {

// The rows of one chunk of logits, a function of the vocabulary and the kind of device alone: exact
// sums depend on it.
std::int64_t logit_chunk_rows(std::int64_t vocabulary, Device device);

// By what losses and their gradients are divided, and the factor of the gradients.
struct LossDivisor {
  std::int64_t tokens = 1;  // with a target, of the whole step
  double weight = 1.0;
  LossDivisor(std::int64_t loss_tokens, double of_gradients = 1.0)
      : tokens(loss_tokens), weight(of_gradients) {}
};

class LossHead {
 public:
  // Declares final_norm and, unless the embedding table serves as the head, head [V, hidden].
  LossHead(Params& params, ParamId embedding, const ModelConfig& config, std::int64_t vocabulary);

  // Another head with the table of `of`. Declares the norm alone.
  LossHead(Params& params, const std::string& norm, const LossHead& of, const ModelConfig& config);

  std::int64_t chunk_rows(Device device) const { return logit_chunk_rows(vocabulary_, device); }

  // Takes and fills `saved`. x: [T, hidden].
  void normalize(const LayerContext& context, Tensor x, Norm::Saved& saved) const;
  // Sum over the batch's targets of the cross-entropy, in nats, divided by loss_tokens.
  // of_sequences takes what each of the batch's sequences adds to it.
  double loss(const LayerContext& context, const Norm::Saved& saved, std::int64_t loss_tokens,
              std::span<double> of_sequences) const;
  // The same, and its gradients times by.weight: d_x [T, hidden] is overwritten with the gradient
  // by x, the input of normalize.
  double loss_and_gradient(const LayerContext& context, Tensor x, const Norm::Saved& saved,
                           const LossDivisor& by, Tensor d_x) const;
  // Logits of the rows from `first` on; out: [rows, V].
  void logits(const LayerContext& context, const Norm::Saved& saved, std::int64_t first,
              Tensor out) const;

  // Computes logits of the rows asked for alone. A row may be asked for several times. Logits are
  // divided by the temperature.
  std::vector<NextTokenScore> scores(const LayerContext& context, const Norm::Saved& saved,
                                     std::span<const NextToken> asked,
                                     double temperature = 1.0) const;

  // One chunk of logits, and the losses of all rows.
  struct Scratch {
    Tensor logits, loss;
    static Scratch take(Arena& arena, std::int64_t rows, std::int64_t vocabulary);
  };

 private:
  void score_chunk(const LayerContext& context, const Norm::Saved& saved,
                   std::span<const NextToken> asked, double temperature,
                   std::span<NextTokenScore> out) const;
  template <class UseChunk>
  double for_chunks(const LayerContext& context, Tensor hidden, const LossDivisor& by,
                    std::span<double> of_sequences, UseChunk use) const;

  Norm norm_;
  ParamId table_;
  std::int64_t vocabulary_;
};

}  // namespace switchyard
