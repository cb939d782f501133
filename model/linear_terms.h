// Which linear layers of a model are sums of products, as its config says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"
#include "runtime/params/params.h"

namespace switchyard {

// The terms of the layer whose dense matrix has this name. guided: low-rank layers have guides. All
// experts of a layer have the terms of its first one.
LinearTerms terms_of_param(const ModelConfig& model, bool guided, std::string_view name);

// Whether a layer's feed-forward networks are of low rank.
bool is_low_rank(const ModelConfig& model, std::int64_t layer);

// What training leaves as it is: what `freeze` chooses (chooses_param), and with adapters all but
// those and adapter.train. Empty if everything trains.
Params::Choice frozen_params(const ModelConfig& model, std::vector<std::string> freeze);

}  // namespace switchyard
