#include "io/prepare/input/byte_source.h"

#include <zlib.h>
#include <zstd.h>

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

  void stop() {
    if (!damage_) damage_ = compressed_->damage().value_or(Problem::corrupt_archive);
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
    constexpr std::size_t max_bytes = std::size_t{1} << 30;  // zlib counts in 32 bits
    const std::size_t space = std::min(out.size(), max_bytes);
    stream_.next_in = reinterpret_cast<z_const Bytef*>(const_cast<char*>(input_.data()));
    stream_.avail_in = static_cast<uInt>(input_.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(space);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    input_ = input_.last(stream_.avail_in);
    within_ = result != Z_STREAM_END;
    if (result == Z_STREAM_END) inflateReset(&stream_);
    if (within_ && result != Z_OK && result != Z_BUF_ERROR) stop();
    return space - stream_.avail_out;
  }

  z_stream stream_{};
};

class ZstdSource final : public Decompressor {
 public:
  explicit ZstdSource(std::unique_ptr<ByteSource> compressed)
      : Decompressor(std::move(compressed)) {
    require(context_ != nullptr, "zstd cannot start");
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
    if (ZSTD_isError(result) != 0) stop();
    return to.pos;
  }

  std::size_t wanted_ = 1;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_{ZSTD_createDCtx(), &ZSTD_freeDCtx};
};

}  // namespace

Compression compression_of(const fs::path& file) {
  const fs::path extension = file.extension();
  if (extension == ".gz") return Compression::gzip;
  return extension == ".zst" ? Compression::zstd : Compression::none;
}

std::unique_ptr<ByteSource> open_file(const fs::path& file, std::int64_t begin) {
  return std::make_unique<FileSource>(file, begin);
}

std::unique_ptr<ByteSource> decompress(std::unique_ptr<ByteSource> compressed, Compression method) {
  if (method == Compression::gzip) return std::make_unique<GzipSource>(std::move(compressed));
  if (method == Compression::zstd) return std::make_unique<ZstdSource>(std::move(compressed));
  return compressed;
}

}  // namespace switchyard::prepare
