// The data of a run, opened and checked before the run writes anything.
#pragma once

#include <spdlog/logger.h>

#include <optional>
#include <string>
#include <vector>

#include "io/loader/loader.h"
#include "io/tokens/token_store.h"
#include "launch/config/config.h"
#include "runtime/comm/comm.h"

namespace switchyard {

struct RunData {
  std::optional<TokenStore> store;
  std::optional<Loader> loader;
  std::optional<Loader> validation;  // empty if no document was held out

  // Collective. Packs the rows of this sequence length unless that was done before. Errors, agreed:
  // Exit::usage without data.dataset; Exit::data; Exit::requeue if a signal asks to stop meanwhile.
  RunData(const Config& config, Comm& world);
};

// "source web: weight 2, 1200 tokens, 3.52 passes in 600 steps", one for each name of a source, in
// the order of the dataset, and a line for each phase. order: of the loader of the split "train".
std::vector<std::string> source_summaries(const TokenStore& store, const PhasedOrder& order,
                                          std::int64_t steps);

// Logs how much there is to train on, and how often the run trains on it.
void introduce_data(const RunData& data, const Config& config, spdlog::logger& log);

}  // namespace switchyard
