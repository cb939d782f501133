// The documents that an input file holds now: those of a dataset that came from it have their
// hashes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "io/prepare/store/document_store.h"

namespace switchyard::prepare {

struct FileDocuments {
  std::filesystem::path path;
  // The bytes of the line that was named, or of the whole file.
  std::int64_t begin = 0, end = std::numeric_limits<std::int64_t>::max();
  std::set<ContentHash> hashes{};

  // Whether a document of the file that starts there is asked for.
  bool holds(std::int64_t position) const { return begin <= position && position < end; }
};

// name: PATH, or PATH:LINE with lines from 1. Nothing if there is no such file. Documents that
// cannot be read are left out.
std::optional<FileDocuments> read_file_documents(const DocumentStore& store,
                                                 const std::string& name);

// Whether both name the same file, which may be gone.
bool same_path(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace switchyard::prepare
