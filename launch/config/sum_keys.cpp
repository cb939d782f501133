// The keys of linear layers that are sums of products.
#include "launch/config/key_tables.h"

namespace switchyard {

std::vector<ConfigKey> keys_of(AdapterConfig& adapter) {
  return {{"adapter.rank", &adapter.rank, Range{0, 1 << 20}, Resume::fixed,
           "rank of the low-rank adapters (LoRA) that train beside frozen weights; 0: none"},
          {"adapter.alpha", &adapter.alpha, Range{1e-6, 1e6}, Resume::fixed,
           "the adapters' products count alpha / rank times"},
          {"adapter.targets", &adapter.targets, Anything{}, Resume::fixed,
           "roles, or names in which * matches any text, of the matrices with adapters"},
          {"adapter.train", &adapter.train, Anything{}, Resume::fixed,
           "roles, or names in which * matches any text, of what trains beside the adapters"}};
}

std::vector<ConfigKey> keys_of(LowRankConfig& low_rank) {
  return {{"low_rank.rank", &low_rank.rank, Range{0, 1 << 20}, Resume::fixed,
           "feed-forward networks have products of two matrices of this rank; 0: single matrices"},
          {"low_rank.layers", &low_rank.layers, Range{0, 9999}, Resume::fixed,
           "layers with low_rank.rank; empty: all but the first"}};
}

}  // namespace switchyard
