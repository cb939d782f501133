// LayerWalk: takes micro-batches through a model layer by layer, so that what a layer sees can be
// measured, and its weights changed, before the layers after it see their inputs. Each micro-batch
// is computed as forward() computes it: same bits on any layout.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/transformer/transformer.h"

namespace switchyard {

class LayerWalk {
 public:
  // Collective over the expert group, as are the following. batches: on the host, as many on every
  // rank of it, some empty; those that no step trains (step -1) get no noise from the gates. The
  // caller keeps model, batches and stream. Host memory: two [T, hidden] f32 for each batch.
  LayerWalk(Transformer& model, std::span<const Batch> batches, Stream& stream);

  std::int64_t layer() const { return layer_; }  // which one is next, from 0
  bool done() const { return layer_ == model_.config().num_layers; }
  // Rows of the batches of this rank.
  std::int64_t num_rows() const;

  // Computes the layer's outputs for all batches, as often as the caller likes. linears sees what
  // its weights multiply, watch what it computes; either may be null.
  void compute(LinearWatch* linears, ForwardWatch* watch = nullptr);
  // The outputs become the inputs of the next layer. Requires: compute() was called for this one.
  void advance();

  // The inputs [T, hidden] of the layer that is next, or the last outputs.
  Tensor input(std::size_t batch) const { return inputs_[batch]; }

 private:
  Transformer& model_;
  std::span<const Batch> batches_;
  Stream& stream_;
  std::vector<Buffer> inputs_, outputs_;
  std::int64_t layer_ = 0;
  bool computed_ = false;
};

}  // namespace switchyard
