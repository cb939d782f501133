// The model that a run starts from (train.initial): its weights at step 0, and the keys of its
// config.
#pragma once

#include <filesystem>

#include <nlohmann/json.hpp>

#include "io/checkpoint/checkpoint.h"
#include "io/tokens/token_store.h"
#include "launch/config/config.h"

namespace switchyard {

// Loads the config of a run. With train.initial, the keys of [model] and [router] that describe the
// function of a model (docs/train.md) are those of its weights where no source sets them, and
// train.initial becomes the absolute path of one checkpoint or model folder. A run that was started
// already keeps what its own config.toml says of both. Errors: Exit::usage as load_config(), and
// naming each key that disagrees with the weights, with both values; Exit::data if there is no such
// model.
Config load_run_config(const ConfigSources& sources);

// Errors: Exit::data if the tokens of the dataset were made by another tokenizer than the model's.
void check_initial(const CheckpointReader& initial, const TokenStore& store);

}  // namespace switchyard
