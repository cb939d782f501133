#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace checkpoint_list_test {

namespace fs = std::filesystem;

// A run directory of one rank.
class CheckpointList : public testing::Test {
 protected:
  fs::path save(std::int64_t step, int attempt,
                const nlohmann::json& meta = nlohmann::json::object()) {
    const NamedTensor tensor{"values", values_};
    return save_checkpoint(scratch_.path(), step, attempt, {tensor}, meta, *comm_, stream_);
  }
  fs::path leave_unfinished(std::int64_t step, int attempt) {
    const fs::path folder = scratch_ / "checkpoints" / checkpoint_folder_name({step, attempt});
    fs::create_directories(folder);
    put_contents(folder / "rank-00000.h5", "torn");
    return folder;
  }
  void record_attempt(int number, const std::string& resumed_from) {
    fs::create_directories(scratch_ / "attempts");
    const nlohmann::json record = {{"number", number}, {"resumed_from", resumed_from}};
    put_contents(scratch_ / "attempts" / fmt::format("{:04}.json", number), record.dump());
  }
  // Flips the last bytes of the file, which are data or metadata.
  void damage(const fs::path& folder) {
    const fs::path file = folder / rank_file_name(0);
    flip_bit(file, static_cast<std::int64_t>(fs::file_size(file)) - 1);
  }

  Scratch scratch_;
  Buffer values_{{1000}, DType::f32};
  std::unique_ptr<Comm> comm_ = make_single_comm();
  Stream stream_ = Stream::cpu(1);
};

TEST_F(CheckpointList, RunWithoutCheckpointsHasNone) {
  EXPECT_TRUE(list_checkpoints(scratch_.path()).empty());
  EXPECT_FALSE(newest_good_checkpoint(scratch_.path()).folder);
}

TEST_F(CheckpointList, OldestFirstByStepThenAttempt) {
  save(300, 2);
  save(400, 1);
  save(300, 10);
  std::vector<std::pair<std::int64_t, int>> order;
  for (const auto& status : list_checkpoints(scratch_.path())) {
    order.emplace_back(status.step, status.attempt);
    EXPECT_TRUE(status.committed);
    EXPECT_EQ(status.problem, "");
  }
  EXPECT_EQ(order, (decltype(order){{300, 2}, {300, 10}, {400, 1}}));
}

TEST_F(CheckpointList, ShortNamesMeanTheNewestOfTheirStepThatCounts) {
  save(300, 1);
  const fs::path second = save(300, 2), other = save(400, 1);
  leave_unfinished(300, 3);
  const std::string run = scratch_.path().string();
  EXPECT_EQ(find_by_short_name(run + "@300"), second);
  EXPECT_EQ(find_by_short_name(run + "/00300"), second);
  EXPECT_EQ(find_by_short_name(run + "@step-00000400-a0001"), other);
  EXPECT_EQ(find_by_short_name(run), std::nullopt);
  EXPECT_EQ(find_by_short_name(run + "/checkpoints"), std::nullopt);
  EXPECT_EQ(find_by_short_name(run + "/nowhere@300"), std::nullopt);
  const Thrown thrown = thrown_by([&] { find_by_short_name(run + "@500"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("of step 500; it has those of steps 300, 300, 400"),
            std::string::npos)
      << thrown.message;
}

TEST_F(CheckpointList, TheBestHasTheLowestValidationLossOfThoseThatCount) {
  const std::string run = scratch_.path().string();
  save(100, 1);
  const Thrown thrown = thrown_by([&] { find_by_short_name(run + "@best"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("has a validation loss"), std::string::npos) << thrown.message;
  save(200, 1, {{"validation_loss", 2.5}});
  const fs::path best = save(300, 1, {{"validation_loss", 2.25}});
  save(400, 1, {{"validation_loss", 2.25}});
  EXPECT_EQ(find_by_short_name(run + "@best"), best);
  save(500, 1, {{"validation_loss", 1.0}});  // superseded
  record_attempt(1, "");
  record_attempt(2, "step-00000400-a0001");
  EXPECT_EQ(find_by_short_name(run + "@best"), best);
  EXPECT_EQ(find_by_short_name(run + "/best"), std::nullopt);
}

TEST_F(CheckpointList, UnfinishedOnesAreListedAsSuch) {
  leave_unfinished(300, 1);
  const auto list = list_checkpoints(scratch_.path());
  EXPECT_FALSE(list.at(0).committed);
  EXPECT_NE(list.at(0).problem, "");
}

TEST_F(CheckpointList, OtherFoldersAreNotListed) {
  fs::create_directories(scratch_ / "checkpoints" / "step-300-best");
  put_contents(scratch_ / "checkpoints" / "latest", "");
  EXPECT_TRUE(list_checkpoints(scratch_.path()).empty());
}

TEST_F(CheckpointList, NewestGoodIsTheNewest) {
  save(300, 1);
  const fs::path newest = save(400, 1);
  const Found found = newest_good_checkpoint(scratch_.path());
  EXPECT_EQ(found.folder, newest);
  EXPECT_TRUE(found.skipped.empty());
}

TEST_F(CheckpointList, DamagedAndUnfinishedOnesAreSkippedWithALineEach) {
  const fs::path good = save(300, 1);
  damage(save(400, 1));
  leave_unfinished(500, 1);
  const Found found = newest_good_checkpoint(scratch_.path());
  EXPECT_EQ(found.folder, good);
  EXPECT_EQ(found.num_damaged, 1) << "an unfinished one never counted";
  ASSERT_EQ(found.skipped.size(), 2U);
  EXPECT_NE(found.skipped[0].find("step-00000500-a0001"), std::string::npos);
  EXPECT_NE(found.skipped[1].find("step-00000400-a0001"), std::string::npos);
}

TEST_F(CheckpointList, WhatALaterAttemptDidNotGoOnFromIsPassedOver) {
  const fs::path old = save(300, 1);
  save(400, 1);
  record_attempt(2, "step-00000300-a0001");
  EXPECT_EQ(newest_good_checkpoint(scratch_.path()).folder, old);
  const fs::path mine = save(350, 2);
  EXPECT_EQ(newest_good_checkpoint(scratch_.path()).folder, mine);
  EXPECT_TRUE(list_checkpoints(scratch_.path()).back().superseded);
}

TEST_F(CheckpointList, AStartFromStepZeroPassesOverEverythingBeforeIt) {
  save(300, 1);
  record_attempt(2, "");
  EXPECT_FALSE(newest_good_checkpoint(scratch_.path()).folder);
}

TEST_F(CheckpointList, ATornAttemptPassesOverNothing) {
  const fs::path old = save(300, 1);
  record_attempt(2, "");
  put_contents(scratch_ / "attempts" / "0002.json", "{\"numb");
  EXPECT_EQ(newest_good_checkpoint(scratch_.path()).folder, old);
}

TEST_F(CheckpointList, VerifyFindsEveryFlippedByte) {
  const fs::path folder = save(300, 1);
  const fs::path file = folder / rank_file_name(0);
  EXPECT_FALSE(verify_checkpoint(folder));
  const auto size = static_cast<std::int64_t>(fs::file_size(file));
  for (std::int64_t offset = 0; offset < size; offset += 41) {
    flip_bit(file, offset);
    EXPECT_TRUE(verify_checkpoint(folder)) << offset;
    flip_bit(file, offset);
  }
}

}  // namespace checkpoint_list_test
}  // namespace switchyard
