#include "io/checkpoint/shared_target.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace shared_target_test {

namespace fs = std::filesystem;
using Mode = BackgroundSave::Mode;

class SharedSave : public testing::Test {
 protected:
  SharedSave() { fill(1.0F); }

  void fill(float value) {
    std::fill_n(values_.tensor().as<float>(), values_.tensor().size(), value);
  }
  std::vector<NamedTensor> mine() const {
    return {{fmt::format("value/of_rank{}", world_.rank()), values_}};
  }
  // Votes as a run does after each step, until the save is over.
  std::optional<fs::path> vote_until_done(BackgroundSave& save) {
    std::optional<fs::path> folder;
    while (save.in_progress()) {
      if (reduce_one(world_, std::int64_t{save.working()}, Reduce::max) == 0) {
        folder = save.advance();
      }
    }
    return folder;
  }
  float saved_value(const fs::path& folder) const {
    const Buffer read({300, 1000}, DType::f32);
    CheckpointReader(folder).read(mine().front().name, read);
    const auto* values = read.tensor().as<float>();
    const bool same =
        std::all_of(values, values + 300'000, [&](float v) { return v == values[0]; });
    return same ? values[0] : -1.0F;
  }

  Comm& world_ = test_world();
  Stream stream_ = Stream::cpu(2);
  SharedScratch scratch_{world_};
  SharedTarget target_{scratch_.path(), 1, world_};
  Buffer values_{{300, 1000}, DType::f32};
};

TEST_F(SharedSave, WhatChangesAfterTheStartIsNotSaved) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  save.start(target_, {7, mine(), {}});
  fill(2.0F);
  const auto folder = vote_until_done(save);
  EXPECT_EQ(saved_value(folder.value_or("")), 1.0F);
}

TEST_F(SharedSave, AWriteRateHoldsASaveBackUntilSomebodyWaits) {
  BackgroundSave save(Mode::asynchronous, world_, stream_, 1);
  save.start(target_, {7, mine(), {}});
  std::this_thread::sleep_for(std::chrono::milliseconds{100});
  EXPECT_TRUE(save.working());  // at a byte per second, for two weeks
  save.hurry();
  EXPECT_EQ(saved_value(vote_until_done(save).value_or("")), 1.0F);
}

TEST_F(SharedSave, NothingExistsBeforeTheVotes) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  save.start(target_, {7, mine(), {}});
  while (save.working()) continue;
  EXPECT_EQ(newest_good_checkpoint(scratch_.path()).folder, std::nullopt);
  world_.barrier();
  EXPECT_NE(save.finish(), std::nullopt);
}

TEST_F(SharedSave, ASaveThatWasNeverVotedOnNeverExists) {
  {
    BackgroundSave save(Mode::asynchronous, world_, stream_);
    save.start(target_, {7, mine(), {}});
  }
  world_.barrier();
  EXPECT_EQ(newest_good_checkpoint(scratch_.path()).folder, std::nullopt);
}

TEST_F(SharedSave, AFullDiskOnOneRankFailsOnAllAndTheNextSaveWorks) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  Thrown thrown;
  {
    const bool last = world_.rank() == world_.size() - 1;
    const FileSizeLimit limit(last ? 1000 : RLIM_INFINITY);
    save.start(target_, {7, mine(), {}});
    thrown = thrown_by([&] { vote_until_done(save); });
  }
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_TRUE(find_checkpoints(scratch_.path()).empty());
  save.start(target_, {8, mine(), {}});
  EXPECT_NE(vote_until_done(save), std::nullopt);
}

TEST_F(SharedSave, OpenOnAllReadsWhatEveryRankWrote) {
  BackgroundSave save(Mode::synchronous, world_, stream_);
  save.start(target_, {7, mine(), {}});
  const auto reader = CheckpointReader::open_on_all(save.finish().value_or(""), world_);
  EXPECT_EQ(static_cast<int>(reader.names().size()), world_.size());
  const Buffer read({300, 1000}, DType::f32);
  reader.read(fmt::format("value/of_rank{}", world_.size() - 1), read);
  EXPECT_EQ(read.tensor().as<float>()[299'999], 1.0F);
}

TEST_F(SharedSave, SmallFilesAreReadBesideTheTensors) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  const std::string bytes("a\0b", 3);
  save.start(target_, {7, mine(), {}, {{"model.bin", bytes}, {"empty.txt", ""}}});
  const CheckpointReader reader(vote_until_done(save).value_or(""));
  EXPECT_EQ(reader.read_file("model.bin"), bytes);
  EXPECT_EQ(reader.read_file("empty.txt"), "");
  EXPECT_EQ(static_cast<int>(reader.names().size()), world_.size());
  EXPECT_EQ(reader.num_ranks(), world_.size());
}

TEST_F(SharedSave, ASmallFileIsNotATensorNorTheOtherWayRound) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  save.start(target_, {7, mine(), {}, {{"model.bin", "bytes"}}});
  const CheckpointReader reader(vote_until_done(save).value_or(""));
  for (const char* name : {"rank-00000.h5", "other.bin", "../model.bin"}) {
    EXPECT_EQ(thrown_by([&] { reader.read_file(name); }).code, Exit::data) << name;
  }
}

TEST_F(SharedSave, ADamagedSmallFileIsFound) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  save.start(target_, {7, mine(), {}, {{"model.bin", "bytes"}}});
  const fs::path folder = vote_until_done(save).value_or("");
  const CheckpointReader opened_before(folder);
  world_.barrier();
  if (world_.rank() == 0) flip_bit(folder / "model.bin", 2);
  world_.barrier();
  EXPECT_EQ(thrown_by([&] { opened_before.read_file("model.bin"); }).code, Exit::data);
  EXPECT_TRUE(verify_checkpoint(folder));
}

TEST_F(SharedSave, TheHashIsOfTheTensorsAlone) {
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  save.start(target_, {7, mine(), {}, {{"model.bin", "bytes"}}});
  const std::string with_file = CheckpointReader(vote_until_done(save).value_or("")).hash();
  save.start(target_, {8, mine(), {}});
  EXPECT_EQ(CheckpointReader(vote_until_done(save).value_or("")).hash(), with_file);
}

TEST_F(SharedSave, WhatAFailedSaveLeftOfASmallFileIsReplaced) {
  const fs::path folder = scratch_ / "checkpoints" / "step-00000007-a0001";
  if (world_.rank() == 0) {
    fs::create_directories(folder);
    put_contents(folder / "model.bin", "torn and longer");
  }
  world_.barrier();
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  save.start(target_, {7, mine(), {}, {{"model.bin", "bytes"}}});
  EXPECT_EQ(CheckpointReader(vote_until_done(save).value_or("")).read_file("model.bin"), "bytes");
}

}  // namespace shared_target_test
}  // namespace switchyard
