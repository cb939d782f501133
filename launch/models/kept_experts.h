// Fewer experts for a trained mixture: those that a calibration finds least needed go, or merge
// into those that stay.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "launch/models/grow.h"
#include "launch/models/recipe.h"
#include "runtime/comm/comm.h"

namespace switchyard::models {

// An expert of the new model.
struct KeptExpert {
  int expert = 0;  // of the model, whose row of the router stays
  std::vector<int> merged;
  std::vector<double> weights;  // the mean of these experts of the model that it is
};
// A layer of the new model.
struct KeptLayer {
  std::vector<KeptExpert> experts;
  std::vector<double> scores;        // of all experts of the model
  std::vector<std::int64_t> tokens;  // that chose each of them; empty without calibration
};
using KeptExperts = std::map<std::string, KeptLayer>;  // by name, "layer3"

// Of each layer {"kept": [experts], "scores": [..], "tokens": [..]}, for the lineage.
nlohmann::json json_of(const KeptExperts& kept);

// Collective. The recipe.keep experts of each layer with the largest scores. With
// recipe.merges_others each of the others is averaged into the one of its group that it is most
// like, by the numbers of tokens that chose them (M-SMoE: Li et al., arXiv:2310.01334, without its
// alignment of neurons). reads: false only counts, and keeps the first. Each rank has the values of
// the model in memory, its share of the experts. Errors: agreed; Exit::usage if the model has no
// experts, a gate that reads no scores, or groups or a top_k that do not fit; those of Calibration.
KeptExperts choose_experts(const Recipe& recipe, const CheckpointReader& model, bool reads,
                           Comm& world,
                           const std::function<void(std::int64_t, std::int64_t)>& progress);

Grown kept_plans(const Recipe& recipe, const CheckpointReader& model, const KeptExperts& kept);

}  // namespace switchyard::models
