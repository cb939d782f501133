// Checks the keys of linear layers that are sums of products, of multi-token prediction, of masks,
// of updates of whole matrices, of values that are kept as codes, and of islands.
#pragma once

#include "launch/config/config.h"

namespace switchyard {

// Errors of all: Exit::usage, saying which keys do not fit and what to change. What depends on
// names of parameters is checked with the model (train/step/frozen.h).
void check_adapter(const ModelConfig& model);
void check_low_rank(const ModelConfig& model);
void check_mtp(const ModelConfig& model);
void check_matrix_updates(const Config& config);
void check_values(const Config& config);
void check_dropout(const Config& config);
void check_islands(const Config& config);

}  // namespace switchyard
