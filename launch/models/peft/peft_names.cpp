#include "launch/models/peft/peft_names.h"

#include "launch/config/config_checks.h"
#include "launch/models/merge.h"
#include "model/param_role.h"
#include "runtime/error.h"

namespace switchyard::models {
namespace {

// PEFT 0.21 takes adapters of gate_proj, up_proj and down_proj in a model with experts for those of
// experts, wherever they are.
bool is_module(const std::string& param, bool has_experts) {
  const ParamRole role = role_of_param(param);
  return role == ParamRole::attention ||
         role == (has_experts ? ParamRole::experts : ParamRole::ffn);
}

}  // namespace

PeftNames peft_names(Config config, std::int64_t num_ids) {
  config.model.adapter = {};
  const std::optional<hub::Family> family = hub::family_of(config);
  require(family.has_value(), Exit::usage, "no family of transformers expresses this model: {}",
          hub::misfits(config));
  PeftNames names{*family, {}};
  const hub::Layout layout = hub::layout_of(*family, config, vocabulary_of(config.model, num_ids),
                                            hub::ExpertNames::original);
  constexpr std::string_view weight = ".weight";
  for (const hub::Piece& piece : layout.pieces()) {
    if (!piece.ours.starts_with(value_prefix) || piece.shape.size() != 2) continue;
    const std::string ours = piece.ours.substr(value_prefix.size());
    const std::string& theirs = layout.tensors()[piece.theirs].name;
    if (is_module(ours, !is_all_dense(config.model)) && theirs.ends_with(weight))
      names.modules[ours] = {theirs.substr(0, theirs.size() - weight.size()), piece.shape};
  }
  return names;
}

}  // namespace switchyard::models
