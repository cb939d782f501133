// Zstandard behind one door: nothing outside zstd_frames.cpp names a ZSTD function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace switchyard::prepare {

// Makes frames one after the other, each of which holds its raw bytes, their size and a checksum.
class FrameCompressor {
 public:
  explicit FrameCompressor(int level);
  ~FrameCompressor();
  void append(std::string_view raw, std::string& frames);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A single frame.
std::string compress(std::string_view raw, int level);

// The raw bytes of exactly one frame. Whatever `frame` claims, no more than `raw_bytes` are
// allocated, and nothing if a frame of its size cannot hold that many. Errors: Exit::data if it is
// damaged or does not hold exactly `raw_bytes`.
std::string decompress(std::string_view frame, std::int64_t raw_bytes);

}  // namespace switchyard::prepare
