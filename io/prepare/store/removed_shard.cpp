#include <optional>

#include "io/prepare/store/document_store.h"
#include "io/prepare/store/string_table.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

enum String { id_string, url_string, excerpt_string, reason_string, keeper_id_string, num_strings };

}  // namespace

struct RemovedShard::State {
  State(const std::filesystem::path& folder, const FileEntry& entry)
      : path(folder / entry.name),
        hashes(find_extent(entry, "hash", "u64", 2)),
        keepers(find_extent(entry, "keeper", "u64", 2)),
        sources(find_extent(entry, "source", "u16")),
        stages(find_extent(entry, "stage", "u8")),
        jaccards(find_extent(entry, "jaccard", "f32")),
        positions(find_extent(entry, "position", "i64")),
        files(find_extent(entry, "file", "i32")),
        strings(entry, "strings"),
        file_names(entry, "files"),
        size(sources.rows()) {
    for (const CheckedExtent* extent :
         {&hashes, &keepers, &stages, &jaccards, &positions, &files}) {
      require(extent->rows() == size, Exit::data,
              "the datasets of {} do not agree on its {} documents", path.string(), size);
    }
    require(strings.size() == num_strings * size, Exit::data,
            "{} has {} strings for its {} documents", path.string(), strings.size(), size);
  }

  const durable::File& file() {
    if (!opened) opened.emplace(durable::File::open_for_reading(path));
    return *opened;
  }

  template <class T>
  T at(CheckedExtent& values, std::int64_t i) {
    require(i >= 0 && i < size, "document {} of {}, which has {}", i, path.string(), size);
    return values.at<T>(file(), i);
  }

  ContentHash hash_at(CheckedExtent& values, std::int64_t i) {
    require(i >= 0 && i < size, "document {} of {}, which has {}", i, path.string(), size);
    return {values.at<std::uint64_t>(file(), 2 * i), values.at<std::uint64_t>(file(), 2 * i + 1)};
  }

  std::string string(String which, std::int64_t i) {
    require(i >= 0 && i < size, "document {} of {}, which has {}", i, path.string(), size);
    return strings.at(file(), num_strings * i + which);
  }

  Stage stage(std::int64_t i) {
    const auto number = at<std::uint8_t>(stages, i);
    require(number <= static_cast<std::uint8_t>(Stage::cut_away), Exit::data,
            "{} says that document {} went in stage {}", path.string(), i, number);
    return static_cast<Stage>(number);
  }

  std::string file_name(std::int64_t i) {
    const auto index = at<std::int32_t>(files, i);
    require(index >= 0 && index < file_names.size(), Exit::data,
            "{} says that document {} came from file {} of {}", path.string(), i, index,
            file_names.size());
    return file_names.at(file(), index);
  }

  std::filesystem::path path;
  std::optional<durable::File> opened;
  CheckedExtent hashes, keepers, sources, stages, jaccards, positions, files;
  StringTableReader strings, file_names;
  std::int64_t size;
};

RemovedShard::RemovedShard(const std::filesystem::path& folder, const FileEntry& entry)
    : state_(std::make_unique<State>(folder, entry)) {}
RemovedShard::~RemovedShard() = default;
RemovedShard::RemovedShard(RemovedShard&&) noexcept = default;
RemovedShard& RemovedShard::operator=(RemovedShard&&) noexcept = default;

std::string RemovedShard::name() const { return state_->path.filename().string(); }
std::int64_t RemovedShard::size() const { return state_->size; }
ContentHash RemovedShard::hash(std::int64_t i) const { return state_->hash_at(state_->hashes, i); }
std::string RemovedShard::id(std::int64_t i) const { return state_->string(id_string, i); }

RemovedDocument RemovedShard::document(std::int64_t i) const {
  State& state = *state_;
  RemovedDocument document;
  document.id = state.string(id_string, i);
  document.url = state.string(url_string, i);
  document.excerpt = state.string(excerpt_string, i);
  document.reason = state.string(reason_string, i);
  document.file = state.file_name(i);
  document.position = state.at<std::int64_t>(state.positions, i);
  document.hash = state.hash_at(state.hashes, i);
  document.source = state.at<std::uint16_t>(state.sources, i);
  document.stage = state.stage(i);
  document.keeper = state.hash_at(state.keepers, i);
  document.keeper_id = state.string(keeper_id_string, i);
  document.jaccard = state.at<float>(state.jaccards, i);
  return document;
}

void RemovedShard::release() const {
  State& state = *state_;
  state.opened.reset();
  for (CheckedExtent* extent : {&state.hashes, &state.keepers, &state.sources, &state.stages,
                                &state.jaccards, &state.positions, &state.files}) {
    extent->release();
  }
  state.strings.release();
  state.file_names.release();
}

}  // namespace switchyard
