// Writes a folder in the layout of Hugging Face, with a value for each element that its name and
// place give.
#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "io/safetensors/narrow.h"
#include "io/safetensors/safetensors.h"
#include "launch/hugging_face/family.h"
#include "launch/hugging_face/hub_weights.h"
#include "launch/hugging_face/shards.h"
#include "launch/hugging_face/tokenizer/hub_tokenizer.h"

namespace switchyard::hub::hub_test {

// Exact in F16 and BF16.
inline float value_at(const std::string& tensor, std::int64_t element) {
  const std::size_t mixed = (std::hash<std::string>{}(tensor) + 1) *
                            (static_cast<std::size_t>(element) * 2654435761U + 1);
  return static_cast<float>(static_cast<int>(mixed >> 40U & 0xffU) - 128) / 64.0F;
}

inline std::string bytes_of(const SafeTensor& tensor) {
  const std::int64_t elements = elements_of(tensor.shape);
  std::vector<float> values;
  for (std::int64_t i = 0; i < elements; ++i) values.push_back(value_at(tensor.name, i));
  return bytes_as(tensor.dtype, values);
}

// header: written as it is.
inline void write_weights(const std::filesystem::path& path, std::vector<SafeTensor> tensors) {
  std::ofstream file(path, std::ios::binary);
  file << safetensors_header(tensors);
  for (const SafeTensor& tensor : tensors) file << bytes_of(tensor);
}

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

struct FolderOptions {
  std::int64_t vocabulary = 257;
  std::string dtype = "F32";
  std::int64_t shard_bytes = 1 << 30;
  std::function<ExpertNames(int layer)> names = [](int) { return ExpertNames::original; };
};

inline void write_hub_folder(const std::filesystem::path& folder, Family family,
                             const Config& config, const FolderOptions& options = {}) {
  std::filesystem::create_directories(folder);
  const Layout layout = layout_of(family, config, options.vocabulary, options.names);
  const Shards shards = shards_of(layout, options.dtype, options.shard_bytes);
  for (const Shard& shard : shards.files) write_weights(folder / shard.name, shard.tensors);
  if (shards.files.size() > 1) write_text(folder / index_name, shards.index_text());
  for (const TextFile& file : tokenizer_files(*make_byte_tokenizer(), 16))
    write_text(folder / file.name, file.bytes);
  const HubFacts facts{.vocabulary = options.vocabulary,
                       .max_positions = 16,
                       .bos = 256,
                       .eos = {256, 7},
                       .dtype = "float32"};
  write_text(folder / "config.json", config_json(family, config, facts).dump(1) + "\n");
}

}  // namespace switchyard::hub::hub_test
