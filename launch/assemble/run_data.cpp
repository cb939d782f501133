#include "launch/assemble/run_data.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/loader/row_table_writer.h"
#include "io/loader/sample_order.h"
#include "io/text/escape.h"
#include "launch/assemble/assemble.h"
#include "launch/config/config_checks.h"
#include "launch/host/stop_signals.h"
#include "runtime/comm/agree.h"

namespace switchyard {

RunData::RunData(const Config& config, Comm& world) {
  agree(world, [&] {
    require(!config.data.dataset.empty(), Exit::usage,
            "data.dataset is not set: name a folder that `switchyard prepare` wrote, in the "
            "config or with --set data.dataset=FOLDER");
    store.emplace(config.data.dataset);
    vocabulary_of(config.model, store->vocabulary());  // for its error, on all ranks
  });
  const std::filesystem::path rows =
      prepare_rows(*store, config.data.sequence_length, config.run.directory, world,
                   StopSignals::requested_so_far);
  agree(world, [&] {
    Loader::Layout layout = loader_layout(config, world);
    loader.emplace(*store, rows, "train", layout);
    layout.weights.clear();  // every held-out document counts once
    if (store->num_tokens("validation") > 0) {
      validation.emplace(*store, rows, "validation", layout);
    }
  });
}

std::vector<std::string> source_summaries(const TokenStore& store, const Config& config,
                                          std::int64_t samples_per_epoch) {
  const std::vector<std::string>& names = store.sources();
  const std::vector<double> weights = weights_of(names, config.data.weights);
  const std::vector<SourceCounts>& counts = store.source_counts("train");
  const double epochs = static_cast<double>(config.train.steps * config.train.global_batch_size) /
                        static_cast<double>(samples_per_epoch);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto first = std::find(names.begin(), names.end(), names[i]) - names.begin();
    if (static_cast<std::size_t>(first) < i) continue;
    std::int64_t tokens = 0;
    for (std::size_t j = i; j < counts.size(); ++j) {
      if (names[j] == names[i]) tokens += counts[j].tokens;
    }
    lines.push_back(fmt::format("source {}: weight {}, {}{:.2f} passes in {} steps",
                                terminal_text(names[i]), weights[i],
                                counts.empty() ? "" : fmt::format("{} tokens, ", tokens),
                                epochs * weights[i], config.train.steps));
  }
  return lines;
}

void introduce_data(const RunData& data, const Config& config, spdlog::logger& log) {
  const Loader& loader = *data.loader;
  const double filled = static_cast<double>(loader.num_tokens()) /
                        static_cast<double>(loader.num_rows() * config.data.sequence_length);
  log.info("{} tokens to train on, in {} rows of {} that are {:.1f} % full", loader.num_tokens(),
           loader.num_rows(), config.data.sequence_length, 100.0 * filled);
  if (filled < 0.98) {
    log.info("documents of these lengths take at least {} rows", loader.min_rows());
  }
  for (const std::string& line : source_summaries(*data.store, config, loader.epoch_size())) {
    log.info("{}", line);
  }
  if (!data.validation && config.train.evaluate_every > 0) {
    log.warn("the dataset has no validation documents: not evaluating");
  }
}

}  // namespace switchyard
