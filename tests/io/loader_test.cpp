#include "io/loader.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <new>
#include <optional>

#include "io/row_table.h"
#include "io/row_table_writer.h"
#include "runtime/random.h"
#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace {
std::atomic<std::int64_t> num_allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t bytes) {
  ++num_allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace switchyard {
namespace loader_test {

constexpr std::int64_t length = 16;

using Numbers = std::vector<std::int32_t>;

Numbers values(Tensor tensor) {
  const auto* data = tensor.as<std::int32_t>();
  return {data, data + tensor.size()};
}

class LoaderTest : public testing::Test {
 protected:
  LoaderTest() {
    write_dataset(scratch_ / "d", documents_, {.shard_tokens = 700, .sources = {"web", "code"}});
    store_.emplace(scratch_ / "d");
    write_rows(rows_, *store_, length);
  }

  Loader::Layout layout(int rank = 0, int num_ranks = 1) const {
    return {.sequence_length = length,
            .global_batch_size = 16,
            .micro_batch_size = 2,
            .seed = 1,
            .rank = rank,
            .num_ranks = num_ranks,
            .weights = {}};
  }
  Loader loader(const Loader::Layout& layout) { return {*store_, rows_, "train", layout}; }
  Loader loader(int rank = 0, int num_ranks = 1) { return loader(layout(rank, num_ranks)); }
  std::vector<Loader> loaders(int num_ranks) {
    std::vector<Loader> ranks;
    for (int rank = 0; rank < num_ranks; ++rank) ranks.push_back(loader(rank, num_ranks));
    return ranks;
  }

  Scratch scratch_;
  TestDocuments documents_ = test_documents(150);
  std::optional<TokenStore> store_;
  std::filesystem::path rows_ = scratch_ / "rows";
};

struct MicroBatch {
  Numbers tokens, targets, positions;
  bool operator==(const MicroBatch&) const = default;
};
using Step = std::map<std::int64_t, MicroBatch>;  // by index of the micro-batch

// All micro-batches of a step, gathered from all ranks.
template <class Ask>
Step gather(std::vector<Loader>& ranks, Ask ask) {
  Step step;
  for (Loader& rank : ranks) {
    const StepData data = ask(rank);
    for (const Batch& batch : data.micro_batches) {
      if (batch.empty()) continue;
      const MicroBatch mine{values(batch.tokens), values(batch.targets), values(batch.positions)};
      EXPECT_TRUE(step.emplace(batch.index, mine).second);
    }
  }
  return step;
}

Step gather_step(std::vector<Loader>& ranks, std::int64_t number) {
  return gather(ranks, [&](Loader& rank) { return rank.step(number); });
}

std::int64_t num_targets(const Step& step) {
  std::int64_t count = 0;
  for (const auto& [index, batch] : step) {
    count += std::count_if(batch.targets.begin(), batch.targets.end(),
                           [](std::int32_t target) { return target >= 0; });
  }
  return count;
}

// D1
TEST_F(LoaderTest, StepsAreTheSameOnAnyRankCount) {
  std::vector<Loader> single = loaders(1);
  for (const int num_ranks : {2, 3, 4, 8}) {
    std::vector<Loader> ranks = loaders(num_ranks);
    for (std::int64_t step = 0; step < 10; ++step) {
      EXPECT_EQ(gather_step(ranks, step), gather_step(single, step)) << num_ranks;
    }
  }
}

TEST_F(LoaderTest, EveryRankHasAsManyRounds) {
  for (int rank = 0; rank < 3; ++rank) {
    Loader mine = loader(rank, 3);
    const StepData data = mine.step(0);
    ASSERT_EQ(data.micro_batches.size(), 3);  // 8 micro-batches
    EXPECT_EQ(data.micro_batches[2].empty(), rank == 2);
  }
}

TEST_F(LoaderTest, EmptyMicroBatchHoldsNothing) {
  Loader mine = loader(2, 3);
  const StepData data = mine.step(0);
  EXPECT_EQ(data.micro_batches[2].index, -1);
  EXPECT_EQ(data.micro_batches[2].num_tokens(), 0);
  EXPECT_EQ(data.micro_batches[2].tokens.size(), 0);
}

TEST_F(LoaderTest, LossTokensAreTheTargetsOfAllRanks) {
  std::vector<Loader> ranks = loaders(3);
  for (std::int64_t step = 0; step < 10; ++step) {
    const std::int64_t stated = ranks[2].step(step).loss_tokens;
    EXPECT_EQ(stated, num_targets(gather_step(ranks, step)));
  }
}

TEST_F(LoaderTest, SampleIsTheRowOfItsNumber) {
  std::vector<Loader> single = loaders(1);
  std::vector<Loader> in_order = loaders(1);
  const std::int64_t num_rows = single[0].num_rows();
  std::vector<Numbers> rows;  // by row
  for (std::int64_t step = 0; step < single[0].num_pass_steps(); ++step) {
    for (const auto& [index, batch] :
         gather(in_order, [&](Loader& rank) { return rank.pass(step); })) {
      rows.emplace_back(batch.tokens.begin(), batch.tokens.begin() + length);
      rows.emplace_back(batch.tokens.begin() + length, batch.tokens.end());
    }
  }
  for (std::int64_t step = 0; step * 16 < 2 * num_rows; ++step) {
    for (const auto& [index, batch] : gather_step(single, step)) {
      const std::int64_t row = single[0].row_of_sample(step * 16 + index * 2 + 1);
      EXPECT_EQ(Numbers(batch.tokens.begin() + length, batch.tokens.end()),
                rows[static_cast<std::size_t>(row)]);
    }
  }
}

// D2: a run that is killed fifty times within two epochs, each time going on from an earlier
// checkpoint and on another number of ranks.
TEST_F(LoaderTest, EachTokenIsATargetOnceInAnEpochThroughKillsAndRankChanges) {
  TestDocuments documents = test_documents(500);
  std::int32_t next = test_boundary + 1;
  for (auto& document : documents) {
    for (std::int32_t& token : document) token = next++;  // no two tokens are the same
  }
  write_dataset(scratch_ / "unique", documents, {.vocabulary = next, .sources = {"web", "code"}});
  const TokenStore store(scratch_ / "unique");
  write_rows(scratch_ / "unique_rows", store, length);
  constexpr std::int64_t batch = 8;
  const auto start = [&](int num_ranks) {
    std::vector<Loader> ranks;
    for (int rank = 0; rank < num_ranks; ++rank) {
      ranks.push_back(
          {store, scratch_ / "unique_rows", "train", {length, batch, 1, 1, rank, num_ranks, {}}});
    }
    return ranks;
  };

  const Random random(7, Purpose::sampling);
  std::vector<Loader> ranks = start(1);
  const std::int64_t epoch_size = ranks[0].epoch_size();
  const std::int64_t num_steps = (2 * epoch_size + batch - 1) / batch;
  std::vector<Step> steps(static_cast<std::size_t>(num_steps));
  std::uint64_t kills = 0;
  for (std::int64_t step = 0; step < num_steps; ++step) {
    const bool kill = kills < 50 && step * 50 >= static_cast<std::int64_t>(kills) * num_steps;
    if (kill) {
      ranks = start(1 + static_cast<int>(random.uniform(2 * kills) * 8.0));
      const auto lost = static_cast<std::int64_t>(random.uniform(2 * kills + 1) * 4.0);
      step = std::max<std::int64_t>(0, step - lost);
      ++kills;
    }
    Step data = gather_step(ranks, step);
    Step& known = steps[static_cast<std::size_t>(step)];
    EXPECT_TRUE(known.empty() || known == data) << "step " << step;
    known = std::move(data);
  }
  EXPECT_EQ(kills, 50U);

  for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
    std::vector<std::int64_t> seen(static_cast<std::size_t>(next));
    for (std::int64_t n = epoch * epoch_size; n < (epoch + 1) * epoch_size; ++n) {
      for (const std::int32_t target :
           steps[static_cast<std::size_t>(n / batch)].at(n % batch).targets) {
        if (target >= 0) ++seen[static_cast<std::size_t>(target)];
      }
    }
    EXPECT_EQ(seen[test_boundary], std::ssize(documents));
    EXPECT_EQ(std::count(seen.begin() + test_boundary + 1, seen.end(), 1),
              next - test_boundary - 1);
  }
}

TEST_F(LoaderTest, StepsMayBeAskedForInAnyOrder) {
  std::vector<Loader> one = loaders(1);
  const Step first = gather_step(one, 5);
  gather_step(one, 2);
  EXPECT_EQ(gather_step(one, 5), first);
  EXPECT_EQ(gather_step(one, 6), [&] {
    std::vector<Loader> other = loaders(1);
    return gather_step(other, 6);
  }());
}

TEST_F(LoaderTest, StepAndPassMayAlternate) {
  std::vector<Loader> one = loaders(1);
  const Step first = gather_step(one, 0);
  const Step pass = gather(one, [](Loader& rank) { return rank.pass(0); });
  EXPECT_NE(pass, first);
  EXPECT_EQ(gather_step(one, 0), first);
}

TEST_F(LoaderTest, PassSeesEveryTargetOnce) {
  for (const int num_ranks : {1, 3, 8}) {
    std::vector<Loader> ranks = loaders(num_ranks);
    std::map<std::int32_t, std::int64_t> seen, expected;
    std::int64_t count = 0;
    for (std::int64_t step = 0; step < ranks[0].num_pass_steps(); ++step) {
      const Step data = gather(ranks, [&](Loader& rank) { return rank.pass(step); });
      count += num_targets(data);
      EXPECT_EQ(ranks[0].pass(step).loss_tokens, num_targets(data));
      for (const auto& [index, batch] : data) {
        for (const std::int32_t target : batch.targets) seen[target] += target >= 0;
      }
    }
    for (const std::int32_t token : stream_of(documents_)) ++expected[token];
    expected[-1] = 0;
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(count, ranks[0].num_pass_targets());
  }
}

TEST_F(LoaderTest, RowsThatTheLastMicroBatchLacksAreBlank) {
  Loader::Layout wide = layout();
  wide.global_batch_size = wide.micro_batch_size = 1000;
  Loader mine = loader(wide);
  ASSERT_EQ(mine.num_pass_steps(), 1);
  const StepData data = mine.pass(0);
  const Batch& batch = data.micro_batches[0];
  for (std::int64_t i = mine.num_rows() * length; i < batch.num_tokens(); ++i) {
    ASSERT_EQ(batch.tokens.as<std::int32_t>()[i], test_boundary);
    ASSERT_EQ(batch.targets.as<std::int32_t>()[i], -1);
    ASSERT_EQ(batch.positions.as<std::int32_t>()[i], i % length);
  }
  EXPECT_EQ(data.loss_tokens, mine.num_tokens());
}

TEST_F(LoaderTest, WeightsChooseSources) {
  Loader::Layout weighted = layout();
  weighted.weights = {{"web", 0.0}, {"code", 2.0}};
  const Loader mine = loader(weighted);
  RowTable table(rows_, *store_, "train", length);
  EXPECT_EQ(mine.epoch_size(), 2 * table.source_rows()[1]);
  for (std::int64_t n = 0; n < mine.epoch_size(); ++n) {
    EXPECT_GE(mine.row_of_sample(n), table.source_rows()[0]);
  }
}

TEST_F(LoaderTest, UnknownSourceIsAUsageErrorThatNamesThoseThereAre) {
  Loader::Layout weighted = layout();
  weighted.weights = {{"wbe", 1.0}};
  const Thrown thrown = thrown_by([&] { loader(weighted); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("web, code"), std::string::npos) << thrown.message;
}

TEST_F(LoaderTest, MappedFilesGiveTheSameRows) {
  Loader::Layout mapped = layout();
  mapped.access = Access::mmap;
  std::vector<Loader> read = loaders(1), map;
  map.push_back(loader(mapped));
  for (std::int64_t step = 0; step < 5; ++step) {
    EXPECT_EQ(gather_step(map, step), gather_step(read, step));
  }
}

TEST_F(LoaderTest, AllocatesNothingOnceItIsWarm) {
  Loader mine = loader();
  for (std::int64_t step = 0; step < 2 * mine.num_rows() / 16; ++step) mine.step(step);
  const std::int64_t before = num_allocations;
  for (std::int64_t step = 0; step < 2000; ++step) mine.step(step);
  EXPECT_EQ(num_allocations, before);
}

// D7, through the thread that reads ahead.
TEST_F(LoaderTest, DamageSurfacesInTheStepThatNeedsIt) {
  const FileEntry file =
      open_folder(scratch_ / "d/tokens", tokens_kind, tokens_version).files.at(0);
  flip_bit(scratch_ / "d/tokens" / file.name, file.extents.at(0).offset);
  Loader mine = loader();
  const Thrown thrown = thrown_by([&] {
    for (std::int64_t step = 0; step * 16 < mine.num_rows(); ++step) mine.step(step);
  });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find(file.name + " is damaged: chunk 0 of 'tokens'"), std::string::npos)
      << thrown.message;
}

TEST_F(LoaderTest, MoreRanksThanMicroBatchesIsAUsageError) {
  const Thrown thrown = thrown_by([&] { loader(0, 9); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("9 ranks"), std::string::npos) << thrown.message;
  EXPECT_NE(thrown.message.find("8 micro-batches"), std::string::npos) << thrown.message;
}

TEST_F(LoaderTest, BatchThatDoesNotDivideIsAUsageError) {
  for (const std::int64_t micro : {0, 3}) {
    Loader::Layout wrong = layout();
    wrong.micro_batch_size = micro;
    EXPECT_EQ(thrown_by([&] { loader(wrong); }).code, Exit::usage);
  }
}

TEST_F(LoaderTest, EmptySplitIsADataError) {
  write_dataset(scratch_ / "empty", {});
  const TokenStore empty(scratch_ / "empty");
  write_rows(scratch_ / "empty_rows", empty, length);
  EXPECT_EQ(thrown_by([&] { Loader(empty, scratch_ / "empty_rows", "train", layout()); }).code,
            Exit::data);
}

}  // namespace loader_test
}  // namespace switchyard
