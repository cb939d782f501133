#include "launch/models/kept_experts.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "io/transform/copies.h"
#include "io/transform/merge_ops.h"
#include "launch/assemble/restored_model.h"
#include "launch/models/calibration.h"
#include "launch/models/merge.h"
#include "launch/models/parts.h"
#include "launch/run/checkpoint_meta.h"
#include "model/transformer/layer_walk.h"
#include "router/groups.h"
#include "runtime/comm/agree.h"
#include "runtime/device/host_access.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "runtime/random.h"
#include "train/compress/expert_groups.h"
#include "train/compress/expert_scores.h"
#include "train/compress/linear_statistics.h"

namespace switchyard::models {
namespace {

void check(const Config& config, const Recipe& recipe) {
  const RouterConfig& router = config.router;
  const int experts = config.model.num_experts, groups = router.groups;
  require(!is_all_dense(config.model), Exit::usage, "the model has no experts to choose from");
  require(router.gate != GateKind::expert_choice && router.gate != GateKind::hash, Exit::usage,
          "with router.gate = \"{}\" each token would go to other experts if there were fewer of "
          "them: only experts that a token chooses by their scores can be left out",
          name_of(router.gate));
  require(recipe.keep <= experts, Exit::usage, "keep = {}: the model has {} experts", recipe.keep,
          experts);
  require(recipe.keep >= router.top_k, Exit::usage,
          "keep = {} is fewer than the router.top_k = {} experts that each token chooses",
          recipe.keep, router.top_k);
  require(router.group_experts.empty(), Exit::usage,
          "router.group_experts names the experts of each group, and each layer would keep others: "
          "experts can be left out of router.groups alone");
  require(recipe.keep % groups == 0 && experts % groups == 0, Exit::usage,
          "keep = {}: the {} experts are in router.groups = {} groups, which keep equally many: "
          "both must be multiples of it",
          recipe.keep, experts, groups);
  check_router(router, recipe.keep);
}

// What a layer's experts are chosen by.
struct LayerScores {
  std::vector<double> scores;        // [E]
  std::vector<std::int64_t> tokens;  // [E]; empty without calibration
  std::vector<double> likeness;      // [E, E]
};

std::vector<KeptExpert> kept_of(const LayerScores& layer, const Recipe& recipe, int num_groups) {
  const auto num_experts = static_cast<int>(layer.scores.size());
  const std::vector<int> kept = kept_experts(layer.scores, recipe.keep, num_groups);
  std::vector<KeptExpert> experts;
  if (!recipe.merges_others) {
    for (const int expert : kept) experts.push_back({expert, {expert}, {1.0}});
    return experts;
  }
  const std::vector<int> nearest = nearest_kept(kept, layer.likeness, num_experts, num_groups);
  for (const int expert : kept) {
    KeptExpert& merged = experts.emplace_back(KeptExpert{expert, {}, {}});
    for (int other = 0; other < num_experts; ++other) {
      const std::int64_t tokens = layer.tokens[static_cast<std::size_t>(other)];
      if (nearest[static_cast<std::size_t>(other)] != expert || tokens == 0) continue;
      merged.merged.push_back(other);
      merged.weights.push_back(static_cast<double>(tokens));
    }
    if (merged.merged.empty()) merged = {expert, {expert}, {1.0}};
  }
  return experts;
}

std::vector<double> random_scores(const Recipe& recipe, std::int64_t layer, int num_experts) {
  const Random random(recipe.seed, Purpose::merge_drop, static_cast<std::uint64_t>(layer));
  std::vector<double> scores;
  for (int expert = 0; expert < num_experts; ++expert)
    scores.push_back(random.uniform(static_cast<std::uint64_t>(expert)));
  return scores;
}

// What the recipe's tokens say about the experts of each layer.
class ScoreWalk {
 public:
  ScoreWalk(const Recipe& recipe, const CheckpointReader& model, Comm& world)
      : recipe_(recipe),
        restored_(model.folder(), {}, world.split(0, world.rank()), nullptr,
                  RestoredModel::Codes::decode),
        calibration_(recipe, model, restored_.config(), world),
        walk_(restored_.model(), calibration_.batches(), restored_.stream()) {}

  // Of the layer that is next; empty if it has no experts.
  LayerScores next() {
    LayerScores layer;
    const ModelConfig& config = restored_.config().model;
    if (is_dense(config, walk_.layer())) {
      walk_.compute(nullptr);
    } else {
      layer = score(config.num_experts);
    }
    walk_.advance();
    return layer;
  }

 private:
  LayerScores score(int num_experts) {
    const Params& params = restored_.model().params();
    const ParamId router = params.find(fmt::format("layer{}.router", walk_.layer()));
    std::optional<LinearStatistics> inputs;
    if (recipe_.merges_others)
      inputs.emplace(params, std::vector{router}, InputMoments::products, calibration_.total_rows(),
                     calibration_.num_batches());
    std::optional<ExpertScores> experts;
    do {
      experts.emplace(num_experts);
      walk_.compute(inputs ? &*inputs : nullptr, &*experts);
    } while (inputs && !inputs->finish(restored_.mesh(), restored_.stream()));
    LayerScores layer;
    for (const ExpertScore& score : experts->finish(*restored_.mesh().world)) {
      layer.tokens.push_back(score.tokens);
      layer.scores.push_back(recipe_.keep_by == KeepBy::reap  ? score.reap
                             : recipe_.keep_by == KeepBy::man ? score.norm
                                                              : static_cast<double>(score.tokens));
    }
    if (recipe_.keep_by == KeepBy::random)
      layer.scores = random_scores(recipe_, walk_.layer(), num_experts);
    if (!inputs) return layer;
    std::vector<float> rows(static_cast<std::size_t>(params.spec(router).shape.size()));
    read_now(params.value(router), rows.data());
    layer.likeness = likeness_of_logits(rows, inputs->of(router).products, num_experts);
    return layer;
  }

  const Recipe& recipe_;
  RestoredModel restored_;
  Calibration calibration_;
  LayerWalk walk_;
};

// A tensor with a row for each expert.
TensorPlan kept_rows(const std::string& name, DType dtype, const Shape& shape,
                     const std::vector<KeptExpert>& kept) {
  const std::int64_t cols = shape.size() / shape[0], rows = std::ssize(kept);
  TensorPlan plan{{name, {rows}, dtype}, {}};
  if (shape.num_dims() == 2) plan.tensor.shape = {rows, cols};
  for (const KeptExpert& expert : kept)
    plan.parts.push_back(rows_part(0, name, cols, expert.expert, 1));
  return plan;
}

// The matrices `part` of a layer's experts.
void add_experts(const ExpertPart& first, DType dtype, const Shape& shape,
                 const std::vector<KeptExpert>& kept, std::vector<TensorPlan>& plans) {
  const auto name_of_expert = [&](int expert) {
    return std::string(value_prefix) + ExpertPart{first.layer, expert, first.part}.name();
  };
  for (std::size_t i = 0; i < kept.size(); ++i) {
    TensorPlan& plan =
        plans.emplace_back(TensorPlan{{name_of_expert(static_cast<int>(i)), shape, dtype}, {}});
    TensorPart& part = plan.parts.emplace_back();
    part.size = shape.size();
    part.op = average_op(kept[i].weights);
    for (const int expert : kept[i].merged) part.inputs.push_back({0, name_of_expert(expert)});
  }
}

}  // namespace

nlohmann::json json_of(const KeptExperts& kept) {
  nlohmann::json layers = nlohmann::json::object();
  for (const auto& [name, layer] : kept) {
    nlohmann::json& json = layers[name];
    json = {{"kept", nlohmann::json::array()}, {"scores", layer.scores}, {"tokens", layer.tokens}};
    for (const KeptExpert& expert : layer.experts) json["kept"].push_back(expert.expert);
  }
  return layers;
}

KeptExperts choose_experts(const Recipe& recipe, const CheckpointReader& model, bool reads,
                           Comm& world,
                           const std::function<void(std::int64_t, std::int64_t)>& progress) {
  Config config;
  agree(world, [&] {
    config = config_of(model);
    check(config, recipe);
  });
  const int num_experts = config.model.num_experts;
  const auto experts = static_cast<std::size_t>(num_experts);
  std::optional<ScoreWalk> walk;
  if (reads && !recipe.calibration.dataset.empty()) walk.emplace(recipe, model, world);
  KeptExperts kept;
  for (std::int64_t layer = 0; layer < config.model.num_layers; ++layer) {
    LayerScores scores;
    if (walk) {
      scores = walk->next();
    } else {
      scores.scores = random_scores(recipe, layer, num_experts);
      if (recipe.merges_others) {  // only counted
        scores.tokens.assign(experts, 1);
        scores.likeness.assign(experts * experts, 0.0);
      }
    }
    if (!is_dense(config.model, layer)) {
      std::vector<KeptExpert> chosen = kept_of(scores, recipe, config.router.groups);
      kept[fmt::format("layer{}", layer)] = {std::move(chosen), std::move(scores.scores),
                                             std::move(scores.tokens)};
    }
    if (walk && progress) progress(layer + 1, config.model.num_layers);
  }
  return kept;
}

Grown kept_plans(const Recipe& recipe, const CheckpointReader& model, const KeptExperts& kept) {
  Grown grown{config_of(model), {}};
  grown.config.model.num_experts = recipe.keep;
  for (const std::string& name : model_names(model)) {
    const bool is_value = name.starts_with(value_prefix);
    const Shape shape = model.shape(name);
    const DType dtype = is_value ? recipe.dtype.value_or(model.dtype(name)) : DType::f32;
    const std::string bare = name.substr(name.find('/') + 1);
    const auto expert = is_value ? ExpertPart::of_name(bare) : std::nullopt;
    if (expert && expert->expert == 0) {
      add_experts(*expert, dtype, shape, kept.at(expert->layer).experts, grown.plans);
    } else if (!is_value || bare.ends_with(".router") || bare.ends_with(".router_noise")) {
      grown.plans.push_back(
          kept_rows(name, dtype, shape, kept.at(bare.substr(0, bare.find('.'))).experts));
    } else if (!expert) {
      grown.plans.push_back(copy_plan({name, shape, dtype}, 0, name));
    }
  }
  return grown;
}

}  // namespace switchyard::models
