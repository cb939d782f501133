#include "launch/run/event_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/io/scratch.h"

namespace switchyard {
namespace event_file_test {

std::string hex(std::string_view bytes) {
  std::string digits;
  for (const char byte : bytes) digits += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return digits;
}

// RFC 3720, B.4, and the mask of tensorflow/core/lib/hash/crc32c.h.
TEST(EventFile, ChecksumIsMaskedCrc32c) {
  EXPECT_EQ(masked_crc32c(std::string(32, '\0')),
            ((0x8A9136AAU >> 15) | (0x8A9136AAU << 17)) + 0xA282EAD8U);
}

// The bytes that tensorboard 2.21's own RecordWriter makes of the same events.
TEST(EventFile, RecordsAreThoseOfTensorBoard) {
  EXPECT_EQ(hex(event_scalars(1700000000.25, 300, {{"train/loss", 1.5}, {"b", -2.0}})),
            "2b00000000000000861bc34b0900001040fc54d94110ac022a1d0a110a0a747261696e2f6c6f7373150000"
            "c03f0a080a016215000000c0439f00fd");
  EXPECT_EQ(hex(event_file_version(1700000000.25)),
            "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9");
  EXPECT_EQ(hex(event_start(1700000000.25, 300)),
            "100000000000000095fbfe180900001040fc54d94110ac023a0208016b3b88f1");
}

TEST(EventFile, FilesHoldTheirRecordsInOrder) {
  const Scratch scratch;
  EventFile file(scratch / "events", "host", 1700000000.25, 300);
  file.append(event_scalars(1700000001, 300, {{"a", 1.0}}));
  std::ifstream in(scratch / "events" / "events.out.tfevents.1700000000.host", std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(hex(bytes), hex(event_file_version(1700000000.25) + event_start(1700000000.25, 300) +
                            event_scalars(1700000001, 300, {{"a", 1.0}})));
}

}  // namespace event_file_test
}  // namespace switchyard
