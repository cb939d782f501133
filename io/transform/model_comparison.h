// ModelComparison: takes the tensors of a model that is made again, and compares the hashes of
// their chunks with those of the model that there is.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/checkpoint/checkpoint.h"
#include "io/files/hash.h"
#include "io/model_folder/model_writer.h"
#include "runtime/comm/comm.h"

namespace switchyard {

class ModelComparison final : public TensorSink {
 public:
  // The caller keeps the model. Errors: Exit::data naming the first tensor that only one of the two
  // has, or that has another shape or type.
  ModelComparison(const CheckpointReader& model, std::vector<ModelTensor> tensors,
                  const Comm& world);

  const std::vector<std::size_t>& mine() const override { return mine_; }
  DType dtype(std::size_t tensor) const override { return tensors_.at(tensor).dtype; }
  // Errors: Exit::data naming the tensor whose bytes differ.
  void append_bytes(std::size_t tensor, std::span<const std::byte> bytes) override;
  // Errors: Exit::internal if a tensor of mine() is not complete.
  void finish() const;

 private:
  void compare_chunk(const Extent& extent);

  const CheckpointReader& model_;
  std::vector<ModelTensor> tensors_;
  std::vector<std::size_t> mine_;
  std::map<std::string, const Extent*> extents_;
  std::size_t tensor_ = 0;     // that append_bytes() is at
  std::int64_t chunk_ = 0;     // of it
  std::int64_t in_chunk_ = 0;  // bytes of it so far
  Hasher hasher_;              // of them
  std::int64_t compared_ = 0;  // bytes, of all tensors
};

}  // namespace switchyard
