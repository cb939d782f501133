// A dataset made to do harm: every hash in it agrees, and still it opens nothing outside its folder
// and takes no memory for what it only claims to hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "io/files/hash.h"
#include "io/prepare/store/document_store.h"
#include "tests/io/dataset.h"
#include "tests/io/prepare/store/documents_layer.h"

namespace switchyard {
namespace hostile_dataset_test {

namespace fs = std::filesystem;
using nlohmann::json;
using prepare::documents_folder;
using prepare::DocumentStore;

class HostileDataset : public testing::Test {
 protected:
  HostileDataset() {
    write_dataset(dataset_, documents_);
    prepare::write_documents_layer(dataset_, {prepare::kept_document("a", "some text")}, {});
  }

  // The manifest of a layer after `change`, with a hash that agrees.
  template <class Change>
  void rewrite_manifest(const char* layer, Change change) {
    const fs::path path = dataset_ / layer / manifest_name;
    json manifest = json::parse(contents_of(path));
    change(manifest);
    manifest.erase("hash");
    const std::string text = canonical_text(manifest);
    manifest["hash"] = content_hash(text).hex();
    put_contents(path, manifest.dump());
  }

  void expect_refused(const std::string& what) {
    EXPECT_EQ(thrown_by([&] { TokenStore store(dataset_); }).code, Exit::data) << what;
    EXPECT_EQ(thrown_by([&] { DocumentStore store(dataset_); }).code, Exit::data) << what;
  }

  template <class Change>
  void rewrite_manifests(Change change) {
    rewrite_manifest(tokens_folder, change);
    rewrite_manifest(documents_folder, change);
  }

  Scratch scratch_;
  fs::path dataset_ = scratch_ / "d";
  TestDocuments documents_ = test_documents(100);
};

TEST_F(HostileDataset, CountsThatCannotBeAreRefused) {
  for (const char* counts : {R"([{"tokens":-1,"documents":0,"text_bytes":0}])", "[{}]", "[7]", "7",
                             R"([{"tokens":1,"documents":"x","text_bytes":0}])"}) {
    rewrite_manifest(tokens_folder, [&](json& manifest) {
      manifest["splits"]["train"]["sources"] = json::parse(counts);
    });
    EXPECT_EQ(thrown_by([&] { TokenStore store(dataset_); }).code, Exit::data) << counts;
  }
}

TEST_F(HostileDataset, NamesOutsideItsFolderAreRefused) {
  for (const char* name : {"../x.h5", "/etc/passwd", "a/../../x.h5", "..", "tokens/x.h5"}) {
    rewrite_manifests([&](json& manifest) { manifest["files"][0]["name"] = name; });
    expect_refused(name);
  }
}

TEST_F(HostileDataset, LinksAreRefused) {
  for (const char* layer : {tokens_folder, documents_folder}) {
    for (const auto& entry : fs::directory_iterator(dataset_ / layer)) {
      if (entry.path().extension() != ".h5") continue;
      fs::rename(entry.path(), scratch_ / entry.path().filename());
      fs::create_symlink(scratch_ / entry.path().filename(), entry.path());
    }
  }
  expect_refused("a link to a file of the right bytes");
}

// External links, external storage, virtual datasets and filters stand there, and mean nothing.
TEST_F(HostileDataset, StructuresOfHdf5AreNotLookedAt) {
  rewrite_manifest(documents_folder, [&](json& manifest) {
    for (json& entry : manifest["files"]) {
      const FileEntry file = files_of(json::array({entry})).front();
      const fs::path path = dataset_ / documents_folder / file.name;
      std::string bytes = contents_of(path);
      std::int64_t first = file.bytes;
      for (const Extent& extent : file.extents) {
        if (extent.bytes > 0) first = std::min(first, extent.offset);
      }
      std::fill_n(bytes.begin(), first, 'x');
      put_contents(path, bytes);
      const auto read_at = [&](std::int64_t offset, std::span<std::byte> out) {
        std::memcpy(out.data(), bytes.data() + offset, out.size());
      };
      entry["rest_hash"] = hash_rest(file, read_at).hex();
    }
  });
  EXPECT_EQ(DocumentStore(dataset_).kept.at(0).text(0), "some text");
}

TEST_F(HostileDataset, SizesThatItsFilesDoNotHaveAreRefused) {
  for (const std::int64_t bytes : {std::int64_t{1} << 40, std::int64_t{1} << 62}) {
    rewrite_manifests([&](json& manifest) {
      json& file = manifest["files"][0];
      json& dataset = file["datasets"][0];
      const std::int64_t rows = bytes / element_bytes(dataset["dtype"].get<std::string>());
      file["bytes"] = bytes + (1 << 20);
      dataset["bytes"] = bytes;
      dataset["shape"] = {rows};
    });
    expect_refused(std::to_string(bytes));
  }
}

}  // namespace hostile_dataset_test
}  // namespace switchyard
