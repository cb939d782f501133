// Node-local checkpoints, with ranks as nodes: whatever one node loses comes back, bit for bit.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>

#include "io/checkpoint/checkpoint.h"
#include "io/local/local_fetch.h"
#include "io/local/local_target.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace local_checkpoint_test {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Mode = BackgroundSave::Mode;

class LocalCheckpoint : public testing::Test {
 protected:
  LocalCheckpoint() { fill(1.0F); }

  // Ranks own different numbers of values, the last one the most.
  void fill(float first) {
    const std::int64_t size = 400'000 + 100'000 * world_.rank();
    values_ = Buffer({size}, DType::f32);
    float* const values = values_.tensor().as<float>();
    for (std::int64_t i = 0; i < size; ++i) {
      values[i] = first + static_cast<float>(i * (world_.rank() + 1) % 9973);
    }
  }
  std::vector<NamedTensor> mine() const {
    return {{fmt::format("value/of_rank{}", world_.rank()), values_}};
  }
  LocalDisks disks(int set_nodes, int ranks_per_node = 1) const {
    return find_local_disks({scratch_ / "local", "run", set_nodes, ranks_per_node}, world_);
  }
  // Votes as a run does after each step, until the save is over.
  void save(std::int64_t step, int set_nodes, int ranks_per_node = 1, int attempt = 1) {
    LocalTarget target(disks(set_nodes, ranks_per_node), attempt, world_);
    BackgroundSave save(Mode::asynchronous, world_, stream_);
    save.start(target, {step, mine(), {{"note", "of the run"}}, {{"model.bin", "bytes"}}});
    while (save.in_progress()) {
      if (reduce_one(world_, std::int64_t{save.working()}, Reduce::max) == 0) save.advance();
    }
  }
  // What the same tensors are as a checkpoint of the shared directory.
  std::string hash_of_shared(std::int64_t step) {
    const fs::path folder =
        save_checkpoint(scratch_ / "other", step, 1, mine(), {}, world_, stream_);
    return CheckpointReader(folder).hash();
  }
  LocalFetch fetch(int set_nodes, int ranks_per_node = 1,
                   std::optional<CheckpointId> newer_than = {}) {
    return fetch_local_checkpoint(scratch_ / "shared", disks(set_nodes, ranks_per_node), newer_than,
                                  world_);
  }
  static std::string hash_of(const LocalFetch& fetch) {
    return fetch.folder ? CheckpointReader(*fetch.folder).hash() : "none";
  }
  fs::path folder_of_node(int node, std::int64_t step) const {
    return scratch_ / fmt::format("local/node-{}/run/step-{:08}-a0001", node, step);
  }
  // On rank 0, and then all go on.
  template <class Work>
  void once(Work work) {
    world_.barrier();
    if (world_.rank() == 0) work();
    world_.barrier();
  }
  void lose_node(int node) {
    once([&] { fs::remove_all(scratch_ / fmt::format("local/node-{}", node)); });
  }

  Comm& world_ = test_world();
  Stream stream_ = Stream::cpu(1);
  SharedScratch scratch_{world_};
  Buffer values_;
};

TEST_F(LocalCheckpoint, ComesHomeAsACheckpointLikeAnyOther) {
  save(7, 2);
  const LocalFetch found = fetch(2);
  EXPECT_EQ(hash_of(found), hash_of_shared(7));
  EXPECT_TRUE(found.notes.empty());
  const CheckpointReader reader(found.folder.value_or(""));
  EXPECT_EQ(reader.step(), 7);
  EXPECT_EQ(reader.meta().at("note"), "of the run");
  EXPECT_EQ(reader.read_file("model.bin"), "bytes");
  EXPECT_EQ(reader.num_ranks(), world_.size());
}

TEST_F(LocalCheckpoint, ASmallFileIsOnEveryNode) {
  for (int node = 0; node + 1 < world_.size(); ++node) {
    save(7, 2);
    lose_node(node);
    const LocalFetch found = fetch(2);
    EXPECT_EQ(CheckpointReader(found.folder.value_or("")).read_file("model.bin"), "bytes");
    once([&] { fs::remove_all(scratch_ / "shared"); });
  }
}

TEST_F(LocalCheckpoint, ASmallFileThatNoNodeHasIsBeyondRepair) {
  save(7, 2);
  once([&] {
    for (int node = 0; node < world_.size(); ++node) {
      flip_bit(folder_of_node(node, 7) / "model.bin", 1);
    }
  });
  const LocalFetch found = fetch(2);
  EXPECT_EQ(found.folder, std::nullopt);
  EXPECT_THAT(found.notes.empty() ? "" : found.notes.front(),
              HasSubstr("model.bin is lost or damaged on every node"));
}

TEST_F(LocalCheckpoint, AnyNodeOfACopiedPairMayBeLost) {
  if (world_.size() == 1) return;
  const std::string expected = hash_of_shared(7);
  for (int node = 0; node < world_.size(); ++node) {
    save(7, 2);
    lose_node(node);
    EXPECT_EQ(hash_of(fetch(2)), expected) << "without node " << node;
    once([&] { fs::remove_all(scratch_ / "shared"); });
  }
}

TEST_F(LocalCheckpoint, AnyNodeOfAParitySetMayBeLost) {
  if (world_.size() == 1) return;
  const std::string expected = hash_of_shared(7);
  for (int node = 0; node < world_.size(); ++node) {
    save(7, world_.size());
    lose_node(node);
    EXPECT_EQ(hash_of(fetch(world_.size())), expected) << "without node " << node;
    once([&] { fs::remove_all(scratch_ / "shared"); });
  }
}

TEST_F(LocalCheckpoint, NodesOfUnevenSizeStandInForOneAnother) {
  if (world_.size() < 3) return;
  const std::string expected = hash_of_shared(7);
  save(7, 2, 3);  // of 4 ranks, one is alone on its node
  lose_node(0);
  EXPECT_EQ(hash_of(fetch(2, 3)), expected);
}

TEST_F(LocalCheckpoint, AnotherNumberOfNodesMayFetchIt) {
  if (world_.size() < 4) return;
  const std::string expected = hash_of_shared(7);
  save(7, 4);
  lose_node(2);
  once([&] {  // the ranks of nodes 0 and 1 share one now, and those of node 3 another
    const fs::path local = scratch_ / "local";
    fs::copy(local / "node-1", local / "node-0",
             fs::copy_options::recursive | fs::copy_options::skip_existing);
    fs::remove_all(local / "node-1");
    fs::rename(local / "node-3", local / "node-1");
  });
  EXPECT_EQ(hash_of(fetch(4, 2)), expected);
}

TEST_F(LocalCheckpoint, TwoLossesInASetSayWhatIsLost) {
  if (world_.size() < 2) return;
  save(7, world_.size());
  lose_node(0);
  lose_node(1);
  const LocalFetch found = fetch(world_.size());
  EXPECT_EQ(found.folder, std::nullopt);
  if (world_.size() == 2) return;  // no node is left that knows of it
  EXPECT_EQ(found.notes.size(), 1U);
  EXPECT_THAT(found.notes.empty() ? "" : found.notes.front(),
              HasSubstr("rank-00000.h5 and rank-00001.h5"));
}

TEST_F(LocalCheckpoint, ADamagedChunkIsMadeAgain) {
  if (world_.size() == 1) return;
  const std::string expected = hash_of_shared(7);
  save(7, world_.size());
  once([&] { flip_bit(folder_of_node(1, 7) / "rank-00001.h5", 1'500'000); });
  const LocalFetch found = fetch(world_.size());
  EXPECT_EQ(hash_of(found), expected);
  EXPECT_THAT(found.notes.empty() ? "" : found.notes.front(), HasSubstr("rank-00001.h5"));
}

TEST_F(LocalCheckpoint, DamagedParityOfAWholeCheckpointDoesNoHarm) {
  if (world_.size() == 1) return;
  save(7, 2);
  once([&] { flip_bit(folder_of_node(0, 7) / "parity-00000-00000.bin", 0); });
  EXPECT_EQ(hash_of(fetch(2)), hash_of_shared(7));
}

TEST_F(LocalCheckpoint, OneManifestIsEnough) {
  save(7, 2);
  once([&] {
    for (int node = 0; node + 1 < world_.size(); ++node) {
      fs::remove(folder_of_node(node, 7) / "manifest.json");
    }
  });
  EXPECT_EQ(hash_of(fetch(2)), hash_of_shared(7));
}

TEST_F(LocalCheckpoint, OnlyWhatIsNewerIsFetched) {
  save(7, 2);
  EXPECT_EQ(fetch(2, 1, CheckpointId{7, 1}).folder, std::nullopt);
  EXPECT_NE(fetch(2, 1, CheckpointId{6, 3}).folder, std::nullopt);
}

TEST_F(LocalCheckpoint, TheNewestTwoStay) {
  LocalTarget target(disks(2), 1, world_);
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  for (const std::int64_t step : {1, 2, 3, 4}) {
    save.start(target, {step, mine(), {}});
    save.finish();
  }
  save.start(target, {5, mine(), {}});  // waits for what the last one removes
  save.finish();
  world_.barrier();
  EXPECT_FALSE(fs::exists(folder_of_node(world_.rank(), 2)));
  EXPECT_TRUE(fs::exists(folder_of_node(world_.rank(), 4)));
  EXPECT_TRUE(fs::exists(folder_of_node(world_.rank(), 5)));
}

TEST_F(LocalCheckpoint, AFullDiskOfOneNodeFailsOnAllAndLeavesNothing) {
  LocalTarget target(disks(2), 1, world_);
  BackgroundSave save(Mode::asynchronous, world_, stream_);
  Thrown thrown;
  {
    const FileSizeLimit limit(world_.rank() == world_.size() - 1 ? 1000 : RLIM_INFINITY);
    save.start(target, {7, mine(), {}});
    thrown = thrown_by([&] { save.finish(); });
  }
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_FALSE(fs::exists(folder_of_node(world_.rank(), 7)));
  save.start(target, {8, mine(), {}});
  EXPECT_NE(save.finish(), std::nullopt);
}

}  // namespace local_checkpoint_test
}  // namespace switchyard
