#include "launch/hugging_face/hub_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "io/checkpoint/checkpoint_format.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "io/model_folder/deal.h"
#include "io/text/strict_json.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_match.h"
#include "launch/hugging_face/tokenizer/tokenizer_reader.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::int64_t largest_text = 10'000'000;

// What the model was made of, if a recipe made it, and what its config.json says beside the config.
json lineage_from(const fs::path& from, const HubModel& model, const std::string& config) {
  json lineage = json::object();
  if (fs::exists(from / lineage_name)) {
    const std::string place = (from / lineage_name).string();
    const json file =
        parse_strict_json(durable::read_file(from / lineage_name, largest_text), place);
    require(file.is_object() && file.contains("lineage") && file["lineage"].is_object(), Exit::data,
            "{} holds no lineage", place);
    lineage = file["lineage"];
  }
  lineage.update({{"kind", hub_kind},
                  {"folder", fs::absolute(from).lexically_normal().string()},
                  {"family", name_of(model.family)},
                  {"config_hash", content_hash(config).hex()},
                  {"max_position_embeddings", model.max_positions},
                  {"bos_token_id", model.bos},
                  {"eos_token_id", model.eos}});
  return lineage;
}

// What is written must be what config_of() reads again.
void check_config_of(const HubModel& model, const fs::path& file) {
  try {
    Config again;
    apply_toml(again, print_config(model.config, Docs::no), "the config");
    check_shape(again);
  } catch (const Error& error) {
    fail(Exit::data, "{}: {}", file.string(), error.what());
  }
}

const char* our_dtype(const std::string& dtype) {
  return dtype == "BF16" ? "bf16" : dtype == "F16" ? "f16" : "f32";
}

// Where our tensors are in their files.
Manifest manifest_of(const HubSource& source) {
  std::vector<FileEntry> files(static_cast<std::size_t>(source.weights.num_files()));
  for (const Piece& piece : source.layout.pieces()) {
    const std::string& theirs = source.layout.tensors()[piece.theirs].name;
    const StoredTensor& stored = source.weights.tensors().at(theirs);
    const std::int64_t element = safetensors_element_bytes(stored.tensor.dtype);
    FileEntry& file = files[stored.file];
    file.name = source.weights.file(stored).filename().string();
    Extent& extent = file.extents.emplace_back();
    extent.name = piece.ours;
    extent.dtype = our_dtype(stored.tensor.dtype);
    extent.shape = piece.shape;
    extent.offset = stored.tensor.begin + piece.begin * element;
    extent.bytes = piece.elements * element;
    extent.chunk_bytes = checkpoint_chunk_bytes;
    file.bytes = std::max(file.bytes, extent.offset + extent.bytes);
  }
  return {hub_kind, model_version, std::move(files), {{"meta", source.description.meta}}};
}

std::map<std::string, std::string> files_of(const ModelDescription& description) {
  std::map<std::string, std::string> files;
  for (const NamedFile& file : description.files) files[file.name] = file.bytes;
  return files;
}

void hash_extent(const durable::File& file, Extent& extent) {
  std::vector<std::byte> chunk(static_cast<std::size_t>(extent.chunk_bytes));
  for (std::int64_t i = 0; i < num_chunks(extent); ++i) {
    const std::span bytes =
        std::span(chunk).first(static_cast<std::size_t>(bytes_of_chunk(extent, i)));
    const std::int64_t begin = extent.offset + i * extent.chunk_bytes;
    read_ahead(file, begin, begin + std::ssize(bytes), extent.offset + extent.bytes);
    require(file.read_at(begin, bytes) == std::ssize(bytes), Exit::data,
            "{} is cut short within '{}'", file.path().string(), extent.name);
    extent.chunk_hashes.push_back(content_hash(std::span<const std::byte>(bytes)));
  }
}

// Collective. Fills in the hashes, each rank those of its share.
void hash_chunks(const fs::path& folder, std::vector<FileEntry>& files, Comm& world) {
  std::vector<std::pair<FileEntry*, Extent*>> extents;
  std::vector<std::int64_t> bytes;
  for (FileEntry& file : files) {
    for (Extent& extent : file.extents) {
      extents.emplace_back(&file, &extent);
      bytes.push_back(extent.bytes);
    }
  }
  const std::vector<int> ranks = deal(bytes, world.size());
  json mine = json::object();
  agree(world, [&] {
    for (std::size_t i = 0; i < extents.size(); ++i) {
      if (ranks[i] != world.rank()) continue;
      auto& [file, extent] = extents[i];
      hash_extent(durable::File::open_for_reading(folder / file->name), *extent);
      json& hashes = mine[std::to_string(i)] = json::array();
      for (const ContentHash& hash : extent->chunk_hashes) hashes.push_back(hash.hex());
    }
  });
  for (const std::string& text : all_gather_text(world, mine.dump())) {
    const json theirs = json::parse(text);
    for (const auto& [place, hashes] : theirs.items()) {
      std::vector<ContentHash> all;
      for (const json& hash : hashes)
        all.push_back(parse_content_hash(hash.get<std::string>()).value());
      extents[std::stoul(place)].second->chunk_hashes = std::move(all);
    }
  }
}

// Which folder's files these are, as far as that shows without reading them.
std::string work_of(const HubWeights& weights, const std::string& config) {
  std::string work = fs::absolute(weights.folder()).lexically_normal().string() + "\n" + config;
  for (const fs::path& file : weights.files())
    work += fmt::format("\n{} {} {}", file.string(), fs::file_size(file),
                        fs::last_write_time(file).time_since_epoch().count());
  return work;
}

}  // namespace

bool is_hub_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / config_name, ignored) && !is_committed(folder);
}

CheckpointReader HubSource::reader() const {
  return {weights.folder(), manifest_of(*this), files_of(description)};
}

HubSource open_hub_source(const HubOptions& options) {
  const fs::path config_path = options.from / config_name;
  const std::string text = durable::read_file(config_path, largest_text);
  HubModel model = read_hub_config(text, config_path.string(), options.sequence_length);
  HubWeights weights(options.from);
  Layout layout = layout_in(weights, model.family, model.config, model.vocabulary);
  require_match(weights, layout, model.config.model.tie_embeddings);
  const auto tokenizer = read_hub_tokenizer(options.from, options.tokenizer);
  require(tokenizer->vocabulary() <= model.vocabulary, Exit::data,
          "{}: vocab_size = {} is less than the tokenizer's {} ids", config_path.string(),
          model.vocabulary, tokenizer->vocabulary());
  if (tokenizer->vocabulary() < model.vocabulary) model.config.model.vocabulary = model.vocabulary;
  check_config_of(model, config_path);
  RunDescription described = describe_model(model.config, *tokenizer);
  ModelDescription description{.meta = described.meta, .files = described.files};
  description.meta["lineage"] = lineage_from(options.from, model, text);
  description.work = work_of(weights, text);
  return {std::move(model), std::move(weights), std::move(layout), std::move(description)};
}

CheckpointReader open_hub_model(const fs::path& folder, Comm& world) {
  std::optional<HubSource> source;
  agree(world, [&] { source.emplace(open_hub_source({.from = folder, .tokenizer = ""})); });
  if (source->model.config.model.tie_embeddings)
    on_root(world, [&] { require_same_head(source->weights); });
  Manifest manifest = manifest_of(*source);
  hash_chunks(folder, manifest.files, world);
  return {folder, std::move(manifest), files_of(source->description)};
}

}  // namespace switchyard::hub
