#include "io/checkpoint/retention.h"

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace retention_test {

namespace fs = std::filesystem;

// A run directory of one rank.
class RetentionOf : public testing::Test {
 protected:
  fs::path save(std::int64_t step, double validation_loss = 0.0) {
    nlohmann::json meta = nlohmann::json::object();
    if (validation_loss > 0.0) meta["validation_loss"] = validation_loss;
    return save_checkpoint(scratch_.path(), step, 1, {{"values", values_}}, meta, *comm_, stream_);
  }
  fs::path leave_unfinished(std::int64_t step) {
    const fs::path folder = scratch_ / "checkpoints" / checkpoint_folder_name({step, 1});
    fs::create_directories(folder);
    put_contents(folder / "rank-00000.h5", "torn");
    return folder;
  }
  void damage(const fs::path& folder) {
    const fs::path file = folder / rank_file_name(0);
    flip_bit(file, static_cast<std::int64_t>(fs::file_size(file)) - 1);
  }
  std::vector<fs::path> surplus(RetentionPolicy policy) {
    return Retention(scratch_.path(), policy).surplus();
  }
  void retain(RetentionPolicy policy) { Retention(scratch_.path(), policy).apply(); }
  std::vector<std::int64_t> steps() const {
    std::vector<std::int64_t> steps;
    for (const auto& one : find_checkpoints(scratch_.path())) steps.push_back(one.step);
    return steps;
  }

  Scratch scratch_;
  Buffer values_{{1000}, DType::f32};
  std::unique_ptr<Comm> comm_ = make_single_comm();
  Stream stream_ = Stream::cpu(1);
};

using Steps = std::vector<std::int64_t>;

TEST_F(RetentionOf, SaysWhatItWouldDeleteWithoutDeletingIt) {
  const fs::path first = save(1), second = save(2);
  save(3);
  save(4);
  EXPECT_EQ(surplus({.keep = 2}), (std::vector<fs::path>{second, first}));
  EXPECT_TRUE(fs::exists(first) && fs::exists(second));
}

TEST_F(RetentionOf, NewestGoodOnesStay) {
  for (const int step : {100, 200, 300}) save(step);
  retain({.keep = 2});
  EXPECT_EQ(steps(), (Steps{200, 300}));
}

TEST_F(RetentionOf, DamagedOnesDoNotCount) {
  for (const int step : {100, 200}) save(step);
  damage(save(300));
  retain({.keep = 2});
  EXPECT_EQ(steps(), (Steps{100, 200, 300}));
}

TEST_F(RetentionOf, LeftoversGoOnceANewerOneIsGood) {
  leave_unfinished(100);
  save(200);
  leave_unfinished(300);
  retain({.keep = 2});
  EXPECT_EQ(steps(), (Steps{200, 300}));
}

TEST_F(RetentionOf, EveryKthStepStays) {
  for (const int step : {100, 200, 300, 400, 500}) save(step);
  retain({.keep = 2, .keep_every = 200});
  EXPECT_EQ(steps(), (Steps{200, 400, 500}));
}

TEST_F(RetentionOf, BestByValidationStay) {
  save(100, 3.0);
  save(200, 2.0);
  for (const int step : {300, 400, 500}) save(step, 2.5);
  retain({.keep = 2, .keep_best = 1});
  EXPECT_EQ(steps(), (Steps{200, 400, 500}));
}

TEST_F(RetentionOf, WhatWasReadOnceIsNotReadAgain) {
  for (const int step : {100, 200}) save(step);
  Retention retention(scratch_.path(), {.keep = 2});
  const fs::path newest = save(300);
  retention.note_good(newest);
  damage(newest);  // nobody would notice without reading
  retention.apply();
  EXPECT_EQ(steps(), (Steps{200, 300}));
}

TEST_F(RetentionOf, FewerThanTwoAreRefused) {
  EXPECT_EQ(thrown_by([&] { Retention(scratch_.path(), {.keep = 1}); }).code, Exit::usage);
}

}  // namespace retention_test
}  // namespace switchyard
