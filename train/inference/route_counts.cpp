#include "train/inference/route_counts.h"

#include <fmt/format.h>

#include "model/transformer/transformer.h"
#include "runtime/device/host_access.h"

namespace switchyard {

std::span<const std::int64_t> RouteCounts::of(std::size_t request) const {
  const std::size_t each = layers_.size() * static_cast<std::size_t>(num_experts_);
  return std::span(counts_).subspan(request * each, each);
}

void RouteCounts::begin(std::size_t num_requests, Transformer& model) {
  layers_ = model.moe_layers();
  num_experts_ = layers_.empty() ? 0 : model.config().num_experts;
  place_.clear();
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    place_[fmt::format("layer{}.choices", layers_[i])] = static_cast<std::int64_t>(i);
  }
  counts_.assign(num_requests * layers_.size() * static_cast<std::size_t>(num_experts_), 0);
}

void RouteCounts::finish(Comm& world, Stream& stream) {
  batch_ = nullptr;
  if (counts_.empty()) return;
  world.all_reduce(tensor_of(counts_.data(), {std::ssize(counts_)}), Reduce::sum, stream);
}

void RouteCounts::saw(const std::string& tensor, const Batch&, Tensor rows, Stream& stream) {
  const auto place = place_.find(tensor);
  if (batch_ == nullptr || place == place_.end()) return;
  const HostRead choices(rows, stream);
  const std::int64_t per_token = rows.cols();
  const std::int64_t each = std::ssize(layers_) * num_experts_;
  for (const ScoreBatch::Placed& text : batch_->placed) {
    const std::int32_t* chosen = choices.as<std::int32_t>() + text.begin * per_token;
    for (const std::size_t request : text.requests) {
      std::int64_t* counts = &counts_[static_cast<std::size_t>(
          static_cast<std::int64_t>(request) * each + place->second * num_experts_)];
      for (std::int64_t i = 0; i < text.length * per_token; ++i) {
        ++counts[chosen[i] < 0 ? ~chosen[i] : chosen[i]];
      }
    }
  }
}

}  // namespace switchyard
