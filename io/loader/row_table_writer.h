// From the documents of a dataset to the row table of one sequence length.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "io/tokens/token_store.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// "rows-4096-1f3a5b7c", within the dataset. Other tokens have another name, so that what --append
// or
// --retokenize changes leaves the rows of a run that goes on alone.
std::string rows_folder(const TokenStore& store, std::int64_t sequence_length);

// Collective. The folder of the table for this dataset and sequence length. Rank 0 makes it where
// it is missing or damaged, while the others wait: in the dataset, or in `fallback` where that may
// not be written to. Its bytes are a function of the tokens and the sequence length. Takes less
// than 200 MiB besides the tokens' manifest. Errors: agreed; Exit::data naming a file of the
// dataset, Exit::storage.
std::filesystem::path prepare_rows(const TokenStore& store, std::int64_t sequence_length,
                                   const std::filesystem::path& fallback, Comm& world);

// What rank 0 does when there is none: writes and commits `folder`, which must not exist.
void write_rows(const std::filesystem::path& folder, const TokenStore& store,
                std::int64_t sequence_length);

}  // namespace switchyard
