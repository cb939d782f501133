#include "launch/run/checkpoint_meta.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/folder/committed_folder.h"
#include "io/registry/registry.h"
#include "launch/config/config_checks.h"
#include "launch/host/standard_streams.h"
#include "launch/run/version_1_tokenizer.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// Reads a part of what a run wrote. Errors: Exit::data, naming the checkpoint.
template <class Read>
auto read_part(const CheckpointReader& checkpoint, Read read) {
  try {
    return read();
  } catch (const Error& error) {
    fail(Exit::data, "{}: {}", checkpoint.folder().string(), error.what());
  }
}

// What make_tokenizer needs. tokenizer: of meta.
std::string serialized_tokenizer(const CheckpointReader& checkpoint, const JsonFields& tokenizer) {
  if (tokenizer.has("serialized")) {
    return decode_version_1_tokenizer(tokenizer.text("serialized"));
  }
  if (!is_kept_as_file(tokenizer.text("kind"))) return "";
  return checkpoint.read_file(tokenizer_file(tokenizer.text("hash")));
}

}  // namespace

RunDescription describe_model(const Config& config, const Tokenizer& tokenizer) {
  RunDescription description;
  description.meta = {{"config", print_config(config, Docs::no)},
                      {"tokenizer",
                       {{"kind", tokenizer.kind()},
                        {"vocabulary", tokenizer.vocabulary()},
                        {"hash", tokenizer.hash()}}}};
  if (is_kept_as_file(tokenizer.kind()))
    description.files.push_back({tokenizer_file(tokenizer.hash()), tokenizer.serialized()});
  return description;
}

RunDescription describe_run(const Config& config, const TokenStore& store) {
  RunDescription description = describe_model(config, *store.tokenizer());
  description.meta["dataset"] = {
      {"folder", fs::absolute(config.data.dataset).lexically_normal().string()},
      {"hash", store.hash()}};
  return description;
}

Config config_of(const CheckpointReader& checkpoint) {
  const std::string text = checkpoint.fields().text("config");
  return read_part(checkpoint, [&] {
    Config config;
    apply_toml(config, text, "its config");
    check_shape(config);
    return config;
  });
}

std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint) {
  const JsonFields tokenizer = checkpoint.fields().object("tokenizer");
  const std::string kind = tokenizer.text("kind");
  return read_part(checkpoint, [&] {
    return make_tokenizer(kind, serialized_tokenizer(checkpoint, tokenizer));
  });
}

fs::path dataset_of(const CheckpointReader& checkpoint) {
  require(!checkpoint.is_model(), Exit::usage,
          "{} is a model, which does not name a dataset: name one with --dataset",
          checkpoint.folder().string());
  const std::string folder = checkpoint.fields().object("dataset").text("folder");
  const std::string named = config_of(checkpoint).data.dataset;
  for (const fs::path& place : {fs::path(folder), fs::path(named)}) {
    std::error_code unknown;
    if (fs::exists(place, unknown)) return place;
  }
  fail(Exit::data, "the dataset of {} is no longer at {}: name it with --dataset",
       checkpoint.folder().string(), folder);
}

void check_resumable(const CheckpointReader& checkpoint, const Config& config,
                     const TokenStore& store) {
  const std::vector<std::string> changed = changed_fixed_keys(config_of(checkpoint), config);
  require(changed.empty(), Exit::usage,
          "{} cannot go on with a changed {}: restore it, or start a new run with another "
          "run.directory",
          config.run.directory, fmt::join(changed, ", "));
  require(checkpoint.step() <= config.train.steps, Exit::usage,
          "train.steps = {}, but this run has done {} steps: set train.steps to more than {} to go "
          "on",
          config.train.steps, checkpoint.step(), checkpoint.step());
  check_same_tokenizer(checkpoint, store);
  const std::string hash = checkpoint.fields().object("dataset").text("hash");
  require(hash == store.hash(), Exit::data,
          "data.dataset = {} does not hold the tokens this run was trained on: name that dataset, "
          "or start a new run with another run.directory",
          config.data.dataset);
}

void check_same_tokenizer(const CheckpointReader& checkpoint, const TokenStore& store) {
  const std::string hash = checkpoint.fields().object("tokenizer").text("hash");
  const fs::path folder = checkpoint.folder().lexically_normal();
  const bool in_run = folder.parent_path().filename() == "checkpoints";
  require(hash == store.tokenizer_hash(), Exit::data,
          "{} was made with another tokenizer (vocabulary hash {}) than the checkpoint (hash {}): "
          "prepare its text with the checkpoint's by `switchyard prepare --tokenizer {}`",
          store.dataset().string(), store.tokenizer_hash(), hash,
          (in_run ? folder.parent_path().parent_path() : folder).string());
}

fs::path resolve_checkpoint(const fs::path& path) {
  if (is_committed(path)) return path;
  if (const auto package = find_package(path.string())) return *package;
  if (const auto named = find_by_short_name(path.string())) return *named;
  const Found found = newest_good_checkpoint(path);
  require(found.folder.has_value(), Exit::data,
          "{} is neither a checkpoint or model nor a run directory with a good checkpoint{}{}",
          path.string(), found.skipped.empty() ? "" : ": ", fmt::join(found.skipped, "; "));
  for (const std::string& note : found.skipped) say("warning: " + note + "\n");
  return *found.folder;
}

}  // namespace switchyard
