#include "io/loader/row_table.h"
#include "runtime/random.h"
#include "tests/io/loader/loader_ranks.h"

namespace switchyard {
namespace loader_test {

class LoaderEpoch : public LoaderRanks {};

TEST_F(LoaderEpoch, SampleIsTheRowOfItsNumber) {
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

TEST_F(LoaderEpoch, SaysTheSourcesOfABatch) {
  write_dataset(scratch_ / "sources", test_documents(300), {.sources = {"web", "code"}});
  const TokenStore store(scratch_ / "sources");
  write_rows(scratch_ / "sources_rows", store, length);
  const RowTable table(scratch_ / "sources_rows", store, "train", length);
  const Loader single(store, scratch_ / "sources_rows", "train", {length, 1, 1, 1, 0, 1, {}});
  const Loader wide(store, scratch_ / "sources_rows", "train", {length, 4, 1, 1, 0, 1, {}});
  std::map<std::string, std::int64_t> seen, first;
  for (std::int64_t step = 0; step < single.epoch_size(); ++step) {
    for (const auto& [source, rows] : single.sources_of(step)) {
      seen[source] += rows;
      if (step < 4) first[source] += rows;
    }
  }
  EXPECT_EQ(seen,
            (decltype(seen){{"web", table.source_rows()[0]}, {"code", table.source_rows()[1]}}));
  EXPECT_EQ(wide.sources_of(0), first);
}

// D2: a run that is killed fifty times within two epochs, each time going on from an earlier
// checkpoint and on another number of ranks.
TEST_F(LoaderEpoch, EachTokenIsATargetOnceInAnEpochThroughKillsAndRankChanges) {
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

TEST_F(LoaderEpoch, PassSeesEveryTargetOnce) {
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

TEST_F(LoaderEpoch, RowsThatTheLastMicroBatchLacksAreBlank) {
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

TEST_F(LoaderEpoch, WeightsChooseSources) {
  Loader::Layout weighted = layout();
  weighted.weights = {{"web", 0.0}, {"code", 2.0}};
  const Loader mine = loader(weighted);
  RowTable table(rows_, *store_, "train", length);
  EXPECT_EQ(mine.epoch_size(), 2 * table.source_rows()[1]);
  for (std::int64_t n = 0; n < mine.epoch_size(); ++n) {
    EXPECT_GE(mine.row_of_sample(n), table.source_rows()[0]);
  }
}

}  // namespace loader_test
}  // namespace switchyard
