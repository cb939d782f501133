#include "launch/models/mix.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "io/transform/merge_ops.h"
#include "launch/models/merge.h"
#include "launch/models/parts.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "runtime/random.h"

namespace switchyard::models {
namespace {

// Rows of a new router: normal numbers, and the same row for the shards of a copy.
class RouterRow final : public UnitOp {
 public:
  RouterRow(const Random& random, double deviation, std::int64_t first)
      : random_(random), deviation_(deviation), first_(first) {}

  void apply(const Unit& unit, std::span<float> out) const override {
    for (std::size_t e = 0; e < out.size(); ++e) {
      const auto place = static_cast<std::uint64_t>(first_ + unit.begin) + e;
      out[e] = static_cast<float>(deviation_ * random_.normal(place));
    }
  }

 private:
  Random random_;
  double deviation_;
  std::int64_t first_;
};

std::set<std::int64_t> chosen_layers(const Recipe& recipe, const ModelConfig& model) {
  std::set<std::int64_t> layers(recipe.layers.begin(), recipe.layers.end());
  for (std::int64_t layer = 0; recipe.layers.empty() && layer < model.num_layers; ++layer)
    layers.insert(layer);
  require(*layers.rbegin() < model.num_layers, Exit::usage,
          "layers names layer {}, but the last one is {}", *layers.rbegin(), model.num_layers - 1);
  return layers;
}

void check(const Recipe& recipe, const ModelConfig& model) {
  require(is_all_dense(model), Exit::usage,
          "the models have experts already: method = \"grow\" makes more of them");
  require(recipe.experts % std::ssize(recipe.inputs) == 0, Exit::usage,
          "experts = {} is no multiple of the {} inputs", recipe.experts, recipe.inputs.size());
  require(model.ffn_hidden % recipe.shards == 0, Exit::usage,
          "shards = {} does not divide model.ffn_hidden = {}", recipe.shards, model.ffn_hidden);
  require(recipe.top_k <= recipe.experts, Exit::usage, "top_k = {} is more than experts = {}",
          recipe.top_k, recipe.experts);
}

Config mixed_config(Config config, const Recipe& recipe, const std::set<std::int64_t>& layers) {
  config.model.dense_layers.clear();
  for (std::int64_t layer = 0; layer < config.model.num_layers; ++layer) {
    if (!layers.contains(layer)) config.model.dense_layers.push_back(layer);
  }
  config.model.num_experts = static_cast<int>(recipe.experts * recipe.shards);
  config.model.expert_hidden = config.model.ffn_hidden / recipe.shards;
  config.model.shared_expert_hidden = 0;
  config.router = RouterConfig{};
  config.router.gate = GateKind::topk_softmax;
  config.router.top_k = static_cast<int>(recipe.top_k * recipe.shards);
  config.router.scale = static_cast<float>(recipe.shards);
  return config;
}

class Mix {
 public:
  Mix(const Recipe& recipe, ModelSources sources) : recipe_(recipe), sources_(sources) {}

  Grown all() {
    const Config config = config_of(*sources_.front());
    check(recipe_, config.model);
    const std::set<std::int64_t> layers = chosen_layers(recipe_, config.model);
    grown_.config = mixed_config(config, recipe_, layers);
    std::set<std::string> taken;
    for (const std::int64_t layer : layers) {
      const std::string name = fmt::format("layer{}", layer);
      for (const char* part : {"gate", "up", "down"}) taken.insert(add_experts(name, part));
      add_router(name, config.model.hidden);
    }
    for (const std::string& name : model_names(*sources_.front())) {
      if (!taken.contains(name)) add_average(name);
    }
    std::ranges::sort(grown_.plans, {}, [](const TensorPlan& plan) { return plan.tensor.name; });
    return std::move(grown_);
  }

 private:
  DType dtype_of(const std::string& name) const {
    return recipe_.dtype.value_or(sources_.front()->dtype(name));
  }

  // Returns the name of what the experts are made of.
  std::string add_experts(const std::string& layer, const std::string& part) {
    const std::string from = fmt::format("value/{}.ffn.{}", layer, part);
    const Shape shape = sources_.front()->shape(from);
    const std::int64_t of_each = recipe_.experts / std::ssize(sources_);
    for (std::int64_t copy = 0; copy < recipe_.experts; ++copy) {
      for (std::int64_t shard = 0; shard < recipe_.shards; ++shard) {
        const auto number = static_cast<int>(copy * recipe_.shards + shard);
        grown_.plans.push_back(shard_plan("value/" + ExpertPart{layer, number, part}.name(), part,
                                          static_cast<std::size_t>(copy / of_each), from, shape,
                                          dtype_of(from), shard, recipe_.shards));
      }
    }
    return from;
  }

  void add_router(const std::string& layer, std::int64_t hidden) {
    const std::string name = layer + ".router";
    const Random random(recipe_.seed, Purpose::init, ParamSpec{.name = name, .shape = {}}.key());
    TensorPlan plan{{"value/" + name,
                     {recipe_.experts * recipe_.shards, hidden},
                     dtype_of(fmt::format("value/{}.ffn.gate", layer))},
                    {}};
    for (std::int64_t copy = 0; copy < recipe_.experts; ++copy) {
      const auto row = std::make_shared<RouterRow>(random, recipe_.router_std, copy * hidden);
      for (std::int64_t shard = 0; shard < recipe_.shards; ++shard)
        plan.parts.push_back({hidden, {}, row});
    }
    grown_.plans.push_back(std::move(plan));
  }

  void add_average(const std::string& name) {
    const Shape shape = sources_.front()->shape(name);
    TensorPlan plan{{name, shape, dtype_of(name)}, {}};
    TensorPart& part = plan.parts.emplace_back();
    part.size = shape.size();
    part.op = average_op(recipe_.rule.merge.weights);
    for (std::size_t i = 0; i < sources_.size(); ++i) part.inputs.push_back({i, name});
    grown_.plans.push_back(std::move(plan));
  }

  const Recipe& recipe_;
  ModelSources sources_;
  Grown grown_;
};

}  // namespace

Grown mix_plans(const Recipe& recipe, ModelSources sources) { return Mix(recipe, sources).all(); }

}  // namespace switchyard::models
