// What a run writes into a checkpoint beside its tensors, so that the checkpoint alone is enough to
// go on, evaluate or sample.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/snapshot.h"
#include "io/tokens/token_store.h"
#include "io/tokens/tokenizer.h"
#include "launch/config/config.h"

namespace switchyard {

// What stays the same for a whole attempt.
struct RunDescription {
  nlohmann::json meta;           // {"config", "tokenizer", "dataset"}
  std::vector<NamedFile> files;  // the tokenizer's model, if it has one
};
RunDescription describe_run(const Config& config, const TokenStore& store);
// The same of a model that no dataset belongs to.
RunDescription describe_model(const Config& config, const Tokenizer& tokenizer);

// Errors of all: Exit::data, naming the checkpoint, if it does not hold what describe_run() gave.
Config config_of(const CheckpointReader& checkpoint);
std::unique_ptr<Tokenizer> tokenizer_of(const CheckpointReader& checkpoint);

// The dataset that the run trained on, where it is now: at its absolute path, else where the config
// names it. Errors: also if there is none; Exit::usage for a model folder.
std::filesystem::path dataset_of(const CheckpointReader& checkpoint);

// Errors: Exit::usage for keys that may not change and for fewer steps than are done, Exit::data
// for another tokenizer or dataset; names what differs.
void check_resumable(const CheckpointReader& checkpoint, const Config& config,
                     const TokenStore& store);
// Errors: Exit::data if the dataset was made with another tokenizer than the checkpoint's.
void check_same_tokenizer(const CheckpointReader& checkpoint, const TokenStore& store);

// The checkpoint or model folder `path`, or the one that a short name means (RUN@600), or the
// newest good checkpoint if `path` is a run directory, or the current version if it is a published
// model (MODEL@2: that one). Newer ones that are not good are named on
// stderr. Errors: Exit::data.
std::filesystem::path resolve_checkpoint(const std::filesystem::path& path);

}  // namespace switchyard
