#include "launch/models/make_model.h"

#include <optional>
#include <utility>

#include "io/transform/model_comparison.h"
#include "launch/config/config_checks.h"
#include "launch/models/calibrated.h"
#include "launch/models/factor.h"
#include "launch/models/grow.h"
#include "launch/models/merge.h"
#include "launch/models/mix.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/lineage.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::models {
namespace {

namespace fs = std::filesystem;

// The sources of a recipe, opened on all ranks.
class Sources {
 public:
  // Collective. Errors: agreed.
  Sources(const std::vector<std::string>& paths, Comm& world) {
    for (const std::string& path : paths) {
      std::string folder;
      on_root(world, [&] { folder = resolve_checkpoint(path).string(); });
      readers_.push_back(CheckpointReader::open_on_all(folder, world));
    }
    for (const CheckpointReader& reader : readers_) all_.push_back(&reader);
  }
  ModelSources all() const { return all_; }

 private:
  std::vector<CheckpointReader> readers_;
  std::vector<const CheckpointReader*> all_;
};

// Sums of products do not merge factor by factor.
void require_single_matrices(const Recipe& recipe, const CheckpointReader& model) {
  const ModelConfig config = config_of(model).model;
  const bool copies = recipe.rule.method == Method::average && recipe.sources().size() == 1;
  const bool factors = recipe.rule.method == Method::low_rank || recipe.rule.method == Method::fold;
  require(copies || factors || (config.adapter.rank == 0 && config.low_rank.rank == 0), Exit::usage,
          "{} has {}, whose matrices are products: fold it first with `switchyard model fold`",
          model.folder().string(), config.adapter.rank > 0 ? "adapters" : "low-rank layers");
}

// The config and the tensors of the model that the recipe makes.
Grown planned(const Recipe& recipe, ModelSources sources) {
  require_alike(sources);
  require_single_matrices(recipe, *sources.front());
  switch (recipe.rule.method) {
    case Method::grow:
      return grow_plans(recipe, *sources.front());
    case Method::mix:
      return mix_plans(recipe, sources);
    case Method::low_rank:
      return low_rank_plans(recipe, *sources.front());
    case Method::fold:
      return fold_plans(recipe, *sources.front());
    case Method::quantize:
    case Method::prune:
      return {config_of(*sources.front()),
              compress_plans(recipe.compression, recipe.dtype, *sources.front())};
    default:
      return {config_of(*sources.front()), merge_plans(recipe, sources)};
  }
}

ModelDescription describe(const Recipe& recipe, ModelSources sources, const Config& config) {
  RunDescription described = describe_model(config, *tokenizer_of(*sources.front()));
  ModelDescription description{.meta = std::move(described.meta),
                               .files = std::move(described.files)};
  description.meta["lineage"] = lineage_of(sources);
  description.meta["lineage"]["recipe"] = recipe.text;
  if (!recipe.compression.dataset.empty()) {
    const TokenStore store{fs::path(recipe.compression.dataset)};
    check_same_tokenizer(*sources.front(), store);
    add_calibration(store, description.meta["lineage"]);
  }
  return description;
}

ModelMade counted(const std::vector<TensorPlan>& plans, ModelSources sources, int num_ranks) {
  ModelMade made;
  made.tensors = std::ssize(plans);
  made.cost = cost_of(plans, sources, num_ranks);
  for (const TensorPlan& plan : plans) {
    made.bytes += plan.tensor.bytes();
    if (plan.tensor.name.starts_with("value/")) made.parameters += plan.tensor.shape.size();
    if (plan.tensor.name.starts_with("code/"))
      made.parameters += plan.tensor.shape.size() * (plan.tensor.dtype == DType::u8 ? 2 : 1);
  }
  return made;
}

std::vector<ModelTensor> tensors_of(const std::vector<TensorPlan>& plans) {
  std::vector<ModelTensor> tensors;
  for (const TensorPlan& plan : plans) tensors.push_back(plan.tensor);
  return tensors;
}

// The paths of the parents, which must still be what they were.
std::vector<std::string> parents_of(const CheckpointReader& model) {
  const nlohmann::json lineage = model.meta().value("lineage", nlohmann::json::object());
  require(lineage.contains("recipe") && lineage["recipe"].is_string(), Exit::usage,
          "{} was not made by a recipe, so it cannot be made again", model.folder().string());
  std::vector<std::string> paths;
  for (const nlohmann::json& parent : lineage.value("parents", nlohmann::json::array())) {
    const auto path = parent.value("path", std::string());
    const CheckpointReader reader{fs::path(path)};
    require(reader.digest() == parent.value("hash", ""), Exit::data,
            "{} is not what it was when {} was made of it: its tensors have the hash {}, and had "
            "{}",
            path, model.folder().string(), reader.digest(), parent.value("hash", ""));
    paths.push_back(path);
  }
  return paths;
}

// Gives the sink the tensors of the plans.
void run(const Recipe& recipe, const std::vector<TensorPlan>& plans, ModelSources sources,
         TensorSink& sink, Comm& world, const Progress& progress, ModelMade& made) {
  run_plans(plans, sources, sink, world, progress);
  if (recipe.compression.dataset.empty()) return;
  made.unreached = compress_calibrated(recipe.compression, recipe.seed, plans, *sources.front(),
                                       sink, world, progress);
}

// Where the data of a calibration are now. Errors: Exit::data if they are not what they were.
std::string calibration_of(const CheckpointReader& model) {
  const JsonFields lineage = model.fields().object("lineage").object("calibration");
  const std::string folder = lineage.text("folder");
  const std::string hash = TokenStore(fs::path(folder)).hash();
  require(hash == lineage.text("hash"), Exit::data,
          "the dataset {} is not what it was when {} was calibrated with it: it has the hash {}, "
          "and had {}",
          folder, model.folder().string(), hash, lineage.text("hash"));
  return folder;
}

}  // namespace

ModelMade make_model(const Recipe& recipe, const fs::path& folder, Comm& world,
                     const Progress& progress) {
  const Sources sources(recipe.sources(), world);
  std::vector<TensorPlan> plans;
  ModelDescription description;
  agree(world, [&] {
    Grown made = planned(recipe, sources.all());
    check_shape(made.config);
    plans = std::move(made.plans);
    description = describe(recipe, sources.all(), made.config);
  });
  ModelMade made = counted(plans, sources.all(), world.size());
  if (folder.empty()) return made;
  ModelWriter writer(folder, tensors_of(plans), std::move(description), world);
  run(recipe, plans, sources.all(), writer, world, progress, made);
  writer.commit();
  on_root(world, [&] { made.digest = CheckpointReader(folder).digest(); });
  return made;
}

ModelMade rebuild_model(const fs::path& folder, Comm& world, const Progress& progress) {
  const CheckpointReader model = CheckpointReader::open_on_all(folder, world);
  std::vector<std::string> paths;
  std::optional<Recipe> recipe;
  agree(world, [&] {
    paths = parents_of(model);
    recipe = parse_recipe(model.meta()["lineage"]["recipe"], folder.string() + ": its recipe");
    require(paths.size() == recipe->sources().size(), Exit::data,
            "{}: its lineage names {} parents, and its recipe {}", folder.string(), paths.size(),
            recipe->sources().size());
    if (!recipe->compression.dataset.empty()) recipe->compression.dataset = calibration_of(model);
  });
  const Sources sources(paths, world);
  std::vector<TensorPlan> plans;
  agree(world, [&] { plans = planned(*recipe, sources.all()).plans; });
  ModelMade made = counted(plans, sources.all(), world.size());
  std::optional<ModelComparison> comparison;
  agree(world, [&] { comparison.emplace(model, tensors_of(plans), world); });
  run(*recipe, plans, sources.all(), *comparison, world, progress, made);
  agree(world, [&] { comparison->finish(); });
  made.digest = model.digest();
  return made;
}

}  // namespace switchyard::models
