// Extents: where the raw bytes of each dataset lie in a file, and the hashes of every byte of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "io/files/hash.h"

namespace switchyard {

namespace durable {
class File;
}

// One dataset's bytes, with one XXH3-128 for each chunk of them.
struct Extent {
  std::string name;   // HDF5 path within the file
  std::string dtype;  // one that element_bytes() knows
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0, bytes = 0;
  std::int64_t chunk_bytes = 0;
  std::vector<ContentHash> chunk_hashes;
};

struct FileEntry {
  std::string name;  // relative, no folders, no ".."
  std::int64_t bytes = 0;
  ContentHash rest_hash;  // of all bytes outside the extents
  std::vector<Extent> extents;
};

// Bytes of one element of "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bf16", "f32" or
// "f64"; 0 for any other name.
std::int64_t element_bytes(std::string_view dtype);
// Errors: Exit::data for a negative dim or a size beyond 63 bits.
std::int64_t bytes_of_shape(const std::vector<std::int64_t>& shape, std::int64_t bytes_of_element);

std::int64_t num_chunks(const Extent& extent);
std::int64_t bytes_of_chunk(const Extent& extent, std::int64_t chunk);
std::int64_t rows_of(const Extent& extent);  // the first dim of its shape
std::vector<ContentHash> hash_chunks(const void* data, std::int64_t bytes,
                                     std::int64_t chunk_bytes);

// The dataset of a file that has this name. Errors: Exit::data if there is none, or it does not
// have this type and `columns` values in each row (1: a plain list).
const Extent& find_extent(const FileEntry& file, std::string_view name, std::string_view dtype,
                          std::int64_t columns = 1);

bool has_extent(const FileEntry& file, std::string_view name);

// Hash of the bytes outside the extents, in file order. read_at(offset, out) fills all of `out`.
// Errors: Exit::data for extents that overlap or reach over the file's end.
ContentHash hash_rest(const FileEntry& file,
                      const std::function<void(std::int64_t, std::span<std::byte>)>& read_at);

// Errors: Exit::data naming file and chunk if these bytes of the chunk do not match its hash.
void check_chunk(const std::filesystem::path& file, const Extent& extent, std::int64_t chunk,
                 std::span<const std::byte> bytes);

// Fills `out` with a whole chunk and checks it. Errors: Exit::data naming file and chunk.
void read_chunk(const durable::File& opened, const Extent& extent, std::int64_t chunk,
                std::span<std::byte> out);

// Call it before reading bytes [begin, end) of a file that is read piece by piece up to `last`.
// Every 8 MiB it tells the disk what comes next, so that the disk reads while the caller hashes.
void read_ahead(const durable::File& opened, std::int64_t begin, std::int64_t end,
                std::int64_t last);

// Reads the extent's bytes [begin, begin + out.size()), checking every chunk they touch against its
// hash; an extent that has no hashes, as in a file of another format, is not checked. Errors:
// Exit::data naming file and chunk. begin and the size need not be aligned to chunks.
void read_extent(const std::filesystem::path& folder, const FileEntry& file, const Extent& extent,
                 std::int64_t begin, std::span<std::byte> out);

}  // namespace switchyard
