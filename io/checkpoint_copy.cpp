#include <algorithm>

#include "io/checkpoint.h"
#include "io/checkpoint_format.h"
#include "io/committed_folder.h"
#include "io/durable.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t copy_bytes = std::int64_t{1} << 22;

void copy_file(const fs::path& from, const fs::path& to, std::int64_t bytes) {
  const durable::File source = durable::File::open_for_reading(from);
  durable::NewFile copy(to);
  std::string buffer(static_cast<std::size_t>(std::min(copy_bytes, bytes)), '\0');
  for (std::int64_t begin = 0; begin < bytes; begin += copy_bytes) {
    buffer.resize(static_cast<std::size_t>(std::min(copy_bytes, bytes - begin)));
    const std::int64_t count =
        source.read_at(begin, std::as_writable_bytes(std::span(buffer.data(), buffer.size())));
    require(count == std::ssize(buffer), Exit::data, "{} is truncated", from.string());
    copy.write_at(begin, buffer);
  }
  copy.commit();
}

}  // namespace

void copy_checkpoint(const fs::path& from, const fs::path& to) {
  const std::string text = read_manifest(from, checkpoint_kind);
  const Manifest manifest = open_folder(from, checkpoint_kind, checkpoint_version);
  std::error_code ignored;
  require(!fs::exists(to, ignored), Exit::usage, "{} exists already: name a folder that does not",
          to.string());
  durable::make_folders(to);
  try {
    for (const FileEntry& file : manifest.files) {
      copy_file(from / file.name, to / file.name, file.bytes);
      check_every_byte(to, file);
    }
    durable::sync_folder(to);
    durable::replace_file(to / manifest_name, text);
  } catch (...) {
    durable::try_remove_tree(to);
    throw;
  }
}

}  // namespace switchyard
