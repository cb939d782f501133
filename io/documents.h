// Documents: text files and JSON lines, read one document at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "io/content_hash.h"
#include "io/problems.h"

namespace switchyard {

struct Document {
  std::string id;    // the "id" field of its JSON line; else hash.hex()
  std::string text;  // valid UTF-8, not blank
  ContentHash hash;  // of text
};

// A file, or a line of a .jsonl file, may have so many bytes.
inline constexpr std::int64_t largest_document_bytes = std::int64_t{64} << 20;

// The .txt, .md and .jsonl files among `inputs` and in the folders among them, at any depth, each
// once, sorted by the bytes of their paths. Errors: Exit::usage for an input that does not exist or
// is a file of another kind.
std::vector<std::filesystem::path> find_documents(const std::vector<std::filesystem::path>& inputs);

// Calls `each` with every document of the file: the whole of a .txt or .md file, one for each line
// of a .jsonl file. Whatever is wrong with the file goes into `problems`. Returns how many
// documents the file held, the unusable ones included.
std::int64_t read_documents(const std::filesystem::path& file, const std::string& text_field,
                            Problems& problems, const std::function<void(Document&&)>& each);

}  // namespace switchyard
