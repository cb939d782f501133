#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include <nlohmann/json.hpp>

#include "io/files/durable.h"
#include "io/tokens/hub/hub_file.h"
#include "io/tokens/tokenizer.h"
#include "tests/io/scratch.h"
#include "tests/sanitized.h"

namespace switchyard {
namespace hub_tokenizer_test {

using nlohmann::json;
using testing::HasSubstr;
using Ids = std::vector<std::int32_t>;

const std::filesystem::path goldens =
    std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "tests/golden/tokenizers";

std::string read(const std::filesystem::path& path) { return durable::read_file(path, 1 << 24); }

std::unique_ptr<Tokenizer> made(const std::string& text, const std::string& boundary,
                                bool parses_special_tokens = false) {
  return make_hub_tokenizer(hub::serialized({text, "", boundary, parses_special_tokens}));
}

// Files, ids and texts are those of the tokenizers library (tests/long/tokenizers/make_goldens.py).
class EachShape : public testing::TestWithParam<const char*> {
 protected:
  std::string name_ = GetParam();
  std::string file_ = read(goldens / (name_ + ".json"));
  std::string boundary_ = name_ == "llama2" || name_ == "metaspace" ? "<s>" : "<|endoftext|>";
  json examples_ = json::parse(read(goldens / (name_ + "-texts.json")));
};

INSTANTIATE_TEST_SUITE_P(HubTokenizer, EachShape,
                         testing::Values("gpt2", "llama3", "qwen2", "deepseek", "digits", "llama2",
                                         "metaspace"),
                         [](const auto& parameter) { return std::string(parameter.param); });

TEST_P(EachShape, GivesTheIdsAndTextsOfTheLibrary) {
  const auto tokenizer = made(file_, boundary_), parsing = made(file_, boundary_, true);
  for (const json& example : examples_) {
    const auto text = example.at("text").get<std::string>();
    const auto ids = example.at("ids").get<Ids>();
    EXPECT_EQ(tokenizer->encode(text), ids) << text;
    EXPECT_EQ(tokenizer->decode(ids), example.value("decoded", text)) << text;
    if (example.contains("parsed")) {
      EXPECT_EQ(parsing->encode(text), example.at("parsed").get<Ids>()) << text;
    }
  }
}

TEST_P(EachShape, TheBoundaryNeverComesOutOfAText) {
  for (const bool parses : {false, true}) {
    const auto tokenizer = made(file_, boundary_, parses);
    for (const std::int32_t id : tokenizer->encode("a" + boundary_ + "b " + boundary_))
      EXPECT_NE(id, tokenizer->boundary());
  }
}

TEST_P(EachShape, TheStoredFormMakesTheSameTokenizer) {
  const auto tokenizer = made(file_, boundary_);
  const auto again = make_tokenizer(tokenizer->kind(), tokenizer->serialized());
  EXPECT_EQ(again->hash(), tokenizer->hash());
  EXPECT_EQ(again->boundary(), tokenizer->boundary());
  EXPECT_EQ(again->vocabulary(), tokenizer->vocabulary());
  EXPECT_EQ(hub::parse_hub_file(again->serialized()).tokenizer, file_);
}

TEST_P(EachShape, ThreadsGetTheSameIds) {
  const auto tokenizer = made(file_, boundary_);
  const auto text = examples_.dump();
  const Ids expected = tokenizer->encode(text);
  std::vector<Ids> found(4);
  std::vector<std::thread> threads;
  for (Ids& ids : found) threads.emplace_back([&] { ids = tokenizer->encode(text); });
  for (std::thread& thread : threads) thread.join();
  for (const Ids& ids : found) EXPECT_EQ(ids, expected);
}

TEST_P(EachShape, ALongRunComesBack) {
  const auto tokenizer = made(file_, boundary_);
  for (const char* run : {"a", " ", "\n", "\u6F22"}) {
    std::string text = "x";
    while (text.size() < (std::size_t{1} << (sanitized ? 16 : 20))) text += run;
    EXPECT_TRUE(tokenizer->decode(tokenizer->encode(text)) == text) << "a run of " << run;
  }
}

TEST_P(EachShape, BytesThatAreNoUtf8AreReplaced) {
  const auto tokenizer = made(file_, boundary_);
  EXPECT_EQ(tokenizer->encode("a\xFFz"), tokenizer->encode("a\uFFFDz"));
}

// A file with characters a, b, "ab", "<unk>" and "<s>", and what a test puts over it.
json small() {
  return json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [{"id": 1, "content": "<s>", "single_word": false, "lstrip": false,
                      "rstrip": false, "normalized": false, "special": true}],
    "normalizer": null, "pre_tokenizer": null, "post_processor": null,
    "decoder": {"type": "Fuse"},
    "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>",
              "continuing_subword_prefix": null, "end_of_word_suffix": null, "fuse_unk": false,
              "byte_fallback": false, "ignore_merges": false,
              "vocab": {"<unk>": 0, "<s>": 1, "a": 2, "b": 3, "ab": 4, "c": 5},
              "merges": [["a", "b"]]}})");
}

std::unique_ptr<Tokenizer> made_with(const std::string& patch) {
  json file = small();
  file.merge_patch(json::parse(patch));
  return made(file.dump(), "<s>");
}

std::string refusal_of(const std::string& patch) {
  const Thrown thrown = thrown_by([&] { made_with(patch); });
  EXPECT_EQ(thrown.code, Exit::data) << patch;
  return thrown.message;
}

TEST(HubTokenizer, MergesAndMarksWhatItDoesNotKnow) {
  EXPECT_EQ(made_with("{}")->encode("abcz\u00FCba"), (Ids{4, 5, 0, 0, 3, 2}));
  EXPECT_EQ(made_with("{}")->unknown(), 0);
  EXPECT_EQ(made_with(R"({"model": {"fuse_unk": true}})")->encode("azz\u00FCb"), (Ids{2, 0, 3}));
}

TEST(HubTokenizer, FallsBackOnBytesIfAllOfACharacterAreThere) {
  const auto tokenizer =
      made_with(R"({"model": {"byte_fallback": true, "vocab": {"<0xC3>": 6, "<0xBC>": 7}}})");
  EXPECT_EQ(tokenizer->encode("a\u00FC\u00E4"), (Ids{2, 6, 7, 0}));
}

TEST(HubTokenizer, TakesAWholeWordBeforeMergesIfTheFileSaysSo) {
  const char* word = R"({"model": {"ignore_merges": true, "vocab": {"cab": 6}}})";
  EXPECT_EQ(made_with(word)->encode("cab"), Ids{6});
  EXPECT_EQ(made_with(R"({"model": {"vocab": {"cab": 6}}})")->encode("cab"), (Ids{5, 4}));
}

TEST(HubTokenizer, IdsWithoutATokenDecodeToNothing) {
  const auto tokenizer = made_with(R"({"model": {"vocab": {"d": 9}}})");
  EXPECT_EQ(tokenizer->vocabulary(), 10);
  EXPECT_EQ(tokenizer->decode(Ids{2, 7, -1, 99, 9, 1}), "ad");
}

std::string pre_tokenizer(const std::string& behavior, const std::string& inverted) {
  return R"({"pre_tokenizer": {"type": "Split", "pattern": {"String": "b"}, "behavior": ")" +
         behavior + R"(", "invert": )" + inverted + "}}";
}

// "abab": the merge of a and b is there unless a cut parts them.
TEST(HubTokenizer, SplitsAsTheBehaviorSays) {
  EXPECT_EQ(made_with(pre_tokenizer("Isolated", "false"))->encode("abab"), (Ids{2, 3, 2, 3}));
  EXPECT_EQ(made_with(pre_tokenizer("Removed", "false"))->encode("abab"), (Ids{2, 2}));
  EXPECT_EQ(made_with(pre_tokenizer("Removed", "true"))->encode("abab"), (Ids{3, 3}));
  EXPECT_EQ(made_with(pre_tokenizer("MergedWithPrevious", "false"))->encode("abab"), (Ids{4, 4}));
  EXPECT_EQ(made_with(pre_tokenizer("MergedWithNext", "false"))->encode("abab"), (Ids{2, 3, 2, 3}));
  EXPECT_EQ(made_with(pre_tokenizer("Contiguous", "false"))->encode("abbab"), (Ids{2, 3, 3, 2, 3}));
}

TEST(HubTokenizer, KnowsWhetherTheFilePutsATokenFirst) {
  const std::string with = R"({"post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}}})";
  EXPECT_FALSE(made_with("{}")->puts_boundary_first());
  EXPECT_TRUE(made_with(with)->puts_boundary_first());
  const hub::HubFile file{small().dump(), R"({"add_bos_token": true})", "<s>"};
  EXPECT_TRUE(hub::puts_token_first(file));
  json both = small();
  both.merge_patch(json::parse(with));
  EXPECT_FALSE(hub::puts_token_first({both.dump(), R"({"add_bos_token": false})", "<s>"}));
}

TEST(HubTokenizer, RefusesWhatItDoesNotUnderstandByItsPath) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"model": {"type": "Unigram"}})", "model: it is a Unigram"},
      {R"({"model": {"dropout": 0.1}})", "model.dropout"},
      {R"({"model": {"end_of_word_suffix": "</w>"}})", "model.end_of_word_suffix"},
      {R"({"model": {"continuing_subword_prefix": "##"}})", "model.continuing_subword_prefix"},
      {R"({"model": {"unk_token": null}})", "would lose what its vocabulary does not have"},
      {R"({"model": {"unk_token": "<?>"}})", "model.unk_token"},
      {R"({"model": {"speed": 1}})", "model: it has the key 'speed'"},
      {R"({"model": {"vocab": {"d": 2}}})", "have the same id 2"},
      {R"({"model": {"vocab": {"d": -1}}})", "the id of 'd'"},
      {R"({"model": {"vocab": {"d": 16777216}}})", "the id of 'd'"},
      {R"({"model": {"vocab": {"d": 1.5}}})", "the id of 'd'"},
      {R"({"model": {"vocab": []}})", "model.vocab"},
      {R"({"model": {"merges": ["a b c"]}})", "model.merges[0]: it is not two tokens"},
      {R"({"model": {"merges": [["a", "b"], ["a"]]}})", "model.merges[1]: it is not a pair"},
      {R"({"model": {"merges": [["a", "c"]]}})", "the vocabulary does not have 'ac'"},
      {R"({"model": {"merges": [["", "a"]]}})", "one of its tokens is empty"},
      {R"({"normalizer": {"type": "Precompiled"}})", "normalizer: it is a Precompiled"},
      {R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFKC"}]}})",
       "normalizer.normalizers[1]: it is a NFKC"},
      {R"({"pre_tokenizer": {"type": "Whitespace"}})", "pre_tokenizer: it is a Whitespace"},
      {R"({"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "("}, "behavior": "Isolated",
           "invert": false}})",
       "pre_tokenizer.pattern: the regular expression ( does not compile"},
      {R"({"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}})",
       "it has no token for the byte 0x00"},
      {R"({"post_processor": {"type": "BertProcessing"}})",
       "post_processor: it is a BertProcessing"},
      {R"({"decoder": null})", "it has no decoder"},
      {R"({"decoder": {"type": "CTC"}})", "decoder: it is a CTC"},
      {R"({"added_tokens": [{"id": 3, "content": "<s>"}]})",
       "has the id 3 here and 1 in the model"},
      {R"({"added_tokens": [{"id": 3, "content": "x"}]})", "have the same id 3"},
      {R"({"added_tokens": [{"id": 6, "content": "x"}, {"id": 8, "content": "y"}]})",
       "added_tokens[1]: 'y' has the id 8 here, but 7 by its place in the list"},
      {R"({"added_tokens": [{"id": 6, "content": ""}]})", "it has no text"},
      {R"({"extra": 1})", "tokenizer.json: it has the key 'extra'"}};
  for (const auto& [patch, message] : cases) EXPECT_THAT(refusal_of(patch), HasSubstr(message));
}

TEST(HubTokenizer, RefusesWhatIsNoTokenizerJson) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  for (const std::string& text : {std::string(), std::string("{"), std::string("[]"), deep,
                                  std::string(R"({"a": 1, "a": 2})")}) {
    EXPECT_EQ(thrown_by([&] { made(text, "<s>"); }).code, Exit::data) << text;
  }
  EXPECT_EQ(thrown_by([&] { made(small().dump(), "<none>"); }).code, Exit::data);
  EXPECT_EQ(
      thrown_by([] { make_hub_tokenizer("huggingface tokenizer 1\n{\"boundary\": 1}\n{}"); }).code,
      Exit::data);
  EXPECT_EQ(thrown_by([] { make_hub_tokenizer("no line of JSON"); }).code, Exit::data);
}

TEST(HubTokenizer, TheHashIsOfWhatDecidesIds) {
  const std::string hash = made_with("{}")->hash();
  EXPECT_EQ(made_with(R"({"model": {"merges": ["a b"]}, "version": "2"})")->hash(), hash);
  EXPECT_NE(made_with(R"({"model": {"merges": []}})")->hash(), hash);
  EXPECT_NE(made_with(R"({"model": {"fuse_unk": true}})")->hash(), hash);
  EXPECT_NE(made_with(R"({"normalizer": {"type": "NFC"}})")->hash(), hash);
  EXPECT_NE(made(small().dump(), "a")->hash(), hash);
  EXPECT_NE(made(small().dump(), "<s>", true)->hash(), hash);
}

class HubFiles : public testing::Test {
 protected:
  void write(const char* name, const std::string& text) { std::ofstream(scratch_ / name) << text; }
  std::string boundary(const std::string& named = "") {
    return hub::read_hub_file(scratch_ / "tokenizer.json", named, false).boundary;
  }
  Scratch scratch_;
};

TEST_F(HubFiles, SayWhichTokenStartsADocument) {
  json file = small();
  write("tokenizer.json", file.dump());
  const Thrown thrown = thrown_by([&] { boundary(); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_THAT(thrown.message, HasSubstr("--boundary"));
  EXPECT_EQ(boundary("c"), "c");
  write("config.json", R"({"eos_token_id": [3, 4]})");
  EXPECT_EQ(boundary(), "b");
  write("tokenizer_config.json", R"({"bos_token": null, "eos_token": "ab"})");
  EXPECT_EQ(boundary(), "ab");
  file["post_processor"] = {{"type", "TemplateProcessing"},
                            {"single", {{{"SpecialToken", {{"id", "<s>"}, {"type_id", 0}}}}}},
                            {"pair", json::array()},
                            {"special_tokens", json::object()}};
  write("tokenizer.json", file.dump());
  EXPECT_EQ(boundary(), "<s>");
  write("config.json", R"({"bos_token_id": 2})");
  EXPECT_EQ(boundary(), "a");
  write("tokenizer_config.json", R"({"bos_token": {"content": "c"}})");
  EXPECT_EQ(boundary(), "c");
  write("tokenizer_config.json", "[");
  EXPECT_EQ(thrown_by([&] { boundary(); }).code, Exit::data);
}

}  // namespace hub_tokenizer_test
}  // namespace switchyard
