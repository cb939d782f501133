#include "train/step/frozen.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "io/files/nearest_name.h"
#include "model/linear_terms.h"
#include "model/param_role.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

using Names = std::set<std::string>;

// Of the whole model, and the same on every rank.
Names all_param_names(const Params& params, int num_experts) {
  Names names;
  for (const Param& param : params.all()) {
    if (!param.spec.expert) {
      names.insert(param.spec.name);
      continue;
    }
    ExpertPart part = *param.spec.expert;
    for (part.expert = 0; part.expert < num_experts; ++part.expert) names.insert(part.name());
  }
  return names;
}

// A key of the config that chooses parameters, with its choices.
struct Choices {
  std::string_view key;
  const std::vector<std::string>& list;
};

bool chooses_any(const std::string& choice, const Names& names) {
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& name) { return chooses_param(choice, name); });
}

void require_known(std::string_view key, const std::string& choice, const Names& names) {
  if (choice == "head" && !names.contains("head"))
    fail(Exit::usage,
         "{} names \"head\", and with model.tie_embeddings = true the embedding is the head: name "
         "the embedding, or set model.tie_embeddings = false",
         key);
  if (chooses_any(choice, names)) return;
  std::vector<std::string_view> candidates(names.begin(), names.end());
  candidates.insert(candidates.end(), names_of<ParamRole>.begin(), names_of<ParamRole>.end());
  fail(Exit::usage,
       "{} names \"{}\", which is no parameter of this model; did you mean \"{}\"? It takes roles "
       "({}) and names of parameters, in which * matches any text",
       key, choice, nearest_name(candidates, choice), fmt::join(names_of<ParamRole>, ", "));
}

// Experts of a layer change places.
void require_equal_experts(const Choices& choices, const Names& names) {
  const Params::Choice chosen = chosen_by(choices.list);
  if (!chosen) return;
  for (const std::string& name : names) {
    std::optional<ExpertPart> part = ExpertPart::of_name(name);
    if (!part) continue;
    part->expert = 0;
    require(chosen(name) == chosen(part->name()), Exit::usage,
            "{} treats {} and {} differently, and experts of a layer change places: name all of "
            "them, as in \"{}.expert*\"",
            choices.key, part->name(), name, part->layer);
  }
}

// Names of matrices that may have an adapter.
void require_adapted(const std::vector<std::string>& targets, const Names& names) {
  for (const std::string& target : targets) {
    const bool adapts = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return chooses_param(target, name) && names.contains(name + std::string(lora_a_suffix));
    });
    require(
        adapts, Exit::usage,
        "adapter.targets names \"{}\", which is no matrix of attention, a feed-forward network, "
        "experts or a router of this model: name roles (attention, ffn, experts, shared, "
        "router), or names of parameters, in which * matches any text (\"*.attention.q\")",
        target);
  }
}

}  // namespace

void check_frozen(const Params& params, const ModelConfig& model,
                  const std::vector<std::string>& freeze) {
  const bool adapted = model.adapter.rank > 0;
  if (freeze.empty() && !adapted) return;
  const Names names = all_param_names(params, model.num_experts);
  std::vector<Choices> all{{"train.freeze", freeze}};
  if (adapted) all.push_back({"adapter.train", model.adapter.train});
  for (const auto& [key, list] : all)
    for (const std::string& choice : list) require_known(key, choice, names);
  if (adapted) all.push_back({"adapter.targets", model.adapter.targets});
  for (const Choices& choices : all) require_equal_experts(choices, names);
  if (adapted) require_adapted(model.adapter.targets, names);
  const Params::Choice frozen = frozen_params(model, freeze);
  require(!std::all_of(names.begin(), names.end(), frozen), Exit::usage,
          "train.freeze leaves no parameter to train: name fewer");
}

}  // namespace switchyard
