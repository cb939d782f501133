// StepHashes: what a training step computed, as one hash for each tensor that no layout changes.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/transformer/forward_watch.h"
#include "model/transformer/transformer.h"
#include "runtime/comm/mesh.h"
#include "runtime/names.h"
#include "train/step_report.h"

namespace switchyard {

// In the order in which a step computes them.
enum class StepPart : std::uint8_t { forward, gradient, update };

template <>
inline constexpr std::array<std::string_view, 3> names_of<StepPart> = {"forward", "gradient",
                                                                       "update"};

struct TensorHash {
  StepPart part{};
  std::string tensor;  // global name, or "loss" and "gradient norm"
  std::uint64_t hash = 0;
  bool operator==(const TensorHash&) const = default;
};

// The watch of the model that it hashes. A hash is the sum, modulo 2^64, of one number for each
// element, which its bits and its place in the whole step or the whole tensor give: it does not
// matter which ranks and micro-batches the elements were on.
class StepHashes final : public ForwardWatch {
 public:
  void saw(const std::string& tensor, const Batch& batch, Tensor rows, Stream& stream) override;

  // The sum so far of a tensor that this rank saw.
  std::uint64_t forward(const std::string& tensor) const {
    return forward_[place_.at(tensor)].hash;
  }
  // Collective, after Trainer::step. Returns on rank 0 the hashes of the step in the order of
  // computation: forward from the embedding on, gradients from the head on, values from the first
  // layer on. Returns nothing on other ranks. Forgets the step.
  std::vector<TensorHash> take(Transformer& model, const StepReport& report, Mesh& mesh,
                               Stream& stream);

 private:
  std::vector<TensorHash> forward_;
  std::map<std::string, std::size_t> place_;  // in forward_
};

}  // namespace switchyard
