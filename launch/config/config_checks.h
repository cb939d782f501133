// Checks how the values of a config fit together. Reading it checked each value by itself.
#pragma once

#include "launch/config/config.h"

namespace switchyard {

// Errors of both: Exit::usage, saying which keys do not fit and what to change, one line each.
void check_config(const Config& config);
// Checks only what makes a model and its data: a checkpoint of earlier versions may train in a way
// that is refused today.
void check_shape(const Config& config);

// The rows of the model's table of ids. num_ids: of the tokenizer. Errors: Exit::usage if the table
// is too small for them.
std::int64_t vocabulary_of(const ModelConfig& model, std::int64_t num_ids);

}  // namespace switchyard
