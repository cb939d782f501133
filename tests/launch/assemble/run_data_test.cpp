#include "launch/assemble/run_data.h"

#include <gtest/gtest.h>

#include "tests/io/dataset.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace run_data_test {

using Lines = std::vector<std::string>;

TEST(RunData, SaysHowOftenTheRunPassesOverEachSource) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(60),
                {.sources = {"web",
                             "co\x1b"
                             "de",
                             "web"}});
  const TokenStore store(scratch / "d");
  const SourceWeights weights = {
      {"co\x1b"
       "de",
       2.5}};
  const std::vector<std::int64_t> rows = {20, 20, 30};  // an epoch of 20 + 2.5 * 20 + 30
  const PhasedOrder order(store.sources(), rows, weights, {}, 1, StepSamples({}, 8, 1));
  EXPECT_EQ(source_summaries(store, order, 10),
            (Lines{"source web: weight 1, 0.80 passes in 10 steps",
                   "source co\\x1bde: weight 2.5, 2.00 passes in 10 steps"}));
}

// Four of eight steps in a phase: half an epoch before it, and 32 of 80 samples in it.
TEST(RunData, SaysWhatAPhaseAdds) {
  const Scratch scratch;
  write_dataset(scratch / "d", test_documents(60), {.sources = {"web", "code"}});
  const TokenStore store(scratch / "d");
  const PhasedOrder order(store.sources(), {32, 32}, {}, {{"end", {4, {{"code", 1.5}}}}}, 1,
                          StepSamples({}, 8, 1));
  EXPECT_EQ(source_summaries(store, order, 8),
            (Lines{"source web: weight 1, 0.90 passes in 8 steps",
                   "source code: weight 1, 1.10 passes in 8 steps",
                   "phase end from step 4 on: weights web 1, code 1.5"}));
}

}  // namespace run_data_test
}  // namespace switchyard
