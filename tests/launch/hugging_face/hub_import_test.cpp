#include "launch/hugging_face/hub_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/checkpoint/checkpoint.h"
#include "launch/hugging_face/hub_export.h"
#include "launch/run/checkpoint_meta.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"
#include "tests/io/scratch.h"
#include "tests/launch/hugging_face/families.h"
#include "tests/launch/hugging_face/hub_folder.h"
#include "tests/rank_test.h"

namespace switchyard::hub {
namespace hub_import_test {

using namespace hub_test;
using testing::HasSubstr;
namespace fs = std::filesystem;

class HubImport : public testing::Test {
 protected:
  // Collective.
  fs::path write(const std::string& name, Family family, const Config& config,
                 const FolderOptions& options = {}) {
    on_root(world_, [&] { write_hub_folder(scratch_ / name, family, config, options); });
    return scratch_ / name;
  }
  fs::path import(const fs::path& from, const std::string& name) {
    import_model({.from = from, .folder = scratch_ / name}, world_);
    return scratch_ / name;
  }

  // Every value of the model is the one that the layout says.
  void expect_values(const fs::path& folder, Family family, const Config& config,
                     const FolderOptions& options) {
    const CheckpointReader model = CheckpointReader::open_on_all(folder, world_);
    const Layout layout = layout_of(family, config, options.vocabulary, options.names);
    EXPECT_EQ(model.names().size(), layout.pieces().size());
    for (const Piece& piece : layout.pieces()) {
      std::vector<float> values(static_cast<std::size_t>(piece.elements)), expected;
      model.read_part(piece.ours, 0, values);
      for (std::int64_t i = 0; i < piece.elements; ++i)
        expected.push_back(value_at(layout.tensors()[piece.theirs].name, piece.begin + i));
      EXPECT_EQ(values, expected) << piece.ours;
    }
  }

  Comm& world_ = test_world();
  const SharedScratch scratch_{world_};
};

TEST_F(HubImport, EveryValueArrivesWhereItBelongs) {
  for (const Family family : families()) {
    const std::string name(name_of(family));
    const Config config = of(family);
    FolderOptions mixed{.shard_bytes = 3000, .names = [](int layer) {
                          return layer == 0 ? ExpertNames::fused : ExpertNames::original;
                        }};
    expect_values(import(write(name, family, config, mixed), name + "-mixed"), family, config,
                  mixed);
  }
}

TEST_F(HubImport, NarrowValuesAreWidened) {
  for (const char* dtype : {"BF16", "F16"}) {
    const FolderOptions options{.dtype = dtype};
    const Config config = of(Family::dots1);
    const fs::path from = write(dtype, Family::dots1, config, options);
    expect_values(import(from, std::string(dtype) + "-model"), Family::dots1, config, options);
  }
}

TEST_F(HubImport, ExportGivesTheSameFilesBack) {
  for (const Family family : families()) {
    const std::string name(name_of(family));
    const fs::path from = write(name, family, of(family)), back = scratch_ / (name + "-back");
    export_model({.from = import(from, name + "-model"), .folder = back}, world_);
    for (const char* file : {single_name, "config.json", "tokenizer.json"})
      EXPECT_EQ(contents_of(from / file), contents_of(back / file)) << name << " " << file;
  }
}

TEST_F(HubImport, AModelThatWasExportedHasTheSameHash) {
  const fs::path model = import(write("hub", Family::mixtral, of(Family::mixtral)), "model");
  export_model({.from = model,
                .folder = scratch_ / "fused",
                .format = {.names = ExpertNames::fused, .shard_bytes = 2000}},
               world_);
  const fs::path again = import(scratch_ / "fused", "again");
  EXPECT_EQ(CheckpointReader::open_on_all(again, world_).hash(),
            CheckpointReader::open_on_all(model, world_).hash());
}

TEST_F(HubImport, TheModelSaysWhereItComesFrom) {
  const fs::path from = write("hub", Family::qwen3_moe, of(Family::qwen3_moe));
  const CheckpointReader model = CheckpointReader::open_on_all(import(from, "model"), world_);
  const nlohmann::json& lineage = model.meta().at("lineage");
  EXPECT_EQ(lineage.at("family"), "qwen3_moe");
  EXPECT_EQ(lineage.at("folder"), from.string());
  EXPECT_EQ(lineage.at("eos_token_id"), (std::vector<int>{256, 7}));
  EXPECT_EQ(tokenizer_of(model)->kind(), "bytes");
  EXPECT_EQ(config_of(model).model.dense_layers, (std::vector<std::int64_t>{1}));
}

TEST_F(HubImport, ErrorsAreThoseOfAllRanks) {
  const fs::path from = write("hub", Family::mixtral, of(Family::mixtral));
  const auto failure = [&](const fs::path& folder, const char* output) {
    const Thrown thrown = thrown_by([&] { import(folder, output); });
    EXPECT_TRUE(thrown.agreed);
    EXPECT_FALSE(fs::exists(scratch_ / output / "manifest.json"));
    return thrown;
  };
  EXPECT_EQ(failure(scratch_ / "nothing", "model").code, Exit::data);
  on_root(world_, [&] {
    fs::create_directories(scratch_ / "notes");
    write_text(scratch_ / "notes" / "mine.txt", "mine");
  });
  const Thrown used = failure(from, "notes");
  EXPECT_EQ(used.code, Exit::usage);
  EXPECT_THAT(used.message, HasSubstr("exists already"));
  EXPECT_EQ(contents_of(scratch_ / "notes" / "mine.txt"), "mine");
  Config odd = of(Family::mixtral);
  odd.model.num_kv_heads = 3;
  EXPECT_THAT(failure(write("odd", Family::mixtral, odd), "model").message,
              HasSubstr("config.json: model.num_kv_heads = 3 does not divide"));
  on_root(world_, [&] { fs::remove(from / "tokenizer.json"); });
  EXPECT_THAT(failure(from, "model").message, HasSubstr("name one with --tokenizer"));
  import_model({.from = from, .folder = scratch_ / "model", .tokenizer = "bytes"}, world_);
}

}  // namespace hub_import_test
}  // namespace switchyard::hub
