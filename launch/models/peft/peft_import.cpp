#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "io/model_folder/model_writer.h"
#include "io/safetensors/narrow.h"
#include "io/safetensors/safetensors.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_fields.h"
#include "launch/models/merge.h"
#include "launch/models/peft/peft_adapter.h"
#include "launch/models/peft/peft_names.h"
#include "launch/run/checkpoint_meta.h"
#include "launch/run/lineage.h"
#include "model/param_role.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "runtime/params/linear_terms.h"
#include "runtime/params/param_spec.h"

namespace switchyard::models {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t largest_config = 10'000'000;

AdapterConfig read_config(const fs::path& file) {
  const std::string text = durable::read_file(file, largest_config);
  const auto json = nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  require(json.is_object(), Exit::data, "{} is no JSON object", file.string());
  hub::HubFields fields(json, file.string());
  fields.must_be("peft_type", "LORA", "only LoRA is a product beside a matrix");
  fields.must_be("bias", "none", "biases would have trained too");
  for (const char* flag : {"fan_in_fan_out", "use_rslora", "use_dora", "lora_bias"})
    fields.must_be(flag, false, "the product would count otherwise");
  for (const char* list : {"rank_pattern", "alpha_pattern"})
    if (!fields.value(list).empty()) fields.refuse(list, "all adapters of a model have one rank");
  for (const char* list : {"modules_to_save", "target_parameters", "layer_replication"})
    if (!fields.value(list).empty()) fields.refuse(list, "only adapters of modules are read");
  AdapterConfig adapter;
  adapter.rank = fields.integer("r", 1, 1 << 20);
  adapter.alpha = fields.number("lora_alpha", 1e-6, 1e6);
  return adapter;
}

// Where the values of an adapter's matrix are.
struct Stored {
  std::string ours;
  SafeTensor tensor;
};

// The matrices of the adapters, by our names. Every tensor must be one of a pair of this base.
std::vector<Stored> read_header(const fs::path& file, const PeftNames& names, std::int64_t rank) {
  std::map<std::string, std::pair<std::string, std::vector<std::int64_t>>> known;  // by theirs
  for (const auto& [ours, module] : names.modules) {
    known[module.tensor(true)] = {ours + std::string(lora_a_suffix), {rank, module.shape[1]}};
    known[module.tensor(false)] = {ours + std::string(lora_b_suffix), {module.shape[0], rank}};
  }
  std::vector<Stored> found;
  std::set<std::string> there;
  for (SafeTensor& tensor : read_safetensors_header(file)) {
    const auto entry = known.find(tensor.name);
    require(entry != known.end(), Exit::data,
            "{} holds {}, which is no adapter of a module of this base", file.string(),
            tensor.name);
    const auto& [ours, shape] = entry->second;
    require(tensor.shape == shape && is_float_dtype(tensor.dtype), Exit::data,
            "{}: {} has another shape or type than {} of this base and rank {} needs",
            file.string(), tensor.name, ours, rank);
    there.insert(ours);
    found.push_back({ours, std::move(tensor)});
  }
  require(!found.empty(), Exit::data, "{} holds no adapter", file.string());
  for (const Stored& stored : found) {
    const bool first = stored.ours.ends_with(lora_a_suffix);
    const std::string other = stored.ours.substr(0, stored.ours.size() - lora_a_suffix.size()) +
                              std::string(first ? lora_b_suffix : lora_a_suffix);
    require(there.contains(other), Exit::data, "{} holds {} and lacks {}", file.string(),
            stored.ours, other);
  }
  return found;
}

// "*.attention.q" or "*.expert*.up" where every layer has it, and otherwise names.
std::vector<std::string> targets_of(const std::vector<Stored>& adapters, const PeftNames& names) {
  const auto part_of = [](const std::string& name) {
    const auto expert = ExpertPart::of_name(name);
    return expert ? ".expert*." + expert->part : name.substr(name.find('.'));
  };
  std::map<std::string, std::set<std::string>> adapted, all;  // by part
  for (const auto& [ours, module] : names.modules) all[part_of(ours)].insert(ours);
  for (const Stored& stored : adapters) {
    const std::string name = stored.ours.substr(0, stored.ours.size() - lora_a_suffix.size());
    adapted[part_of(name)].insert(name);
  }
  std::vector<std::string> targets;
  for (const auto& [part, layers] : adapted) {
    if (layers == all[part]) {
      targets.push_back("*" + part);
    } else {
      require(!part.starts_with(".expert"), Exit::data,
              "the adapter has some matrices {} of experts and lacks others", "*" + part);
      targets.insert(targets.end(), layers.begin(), layers.end());
    }
  }
  return targets;
}

void append_adapter(const fs::path& file, const Stored& stored, std::size_t tensor,
                    ModelWriter& writer) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(stored.tensor.bytes));
  const std::int64_t got =
      durable::File::open_for_reading(file).read_at(stored.tensor.begin, bytes);
  require(got == stored.tensor.bytes, Exit::data, "{} is cut short within {}", file.string(),
          stored.tensor.name);
  std::vector<float> values(
      static_cast<std::size_t>(stored.tensor.shape[0] * stored.tensor.shape[1]));
  values_as(stored.tensor.dtype, bytes, values);
  writer.append(tensor, values);
}

void append_copy(const CheckpointReader& base, const ModelTensor& tensor, std::size_t index,
                 ModelWriter& writer) {
  constexpr std::int64_t most = std::int64_t{1} << 20;
  std::vector<float> values;
  for (std::int64_t done = 0; done < tensor.shape.size(); done += most) {
    values.resize(static_cast<std::size_t>(std::min(most, tensor.shape.size() - done)));
    base.read_part(tensor.name, done, values);
    writer.append(index, values);
  }
}

// What is known before any value is read.
struct Source {
  std::vector<Stored> adapters;
  std::vector<ModelTensor> tensors;
  ModelDescription description;
  AdapterFiles report;
};

Source open_source(const fs::path& adapter, const CheckpointReader& base) {
  Config config = config_of(base);
  require(config.model.adapter.rank == 0, Exit::usage, "{} has adapters already: fold it first",
          base.folder().string());
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(base);
  const PeftNames names = peft_names(config, tokenizer->vocabulary());
  Source source;
  config.model.adapter = read_config(adapter / adapter_config_name);
  source.adapters = read_header(adapter / adapter_weights_name, names, config.model.adapter.rank);
  config.model.adapter.targets = targets_of(source.adapters, names);
  check_shape(config);
  for (const std::string& name : model_names(base))
    source.tensors.push_back({name, base.shape(name), base.dtype(name)});
  for (const Stored& stored : source.adapters) {
    const Shape shape{stored.tensor.shape[0], stored.tensor.shape[1]};
    source.tensors.push_back({std::string(value_prefix) + stored.ours, shape, DType::f32});
    source.report.parameters += shape.size();
  }
  std::ranges::sort(source.tensors, {}, &ModelTensor::name);
  source.report.adapters = std::ssize(source.adapters) / 2;
  source.report.family = name_of(names.family);
  RunDescription described = describe_model(config, *tokenizer);
  source.description = {.meta = std::move(described.meta), .files = std::move(described.files)};
  const CheckpointReader* const parents[] = {&base};
  source.description.meta["lineage"] = lineage_of(parents);
  source.description.meta["lineage"]["adapter"] = fs::absolute(adapter).lexically_normal().string();
  return source;
}

}  // namespace

AdapterFiles import_adapter(const fs::path& adapter, const fs::path& base_path,
                            const fs::path& folder, Comm& world) {
  std::string path;
  on_root(world, [&] { path = resolve_checkpoint(base_path).string(); });
  const CheckpointReader base = CheckpointReader::open_on_all(path, world);
  Source source;
  agree(world, [&] { source = open_source(adapter, base); });
  ModelWriter writer(folder, source.tensors, source.description, world);
  agree(world, [&] {
    for (const std::size_t i : writer.mine()) {
      const auto stored = std::ranges::find_if(source.adapters, [&](const Stored& each) {
        return std::string(value_prefix) + each.ours == source.tensors[i].name;
      });
      if (stored != source.adapters.end()) {
        append_adapter(adapter / adapter_weights_name, *stored, i, writer);
      } else {
        append_copy(base, source.tensors[i], i, writer);
      }
    }
  });
  writer.commit();
  return source.report;
}

}  // namespace switchyard::models
