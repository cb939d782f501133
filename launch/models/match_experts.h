// Which expert of one model is which of another: models that were not trained from the same weights
// have theirs in any order.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "io/transform/engine.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

// For each layer ("layer3"), which expert of a model takes the place of expert e of the first one.
// A layer that is not there keeps its order.
using ExpertOrder = std::map<std::string, std::vector<std::size_t>>;

// Not collective. Experts of models that were trained from the same weights have the rows of their
// routers most alike in place. Errors: Exit::data naming the layer where others fit better: an
// average would mix experts that have nothing to do with each other.
void require_same_experts(ModelSources models);

// Collective. The order of each model's experts that is most like the first one's: of each layer
// the assignment with the largest sum of cosines of [gate; up; down^T] (Hungarian method). A rank
// reads whole layers, and needs 64 MiB. Errors: agreed; Exit::data for damage.
std::vector<ExpertOrder> match_experts(ModelSources models, Comm& world);

}  // namespace switchyard::models
