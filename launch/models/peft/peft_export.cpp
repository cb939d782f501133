#include <fcntl.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "io/safetensors/narrow.h"
#include "io/safetensors/safetensors.h"
#include "launch/models/merge.h"
#include "launch/models/peft/peft_adapter.h"
#include "launch/models/peft/peft_names.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/params/linear_terms.h"
#include "runtime/params/param_spec.h"

namespace switchyard::models {
namespace {

namespace fs = std::filesystem;

// A matrix of an adapter, by our name and theirs.
struct Matrix {
  std::string ours, theirs;
  Shape shape;
};

// What the files say.
struct Files {
  std::vector<Matrix> matrices;
  std::string config;
  AdapterFiles report;
};

nlohmann::ordered_json number(double value) {
  if (value == std::floor(value)) return static_cast<std::int64_t>(value);
  return value;
}

// How target_modules names a module. transformers keeps the experts of a layer in stacks, and PEFT
// finds these by the last part of the name.
std::string target_of(const std::string& param, const PeftModule& module) {
  return ExpertPart::of_name(param) ? module.name.substr(module.name.rfind('.') + 1) : module.name;
}

// Those stacks are adapted whole.
void require_whole_experts(const CheckpointReader& model) {
  const std::vector<std::string> names = model_names(model);
  std::set<std::string> adapted;
  std::int64_t matrices = 0;
  for (const std::string& name : names) {
    const auto part = ExpertPart::of_name(name);
    if (!part) continue;
    if (part->part == "gate" || part->part == "up" || part->part == "down") ++matrices;
    if (part->part.ends_with(lora_a_suffix)) adapted.insert(name);
  }
  require(adapted.empty() || std::ssize(adapted) == matrices, Exit::usage,
          "{} has adapters at some matrices of experts, and PEFT places them at all of every layer "
          "or at none: fold the model, and export it whole",
          model.folder().string());
}

std::string config_json(const AdapterConfig& adapter, const std::set<std::string>& modules) {
  const nlohmann::ordered_json config = {{"peft_type", "LORA"},
                                         {"task_type", "CAUSAL_LM"},
                                         {"base_model_name_or_path", nullptr},
                                         {"inference_mode", true},
                                         {"r", adapter.rank},
                                         {"lora_alpha", number(adapter.alpha)},
                                         {"lora_dropout", 0.0},
                                         {"bias", "none"},
                                         {"fan_in_fan_out", false},
                                         {"use_rslora", false},
                                         {"use_dora", false},
                                         {"init_lora_weights", true},
                                         {"modules_to_save", nullptr},
                                         {"target_modules", modules}};
  return config.dump(2) + "\n";
}

Files describe(const CheckpointReader& model) {
  const Config config = config_of(model);
  const AdapterConfig& adapter = config.model.adapter;
  require(adapter.rank > 0, Exit::usage, "{} has no adapters", model.folder().string());
  require(adapter.train.empty(), Exit::usage,
          "{} trained more than its adapters (adapter.train), which PEFT's files do not hold: fold "
          "it, and export the whole model",
          model.folder().string());
  require_whole_experts(model);
  const PeftNames names = peft_names(config, tokenizer_of(model)->vocabulary());
  Files files;
  files.report.family = name_of(names.family);
  std::set<std::string> modules;
  for (const std::string& name : model_names(model)) {
    if (!name.ends_with(lora_a_suffix)) continue;
    const std::string matrix = name.substr(0, name.size() - lora_a_suffix.size());
    const auto found = names.modules.find(matrix.substr(value_prefix.size()));
    require(found != names.modules.end(), Exit::usage,
            "{} has an adapter that PEFT has no place for in a model with experts, whose attention "
            "and experts alone it adapts: fold the model, and export it whole",
            matrix.substr(value_prefix.size()));
    modules.insert(target_of(matrix.substr(value_prefix.size()), found->second));
    for (const bool first : {true, false}) {
      const std::string ours = matrix + std::string(first ? lora_a_suffix : lora_b_suffix);
      const Shape shape = model.shape(ours);
      files.matrices.push_back({ours, found->second.tensor(first), shape});
      files.report.parameters += shape.size();
    }
    ++files.report.adapters;
  }
  files.config = config_json(adapter, modules);
  return files;
}

void write(const CheckpointReader& model, const Files& files, const fs::path& folder) {
  std::error_code ignored;
  require(!fs::exists(folder / adapter_config_name, ignored) &&
              (!fs::exists(folder, ignored) ||
               std::distance(fs::directory_iterator(folder), {}) ==
                   (fs::exists(folder / adapter_weights_name, ignored) ? 1 : 0)),
          Exit::usage, "{} exists already: name a folder that does not exist", folder.string());
  durable::make_folders(folder);
  std::vector<SafeTensor> tensors;
  for (const Matrix& matrix : files.matrices)
    tensors.push_back({matrix.theirs, "F32", {matrix.shape[0], matrix.shape[1]}});
  durable::File file = durable::File::open_for_writing(folder / adapter_weights_name, O_TRUNC);
  file.write(safetensors_header(tensors));
  for (const Matrix& matrix : files.matrices) {
    std::vector<float> values(static_cast<std::size_t>(matrix.shape.size()));
    model.read_part(matrix.ours, 0, values);
    file.write(bytes_as("F32", values));
  }
  file.sync();
  file.close();
  durable::sync_folder(folder);
  durable::replace_file(folder / adapter_config_name, files.config);
}

}  // namespace

AdapterFiles export_adapter(const fs::path& from, const fs::path& folder, Comm& world) {
  std::string path;
  on_root(world, [&] { path = resolve_checkpoint(from).string(); });
  AdapterFiles report;
  on_root(world, [&] {
    const CheckpointReader model{fs::path(path)};
    const Files files = describe(model);
    write(model, files, folder);
    report = files.report;
  });
  return report;
}

}  // namespace switchyard::models
