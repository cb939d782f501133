// Shards: the safetensors files that hold a layout's tensors, before any byte of them is written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/safetensors/safetensors.h"
#include "launch/hugging_face/hub_layout.h"

namespace switchyard::hub {

struct Shard {
  std::string name;    // "model.safetensors", or "model-00001-of-00003.safetensors"
  std::string header;  // its first bytes
  std::vector<SafeTensor> tensors;
  std::int64_t bytes() const;  // of the whole file
};

// Where a tensor of the layout is.
struct ShardPlace {
  std::size_t shard = 0, index = 0;  // of the shard's tensors
};

struct Shards {
  std::vector<Shard> files;
  std::vector<ShardPlace> places;  // of the layout's tensors

  const SafeTensor& tensor(std::size_t i) const {
    return files[places[i].shard].tensors[places[i].index];
  }

  // The text of model.safetensors.index.json, by which readers find a tensor's file.
  std::string index_text() const;
};

// A file takes tensors in order until the next one would make it larger than shard_bytes; a larger
// tensor has a file to itself. dtype: "F32", "BF16" or "F16"; the biases of gates stay F32, as they
// are compared and not multiplied.
Shards shards_of(const Layout& layout, const std::string& dtype, std::int64_t shard_bytes);

}  // namespace switchyard::hub
