#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(DropoutConfig& dropout) {
  const Range rate{0, 0.99};
  return {
      {"dropout.weights", &dropout.weights, rate, Resume::free,
       "share of the weights of feed-forward networks and experts that a mask drops in training"},
      {"dropout.weights_kind", &dropout.weights_kind, Anything{}, Resume::free,
       "masks of weights drop, or scale by normal numbers of the same variance"},
      {"dropout.weights_share", &dropout.weights_share, Anything{}, Resume::free,
       "what has one mask of the weights: each sequence (PerNodeDrop), the step (DropConnect), or "
       "with fixed the whole run"},
      {"dropout.layers", &dropout.layers, Range{0, 9999}, Resume::free,
       "layers whose weights are masked; empty: all"},
      {"dropout.ffn", &dropout.ffn, rate, Resume::free,
       "share of what the last matrix of a feed-forward network or expert reads that is dropped"},
      {"dropout.residual", &dropout.residual, rate, Resume::free,
       "share of what attention and networks add to the residual stream that is dropped"},
      {"dropout.embedding", &dropout.embedding, rate, Resume::free,
       "share of the embeddings that is dropped"}};
}

}  // namespace switchyard
