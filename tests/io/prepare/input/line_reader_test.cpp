#include "io/prepare/input/line_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

namespace switchyard::prepare {
namespace line_reader_test {

constexpr std::int64_t no_end = std::numeric_limits<std::int64_t>::max();

// Some bytes in pieces of a few, which may end in damage.
class Pieces : public ByteSource {
 public:
  Pieces(std::string bytes, std::size_t piece) : bytes_(std::move(bytes)), piece_(piece) {}

  std::size_t read(std::span<char> out) override {
    const std::size_t size = std::min({piece_, out.size(), bytes_.size() - next_});
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(next_), size, out.begin());
    next_ += size;
    return size;
  }

  void break_off() { damage_ = Problem::corrupt_archive; }
  std::size_t num_read() const { return next_; }

 private:
  std::string bytes_;
  std::size_t piece_, next_ = 0;
};

std::vector<std::string> read_lines(ByteSource& source, std::int64_t position, std::int64_t end,
                                    std::int64_t largest = 100) {
  LineReader reader(source, position, end, largest);
  if (position > 0) reader.skip_line();
  std::vector<std::string> lines;
  for (Line line; reader.next(line);) lines.push_back(line.too_large ? "too large" : line.text);
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineReader, LinesMayCrossPieces) {
  for (std::size_t piece = 1; piece < 8; ++piece) {
    Pieces source("one\n\nthree\nfour", piece);
    EXPECT_EQ(read_lines(source, 0, no_end), (Lines{"one", "", "three", "four"}));
  }
}

TEST(LineReader, EmptyStreamHasNoLine) {
  Pieces source("", 4);
  EXPECT_EQ(read_lines(source, 0, no_end), Lines());
}

TEST(LineReader, NewlineAtTheEndStartsNoLine) {
  Pieces source("one\n", 4);
  EXPECT_EQ(read_lines(source, 0, no_end), (Lines{"one"}));
}

TEST(LineReader, PositionIsWhereALineStarts) {
  Pieces source("one\ntwo\n", 3);
  LineReader reader(source, 0, no_end, 100);
  Line line;
  reader.next(line);
  reader.next(line);
  EXPECT_EQ(line.position, 4);
}

TEST(LineReader, LineThatStartsBeforeTheEndIsReadWhole) {
  Pieces source("one\ntwo\nthree\n", 3);
  EXPECT_EQ(read_lines(source, 0, 5), (Lines{"one", "two"}));
}

TEST(LineReader, LineOfTheLimitIsNotTooLarge) {
  Pieces source(std::string(100, 'x') + "\n" + std::string(101, 'x') + "\nnext", 7);
  EXPECT_EQ(read_lines(source, 0, no_end), (Lines{std::string(100, 'x'), "too large", "next"}));
}

TEST(LineReader, TooLargeLineIsNotHeld) {
  Pieces source(std::string(50000, 'x'), 64);
  LineReader reader(source, 0, no_end, 100);
  Line line;
  ASSERT_TRUE(reader.next(line));
  EXPECT_LE(line.text.capacity(), 1000);
}

TEST(LineReader, TooLargeLineIsLeftWhereItsPartEnds) {
  Pieces source(std::string(50000, 'x') + "\nnext\n", 64);
  EXPECT_EQ(read_lines(source, 0, 1000), (Lines{"too large"}));
  EXPECT_LT(source.num_read(), 1200);
}

TEST(LineReader, PartWithinALineIsLeftWhereItEnds) {
  Pieces source(std::string(50000, 'x') + "\nnext\n", 64);
  EXPECT_EQ(read_lines(source, 10, 1000), Lines());
  EXPECT_LT(source.num_read(), 1200);
}

TEST(LineReader, LineThatDamageCutOffIsNone) {
  Pieces source("one\ntw", 4);
  source.break_off();
  EXPECT_EQ(read_lines(source, 0, no_end), (Lines{"one"}));
}

}  // namespace line_reader_test
}  // namespace switchyard::prepare
