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
      -1;  // of the micro-batch within the step, over all ranks; -1: empty, nothing to compute
  std::int64_t num_sequences = 0;  // 0 when empty
  std::int64_t sequence_length = 0;
  Tensor tokens;
  Tensor targets;          // the next token; -1 where there is none, which carries no loss
  Tensor positions;        // from the start of the token's document within the row
  std::int64_t step = -1;  // the optimizer step it trains; -1: none, so that gates make no noise
  Past* past = nullptr;    // rows of one token each that go on from the texts there; the caller's

  bool empty() const { return index < 0; }
  std::int64_t num_tokens() const { return num_sequences * sequence_length; }
};

}  // namespace switchyard
