#include "io/transform/model_comparison.h"

#include <algorithm>
#include <utility>

#include "runtime/error.h"

namespace switchyard {
ModelComparison::ModelComparison(const CheckpointReader& model, std::vector<ModelTensor> tensors,
                                 const Comm& world)
    : model_(model), tensors_(std::move(tensors)), mine_(dealt_to(tensors_, world)) {
  for (const FileEntry& file : model.files()) {
    for (const Extent& extent : file.extents) extents_[extent.name] = &extent;
  }
  for (const ModelTensor& tensor : tensors_) {
    require(extents_.contains(tensor.name), Exit::data, "{} has no {}, which its recipe makes",
            model.folder().string(), tensor.name);
    require(model.shape(tensor.name) == tensor.shape && model.dtype(tensor.name) == tensor.dtype,
            Exit::data, "{} of {} is {} {}, and its recipe makes {} {}", tensor.name,
            model.folder().string(), name_of(model.dtype(tensor.name)), model.shape(tensor.name),
            name_of(tensor.dtype), tensor.shape);
  }
  require(extents_.size() == tensors_.size(), Exit::data,
          "{} has {} tensors, and its recipe makes {}", model.folder().string(), extents_.size(),
          tensors_.size());
}

void ModelComparison::append_bytes(std::size_t tensor, std::span<const std::byte> bytes) {
  if (tensor != tensor_) {
    tensor_ = tensor;
    chunk_ = in_chunk_ = 0;
    hasher_ = Hasher();
  }
  const Extent& extent = *extents_.at(tensors_[tensor].name);
  while (!bytes.empty()) {
    const std::int64_t left = bytes_of_chunk(extent, chunk_) - in_chunk_;
    const auto part = bytes.first(static_cast<std::size_t>(std::min(left, std::ssize(bytes))));
    hasher_.add(part.data(), std::ssize(part));
    in_chunk_ += std::ssize(part);
    bytes = bytes.subspan(part.size());
    if (std::ssize(part) == left) compare_chunk(extent);
  }
}

void ModelComparison::compare_chunk(const Extent& extent) {
  require(hasher_.hash() == extent.chunk_hashes.at(static_cast<std::size_t>(chunk_)), Exit::data,
          "{} is not what its recipe makes: {} differs in its chunk {} of {} bytes",
          model_.folder().string(), extent.name, chunk_, extent.chunk_bytes);
  compared_ += in_chunk_;
  in_chunk_ = 0;
  hasher_ = Hasher();
  ++chunk_;
}

void ModelComparison::finish() const {
  std::int64_t bytes = 0;
  for (const std::size_t i : mine_) bytes += tensors_[i].bytes();
  require(bytes == compared_, "compared {} bytes of {}", compared_, bytes);
}

}  // namespace switchyard
