#include "io/prepare/account/file_documents.h"

#include <charconv>
#include <limits>
#include <system_error>

#include "io/prepare/input/documents.h"
#include "io/prepare/input/line_reader.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t end_of_file = std::numeric_limits<std::int64_t>::max();

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

// The number after the last colon; 0 if there is none.
std::int64_t line_number(const std::string& name, std::size_t colon) {
  std::int64_t line = 0;
  const char* const end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + colon + 1, end, line);
  return parsed.ec == std::errc() && parsed.ptr == end ? line : 0;
}

// Finds where the line starts and ends; false if the file has fewer.
bool find_line(const fs::path& path, std::int64_t number, FileDocuments& found) {
  const auto source = decompress(open_file(path), compression_of(path));
  LineReader lines(*source, 0, end_of_file, largest_document_bytes);
  Line line;
  for (std::int64_t i = 0; i < number; ++i) {
    if (!lines.next(line)) return false;
  }
  found.begin = line.position;
  found.end = lines.next(line) ? line.position : end_of_file;
  return true;
}

// Sources may read other fields of a line.
std::set<TextFields> text_fields(const DocumentStore& store) {
  std::set<TextFields> fields;
  const auto sources = store.manifest.meta.find("sources");
  const std::size_t count = sources == store.manifest.meta.end() ? 0 : sources->size();
  for (std::size_t i = 0; i < count; ++i) {
    const Source source = store.source(static_cast<std::int32_t>(i));
    fields.insert({source.text_field, source.prompt_field});
  }
  return fields;
}

}  // namespace

std::optional<FileDocuments> read_file_documents(const DocumentStore& store,
                                                 const std::string& name) {
  FileDocuments found{.path = name};
  if (!is_file(found.path)) {
    const std::size_t colon = name.rfind(':');
    if (colon == std::string::npos || line_number(name, colon) < 1) return std::nullopt;
    found.path = name.substr(0, colon);
    if (!is_file(found.path)) return std::nullopt;
    found.end = 0;
    if (!find_line(found.path, line_number(name, colon), found)) return found;
  }
  const InputFile file{found.path, 0, end_of_file};
  for (const TextFields& fields : text_fields(store)) {
    Problems ignored;
    read_documents(file, {0, found.begin, found.end}, fields, ignored, [&](Document&& document) {
      if (found.holds(document.position)) found.hashes.insert(document.hash);
    });
  }
  return found;
}

bool same_path(const fs::path& a, const fs::path& b) {
  if (a.empty() || b.empty()) return false;
  return fs::absolute(a).lexically_normal() == fs::absolute(b).lexically_normal();
}

}  // namespace switchyard::prepare
