#include "io/prepare/store/document_store.h"

#include <algorithm>

#include "io/folder/committed_folder.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

bool has_dataset(const FileEntry& file, const char* name) {
  return std::any_of(file.extents.begin(), file.extents.end(),
                     [&](const Extent& extent) { return extent.name == name; });
}

}  // namespace

const char* name_of(RemovalReason reason) {
  switch (reason) {
    case RemovalReason::filter:
      return "filter";
    case RemovalReason::contamination:
      return "contamination";
    case RemovalReason::exact:
      return "exact";
    case RemovalReason::url:
      return "url";
    case RemovalReason::near_duplicate:
      return "near_duplicate";
    case RemovalReason::cut_away:
      return "cut_away";
  }
  fail(Exit::internal, "removal reason {} has no name", static_cast<int>(reason));
}

std::string excerpt_of(std::string_view text) {
  constexpr int max_characters = 200;
  const auto begins_character = [](char byte) { return (byte & 0xC0) != 0x80; };
  int characters = 0;
  const auto end = std::find_if(text.begin(), text.end(), [&](char byte) {
    characters += begins_character(byte) ? 1 : 0;
    return characters > max_characters;
  });
  return {text.begin(), end};
}

DocumentStore::DocumentStore(const std::filesystem::path& dataset)
    : folder(dataset / documents_folder),
      manifest(open_folder(folder, documents_kind, documents_version)) {
  std::vector<FileEntry>& files = manifest.files;
  std::sort(files.begin(), files.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.name < b.name; });
  for (const FileEntry& file : files) {
    if (has_dataset(file, "text")) {
      kept.emplace_back(folder, file);
    } else if (has_dataset(file, "stage")) {
      removed.emplace_back(folder, file);
    }
  }
}

std::int64_t DocumentStore::num_kept() const {
  std::int64_t total = 0;
  for (const KeptShard& shard : kept) total += shard.size();
  return total;
}

std::int64_t DocumentStore::num_removed() const {
  std::int64_t total = 0;
  for (const RemovedShard& shard : removed) total += shard.size();
  return total;
}

Source DocumentStore::source(std::int32_t index) const {
  Source source;
  source.name = "source " + std::to_string(index);
  source.licence = "unknown";
  const auto sources = manifest.meta.find("sources");
  const auto place = static_cast<std::size_t>(index);
  if (sources == manifest.meta.end() || !sources->is_array() || place >= sources->size()) {
    return source;
  }
  try {
    const nlohmann::json& entry = (*sources)[place];
    source.name = entry.value("name", source.name);
    source.licence = entry.value("licence", source.licence);
    source.text_field = entry.value("text_field", source.text_field);
    source.prompt_field = entry.value("prompt_field", source.prompt_field);
    source.generation = entry.value("generation", source.generation);
  } catch (const nlohmann::json::exception& error) {
    fail(Exit::data, "{} says of its source {}: {}", (folder / manifest_name).string(), index,
         error.what());
  }
  return source;
}

}  // namespace switchyard::prepare
