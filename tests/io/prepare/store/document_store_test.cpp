#include "io/prepare/store/document_store.h"

#include <functional>

#include "io/files/hash.h"
#include "io/folder/hdf5.h"
#include "tests/io/prepare/store/documents_layer.h"

namespace switchyard::prepare {
namespace document_store_test {

// 300 documents of 0 to 30 kB and one of a megabyte: several frames.
std::vector<KeptDocument> many_documents() {
  std::vector<KeptDocument> documents;
  for (int i = 0; i < 300; ++i) {
    std::string text;
    for (int j = 0; j < i * 10; ++j) text += std::to_string(i * j) + " ";
    if (i == 150) text.append(1 << 20, 'x');
    documents.push_back(kept_document("id " + std::to_string(i), text));
    documents.back().url = i % 2 == 0 ? "http://example.org/" + std::to_string(i) : "";
    documents.back().meta = i % 3 == 0 ? R"({"date":"2024"})" : "";
    documents.back().source = i % 2;
    documents.back().num_shingles = static_cast<std::uint32_t>(i);
  }
  return documents;
}

void expect_equal(const KeptDocument& a, const KeptDocument& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.url, b.url);
  EXPECT_EQ(a.meta, b.meta);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.hash, b.hash);
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.num_shingles, b.num_shingles);
}

TEST(KeptShard, GivesBackEveryDocumentInAnyOrder) {
  const Scratch scratch;
  const std::vector<KeptDocument> documents = many_documents();
  const KeptShard shard(scratch.path(), write_kept(scratch.path(), "a", documents));
  ASSERT_EQ(shard.size(), 300);
  for (std::int64_t i = 0; i < 300; ++i) {
    const std::int64_t other = i * 97 % 300;
    expect_equal(shard.document(i), documents[static_cast<std::size_t>(i)]);
    expect_equal(shard.document(other), documents[static_cast<std::size_t>(other)]);
    EXPECT_EQ(shard.text_bytes(i), std::ssize(documents[static_cast<std::size_t>(i)].text));
  }
}

TEST(KeptShard, ReadsOnAfterARelease) {
  const Scratch scratch;
  const std::vector<KeptDocument> documents = many_documents();
  const KeptShard shard(scratch.path(), write_kept(scratch.path(), "a", documents));
  expect_equal(shard.document(7), documents[7]);
  shard.release();
  expect_equal(shard.document(7), documents[7]);
}

TEST(KeptShard, MayBeEmpty) {
  const Scratch scratch;
  EXPECT_EQ(KeptShard(scratch.path(), write_kept(scratch.path(), "a", {})).size(), 0);
}

TEST(KeptShard, MayHoldNoTextAtAll) {
  const Scratch scratch;
  const KeptShard shard(scratch.path(), write_kept(scratch.path(), "a", {{}, {}}));
  EXPECT_EQ(shard.text(1), "");
}

TEST(KeptShard, OutsideItsDocumentsIsADefect) {
  const Scratch scratch;
  const KeptShard shard(scratch.path(), write_kept(scratch.path(), "a", many_documents()));
  for (const std::int64_t i : {std::int64_t{-1}, std::int64_t{300}, std::int64_t{1} << 62}) {
    EXPECT_EQ(thrown_by([&] { shard.hash(i); }).code, Exit::internal);
    EXPECT_EQ(thrown_by([&] { shard.text(i); }).code, Exit::internal);
    EXPECT_EQ(thrown_by([&] { shard.id(i); }).code, Exit::internal);
  }
}

TEST(KeptWriter, SameDocumentsGiveTheSameBytes) {
  const Scratch a, b;
  write_kept(a.path(), "a", many_documents());
  write_kept(b.path(), "a", many_documents());
  EXPECT_EQ(contents_of(a / "a.h5"), contents_of(b / "a.h5"));
}

TEST(KeptWriter, KeepsALongDocumentOutOfTheOthersFrames) {
  const Scratch scratch;
  const std::string small(1000, 's'), large(1 << 20, 'l');
  const FileEntry entry =
      write_kept(scratch.path(), "a",
                 {kept_document("1", small), kept_document("2", large), kept_document("3", small)});
  for (const Extent& extent : entry.extents) {
    if (extent.name == "frames") {
      EXPECT_EQ(extent.shape.front(), 3 + 1);
    }
  }
}

TEST(KeptWriter, LeavesNothingBehindWithoutFinish) {
  const Scratch scratch;
  KeptWriter(scratch.path(), "a").add(kept_document("1", "text"));
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(KeptShard, FlippedBitIsFoundInEveryDataset) {
  const Scratch scratch;
  const FileEntry entry = write_kept(scratch.path(), "a", many_documents());
  for (const Extent& extent : entry.extents) {
    flip_bit(scratch / "a.h5", extent.offset + extent.bytes / 2);
    const KeptShard shard(scratch.path(), entry);
    const Thrown thrown = thrown_by([&] {
      for (std::int64_t i = 0; i < shard.size(); ++i) shard.document(i);
    });
    EXPECT_EQ(thrown.code, Exit::data) << extent.name;
    EXPECT_NE(thrown.message.find("'" + extent.name + "'"), std::string::npos) << thrown.message;
    flip_bit(scratch / "a.h5", extent.offset + extent.bytes / 2);
  }
}

// A shard of two documents whose dataset `name` holds `values` instead, with hashes that agree.
template <class T>
FileEntry shard_that_lies(const Scratch& scratch, const std::string& name,
                          const std::vector<T>& values) {
  FileEntry entry =
      write_kept(scratch.path(), "a", {kept_document("1", "one"), kept_document("2", "two")});
  for (Extent& extent : entry.extents) {
    if (extent.name != name) continue;
    require(extent.bytes == static_cast<std::int64_t>(values.size() * sizeof(T)), "'{}' has {}",
            name, extent.bytes);
    std::string contents = contents_of(scratch / "a.h5");
    contents.replace(static_cast<std::size_t>(extent.offset), values.size() * sizeof(T),
                     reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
    put_contents(scratch / "a.h5", contents);
    extent.chunk_hashes = hash_chunks(values.data(), extent.bytes, extent.chunk_bytes);
  }
  return entry;
}

template <class T>
Exit reading_outcome(const std::string& name, const std::vector<T>& values) {
  const Scratch scratch;
  const FileEntry entry = shard_that_lies(scratch, name, values);
  return thrown_by([&] {
           const KeptShard shard(scratch.path(), entry);
           for (std::int64_t i = 0; i < shard.size(); ++i) shard.document(i);
         })
      .code;
}

TEST(KeptShard, OffsetsThatLieAreBadData) {
  using Offsets = std::vector<std::int64_t>;
  constexpr std::int64_t huge = std::int64_t{1} << 61, negative = -huge - huge;
  EXPECT_EQ(reading_outcome("text_offsets", Offsets{0, 3, 6}), Exit::done);
  EXPECT_EQ(reading_outcome("text_offsets", Offsets{0, 3, 2}), Exit::data);
  EXPECT_EQ(reading_outcome("text_offsets", Offsets{0, 7, 6}), Exit::data);
  EXPECT_EQ(reading_outcome("text_offsets", Offsets{-3, 0, 3}), Exit::data);
  EXPECT_EQ(reading_outcome("text_offsets", Offsets{0, 3, huge}), Exit::data);
  EXPECT_EQ(reading_outcome("text_offsets", Offsets{negative, 0, huge}), Exit::data);
  EXPECT_EQ(reading_outcome("frame_documents", Offsets{0, 1}), Exit::data);
  EXPECT_EQ(reading_outcome("frame_documents", Offsets{0, huge}), Exit::data);
  EXPECT_EQ(reading_outcome("frame_documents", Offsets{negative, 2}), Exit::data);
  EXPECT_EQ(reading_outcome("frames", Offsets{0, huge}), Exit::data);
  EXPECT_EQ(reading_outcome("frames", Offsets{1, 0}), Exit::data);
  EXPECT_EQ(reading_outcome("frames", Offsets{0, 0}), Exit::data);
  EXPECT_EQ(reading_outcome("strings_offsets", Offsets{0, 1, 1, 0, 2, 2, 2}), Exit::data);
  EXPECT_EQ(reading_outcome("strings_offsets", Offsets{0, 1, 1, 1, huge, huge, huge}), Exit::data);
}

TEST(KeptShard, DatasetsOfDifferentLengthsAreBadData) {
  const Scratch scratch;
  FileEntry entry = write_kept(scratch.path(), "a", many_documents());
  for (Extent& extent : entry.extents) {
    const Extent whole = extent;
    extent.shape.front() += 1;
    const Exit outcome = thrown_by([&] { KeptShard(scratch.path(), entry); }).code;
    EXPECT_EQ(outcome, extent.name == "text" || extent.name == "strings" ? Exit::done : Exit::data)
        << extent.name;
    extent = whole;
  }
}

RemovedDocument full_removed_document() {
  RemovedDocument document = removed_document("id", "excerpt", kept_document("keeper", "text"),
                                              RemovalReason::near_duplicate);
  document.url = "url";
  document.detail = "reason";
  document.file = "b.jsonl";
  document.position = 12345678901;
  document.source = 65535;
  document.jaccard = 0.75F;
  return document;
}

TEST(RemovedShard, GivesBackEveryField) {
  const Scratch scratch;
  RemovedDocument first;
  first.file = "a.jsonl";
  const RemovedDocument expected = full_removed_document();
  const RemovedShard shard(scratch.path(),
                           write_removed(scratch.path(), "a", {first, expected, first, expected}));
  ASSERT_EQ(shard.size(), 4);
  EXPECT_EQ(shard.document(2).file, "a.jsonl");
  const RemovedDocument found = shard.document(3);
  EXPECT_EQ(found.id, expected.id);
  EXPECT_EQ(found.url, expected.url);
  EXPECT_EQ(found.excerpt, expected.excerpt);
  EXPECT_EQ(found.detail, expected.detail);
  EXPECT_EQ(found.file, expected.file);
  EXPECT_EQ(found.position, expected.position);
  EXPECT_EQ(found.hash, expected.hash);
  EXPECT_EQ(found.source, expected.source);
  EXPECT_EQ(found.reason, expected.reason);
  EXPECT_EQ(found.keeper, expected.keeper);
  EXPECT_EQ(found.keeper_id, expected.keeper_id);
  EXPECT_EQ(found.jaccard, expected.jaccard);
}

TEST(RemovedShard, UnknownStageOrFileIsBadData) {
  for (const char* name : {"stage", "file"}) {
    const Scratch scratch;
    FileEntry entry = write_removed(scratch.path(), "a", {full_removed_document()});
    for (Extent& extent : entry.extents) {
      if (extent.name != name) continue;
      flip_bit(scratch / "a.h5", extent.offset);  // stage 5, file 1
      std::string bytes = contents_of(scratch / "a.h5");
      bytes[static_cast<std::size_t>(extent.offset)] |= 8;
      put_contents(scratch / "a.h5", bytes);
      extent.chunk_hashes = hash_chunks(bytes.data() + extent.offset, extent.bytes, 1 << 20);
    }
    const RemovedShard shard(scratch.path(), entry);
    EXPECT_EQ(thrown_by([&] { shard.document(0); }).code, Exit::data) << name;
  }
}

TEST(Excerpt, IsTwoHundredCharactersNotBytes) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "ä";
  EXPECT_EQ(excerpt_of(text), text.substr(0, 400));
  EXPECT_EQ(excerpt_of("short"), "short");
  EXPECT_EQ(excerpt_of(""), "");
}

TEST(DocumentStore, OpensAllShardsInTheOrderOfTheirNames) {
  const Scratch dataset;
  const auto folder = dataset / documents_folder;
  std::filesystem::create_directories(folder);
  const std::vector<FileEntry> files = {write_kept(folder, "kept-b", {kept_document("b", "B")}),
                                        write_removed(folder, "gone", {full_removed_document()}),
                                        write_kept(folder, "kept-a", {kept_document("a", "A")})};
  commit_folder(folder, documents_kind, documents_version, files, {}, *make_single_comm());
  const DocumentStore store(dataset.path());
  ASSERT_EQ(store.kept.size(), 2u);
  EXPECT_EQ(store.kept[0].id(0), "a");
  EXPECT_EQ(store.kept[1].id(0), "b");
  EXPECT_EQ(store.num_kept(), 2);
  EXPECT_EQ(store.num_removed(), 1);
}

TEST(DocumentStore, NamesItsSources) {
  const Scratch dataset;
  write_documents_layer(dataset.path(), {kept_document("a", "A")}, {});
  const DocumentStore store(dataset.path());
  EXPECT_EQ(store.source(0).name, "web");
  EXPECT_EQ(store.source(0).text_field, "body");
  EXPECT_EQ(store.source(1).generation, 1);
  EXPECT_EQ(store.source(2).name, "source 2");
}

TEST(DocumentStore, WithoutManifestIsBadData) {
  const Scratch dataset;
  EXPECT_EQ(thrown_by([&] { DocumentStore(dataset.path()); }).code, Exit::data);
}

}  // namespace document_store_test
}  // namespace switchyard::prepare
