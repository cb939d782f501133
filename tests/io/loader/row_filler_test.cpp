#include "io/loader/row_filler.h"

#include <gtest/gtest.h>

#include "io/loader/row_table_writer.h"
#include "runtime/random.h"
#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace row_filler_test {

using Numbers = std::vector<std::int32_t>;

struct Row {
  Numbers tokens, targets, positions;
  bool operator==(const Row&) const = default;
};

// A dataset of these documents and a filler over its rows.
class Filled {
 public:
  Filled(const TestDocuments& documents, std::int64_t length, const TestDataset& dataset = {})
      : length_(length), store_(write(documents, dataset)), filler_(make()) {}

  Row row(std::int64_t number) {
    Row row = blank();
    filler_.fill(number, {row.tokens.data(), row.targets.data(), row.positions.data()});
    return row;
  }
  Row blank_row() {
    Row row = blank();
    filler_.fill_blank({row.tokens.data(), row.targets.data(), row.positions.data()});
    return row;
  }
  RowFiller& filler() { return filler_; }

 private:
  TokenStore write(const TestDocuments& documents, const TestDataset& dataset) {
    write_dataset(scratch_ / "d", documents, dataset);
    return TokenStore(scratch_ / "d");
  }
  RowFiller make() {
    write_rows(scratch_ / "rows", store_, length_);
    return {store_, scratch_ / "rows", "train", length_, Access::pread};
  }
  Row blank() const {
    const Numbers numbers(static_cast<std::size_t>(length_), -7);
    return {numbers, numbers, numbers};
  }

  Scratch scratch_;
  std::int64_t length_;
  TokenStore store_;
  RowFiller filler_;
};

constexpr std::int32_t B = test_boundary;

TEST(RowFiller, PiecesStandOneAfterTheOther) {
  Filled data({{1, 2}, {3}}, 8);
  EXPECT_EQ(data.row(0),
            (Row{{B, 1, 2, B, 3, B, B, B}, {1, 2, B, 3, B, -1, -1, -1}, {0, 1, 2, 0, 1, 0, 1, 2}}));
}

TEST(RowFiller, CutDocumentGoesOnInTheNextRow) {
  Filled data({{1, 2, 3, 4}}, 3);
  EXPECT_EQ(data.row(0), (Row{{B, 1, 2}, {1, 2, 3}, {0, 1, 2}}));
  EXPECT_EQ(data.row(1), (Row{{3, 4, B}, {4, B, -1}, {0, 1, 0}}));
}

TEST(RowFiller, TargetAfterAShardsLastTokenIsABoundary) {
  Filled data({{1, 2}, {3}}, 3, {.shard_tokens = 1});
  EXPECT_EQ(data.row(0), (Row{{B, 1, 2}, {1, 2, B}, {0, 1, 2}}));
}

TEST(RowFiller, BlankRowHasNoTargets) {
  Filled data({{1, 2}}, 3);
  EXPECT_EQ(data.blank_row(), (Row{{B, B, B}, {-1, -1, -1}, {0, 1, 2}}));
}

TEST(RowFiller, LongRowOfFewTokensIsMostlyBlank) {
  Filled data({{1, 2}}, 100000);
  const Row row = data.row(0);
  EXPECT_EQ(row.tokens[2], 2);
  EXPECT_EQ(row.targets[3], -1);
  EXPECT_EQ(row.positions[99999], 99996);
}

TestDocuments random_documents(std::size_t count) {
  const Random random(1, Purpose::sampling);
  TestDocuments documents(count);
  std::uint64_t n = 0;
  for (auto& document : documents) {
    document.resize(static_cast<std::size_t>(random.uniform(n++) * 40.0));
    for (auto& token : document) token = static_cast<std::int32_t>(random.uniform(n++) * 256.0);
  }
  return documents;
}

// D6: in each of ten thousand rows, what stands there for a document depends on it alone.
TEST(RowFiller, ChangingDocumentsChangesNothingOfTheirNeighbours) {
  const TestDocuments documents = random_documents(65000);
  TestDocuments changed = documents;
  std::vector<bool> is_changed;  // by token of the stream
  for (std::size_t i = 0; i < documents.size(); ++i) {
    is_changed.insert(is_changed.end(), documents[i].size() + 1, i % 3 == 0);
    for (std::int32_t& token : changed[i]) token = i % 3 == 0 ? (token + 1) % 256 : token;
  }
  Filled before(documents, 128), after(changed, 128);
  const std::int64_t num_rows = before.filler().rows().num_rows();
  EXPECT_GE(num_rows, 10000);
  for (std::int64_t number = 0; number < num_rows; ++number) {
    const Row was = before.row(number), is = after.row(number);
    ASSERT_EQ(was.positions, is.positions);
    std::size_t at = 0;
    for (const Piece& piece : before.filler().rows().pieces(number)) {
      const bool same = !is_changed[static_cast<std::size_t>(piece.start)];
      for (std::int64_t i = 0; i < piece.length; ++i, ++at) {
        ASSERT_EQ(was.positions[at], i);
        if (!same) continue;
        ASSERT_EQ(was.tokens[at], is.tokens[at]);
        ASSERT_EQ(was.targets[at], is.targets[at]);
      }
    }
  }
}

}  // namespace row_filler_test
}  // namespace switchyard
