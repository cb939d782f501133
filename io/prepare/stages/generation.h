// One generation of a dataset, from its inputs to a longer documents layer.
#pragma once

#include <nlohmann/json.hpp>

#include "io/prepare/work/job.h"

namespace switchyard::prepare {

inline constexpr const char* generations_key = "generations";  // of the documents layer's manifest

// The options that, with the documents, determine the bytes of a dataset; the same for all its
// generations. contamination: nullptr without evaluation files.
nlohmann::json options_of(const Config& config, const Contamination* contamination);

// Collective. Runs the stages and commits the documents layer with this generation added. Returns
// false if the generation has the very documents of the one before it: then nothing was added.
bool prepare_generation(const Job& job, const nlohmann::json& options);

// Collective. An order-independent hash of all documents of the job's inputs.
ContentHash hash_of_documents(const Job& job);

}  // namespace switchyard::prepare
