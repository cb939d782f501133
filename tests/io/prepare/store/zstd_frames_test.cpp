#include "io/prepare/store/zstd_frames.h"

#include "tests/io/scratch.h"

namespace switchyard::prepare {
namespace zstd_frames_test {

std::string some_text() {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += std::to_string(i * i) + (i % 7 == 0 ? "\n" : " ");
  return text;
}

Exit outcome(const std::string& frame, std::int64_t raw_bytes) {
  return thrown_by([&] { decompress(frame, raw_bytes); }).code;
}

TEST(ZstdFrames, GiveBackWhatWentIn) {
  for (const std::string& raw : {std::string(), std::string("\0x", 2), some_text()}) {
    EXPECT_EQ(decompress(compress(raw, 3), std::ssize(raw)), raw);
  }
}

TEST(ZstdFrames, HoldTheMostCompressibleText) {
  const std::string raw(std::size_t{64} << 20, 'a');
  EXPECT_EQ(decompress(compress(raw, 3), std::ssize(raw)), raw);
}

TEST(ZstdFrames, AreTheSameEveryTime) {
  std::string frames;
  FrameCompressor compressor(3);
  for (int i = 0; i < 2; ++i) compressor.append(some_text(), frames);
  EXPECT_EQ(frames, compress(some_text(), 3) + compress(some_text(), 3));
}

TEST(ZstdFrames, OfAnotherSizeAreBadData) {
  const std::string raw = some_text();
  EXPECT_EQ(outcome(compress(raw, 3), std::ssize(raw) - 1), Exit::data);
  EXPECT_EQ(outcome(compress(raw, 3), std::ssize(raw) + 1), Exit::data);
  EXPECT_EQ(outcome(compress(raw, 3), -1), Exit::data);
}

TEST(ZstdFrames, CannotClaimMoreThanTheyCanHold) {
  EXPECT_EQ(outcome(compress("a", 3), std::int64_t{1} << 60), Exit::data);
  EXPECT_EQ(outcome("", std::int64_t{1} << 60), Exit::data);
}

TEST(ZstdFrames, FlippedBitIsFoundAnywhere) {
  const std::string raw = some_text().substr(0, 500);
  const std::string frame = compress(raw, 3);
  for (std::size_t i = 0; i < 8 * frame.size(); ++i) {
    std::string damaged = frame;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << (i % 8)));
    if (outcome(damaged, std::ssize(raw)) == Exit::data) continue;
    EXPECT_EQ(decompress(damaged, std::ssize(raw)), raw) << "bit " << i;  // a reserved bit
  }
}

TEST(ZstdFrames, ShortOrLongerThanOneFrameAreBadData) {
  const std::string raw = some_text(), frame = compress(raw, 3);
  EXPECT_EQ(outcome(frame.substr(0, frame.size() - 1), std::ssize(raw)), Exit::data);
  EXPECT_EQ(outcome(frame + frame, std::ssize(raw)), Exit::data);
  EXPECT_EQ(outcome(frame + "x", std::ssize(raw)), Exit::data);
}

}  // namespace zstd_frames_test
}  // namespace switchyard::prepare
