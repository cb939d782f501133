// Causal attention within documents, in double, one softmax at a time.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "model/ops.h"

namespace switchyard::reference {

inline std::vector<double> attention(const std::vector<double>& q, const std::vector<double>& k,
                                     const std::vector<double>& v,
                                     const std::vector<std::int32_t>& position,
                                     const AttentionShape& shape) {
  const std::int64_t dim = shape.head_dim;
  const int group = shape.num_heads / shape.num_kv_heads;
  std::vector<double> out(q.size(), 0.0);
  for (std::int64_t t = 0; t < shape.num_sequences * shape.sequence; ++t) {
    for (int head = 0; head < shape.num_heads; ++head) {
      const auto key_at = [&](std::int64_t key) {
        return (key * shape.num_kv_heads + head / group) * dim;
      };
      const std::int64_t query = (t * shape.num_heads + head) * dim;
      std::vector<double> weight;
      double sum = 0.0;
      for (std::int64_t key = t - position[t]; key <= t; ++key) {
        double score = 0.0;
        for (std::int64_t i = 0; i < dim; ++i) score += q[query + i] * k[key_at(key) + i];
        weight.push_back(std::exp(score / std::sqrt(static_cast<double>(dim))));
        sum += weight.back();
      }
      for (std::size_t j = 0; j < weight.size(); ++j) {
        const std::int64_t key = t - position[t] + static_cast<std::int64_t>(j);
        for (std::int64_t i = 0; i < dim; ++i) {
          out[query + i] += weight[j] / sum * v[key_at(key) + i];
        }
      }
    }
  }
  return out;
}

}  // namespace switchyard::reference
