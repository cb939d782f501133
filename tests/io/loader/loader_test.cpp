#include "io/loader/loader.h"

#include <atomic>
#include <cstdlib>
#include <new>

#include "tests/io/loader/loader_ranks.h"

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

class LoaderTest : public LoaderRanks {};

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

TEST_F(LoaderTest, SequencesOfAPassKnowTheirSource) {
  for (const auto& rows : {rows_, std::filesystem::path()}) {  // in a folder, and in memory
    Loader mine(*store_, rows, "train", layout());
    EXPECT_EQ(mine.source_names(), (std::vector<std::string>{"web", "code"}));
    std::int64_t known = 0;
    for (std::int64_t step = 0; step < mine.num_pass_steps(); ++step) {
      for (const Batch& batch : mine.pass(step).micro_batches) {
        for (std::int64_t i = 0; i < batch.num_sequences; ++i) {
          const std::optional<std::size_t> source = mine.source_of(step, batch, i);
          if (!source) continue;
          ++known;
          // Document d of this dataset is of source d mod 2, and its first token is d.
          const auto* tokens = batch.tokens.as<std::int32_t>() + i * length;
          const auto* positions = batch.positions.as<std::int32_t>() + i * length;
          if (tokens[0] == test_boundary && positions[1] == 1 && tokens[1] < test_boundary) {
            EXPECT_EQ(tokens[1] % 2, static_cast<std::int32_t>(*source));
          }
        }
      }
    }
    EXPECT_EQ(known, mine.num_rows());
  }
}

TEST_F(LoaderTest, UnknownSourceIsAUsageErrorThatNamesThoseThereAre) {
  Loader::Layout weighted = layout();
  weighted.weights = {{"wbe", 1.0}};
  const Thrown thrown = thrown_by([&] { loader(weighted); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_NE(thrown.message.find("web, code"), std::string::npos) << thrown.message;
}

// A ramp's steps are the same on any number of ranks, more of them than it has micro-batches at
// first included, and take the samples of the run in order.
TEST_F(LoaderTest, ARampOfTheBatchTakesTheSamplesInOrder) {
  Loader::Layout ramped = layout();
  ramped.batch_ramp = {{0, 4}, {3, 10}, {5, 16}};
  std::vector<Loader> single;
  single.push_back(loader(ramped));
  for (const int num_ranks : {1, 3, 8}) {
    std::vector<Loader> ranks;
    for (int rank = 0; rank < num_ranks; ++rank) {
      Loader::Layout mine = ramped;
      mine.rank = rank;
      mine.num_ranks = num_ranks;
      ranks.push_back(loader(mine));
    }
    for (const std::int64_t step : {0, 1, 2, 3, 4, 5, 9, 2}) {
      EXPECT_EQ(gather_step(ranks, step), gather_step(single, step)) << num_ranks << ' ' << step;
      EXPECT_EQ(ranks[0].step(step).loss_tokens, num_targets(gather_step(ranks, step)));
    }
  }
  std::int64_t sample = 0;
  for (std::int64_t step = 0; step < 8; ++step)
    for (const std::int64_t row : single[0].rows_of(step))
      EXPECT_EQ(row, single[0].row_of_sample(sample++)) << step;
  EXPECT_EQ(sample, 3 * 4 + 2 * 10 + 3 * 16);
}

TEST_F(LoaderTest, APhaseIsTheSameHoweverItIsReached) {
  Loader::Layout phased = layout();
  phased.phases = {{"end", {4, {{"web", 0.0}}}}};
  std::vector<Loader> straight, jumps;
  straight.push_back(loader(phased));
  jumps.push_back(loader(phased));
  for (std::int64_t step = 0; step < 6; ++step) gather_step(straight, step);
  EXPECT_EQ(gather_step(jumps, 6), gather_step(straight, 6));
  const auto sources = straight[0].sources_of(6);
  EXPECT_EQ(sources.size(), 1U);
  EXPECT_EQ(sources.at("code"), 16);
  EXPECT_EQ(straight[0].sources_of(3).size(), 2U);
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

Objective test_objective(const ObjectiveConfig& config) {
  return {config,
          {.prefix = 257, .suffix = 258, .middle = 259, .first_span = 260, .num_spans = 8},
          test_boundary,
          test_vocabulary,
          1};
}

TEST_F(LoaderRanks, ObjectivesAreTheSameOnAnyLayoutAndAtAnyStart) {
  Loader::Layout layout_of_one = layout(), first = layout(0, 2), second = layout(1, 2);
  const ObjectiveConfig config{.fill_in_middle = 0.4, .spans = 0.4, .noise = 0.05};
  for (Loader::Layout* each : {&layout_of_one, &first, &second})
    each->objective.emplace(test_objective(config));
  std::vector<Loader> one, two, clean;
  one.push_back(loader(layout_of_one));
  two.push_back(loader(first));
  two.push_back(loader(second));
  clean.push_back(loader());
  for (const std::int64_t step : {3, 0, 40}) {  // in no order: there is no state
    std::int64_t with_loss = 0;
    const auto ask = [&](Loader& each) { return each.step(step); };
    const Step rewritten = gather(one, ask), before = gather(clean, ask);
    EXPECT_EQ(rewritten, gather(two, ask));
    EXPECT_NE(rewritten, before);
    for (const auto& [index, batch] : rewritten) {
      EXPECT_EQ(batch.positions, before.at(index).positions);
      for (const std::int32_t target : batch.targets) with_loss += target >= 0 ? 1 : 0;
    }
    EXPECT_EQ(one[0].step(step).loss_tokens, with_loss);
    EXPECT_EQ(clean[0].step(step).loss_tokens, with_loss);
  }
  const auto pass = [](Loader& each) { return each.pass(0); };
  EXPECT_EQ(gather(one, pass), gather(clean, pass));
}

TEST_F(LoaderRanks, NoiseLeavesTargetsClean) {
  Loader::Layout noisy = layout(), rate_0 = layout();
  noisy.objective.emplace(test_objective({.noise = 0.5}));
  rate_0.objective.emplace(test_objective({}));
  std::vector<Loader> with_noise, with_rate_0, clean;
  with_noise.push_back(loader(noisy));
  with_rate_0.push_back(loader(rate_0));
  clean.push_back(loader());
  const auto ask = [](Loader& each) { return each.step(2); };
  const Step step = gather(with_noise, ask), before = gather(clean, ask);
  EXPECT_EQ(gather(with_rate_0, ask), before);
  for (const auto& [index, batch] : step) {
    EXPECT_EQ(batch.targets, before.at(index).targets);
    EXPECT_NE(batch.tokens, before.at(index).tokens);
  }
}

}  // namespace loader_test
}  // namespace switchyard
