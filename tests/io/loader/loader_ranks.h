// For tests of the loader: a small dataset of two sources, loaders of all ranks in one process, and
// what a step holds over all of them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <vector>

#include "io/loader/loader.h"
#include "io/loader/row_table_writer.h"
#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace loader_test {

inline constexpr std::int64_t length = 16;

using Numbers = std::vector<std::int32_t>;

inline Numbers values(Tensor tensor) {
  const auto* data = tensor.as<std::int32_t>();
  return {data, data + tensor.size()};
}

class LoaderRanks : public testing::Test {
 protected:
  LoaderRanks() {
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

inline Step gather_step(std::vector<Loader>& ranks, std::int64_t number) {
  return gather(ranks, [&](Loader& rank) { return rank.step(number); });
}

inline std::int64_t num_targets(const Step& step) {
  std::int64_t count = 0;
  for (const auto& [index, batch] : step) {
    count += std::count_if(batch.targets.begin(), batch.targets.end(),
                           [](std::int32_t target) { return target >= 0; });
  }
  return count;
}

}  // namespace loader_test
}  // namespace switchyard
