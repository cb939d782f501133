#include "launch/models/make_model.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "io/folder/committed_folder.h"
#include "io/transform/digest_sink.h"
#include "io/transform/model_comparison.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_sink.h"
#include "launch/hugging_face/hub_source.h"
#include "launch/models/calibrated.h"
#include "launch/models/factor.h"
#include "launch/models/grow.h"
#include "launch/models/kept_experts.h"
#include "launch/models/match_experts.h"
#include "launch/models/merge.h"
#include "launch/models/mix.h"
#include "launch/models/sources.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/lineage.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "train/state/load_state.h"

namespace switchyard::models {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Sums of products do not merge factor by factor.
void require_single_matrices(const Recipe& recipe, const CheckpointReader& model) {
  const ModelConfig config = config_of(model).model;
  const bool copies = recipe.rule.method == Method::average && recipe.sources().size() == 1;
  const bool factors = recipe.rule.method == Method::low_rank || recipe.rule.method == Method::fold;
  require(copies || factors || (config.adapter.rank == 0 && config.low_rank.rank == 0), Exit::usage,
          "{} has {}, whose matrices are products: fold it first with `switchyard model fold`",
          model.folder().string(), config.adapter.rank > 0 ? "adapters" : "low-rank layers");
}

// What the recipe finds out about the experts of its inputs before it can plan.
struct ExpertsFound {
  std::vector<ExpertOrder> orders;  // of each source, to match them
  KeptExperts kept;
};

// The config and the tensors of the model that the recipe makes.
Grown planned(const Recipe& recipe, ModelSources sources, const ExpertsFound& experts) {
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
    case Method::experts:
      return kept_plans(recipe, *sources.front(), experts.kept);
    default:
      return {config_of(*sources.front()), merge_plans(recipe, sources, experts.orders)};
  }
}

// What config.json said and no config of ours does goes on from the first model.
json lineage_of(const Recipe& recipe, ModelSources sources, const ExpertsFound& experts) {
  json lineage = switchyard::lineage_of(sources);
  lineage["recipe"] = recipe.text;
  if (!experts.kept.empty()) lineage["experts"] = json_of(experts.kept);
  const json first = sources.front()->meta().value("lineage", json::object());
  for (const char* key : {"max_position_embeddings", "bos_token_id", "eos_token_id"}) {
    if (first.contains(key)) lineage[key] = first[key];
  }
  if (!recipe.calibration.dataset.empty()) {
    const TokenStore store{fs::path(recipe.calibration.dataset)};
    check_same_tokenizer(*sources.front(), store);
    add_calibration(store, lineage);
  }
  return lineage;
}

// Everything about a model but its values.
struct Plan {
  std::vector<TensorPlan> plans;
  ModelDescription description;
  std::optional<hub::HubDescription> hub;  // of a folder of transformers
};

// The type of all values of such a folder: bf16 if that loses nothing.
std::string hub_dtype(const std::vector<TensorPlan>& plans) {
  const bool narrow = std::ranges::all_of(plans, [](const TensorPlan& plan) {
    return plan.tensor.dtype == DType::bf16 || !plan.tensor.name.starts_with(value_prefix);
  });
  return narrow ? "bf16" : "f32";
}

Plan plan_of(const Recipe& recipe, ModelSources sources, const ExpertsFound& experts,
             bool for_hub) {
  require(!for_hub || recipe.rule.method != Method::quantize, Exit::usage,
          "transformers reads no codes of this program: write a model folder");
  Grown made = planned(recipe, sources, experts);
  made.config.model.mtp_depth = 0;  // see model_names
  check_shape(made.config);
  const auto tokenizer = tokenizer_of(*sources.front());
  RunDescription described = describe_model(made.config, *tokenizer);
  Plan plan{std::move(made.plans),
            {.meta = std::move(described.meta), .files = std::move(described.files)},
            std::nullopt};
  const json lineage = lineage_of(recipe, sources, experts);
  plan.description.meta["lineage"] = lineage;
  plan.description.work = recipe.text;
  for (const CheckpointReader* source : sources) plan.description.work += "\n" + source->digest();
  if (!for_hub) return plan;
  plan.hub = hub::describe_hub(made.config, *tokenizer, lineage, {.dtype = hub_dtype(plan.plans)});
  plan.hub->files.push_back({hub::lineage_name, json{{"lineage", lineage}}.dump(1) + "\n"});
  plan.plans = hub::hub_plans(std::move(plan.plans), *plan.hub, "the recipe's result");
  return plan;
}

// Collective. Checks that the models fit together and to the recipe. reads: they may be read to
// find out about their experts.
ExpertsFound fit(const Recipe& recipe, ModelSources sources, bool reads, Comm& world,
                 const Progress& progress) {
  agree(world, [&] {
    require_alike(sources);
    require_single_matrices(recipe, *sources.front());
    require(recipe.calibration.dataset.empty() || sources.front()->kind() != hub::hub_kind,
            Exit::usage, "{}: a calibration runs the model, so import it first",
            sources.front()->folder().string());
  });
  if (recipe.rule.method == Method::experts)
    return {{}, choose_experts(recipe, *sources.front(), reads, world, progress)};
  const bool merges = recipe.rule.method < Method::grow;
  if (!merges || !reads) return {};
  if (recipe.match_experts) return {match_experts(sources, world), {}};
  on_root(world, [&] { require_same_experts(sources); });
  return {};
}

ModelMade counted(const std::vector<TensorPlan>& plans, ModelSources sources, int num_ranks) {
  ModelMade made;
  made.tensors = std::ssize(plans);
  made.cost = cost_of(plans, sources, num_ranks);
  for (const TensorPlan& plan : plans) {
    made.bytes += plan.tensor.bytes();
    if (plan.tensor.name.starts_with(value_prefix)) made.parameters += plan.tensor.shape.size();
    if (plan.tensor.name.starts_with("code/"))
      made.parameters += plan.tensor.shape.size() * (plan.tensor.dtype == DType::u8 ? 2 : 1);
  }
  for (const CheckpointReader* source : sources) {
    made.mtp_modules = std::max(made.mtp_modules, num_mtp_modules(*source));
    for (const FileEntry& file : source->files()) {
      for (const Extent& extent : file.extents)
        made.hashed += source->kind() == hub::hub_kind ? extent.bytes : 0;
    }
  }
  return made;
}

// Collective. The parents must still be what the lineage remembers.
void require_unchanged(const CheckpointReader& model, ModelSources sources) {
  const json parents = model.meta()["lineage"].value("parents", json::array());
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const std::string digest = sources[i]->digest(), expected = parents[i].value("hash", "");
    require(digest == expected, Exit::data,
            "{} is not what it was when {} was made of it: its tensors have the hash {}, and had "
            "{}",
            sources[i]->folder().string(), model.folder().string(), digest, expected);
  }
}

std::string recipe_of(const CheckpointReader& model) {
  const json lineage = model.meta().value("lineage", json::object());
  require(lineage.contains("recipe") && lineage["recipe"].is_string(), Exit::usage,
          "{} was not made by a recipe, so it cannot be made again", model.folder().string());
  return lineage["recipe"];
}

// Gives the sink the tensors of the plans.
void run(const Recipe& recipe, const std::vector<TensorPlan>& plans, ModelSources sources,
         TensorSink& sink, Comm& world, const Progress& progress, ModelMade& made) {
  run_plans(plans, sources, sink, world, progress);
  if (!recipe.compression.needs_data()) return;
  made.unreached = compress_calibrated(recipe, plans, *sources.front(), sink, world, progress);
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

ModelMade make_model(const Recipe& recipe, const MakeOptions& options, Comm& world,
                     const Progress& progress) {
  const bool makes = options.into != MakeInto::nothing;
  const Sources sources(recipe.sources(), world, makes ? Hashes::yes : Hashes::no);
  const ExpertsFound experts = fit(recipe, sources.all(), makes, world, progress);
  Plan plan;
  agree(world, [&] {
    plan = plan_of(recipe, sources.all(), experts, options.into == MakeInto::hugging_face);
  });
  ModelMade made = counted(plan.plans, sources.all(), world.size());
  const auto fill = [&](TensorSink& sink) {
    run(recipe, plan.plans, sources.all(), sink, world, progress, made);
  };
  switch (options.into) {
    case MakeInto::nothing:
      made.prediction = predict(plan.plans, sources.all(), options.folder, made.cost, world);
      break;
    case MakeInto::hash: {
      DigestSink sink(tensors_of(plan.plans), world);
      fill(sink);
      made.digest = sink.digest(world);
      break;
    }
    case MakeInto::hugging_face: {
      hub::HubSink sink(options.folder, *plan.hub, world);
      fill(sink);
      sink.commit();
      break;
    }
    case MakeInto::model: {
      ModelWriter writer(options.folder, tensors_of(plan.plans), std::move(plan.description),
                         world);
      made.kept = writer.num_kept();
      fill(writer);
      writer.commit();
      on_root(world, [&] { made.digest = CheckpointReader(options.folder).digest(); });
    }
  }
  return made;
}

ModelMade rebuild_model(const fs::path& folder, Comm& world, const Progress& progress) {
  const CheckpointReader model = open_model(folder, world);
  std::vector<std::string> paths;
  std::optional<Recipe> recipe;
  agree(world, [&] {
    recipe = parse_recipe(recipe_of(model), folder.string() + ": its recipe");
    for (const json& parent : model.meta()["lineage"].value("parents", json::array()))
      paths.push_back(parent.value("path", std::string()));
    require(paths.size() == recipe->sources().size(), Exit::data,
            "{}: its lineage names {} parents, and its recipe {}", folder.string(), paths.size(),
            recipe->sources().size());
    if (!recipe->calibration.dataset.empty()) recipe->calibration.dataset = calibration_of(model);
  });
  const Sources sources(paths, world);
  agree(world, [&] { require_unchanged(model, sources.all()); });
  const ExpertsFound experts = fit(*recipe, sources.all(), true, world, progress);
  Plan plan;
  agree(world,
        [&] { plan = plan_of(*recipe, sources.all(), experts, model.kind() == hub::hub_kind); });
  ModelMade made = counted(plan.plans, sources.all(), world.size());
  std::optional<ModelComparison> comparison;
  agree(world, [&] { comparison.emplace(model, tensors_of(plan.plans), world); });
  run(*recipe, plan.plans, sources.all(), *comparison, world, progress, made);
  agree(world, [&] { comparison->finish(); });
  made.digest = model.digest();
  return made;
}

}  // namespace switchyard::models
