// Compares what a folder holds with what its config.json needs.
#pragma once

#include "launch/config/config.h"
#include "launch/hugging_face/family.h"
#include "launch/hugging_face/hub_layout.h"
#include "launch/hugging_face/hub_weights.h"

namespace switchyard::hub {

// The layout of the model as this folder names its experts, which may differ between layers.
Layout layout_in(const HubWeights& weights, Family family, const Config& config,
                 std::int64_t vocabulary);

// Every byte of every tensor must be used once: each tensor of the layout is there, with its shape
// and a dtype of floats, and there is no other. Not counted are the rotary frequencies that early
// files hold, and the head of a model whose head is the embedding. Errors: Exit::data, naming the
// tensors.
void require_match(const HubWeights& weights, const Layout& layout, bool tied);

// A model whose head is the embedding may hold it twice. Reads both. Errors: Exit::data if they
// differ.
void require_same_head(HubWeights& weights);

}  // namespace switchyard::hub
