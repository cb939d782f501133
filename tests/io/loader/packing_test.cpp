#include "io/loader/packing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/random.h"

namespace switchyard {
namespace packing_test {

using Rows = std::vector<std::vector<Piece>>;

struct Packed {
  Rows rows;
  std::int64_t min_rows = 0;
};

Packed pack(std::int64_t sequence_length, const std::vector<std::int64_t>& lengths) {
  Packed packed;
  Packer packer(sequence_length, [&](std::span<const Piece> row) {
    packed.rows.emplace_back(row.begin(), row.end());
  });
  std::int64_t start = 0;
  for (const std::int64_t length : lengths) {
    packer.add_document(start, length);
    start += length;
  }
  packed.min_rows = packer.min_rows();
  packer.finish();
  return packed;
}

// Of one document.
Rows pack_with_prompt(std::int64_t sequence_length, std::int64_t length, std::int64_t prompt) {
  Rows rows;
  Packer packer(sequence_length,
                [&](std::span<const Piece> row) { rows.emplace_back(row.begin(), row.end()); });
  packer.add_document(100, length, prompt);
  packer.finish();
  return rows;
}

TEST(Packer, APromptIsTheBeginningOfItsDocument) {
  EXPECT_EQ(pack_with_prompt(8, 6, 5), (Rows{{{100, 6, 5}}}));
  EXPECT_EQ(pack_with_prompt(8, 20, 5), (Rows{{{100, 8, 5}}, {{108, 8}}, {{116, 4}}}));
}

// No other row attends to it.
TEST(Packer, ARowOfAPromptAloneIsLeftOut) {
  EXPECT_EQ(pack_with_prompt(8, 20, 8), (Rows{{{108, 8}}, {{116, 4}}}));
  EXPECT_EQ(pack_with_prompt(8, 20, 19), (Rows{{{116, 4, 3}}}));
  EXPECT_EQ(pack_with_prompt(8, 16, 10), (Rows{{{108, 8, 2}}}));
}

std::vector<std::int64_t> log_normal_lengths(std::int64_t count, double median, double sigma) {
  const Random random(3, Purpose::sampling);
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < count; ++i) {
    const double z = random.normal(static_cast<std::uint64_t>(i));
    lengths.push_back(1 + static_cast<std::int64_t>(median * std::exp(sigma * z)));
  }
  return lengths;
}

// The packing's definition in its plainest form: for every piece, longest first, the fullest row
// that takes it, of those the one that became so full last.
Rows best_fit_decreasing(std::int64_t sequence_length, std::vector<Piece> pieces) {
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.length > b.length; });
  struct Row {
    std::int64_t space, changed;
    std::vector<Piece> pieces;
  };
  std::vector<Row> rows;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    Row* best = nullptr;
    for (Row& row : rows) {
      const bool better = best == nullptr || row.space < best->space ||
                          (row.space == best->space && row.changed > best->changed);
      if (row.space >= pieces[i].length && better) best = &row;
    }
    if (best == nullptr) best = &rows.emplace_back(Row{sequence_length, 0, {}});
    best->space -= pieces[i].length;
    best->changed = static_cast<std::int64_t>(i);
    best->pieces.push_back(pieces[i]);
  }
  Rows result;
  for (Row& row : rows) {
    std::sort(row.pieces.begin(), row.pieces.end(),
              [](const Piece& a, const Piece& b) { return a.start < b.start; });
    result.push_back(row.pieces);
  }
  return result;
}

TEST(Packing, LongDocumentIsCutIntoFullRows) {
  EXPECT_EQ(pack(10, {25}).rows, (Rows{{{0, 10}}, {{10, 10}}, {{20, 5}}}));
  EXPECT_EQ(pack(10, {20}).rows, (Rows{{{0, 10}}, {{10, 10}}}));
}

TEST(Packing, RemaindersShareRowsInDocumentOrder) {
  EXPECT_EQ(pack(10, {3, 17, 2}).rows, (Rows{{{3, 10}}, {{0, 3}, {13, 7}}, {{20, 2}}}));
}

TEST(Packing, IsBestFitDecreasing) {
  for (const std::int64_t length : {1, 2, 7, 63, 64, 65, 300, 5000}) {
    const std::vector<std::int64_t> lengths = log_normal_lengths(500, 20.0, 1.5);
    std::vector<Piece> remainders;
    std::int64_t start = 0;
    for (const std::int64_t document : lengths) {
      const std::int64_t full = document / length * length;
      if (document > full) remainders.push_back({start + full, document - full});
      start += document;
    }
    Rows rows = pack(length, lengths).rows;
    std::erase_if(rows, [&](const auto& row) { return row.front().length == length; });
    EXPECT_EQ(rows, best_fit_decreasing(length, remainders)) << length;
  }
}

TEST(Packing, EveryTokenIsInOneRow) {
  for (const std::int64_t length : {1, 100, 512}) {
    const std::vector<std::int64_t> lengths = log_normal_lengths(40000, 60.0, 1.2);
    std::vector<Piece> pieces;
    for (const auto& row : pack(length, lengths).rows) {
      std::int64_t filled = 0;
      for (const Piece& piece : row) filled += piece.length;
      ASSERT_LE(filled, length);
      pieces.insert(pieces.end(), row.begin(), row.end());
    }
    std::sort(pieces.begin(), pieces.end(),
              [](const Piece& a, const Piece& b) { return a.start < b.start; });
    std::int64_t end = 0;
    for (const Piece& piece : pieces) {
      ASSERT_EQ(piece.start, end);
      end += piece.length;
    }
    EXPECT_EQ(end, std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
  }
}

// Lengths of documents on the web are about log-normal; from short to long ones, on short and long
// rows.
TEST(Packing, LogNormalLengthsFillNinetyEightPercent) {
  for (const std::int64_t length : {512, 4096}) {
    for (const double median : {50.0, 200.0, 400.0, 1000.0, 4000.0}) {
      const std::vector<std::int64_t> lengths = log_normal_lengths(50000, median, 1.1);
      const double tokens =
          static_cast<double>(std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0}));
      const Packed packed = pack(length, lengths);
      const double filled = tokens / static_cast<double>(std::ssize(packed.rows) * length);
      EXPECT_GE(filled, 0.98) << "rows of " << length << ", median " << median;
    }
  }
}

TEST(Packing, BoundIsReachedWhereNothingCanBePacked) {
  const Packed packed = pack(10, std::vector<std::int64_t>(1000, 6));
  EXPECT_EQ(packed.min_rows, 1000);
  EXPECT_EQ(std::ssize(packed.rows), 1000);
}

TEST(Packing, BoundHolds) {
  for (const double median : {5.0, 30.0, 60.0, 200.0}) {
    const Packed packed = pack(100, log_normal_lengths(20000, median, 1.0));
    EXPECT_GE(std::ssize(packed.rows), packed.min_rows);
    EXPECT_GT(packed.min_rows, 0);
  }
}

TEST(Packing, FinishSeparatesSources) {
  Rows rows;
  Packer packer(10, [&](std::span<const Piece> row) { rows.emplace_back(row.begin(), row.end()); });
  packer.add_document(0, 3);
  packer.finish();
  packer.add_document(3, 3);
  EXPECT_EQ(packer.min_rows(), 1);
  packer.finish();
  EXPECT_EQ(rows, (Rows{{{0, 3}}, {{3, 3}}}));
}

TEST(Packing, WindowBoundsWhatIsHeldBack) {
  std::int64_t tokens = 0;
  Packer packer(10, [&](std::span<const Piece> row) {
    for (const Piece& piece : row) tokens += piece.length;
  });
  for (std::int64_t i = 0; i < Packer::window; ++i) packer.add_document(3 * i, 3);
  EXPECT_EQ(tokens, 3 * Packer::window);
}

}  // namespace packing_test
}  // namespace switchyard
