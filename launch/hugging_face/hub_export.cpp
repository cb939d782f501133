#include "launch/hugging_face/hub_export.h"

#include <fmt/format.h>

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "io/safetensors/narrow.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_tokenizer.h"
#include "launch/hugging_face/hub_weights.h"
#include "launch/hugging_face/shards.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;

constexpr const char* unfinished = ".part";  // what a file of weights ends in until all are written

// What a reader needs beside the weights.
struct Description {
  Family family{};
  Layout layout;
  Shards shards;
  std::vector<TextFile> files;
  std::string config;
};

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
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
HubFacts facts_of(const CheckpointReader& checkpoint, const Config& config,
                  const Tokenizer& tokenizer, const std::string& dtype) {
  const nlohmann::json& meta = checkpoint.meta();
  const nlohmann::json lineage = meta.value("lineage", nlohmann::json::object());
  HubFacts facts{.vocabulary = vocabulary_of(config.model, tokenizer.vocabulary()),
                 .max_positions = config.data.sequence_length,
                 .bos = tokenizer.boundary(),
                 .eos = tokenizer.boundary(),
                 .dtype = torch_name(dtype)};
  if (!lineage.is_object() || lineage.value("kind", "") != "hugging_face") return facts;
  const JsonFields kept(lineage, "lineage", checkpoint.folder().string());
  facts.max_positions = std::max(facts.max_positions,
                                 kept.integer("max_position_embeddings", 1, std::int64_t{1} << 40));
  facts.bos = lineage.value("bos_token_id", nlohmann::json());
  facts.eos = lineage.value("eos_token_id", nlohmann::json());
  return facts;
}

// Every value and every bias of a gate is exported; moments and counts are the training's. A gate
// that never moved its bias has none in the checkpoint, which is zeros.
void require_all_used(const CheckpointReader& checkpoint, const Layout& layout) {
  const std::vector<std::string> names = checkpoint.names();
  const std::set<std::string> there(names.begin(), names.end());
  std::set<std::string> used;
  for (const Piece& piece : layout.pieces()) {
    used.insert(piece.ours);
    require(there.contains(piece.ours) || piece.ours.starts_with("gate/"), Exit::data,
            "{} lacks {}, which its model has", checkpoint.folder().string(), piece.ours);
  }
  for (const std::string& name : names) {
    const bool of_model = name.starts_with("value/") || name.ends_with(".bias");
    require(!of_model || used.contains(name), Exit::data,
            "{} holds {}, which no rule of the export uses", checkpoint.folder().string(), name);
  }
}

Description describe(const CheckpointReader& checkpoint, const ExportOptions& options) {
  const Config config = config_of(checkpoint);
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(checkpoint);
  Description found;
  const std::optional<Family> family = family_of(config);
  require(family.has_value(), Exit::usage, "no family of transformers expresses this model: {}",
          misfits(config));
  found.family = *family;
  const HubFacts facts = facts_of(checkpoint, config, *tokenizer, options.dtype);
  found.layout = layout_of(found.family, config, facts.vocabulary, options.names);
  require_all_used(checkpoint, found.layout);
  found.shards = shards_of(found.layout, upper(options.dtype), options.shard_bytes);
  found.files = tokenizer_files(*tokenizer, facts.max_positions);
  found.files.push_back({"generation_config.json", generation_json(facts)});
  if (found.shards.files.size() > 1) found.files.push_back({index_name, found.shards.index_text()});
  found.config = config_json(found.family, config, facts).dump(1) + "\n";
  return found;
}

// True for a file that a killed export may have left.
bool is_leftover(const std::string& name) {
  constexpr std::array files = {index_name, "generation_config.json", "tokenizer.json",
                                "tokenizer.model", "tokenizer_config.json"};
  if (std::find(files.begin(), files.end(), name) != files.end()) return true;
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

// Writes this rank's pieces.
class PieceWriter {
 public:
  PieceWriter(const CheckpointReader& checkpoint, const Description& what, const fs::path& folder)
      : checkpoint_(checkpoint), what_(what), folder_(folder) {
    for (const std::string& name : checkpoint.names()) names_.insert(name);
  }

  // The pieces whose middle is in share `part` of all elements: each has one writer.
  void write_share(int part, int num_parts) {
    std::int64_t all = 0, before = 0;
    for (const Piece& piece : what_.layout.pieces()) all += piece.elements;
    for (const Piece& piece : what_.layout.pieces()) {
      const double middle = static_cast<double>(before) + static_cast<double>(piece.elements) / 2;
      const auto share = static_cast<int>(middle / static_cast<double>(all) * num_parts);
      if (std::min(share, num_parts - 1) == part) write(piece);
      before += piece.elements;
    }
    for (auto& [shard, file] : open_) {
      file.sync();
      file.close();
    }
  }

 private:
  void write(const Piece& piece) {
    constexpr std::int64_t most = std::int64_t{1} << 20;
    constexpr std::int64_t written_behind = std::int64_t{1} << 25;
    const SafeTensor& tensor = what_.shards.tensor(piece.theirs);
    const std::int64_t element = safetensors_element_bytes(tensor.dtype);
    for (std::int64_t done = 0; done < piece.elements; done += most) {
      values_.assign(static_cast<std::size_t>(std::min(most, piece.elements - done)), 0.0F);
      if (names_.contains(piece.ours)) checkpoint_.read_part(piece.ours, done, values_);
      durable::File& file = file_of(what_.shards.places[piece.theirs].shard);
      const std::string bytes = bytes_as(tensor.dtype, values_);
      file.write_at(tensor.begin + (piece.begin + done) * element, bytes);
      in_memory_ += std::ssize(bytes);
      if (in_memory_ < written_behind) continue;
      file.start_writing_back();  // so that little is left to fsync
      in_memory_ = 0;
    }
  }

  durable::File& file_of(std::size_t shard) {
    const auto found = open_.find(shard);
    if (found != open_.end()) return found->second;
    const fs::path path = folder_ / (what_.shards.files[shard].name + unfinished);
    return open_.emplace(shard, durable::File::open_for_writing(path, 0)).first->second;
  }

  const CheckpointReader& checkpoint_;
  const Description& what_;
  const fs::path& folder_;
  std::set<std::string> names_;
  std::map<std::size_t, durable::File> open_;
  std::vector<float> values_;
  std::int64_t in_memory_ = 0;  // bytes since the disk began to write
};

void commit(const fs::path& folder, const Description& what) {
  for (const Shard& shard : what.shards.files)
    durable::rename_file(folder / (shard.name + unfinished), folder / shard.name);
  for (const TextFile& file : what.files) durable::replace_file(folder / file.name, file.bytes);
  durable::sync_folder(folder);
  durable::replace_file(folder / config_name, what.config);
}

}  // namespace

Exported export_model(const ExportOptions& options, Comm& world) {
  std::string from;
  on_root(world, [&] { from = resolve_checkpoint(options.from).string(); });
  const CheckpointReader checkpoint = CheckpointReader::open_on_all(from, world);
  Description what;
  agree(world, [&] { what = describe(checkpoint, options); });
  on_root(world, [&] { prepare_folder(options.folder, what.shards); });
  agree(world, [&] {
    durable::wait_for_file(options.folder, std::chrono::seconds(60));
    PieceWriter(checkpoint, what, options.folder).write_share(world.rank(), world.size());
  });
  on_root(world, [&] { commit(options.folder, what); });
  Exported report{what.family, std::ssize(what.layout.tensors()), 0, std::ssize(what.shards.files)};
  for (const Tensor& tensor : what.layout.tensors()) report.parameters += tensor.elements();
  for (const Shard& shard : what.shards.files) report.bytes += shard.bytes();
  return report;
}

}  // namespace switchyard::hub
