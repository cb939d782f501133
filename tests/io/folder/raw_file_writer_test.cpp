#include "io/folder/raw_file_writer.h"

#include "io/folder/committed_folder.h"
#include "tests/io/scratch.h"

namespace switchyard {
namespace raw_file_writer_test {

TEST(RawFileWriter, HashesOfAnyPiecesAreThoseOfTheWhole) {
  const Scratch scratch;
  const std::string bytes(1000, 'x');
  for (const std::size_t piece : {1, 40, 100, 1000}) {
    RawFileWriter writer(scratch / std::to_string(piece), "bytes", 64);
    for (std::size_t begin = 0; begin < bytes.size(); begin += piece) {
      writer.append(std::as_bytes(std::span(bytes).subspan(begin, piece)));
    }
    const FileEntry entry = writer.finish();
    EXPECT_EQ(entry.extents.front().chunk_hashes, hash_chunks(bytes.data(), 1000, 64));
    EXPECT_EQ(thrown_by([&] { check_every_byte(scratch.path(), entry); }).message, "");
  }
}

TEST(RawFileWriter, WithoutAFinishThereIsNoFile) {
  const Scratch scratch;
  { RawFileWriter writer(scratch / "a", "bytes", 64); }
  EXPECT_FALSE(std::filesystem::exists(scratch / "a"));
}

}  // namespace raw_file_writer_test
}  // namespace switchyard
