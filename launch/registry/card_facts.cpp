#include "launch/registry/card_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "launch/models/lineage_tree.h"
#include "launch/report/run_history.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Of weights as they are stored, in codes or not.
std::int64_t stored_bytes(const CheckpointReader& model) {
  std::int64_t bytes = 0;
  for (const FileEntry& file : model.files()) {
    for (const Extent& extent : file.extents)
      for (const char* kind : {"value/", "code/", "scale/"})
        if (extent.name.starts_with(kind)) bytes += extent.bytes;
  }
  return bytes;
}

Json model_facts(const CheckpointReader& model) {
  const Config config = config_of(model);
  const JsonFields tokenizer = model.fields().object("tokenizer");
  std::int64_t all = 0, in_experts = 0;
  for (const std::string& name : model.names()) {
    if (!name.starts_with("value/")) continue;
    const std::int64_t size = model.shape(name).size();
    all += size;
    if (ExpertPart::of_name(name)) in_experts += size;
  }
  const std::int64_t idle =
      in_experts - in_experts / std::max(1, config.model.num_experts) * config.router.top_k;
  const auto step = model.known_step();
  return {{"parameters", all},
          {"active_parameters", all - idle},
          {"bytes", stored_bytes(model)},
          {"layers", config.model.num_layers},
          {"hidden", config.model.hidden},
          {"experts", config.model.num_experts},
          {"top_k", config.router.top_k},
          {"sequence_length", config.data.sequence_length},
          {"tokenizer", tokenizer.text("kind")},
          {"vocabulary", tokenizer.integer("vocabulary", 0, std::int64_t{1} << 40)},
          {"tokenizer_hash", tokenizer.text("hash")},
          {"step", step ? Json(*step) : Json()},
          {"digest", model.digest()}};
}

// The run directory that holds the checkpoint; empty if none does.
fs::path run_of(const CheckpointReader& model) {
  const fs::path checkpoints = fs::absolute(model.folder()).lexically_normal().parent_path();
  const fs::path run = checkpoints.parent_path();
  return checkpoints.filename() == "checkpoints" && RunDirectory(run).used() ? run : fs::path();
}

Json training_facts(const CheckpointReader& model, const RunHistory& history) {
  Json facts = {{"steps", model.step()}};
  std::int64_t tokens = 0, steps = 0;  // that have a line in the metrics
  EnergyUse energy;
  for (const StepPoint& point : history.steps) {
    if (point.step > model.step()) break;
    tokens += point.tokens;
    ++steps;
    energy.add(point.energy);
    if (point.step == model.step()) facts["loss"] = point.loss;
  }
  if (steps == model.step()) facts["tokens"] = tokens;
  if (const auto loss = validation_loss_of(model.folder())) facts["validation_loss"] = *loss;
  if (energy.joules > 0.0) facts["energy"] = json_of(energy);
  return facts;
}

}  // namespace

Json card_facts(const CheckpointReader& model) {
  Json facts = {{"model", model_facts(model)}};
  const fs::path run = model.is_model() ? fs::path() : run_of(model);
  if (!run.empty()) facts["training"] = training_facts(model, read_history(run));
  facts["lineage"] = models::lineage_tree(model.folder(), models::Depth::manifests);
  return facts;
}

namespace {

void collect_unknown(const Json& node, std::vector<std::string>& found) {
  for (const Json& dataset : node.value("datasets", Json::array())) {
    for (const Json& source : dataset.value("sources", Json::array())) {
      const std::string licence = source.value("licence", "");
      if (licence.empty() || licence == "unknown")
        found.push_back(
            fmt::format("{} of {}", source.value("source", ""), dataset.value("folder", "")));
    }
  }
  for (const Json& parent : node.value("made_of", Json::array())) collect_unknown(parent, found);
}

}  // namespace

std::vector<std::string> unknown_licences(const Json& facts) {
  std::vector<std::string> found;
  collect_unknown(facts.value("lineage", Json::object()), found);
  return found;
}

}  // namespace switchyard
