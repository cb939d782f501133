#include "launch/hugging_face/shards.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace switchyard::hub {

std::int64_t Shard::bytes() const {
  return tensors.empty() ? std::ssize(header) : tensors.back().begin + tensors.back().bytes;
}

std::string Shards::index_text() const {
  nlohmann::ordered_json index;
  std::int64_t total = 0;
  for (const Shard& shard : files) {
    for (const SafeTensor& tensor : shard.tensors) {
      index["weight_map"][tensor.name] = shard.name;
      total += tensor.bytes;
    }
  }
  index["metadata"]["total_size"] = total;
  return index.dump(1) + "\n";
}

Shards shards_of(const Layout& layout, const std::string& dtype, std::int64_t shard_bytes) {
  Shards shards;
  std::int64_t in_file = 0;
  for (const Tensor& tensor : layout.tensors()) {
    const std::string kept = tensor.name.ends_with("_bias") ? "F32" : dtype;
    const std::int64_t bytes = safetensors_bytes(kept, tensor.shape);
    if (shards.files.empty() || (in_file > 0 && in_file + bytes > shard_bytes)) {
      shards.files.emplace_back();
      in_file = 0;
    }
    in_file += bytes;
    std::vector<SafeTensor>& tensors = shards.files.back().tensors;
    shards.places.push_back({shards.files.size() - 1, tensors.size()});
    tensors.push_back({tensor.name, kept, tensor.shape});
  }
  for (std::size_t i = 0; i < shards.files.size(); ++i) {
    Shard& shard = shards.files[i];
    shard.name = shards.files.size() == 1
                     ? "model.safetensors"
                     : fmt::format("model-{:05}-of-{:05}.safetensors", i + 1, shards.files.size());
    shard.header = safetensors_header(shard.tensors);
  }
  return shards;
}

}  // namespace switchyard::hub
