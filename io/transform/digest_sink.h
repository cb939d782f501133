// DigestSink: takes the tensors of a model that is made, and keeps nothing but their hashes.
#pragma once

#include <string>
#include <vector>

#include "io/files/hash.h"
#include "io/folder/extent.h"
#include "io/model_folder/model_writer.h"
#include "runtime/comm/comm.h"

namespace switchyard {

class DigestSink final : public TensorSink {
 public:
  // As ModelWriter's: each rank takes the tensors dealt to it by bytes.
  DigestSink(std::vector<ModelTensor> tensors, const Comm& world);

  const std::vector<std::size_t>& mine() const override { return mine_; }
  DType dtype(std::size_t tensor) const override { return tensors_.at(tensor).dtype; }
  void append_bytes(std::size_t tensor, std::span<const std::byte> bytes) override;

  // Collective. CheckpointReader::digest() of the model folder that ModelWriter would have made, on
  // rank 0. Errors: agreed; Exit::internal if a tensor of mine() is not complete.
  std::string digest(Comm& world);

 private:
  std::vector<ModelTensor> tensors_;
  std::vector<std::size_t> mine_;
  std::vector<Extent> extents_;     // of the tensors
  std::vector<std::int64_t> done_;  // bytes of each
  Hasher chunk_;                    // of the one in progress
};

}  // namespace switchyard
