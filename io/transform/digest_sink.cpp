#include "io/transform/digest_sink.h"

#include <algorithm>
#include <utility>

#include "io/checkpoint/checkpoint.h"
#include "io/checkpoint/checkpoint_format.h"
#include "io/folder/committed_folder.h"
#include "runtime/comm/agree.h"
#include "runtime/error.h"

namespace switchyard {

DigestSink::DigestSink(std::vector<ModelTensor> tensors, const Comm& world)
    : tensors_(std::move(tensors)), mine_(dealt_to(tensors_, world)), done_(tensors_.size()) {
  for (const ModelTensor& tensor : tensors_) {
    Extent& extent = extents_.emplace_back();
    extent.name = tensor.name;
    extent.dtype = name_of(tensor.dtype);
    extent.shape = dims_of(tensor.shape);
    extent.bytes = tensor.bytes();
    extent.chunk_bytes = checkpoint_chunk_bytes;
  }
}

void DigestSink::append_bytes(std::size_t tensor, std::span<const std::byte> bytes) {
  Extent& extent = extents_.at(tensor);
  std::int64_t& done = done_[tensor];
  while (!bytes.empty()) {
    const std::int64_t in_chunk = done % extent.chunk_bytes;
    const std::int64_t left = std::min(extent.chunk_bytes - in_chunk, extent.bytes - done);
    require(left > 0, "'{}' has {} bytes, and more come", extent.name, extent.bytes);
    const auto part = bytes.first(static_cast<std::size_t>(std::min(left, std::ssize(bytes))));
    if (in_chunk == 0) chunk_ = Hasher();
    chunk_.add(part.data(), std::ssize(part));
    if (std::ssize(part) == left) extent.chunk_hashes.push_back(chunk_.hash());
    done += std::ssize(part);
    bytes = bytes.subspan(part.size());
  }
}

std::string DigestSink::digest(Comm& world) {
  FileEntry file{rank_file_name(world.rank()), 0, {}, {}};
  agree(world, [&] {
    for (const std::size_t i : mine_) {
      require(done_[i] == extents_[i].bytes, "'{}' was not made whole", extents_[i].name);
      Extent extent = extents_[i];
      extent.offset = file.bytes;
      file.bytes += extent.bytes;
      file.extents.push_back(std::move(extent));
    }
  });
  std::string digest;
  const auto texts = gather_text(world, canonical_text(json_of({file})));
  on_root(world, [&] {
    const nlohmann::json meta = {{"meta", nlohmann::json::object()}};
    digest =
        CheckpointReader("", {model_kind, model_version, join_files(texts), meta}, {}).digest();
  });
  return digest;
}

}  // namespace switchyard
