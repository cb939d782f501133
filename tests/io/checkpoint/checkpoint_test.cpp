#include "io/checkpoint/checkpoint.h"

#include <cstring>
#include <map>

#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace checkpoint_test {

namespace fs = std::filesystem;

// The tensors of a small model, equal on every rank.
class Model {
 public:
  Model() {
    for (int i = 0; i < 12; ++i) add(fmt::format("value/layer{}.up", i), {3 + i, 5});
    for (int i = 0; i < 12; ++i) add(fmt::format("first_moment/layer{}.up", i), {3 + i, 5});
    add("large", {600, 1000});  // more than two chunks
    add("empty", {0, 4});
    add("single", {});
  }

  Tensor operator[](const std::string& name) const { return tensors_.at(name); }
  std::vector<NamedTensor> all() const { return share(0, 1); }
  // What rank `rank` of `size` owns.
  std::vector<NamedTensor> share(int rank, int size) const {
    std::vector<NamedTensor> mine;
    int index = 0;
    for (const auto& [name, buffer] : tensors_) {
      if (index++ % size == rank) mine.push_back({name, buffer});
    }
    return mine;
  }

 private:
  void add(const std::string& name, Shape shape) {
    Buffer buffer(shape, DType::f32);
    auto* values = buffer.tensor().as<float>();
    const auto seed = static_cast<float>(tensors_.size());
    for (std::int64_t i = 0; i < shape.size(); ++i) values[i] = seed + static_cast<float>(i) / 7;
    tensors_.emplace(name, std::move(buffer));
  }

  std::map<std::string, Buffer> tensors_;
};

void expect_equal(Tensor a, Tensor b) {
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_TRUE(a.bytes() == 0 ||
              std::memcmp(a.data, b.data, static_cast<std::size_t>(a.bytes())) == 0);
}

class Checkpoint : public testing::Test {
 protected:
  fs::path save(std::int64_t step, const std::vector<NamedTensor>& mine) {
    return save_checkpoint(scratch_.path(), step, 1, mine, {{"rate", 0.1}}, world_, stream_);
  }
  std::vector<NamedTensor> my_share() const { return model_.share(world_.rank(), world_.size()); }

  void expect_holds_model(const fs::path& folder) const {
    const CheckpointReader checkpoint(folder);
    EXPECT_EQ(checkpoint.names().size(), model_.all().size());
    for (const auto& [name, tensor] : model_.all()) {
      Buffer read(tensor.shape, tensor.dtype);
      checkpoint.read(name, read);
      expect_equal(read, tensor);
    }
  }

  // Collective. Within the tensor "large", beyond its first chunk.
  void damage(const fs::path& folder) const {
    const std::string large(reinterpret_cast<const char*>(model_["large"].data), 4096);
    if (world_.rank() == 0) {
      for (const auto& entry : fs::directory_iterator(folder)) {
        const auto at = contents_of(entry.path()).find(large);
        if (at != std::string::npos)
          flip_bit(entry.path(), static_cast<std::int64_t>(at) + 2'000'000);
      }
    }
    world_.barrier();
  }

  Comm& world_ = test_world();
  Stream stream_ = Stream::cpu(1);
  SharedScratch scratch_{world_};
  Model model_;
};

TEST_F(Checkpoint, EveryRankReadsWhatAllRanksWrote) {
  const fs::path folder = save(300, my_share());
  EXPECT_EQ(folder, scratch_ / "checkpoints" / "step-00000300-a0001");
  expect_holds_model(folder);
}

TEST_F(Checkpoint, AllRanksReadWhatOneRankWrote) {
  const auto alone = make_single_comm();
  const Scratch mine;
  expect_holds_model(save_checkpoint(mine.path(), 1, 1, model_.all(), {}, *alone, stream_));
}

TEST_F(Checkpoint, KeepsStepAndMeta) {
  const CheckpointReader checkpoint(save(300, my_share()));
  EXPECT_EQ(checkpoint.step(), 300);
  EXPECT_EQ(checkpoint.meta(), nlohmann::json({{"rate", 0.1}}));
}

TEST_F(Checkpoint, HashDoesNotDependOnTheLayout) {
  const auto alone = make_single_comm();
  const Scratch mine;
  const auto one_rank = save_checkpoint(mine.path(), 1, 1, model_.all(), {}, *alone, stream_);
  EXPECT_EQ(CheckpointReader(save(300, my_share())).hash(), CheckpointReader(one_rank).hash());
}

TEST_F(Checkpoint, HashDependsOnEveryValue) {
  const std::string before = CheckpointReader(save(300, my_share())).hash();
  model_["value/layer3.up"].as<float>()[14] += 1.0F;
  EXPECT_NE(CheckpointReader(save(301, my_share())).hash(), before);
}

TEST_F(Checkpoint, HashDependsOnNames) {
  auto mine = my_share();
  const std::string before = CheckpointReader(save(300, mine)).hash();
  for (NamedTensor& named : mine) named.name += "x";
  EXPECT_NE(CheckpointReader(save(301, mine)).hash(), before);
}

TEST_F(Checkpoint, FlippedBitInATensorIsFound) {
  const fs::path folder = save(300, my_share());
  damage(folder);
  Buffer read(model_["large"].shape, DType::f32);
  const Thrown thrown = thrown_by([&] { CheckpointReader(folder).read("large", read); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("chunk 1 of 'large'"), std::string::npos) << thrown.message;
  EXPECT_TRUE(verify_checkpoint(folder));
}

TEST_F(Checkpoint, OneShareOfTheVerificationFindsAFlippedBit) {
  const fs::path folder = save(300, my_share());
  damage(folder);
  const CheckpointReader checkpoint(folder);
  for (const int parts : {1, 2, 5}) {
    int found = 0;
    for (int part = 0; part < parts; ++part)
      found += thrown_by([&] { checkpoint.verify_share(part, parts); }).code == Exit::data ? 1 : 0;
    EXPECT_EQ(found, 1) << parts << " shares";
  }
}

TEST_F(Checkpoint, AllRanksFindTheNewestGoodOneTogether) {
  const fs::path good = save(300, my_share());
  damage(save(301, my_share()));
  const Found found = newest_good_checkpoint(scratch_.path(), world_);
  EXPECT_EQ(found.folder, good);
  ASSERT_EQ(found.skipped.size(), 1U);
  EXPECT_NE(found.skipped[0].find("chunk 1 of 'large'"), std::string::npos) << found.skipped[0];
}

TEST_F(Checkpoint, FileOfAnotherCheckpointIsFound) {
  const fs::path folder = save(300, my_share());
  for (const NamedTensor& named : model_.all()) {
    if (named.tensor.size() > 0) named.tensor.as<float>()[0] += 1.0F;
  }
  const fs::path other = save(301, my_share());
  if (world_.rank() == 0) {
    const auto replace = fs::copy_options::overwrite_existing;
    fs::copy_file(other / "rank-00000.h5", folder / "rank-00000.h5", replace);
  }
  world_.barrier();
  EXPECT_TRUE(verify_checkpoint(folder));
}

TEST_F(Checkpoint, MissingTensorIsBadData) {
  const CheckpointReader checkpoint(save(300, my_share()));
  Buffer read({3, 5}, DType::f32);
  EXPECT_EQ(thrown_by([&] { checkpoint.read("value/layer99.up", read); }).code, Exit::data);
}

TEST_F(Checkpoint, OtherShapeOrTypeIsBadData) {
  const CheckpointReader checkpoint(save(300, my_share()));
  Buffer transposed({5, 3}, DType::f32);
  Buffer integers({3, 5}, DType::i32);
  EXPECT_EQ(thrown_by([&] { checkpoint.read("value/layer0.up", transposed); }).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { checkpoint.read("value/layer0.up", integers); }).code, Exit::data);
}

TEST_F(Checkpoint, OneTensorOfTwoOwnersIsRefusedOnAllRanks) {
  const auto& large = model_["large"];
  const Thrown thrown = thrown_by([&] { save(300, {{"a", large}, {"a", large}}); });
  EXPECT_EQ(thrown.code, Exit::internal);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_TRUE(find_checkpoints(scratch_.path()).empty());
}

TEST_F(Checkpoint, IsNeverWrittenOver) {
  const fs::path folder = save(300, my_share());
  EXPECT_EQ(thrown_by([&] { save(300, my_share()); }).code, Exit::data);
  expect_holds_model(folder);
}

TEST_F(Checkpoint, LeftoverOfAFailedSaveIsReplaced) {
  const fs::path folder = scratch_ / "checkpoints" / "step-00000300-a0001";
  if (world_.rank() == 0) {
    fs::create_directories(folder);
    put_contents(folder / "rank-00000.h5", "torn");
  }
  save(300, my_share());
  expect_holds_model(folder);
}

TEST_F(Checkpoint, FullDiskOnOneRankLeavesNothingOnAnyRank) {
  const fs::path before = save(300, my_share());
  Thrown thrown;
  {
    const bool last = world_.rank() == world_.size() - 1;
    const FileSizeLimit limit(last ? 1000 : RLIM_INFINITY);
    thrown = thrown_by([&] { save(400, my_share()); });
  }
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_NE(thrown.message.find("step-00000400-a0001/rank-"), std::string::npos) << thrown.message;
  EXPECT_FALSE(fs::exists(scratch_ / "checkpoints" / "step-00000400-a0001"));
  expect_holds_model(before);
}

}  // namespace checkpoint_test
}  // namespace switchyard
