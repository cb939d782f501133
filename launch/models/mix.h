// A mixture of experts out of dense models.
#pragma once

#include "launch/models/grow.h"

namespace switchyard::models {

// The feed-forward networks of the chosen layers become experts: of one model, recipe.experts
// copies (sparse upcycling: Komatsuzaki et al., arXiv:2212.05055); of several, each its share of
// them (branch-train-mix: Sukhbaatar et al., arXiv:2403.07816). With shards each copy becomes so
// many experts of a part of its width (granular upcycling: He et al., arXiv:2410.07524), which a
// token chooses together. All else is averaged by the inputs' weights. Routers are drawn from
// recipe.seed. The gate is "topk_softmax", whose weights add up to 1, so that one model keeps its
// function. Errors: Exit::usage if the models have experts already, or numbers do not divide.
Grown mix_plans(const Recipe& recipe, ModelSources sources);

}  // namespace switchyard::models
