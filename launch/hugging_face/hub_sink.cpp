#include "launch/hugging_face/hub_sink.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <set>
#include <utility>

#include "io/files/durable.h"
#include "io/safetensors/narrow.h"
#include "io/transform/copies.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_source.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;

constexpr const char* unfinished = ".part";  // what a file of weights ends in until all are written
constexpr const char* generation_name = "generation_config.json";

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

// dtype as config.json names it.
std::string torch_name(const std::string& dtype) {
  return dtype == "bf16" ? "bfloat16" : dtype == "f16" ? "float16" : "float32";
}

std::string generation_json(const HubFacts& facts) {
  return nlohmann::ordered_json{{"bos_token_id", facts.bos}, {"eos_token_id", facts.eos}}.dump(1) +
         "\n";
}

// An imported model keeps what its config.json said and no config of ours does.
HubFacts facts_of(const nlohmann::json& lineage, const Config& config, const Tokenizer& tokenizer,
                  const std::string& dtype) {
  HubFacts facts{.vocabulary = vocabulary_of(config.model, tokenizer.vocabulary()),
                 .max_positions = config.data.sequence_length,
                 .bos = tokenizer.boundary(),
                 .eos = tokenizer.boundary(),
                 .dtype = torch_name(dtype)};
  if (!lineage.is_object() || !lineage.contains("max_position_embeddings")) return facts;
  const JsonFields kept(lineage, "lineage");
  facts.max_positions = std::max(facts.max_positions,
                                 kept.integer("max_position_embeddings", 1, std::int64_t{1} << 40));
  facts.bos = lineage.value("bos_token_id", nlohmann::json());
  facts.eos = lineage.value("eos_token_id", nlohmann::json());
  return facts;
}

DType type_of(const SafeTensor& tensor) {
  return tensor.dtype == "BF16" ? DType::bf16 : DType::f32;
}

Shape shape_from(const std::vector<std::int64_t>& dims) {
  return dims.size() == 1 ? Shape{dims[0]} : Shape{dims[0], dims[1]};
}

// True for a file that a killed writer may have left.
bool is_leftover(const std::string& name) {
  constexpr std::array files = {index_name,        generation_name,         "tokenizer.json",
                                "tokenizer.model", "tokenizer_config.json", lineage_name};
  if (std::ranges::find(files, name) != files.end()) return true;
  return name.starts_with("model") &&
         (name.ends_with(".safetensors") || name.ends_with(unfinished));
}

// Leaves an empty folder with files of the right size.
void prepare_folder(const fs::path& folder, const Shards& shards) {
  std::error_code ignored;
  std::vector<fs::path> leftovers;
  if (fs::exists(folder, ignored)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      require(is_leftover(entry.path().filename().string()) && !fs::exists(folder / config_name),
              Exit::usage, "{} exists already and holds {}: name a folder that does not exist",
              folder.string(), entry.path().filename().string());
      leftovers.push_back(entry.path());
    }
  }
  for (const fs::path& path : leftovers) durable::remove_tree(path);
  durable::make_folders(folder);
  for (const Shard& shard : shards.files) {
    durable::File file =
        durable::File::open_for_writing(folder / (shard.name + unfinished), O_TRUNC);
    file.write(shard.header);
    file.resize(shard.bytes());
    file.close();
  }
}

std::vector<ModelTensor> tensors_in(const HubDescription& what) {
  std::vector<ModelTensor> tensors;
  for (const Piece& piece : what.layout.pieces())
    tensors.push_back(
        {piece.ours, shape_from(piece.shape), type_of(what.shards.tensor(piece.theirs))});
  return tensors;
}

}  // namespace

HubDescription describe_hub(const Config& config, const Tokenizer& tokenizer,
                            const nlohmann::json& lineage, const HubFormat& format) {
  HubDescription found;
  const std::optional<Family> family = family_of(config);
  require(family.has_value(), Exit::usage, "no family of transformers expresses this model: {}",
          misfits(config));
  found.family = *family;
  const HubFacts facts = facts_of(lineage, config, tokenizer, format.dtype);
  found.layout = layout_of(found.family, config, facts.vocabulary, format.names);
  found.shards = shards_of(found.layout, upper(format.dtype), format.shard_bytes);
  found.files = tokenizer_files(tokenizer, facts.max_positions);
  found.files.push_back({generation_name, generation_json(facts)});
  if (found.shards.files.size() > 1) found.files.push_back({index_name, found.shards.index_text()});
  found.config = config_json(found.family, config, facts).dump(1) + "\n";
  return found;
}

std::vector<TensorPlan> hub_plans(std::vector<TensorPlan> plans, const HubDescription& what,
                                  const std::string& model) {
  std::map<std::string, TensorPlan*> by_name;
  for (TensorPlan& plan : plans) by_name[plan.tensor.name] = &plan;
  std::vector<TensorPlan> ordered;
  for (const ModelTensor& tensor : tensors_in(what)) {
    const auto found = by_name.find(tensor.name);
    const bool there = found != by_name.end();
    require(there || tensor.name.starts_with("gate/"), Exit::data,
            "{} lacks {}, which its model has", model, tensor.name);
    if (!there) {
      ordered.push_back(zeros_plan(tensor));
      continue;
    }
    TensorPlan& plan = ordered.emplace_back(std::move(*found->second));
    by_name.erase(found);
    require(plan.tensor.shape == tensor.shape, Exit::data, "{} of {} is {}, and its model has {}",
            tensor.name, model, plan.tensor.shape, tensor.shape);
    plan.tensor.dtype = tensor.dtype;
  }
  require(by_name.empty(), Exit::data, "{} holds {}, which no rule of the export uses", model,
          by_name.empty() ? "" : by_name.begin()->first);
  return ordered;
}

HubSink::HubSink(fs::path folder, const HubDescription& what, Comm& world)
    : folder_(std::move(folder)),
      what_(what),
      world_(world),
      mine_(dealt_to(tensors_in(what), world)),
      done_(what.layout.pieces().size()) {
  on_root(world, [&] { prepare_folder(folder_, what.shards); });
  agree(world, [&] { durable::wait_for_file(folder_, std::chrono::seconds(60)); });
}

DType HubSink::dtype(std::size_t tensor) const {
  return type_of(what_.shards.tensor(what_.layout.pieces().at(tensor).theirs));
}

void HubSink::append_bytes(std::size_t index, std::span<const std::byte> bytes) {
  constexpr std::int64_t written_behind = std::int64_t{1} << 25;
  const Piece& piece = what_.layout.pieces().at(index);
  const SafeTensor& tensor = what_.shards.tensor(piece.theirs);
  const std::int64_t begin = piece.begin * safetensors_element_bytes(tensor.dtype);
  std::string narrow;
  std::string_view stored(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (tensor.dtype == "F16") {
    narrow = bytes_as("F16",
                      {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)});
    stored = narrow;
  }
  durable::File& file = file_of(what_.shards.places[piece.theirs].shard);
  file.write_at(tensor.begin + begin + done_[index], stored);
  done_[index] += std::ssize(stored);
  in_memory_ += std::ssize(stored);
  if (in_memory_ < written_behind) return;
  file.start_writing_back();  // so that little is left to fsync
  in_memory_ = 0;
}

durable::File& HubSink::file_of(std::size_t shard) {
  const auto found = open_.find(shard);
  if (found != open_.end()) return found->second;
  const fs::path path = folder_ / (what_.shards.files[shard].name + unfinished);
  return open_.emplace(shard, durable::File::open_for_writing(path, 0)).first->second;
}

void HubSink::commit() {
  agree(world_, [&] {
    for (const std::size_t i : mine_) {
      const Piece& piece = what_.layout.pieces()[i];
      const std::int64_t element =
          safetensors_element_bytes(what_.shards.tensor(piece.theirs).dtype);
      require(done_[i] == piece.elements * element, "'{}' was not written whole", piece.ours);
    }
    for (auto& [shard, file] : open_) {
      file.sync();
      file.close();
    }
  });
  on_root(world_, [&] {
    for (const Shard& shard : what_.shards.files)
      durable::rename_file(folder_ / (shard.name + unfinished), folder_ / shard.name);
    for (const TextFile& file : what_.files) durable::replace_file(folder_ / file.name, file.bytes);
    durable::sync_folder(folder_);
    durable::replace_file(folder_ / config_name, what_.config);
  });
}

}  // namespace switchyard::hub
