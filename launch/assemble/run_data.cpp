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
      prepare_rows(*store, {config.data.sequence_length, config.data.loss_on}, config.run.directory,
                   world, StopSignals::requested_so_far);
  agree(world, [&] {
    loader.emplace(*store, rows, "train", loader_layout(config, *store, world));
    require(config.data.loss_on == LossOn::all || loader->num_pass_targets() < loader->num_tokens(),
            Exit::usage,
            "data.loss_on = \"response\", and no document of {} has a prompt: prepare it with "
            "--prompt-field, or set data.loss_on = \"all\"",
            config.data.dataset);
    if (store->num_tokens("validation") > 0)
      validation.emplace(*store, rows, "validation", held_out_layout(config, world));
  });
}

namespace {

// How often the steps of a part of the order pass over each source.
std::vector<double> passes_of(const PhasedOrder& order, std::size_t part, std::int64_t steps) {
  const std::vector<PhasedOrder::Part>& parts = order.parts();
  const std::int64_t end =
      part + 1 < parts.size() ? std::min(steps, parts[part + 1].first_step) : steps;
  const std::int64_t samples =
      std::max<std::int64_t>(0, order.samples().first_sample(end) - parts[part].first_sample);
  std::vector<double> passes = parts[part].weights;
  for (double& each : passes)
    each *= static_cast<double>(samples) / static_cast<double>(parts[part].order.epoch_size());
  return passes;
}

}  // namespace

std::vector<std::string> source_summaries(const TokenStore& store, const PhasedOrder& order,
                                          std::int64_t steps) {
  const std::vector<std::string>& names = store.sources();
  const std::vector<SourceCounts>& counts = store.source_counts("train");
  std::vector<double> passes(names.size());
  for (std::size_t part = 0; part < order.parts().size(); ++part) {
    const std::vector<double> more = passes_of(order, part, steps);
    for (std::size_t i = 0; i < passes.size(); ++i) passes[i] += more[i];
  }
  std::vector<std::string> lines, phases(order.parts().size() - 1);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto first = std::find(names.begin(), names.end(), names[i]) - names.begin();
    if (static_cast<std::size_t>(first) < i) continue;
    std::int64_t tokens = 0;
    for (std::size_t j = i; j < counts.size(); ++j) {
      if (names[j] == names[i]) tokens += counts[j].tokens;
    }
    lines.push_back(fmt::format("source {}: weight {}, {}{:.2f} passes in {} steps",
                                terminal_text(names[i]), order.parts().front().weights[i],
                                counts.empty() ? "" : fmt::format("{} tokens, ", tokens), passes[i],
                                steps));
    for (std::size_t p = 0; p < phases.size(); ++p) {
      phases[p] += fmt::format("{}{} {}", phases[p].empty() ? "" : ", ", terminal_text(names[i]),
                               order.parts()[p + 1].weights[i]);
    }
  }
  for (std::size_t p = 0; p < phases.size(); ++p) {
    const PhasedOrder::Part& part = order.parts()[p + 1];
    lines.push_back(fmt::format("phase {} from step {} on: weights {}", terminal_text(part.name),
                                part.first_step, phases[p]));
  }
  return lines;
}

void introduce_data(const RunData& data, const Config& config, spdlog::logger& log) {
  const Loader& loader = *data.loader;
  const double filled = static_cast<double>(loader.num_tokens()) /
                        static_cast<double>(loader.num_rows() * config.data.sequence_length);
  log.info("{} tokens to train on, in {} rows of {} that are {:.1f} % full", loader.num_tokens(),
           loader.num_rows(), config.data.sequence_length, 100.0 * filled);
  if (loader.num_pass_targets() < loader.num_tokens())
    log.info("{} of these tokens are of responses and have a loss", loader.num_pass_targets());
  if (filled < 0.98) {
    log.info("documents of these lengths take at least {} rows", loader.min_rows());
  }
  for (const std::string& line :
       source_summaries(*data.store, loader.order(), config.train.steps)) {
    log.info("{}", line);
  }
  const ObjectiveConfig& objective = config.data.objective;
  if (objective.rewrites() || objective.noise > 0.0) {
    log.info(
        "objectives: {:.4g} % of pieces have their middle at the end, {:.4g} % spans; {:.4g} % of "
        "inputs are replaced. The validation loss is of texts as they are",
        100.0 * objective.fill_in_middle, 100.0 * objective.spans, 100.0 * objective.noise);
  }
  if (!config.train.batch_ramp.empty()) {
    log.info("the batch grows from {} to {} sequences at step {}",
             config.train.batch_ramp.front()[1], config.train.global_batch_size,
             config.train.batch_ramp.back()[0]);
  }
  if (!data.validation && config.train.evaluate_every > 0) {
    log.warn("the dataset has no validation documents: not evaluating");
  }
}

}  // namespace switchyard
