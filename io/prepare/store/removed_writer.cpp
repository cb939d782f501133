#include <limits>
#include <unordered_map>
#include <vector>

#include "io/folder/hdf5.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/store/string_table.h"
#include "runtime/error.h"

namespace switchyard::prepare {

struct RemovedWriter::State {
  std::filesystem::path path;
  std::vector<std::uint64_t> hashes, keepers;
  std::vector<std::uint16_t> sources;
  std::vector<std::uint8_t> stages;
  std::vector<float> jaccards;
  std::vector<std::int64_t> positions;
  std::vector<std::int32_t> files;
  StringTableWriter strings, file_names;
  std::unordered_map<std::string, std::int32_t> index_of_file;

  std::int32_t index_of(const std::string& file) {
    const auto next = static_cast<std::int32_t>(file_names.size());
    const auto [found, is_new] = index_of_file.try_emplace(file, next);
    if (is_new) file_names.add(file);
    return found->second;
  }
};

RemovedWriter::RemovedWriter(const std::filesystem::path& folder, const std::string& name)
    : state_(std::make_unique<State>()) {
  state_->path = folder / (name + ".h5");
}

RemovedWriter::~RemovedWriter() = default;

void RemovedWriter::add(const RemovedDocument& document) {
  State& state = *state_;
  require(document.source >= 0 && document.source <= std::numeric_limits<std::uint16_t>::max(),
          "a document of source {}", document.source);
  state.hashes.insert(state.hashes.end(), {document.hash.high, document.hash.low});
  state.keepers.insert(state.keepers.end(), {document.keeper.high, document.keeper.low});
  state.sources.push_back(static_cast<std::uint16_t>(document.source));
  state.stages.push_back(static_cast<std::uint8_t>(document.reason));
  state.jaccards.push_back(document.jaccard);
  state.positions.push_back(document.position);
  state.files.push_back(state.index_of(document.file));
  state.strings.add(document.id);
  state.strings.add(document.url);
  state.strings.add(excerpt_of(document.excerpt));
  state.strings.add(document.detail);
  state.strings.add(document.keeper_id);
}

FileEntry RemovedWriter::finish() {
  const State& state = *state_;
  Hdf5Writer file(state.path, documents_chunk_bytes);
  const std::int64_t size = std::ssize(state.sources);
  const auto list = [&](const char* name, const char* dtype, const auto& values) {
    file.write(name, dtype, {size}, values.data());
  };
  file.write("hash", "u64", {size, 2}, state.hashes.data());
  file.write("keeper", "u64", {size, 2}, state.keepers.data());
  list("source", "u16", state.sources);
  list("stage", "u8", state.stages);
  list("jaccard", "f32", state.jaccards);
  list("position", "i64", state.positions);
  list("file", "i32", state.files);
  state.strings.write(file, "strings");
  state.file_names.write(file, "files");
  return file.finish();
}

}  // namespace switchyard::prepare
