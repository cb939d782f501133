#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"
#include "io/text/byte_size.h"
#include "io/text/escape.h"
#include "io/tokens/token_store.h"
#include "launch/commands/command.h"
#include "launch/host/counted.h"
#include "launch/hugging_face/family.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/error.h"
#include "runtime/params/param_spec.h"
#include "train/state/load_state.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Also true for a dataset of the layout before `tokens` was a separate folder, so that opening it
// says what to do.
bool is_dataset(const fs::path& folder) {
  if (is_committed(folder / tokens_folder)) return true;
  if (!is_committed(folder)) return false;
  constexpr std::int64_t largest_manifest = std::int64_t{1} << 30;
  const std::string text = durable::read_file(folder / manifest_name, largest_manifest);
  const nlohmann::json manifest = nlohmann::json::parse(text, nullptr, false);
  return manifest.is_object() && manifest.value("kind", nlohmann::json()) == "dataset";
}

// Empty if the dataset does not say.
Json describe_sources(const TokenStore& store, const std::string& split) {
  Json sources = Json::array();
  const std::vector<SourceCounts>& counts = store.source_counts(split);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    sources.push_back({{"source", store.sources()[i]},
                       {"documents", counts[i].documents},
                       {"tokens", counts[i].tokens},
                       {"text_bytes", counts[i].text_bytes}});
  }
  return sources;
}

Json describe_dataset(const fs::path& folder) {
  const TokenStore store(folder);
  Json splits;
  for (const char* name : {"train", "validation"}) {
    splits[name] = {{"documents", store.num_documents(name)},
                    {"tokens", store.num_tokens(name)},
                    {"sources", describe_sources(store, name)}};
  }
  Json sources = Json::array();
  for (const std::string& source : store.sources()) sources.push_back(source);
  return {{"kind", "dataset"},
          {"folder", folder.string()},
          {"tokenizer",
           {{"kind", store.tokenizer()->kind()},
            {"vocabulary", store.vocabulary()},
            {"hash", store.tokenizer_hash()}}},
          {"sources", sources},
          {"splits", splits}};
}

// The parameters, and those that one token uses: only top_k of the experts.
Json count_parameters(const CheckpointReader& reader, const Config& config) {
  std::int64_t all = 0, in_experts = 0;
  for (const std::string& name : reader.names()) {
    if (!name.starts_with("value/")) continue;  // moments
    all += reader.shape(name).size();
    if (ExpertPart::of_name(name)) in_experts += reader.shape(name).size();
  }
  const std::int64_t active =
      all - in_experts + in_experts / std::max(1, config.model.num_experts) * config.router.top_k;
  return {{"all", all}, {"active", active}};
}

// What a process without a GPU holds of the values, and how many of them as codes.
Json describe_values(const CheckpointReader& reader) {
  std::int64_t bytes = 0, int8 = 0, int4 = 0;
  for (const std::string& name : reader.names()) {
    if (!name.starts_with("value/")) continue;
    bytes += reader.held_bytes(name);
    const std::optional<CodeFormat> format = reader.format(name);
    if (format) ++(format->bits == 4 ? int4 : int8);
  }
  return {{"bytes_in_memory", bytes}, {"int8", int8}, {"int4", int4}};
}

std::int64_t attempt_of(const CheckpointReader& reader) {
  const JsonFields meta = reader.fields();
  return meta.has("attempt") ? meta.integer("attempt", 0, std::int64_t{1} << 31) : 0;
}

// What a checkpoint knows of its run, or a model of how it was made.
void describe_origin(const CheckpointReader& reader, const Config& config, Json& found) {
  const auto step = reader.known_step();
  found["step"] = step ? Json(*step) : Json();
  if (!reader.is_model()) {
    found["steps"] = config.train.steps;
    found["attempt"] = attempt_of(reader);
    found["dataset"] = reader.fields().object("dataset").text("folder");
  }
  if (reader.fields().has("lineage")) found["lineage"] = reader.meta().at("lineage");
}

Json describe_checkpoint(const fs::path& folder) {
  const CheckpointReader reader(folder);
  const Config config = config_of(reader);
  const std::unique_ptr<Tokenizer> tokenizer = tokenizer_of(reader);
  const ModelConfig& model = config.model;
  Json found = {
      {"kind", reader.is_model() ? "model" : "checkpoint"},
      {"folder", folder.string()},
      {"tensors", reader.names().size()},
      {"parameters", count_parameters(reader, config)},
      {"values", describe_values(reader)},
      {"model",
       {{"layers", model.num_layers},
        {"dense_layers", num_dense_layers(model)},
        {"mtp_modules", num_mtp_modules(reader)},
        {"hidden", model.hidden},
        {"experts", model.num_experts},
        {"top_k", config.router.top_k}}},
      {"tokenizer", {{"kind", tokenizer->kind()}, {"vocabulary", tokenizer->vocabulary()}}},
      {"hugging_face", hub::exported_as(config)},
      {"config", print_config(config, Docs::no)}};
  describe_origin(reader, config, found);
  return found;
}

std::int64_t number(const Json& json) { return json.get<std::int64_t>(); }

// "step 300 of 1000, written by attempt 2", and for a model its parents.
std::string origin_in_words(const Json& found) {
  if (found.at("kind") == "checkpoint") {
    return fmt::format("step {} of {}, written by attempt {}\ntrained on: {}\n",
                       number(found.at("step")), number(found.at("steps")),
                       number(found.at("attempt")), found.at("dataset").get<std::string>());
  }
  std::string text;
  if (!found.at("step").is_null()) text = fmt::format("step {}\n", number(found.at("step")));
  const Json parents = found.value(Json::json_pointer("/lineage/parents"), Json::array());
  for (const Json& parent : parents)
    text += fmt::format("made of: {}\n", terminal_text(parent.value("path", "")));
  return text;
}

// ", 24 matrices as int8 codes"
std::string codes_in_words(const Json& values) {
  std::string text;
  for (const char* const kind : {"int8", "int4"}) {
    const std::int64_t matrices = number(values.at(kind));
    if (matrices > 0)
      text += fmt::format(", {} as {} codes",
                          matrices == 1 ? "1 matrix" : fmt::format("{} matrices", matrices), kind);
  }
  return text;
}

std::string in_words(const Json& found) {
  const Json& tokenizer = found.at("tokenizer");
  const std::string vocabulary = fmt::format("{}, {} ids", tokenizer.at("kind").get<std::string>(),
                                             number(tokenizer.at("vocabulary")));
  if (found.at("kind") == "dataset") {
    std::string text = fmt::format("dataset {}\ntokenizer: {}\n",
                                   found.at("folder").get<std::string>(), vocabulary);
    std::vector<std::string> sources;
    for (const Json& source : found.at("sources"))
      sources.push_back(terminal_text(source.get<std::string>()));
    text += fmt::format("sources: {}\n", fmt::join(sources, ", "));
    for (const auto& [name, counts] : found.at("splits").items()) {
      text += fmt::format("{}: {} tokens in {} documents\n", name, number(counts.at("tokens")),
                          number(counts.at("documents")));
      if (counts.at("sources").size() < 2) continue;
      for (const Json& source : counts.at("sources")) {
        text += fmt::format("  {}: {} tokens in {} documents\n",
                            terminal_text(source.at("source").get<std::string>()),
                            number(source.at("tokens")), number(source.at("documents")));
      }
    }
    return text;
  }
  const Json& model = found.at("model");
  const std::string experts =
      number(model.at("layers")) == number(model.at("dense_layers"))
          ? "no experts"
          : fmt::format("{} experts, {} per token", number(model.at("experts")),
                        number(model.at("top_k")));
  const std::int64_t num_modules = number(model.at("mtp_modules"));
  const std::string modules = num_modules == 0 ? ""
                                               : fmt::format(", {} of multi-token prediction",
                                                             counted(num_modules, "module"));
  return fmt::format(
      "{} {}\n"
      "{}"
      "model: {} layers ({} of them dense), hidden {}, {}{}\n"
      "parameters: {}, of which a token meets {}; {} tensors{}\n"
      "in memory: {}{}\n"
      "tokenizer: {}\n"
      "exports as: {}\n",
      found.at("kind").get<std::string>(), found.at("folder").get<std::string>(),
      origin_in_words(found), number(model.at("layers")), number(model.at("dense_layers")),
      number(model.at("hidden")), experts, modules, number(found.at("parameters").at("all")),
      number(found.at("parameters").at("active")), number(found.at("tensors")),
      found.at("kind") == "model" ? "" : ", moments included",
      bytes_in_words(number(found.at("values").at("bytes_in_memory"))),
      codes_in_words(found.at("values")), vocabulary, found.at("hugging_face").get<std::string>());
}

class InspectCommand : public Command {
 public:
  explicit InspectCommand(CLI::App& program) {
    app_ = program.add_subcommand("inspect", "Describe a dataset, a checkpoint or a model");
    app_->add_option("PATH", path_,
                     "A dataset, a checkpoint, a model folder, or a run directory for its newest "
                     "good checkpoint")
        ->required();
    app_->add_flag("--json", json_, "Print one JSON object, with the model's config");
    app_->footer(
        "  switchyard inspect data/corpus\n"
        "  switchyard inspect runs/quickstart --json");
  }

  int run() override {
    const Json found = is_dataset(path_) ? describe_dataset(path_)
                                         : describe_checkpoint(resolve_checkpoint(path_));
    fmt::print("{}", json_ ? found.dump(2) + "\n" : in_words(found));
    return 0;
  }

 private:
  std::string path_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_inspect_command(CLI::App& program) {
  return std::make_unique<InspectCommand>(program);
}

}  // namespace switchyard
