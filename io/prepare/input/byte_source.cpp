#include "io/prepare/input/byte_source.h"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "io/files/file.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

namespace fs = std::filesystem;

class FileSource : public ByteSource {
 public:
  FileSource(const fs::path& path, std::int64_t begin) : position_(begin) {
    attempt([&] { file_.emplace(durable::File::open_for_reading(path)); });
  }

  std::size_t read(std::span<char> out) override {
    std::int64_t count = 0;
    if (file_) attempt([&] { count = file_->read_at(position_, std::as_writable_bytes(out)); });
    position_ += count;
    return static_cast<std::size_t>(count);
  }

 private:
  // One file that cannot be read does not end the preparation of a million others.
  template <class Work>
  void attempt(Work work) {
    try {
      work();
    } catch (const Error&) {
      damage_ = Problem::unreadable_file;
      file_.reset();
    }
  }

  std::optional<durable::File> file_;
  std::int64_t position_;
};

// The input side that both decompressors share.
class Decompressor : public ByteSource {
 public:
  explicit Decompressor(std::unique_ptr<ByteSource> compressed)
      : compressed_(std::move(compressed)) {}

  std::size_t read(std::span<char> out) final {
    std::size_t size = 0;
    while (size == 0 && !damage_) {
      if (input_.empty() && !ended_) refill();
      if (input_.empty() && ended_ && !within_) {
        damage_ = compressed_->damage();
        break;
      }
      const std::size_t input_before = input_.size();
      size = step(out);
      if (size == 0 && input_.size() == input_before && ended_) stop();  // cut off
    }
    return size;
  }

 protected:
  // Decompresses some of `input_` into `out` and says how many bytes that made; keeps `within_`.
  virtual std::size_t step(std::span<char> out) = 0;

  void stop(Problem problem = Problem::corrupt_archive) {
    if (!damage_) damage_ = compressed_->damage().value_or(problem);
  }

  std::span<const char> input_;
  bool within_ = true;  // a member or frame, or the first is still to come

 private:
  void refill() {
    input_ = std::span(buffer_).first(compressed_->read(buffer_));
    ended_ = input_.empty();
  }

  std::unique_ptr<ByteSource> compressed_;
  std::vector<char> buffer_ = std::vector<char>(std::size_t{256} << 10);
  bool ended_ = false;
};

class GzipSource final : public Decompressor {
 public:
  explicit GzipSource(std::unique_ptr<ByteSource> compressed)
      : Decompressor(std::move(compressed)) {
    constexpr int gzip_only = 16;
    require(inflateInit2(&stream_, MAX_WBITS + gzip_only) == Z_OK, "zlib cannot start");
  }
  ~GzipSource() override { inflateEnd(&stream_); }

 private:
  std::size_t step(std::span<char> out) override {
    if (num_members_ > 0 && stream_.total_in == 0) pass_padding();
    return has_garbage_ || input_.empty() ? pass_all() : inflate_into(out);
  }

  // Behind a member gzip passes over zeros, and over everything once there is something else than
  // another member.
  void pass_padding() {
    const auto rest =
        std::find_if(input_.begin(), input_.end(), [](char byte) { return byte != 0; });
    has_padding_ = has_padding_ || rest != input_.begin();
    input_ = {rest, input_.end()};
    has_garbage_ = has_garbage_ || (has_padding_ && !input_.empty());
  }

  std::size_t pass_all() {
    input_ = {};
    return 0;
  }

  std::size_t inflate_into(std::span<char> out) {
    constexpr std::size_t max_bytes = std::size_t{1} << 30;  // zlib counts in 32 bits
    constexpr uLong magic_bytes = 2;
    const std::size_t space = std::min(out.size(), max_bytes);
    stream_.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(space);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    input_ = input_.last(stream_.avail_in);
    const bool has_failed = result != Z_OK && result != Z_BUF_ERROR && result != Z_STREAM_END;
    has_garbage_ = has_failed && num_members_ > 0 && stream_.total_in <= magic_bytes;
    const bool may_be_garbage = num_members_ > 0 && stream_.total_in < magic_bytes;
    within_ = result != Z_STREAM_END && !has_garbage_ && !may_be_garbage;
    if (within_ && has_failed) stop();
    if (result == Z_STREAM_END) {
      inflateReset(&stream_);
      ++num_members_;
    }
    return space - stream_.avail_out;
  }

  z_stream stream_{};
  std::int64_t num_members_ = 0;  // that have ended
  bool has_padding_ = false;      // behind the last of them
};

class ZstdSource final : public Decompressor {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> compressed)
      : Decompressor(std::move(compressed)) {
    require(context_ != nullptr, "zstd cannot start");
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, largest_window_log);
  }

 private:
  std::size_t step(std::span<char> out) override {
    // An error takes with it all that its call gave out. So a call gets only what zstd asks for,
    // which is one block and the next one's header.
    ZSTD_inBuffer from = {input_.data(), std::min(input_.size(), wanted_), 0};
    ZSTD_outBuffer to = {out.data(), out.size(), 0};
    const std::size_t result = ZSTD_decompressStream(context_.get(), &to, &from);
    input_ = input_.subspan(from.pos);
    within_ = result != 0;
    wanted_ = std::max(result, std::size_t{1});
    if (ZSTD_isError(result) != 0) stop(problem_of(result));
    return to.pos;
  }

  static Problem problem_of(std::size_t result) {
    const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
    require(code != ZSTD_error_memory_allocation, Exit::data,
            "there is not enough memory for the window of a .zst file: start fewer ranks on this "
            "machine, or compress the file again without --long");
    const bool is_window = code == ZSTD_error_frameParameter_windowTooLarge;
    return is_window ? Problem::large_window : Problem::corrupt_archive;
  }

  std::size_t wanted_ = 1;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_{ZSTD_createDCtx(), &ZSTD_freeDCtx};
};

}  // namespace

std::unique_ptr<ByteSource> open_file(const fs::path& file, std::int64_t begin) {
  return std::make_unique<FileSource>(file, begin);
}

std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> compressed, Compression method) {
  if (method == Compression::gzip) return std::make_unique<GzipSource>(std::move(compressed));
  if (method == Compression::zstd) return std::make_unique<ZstdSource>(std::move(compressed));
  return compressed;
}

PeekedSource::PeekedSource(std::unique_ptr<ByteSource> source, std::size_t head_bytes)
    : source_(std::move(source)), head_(head_bytes, '\0') {
  std::size_t size = 0;
  for (std::size_t more = 1; more > 0 && size < head_bytes; size += more) {
    more = source_->read(std::span(head_).subspan(size));
  }
  head_.resize(size);
  if (size == 0) damage_ = source_->damage();
}

std::size_t PeekedSource::read(std::span<char> out) {
  std::size_t size = std::min(out.size(), head_.size() - next_);
  std::copy_n(head_.data() + next_, size, out.data());
  next_ += size;
  if (size == 0) size = source_->read(out);
  damage_ = source_->damage();
  has_garbage_ = source_->has_garbage();
  return size;
}

}  // namespace switchyard::prepare
