#include <limits>
#include <utility>

#include "io/prepare/input/documents.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/store/shard_file.h"
#include "io/prepare/store/zstd_frames.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

// A repaired text is up to three times as long as what was read.
constexpr std::int64_t largest_frame = 4 * largest_document_bytes;

enum KeptString : std::int64_t { meta_string = ShardFile::first_own_string, num_kept_strings };
enum KeptDataset : std::int64_t {
  text_data = ShardFile::first_own_dataset,
  frames_data,
  frame_documents_data,
  text_offsets_data,
  shingles_data
};

using Offsets = std::pair<std::int64_t, std::int64_t>;  // [first, second)

// Two neighbours of a list of offsets. Errors: Exit::data if they do not lie within [0, limit].
Offsets neighbours(ShardFile& file, KeptDataset offsets, std::int64_t i, std::int64_t limit,
                   const char* what) {
  const auto begin = file.row<std::int64_t>(offsets, i);
  const auto end = file.row<std::int64_t>(offsets, i + 1);
  require(begin >= 0 && begin <= end && end <= limit, Exit::data,
          "{} says that {} {} reaches from {} to {} of {}", file.path().string(), what, i, begin,
          end, limit);
  return {begin, end};
}

// Where the text of document i lies in the stream of all texts.
Offsets text_of(ShardFile& file, std::int64_t i) {
  constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
  return neighbours(file, text_offsets_data, file.checked(i), no_limit, "document");
}

// The last frame that begins at document i or before it.
std::int64_t frame_of(ShardFile& file, std::int64_t i) {
  std::int64_t first = 0, last = file.rows(frames_data) - 1;
  while (last - first > 1) {
    const std::int64_t middle = first + (last - first) / 2;
    (file.row<std::int64_t>(frame_documents_data, middle) <= i ? first : last) = middle;
  }
  return first;
}

}  // namespace

KeptShard::KeptShard(const std::filesystem::path& folder, const FileEntry& entry)
    : DocumentShard(
          std::make_unique<ShardFile>(folder, entry, num_kept_strings,
                                      std::vector<ShardFile::Dataset>{{"text", "u8"},
                                                                      {"frames", "i64"},
                                                                      {"frame_documents", "i64"},
                                                                      {"text_offsets", "i64"},
                                                                      {"shingles", "u32"}})) {
  file_->require_rows(text_offsets_data, 1);
  file_->require_rows(shingles_data);
  require(
      file_->rows(frames_data) > 0 && file_->rows(frame_documents_data) == file_->rows(frames_data),
      Exit::data, "{} has {} frames of text, and says for {} where they begin",
      file_->path().string(), file_->rows(frames_data), file_->rows(frame_documents_data));
}

const KeptShard::Frame& KeptShard::load_frame_of(std::int64_t i) const {
  if (i >= frame_.first_document && i < frame_.end_document) return frame_;
  frame_ = {};
  ShardFile& file = *file_;
  const std::string path = file.path().string();
  const std::int64_t number = frame_of(file, i);
  require(number + 1 < file.rows(frames_data), Exit::data, "{} holds no text", path);
  const auto [first, last] = neighbours(file, frame_documents_data, number, file.size(), "frame");
  require(i >= first && i < last, Exit::data, "no frame of {} holds document {}", path, i);
  const auto [begin, end] = neighbours(file, frames_data, number, file.bytes(text_data), "frame");
  const std::int64_t raw_begin = text_of(file, first).first;
  const std::int64_t raw_bytes = text_of(file, last - 1).second - raw_begin;
  require(raw_bytes >= 0 && raw_bytes <= largest_frame && end - begin <= largest_frame, Exit::data,
          "frame {} of {} would hold {} bytes in {}", number, path, raw_bytes, end - begin);
  std::string packed(static_cast<std::size_t>(end - begin), '\0');
  file.read(text_data, begin, std::as_writable_bytes(std::span(packed)));
  frame_ = {first, last, raw_begin, decompress(packed, raw_bytes)};
  return frame_;
}

std::uint32_t KeptShard::num_shingles(std::int64_t i) const {
  return file_->value<std::uint32_t>(shingles_data, i);
}

std::int64_t KeptShard::text_bytes(std::int64_t i) const {
  const auto [begin, end] = text_of(*file_, i);
  return end - begin;
}

std::string KeptShard::text(std::int64_t i) const {
  const auto [begin, end] = text_of(*file_, i);
  const Frame& frame = load_frame_of(i);
  require(begin >= frame.begin && end - frame.begin <= std::ssize(frame.texts), Exit::data,
          "document {} of {} lies outside its frame", i, file_->path().string());
  return frame.texts.substr(static_cast<std::size_t>(begin - frame.begin),
                            static_cast<std::size_t>(end - begin));
}

KeptDocument KeptShard::document(std::int64_t i) const {
  return {id(i),
          file_->string(ShardFile::url_string, i),
          file_->string(meta_string, i),
          text(i),
          hash(i),
          source(i),
          num_shingles(i)};
}

void KeptShard::release() const {
  DocumentShard::release();
  frame_ = {};
}

}  // namespace switchyard::prepare
