#include "io/loader/row_filler.h"

#include <gtest/gtest.h>

#include <algorithm>

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
  Filled(const TestDocuments& documents, RowForm form, const TestDataset& dataset = {},
         bool in_memory = false)
      : length_(form.length), store_(write(documents, dataset)), filler_(make(form, in_memory)) {}

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
  RowFiller make(RowForm form, bool in_memory) {
    if (in_memory) return {store_, "", "train", form, Access::pread};
    write_rows(scratch_ / "rows", store_, form);
    return {store_, scratch_ / "rows", "train", form, Access::pread};
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

// The first target of a response is its first token, which the last token of the prompt predicts.
TEST(RowFiller, PromptsHaveNoLoss) {
  const TestDataset dataset{.prompts = {2, 0, 1}};
  const TestDocuments documents = {{1, 2, 3}, {4}, {5}};
  for (const bool in_memory : {false, true}) {
    Filled data(documents, {9, LossOn::response}, dataset, in_memory);
    EXPECT_EQ(data.row(0), (Row{{B, 1, 2, 3, B, 4, B, 5, B},
                                {-1, -1, 3, B, 4, B, -1, B, -1},
                                {0, 1, 2, 3, 0, 1, 0, 1, 0}}));
    RowTable& rows = data.filler().rows();
    EXPECT_EQ(rows.tokens_of(0), 8);
    EXPECT_EQ(rows.targets_of(0), 5);
    EXPECT_EQ(rows.num_targets(), 5);
    EXPECT_EQ(rows.num_tokens(), 8);
  }
  Filled all(documents, 9, dataset);
  EXPECT_EQ(all.row(0).targets, (Numbers{1, 2, 3, B, 4, B, 5, B, -1}));
  EXPECT_EQ(all.filler().rows().num_targets(), 8);
}

// What the table says of a row is what its targets are, also of documents that rows cut.
TEST(RowFiller, TargetsOfRowsAreCounted) {
  const TestDocuments documents = test_documents(200);
  TestDataset dataset;
  for (std::size_t i = 0; i < documents.size(); ++i)
    dataset.prompts.push_back(static_cast<std::int32_t>(i * 5 % (documents[i].size() + 1)));
  std::int64_t expected = 0;  // the end of each document has a loss, too
  for (std::size_t i = 0; i < documents.size(); ++i)
    expected += 1 + std::ssize(documents[i]) - dataset.prompts[i];
  for (const bool in_memory : {false, true}) {
    Filled data(documents, {7, LossOn::response}, dataset, in_memory);
    RowTable& rows = data.filler().rows();
    std::int64_t sum = 0;
    for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
      const Row filled = data.row(row);
      const auto targets = std::count_if(filled.targets.begin(), filled.targets.end(),
                                         [](std::int32_t target) { return target >= 0; });
      EXPECT_EQ(rows.targets_of(row), targets) << row;
      EXPECT_GE(targets, 1);
      sum += targets;
    }
    EXPECT_EQ(sum, expected);
    EXPECT_EQ(rows.num_targets(), expected);
  }
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
