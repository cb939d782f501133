#include "launch/models/grow.h"

#include <fmt/format.h>

#include <utility>

#include "io/transform/copies.h"
#include "launch/models/merge.h"
#include "launch/models/parts.h"
#include "launch/run/checkpoint_meta.h"
#include "router/groups.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"

namespace switchyard::models {
namespace {

void check(const Config& config, const Recipe& recipe) {
  const GateKind gate = config.router.gate;
  require(!is_all_dense(config.model), Exit::usage,
          "the model has no experts: method = \"mix\" makes some");
  require(gate != GateKind::expert_choice && gate != GateKind::hash, Exit::usage,
          "with router.gate = \"{}\" the experts that an expert becomes are not chosen together",
          name_of(gate));
  require(num_groups(config.router) == 1, Exit::usage,
          "experts in groups cannot grow: more of them would change how groups are scored");
  require(recipe.by == GrowBy::copy || config.model.expert_hidden % recipe.times == 0, Exit::usage,
          "times = {} does not divide model.expert_hidden = {}: choose a divisor, or by = \"copy\"",
          recipe.times, config.model.expert_hidden);
}

// By what each weight of a chosen expert changes when there are `times` of it: the sigmoid of each
// stays what it was, and all other weights are shares.
Config grown_config(Config config, const Recipe& recipe) {
  const bool split = recipe.by == GrowBy::split;
  const bool in_shares = config.router.gate != GateKind::sigmoid || config.router.normalize;
  const auto times = static_cast<float>(recipe.times);
  if (split && in_shares) config.router.scale *= times;
  if (!split && !in_shares) config.router.scale /= times;
  config.router.top_k *= static_cast<int>(recipe.times);
  config.model.num_experts *= static_cast<int>(recipe.times);
  if (split) config.model.expert_hidden /= recipe.times;
  return config;
}

void add_expert(const Recipe& recipe, const ExpertPart& expert, const std::string& name,
                const CheckpointReader& model, std::vector<TensorPlan>& plans) {
  const DType dtype = recipe.dtype.value_or(model.dtype(name));
  const bool split = recipe.by == GrowBy::split;
  for (std::int64_t i = 0; i < recipe.times; ++i) {
    const auto number = static_cast<int>(expert.expert * recipe.times + i);
    const std::string grown =
        std::string(value_prefix) + ExpertPart{expert.layer, number, expert.part}.name();
    plans.push_back(shard_plan(grown, expert.part, 0, name, model.shape(name), dtype, split ? i : 0,
                               split ? recipe.times : 1));
  }
}

// A tensor with a row for each expert.
TensorPlan repeated_rows(const Recipe& recipe, const std::string& name, DType dtype,
                         const CheckpointReader& model) {
  const Shape shape = model.shape(name);
  const std::int64_t rows = shape[0], cols = shape.size() / rows;
  TensorPlan plan{{name, {rows * recipe.times}, dtype}, {}};
  if (shape.num_dims() == 2) plan.tensor.shape = {rows * recipe.times, cols};
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t i = 0; i < recipe.times; ++i)
      plan.parts.push_back(rows_part(0, name, cols, row, 1));
  }
  return plan;
}

}  // namespace

Grown grow_plans(const Recipe& recipe, const CheckpointReader& model) {
  const Config config = config_of(model);
  check(config, recipe);
  Grown grown{grown_config(config, recipe), {}};
  for (const std::string& name : model_names(model)) {
    const bool is_value = name.starts_with(value_prefix);
    const DType dtype = is_value ? recipe.dtype.value_or(model.dtype(name)) : DType::f32;
    const auto expert =
        is_value ? ExpertPart::of_name(name.substr(value_prefix.size())) : std::nullopt;
    if (expert) {
      add_expert(recipe, *expert, name, model, grown.plans);
    } else if (!is_value || name.ends_with(".router") || name.ends_with(".router_noise")) {
      grown.plans.push_back(repeated_rows(recipe, name, dtype, model));
    } else {
      grown.plans.push_back(copy_plan({name, model.shape(name), dtype}, 0, name));
    }
  }
  return grown;
}

}  // namespace switchyard::models
