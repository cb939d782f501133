// What an open checkpoint is made of. For the .cpp files of CheckpointReader.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/coded_tensor.h"
#include "io/files/durable.h"
#include "io/folder/committed_folder.h"

namespace switchyard {

inline constexpr std::int64_t widened_at_once = std::int64_t{1} << 20;  // elements

// The place of a tensor.
struct TensorPlace {
  const FileEntry* file;
  const Extent* extent;
  Shape shape;
  DType dtype;
  bool half = false;  // f16 in the file, and read as f32
};

// The coded tensors, by the names of their values. Errors: Exit::data for codes without scales.
std::map<std::string, CodedShape> coded_among(const std::map<std::string, TensorPlace>& places);

struct CheckpointReader::State {
  State(std::filesystem::path from, Manifest checked);

  std::filesystem::path folder;
  Manifest manifest;
  std::optional<std::int64_t> step;
  std::map<std::string, TensorPlace> places;
  std::map<std::string, CodedShape> coded;
  std::chrono::seconds patience{0};          // waits this long for a file that does not appear
  std::map<std::string, std::string> files;  // that are in memory

  const CodedShape* find_coded(const std::string& name) const {
    const auto found = coded.find(name);
    return found == coded.end() ? nullptr : &found->second;
  }
  bool holds_scales(const std::string& name) const {
    return name.starts_with("scale/") && coded.contains("value/" + name.substr(6));
  }
  // The codes and scales of `count` groups.
  Codes read_groups(const std::string& name, const CodedShape& coded, std::int64_t first,
                    std::int64_t count) const;
  // begin: a byte.
  void read_bytes(const std::string& name, std::int64_t begin, std::span<std::byte> out) const {
    const TensorPlace& place = find(name);
    durable::wait_for_file(folder / place.file->name, patience);
    read_extent(folder, *place.file, *place.extent, begin, out);
  }
  void decode_part(const std::string& name, const CodedShape& coded, std::int64_t begin,
                   std::span<float> out) const;
  const TensorPlace& find(const std::string& name) const {
    const auto found = places.find(name);
    require(found != places.end(), Exit::data, "{} has no tensor '{}'", folder.string(), name);
    return found->second;
  }
};

}  // namespace switchyard
