// Batch: one micro-batch of token rows, the unit of work of a step.
#pragma once

#include <cstdint>

#include "runtime/tensor.h"

namespace switchyard {

class Past;

// Tensors: [num_sequences * sequence_length] i32, row after row. A view: the loader owns the
// memory.
struct Batch {
  std::int64_t index =
      -1;  // of the micro-batch within the step, over all ranks; -1: an empty batch
  std::int64_t num_sequences = 0;  // 0 when empty
  std::int64_t sequence_length = 0;
  Tensor tokens;
  Tensor targets;          // the next token; -1 where there is none, which adds nothing to the loss
  Tensor positions;        // counted from the start of the token's document within the row
  std::int64_t step = -1;  // the optimizer step that it trains; -1: none, and gates add no noise
  Tensor reach{};          // how many earlier tokens of its document a token sees in a layer with a
                           // window; the model sets it
  Past* past = nullptr;    // rows of one token each, which continue the texts there; caller-owned

  bool empty() const { return index < 0; }
  std::int64_t num_tokens() const { return num_sequences * sequence_length; }
};

}  // namespace switchyard
