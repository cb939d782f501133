#include "io/loader.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace {

constexpr std::int64_t length = 8;

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() { write_dataset(scratch_ / "d", documents_); }

  Loader loader(int rank, int num_ranks, std::int64_t batch = 16, std::int64_t micro = 2,
                std::uint64_t seed = 1) {
    return {store(), "train", {length, batch, micro, seed, rank, num_ranks}};
  }
  TokenStore& store() {
    if (!store_) store_.emplace(scratch_ / "d");
    return *store_;
  }

  Scratch scratch_;
  std::vector<std::vector<std::int32_t>> documents_ = test_documents(40);
  std::vector<std::int32_t> stream_ = stream_of(documents_);
  std::optional<TokenStore> store_;
};

std::vector<std::int32_t> values(Tensor tensor) {
  const auto* data = tensor.as<std::int32_t>();
  return {data, data + tensor.size()};
}

// All micro-batches of a step, by index, gathered from all ranks.
std::map<std::int64_t, std::vector<std::int32_t>> tokens_of_step(std::vector<Loader>& ranks,
                                                                 std::int64_t step) {
  std::map<std::int64_t, std::vector<std::int32_t>> tokens;
  for (Loader& rank : ranks) {
    for (const Batch& batch : rank.step(step).micro_batches) {
      if (batch.empty()) continue;
      EXPECT_TRUE(tokens.emplace(batch.index, values(batch.tokens)).second);
    }
  }
  return tokens;
}

TEST_F(LoaderTest, RowsAreTheSameOnAnyRankCount) {
  std::vector<Loader> single;
  single.push_back(loader(0, 1));
  for (const int num_ranks : {2, 3, 4, 8}) {
    std::vector<Loader> ranks;
    for (int rank = 0; rank < num_ranks; ++rank) ranks.push_back(loader(rank, num_ranks));
    for (std::int64_t step = 0; step < 10; ++step) {
      EXPECT_EQ(tokens_of_step(ranks, step), tokens_of_step(single, step)) << num_ranks;
    }
  }
}

TEST_F(LoaderTest, EveryRankHasAsManyRounds) {
  for (int rank = 0; rank < 3; ++rank) {
    Loader mine = loader(rank, 3);
    const StepData data = mine.step(0);
    ASSERT_EQ(data.micro_batches.size(), 3);  // 8 micro-batches
    EXPECT_EQ(data.micro_batches[2].empty(), rank == 2);
    EXPECT_EQ(data.loss_tokens, 16 * length);
  }
}

TEST_F(LoaderTest, EmptyMicroBatchHoldsNothing) {
  Loader mine = loader(2, 3);
  const StepData data = mine.step(0);
  EXPECT_EQ(data.micro_batches[2].index, -1);
  EXPECT_EQ(data.micro_batches[2].num_tokens(), 0);
  EXPECT_EQ(data.micro_batches[2].tokens.size(), 0);
}

TEST_F(LoaderTest, EachRowComesOnceInAnEpoch) {
  const Loader mine = loader(0, 1);
  for (std::int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<std::int64_t> rows;
    for (std::int64_t i = 0; i < mine.num_rows(); ++i) {
      rows.insert(mine.row_of_sample(epoch * mine.num_rows() + i));
    }
    EXPECT_EQ(std::ssize(rows), mine.num_rows());
    EXPECT_EQ(*rows.rbegin(), mine.num_rows() - 1);
  }
}

TEST_F(LoaderTest, EpochsAndSeedsHaveOrdersOfTheirOwn) {
  const Loader one = loader(0, 1), other = loader(0, 1, 16, 2, 2);
  bool epochs_differ = false, seeds_differ = false;
  for (std::int64_t i = 0; i < one.num_rows(); ++i) {
    epochs_differ |= one.row_of_sample(i) != one.row_of_sample(one.num_rows() + i);
    seeds_differ |= one.row_of_sample(i) != other.row_of_sample(i);
  }
  EXPECT_TRUE(epochs_differ);
  EXPECT_TRUE(seeds_differ);
}

TEST_F(LoaderTest, StepsMayBeAskedForInAnyOrder) {
  Loader mine = loader(0, 1);
  const auto first = values(mine.step(5).micro_batches[0].tokens);
  mine.step(2);
  EXPECT_EQ(values(mine.step(5).micro_batches[0].tokens), first);
}

TEST_F(LoaderTest, RowIsItsPartOfTheStream) {
  Loader mine = loader(0, 1, 2, 2);
  for (std::int64_t step = 0; step < 20; ++step) {
    const StepData data = mine.step(step);
    const Batch& batch = data.micro_batches[0];
    EXPECT_EQ(batch.num_sequences, 2);
    for (std::int64_t i = 0; i < batch.num_tokens(); ++i) {
      const std::int64_t at = mine.row_of_sample(step * 2 + i / length) * length + i % length;
      EXPECT_EQ(batch.tokens.as<std::int32_t>()[i], stream_[static_cast<std::size_t>(at)]);
      EXPECT_EQ(batch.targets.as<std::int32_t>()[i], stream_[static_cast<std::size_t>(at + 1)]);
    }
  }
}

TEST_F(LoaderTest, PositionsRestartAtRowsAndDocuments) {
  Loader mine = loader(0, 1);
  const StepData data = mine.pass(0);
  std::int32_t expected = 0;
  for (const Batch& batch : data.micro_batches) {
    for (std::int64_t i = 0; i < batch.num_tokens(); ++i) {
      if (i % length == 0 || batch.tokens.as<std::int32_t>()[i] == test_boundary) expected = 0;
      EXPECT_EQ(batch.positions.as<std::int32_t>()[i], expected++);
    }
  }
}

TEST_F(LoaderTest, PassSeesEveryTargetOnceInOrder) {
  for (const int num_ranks : {1, 3, 8}) {
    std::vector<Loader> ranks;
    for (int rank = 0; rank < num_ranks; ++rank) ranks.push_back(loader(rank, num_ranks));
    std::vector<std::int32_t> targets;
    for (std::int64_t step = 0; step < ranks[0].num_pass_steps(); ++step) {
      std::map<std::int64_t, std::vector<std::int32_t>> parts;
      std::int64_t stated = 0, real = 0;
      for (Loader& rank : ranks) {
        const StepData data = rank.pass(step);
        stated = data.loss_tokens;
        for (const Batch& batch : data.micro_batches) {
          if (!batch.empty()) parts[batch.index] = values(batch.targets);
        }
      }
      for (const auto& [index, part] : parts) {
        for (const std::int32_t target : part) {
          if (target < 0) continue;
          targets.push_back(target);
          ++real;
        }
      }
      EXPECT_EQ(stated, real) << "step " << step << " of " << num_ranks << " ranks";
    }
    EXPECT_EQ(targets, std::vector<std::int32_t>(stream_.begin() + 1, stream_.end()));
    EXPECT_EQ(ranks[0].num_pass_targets(), std::ssize(targets));
  }
}

TEST_F(LoaderTest, PaddingIsBoundariesWithoutTargets) {
  Loader mine = loader(0, 1, 16, 16);
  const StepData data = mine.pass(mine.num_pass_steps() - 1);
  const Batch& batch = data.micro_batches[0];
  ASSERT_LT(data.loss_tokens, 15 * length);
  for (std::int64_t i = batch.num_tokens() - length; i < batch.num_tokens(); ++i) {
    EXPECT_EQ(batch.tokens.as<std::int32_t>()[i], test_boundary);
    EXPECT_EQ(batch.targets.as<std::int32_t>()[i], -1);
    EXPECT_EQ(batch.positions.as<std::int32_t>()[i], 0);
  }
}

TEST_F(LoaderTest, MoreRanksThanMicroBatchesIsAUsageError) {
  const Thrown thrown = thrown_by([&] { loader(0, 9); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("9 ranks"), std::string::npos) << thrown.message;
  EXPECT_NE(thrown.message.find("8 micro-batches"), std::string::npos) << thrown.message;
}

TEST_F(LoaderTest, BatchThatDoesNotDivideIsAUsageError) {
  EXPECT_EQ(thrown_by([&] { loader(0, 1, 16, 3); }).code, Exit::usage);
  EXPECT_EQ(thrown_by([&] { loader(0, 1, 16, 0); }).code, Exit::usage);
}

TEST_F(LoaderTest, SplitWithoutACompleteRowIsADataError) {
  write_dataset(scratch_ / "small", {{1, 2, 3, 4, 5, 6, 7}});
  TokenStore small(scratch_ / "small");
  EXPECT_EQ(thrown_by([&] { Loader(small, "train", {8, 1, 1, 1, 0, 1}); }).code, Exit::data);
  EXPECT_EQ(Loader(small, "train", {7, 1, 1, 1, 0, 1}).num_rows(), 1);
}

}  // namespace
}  // namespace switchyard
