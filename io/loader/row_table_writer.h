// From the documents of a dataset to the row table of one sequence length.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "io/loader/packed_rows.h"
#include "io/tokens/token_store.h"
#include "runtime/comm/comm.h"

namespace switchyard {

// "rows-4096-1f3a5b7c", within the dataset. Other tokens have another name, so that --append and
// --retokenize leave the rows of a running job alone.
// Rows with a loss on responses alone end in "-response".
std::string rows_folder(const TokenStore& store, RowForm form);

// Collective. Returns the folder of the table for this dataset and form. If the table is
// missing or damaged, rank 0 makes it while the others wait: in the dataset, or in `fallback` if
// the dataset is read-only. Its bytes are a function of the tokens and the form. Takes
// less than 200 MiB of memory beside the tokens' manifest. Errors: agreed; Exit::data naming a file
// of the dataset, Exit::storage, and Exit::requeue once `stop` says that the process shall end.
std::filesystem::path prepare_rows(const TokenStore& store, RowForm form,
                                   const std::filesystem::path& fallback, Comm& world,
                                   const std::function<bool()>& stop = nullptr);

// Writes and commits a table, on one rank. Requires: `folder` does not exist. Errors: as
// prepare_rows; nothing is left of the table then.
void write_rows(const std::filesystem::path& folder, const TokenStore& store, RowForm form,
                const std::function<bool()>& stop = nullptr);

}  // namespace switchyard
