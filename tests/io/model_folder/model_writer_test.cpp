#include "io/model_folder/model_writer.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "io/checkpoint/checkpoint.h"
#include "io/folder/committed_folder.h"
#include "runtime/rounding.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace model_writer_test {

namespace fs = std::filesystem;

const std::string tokenizer_name = "tokenizer-1.model";

float value_of(std::size_t tensor, std::int64_t element) {
  return static_cast<float>(tensor) + static_cast<float>(element) / 7;
}

class ModelFolder : public testing::Test {
 protected:
  static std::vector<ModelTensor> tensors() {
    return {{"value/layer0.up", {5, 3}},
            {"value/large", {700, 1000}},  // three chunks
            {"value/narrow", {300, 500}, DType::bf16},
            {"value/empty", {0, 4}},
            {"gate/layer0.bias", {8}}};
  }
  static ModelDescription description() {
    return {{{"config", "x"}}, 300, {{tokenizer_name, "words"}}};
  }
  ModelWriter begin() { return {folder_, tensors(), description(), world_}; }

  static void write(ModelWriter& writer, std::size_t tensor, std::int64_t at_once) {
    const std::int64_t size = writer.tensors()[tensor].shape.size();
    for (std::int64_t done = 0; done < size; done += at_once) {
      std::vector<float> values(static_cast<std::size_t>(std::min(at_once, size - done)));
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] = value_of(tensor, done + static_cast<std::int64_t>(i));
      writer.append(tensor, values);
    }
  }
  void write_model(std::int64_t at_once = 100'000) {
    ModelWriter writer(folder_, tensors(), description(), world_);
    for (const std::size_t tensor : writer.mine()) write(writer, tensor, at_once);
    writer.commit();
  }
  // On rank 0.
  void leave(const std::string& name) {
    if (world_.rank() == 0) {
      fs::create_directories(folder_);
      put_contents(folder_ / name, "half");
    }
    world_.barrier();
  }

  Comm& world_ = test_world();
  SharedScratch scratch_{world_};
  fs::path folder_ = scratch_ / "models/one";
};

TEST_F(ModelFolder, HoldsEveryValueOfEveryTensor) {
  write_model();
  const CheckpointReader reader(folder_);
  EXPECT_TRUE(reader.is_model());
  EXPECT_EQ(reader.known_step(), 300);
  EXPECT_EQ(reader.names().size(), 5U);
  for (std::size_t i = 0; i < tensors().size(); ++i) {
    const ModelTensor tensor = tensors()[i];
    const Buffer read(tensor.shape, DType::f32);  // what is narrow is widened
    reader.read(tensor.name, read);
    const float* values = read.tensor().as<float>();
    std::int64_t wrong = 0;
    for (std::int64_t at = 0; at < tensor.shape.size(); ++at) {
      const float value = value_of(i, at);
      wrong += values[at] != (tensor.dtype == DType::f32 ? value : value_of_bf16(bf16_of(value)));
    }
    EXPECT_EQ(wrong, 0) << tensor.name;
  }
  EXPECT_EQ(reader.read_file(tokenizer_name), "words");
  EXPECT_FALSE(verify_checkpoint(folder_));
}

TEST_F(ModelFolder, HashDoesNotDependOnRanksOrPieces) {
  write_model(100'000);
  const std::string hash = CheckpointReader(folder_).hash();
  EXPECT_EQ(hash, "ac34a35a64b09254e066148ef13d732d");
  world_.barrier();
  folder_ = scratch_ / "models/two";
  write_model(777);
  EXPECT_EQ(CheckpointReader(folder_).hash(), hash);
}

TEST_F(ModelFolder, APartOfANarrowTensorIsWidened) {
  write_model();
  std::vector<float> values(70'000);
  CheckpointReader(folder_).read_part("value/narrow", 77, values);
  EXPECT_EQ(values.front(), value_of_bf16(bf16_of(value_of(2, 77))));
  EXPECT_EQ(values.back(), value_of_bf16(bf16_of(value_of(2, 77 + 69'999))));
}

TEST_F(ModelFolder, DamageIsFound) {
  write_model();
  if (world_.rank() == 0) {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const float probe = value_of(1, 123'456);
      const std::string bytes(reinterpret_cast<const char*>(&probe), sizeof probe);
      const auto at = contents_of(entry.path()).find(bytes);
      if (at != std::string::npos && entry.path().extension() == ".h5")
        flip_bit(entry.path(), static_cast<std::int64_t>(at));
    }
    EXPECT_NE(verify_checkpoint(folder_).value_or("").find("does not match its hash"),
              std::string::npos);
  }
  world_.barrier();
}

TEST_F(ModelFolder, NothingExistsBeforeTheCommit) {
  {
    ModelWriter writer(folder_, tensors(), description(), world_);
    for (const std::size_t tensor : writer.mine()) write(writer, tensor, 1000);
    EXPECT_FALSE(is_committed(folder_));
    world_.barrier();
  }
  world_.barrier();
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(ModelFolder, ReplacesWhatAKilledWriterLeft) {
  leave("rank-00007.h5");
  leave(tokenizer_name);
  leave("manifest.json.tmp");
  write_model();
  EXPECT_FALSE(verify_checkpoint(folder_));
  EXPECT_FALSE(fs::exists(folder_ / "rank-00007.h5"));
}

TEST_F(ModelFolder, RefusesAFolderWithAnythingElse) {
  leave("notes.txt");
  const Thrown thrown = thrown_by([&] { begin(); });
  EXPECT_EQ(thrown.code, Exit::usage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_NE(thrown.message.find("holds notes.txt: name a folder that does not exist"),
            std::string::npos)
      << thrown.message;
}

TEST_F(ModelFolder, RefusesAWholeModel) {
  write_model();
  world_.barrier();
  EXPECT_EQ(thrown_by([&] { begin(); }).code, Exit::usage);
  EXPECT_FALSE(verify_checkpoint(folder_));
}

TEST_F(ModelFolder, RefusesTheNameOfACheckpoint) {
  folder_ = scratch_ / "step-00000300-a0001";
  EXPECT_EQ(thrown_by([&] { begin(); }).code, Exit::usage);
}

TEST_F(ModelFolder, ATensorThatIsNotWholeIsNamed) {
  ModelWriter writer(folder_, {{"value/a", {4}}}, {}, world_);
  if (!writer.mine().empty()) writer.append(0, std::vector<float>(3));
  const Thrown thrown = thrown_by([&] { writer.commit(); });
  EXPECT_TRUE(thrown.agreed);
  EXPECT_NE(thrown.message.find("'value/a' has 16 bytes, and 12 were written"), std::string::npos)
      << thrown.message;
  EXPECT_FALSE(is_committed(folder_));
}

TEST_F(ModelFolder, ATensorOfNoOneIsNamed) {
  ModelWriter writer(folder_, {{"value/a", {4}}}, {}, world_);
  const Thrown thrown = thrown_by([&] { writer.commit(); });
  EXPECT_NE(thrown.message.find("'value/a' was not written"), std::string::npos) << thrown.message;
}

// A writer that is killed when it has written most of 24 tensors, each in a file.
class KilledWriter : public ModelFolder {
 protected:
  KilledWriter() {
    for (int i = 0; i < 24; ++i) many_.push_back({"value/t" + std::to_string(i), {1000}});
  }
  ModelDescription work(const std::string& text) const {
    ModelDescription what = description();
    what.work = text;
    what.file_bytes = 1;
    return what;
  }
  static std::int64_t count(const fs::path& folder, const std::string& ending) {
    return std::ranges::count_if(fs::directory_iterator(folder), [&](const auto& entry) {
      return entry.path().string().ends_with(ending);
    });
  }
  void write_all(ModelWriter& writer) {
    for (const std::size_t tensor : writer.mine()) write(writer, tensor, 300);
  }
  // Leaves in `folder_` what a killed writer would.
  void kill() {
    const fs::path killed = scratch_ / "killed";
    {
      ModelWriter writer(folder_, many_, work("a"), world_);
      write_all(writer);
      while (count(folder_, ".done") < std::ssize(many_) - world_.size())
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
      world_.barrier();
      if (world_.rank() == 0) fs::copy(folder_, killed);
      world_.barrier();
    }
    folder_ = killed;
  }

  std::vector<ModelTensor> many_;
};

TEST_F(KilledWriter, TheSameWorkGoesOnFromWhatItFinished) {
  kill();
  ModelWriter writer(folder_, many_, work("a"), world_);
  EXPECT_EQ(writer.num_kept(), std::ssize(many_) - world_.size());
  write_all(writer);
  writer.commit();
  const CheckpointReader model(folder_);
  EXPECT_EQ(model.names().size(), many_.size());
  EXPECT_EQ(model.num_ranks(), world_.size());
  std::vector<float> values(1000);
  for (std::size_t i = 0; i < many_.size(); ++i) {
    model.read_part(many_[i].name, 0, values);
    EXPECT_EQ(values[999], value_of(i, 999));
  }
  EXPECT_FALSE(verify_checkpoint(folder_));
  world_.barrier();
  EXPECT_EQ(count(folder_, ".done"), 0);
}

TEST_F(KilledWriter, AnotherWorkBeginsAnew) {
  kill();
  ModelWriter writer(folder_, many_, work("b"), world_);
  EXPECT_EQ(writer.num_kept(), 0);
  world_.barrier();
}

TEST_F(KilledWriter, DamageInAFinishedFileIsFound) {
  kill();
  if (world_.rank() == 0) {
    for (const auto& entry : fs::directory_iterator(folder_)) {
      const std::string name = entry.path().string();
      if (!name.ends_with(".done")) continue;
      const fs::path file = name.substr(0, name.size() - 5);
      flip_bit(file, static_cast<std::int64_t>(fs::file_size(file)) - 2000);
      break;
    }
  }
  world_.barrier();
  ModelWriter writer(folder_, many_, work("a"), world_);
  EXPECT_EQ(writer.num_kept(), 0);
  world_.barrier();
}

}  // namespace model_writer_test
}  // namespace switchyard
