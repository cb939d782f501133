#include "launch/run/initial_model.h"

#include <fmt/ranges.h>

#include "launch/run/checkpoint_meta.h"
#include "launch/run/run_directory.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// The config that a run of this directory was started with; nothing if there is none.
std::optional<Config> started_config(const std::string& directory) {
  const RunDirectory run{fs::path(directory)};
  std::error_code unreadable;
  if (directory.empty() || !run.used() || !fs::exists(run.config_file(), unreadable)) return {};
  return load_config({{}, run.config_file(), {}});
}

Config with_keys_of(const ConfigSources& sources, const Config& weights,
                    const std::string& initial) {
  Config config = load_config(sources, defaults_for_model(weights));
  config.train.initial = initial;
  return config;
}

}  // namespace

Config load_run_config(const ConfigSources& sources) {
  Config config = load_config(sources);
  if (config.train.initial.empty()) return config;
  if (const auto started = started_config(config.run.directory);
      started && !started->train.initial.empty()) {
    return with_keys_of(sources, *started, started->train.initial);
  }
  fs::path folder;
  Config weights;
  try {
    folder = fs::absolute(resolve_checkpoint(config.train.initial)).lexically_normal();
    weights = config_of(CheckpointReader(folder));
  } catch (const Error& error) {
    fail(error.code(), "train.initial = \"{}\": {}", config.train.initial, error.what());
  }
  config = with_keys_of(sources, weights, folder.string());
  const std::vector<std::string> unlike = unlike_model_keys(config, weights);
  require(unlike.empty(), Exit::usage,
          "train.initial = \"{}\" is a model with other keys: {}; leave them out, and they are "
          "taken from it",
          config.train.initial, fmt::join(unlike, ", "));
  return config;
}

void check_initial(const CheckpointReader& initial, const TokenStore& store) {
  try {
    check_same_tokenizer(initial, store);
  } catch (const Error& error) {
    fail(error.code(), "train.initial: {}", error.what());
  }
}

}  // namespace switchyard
