#include <limits>
#include <vector>

#include "io/folder/hdf5.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/store/string_table.h"
#include "io/prepare/store/zstd_frames.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

constexpr std::size_t frame_bytes = 256 << 10;  // raw; a longer document is a frame by itself
constexpr int compression_level = 1;  // level 3 takes twice the time for 2 to 8 % of the bytes

}  // namespace

struct KeptWriter::State {
  std::filesystem::path path;
  FrameCompressor compressor{compression_level};
  std::string frame;  // raw text that is not yet compressed
  std::string text;
  std::vector<std::int64_t> frames = {0}, frame_documents = {0}, text_offsets = {0};
  std::vector<std::uint64_t> hashes;
  std::vector<std::uint16_t> sources;
  std::vector<std::uint32_t> shingles;
  StringTableWriter strings;

  std::int64_t size() const { return std::ssize(sources); }

  void close_frame() {
    if (frame_documents.back() == size()) return;
    compressor.append(frame, text);
    frame.clear();
    frames.push_back(std::ssize(text));
    frame_documents.push_back(size());
  }
};

KeptWriter::KeptWriter(const std::filesystem::path& folder, const std::string& name)
    : state_(std::make_unique<State>()) {
  state_->path = folder / (name + ".h5");
}

KeptWriter::~KeptWriter() = default;

void KeptWriter::add(const KeptDocument& document) {
  State& state = *state_;
  require(document.source >= 0 && document.source <= std::numeric_limits<std::uint16_t>::max(),
          "a document of source {}", document.source);
  if (state.frame.size() + document.text.size() > frame_bytes) state.close_frame();
  state.frame += document.text;
  state.text_offsets.push_back(state.text_offsets.back() + std::ssize(document.text));
  state.hashes.insert(state.hashes.end(), {document.hash.high, document.hash.low});
  state.sources.push_back(static_cast<std::uint16_t>(document.source));
  state.shingles.push_back(document.num_shingles);
  for (const std::string* text : {&document.id, &document.url, &document.meta}) {
    state.strings.add(*text);
  }
}

FileEntry KeptWriter::finish() {
  State& state = *state_;
  state.close_frame();
  Hdf5Writer file(state.path, documents_chunk_bytes);
  const auto list = [&](const char* name, const char* dtype, const auto& values) {
    file.write(name, dtype, {std::ssize(values)}, values.data());
  };
  list("text", "u8", state.text);
  list("frames", "i64", state.frames);
  list("frame_documents", "i64", state.frame_documents);
  list("text_offsets", "i64", state.text_offsets);
  file.write("hash", "u64", {state.size(), 2}, state.hashes.data());
  list("source", "u16", state.sources);
  list("shingles", "u32", state.shingles);
  state.strings.write(file, "strings");
  return file.finish();
}

}  // namespace switchyard::prepare
