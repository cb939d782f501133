// export: the documents of a dataset as JSON lines; behind `switchyard export`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "io/prepare/store/document_store.h"

namespace switchyard::prepare {

// Called with whole lines, a few MiB at a time.
using WriteBytes = std::function<void(std::string_view)>;
using ExportProgress = std::function<void(std::int64_t done, std::int64_t total)>;  // in documents

enum class Exported : bool { kept, removed };

// One line for each kept document, in the store's order: id, text (to the byte), url if it has one,
// source and generation as the dataset names them, and what else its own line said: licence, date,
// and its source as original_source. One line for each removed document: id, stage, reason, url,
// source, generation, content_hash, file, position (the byte in it), the content hash of the
// document kept_instead, jaccard and excerpt, as far as there are such. Returns how many lines.
std::int64_t export_documents(const DocumentStore& store, Exported which, const WriteBytes& write,
                              const ExportProgress& progress = {});

// The same into a file, compressed if its name ends in .gz or .zst. The file appears whole or not
// at all: it is written beside its place, as <file>.tmp. Errors: Exit::usage if there is something
// at `file`; Exit::storage.
std::int64_t export_to_file(const DocumentStore& store, Exported which,
                            const std::filesystem::path& file, const ExportProgress& progress = {});

}  // namespace switchyard::prepare
