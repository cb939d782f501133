// Checkpoints that released versions wrote (tests/golden, one for each format version) stay
// readable.
#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/folder/committed_folder.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace golden_checkpoint_test {

namespace fs = std::filesystem;

const fs::path golden = fs::path(SWITCHYARD_SOURCE_DIR) / "tests" / "golden";

TEST(GoldenCheckpoint, Version1HoldsWhatWasSaved) {
  const CheckpointReader checkpoint(golden / "checkpoint-1");
  checkpoint.verify();
  EXPECT_EQ(checkpoint.hash(), "01e28a14cddb5d75de49e1ff1202237e");
  EXPECT_EQ(checkpoint.step(), 3);
  EXPECT_EQ(checkpoint.num_ranks(), 2);
  EXPECT_EQ(checkpoint.shape("second_moment/layer1.expert1.up"), Shape({8, 8}));
  EXPECT_EQ(checkpoint.meta().at("tokenizer").at("kind"), "bytes");
}

TEST(GoldenCheckpoint, Version2HoldsWhatWasSaved) {
  const CheckpointReader checkpoint(golden / "checkpoint-2");
  checkpoint.verify();
  EXPECT_EQ(checkpoint.step(), 3);
  EXPECT_EQ(checkpoint.num_ranks(), 1);
  EXPECT_EQ(checkpoint.meta().at("tokenizer").at("kind"), "sentencepiece");
  EXPECT_EQ(checkpoint.read_file("tokenizer-c9743eaf.model").size(), 4926U);
}

TEST(GoldenCheckpoint, BothVersionsOfOneRunHaveOneHash) {
  const CheckpointReader old(golden / "checkpoint-1-sentencepiece"), now(golden / "checkpoint-2");
  EXPECT_EQ(old.hash(), "86f6e0e8aff78e36eef9e9bbad61c10a");
  EXPECT_EQ(now.hash(), old.hash());
}

TEST(GoldenCheckpoint, ANewerVersionIsRefusedByName) {
  const Scratch scratch;
  const fs::path newer = scratch / "newer";
  copy_checkpoint(golden / "checkpoint-1", newer);
  Manifest manifest = open_folder(newer, checkpoint_kind, checkpoint_version);
  manifest.version = checkpoint_version + 1;
  recommit_folder(newer, manifest);
  const Thrown thrown = thrown_by([&] { CheckpointReader{newer}; });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("use a newer Switchyard"), std::string::npos) << thrown.message;
}

TEST(GoldenCheckpoint, ACopyIsTheSame) {
  for (const char* name : {"checkpoint-1", "checkpoint-2"}) {
    const Scratch scratch;
    copy_checkpoint(golden / name, scratch / "copy");
    for (const auto& entry : fs::directory_iterator(golden / name)) {
      EXPECT_EQ(contents_of(scratch / "copy" / entry.path().filename()), contents_of(entry.path()));
    }
  }
}

TEST(GoldenCheckpoint, ADamagedOneIsNotCopied) {
  const Scratch scratch;
  copy_checkpoint(golden / "checkpoint-1", scratch / "damaged");
  flip_bit(scratch / "damaged" / rank_file_name(1), 30'000);
  const Thrown thrown = thrown_by([&] { copy_checkpoint(scratch / "damaged", scratch / "copy"); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_FALSE(fs::exists(scratch / "copy"));
}

}  // namespace golden_checkpoint_test
}  // namespace switchyard
