// prepare: from text documents to a committed dataset; behind `switchyard prepare`.
#pragma once

#include <nlohmann/json.hpp>

#include "io/prepare/work/config.h"
#include "runtime/comm/comm.h"

namespace switchyard::prepare {

struct Report {
  bool already_prepared = false;  // the output held this very dataset; nothing was written
  nlohmann::json contents;        // what report.json says (docs/prepare-data.md)
};

// Collective. Documents are ordered by (generation, source, content hash, id). In that order a
// document is removed exactly when an earlier document that was kept has the same normalised text
// or the same URL, or shares a MinHash band and is verified to be similar. So the bytes of the
// dataset are a function of the documents and the options, not of ranks, file names, the order of
// the input, time or place. Work that was finished before an interruption is not done again. Calls
// `progress` on rank 0 only.
//
// Errors, agreed: Exit::usage for options that cannot work, an input that does not exist, or an
// output that holds something else; Exit::data if no document is left to train on or a file is
// damaged; Exit::storage. After an error or a crash the output is the dataset it was before.
Report prepare_dataset(const Config& config, Comm& world, const Progress& progress = {});

}  // namespace switchyard::prepare
