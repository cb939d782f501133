// A micro-batch on its way from the loader, on the host, to where the model computes.
#pragma once

#include "model/transformer/transformer.h"

namespace switchyard {

// Returns `batch` where the stream's device reads it; copies live in `arena`. A GPU's kernels
// cannot refuse a value, so their inputs are checked here. With a window, sets what its layers
// reach. Errors: Exit::internal for a token or target outside the vocabulary, or a position outside
// the sequence.
Batch sent_batch(const Batch& batch, const Transformer::Options& options, std::int64_t window,
                 Arena& arena, Stream& stream);

}  // namespace switchyard
