#include "launch/hugging_face/hub_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "io/model_folder/model_writer.h"
#include "launch/config/config_checks.h"
#include "launch/hugging_face/hub_config.h"
#include "launch/hugging_face/hub_match.h"
#include "launch/hugging_face/hub_weights.h"
#include "launch/hugging_face/tokenizer_reader.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard::hub {
namespace {

namespace fs = std::filesystem;

// What is known before any value is read.
struct Source {
  HubModel model;
  HubWeights weights;
  Layout layout;
  ModelDescription description;
};

nlohmann::json lineage_from(const fs::path& from, const HubModel& model,
                            const std::string& config) {
  return {{"kind", "hugging_face"},
          {"folder", fs::absolute(from).lexically_normal().string()},
          {"family", name_of(model.family)},
          {"config_hash", content_hash(config).hex()},
          {"max_position_embeddings", model.max_positions},
          {"bos_token_id", model.bos},
          {"eos_token_id", model.eos}};
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

Source open_source(const ImportOptions& options) {
  const fs::path config_path = options.from / config_name;
  constexpr std::int64_t largest_config = 10'000'000;
  const std::string text = durable::read_file(config_path, largest_config);
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
  return {std::move(model), std::move(weights), std::move(layout), std::move(description)};
}

Shape shape_from(const std::vector<std::int64_t>& dims) {
  return dims.size() == 1 ? Shape{dims[0]} : Shape{dims[0], dims[1]};
}

// Values of BF16 keep their size; the biases of gates are f32, as training has them.
std::vector<ModelTensor> tensors_of(const Source& source) {
  std::vector<ModelTensor> tensors;
  for (const Piece& piece : source.layout.pieces()) {
    const std::string& theirs = source.layout.tensors()[piece.theirs].name;
    const bool narrow = source.weights.tensors().at(theirs).tensor.dtype == "BF16" &&
                        piece.ours.starts_with("value/");
    tensors.push_back({piece.ours, shape_from(piece.shape), narrow ? DType::bf16 : DType::f32});
  }
  return tensors;
}

void copy(Source& source, const Piece& piece, std::size_t tensor, ModelWriter& writer,
          std::vector<float>& values) {
  constexpr std::int64_t most = std::int64_t{1} << 20;
  const std::string& theirs = source.layout.tensors()[piece.theirs].name;
  const StoredTensor& stored = source.weights.tensors().at(theirs);
  for (std::int64_t done = 0; done < piece.elements; done += most) {
    values.resize(static_cast<std::size_t>(std::min(most, piece.elements - done)));
    source.weights.read(stored, piece.begin + done, values);
    writer.append(tensor, values);
  }
}

}  // namespace

Imported import_model(const ImportOptions& options, Comm& world) {
  std::optional<Source> opened;
  agree(world, [&] { opened.emplace(open_source(options)); });
  Source& source = *opened;
  if (source.model.config.model.tie_embeddings)
    on_root(world, [&] { require_same_head(source.weights); });
  ModelWriter writer(options.folder, tensors_of(source), source.description, world);
  agree(world, [&] {
    std::vector<float> values;
    for (const std::size_t tensor : writer.mine())
      copy(source, source.layout.pieces()[tensor], tensor, writer, values);
  });
  writer.commit();
  Imported report{source.model.family, std::ssize(source.layout.tensors()), 0,
                  source.weights.num_files(), source.weights.bytes()};
  for (const Tensor& tensor : source.layout.tensors()) report.parameters += tensor.elements();
  report.sequence_length = source.model.config.data.sequence_length;
  report.max_positions = source.model.max_positions;
  return report;
}

}  // namespace switchyard::hub
