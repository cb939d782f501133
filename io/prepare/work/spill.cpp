#include "io/prepare/work/spill.h"

#include <fcntl.h>

#include <span>
#include <utility>

#include "io/files/durable.h"
#include "io/files/hash.h"
#include "runtime/error.h"

namespace switchyard::prepare {
namespace {

// The last bytes of a finished file.
struct Trailer {
  std::uint64_t num_blocks = 0;
  ContentHash hash;  // of the table of blocks before it
};
static_assert(sizeof(Trailer) == 24);
static_assert(sizeof(SpillReader::Block) == 32);

template <class T>
std::string_view bytes_of_values(const T* values, std::size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

template <class T>
void read_values(const durable::File& file, std::int64_t offset, std::span<T> out) {
  const auto bytes = std::as_writable_bytes(out);
  require(offset >= 0 && file.read_at(offset, bytes) == std::ssize(bytes), Exit::data,
          "the work file {} is cut short: remove it and run the same command again",
          file.path().string());
}

durable::File create_file(const std::filesystem::path& path) {
  return durable::File::open_for_writing(path, O_TRUNC);
}

}  // namespace

struct SpillWriter::State {
  State(std::filesystem::path final_path, int num_partitions, std::int64_t bytes)
      : path(std::move(final_path)),
        file(create_file(path.string() + ".part")),
        block_bytes(bytes),
        open(static_cast<std::size_t>(num_partitions)) {}

  struct OpenBlock {
    std::string records;
    std::uint32_t number = 0;  // of the block in the file, fixed when its first record comes
    std::uint32_t num_records = 0;
  };

  void flush(std::size_t partition) {
    OpenBlock& block = open[partition];
    if (block.num_records == 0) return;
    file.write_at(end, block.records);
    blocks[block.number] = {static_cast<std::int32_t>(partition), block.num_records, end,
                            std::ssize(block.records), content_hash(block.records).low};
    end += std::ssize(block.records);
    block.records.clear();
    block.num_records = 0;
  }

  std::filesystem::path path;
  durable::File file;
  std::int64_t block_bytes;
  std::int64_t end = 0;
  std::vector<OpenBlock> open;  // one for each partition
  std::vector<SpillReader::Block> blocks;
};

SpillWriter::SpillWriter(std::filesystem::path path, int num_partitions, std::int64_t block_bytes)
    : state_(std::make_unique<State>(std::move(path), num_partitions, block_bytes)) {}

SpillWriter::~SpillWriter() = default;

SpillPlace SpillWriter::append(int partition, std::string_view record) {
  const auto which = static_cast<std::size_t>(partition);
  State::OpenBlock& block = state_->open[which];
  if (std::ssize(block.records) + std::ssize(record) > state_->block_bytes) state_->flush(which);
  if (block.num_records == 0) {
    block.number = static_cast<std::uint32_t>(state_->blocks.size());
    state_->blocks.emplace_back();
  }
  const SpillPlace place{block.number, static_cast<std::uint32_t>(block.records.size())};
  block.records += record;
  ++block.num_records;
  return place;
}

void SpillWriter::finish() {
  for (std::size_t partition = 0; partition < state_->open.size(); ++partition) {
    state_->flush(partition);
  }
  const auto& blocks = state_->blocks;
  const std::string_view table = bytes_of_values(blocks.data(), blocks.size());
  const Trailer trailer{blocks.size(), content_hash(table)};
  state_->file.write_at(state_->end, table);
  state_->file.write_at(state_->end + std::ssize(table), bytes_of_values(&trailer, 1));
  const std::filesystem::path written = state_->file.path();
  state_->file.close();
  durable::rename_file(written, state_->path);
}

SpillReader::SpillReader(std::filesystem::path path) : path_(std::move(path)) {
  const auto file = durable::File::open_for_reading(path_);
  Trailer trailer;
  const std::int64_t end = file.size() - std::int64_t{sizeof(Trailer)};
  read_values(file, end, std::span(&trailer, 1));
  const bool fits = trailer.num_blocks <= static_cast<std::uint64_t>(end) / sizeof(Block);
  if (fits) {
    blocks_.resize(trailer.num_blocks);
    const std::int64_t table_bytes = std::ssize(blocks_) * std::int64_t{sizeof(Block)};
    read_values(file, end - table_bytes, std::span(blocks_));
  }
  require(fits && content_hash(bytes_of_values(blocks_.data(), blocks_.size())) == trailer.hash,
          Exit::data, "the work file {} is damaged: remove it and run the same command again",
          path_.string());
}

std::int64_t SpillReader::num_records(int partition) const {
  std::int64_t count = 0;
  for (const Block& block : blocks_) {
    if (block.partition == partition) count += block.num_records;
  }
  return count;
}

std::string SpillReader::read(std::size_t block) const {
  const Block& entry = blocks_.at(block);
  std::string records(static_cast<std::size_t>(entry.bytes), '\0');
  read_values(durable::File::open_for_reading(path_), entry.offset,
              std::span(records.data(), records.size()));
  require(content_hash(records).low == entry.check, Exit::data,
          "the work file {} is damaged: remove it and run the same command again", path_.string());
  return records;
}

std::string SpillReader::read_partition(int partition) const {
  std::string records;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (blocks_[i].partition == partition) records += read(i);
  }
  return records;
}

}  // namespace switchyard::prepare
