#include "launch/assemble/run_data.h"

#include "io/loader/row_table_writer.h"
#include "launch/assemble/assemble.h"
#include "launch/host/stop_signals.h"
#include "runtime/comm/agree.h"

namespace switchyard {

RunData::RunData(const Config& config, Comm& world) {
  agree(world, [&] {
    require(!config.data.dataset.empty(), Exit::usage,
            "data.dataset is not set: name a folder that `switchyard prepare` wrote, in the "
            "config or with --set data.dataset=FOLDER");
    store.emplace(config.data.dataset);
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

void introduce_data(const RunData& data, const Config& config, spdlog::logger& log) {
  const Loader& loader = *data.loader;
  const double filled = static_cast<double>(loader.num_tokens()) /
                        static_cast<double>(loader.num_rows() * config.data.sequence_length);
  log.info("{} tokens to train on, in {} rows of {} that are {:.1f} % full", loader.num_tokens(),
           loader.num_rows(), config.data.sequence_length, 100.0 * filled);
  if (filled < 0.98) {
    log.info("documents of these lengths take at least {} rows", loader.min_rows());
  }
  if (!data.validation && config.train.evaluate_every > 0) {
    log.warn("the dataset has no validation documents: not evaluating");
  }
}

}  // namespace switchyard
