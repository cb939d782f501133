#include "train/step/frozen.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "io/files/nearest_name.h"
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

void require_known(const std::string& choice, const Names& names) {
  if (choice == "head" && !names.contains("head"))
    fail(Exit::usage,
         "train.freeze names \"head\", and with model.tie_embeddings = true the embedding is the "
         "head: name the embedding, or set model.tie_embeddings = false");
  const bool known = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return chooses_param(choice, name);
  });
  if (known) return;
  std::vector<std::string_view> candidates(names.begin(), names.end());
  candidates.insert(candidates.end(), names_of<ParamRole>.begin(), names_of<ParamRole>.end());
  fail(Exit::usage,
       "train.freeze names \"{}\", which is no parameter of this model; did you mean \"{}\"? It "
       "takes roles ({}) and names of parameters, in which * matches any text",
       choice, nearest_name(candidates, choice), fmt::join(names_of<ParamRole>, ", "));
}

}  // namespace

void check_frozen(const Params& params, int num_experts, const std::vector<std::string>& choices) {
  if (choices.empty()) return;
  const Names names = all_param_names(params, num_experts);
  for (const std::string& choice : choices) require_known(choice, names);
  const Params::Choice frozen = chosen_by(choices);
  bool trains = false;
  for (const std::string& name : names) {
    trains = trains || !frozen(name);
    std::optional<ExpertPart> part = ExpertPart::of_name(name);
    if (!part) continue;
    part->expert = 0;
    require(frozen(name) == frozen(part->name()), Exit::usage,
            "train.freeze treats {} and {} differently, and experts of a layer change places: "
            "name all of them, as in \"{}.expert*\"",
            part->name(), name, part->layer);
  }
  require(trains, Exit::usage, "train.freeze leaves no parameter to train: name fewer");
}

}  // namespace switchyard
