#include "io/folder/committed_folder.h"

#include <vector>

#include "io/files/durable.h"
#include "io/folder/hdf5.h"
#include "tests/io/scratch.h"
#include "tests/rank_test.h"

namespace switchyard {
namespace committed_folder_test {

namespace fs = std::filesystem;

constexpr std::int64_t chunk_bytes = 1024;

FileEntry write_file(const fs::path& path, std::int64_t first) {
  std::vector<std::int64_t> values(1000);
  for (std::int64_t i = 0; i < 1000; ++i) values[i] = first + i;
  Hdf5Writer writer(path, chunk_bytes);
  writer.write("values", "i64", {1000}, values.data());
  return writer.finish();
}

// A folder committed by all ranks, one file each. Damage is done by rank 0, between barriers.
class CommittedFolder : public testing::Test {
 protected:
  CommittedFolder() : folder_(scratch_ / "folder") {
    if (world_.rank() == 0) durable::make_folders(folder_);
    world_.barrier();
  }

  std::string file_name(int rank) const { return fmt::format("part-{}.h5", rank); }
  fs::path file(int rank) const { return folder_ / file_name(rank); }

  void commit() {
    const FileEntry mine = write_file(file(world_.rank()), 1000 * world_.rank());
    commit_folder(folder_, "dataset", 0, {mine}, {{"note", "hello"}}, world_);
  }
  Manifest open() const { return open_folder(folder_, "dataset", 0); }

  template <class Damage>
  Thrown open_after(Damage damage) {
    world_.barrier();
    if (world_.rank() == 0) damage();
    world_.barrier();
    const Thrown thrown = thrown_by([&] { open(); });
    world_.barrier();
    return thrown;
  }

  Comm& world_ = test_world();
  SharedScratch scratch_{world_};
  fs::path folder_;
};

TEST_F(CommittedFolder, EveryRankSeesEveryRanksFile) {
  commit();
  const Manifest manifest = open();
  EXPECT_EQ(std::ssize(manifest.files), world_.size());
  EXPECT_EQ(manifest.meta, nlohmann::json({{"note", "hello"}}));
  for (int rank = 0; rank < world_.size(); ++rank) {
    const FileEntry& entry = manifest.files.at(rank);
    std::int64_t value = 0;
    read_extent(folder_, entry, entry.extents.at(0), 8 * 7,
                std::as_writable_bytes(std::span(&value, 1)));
    EXPECT_EQ(value, 1000 * rank + 7);
  }
}

TEST_F(CommittedFolder, DoesNotExistBeforeTheCommit) {
  write_file(file(world_.rank()), 0);
  EXPECT_FALSE(is_committed(folder_));
  EXPECT_EQ(thrown_by([&] { open(); }).code, Exit::data);
}

TEST_F(CommittedFolder, AManifestThatItsFilesDoNotExplainIsNotRead) {
  commit();
  const auto swell = [&] { fs::resize_file(folder_ / manifest_name, std::uintmax_t{17} << 20); };
  const Thrown thrown = open_after(swell);
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find("17.0 MiB"), std::string::npos) << thrown.message;
}

TEST_F(CommittedFolder, TornManifestLeftBehindIsNoManifest) {
  const auto tear = [&] { put_contents(folder_ / "manifest.json.tmp", "{\"kind\": \"data"); };
  EXPECT_EQ(open_after(tear).code, Exit::data);
  EXPECT_EQ(thrown_by([&] { commit(); }).code, Exit::done);
  EXPECT_EQ(thrown_by([&] { open(); }).code, Exit::done);
}

TEST_F(CommittedFolder, IsCommittedOnlyOnce) {
  commit();
  const Thrown thrown = thrown_by([&] { commit_folder(folder_, "dataset", 0, {}, {}, world_); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_TRUE(thrown.agreed);
}

TEST_F(CommittedFolder, MalformedManifestIsBadData) {
  commit();
  const auto damage = [&] { fs::resize_file(folder_ / manifest_name, 100); };
  EXPECT_EQ(open_after(damage).code, Exit::data);
}

TEST_F(CommittedFolder, FlippedBitInMetadataIsFoundWhenOpened) {
  commit();
  const Thrown thrown = open_after([&] { flip_bit(file(0), 100); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find(file(0).string()), std::string::npos);
}

TEST_F(CommittedFolder, FlippedBitInDataIsFoundWhenRead) {
  commit();
  const Manifest manifest = open();
  const FileEntry& entry = manifest.files.at(0);
  const Extent& extent = entry.extents.at(0);
  EXPECT_EQ(open_after([&] { flip_bit(file(0), extent.offset + 5000); }).code, Exit::done);
  std::vector<std::byte> bytes(static_cast<std::size_t>(extent.bytes));
  EXPECT_EQ(thrown_by([&] { read_extent(folder_, entry, extent, 0, bytes); }).code, Exit::data);
}

TEST_F(CommittedFolder, TruncatedFileIsBadData) {
  commit();
  const auto damage = [&] { fs::resize_file(file(0), fs::file_size(file(0)) - 1); };
  EXPECT_EQ(open_after(damage).code, Exit::data);
}

TEST_F(CommittedFolder, MissingFileIsBadData) {
  commit();
  const Thrown thrown = open_after([&] { fs::remove(file(0)); });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_NE(thrown.message.find(file_name(0)), std::string::npos);
}

TEST_F(CommittedFolder, LinkToAFileElsewhereIsBadData) {
  commit();
  const auto damage = [&] {
    fs::rename(file(0), scratch_ / "elsewhere.h5");
    fs::create_symlink(scratch_ / "elsewhere.h5", file(0));
  };
  EXPECT_EQ(open_after(damage).code, Exit::data);
}

TEST_F(CommittedFolder, OneFileOfTwoRanksIsRefusedOnAllRanks) {
  FileEntry entry;
  entry.name = "same.h5";
  entry.rest_hash = ContentHash{};
  const Thrown thrown = thrown_by([&] {
    commit_folder(folder_, "dataset", 0, {entry, entry}, {}, world_);
  });
  EXPECT_EQ(thrown.code, Exit::data);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_FALSE(is_committed(folder_));
}

TEST_F(CommittedFolder, FullDiskAtTheCommitIsAStorageErrorOnAllRanks) {
  if (world_.rank() == 0) fs::create_symlink("/dev/full", folder_ / "manifest.json.tmp");
  const Thrown thrown = thrown_by([&] { commit(); });
  EXPECT_EQ(thrown.code, Exit::storage);
  EXPECT_TRUE(thrown.agreed);
  EXPECT_FALSE(is_committed(folder_));
}

TEST_F(CommittedFolder, IsGoneWhenRemoved) {
  commit();
  if (world_.rank() == 0) remove_folder(folder_);
  world_.barrier();
  EXPECT_FALSE(fs::exists(folder_));
}

}  // namespace committed_folder_test
}  // namespace switchyard
