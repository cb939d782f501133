#include "launch/hugging_face/hub_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/error.h"
#include "tests/io/scratch.h"
#include "tests/launch/hugging_face/families.h"
#include "tests/launch/hugging_face/hub_folder.h"

namespace switchyard::hub {
namespace hub_match_test {

using namespace hub_test;
using testing::AllOf;
using testing::HasSubstr;
namespace fs = std::filesystem;

constexpr std::int64_t vocabulary = 257;

class HubMatch : public testing::Test {
 protected:
  // The tensors of the family's small model.
  static std::vector<SafeTensor> tensors_of(Family family,
                                            ExpertNames names = ExpertNames::original) {
    std::vector<SafeTensor> tensors;
    const Layout layout = layout_of(family, of(family), vocabulary, names);
    for (const Tensor& tensor : layout.tensors())
      tensors.push_back({tensor.name, "F32", tensor.shape});
    return tensors;
  }

  // What is wrong with a folder of these tensors; empty: nothing.
  std::string problem(Family family, const std::vector<SafeTensor>& tensors) {
    write_weights(scratch_ / single_name, tensors);
    return problem(family);
  }
  std::string problem(Family family) {
    const Thrown thrown = thrown_by([&] {
      const Config config = of(family);
      HubWeights weights(scratch_.path());
      require_match(weights, layout_in(weights, family, config, vocabulary),
                    config.model.tie_embeddings);
      if (config.model.tie_embeddings) require_same_head(weights);
    });
    EXPECT_TRUE(thrown.code == Exit::done || thrown.code == Exit::data) << thrown.message;
    return thrown.message;
  }

  const Scratch scratch_;
};

TEST_F(HubMatch, EachTensorThatIsMissingOrRenamedOrTurnedIsNamed) {
  for (const Family family : families()) {
    const std::vector<SafeTensor> all = tensors_of(family);
    EXPECT_EQ(problem(family, all), "") << name_of(family);
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::vector<SafeTensor> less = all, renamed = all, turned = all;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_THAT(problem(family, less), HasSubstr("lack 1 of its ")) << all[i].name;
      EXPECT_THAT(problem(family, less), HasSubstr(": " + all[i].name)) << all[i].name;
      renamed[i].name += "s";
      EXPECT_THAT(problem(family, renamed),
                  AllOf(HasSubstr("lack 1 of its "), HasSubstr(": " + all[i].name + ";"),
                        HasSubstr("does not have: " + all[i].name + "s")));
      std::vector<std::int64_t>& shape = turned[i].shape;
      shape.size() == 2 && shape[0] != shape[1] ? std::swap(shape[0], shape[1])
                                                : shape.push_back(1);
      EXPECT_THAT(problem(family, turned), HasSubstr(all[i].name + " has the shape ["));
    }
  }
}

TEST_F(HubMatch, EachStackIsNamed) {
  for (const Family family : {Family::mixtral, Family::qwen2_moe}) {
    const std::vector<SafeTensor> all = tensors_of(family, ExpertNames::fused);
    EXPECT_EQ(problem(family, all), "");
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::vector<SafeTensor> less = all;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
      EXPECT_THAT(problem(family, less), HasSubstr("lack 1 of its "));
      EXPECT_THAT(problem(family, less), HasSubstr(": " + all[i].name));
    }
  }
}

TEST_F(HubMatch, ExpertsUnderBothNamesAreTooMany) {
  std::vector<SafeTensor> all = tensors_of(Family::qwen3_moe);
  const std::string stem = "model.layers.0.mlp.experts.";
  all.push_back({stem + "gate_up_proj", "F32", {4, 16, 16}});
  all.push_back({stem + "down_proj", "F32", {4, 16, 8}});
  EXPECT_THAT(problem(Family::qwen3_moe, all),
              HasSubstr("hold 12 that it does not have: " + stem + "0.down_proj.weight"));
}

TEST_F(HubMatch, WhatEarlyFilesHoldMakesNoDifference) {
  std::vector<SafeTensor> all = tensors_of(Family::llama);
  all.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", "F32", {4}});
  EXPECT_EQ(problem(Family::llama, all), "");
}

TEST_F(HubMatch, ATiedHeadIsTheEmbedding) {
  std::vector<SafeTensor> all = tensors_of(Family::llama);
  all.push_back({"lm_head.weight", "F32", {vocabulary, 16}});
  write_weights(scratch_ / single_name, all);
  EXPECT_THAT(problem(Family::llama), HasSubstr("lm_head.weight differs from model.embed_tokens"));
  const std::vector<SafeTensor> placed = read_safetensors_header(scratch_ / single_name);
  std::string file = contents_of(scratch_ / single_name);
  const auto find = [&](const std::string& name) {
    return *std::find_if(placed.begin(), placed.end(),
                         [&](const SafeTensor& tensor) { return tensor.name == name; });
  };
  const SafeTensor head = find("lm_head.weight"), embedding = find("model.embed_tokens.weight");
  file.replace(static_cast<std::size_t>(head.begin), static_cast<std::size_t>(head.bytes), file,
               static_cast<std::size_t>(embedding.begin), static_cast<std::size_t>(head.bytes));
  write_text(scratch_ / single_name, file);
  EXPECT_EQ(problem(Family::llama), "");
  all.back().shape = {vocabulary, 8};
  EXPECT_THAT(problem(Family::llama, all), HasSubstr("another shape or dtype"));
  all = tensors_of(Family::dots1);  // its head is separate
  std::erase_if(all, [](const SafeTensor& tensor) { return tensor.name == "lm_head.weight"; });
  EXPECT_THAT(problem(Family::dots1, all), HasSubstr(": lm_head.weight"));
}

TEST_F(HubMatch, OtherDtypesAreNamed) {
  std::vector<SafeTensor> all = tensors_of(Family::llama);
  all[3].dtype = "F64";
  std::ofstream file(scratch_ / single_name, std::ios::binary);
  file << safetensors_header(all);
  for (const SafeTensor& tensor : all)
    file << std::string(static_cast<std::size_t>(tensor.bytes), 0);
  file.close();
  EXPECT_THAT(problem(Family::llama), HasSubstr(all[3].name + " has the dtype F64"));
}

TEST_F(HubMatch, TheIndexAndTheFilesAgree) {
  const Family family = Family::mixtral;
  write_hub_folder(scratch_.path(), family, of(family), {.shard_bytes = 4000});
  EXPECT_EQ(problem(family), "");
  const std::string text = contents_of(scratch_ / index_name);
  const auto index = nlohmann::ordered_json::parse(text);
  const std::string tensor = "model.norm.weight", last = index["weight_map"][tensor];

  auto changed = index;
  changed["weight_map"].erase(tensor);
  write_text(scratch_ / index_name, changed.dump());
  EXPECT_THAT(problem(family), HasSubstr("holds the tensor " + tensor + ", which is not in"));
  changed = index;
  changed["weight_map"]["extra"] = last;
  write_text(scratch_ / index_name, changed.dump());
  EXPECT_THAT(problem(family), HasSubstr("lacks the tensor extra"));
  changed = index;
  changed["weight_map"][tensor] = index["weight_map"]["model.embed_tokens.weight"];
  write_text(scratch_ / index_name, changed.dump());
  EXPECT_THAT(problem(family),
              HasSubstr("holds the tensor " + tensor + ", which the index places"));
  for (const char* outside : {"../x.safetensors", "/x.safetensors", "notes.txt"}) {
    changed["weight_map"][tensor] = outside;
    write_text(scratch_ / index_name, changed.dump());
    EXPECT_THAT(problem(family), HasSubstr("not a safetensors file of this folder"));
  }
  std::string twice = text;
  twice.replace(twice.find("\"weight_map\": {") + 15, 0, "\"" + tensor + "\": \"" + last + "\",");
  write_text(scratch_ / index_name, twice);
  EXPECT_THAT(problem(family), HasSubstr("names " + tensor + " twice"));

  write_text(scratch_ / index_name, text);
  write_text(scratch_ / single_name, "");
  EXPECT_THAT(problem(family), HasSubstr("has both"));
  fs::remove(scratch_ / single_name);
  fs::remove(scratch_ / last);
  EXPECT_THAT(problem(family), HasSubstr("lacks the file " + last));
  fs::remove(scratch_ / index_name);
  EXPECT_THAT(problem(family), HasSubstr("has neither"));
  write_text(scratch_ / "pytorch_model.bin", "");
  EXPECT_THAT(problem(family), HasSubstr("a format that can run code"));
}

TEST_F(HubMatch, AFileThatIsCutIsNamed) {
  write_weights(scratch_ / single_name, tensors_of(Family::llama));
  const auto bytes = fs::file_size(scratch_ / single_name);
  for (const std::uintmax_t left : {bytes - 1, bytes / 2, std::uintmax_t{100}, std::uintmax_t{3}}) {
    fs::resize_file(scratch_ / single_name, left);
    EXPECT_THAT(problem(Family::llama), HasSubstr(single_name));
  }
}

}  // namespace hub_match_test
}  // namespace switchyard::hub
