// The sixth stage of `prepare`: writes the documents layer's shards, kept and removed.
#pragma once

#include <filesystem>
#include <vector>

#include <nlohmann/json.hpp>

#include "io/folder/extent.h"
#include "io/prepare/stages/keep_stage.h"
#include "io/prepare/work/bitmap.h"

namespace switchyard::prepare {

// What the stage added to the documents layer.
struct WrittenDocuments {
  std::vector<FileEntry> files;
  std::vector<nlohmann::json> sources;  // what became of each one's documents
  Bitmap kept;                          // by ordinal, on all ranks
};

// The keys by which later generations find what repeats inside a shard's documents; the file is
// there only if something of that is cut. first_partition: the shard's.
std::filesystem::path cut_keys_file(const Job& job, int first_partition);

// Collective. A source has 2^n shards by the first bits of the content hash, n by how much text of
// it stays: about 128 MiB in each. removed: duplicates. source_offset: of this generation's sources
// among the dataset's.
WrittenDocuments run_write_stage(const Job& job, const Order& order, SpilledDocuments& documents,
                                 const Bitmap& removed, int source_offset);

}  // namespace switchyard::prepare
