#include <limits>
#include <optional>

#include "io/prepare/input/documents.h"
#include "io/prepare/store/document_store.h"
#include "io/prepare/store/string_table.h"
#include "io/prepare/store/zstd_frames.h"
#include "runtime/error.h"

namespace switchyard {
namespace {

// A repaired text is up to three times as long as what was read.
constexpr std::int64_t largest_frame = 4 * largest_document_bytes;

enum String { id_string, url_string, meta_string, num_strings };

}  // namespace

struct KeptShard::State {
  State(const std::filesystem::path& folder, const FileEntry& entry)
      : path(folder / entry.name),
        text(find_extent(entry, "text", "u8")),
        frames(find_extent(entry, "frames", "i64")),
        frame_documents(find_extent(entry, "frame_documents", "i64")),
        text_offsets(find_extent(entry, "text_offsets", "i64")),
        hashes(find_extent(entry, "hash", "u64", 2)),
        sources(find_extent(entry, "source", "u16")),
        shingles(find_extent(entry, "shingles", "u32")),
        strings(entry, "strings"),
        size(sources.rows()) {
    const bool whole = text_offsets.rows() == size + 1 && hashes.rows() == size &&
                       shingles.rows() == size && strings.size() == num_strings * size &&
                       frames.rows() > 0 && frame_documents.rows() == frames.rows();
    require(whole, Exit::data, "the datasets of {} do not agree on its {} documents", path.string(),
            size);
  }

  const durable::File& file() {
    if (!opened) opened.emplace(durable::File::open_for_reading(path));
    return *opened;
  }

  // Which `i` is one of the shard's.
  std::int64_t checked(std::int64_t i) const {
    require(i >= 0 && i < size, "document {} of {}, which has {}", i, path.string(), size);
    return i;
  }

  struct Range {
    std::int64_t begin, end;
  };

  // Two neighbours of a list of offsets. Errors: Exit::data if they do not lie within [0, limit].
  Range neighbours(CheckedExtent& offsets, std::int64_t i, std::int64_t limit, const char* what) {
    const Range range{offsets.at<std::int64_t>(file(), i), offsets.at<std::int64_t>(file(), i + 1)};
    require(range.begin >= 0 && range.begin <= range.end && range.end <= limit, Exit::data,
            "{} says that {} {} reaches from {} to {} of {}", path.string(), what, i, range.begin,
            range.end, limit);
    return range;
  }

  Range text_of(std::int64_t i) {
    constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
    return neighbours(text_offsets, checked(i), no_limit, "document");
  }

  // The last frame that begins at document i or before it.
  std::int64_t frame_of(std::int64_t i) {
    std::int64_t first = 0, last = frames.rows() - 1;
    while (last - first > 1) {
      const std::int64_t middle = first + (last - first) / 2;
      (frame_documents.at<std::int64_t>(file(), middle) <= i ? first : last) = middle;
    }
    return first;
  }

  void load_frame_of(std::int64_t i) {
    if (i >= loaded.begin && i < loaded.end) return;
    loaded = {0, 0};
    const std::int64_t frame = frame_of(i);
    require(frame + 1 < frames.rows(), Exit::data, "{} holds no text", path.string());
    const Range documents = neighbours(frame_documents, frame, size, "frame");
    require(i >= documents.begin && i < documents.end, Exit::data,
            "no frame of {} holds document {}", path.string(), i);
    const Range bytes = neighbours(frames, frame, text.bytes(), "frame");
    raw_begin = text_of(documents.begin).begin;
    const std::int64_t raw_bytes = text_of(documents.end - 1).end - raw_begin;
    require(
        raw_bytes >= 0 && raw_bytes <= largest_frame && bytes.end - bytes.begin <= largest_frame,
        Exit::data, "frame {} of {} would hold {} bytes in {}", frame, path.string(), raw_bytes,
        bytes.end - bytes.begin);
    std::string packed(static_cast<std::size_t>(bytes.end - bytes.begin), '\0');
    text.read(file(), bytes.begin, std::as_writable_bytes(std::span(packed)));
    raw = decompress(packed, raw_bytes);
    loaded = documents;
  }

  std::filesystem::path path;
  std::optional<durable::File> opened;
  CheckedExtent text, frames, frame_documents, text_offsets, hashes, sources, shingles;
  StringTableReader strings;
  std::int64_t size;

  Range loaded{0, 0};  // the documents of the frame that `raw` holds
  std::string raw;
  std::int64_t raw_begin = 0;  // where it starts in the stream of all texts
};

KeptShard::KeptShard(const std::filesystem::path& folder, const FileEntry& entry)
    : state_(std::make_unique<State>(folder, entry)) {}
KeptShard::~KeptShard() = default;
KeptShard::KeptShard(KeptShard&&) noexcept = default;
KeptShard& KeptShard::operator=(KeptShard&&) noexcept = default;

std::string KeptShard::name() const { return state_->path.filename().string(); }
std::int64_t KeptShard::size() const { return state_->size; }

ContentHash KeptShard::hash(std::int64_t i) const {
  State& state = *state_;
  const std::int64_t first = 2 * state.checked(i);
  return {state.hashes.at<std::uint64_t>(state.file(), first),
          state.hashes.at<std::uint64_t>(state.file(), first + 1)};
}

std::int32_t KeptShard::source(std::int64_t i) const {
  return state_->sources.at<std::uint16_t>(state_->file(), state_->checked(i));
}

std::uint32_t KeptShard::num_shingles(std::int64_t i) const {
  return state_->shingles.at<std::uint32_t>(state_->file(), state_->checked(i));
}

std::int64_t KeptShard::text_bytes(std::int64_t i) const {
  const State::Range range = state_->text_of(i);
  return range.end - range.begin;
}

std::string KeptShard::text(std::int64_t i) const {
  State& state = *state_;
  const State::Range range = state.text_of(i);
  state.load_frame_of(i);
  const std::int64_t begin = range.begin - state.raw_begin;
  require(begin >= 0 && range.end - state.raw_begin <= std::ssize(state.raw), Exit::data,
          "document {} of {} lies outside its frame", i, state.path.string());
  return state.raw.substr(static_cast<std::size_t>(begin),
                          static_cast<std::size_t>(range.end - range.begin));
}

std::string KeptShard::id(std::int64_t i) const {
  return state_->strings.at(state_->file(), num_strings * state_->checked(i) + id_string);
}

KeptDocument KeptShard::document(std::int64_t i) const {
  const auto string = [&](String which) {
    return state_->strings.at(state_->file(), num_strings * state_->checked(i) + which);
  };
  return {id(i),   string(url_string), string(meta_string), text(i),
          hash(i), source(i),          num_shingles(i)};
}

void KeptShard::release() const {
  State& state = *state_;
  state.opened.reset();
  for (CheckedExtent* extent :
       {&state.text, &state.frames, &state.frame_documents, &state.text_offsets, &state.hashes,
        &state.sources, &state.shingles}) {
    extent->release();
  }
  state.strings.release();
  state.loaded = {0, 0};
  state.raw = {};
}

}  // namespace switchyard
