// From the documents of a dataset to the row table of one sequence length.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "io/token_store.h"
#include "runtime/comm.h"

namespace switchyard {

std::string rows_folder(std::int64_t sequence_length);  // "rows-4096", within the dataset

// Collective. The folder of the table for this dataset and sequence length. Rank 0 makes it where
// it is missing, damaged or of other tokens, while the others wait: DATASET/rows-S, or
// `fallback`/rows-S where the dataset may not be written to. Its bytes are a function of the tokens
// and the sequence length. Takes less than 200 MiB besides the tokens' manifest. Errors: agreed;
// Exit::data naming a file of the dataset, Exit::storage.
std::filesystem::path prepare_rows(const TokenStore& store, std::int64_t sequence_length,
                                   const std::filesystem::path& fallback, Comm& world);

// What rank 0 does when there is none: writes and commits `folder`, which must not exist.
void write_rows(const std::filesystem::path& folder, const TokenStore& store,
                std::int64_t sequence_length);

}  // namespace switchyard
