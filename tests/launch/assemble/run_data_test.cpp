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
  Config config;
  config.train.steps = 10;
  config.train.global_batch_size = 8;
  config.data.weights = {
      {"co\x1b"
       "de",
       2.5}};
  EXPECT_EQ(source_summaries(store, config, /*samples_per_epoch=*/100),
            (Lines{"source web: weight 1, 0.80 passes in 10 steps",
                   "source co\\x1bde: weight 2.5, 2.00 passes in 10 steps"}));
}

}  // namespace run_data_test
}  // namespace switchyard
