// Spill: a scratch file of records sorted into partitions, by which ranks hand each other more than
// fits into memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard::prepare {

// Where a record lies: the block of its file, and the byte of the block where it begins.
struct SpillPlace {
  std::uint32_t block = 0, offset = 0;
};

// Writes a file under another name and renames it when it is whole, so that a file that exists is
// finished. It does not fsync: what a power loss leaves fails its check when it is read.
class SpillWriter {
 public:
  // A partition's records are collected into blocks of about `block_bytes`. They are not
  // compressed: they are read soon and once, and zstd's fastest levels take longer than the disk.
  SpillWriter(std::filesystem::path path, int num_partitions,
              std::int64_t block_bytes = std::int64_t{64} << 10);
  ~SpillWriter();

  // Keeps a record within one block. Errors: Exit::storage.
  SpillPlace append(int partition, std::string_view record);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class SpillReader {
 public:
  // Errors: Exit::data if the file is damaged, and then says to remove it.
  explicit SpillReader(std::filesystem::path path);

  struct Block {
    std::int32_t partition = 0;
    std::uint32_t num_records = 0;
    std::int64_t offset = 0, bytes = 0;
    std::uint64_t check = 0;  // half of the block's hash
  };
  const std::vector<Block>& blocks() const { return blocks_; }
  std::int64_t num_records(int partition) const;
  std::string read(std::size_t block) const;  // records one after the other
  std::string read_partition(int partition) const;

 private:
  std::filesystem::path path_;  // opened for each read: there may be more files than descriptors
  std::vector<Block> blocks_;
};

}  // namespace switchyard::prepare
