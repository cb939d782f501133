// From a config to the objects of a run.
#pragma once

#include <cstdint>

#include "io/loader/loader.h"
#include "launch/config/config.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// Collective. Rank 0 reads the sources and checks them; every rank gets the same Config. Errors:
// agreed.
Config agree_on_config(const ConfigSources& sources, Comm& world);

// Errors: Exit::usage if the objective needs ids that tokenizer and model do not have.
Loader::Layout loader_layout(const Config& config, const TokenStore& store, const Comm& job);
// For passes over a split: every document counts once.
Loader::Layout held_out_layout(const Config& config, const Comm& job);
// Of a model that has done `steps_done` steps. num_ids: of the tokenizer. Errors: see
// vocabulary_of.
Transformer::Options model_options(const Config& config, std::int64_t num_ids, Device device,
                                   RoutingTape* tape = nullptr, std::int64_t steps_done = 0);

// Collective. The device of this rank: for "cuda" the GPU with the rank's number on its node,
// modulo the number of GPUs. Errors: Exit::usage if this build or this machine has no such device.
Device choose_device(const RunConfig& run, Comm& world);
Stream make_stream(const Config& config, Device device, Comm& world);

}  // namespace switchyard
