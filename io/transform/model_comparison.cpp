#include "io/transform/model_comparison.h"

#include <algorithm>
#include <utility>

#include "io/model_folder/deal.h"
#include "io/model_folder/stored_values.h"
#include "runtime/error.h"

namespace switchyard {
ModelComparison::ModelComparison(const CheckpointReader& model, std::vector<ModelTensor> tensors,
                                 const Comm& world)
    : model_(model), tensors_(std::move(tensors)) {
  for (const FileEntry& file : model.files()) {
    for (const Extent& extent : file.extents) extents_[extent.name] = &extent;
  }
  std::vector<std::int64_t> bytes;
  for (const ModelTensor& tensor : tensors_) {
    bytes.push_back(tensor.bytes());
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
  const std::vector<int> ranks = deal(bytes, world.size());
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (ranks[i] == world.rank()) mine_.push_back(i);
  }
}

void ModelComparison::append(std::size_t tensor, std::span<const float> values) {
  if (tensor != tensor_) {
    tensor_ = tensor;
    chunk_ = 0;
    bytes_.clear();
  }
  const ModelTensor& made = tensors_[tensor];
  const Extent& extent = *extents_.at(made.name);
  for (const float& value : values) {
    append_stored({&value, 1}, made.dtype, bytes_);
    if (std::ssize(bytes_) == bytes_of_chunk(extent, chunk_)) compare_chunk();
  }
}

void ModelComparison::compare_chunk() {
  const Extent& extent = *extents_.at(tensors_[tensor_].name);
  const ContentHash expected = extent.chunk_hashes.at(static_cast<std::size_t>(chunk_));
  require(content_hash(std::span<const std::byte>(bytes_)) == expected, Exit::data,
          "{} is not what its recipe makes: {} differs in its chunk {} of {} bytes",
          model_.folder().string(), extent.name, chunk_, extent.chunk_bytes);
  compared_ += std::ssize(bytes_);
  bytes_.clear();
  ++chunk_;
}

void ModelComparison::finish() const {
  std::int64_t bytes = 0;
  for (const std::size_t i : mine_) bytes += tensors_[i].bytes();
  require(bytes == compared_, "compared {} bytes of {}", compared_, bytes);
}

}  // namespace switchyard
