// RouteCounts: which experts the tokens of each scored text go to.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/transformer/forward_watch.h"
#include "runtime/comm/comm.h"
#include "train/inference/score_batch.h"

namespace switchyard {

class Transformer;

// The watch of a model (Transformer::Options::watch) that score_tokens() is given too. It counts
// while a scoring lasts, and costs nothing otherwise.
class RouteCounts final : public ForwardWatch {
 public:
  // For each request: (token, choice) pairs by mixture-of-experts layer, in order, and expert;
  // choices that were dropped count too. [layers, experts]. The tokens are those that the model
  // read: all but the request's last.
  std::span<const std::int64_t> of(std::size_t request) const;
  const std::vector<int>& layers() const { return layers_; }  // their indices in the model
  std::int64_t num_experts() const { return num_experts_; }

  // For score_tokens(). finish() is collective and adds up the counts of all ranks.
  void begin(std::size_t num_requests, Transformer& model);
  void follow(const ScoreBatch& batch) { batch_ = &batch; }
  void finish(Comm& world, Stream& stream);

  void saw(const std::string& tensor, const Batch& batch, Tensor rows, Stream& stream) override;

 private:
  std::vector<int> layers_;
  std::map<std::string, std::int64_t, std::less<>> place_;  // of each layer's tensor
  std::int64_t num_experts_ = 0;
  std::vector<std::int64_t> counts_;  // [requests, layers, experts]
  const ScoreBatch* batch_ = nullptr;
};

}  // namespace switchyard
