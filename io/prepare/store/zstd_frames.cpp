#include "io/prepare/store/zstd_frames.h"

#include <zstd.h>

#include <memory>
#include <new>

#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

// A block of 128 KiB takes at least four bytes: three of header and the one that is repeated.
constexpr std::uint64_t max_raw_per_byte = (128 << 10) / 4;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

std::size_t checked(std::size_t result) {
  require(ZSTD_isError(result) == 0, "zstd failed to compress: {}", ZSTD_getErrorName(result));
  return result;
}

}  // namespace

struct FrameCompressor::State {
  std::unique_ptr<ZSTD_CCtx, FreeContext> context{ZSTD_createCCtx()};
};

FrameCompressor::FrameCompressor(int level) : state_(std::make_unique<State>()) {
  ZSTD_CCtx* const context = state_->context.get();
  if (context == nullptr) throw std::bad_alloc();
  checked(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level));
  checked(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1));
}

FrameCompressor::~FrameCompressor() = default;

void FrameCompressor::append(std::string_view raw, std::string& frames) {
  const std::size_t before = frames.size();
  const std::size_t bound = ZSTD_compressBound(raw.size());
  frames.resize(before + bound);
  frames.resize(before + checked(ZSTD_compress2(state_->context.get(), frames.data() + before,
                                                bound, raw.data(), raw.size())));
}

std::string compress(std::string_view raw, int level) {
  std::string frame;
  FrameCompressor(level).append(raw, frame);
  return frame;
}

std::string decompress(std::string_view frame, std::int64_t raw_bytes) {
  const auto size = static_cast<std::uint64_t>(raw_bytes);
  require(raw_bytes >= 0 && size <= frame.size() * max_raw_per_byte, Exit::data,
          "a zstd frame of {} bytes cannot hold {}", frame.size(), raw_bytes);
  require(ZSTD_findFrameCompressedSize(frame.data(), frame.size()) == frame.size() &&
              ZSTD_getFrameContentSize(frame.data(), frame.size()) == size,
          Exit::data, "{} bytes are not a zstd frame of {} bytes", frame.size(), raw_bytes);
  std::string raw(size, '\0');
  const std::size_t found = ZSTD_decompress(raw.data(), raw.size(), frame.data(), frame.size());
  require(ZSTD_isError(found) == 0, Exit::data, "a zstd frame of {} bytes is damaged: {}",
          frame.size(), ZSTD_getErrorName(found));
  require(found == size, Exit::data, "a zstd frame holds {} bytes, not {}", found, raw_bytes);
  return raw;
}

}  // namespace switchyard::prepare
