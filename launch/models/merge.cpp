#include "launch/models/merge.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

#include "io/transform/merge_ops.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "train/state/state_names.h"

namespace switchyard::models {
namespace {

void require_same_tensors(const CheckpointReader& first, const CheckpointReader& other) {
  const std::vector<std::string> names = model_names(first), others = model_names(other);
  std::vector<std::string> only;
  std::ranges::set_symmetric_difference(names, others, std::back_inserter(only));
  if (!only.empty()) {
    const bool in_first = std::ranges::binary_search(names, only.front());
    fail(Exit::data, "{} has {}, and {} has not", (in_first ? first : other).folder().string(),
         only.front(), (in_first ? other : first).folder().string());
  }
  for (const std::string& name : names) {
    require(first.shape(name) == other.shape(name), Exit::data,
            "{} is {} in {} and {} in {}: tensors of other shapes cannot be merged", name,
            first.shape(name), first.folder().string(), other.shape(name), other.folder().string());
  }
}

void require_same_tokenizer(const CheckpointReader& first, const CheckpointReader& other) {
  const std::string hash = first.fields().object("tokenizer").text("hash"),
                    other_hash = other.fields().object("tokenizer").text("hash");
  require(hash == other_hash, Exit::data,
          "{} has the tokenizer {} and {} has {}: the rows of their tables mean other tokens",
          first.folder().string(), hash, other.folder().string(), other_hash);
}

// What TIES counts over all tensors of the same settings.
class SharedCountings {
 public:
  explicit SharedCountings(TiesOver over) : over_(over) {}

  std::shared_ptr<TiesCounting> of(const MergeSettings& merge) {
    const auto make = [&] { return std::make_shared<TiesCounting>(merge, over_); };
    if (over_ == TiesOver::tensor) return make();
    std::shared_ptr<TiesCounting>& shared =
        shared_[{merge.weights, merge.scale, merge.density, merge.normalize}];
    if (!shared) shared = make();
    return shared;
  }

 private:
  TiesOver over_;
  std::map<std::tuple<std::vector<double>, double, double, bool>, std::shared_ptr<TiesCounting>>
      shared_;
};

// The mean of the inputs, without the base after them.
void average(const std::vector<double>& weights, TensorPart& part) {
  part.op = average_op(weights);
  part.inputs.resize(weights.size());
}

// Fills in how the tensor is computed.
void add_rule(const Recipe& recipe, const std::string& name, SharedCountings& countings,
              TensorPlan& plan) {
  const Rule rule = recipe.rule_of(name);
  TensorPart& part = plan.parts.front();
  switch (rule.method) {
    case Method::average:
      average(rule.merge.weights, part);
      return;
    case Method::task_arithmetic:
      part.op = task_arithmetic_op(rule.merge);
      return;
    case Method::dare:
    case Method::dare_ties:
      part.op = dare_op(rule.merge, rule.method == Method::dare_ties, recipe.seed, name);
      return;
    case Method::ties: {
      const std::shared_ptr<TiesCounting> counting = countings.of(rule.merge);
      part.op = ties_op(counting);
      plan.counting = counting;
      return;
    }
    case Method::grow:
    case Method::mix:
    case Method::low_rank:
    case Method::fold:
    case Method::quantize:
    case Method::prune:
    case Method::experts:
      fail(Exit::internal, "{} merges no tensor", name_of(rule.method));
  }
}

// Takes the experts of the inputs in the order that fits the first: by their names, and in what has
// a row for each expert.
void put_in_order(std::span<const ExpertOrder> orders, TensorPlan& plan) {
  const std::string name = plan.tensor.name.substr(plan.tensor.name.find('/') + 1);
  const TensorPart all = plan.parts.front();
  const auto order_of = [&](std::size_t input, const std::string& layer) {
    const ExpertOrder& order = orders[all.inputs[input].source];
    const auto found = order.find(layer);
    return found == order.end() ? nullptr : &found->second;
  };
  if (const auto expert = ExpertPart::of_name(name)) {
    for (std::size_t i = 0; i < all.inputs.size(); ++i) {
      const auto* const order = order_of(i, expert->layer);
      if (order == nullptr) continue;
      const auto number = static_cast<int>((*order)[static_cast<std::size_t>(expert->expert)]);
      plan.parts.front().inputs[i].name =
          std::string(value_prefix) + ExpertPart{expert->layer, number, expert->part}.name();
    }
    return;
  }
  const bool by_rows = name.ends_with(".router") || name.ends_with(".router_noise") ||
                       plan.tensor.name.starts_with("gate/");
  if (!by_rows) return;
  const std::string layer = name.substr(0, name.find('.'));
  const std::int64_t rows = plan.tensor.shape[0], cols = all.size / rows;
  plan.parts.clear();
  for (std::int64_t row = 0; row < rows; ++row) {
    TensorPart& part = plan.parts.emplace_back(all);
    part.size = cols;
    for (std::size_t i = 0; i < part.inputs.size(); ++i) {
      const auto* const order = order_of(i, layer);
      const auto from = order == nullptr
                            ? row
                            : static_cast<std::int64_t>((*order)[static_cast<std::size_t>(row)]);
      part.inputs[i].begin = from * cols;
    }
  }
}

void require_matches(const Recipe& recipe, const std::vector<std::string>& names) {
  for (const Override& each : recipe.overrides) {
    const bool found = std::ranges::any_of(names, [&](const std::string& name) {
      return name.starts_with(value_prefix) &&
             matches(each.match, name.substr(value_prefix.size()));
    });
    require(found, Exit::usage, "the recipe's override match = \"{}\" names no parameter",
            each.match);
  }
}

}  // namespace

std::vector<std::string> model_names(const CheckpointReader& model) {
  std::vector<std::string> names = model.names();
  std::erase_if(names, [](const std::string& name) {
    const bool bias = name.starts_with("gate/") && name.ends_with(".bias");
    return (!name.starts_with(value_prefix) && !bias) || mtp_module_of_state(name) >= 0;
  });
  return names;
}

void require_alike(ModelSources sources) {
  const CheckpointReader& first = *sources.front();
  const Config config = config_of(first);
  for (const CheckpointReader* other : sources.subspan(1)) {
    const std::vector<std::string> unlike = unlike_model_keys(config, config_of(*other));
    require(unlike.empty(), Exit::data, "{} and {} are other models: {}", first.folder().string(),
            other->folder().string(), fmt::join(unlike, ", "));
    require_same_tokenizer(first, *other);
    require_same_tensors(first, *other);
  }
}

std::vector<TensorPlan> merge_plans(const Recipe& recipe, ModelSources sources,
                                    std::span<const ExpertOrder> orders) {
  const CheckpointReader& first = *sources.front();
  const std::vector<std::string> names = model_names(first);
  require_matches(recipe, names);
  SharedCountings countings(recipe.over);
  std::vector<TensorPlan> plans;
  for (const std::string& name : names) {
    const bool is_value = name.starts_with(value_prefix);
    TensorPlan plan{{name, first.shape(name)}, {}};
    if (is_value) plan.tensor.dtype = recipe.dtype.value_or(first.dtype(name));
    TensorPart& part = plan.parts.emplace_back();
    part.size = plan.tensor.shape.size();
    for (std::size_t i = 0; i < sources.size(); ++i) part.inputs.push_back({i, name, 0});
    if (is_value) {
      add_rule(recipe, name.substr(value_prefix.size()), countings, plan);
    } else {
      average(recipe.rule.merge.weights, part);
    }
    if (!orders.empty()) put_in_order(orders, plan);
    plans.push_back(std::move(plan));
  }
  return plans;
}

}  // namespace switchyard::models
