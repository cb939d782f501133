// What a run writes into a checkpoint beside its tensors, so that the checkpoint alone is enough to
// go on, evaluate or sample.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/tokens/token_store.h"
#include "io/tokens/tokenizer.h"
#include "launch/config/config.h"

namespace switchyard {

// {"config", "tokenizer", "dataset"}: the part that stays the same for a whole attempt.
nlohmann::json describe_run(const Config& config, const TokenStore& store);

// Errors of all: Exit::data, naming the checkpoint, if its meta does not hold what describe_run
// wrote.
Config config_of(const CheckpointReader& checkpoint);
std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint);

// Errors: Exit::usage for keys that may not change, Exit::data for another tokenizer or dataset;
// names what differs.
void check_resumable(const CheckpointReader& checkpoint, const Config& config,
                     const TokenStore& store);
// Errors: Exit::data if the dataset was made with another tokenizer than the checkpoint's.
void check_same_tokenizer(const CheckpointReader& checkpoint, const TokenStore& store);

// path is a checkpoint folder, or a run directory, which stands for its newest good checkpoint; a
// newer one that is not good is named on stderr. Errors: Exit::data.
std::filesystem::path resolve_checkpoint(const std::filesystem::path& path);

}  // namespace switchyard
