#include "io/prepare/input/file_kind.h"

#include <algorithm>
#include <string>

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

std::string lower_extension(const fs::path& file) {
  std::string extension = file.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return extension;
}

}  // namespace

Compression compression_of(const fs::path& file) {
  const std::string extension = lower_extension(file);
  if (extension == ".gz") return Compression::gzip;
  return extension == ".zst" ? Compression::zstd : Compression::none;
}

Content content_of(const fs::path& file) {
  const bool is_plain = compression_of(file) == Compression::none;
  const std::string kind = lower_extension(is_plain ? file : file.stem());
  if (kind == ".txt" || kind == ".md") return Content::text;
  if (kind == ".jsonl" || kind == ".ndjson") return Content::lines;
  return kind == ".json" ? Content::json : Content::other;
}

}  // namespace switchyard::prepare
