#include "io/prepare/account/export.h"

#include "io/prepare/input/byte_source.h"
#include "tests/io/prepare/store/documents_layer.h"

namespace switchyard::prepare {
namespace export_test {

using nlohmann::json;

std::vector<json> lines_of(const std::string& text) {
  std::vector<json> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  return lines;
}

std::string unpacked(const std::filesystem::path& file) {
  const auto source = decompress(open_file(file), compression_of(file));
  std::string text, block(1 << 16, '\0');
  while (const std::size_t count = source->read(block)) text.append(block, 0, count);
  EXPECT_FALSE(source->damage().has_value());
  return text;
}

// A dataset of two documents, one with everything and one with nothing.
class Export : public testing::Test {
 protected:
  Export() {
    KeptDocument full = kept_document("a", std::string("zero \0 \x7f ü \u202e \"\\\n", 17));
    full.url = "http://example.org";
    full.meta = R"({"date":"2024-05-01","licence":"MIT","source":"its own"})";
    full.source = 1;
    write_documents_layer(dataset_.path(), {full, kept_document("b", "plain")}, {});
    text_ = full.text;
  }
  std::string exported() const {
    std::string all;
    export_documents(DocumentStore(dataset_.path()), Exported::kept,
                     [&](std::string_view part) { all += part; });
    return all;
  }

  Scratch dataset_, out_;
  std::string text_;
};

TEST_F(Export, TextComesBackToTheByte) {
  const std::vector<json> lines = lines_of(exported());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("text").get<std::string>(), text_);
  EXPECT_EQ(lines[1].at("text").get<std::string>(), "plain");
}

TEST_F(Export, LineSaysWhatIsKnownOfItsDocument) {
  json line = lines_of(exported())[0];
  line.erase("text");
  EXPECT_EQ(line, (json{{"id", "a"},
                        {"url", "http://example.org"},
                        {"source", "books"},
                        {"generation", 1},
                        {"date", "2024-05-01"},
                        {"licence", "MIT"},
                        {"original_source", "its own"}}));
}

TEST_F(Export, AbsentFieldsAreLeftOut) {
  EXPECT_EQ(lines_of(exported())[1],
            (json{{"id", "b"}, {"text", "plain"}, {"source", "web"}, {"generation", 0}}));
}

TEST_F(Export, FileHoldsTheSameLines) {
  const auto file = out_ / "all.jsonl";
  EXPECT_EQ(export_to_file(DocumentStore(dataset_.path()), Exported::kept, file), 2);
  EXPECT_EQ(contents_of(file), exported());
  EXPECT_FALSE(std::filesystem::exists(out_ / "all.jsonl.tmp"));
}

TEST_F(Export, FileIsCompressedByTheEndOfItsName) {
  for (const char* name : {"all.jsonl.gz", "all.jsonl.zst"}) {
    export_to_file(DocumentStore(dataset_.path()), Exported::kept, out_ / name);
    EXPECT_NE(contents_of(out_ / name), exported());
    EXPECT_EQ(unpacked(out_ / name), exported());
  }
}

TEST_F(Export, ReplacesWhatAnInterruptedOneLeft) {
  put_contents(out_ / "all.jsonl.tmp", "torn");
  export_to_file(DocumentStore(dataset_.path()), Exported::kept, out_ / "all.jsonl");
  EXPECT_EQ(contents_of(out_ / "all.jsonl"), exported());
}

TEST_F(Export, FullDiskLeavesNothing) {
  const DocumentStore store(dataset_.path());
  {
    const FileSizeLimit limit(10);
    const auto write = [&] { export_to_file(store, Exported::kept, out_ / "all.jsonl"); };
    EXPECT_EQ(thrown_by(write).code, Exit::storage);
  }
  EXPECT_TRUE(std::filesystem::is_empty(out_.path()));
}

TEST_F(Export, OverwritesNothing) {
  put_contents(out_ / "all.jsonl", "mine");
  std::filesystem::create_symlink("nowhere", out_ / "link");
  const DocumentStore store(dataset_.path());
  for (const std::filesystem::path& file :
       {out_ / "all.jsonl", out_ / "link", out_.path(), std::filesystem::path("/dev/null")}) {
    const Thrown thrown = thrown_by([&] { export_to_file(store, Exported::kept, file); });
    EXPECT_EQ(thrown.code, Exit::usage) << file;
    EXPECT_NE(thrown.message.find("exists already"), std::string::npos) << thrown.message;
  }
  EXPECT_EQ(contents_of(out_ / "all.jsonl"), "mine");
}

TEST(ExportOfRemovedDocuments, SaysWhyAndWhereTheyCameFrom) {
  const Scratch dataset;
  const KeptDocument fox = kept_document("fox", "a fox");
  RemovedDocument near = removed_document("near", "the fox", fox, RemovalReason::near_duplicate);
  near.file = "in.jsonl";
  near.position = 7;
  near.jaccard = 0.75F;
  write_documents_layer(dataset.path(), {fox}, {near});
  std::string text;
  export_documents(DocumentStore(dataset.path()), Exported::removed,
                   [&](std::string_view part) { text += part; });
  const std::vector<json> lines = lines_of(text);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0].at("id"), "near");
  EXPECT_EQ(lines[0].at("stage"), "near_duplicate");
  EXPECT_EQ(lines[0].at("file"), "in.jsonl");
  EXPECT_EQ(lines[0].at("position"), 7);
  EXPECT_EQ(lines[0].at("kept_instead"), fox.hash.hex());
  EXPECT_EQ(lines[0].at("jaccard"), 0.75);
  EXPECT_EQ(lines[0].at("excerpt"), "the fox");
}

TEST(ExportOfManyDocuments, HasEachOnceInOrder) {
  const Scratch dataset, out;
  std::vector<KeptDocument> documents;
  for (int i = 0; i < 2000; ++i) {
    documents.push_back(kept_document(std::to_string(i), std::string(10'000, 'x')));
  }
  write_documents_layer(dataset.path(), documents, {});
  export_to_file(DocumentStore(dataset.path()), Exported::kept, out / "all.jsonl.gz");
  const std::vector<json> lines = lines_of(unpacked(out / "all.jsonl.gz"));
  ASSERT_EQ(lines.size(), 2000u);
  for (int i = 0; i < 2000; ++i) {
    EXPECT_EQ(lines[static_cast<std::size_t>(i)].at("id"), std::to_string(i));
  }
}

TEST(ExportOfTextThatIsNoUtf8, IsBadData) {
  const Scratch dataset;
  write_documents_layer(dataset.path(), {kept_document("a", "\xFF")}, {});
  const DocumentStore store(dataset.path());
  EXPECT_EQ(
      thrown_by([&] { export_documents(store, Exported::kept, [](std::string_view) {}); }).code,
      Exit::data);
}

}  // namespace export_test
}  // namespace switchyard::prepare
