// What a file holds, as its name says.
#pragma once

#include <filesystem>

namespace switchyard::prepare {

enum class Compression { none, gzip, zstd };
enum class Content {
  other,
  text,   // .txt, .md: one document
  lines,  // .jsonl, .ndjson: JSON lines
  json    // .json: JSON lines, an array of objects, or objects over several lines
};

// By the end of its name, in upper or lower case: .gz and .zst, and what is before them.
Compression compression_of(const std::filesystem::path& file);
Content content_of(const std::filesystem::path& file);

// The kinds in words, for messages.
inline constexpr const char* readable_kinds =
    ".txt, .md, .jsonl, .ndjson or .json file, plain or with .gz or .zst behind it";

}  // namespace switchyard::prepare
