#include "io/folder/manifest.h"

#include "io/files/hash.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace manifest_test {

using nlohmann::json;

Manifest example() {
  const ContentHash hash = content_hash("a");
  const Extent extent{"layer0.up", "f32", {3, 100}, 2048, 1200, 1024, {hash, hash}};
  return {"checkpoint", 0, {{"rank-00000.h5", 4096, hash, {extent}}}, {{"step", 300}}};
}

Thrown parse(const std::string& text) {
  return thrown_by([&] { parse_manifest(text, "checkpoint", 0); });
}

// The example after `change`, with a hash that matches: what a hostile or faulty writer could have
// made.
template <class Change>
Thrown parse_changed(Change change) {
  json document = json::parse(manifest_text(example()));
  change(document);
  document.erase("hash");
  const std::string text = canonical_text(document);
  document["hash"] = content_hash(text).hex();
  return parse(document.dump());
}

Thrown parse_with_file_name(const std::string& name) {
  return parse_changed([&](json& document) { document["files"][0]["name"] = name; });
}

template <class Value>
Thrown parse_with_dataset(const char* key, const Value& value) {
  return parse_changed([&](json& document) { document["files"][0]["datasets"][0][key] = value; });
}

TEST(Manifest, RoundTrip) {
  const Manifest read = parse_manifest(manifest_text(example()), "checkpoint", 0);
  EXPECT_EQ(json_of(read.files), json_of(example().files));
  EXPECT_EQ(read.meta, json({{"step", 300}}));
}

TEST(Manifest, UnchangedExampleIsGood) {
  EXPECT_EQ(parse_changed([](json&) {}).code, Exit::done);
}

TEST(Manifest, NamesThatWouldReachATerminalAreRefusedAndEscaped) {
  const std::string hostile = "a\x1b[31mb";
  for (const Thrown& thrown :
       {parse_with_file_name(hostile), parse_with_dataset("name", hostile),
        parse_with_dataset("dtype", hostile), parse_with_dataset("hashes", json::array({hostile})),
        parse_changed([&](json& document) { document["kind"] = hostile; })}) {
    EXPECT_EQ(thrown.code, Exit::data);
    EXPECT_NE(thrown.message.find("a\\x1b[31mb"), std::string::npos) << thrown.message;
  }
}

TEST(Manifest, MetaCannotTakeTheManifestsOwnKeys) {
  Manifest manifest = example();
  manifest.meta = {{"files", 1}};
  EXPECT_EQ(thrown_by([&] { manifest_text(manifest); }).code, Exit::internal);
}

TEST(Manifest, EveryPrefixIsBadData) {
  const std::string text = manifest_text(example());
  for (std::size_t size = 0; size + 1 < text.size(); ++size) {
    EXPECT_EQ(parse(text.substr(0, size)).code, Exit::data) << size;
  }
}

TEST(Manifest, EveryFlippedBitIsBadData) {
  const std::string text = manifest_text(example());
  for (std::size_t bit = 0; bit + 8 < text.size() * 8; ++bit) {
    std::string damaged = text;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(parse(damaged).code, Exit::data) << bit;
  }
}

TEST(Manifest, DeepNestingIsBadData) {
  const std::size_t depth = 1'000'000;
  const std::string deep = std::string(depth, '[') + std::string(depth, ']');
  EXPECT_EQ(parse("{\"deep\": " + deep + ", \"hash\": \"" + std::string(32, 'a') +
                  "\", \"kind\": \"checkpoint\", \"version\": 0}")
                .code,
            Exit::data);
}

TEST(Manifest, OtherKindIsBadData) {
  EXPECT_EQ(parse_changed([](json& document) { document["kind"] = "dataset"; }).code, Exit::data);
}

TEST(Manifest, NewerVersionIsBadDataAndSaysSo) {
  const Thrown thrown = parse_changed([](json& document) { document["version"] = 1; });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("use a newer Switchyard"), std::string::npos);
}

TEST(Manifest, FileNamesThatLeaveTheFolderAreBadData) {
  for (const std::string name : {"..", "../a", "/etc/passwd", "a/b", ".", "", "manifest.json"}) {
    EXPECT_EQ(parse_with_file_name(name).code, Exit::data) << name;
  }
}

TEST(Manifest, FileNameWithNulIsBadData) {
  EXPECT_EQ(parse_with_file_name(std::string("a\0b", 3)).code, Exit::data);
}

TEST(Manifest, OneFileTwiceIsBadData) {
  const auto repeat = [](json& document) { document["files"].push_back(document["files"][0]); };
  EXPECT_EQ(parse_changed(repeat).code, Exit::data);
}

TEST(Manifest, DatasetOutsideItsFileIsBadData) {
  EXPECT_EQ(parse_with_dataset("offset", 4000).code, Exit::data);
  EXPECT_EQ(parse_with_dataset("offset", std::numeric_limits<std::int64_t>::max()).code,
            Exit::data);
}

TEST(Manifest, NumbersOfTheWrongKindAreBadData) {
  EXPECT_EQ(parse_with_dataset("offset", -1).code, Exit::data);
  EXPECT_EQ(parse_with_dataset("offset", 1.5).code, Exit::data);
  EXPECT_EQ(parse_with_dataset("offset", "2048").code, Exit::data);
  EXPECT_EQ(parse_with_dataset("offset", std::numeric_limits<std::uint64_t>::max()).code,
            Exit::data);
}

TEST(Manifest, ShapeThatDoesNotMakeTheBytesIsBadData) {
  EXPECT_EQ(parse_with_dataset("shape", std::vector{3, 101}).code, Exit::data);
  EXPECT_EQ(parse_with_dataset("shape", std::vector<std::int64_t>{1L << 62, 1L << 62}).code,
            Exit::data);
}

TEST(Manifest, UnknownTypeIsBadData) {
  EXPECT_EQ(parse_with_dataset("dtype", "f33").code, Exit::data);
}

TEST(Manifest, ChunksThatDoNotMatchTheirHashesAreBadData) {
  EXPECT_EQ(parse_with_dataset("chunk_bytes", 0).code, Exit::data);
  EXPECT_EQ(parse_with_dataset("chunk_bytes", 100).code, Exit::data);
  EXPECT_EQ(parse_with_dataset("chunk_bytes", 1L << 40).code, Exit::data);
}

TEST(Manifest, MissingKeyIsBadData) {
  for (const char* key : {"kind", "version", "files"}) {
    EXPECT_EQ(parse_changed([&](json& document) { document.erase(key); }).code, Exit::data) << key;
  }
}

}  // namespace manifest_test
}  // namespace switchyard
