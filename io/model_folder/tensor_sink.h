// TensorSink: where the tensors of a model go that is being made.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace switchyard {

class TensorSink {
 public:
  virtual ~TensorSink() = default;
  // The places, in the list of plans, of the tensors that this rank makes.
  virtual const std::vector<std::size_t>& mine() const = 0;
  // The next values of a tensor of mine(), from its first to its last.
  virtual void append(std::size_t tensor, std::span<const float> values) = 0;
};

}  // namespace switchyard
